/*
 * journal/journal_id - the name of a journal: positions mean something within it only.
 *
 * 16 hexadecimal digits by chance in <folder>/id, made with the journal. A receiver
 * that counts exactly once keeps it with the position it applied last.
 */
#pragma once

#include "base/reason.h"

#define JOURNAL_ID_BYTES 17 /* with its NUL */

/* Make it where it is missing. */
bool journal_id_make(int folder, struct reason *why);

/* Read it; "0000000000000000" for a journal without one. */
void journal_id_read(int folder, char id[JOURNAL_ID_BYTES]);
