/*
 * commands/audit_journal - a journal that keeps what audits were answered.
 *
 * In: a run's answers, and the folder of a journal. Out: its records in it, only what is
 * news as alerts; what the journal has of earlier runs says what is news.
 */
#pragma once

#include "audit/audit_records.h"
#include "base/reason.h"

/* The journal is there and can be opened: to be known before anybody is asked. False: why. */
bool audit_journal_make(const char *path, struct reason *why);

/* Of one that was made. run->before is filled here. False with a reason: not all of it is in the journal. */
bool audit_journal_write(struct audit_run *run, const char *path, struct reason *why);
