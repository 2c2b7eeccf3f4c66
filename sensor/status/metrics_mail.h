/*
 * status/metrics_mail - what is told of mail: findings, flows, rows, cells, certificates.
 */
#pragma once

#include "status/metrics_line.h"

/* workers_end: as on the page, in its range. now_us: real time. */
void metrics_write_mail(FILE *out, const struct status_page *page, unsigned workers_end,
	uint64_t now_us);
