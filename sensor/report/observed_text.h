/*
 * report/observed_text - the observed matrix for a person at a terminal, or as JSON lines.
 *
 * By server, port, protocol, TLS state and client, the whole told last.
 */
#pragma once

#include "observed/observed.h"

#include "report/json_writer.h"

#include <stdio.h>

/* False: no memory to sort it. */
bool observed_print(FILE *out, const struct observed *observed);

/* One object per line and entry; a last one with the totals. */
bool observed_json(FILE *out, const struct observed *observed);

/* The totals' members, in an object that is open. */
void observed_json_totals(
	struct json_writer *json, const struct observed_totals *totals);

/* "2026-11-29", UTC; "?" where there is no such day. Returns text. */
#define OBSERVED_DAY_BYTES 16
const char *observed_day(uint64_t time_us, char text[OBSERVED_DAY_BYTES]);
