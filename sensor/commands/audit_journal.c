#include "commands/audit_journal.h"

#include "commands/replay_journal.h"
#include "journal/journal_reader.h"

#include <fcntl.h>

bool audit_journal_make(const char *path, struct reason *why)
{
	static struct replay_journal journal; /* too large for the stack */
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

static void write_records(const void *context, FILE *(*next)(void *journal),
	void *journal, const struct json_event *event)
{
	audit_records(context, next, journal, event);
}

bool audit_journal_write(struct audit_run *run, const char *path, struct reason *why)
{
	struct audited before = {.count = 0};
	run->before = &before;
	const bool is_written = read_journal(&before, path, why) &&
				replay_journal_write(path, write_records, run, why);
	run->before = NULL;
	audited_free(&before);
	return is_written;
}
