#include "journal/journal_bound.h"

#include "journal/journal_cursor.h"
#include "journal/segments.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool is_too_old(const struct journal *journal, uint64_t start, uint64_t now_us)
{
	const uint64_t changed_us = segment_changed_us(journal->folder, start);
	return journal->limits.age_us > 0 && now_us > changed_us &&
	       now_us - changed_us > journal->limits.age_us;
}

static bool drop(
	struct journal *journal, uint64_t start, uint64_t delivered, struct reason *why)
{
	char name[SEGMENT_NAME_BYTES];
	uint64_t size = 0;
	segment_name(start, name);
	(void)segment_size(journal->folder, start, &size);
	if (unlinkat(journal->folder, name, 0) != 0 && errno != ENOENT) {
		return reason_set(
			why, "journal: cannot drop %s: %s", name, strerror(errno));
	}
	journal->total -= size < journal->total ? size : journal->total;
	if (delivered < start + size) {
		const uint64_t from = delivered > start ? delivered : start;
		journal->lost_segments++;
		journal->lost_bytes += start + size - from;
	}
	return true;
}

bool journal_bound(struct journal *journal, uint64_t now_us, struct reason *why)
{
	static struct segments segments; /* too large for the stack; one writer */
	if (journal->total <= journal->limits.total_bytes &&
		journal->limits.age_us == 0) {
		return true;
	}
	if (!segments_list(journal->folder, &segments, why)) {
		return false;
	}
	const uint64_t delivered = journal_cursor_lowest(journal->folder);
	for (size_t i = 0; i < segments.count; i++) {
		const uint64_t start = segments.starts[i];
		const bool is_over = journal->total > journal->limits.total_bytes;
		if (start >= journal->segment ||
			(!is_over && !is_too_old(journal, start, now_us))) {
			break;
		}
		if (!drop(journal, start, delivered, why)) {
			return false;
		}
	}
	return true;
}
