/*
 * control/reporter - the process that takes records out of all rings into the journal.
 *
 * A record leaves its ring once it is in the file, so none is lost when this process
 * or the disk fails: it waits in the ring, and is written once more at worst.
 */
#pragma once

#include "control/sensor.h"

/* In the process just forked; never returns. */
_Noreturn void reporter_run(const struct sensor *sensor, unsigned place);
