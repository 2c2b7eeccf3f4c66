/*
 * www/alerts - the alerts that are open, out of the lines of a journal.
 *
 * In: lines as they stand in the journal, in any order of time. Out: alerts of the same
 * finding between the same ends by the same row as one: how often, first, last, the newest
 * detail. Bounded: in a full list the one seen longest ago gives way, and is counted. No
 * I/O, no clock. Texts are as the lines have them: of unknown origin.
 */
#pragma once

#include "judge/catalogue.h"

#include <stddef.h>
#include <stdint.h>

#define ALERTS_PLACES       256
#define ALERTS_NAME_BYTES   72
#define ALERTS_DETAIL_BYTES 200

struct open_alert {
	enum finding finding;
	uint8_t severity; /* enum severity: the gravest */
	/* groups, or zones; of what the matrix does not place, addresses; of the sensor, the
	   process */
	char from[ALERTS_NAME_BYTES];
	char to[ALERTS_NAME_BYTES];
	char row[ALERTS_NAME_BYTES];    /* that allowed it; "": none */
	char client[ALERTS_NAME_BYTES]; /* of the newest */
	char server[ALERTS_NAME_BYTES];
	char detail[ALERTS_DETAIL_BYTES];
	uint64_t count;
	uint64_t first_us;
	uint64_t last_us;
};

struct alerts {
	struct open_alert list[ALERTS_PLACES];
	size_t count;
	uint64_t given_up; /* alerts */
};

/* A line without its end; what is no alert, or was before since_us, is let by. */
void alerts_take(
	struct alerts *alerts, const char *line, size_t len, uint64_t since_us);

/* Those whose last was before since_us are open no more. */
void alerts_forget(struct alerts *alerts, uint64_t since_us);

/* The gravest first, then the newest. */
void alerts_sort(struct alerts *alerts);
