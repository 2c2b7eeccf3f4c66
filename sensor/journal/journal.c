#include "journal/journal.h"

#include "journal/journal_bound.h"
#include "journal/journal_id.h"
#include "journal/journal_recover.h"
#include "journal/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB                UINT64_C(1048576)
#define RESERVE            "reserve"
#define RESERVE_BYTES      131072
#define SEGMENT_LEAST      UINT64_C(4096)
#define SEGMENTS_AT_A_TIME 1024 /* far fewer than can be listed */
#define SEGMENTS_OF_AGE    8    /* so that age is told in eighths */
#define TICK_US            UINT64_C(60000000)
#define LOOK_US            UINT64_C(1000000)

struct journal_limits journal_limits_default(void)
{
	return (struct journal_limits){.segment_bytes = 64 * MIB,
		.total_bytes = 1024 * MIB,
		.sync_us = 1000000,
		.is_alert_synced = true};
}

static bool fail(struct reason *why, const char *what)
{
	return reason_set(why, "journal: %s: %s", what, strerror(errno));
}

static bool open_folder(
	struct journal *journal, int directory, const char *path, struct reason *why)
{
	if (mkdirat(directory, path, 0750) != 0 && errno != EEXIST) {
		return fail(why, path);
	}
	journal->folder = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->folder < 0) {
		return fail(why, path);
	}
	if (flock(journal->folder, LOCK_EX | LOCK_NB) != 0) {
		return errno == EWOULDBLOCK
			       ? reason_set(why,
					 "journal: another process writes to %.150s",
					 path)
			       : fail(why, path);
	}
	return true;
}

bool journal_keep_reserve(const struct journal *journal)
{
	struct stat status;
	const int file = openat(journal->folder, RESERVE,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (file < 0) {
		return errno != ENOSPC && errno != EDQUOT;
	}
	int result = 0;
	if (fstat(file, &status) == 0 && status.st_size < RESERVE_BYTES) {
		result = posix_fallocate(file, 0, RESERVE_BYTES);
	}
	if (result != 0) {
		(void)!ftruncate(file, 0);
	}
	(void)close(file);
	return result != ENOSPC && result != EDQUOT;
}

void journal_use_reserve(struct journal *journal)
{
	const int file =
		openat(journal->folder, RESERVE, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file >= 0) {
		(void)!ftruncate(file, 0);
		(void)close(file);
	}
}

bool journal_open(struct journal *journal, int directory, const char *path,
	uint64_t now_us, struct reason *why)
{
	journal->file = -1;
	if (!open_folder(journal, directory, path, why) ||
		!journal_id_make(journal->folder, why) ||
		!journal_recover(journal, now_us, why) ||
		!journal_bound(journal, now_us, why)) {
		journal_close(journal);
		return false;
	}
	(void)journal_keep_reserve(journal); /* full: the next tick tries again */
	return true;
}

/* The link is a convenience for readers of one file: what fails is no loss. */
static void lead_to(const struct journal *journal, const char *name)
{
	char target[sizeof(JOURNAL_FOLDER) + SEGMENT_NAME_BYTES];
	if (journal->parent < 0) {
		return;
	}
	(void)snprintf(target, sizeof(target), JOURNAL_FOLDER "/%s", name);
	(void)unlinkat(journal->parent, JOURNAL_LINK ".new", 0);
	if (symlinkat(target, journal->parent, JOURNAL_LINK ".new") == 0) {
		(void)renameat(journal->parent, JOURNAL_LINK ".new", journal->parent,
			JOURNAL_LINK);
	}
}

/* The segment that goes on, or a new one at the end. */
static bool open_segment(struct journal *journal, uint64_t now_us, struct reason *why)
{
	char name[SEGMENT_NAME_BYTES];
	struct stat status;
	segment_name(journal->segment, name);
	const uint64_t expected = journal->end - journal->segment;
	if (expected > 0 &&
		(fstatat(journal->folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
			(uint64_t)status.st_size != expected)) {
		journal->segment = journal->end; /* moved away: it ended there */
		segment_name(journal->segment, name);
	}
	journal->file = openat(journal->folder, name,
		O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (journal->file < 0 || fstat(journal->file, &status) != 0 ||
		fsync(journal->folder) != 0) {
		(void)fail(why, name);
		journal_reopen(journal);
		return false;
	}
	journal->device = status.st_dev;
	journal->inode = status.st_ino;
	journal->began_us = now_us;
	lead_to(journal, name);
	return true;
}

static bool sync_file(struct journal *journal, struct reason *why)
{
	if (journal->unsynced_us == 0 || journal->file < 0) {
		return true;
	}
	journal->unsynced_us = 0;
	return fdatasync(journal->file) == 0 || fail(why, "cannot sync");
}

static bool end_segment(struct journal *journal, struct reason *why)
{
	const bool is_synced = sync_file(journal, why);
	journal_reopen(journal);
	journal->segment = journal->end;
	return is_synced;
}

/* What of the segment is in the journal still; tells what became of it. */
static uint64_t note_harm(struct journal *journal, const char *name, bool is_in_place)
{
	const uint64_t held = journal->end - journal->segment;
	struct stat found;
	const bool is_there = fstat(journal->file, &found) == 0 && found.st_nlink > 0;
	journal->harms++;
	if (is_there && is_in_place) {
		(void)reason_set(&journal->harm,
			"journal segment %s was changed by another program: %" PRIu64
			" bytes instead of %" PRIu64,
			name, (uint64_t)found.st_size, held);
		return (uint64_t)found.st_size;
	}
	(void)reason_set(&journal->harm,
		"journal segment %s was %s with %" PRIu64
		" bytes of records while the sensor wrote to it",
		name, is_there ? "moved away" : "removed", held);
	return 0;
}

bool journal_look(struct journal *journal, uint64_t now_us, struct reason *why)
{
	char name[SEGMENT_NAME_BYTES];
	struct stat found;
	const uint64_t held = journal->end - journal->segment;
	if (journal->file < 0) {
		return true;
	}
	segment_name(journal->segment, name);
	const bool is_in_place =
		fstatat(journal->folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
		found.st_dev == journal->device && found.st_ino == journal->inode;
	if (is_in_place && (uint64_t)found.st_size == held) {
		return true;
	}
	const uint64_t size = note_harm(journal, name, is_in_place);
	journal->total = journal->total - held + size;
	if (size > held) {
		journal->end = journal->segment + size; /* no position stands for two */
	}
	/* at once: without a segment the next start would not know the end */
	return end_segment(journal, why) && open_segment(journal, now_us, why);
}

/* As much as the disk takes; whole lines of it stay, the rest is cut off again. */
static size_t write_lines(
	struct journal *journal, const char *lines, size_t len, struct reason *why)
{
	size_t done = 0;
	while (done < len) {
		const ssize_t written = write(journal->file, lines + done, len - done);
		if (written > 0) {
			done += (size_t)written;
		} else if (written == 0 || errno != EINTR) {
			(void)fail(why, "cannot write");
			break;
		}
	}
	const char *last = memrchr(lines, '\n', done);
	const size_t whole = last ? (size_t)(last - lines) + 1 : 0;
	if (whole < done &&
		ftruncate(journal->file,
			(off_t)(journal->end - journal->segment + whole)) != 0) {
		journal_reopen(journal); /* cut when it is opened, as a moved one */
	}
	return whole;
}

/* Our writer escapes quotes inside of strings, so only the member reads so. */
static bool holds_alert(const char *lines, size_t len)
{
	static const char ALERT[] = "\"event_type\":\"alert\"";
	static const char SENSOR[] = "\"event_type\":\"sensor\"";
	return memmem(lines, len, ALERT, sizeof(ALERT) - 1) ||
	       memmem(lines, len, SENSOR, sizeof(SENSOR) - 1);
}

static bool is_segment_full(const struct journal *journal, uint64_t now_us)
{
	const struct journal_limits *limits = &journal->limits;
	uint64_t most = limits->segment_bytes;
	if (most < limits->total_bytes / SEGMENTS_AT_A_TIME) {
		most = limits->total_bytes / SEGMENTS_AT_A_TIME;
	}
	if (most < SEGMENT_LEAST) {
		most = SEGMENT_LEAST;
	}
	const uint64_t held = journal->end - journal->segment;
	return held >= most ||
	       (held > 0 && limits->age_us > 0 && now_us > journal->began_us &&
		       now_us - journal->began_us >= limits->age_us / SEGMENTS_OF_AGE);
}

size_t journal_append(struct journal *journal, const char *lines, size_t len,
	uint64_t now_us, struct reason *why)
{
	if (!journal_look(journal, now_us, why)) {
		return 0;
	}
	if (is_segment_full(journal, now_us) &&
		(!end_segment(journal, why) || !journal_bound(journal, now_us, why))) {
		return 0;
	}
	if (journal->file < 0 && !open_segment(journal, now_us, why)) {
		return 0;
	}
	const size_t taken = write_lines(journal, lines, len, why);
	journal->end += taken;
	journal->total += taken;
	if (taken == 0) {
		return 0;
	}
	if (journal->unsynced_us == 0) {
		journal->unsynced_us = now_us > 0 ? now_us : 1;
	}
	if (journal->limits.is_alert_synced && holds_alert(lines, taken) &&
		!sync_file(journal, why)) {
		/* in the file, and told again by nobody: it only may not outlive
		   the machine */
		journal->unsynced_us = now_us > 0 ? now_us : 1;
	}
	return taken;
}

static bool is_due(uint64_t *last_us, uint64_t every_us, uint64_t now_us)
{
	if (now_us >= *last_us && now_us - *last_us < every_us) {
		return false;
	}
	*last_us = now_us;
	return true;
}

bool journal_tick(struct journal *journal, uint64_t now_us, struct reason *why)
{
	if (journal->unsynced_us != 0 &&
		(now_us < journal->unsynced_us ||
			now_us - journal->unsynced_us >= journal->limits.sync_us) &&
		!sync_file(journal, why)) {
		return false;
	}
	if (is_due(&journal->looked_us, LOOK_US, now_us) &&
		!journal_look(journal, now_us, why)) {
		return false;
	}
	if (!is_due(&journal->ticked_us, TICK_US, now_us)) {
		return true;
	}
	(void)journal_keep_reserve(journal); /* full: the next tick tries again */
	return journal_bound(journal, now_us, why);
}

void journal_reopen(struct journal *journal)
{
	if (journal->file >= 0) {
		(void)close(journal->file);
		journal->file = -1;
	}
}

void journal_close(struct journal *journal)
{
	struct reason why;
	(void)sync_file(journal, &why); /* the last there is: nobody could be told */
	journal_reopen(journal);
	if (journal->folder >= 0) {
		(void)close(journal->folder);
		journal->folder = -1;
	}
}
