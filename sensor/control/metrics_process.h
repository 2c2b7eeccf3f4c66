/*
 * control/metrics_process - the process that tells how the sensor is: by HTTP, by a file.
 *
 * Reads the status page, which all processes write. Opens its socket and the folder of
 * its file first, then gives up its rights and enters a cage of its own: it takes
 * connections and makes none.
 */
#pragma once

#include "control/sensor.h"

/* Write its name to its place on the page, before it is forked. */
void metrics_process_name(const struct sensor *sensor);

/* In the process just forked, at its place on the page; never returns. */
void metrics_process_run(const struct sensor *sensor, unsigned place);
