#include "commands/audit_journal.h"

#include "base/clock.h"
#include "commands/replay_journal.h"
#include "journal/journal_reader.h"

#include <fcntl.h>
#include <unistd.h>

#define HOST_BYTES 256

static struct replay_journal journal; /* too large for the stack */

bool audit_journal_make(const char *path, struct reason *why)
{
	return replay_journal_open(&journal, path, "", why) &&
	       replay_journal_close(&journal, why);
}

static bool read_journal(struct audited *audited, const char *path, struct reason *why)
{
	static struct journal_reader reader; /* too large for the stack */
	struct journal_line line;
	if (!journal_reader_open_to_look(&reader, AT_FDCWD, path, 0, why)) {
		return false;
	}
	while (journal_reader_next(&reader, &line)) {
		audited_line(audited, line.text, line.len);
	}
	journal_reader_close(&reader);
	return true;
}

static FILE *next_record(void *context)
{
	return replay_journal_begin(context);
}

static bool write_all(const struct audit_run *run, const char *path, struct reason *why)
{
	char host[HOST_BYTES] = "";
	(void)gethostname(host, sizeof(host) - 1);
	if (!replay_journal_open(&journal, path, host, why)) {
		return false;
	}
	const struct json_event event = {.time_us = clock_realtime_us(),
		.host = host,
		.event_prefix = journal.prefix};
	audit_records(run, next_record, &journal, &event);
	return replay_journal_close(&journal, why);
}

bool audit_journal_write(struct audit_run *run, const char *path, struct reason *why)
{
	struct audited before = {.count = 0};
	run->before = &before;
	const bool is_written =
		read_journal(&before, path, why) && write_all(run, path, why);
	run->before = NULL;
	audited_free(&before);
	return is_written;
}
