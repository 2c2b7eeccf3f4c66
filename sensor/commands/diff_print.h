/*
 * commands/diff_print - a difference as text for people, Markdown or JSON.
 *
 * To standard output. Text is broken at the terminal's width by who calls; Markdown is
 * for a merge request, names in it cannot make markup.
 */
#pragma once

#include "commands/diff_traffic.h"
#include "matrix/difference.h"
#include "report/json_writer.h"

struct diff_print {
	const struct difference *difference;
	const char *files[2];               /* as they were named, by side */
	const struct diff_traffic *traffic; /* or NULL: none was given */
	size_t counts[3];                   /* of entries gained, lost and changed */
};

/* Count the entries. */
void diff_print_start(struct diff_print *print, const struct difference *difference,
	const char *const files[2]);

void diff_print_text(const struct diff_print *print);
void diff_print_markdown(const struct diff_print *print);
void diff_print_json(const struct diff_print *print);

/* Their parts on recorded flows. (diff_traffic_print.c) */
void diff_traffic_text(const struct diff_traffic *traffic);
void diff_traffic_markdown(const struct diff_traffic *traffic);
void diff_traffic_json(struct json_writer *writer, const struct diff_traffic *traffic);
