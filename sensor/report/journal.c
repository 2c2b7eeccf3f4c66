#include "report/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "eve.json"

void journal_start(struct journal *journal, int directory)
{
	*journal = (struct journal){.directory = directory, .file = -1};
}

void journal_close(struct journal *journal)
{
	if (journal->file >= 0) {
		(void)close(journal->file);
		journal->file = -1;
	}
}

/* A line cut by a crash of the machine is ended, so that the next is whole. */
static bool end_cut_line(struct journal *journal)
{
	char last = '\n';
	if (journal->size > 0 &&
		pread(journal->file, &last, 1, journal->size - 1) != 1) {
		return false;
	}
	if (last != '\n') {
		journal->size++;
		return write(journal->file, "\n", 1) == 1;
	}
	return true;
}

bool journal_open(struct journal *journal, struct reason *why)
{
	struct stat status;
	journal_close(journal);
	journal->file = openat(journal->directory, FILE_NAME,
		O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (journal->file < 0 || fstat(journal->file, &status) != 0) {
		(void)reason_set(why, FILE_NAME ": %s", strerror(errno));
		journal_close(journal);
		return false;
	}
	journal->size = status.st_size;
	if (!end_cut_line(journal)) {
		(void)reason_set(why, FILE_NAME ": %s", strerror(errno));
		journal_close(journal);
		return false;
	}
	return true;
}

static bool write_all(struct journal *journal, const char *bytes, size_t len)
{
	size_t done = 0;
	while (done < len) {
		const ssize_t written = write(journal->file, bytes + done, len - done);
		if (written > 0) {
			done += (size_t)written;
		} else if (written == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

bool journal_append(
	struct journal *journal, const char *bytes, size_t len, struct reason *why)
{
	if (journal->file < 0 && !journal_open(journal, why)) {
		return false;
	}
	if (write_all(journal, bytes, len)) {
		journal->size += (off_t)len;
		return true;
	}
	(void)reason_set(why, FILE_NAME ": %s", strerror(errno));
	/* what was written of it goes away: the caller tries again with all */
	if (ftruncate(journal->file, journal->size) != 0) {
		journal_close(journal);
	}
	return false;
}
