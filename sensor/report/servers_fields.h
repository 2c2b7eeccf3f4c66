/*
 * report/servers_fields - the fields of one line of a servers file, as key=value.
 *
 * One table says how each is written and read, for a server's line and for a
 * certificate's. Private to report/.
 */
#pragma once

#include "base/text.h"
#include "judge/ledger.h"

#include <stdio.h>

struct servers_line; /* one kind of line: a table of fields */

extern const struct servers_line SERVERS_LINE_SERVER;
extern const struct servers_line SERVERS_LINE_CERTIFICATE;

/* " key=value" of every field of *what (as the line's kind wants it) that is not empty. */
void servers_fields_write(FILE *out, const struct servers_line *line, const void *what);

/* Fill *what from the rest of a line; false with the reason, without its place. */
bool servers_fields_read(const struct servers_line *line, struct text rest, void *what,
	struct reason *why);
