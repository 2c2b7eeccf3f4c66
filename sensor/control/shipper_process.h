/*
 * control/shipper_process - one output's process: from the journal to its receiver.
 *
 * Reads secrets and resolves names first, then gives up its rights and enters its
 * cage. An output that stays down is opened anew from outside of the cage, so that a
 * name that leads elsewhere by now is resolved again: the process ends and the
 * supervisor starts it again.
 */
#pragma once

#include "control/sensor.h"

#define SHIPPER_PROCESS_LOOKS 1200 /* of 100 ms: twice what one delivery may wait */

/* Name the places of all outputs on the page. */
void shipper_process_name_all(const struct sensor *sensor);

/* In the process just forked, at its place on the page; never returns. */
void shipper_process_run(const struct sensor *sensor, unsigned place);

/* Whether it ended only to be started anew, by the status of waitpid(2). */
bool shipper_process_is_renewed(int wait_status);
