/*
 * journal/journal_recover - find the end of a journal that a writer left, in any way.
 *
 * A last line without an end is cut off: it was never whole. When the machine was
 * started anew since, what readers saw may not be on the disk any more, so the next
 * segment begins far behind: no position ever stands for two records. Private to
 * journal/.
 */
#pragma once

#include "journal/journal.h"

/* Sets segment, end, total and cut_bytes. */
bool journal_recover(struct journal *journal, uint64_t now_us, struct reason *why);
