/*
 * journal/journal_bound - keep a journal within its size and age: its oldest go first.
 *
 * What goes before every cursor is past it is lost, and counted. The segment written
 * to is never dropped. Private to journal/.
 */
#pragma once

#include "journal/journal.h"

/* False when the folder cannot be read or a segment not be dropped. */
bool journal_bound(struct journal *journal, uint64_t now_us, struct reason *why);
