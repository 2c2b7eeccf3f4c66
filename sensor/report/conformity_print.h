/*
 * report/conformity_print - the recommendations' lines for a person and as one EVE record.
 */
#pragma once

#include "report/conformity.h"
#include "report/json.h"

/* One line per recommendation, and under a breached one its example. */
void conformity_print(const struct conformity *conformity, FILE *out, bool use_colour);

/* "from_internet" of R36, where a JSON object is open. */
struct json_writer;
void json_conformity_policy(
	struct json_writer *writer, const struct conformity *conformity);

/* `conformity` event on one line; time, host, sequence and prefix as in stats. */
void conformity_json(
	const struct conformity *conformity, FILE *out, const struct json_stats *stats);
