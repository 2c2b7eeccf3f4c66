/*
 * commands/diff_words - what is different between two matrices, in words.
 *
 * A function that takes text writes into it, DIFF_TEXT_BYTES, and returns it. Lists
 * are cut behind so many items, and say how many are left out.
 */
#pragma once

#include "matrix/difference.h"

#define DIFF_TEXT_BYTES  4096
#define DIFF_ITEMS_SHOWN 8

extern const char *const DIFF_KINDS[]; /* by difference_kind: "gained", "lost", ... */

/* What the matrix of this side calls the class: its group, its zone or internet. */
const char *diff_name(const struct difference_class *class, int side);

/* Both matrices call it the same. */
bool diff_is_same(const struct difference_class *class);

/* "relay", "relay (before internal)", "all of internal", each once: "crm, relay and 3 more" */
const char *diff_ends(const struct difference *difference, const uint32_t *classes,
	size_t count, char *text);

/* "192.0.2.0/28", "192.0.2.1-192.0.2.5", "192.0.2.1" */
const char *diff_span(const struct difference_span *span, char *text);

/* Its addresses, or the name that it is known by. */
const char *diff_members(
	const struct difference *difference, uint32_t class, char *text);

/* "port 25", "ports 25 and 2524-2526", "any port", "any port but 25" */
const char *diff_ports(const struct difference_line *line, char *text);

/* "under STARTTLS until 2027-06-30 (row M-03)", several joined by "or" */
const char *diff_condition(const struct difference_rows *rows, char *text);

/* The whole line: "smtp on port 25, under STARTTLS (row M-03)" */
const char *diff_line(const struct difference_line *line, char *text);

/* "wider", "narrower", "wider and narrower" */
const char *diff_way(const struct difference_entry *entry);

/* "domains example.org: may be sent from outside by 192.0.2.1" */
const char *diff_term(const struct difference_term *term, char *text);

/* To standard output; what Markdown and HTML would take for their own is escaped. */
void diff_put_escaped(const char *text);
