#include "journal/journal_recover.h"

#include "base/clock.h"
#include "journal/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 4096

/* Behind the last line end of the first size bytes; false when they cannot be read. */
static bool find_line_end(int file, uint64_t size, uint64_t *end)
{
	char block[BLOCK_BYTES];
	while (size > 0) {
		const uint64_t at = (size - 1) / BLOCK_BYTES * BLOCK_BYTES;
		const ssize_t len = pread(file, block, (size_t)(size - at), (off_t)at);
		if (len < 0) {
			return false;
		}
		const char *last = memrchr(block, '\n', (size_t)len);
		if (last) {
			*end = at + (uint64_t)(last - block) + 1;
			return true;
		}
		size = at;
	}
	*end = 0;
	return true;
}

/* Cut the segment behind its last line end. */
static bool cut(struct journal *journal, uint64_t size, struct reason *why)
{
	char name[SEGMENT_NAME_BYTES];
	uint64_t whole = size;
	segment_name(journal->segment, name);
	const int file = openat(journal->folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	const bool is_cut = file >= 0 && find_line_end(file, size, &whole) &&
			    (whole == size || ftruncate(file, (off_t)whole) == 0);
	if (!is_cut) {
		(void)reason_set(why, "journal: %s: %s", name, strerror(errno));
	}
	if (file >= 0) {
		(void)close(file);
	}
	journal->cut_bytes = size - whole;
	journal->end = journal->segment + whole;
	return is_cut;
}

static bool is_machine_restarted(uint64_t changed_us, uint64_t now_us)
{
	const uint64_t up_us = clock_us(CLOCK_BOOTTIME);
	return now_us > up_us && changed_us < now_us - up_us;
}

bool journal_recover(struct journal *journal, uint64_t now_us, struct reason *why)
{
	static struct segments segments; /* too large for the stack; one writer */
	if (!segments_list(journal->folder, &segments, why)) {
		return false;
	}
	uint64_t size = 0;
	for (size_t i = 0; i < segments.count; i++) {
		size = 0;
		(void)segment_size(journal->folder, segments.starts[i], &size);
		journal->total += size;
	}
	if (segments.count == 0) {
		return true;
	}
	journal->segment = segments.starts[segments.count - 1];
	const uint64_t changed_us =
		segment_changed_us(journal->folder, journal->segment);
	if (!cut(journal, size, why)) {
		return false;
	}
	journal->total -= journal->cut_bytes;
	if (is_machine_restarted(changed_us, now_us)) {
		/* more than is ever on its way to the disk */
		journal->end += SEGMENT_JUMP_BYTES;
		journal->segment = journal->end;
	}
	return true;
}
