/*
 * status/metrics_text - the status page in Prometheus' text format, version 0.0.4.
 *
 * In: the page. Out: for each metric its HELP and TYPE and then all its samples, always
 * in the same order. Base units only (seconds, bytes). Values of labels are names of
 * processes, sources and outputs, findings, counters, rows, groups and zones, and one
 * server that the matrix declares: nothing that a peer can choose.
 */
#pragma once

#include "status/status.h"

#include <stdio.h>

/* Write every metric. now_us: real time, in microseconds since 1970. */
void metrics_write(FILE *out, const struct status_page *page, uint64_t now_us);
