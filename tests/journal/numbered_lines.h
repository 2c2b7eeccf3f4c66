/* Records of a test's journal that tell their number. */
#pragma once

#include "journal/journal.h"
#include "journal/journal_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NUMBERED_NOW_US 1000
#define NUMBERED_BYTES  64

/* Returns its length. */
static inline size_t numbered_line(char line[NUMBERED_BYTES], unsigned number)
{
	return (size_t)snprintf(line, NUMBERED_BYTES,
		"{\"event_type\":\"alert\",\"n\":%06u}\n", number);
}

static inline void numbered_append(
	struct journal *journal, unsigned first, unsigned last)
{
	for (unsigned i = first; i < last; i++) {
		char line[NUMBERED_BYTES];
		struct reason why;
		const size_t len = numbered_line(line, i);
		assert_int_equal(
			journal_append(journal, line, len, NUMBERED_NOW_US, &why), len);
	}
}

static inline void numbered_check(const struct journal_line *line, unsigned number)
{
	char wanted[NUMBERED_BYTES];
	assert_int_equal(line->len + 1, numbered_line(wanted, number));
	assert_memory_equal(line->text, wanted, line->len);
}

/* All there is now, which begins with that number. Returns the next one. */
static inline unsigned numbered_read(struct journal_reader *reader, unsigned first)
{
	struct journal_line line;
	while (journal_reader_next(reader, &line)) {
		numbered_check(&line, first++);
	}
	return first;
}

/* As test journals are: segments of one page, ten of them. */
static inline void numbered_open(struct journal *journal, const char *folder)
{
	struct reason why;
	struct journal_limits limits = journal_limits_default();
	limits.segment_bytes = 4096;
	limits.total_bytes = 40960;
	journal_start(journal, -1, &limits);
	assert_true(journal_open(journal, AT_FDCWD, folder, NUMBERED_NOW_US, &why));
}
