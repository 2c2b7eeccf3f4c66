/*
 * control/metrics_process - the process that tells how the sensor is: by HTTP, by a file.
 *
 * Reads the status page, which all processes write. Opens its socket and the folder of
 * its file first, then gives up its rights and enters a cage of its own: it takes
 * connections and makes none.
 */
#pragma once

#include "control/sensor.h"

/* Name its place on the page. */
void metrics_process_name(const struct sensor *sensor);

/* As struct process_kind has it. */
void metrics_process_run(const struct sensor *sensor, unsigned place);
