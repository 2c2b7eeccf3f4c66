/*
 * commands/fleet_observed - what the sensors of a fleet observed, from the file of each.
 *
 * In: names of observed matrices, one of each sensor (a journal's folder or EVE lines do as
 * well). Out: all of them added up as `observed` does it, a flow that several saw once; and
 * what each has, so that one that is behind, or partial, is seen. With a matrix one page of
 * HTML over all of them.
 */
#pragma once

#include "commands/options.h"

struct fleet_observed {
	const char *write;           /* path, or NULL */
	const char *html;            /* path of the page (www/overview), or NULL */
	struct option_list matrices; /* that the page is judged by */
	unsigned language;           /* enum texts_language */
	uint32_t pairs;
	bool is_json;
};

/* The exit code; what is wrong is told. */
int fleet_observed(
	const struct fleet_observed *request, const struct option_words *files);
