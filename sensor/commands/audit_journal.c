#include "commands/audit_journal.h"

#include "base/clock.h"
#include "commands/replay_journal.h"
#include "journal/journal_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST_BYTES 256

static bool read_folder(struct audited *audited, const char *path, struct reason *why)
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

static bool read_lines(struct audited *audited, const char *path, struct reason *why)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	while (file && (len = getline(&line, &size, file)) > 0) {
		audited_line(audited, line, (size_t)len);
	}
	const bool is_read = file && !ferror(file);
	if (!is_read) {
		(void)reason_set(why, "%.150s: %s", path, strerror(errno));
	}
	if (file) {
		(void)fclose(file);
	}
	free(line);
	return is_read;
}

bool audit_journal_read(struct audited *audited, const char *path, struct reason *why)
{
	struct stat status;
	const bool is_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
	return is_folder ? read_folder(audited, path, why)
			 : read_lines(audited, path, why);
}

static FILE *next_record(void *context)
{
	return replay_journal_begin(context);
}

static bool write_all(const struct audit_run *run, const char *path, struct reason *why)
{
	static struct replay_journal journal; /* too large for the stack */
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
	struct stat status;
	/* none there yet: all is news */
	const bool is_read = (stat(path, &status) != 0 && errno == ENOENT) ||
			     read_folder(&before, path, why);
	run->before = &before;
	const bool is_written = is_read && write_all(run, path, why);
	run->before = NULL;
	audited_free(&before);
	return is_written;
}
