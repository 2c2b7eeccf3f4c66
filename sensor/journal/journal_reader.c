#include "journal/journal_reader.h"

#include "journal/journal_id.h"
#include "journal/segments.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* It has an id since it was made, or it is older than ids and has segments. */
bool journal_is_in(int folder)
{
	static struct segments segments; /* too large for the stack; one thread */
	char id[JOURNAL_ID_BYTES];
	struct reason why;
	journal_id_read(folder, id);
	return strspn(id, "0") < strlen(id) ||
	       (segments_list(folder, &segments, &why) && segments.count > 0);
}

static bool open_folder(struct journal_reader *reader, int directory, const char *path,
	struct reason *why)
{
	reader->file = -1;
	reader->cursor = (struct journal_cursor){.file = -1};
	reader->gaps = reader->gap_bytes = reader->overlong = 0;
	reader->len = reader->at = 0;
	reader->seen = 0;
	reader->folder = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return reader->folder >= 0 ||
	       reason_set(why, "%.200s: %s", path, strerror(errno));
}

bool journal_reader_open(struct journal_reader *reader, int directory, const char *path,
	const char *name, struct reason *why)
{
	if (!open_folder(reader, directory, path, why)) {
		return false;
	}
	if (!journal_cursor_open(&reader->cursor, reader->folder, name, why)) {
		journal_reader_close(reader);
		return false;
	}
	reader->position = reader->cursor.position;
	return true;
}

bool journal_reader_open_to_look(struct journal_reader *reader, int directory,
	const char *path, uint64_t position, struct reason *why)
{
	if (!open_folder(reader, directory, path, why)) {
		return false;
	}
	if (!journal_is_in(reader->folder)) {
		journal_reader_close(reader);
		return reason_set(why, "%.200s: no journal is there", path);
	}
	reader->cursor.position = journal_reader_seek(reader, position);
	return true;
}

static void leave_segment(struct journal_reader *reader)
{
	if (reader->file >= 0) {
		(void)close(reader->file);
		reader->file = -1;
	}
}

/* Start of the first segment behind position; UINT64_MAX when there is none. */
static uint64_t start_behind(const struct segments *segments, uint64_t position)
{
	for (size_t i = 0; i < segments->count; i++) {
		if (segments->starts[i] > position) {
			return segments->starts[i];
		}
	}
	return UINT64_MAX;
}

/* The segment that holds position; UINT64_MAX when none does or will. */
static uint64_t start_holding(
	const struct journal_reader *reader, const struct segments *segments)
{
	uint64_t held = UINT64_MAX;
	uint64_t size;
	for (size_t i = 0; i < segments->count; i++) {
		if (segments->starts[i] <= reader->position) {
			held = segments->starts[i];
		}
	}
	if (held != UINT64_MAX && segment_size(reader->folder, held, &size) &&
		reader->position <= held + size) {
		return held;
	}
	return UINT64_MAX;
}

static void note_seen(struct journal_reader *reader)
{
	if (reader->position > reader->seen) {
		reader->seen = reader->position;
	}
}

static bool open_segment(struct journal_reader *reader, uint64_t start)
{
	char name[SEGMENT_NAME_BYTES];
	segment_name(start, name);
	reader->segment = start;
	reader->file = openat(reader->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (reader->file < 0) {
		return false;
	}
	note_seen(reader);
	return true;
}

/* Where the position is in no segment any more: on from the next there is. */
static bool jump(struct journal_reader *reader, const struct segments *segments)
{
	uint64_t start = start_behind(segments, reader->position);
	if (start == UINT64_MAX) {
		if (segments->count == 0 || reader->position <= reader->seen) {
			return false; /* its segment is gone: the next is to come */
		}
		start = segments->starts[0]; /* another journal in its place */
		reader->gap_bytes = reader->gaps == 0 ? 0 : reader->gap_bytes;
	} else if (reader->position > 0 || start > 0) {
		reader->gap_bytes += start - reader->position;
	}
	reader->gaps++;
	reader->position = start;
	return open_segment(reader, start);
}

static bool find_segment(struct journal_reader *reader)
{
	static struct segments segments; /* too large for the stack; one thread */
	struct reason why;
	if (!segments_list(reader->folder, &segments, &why)) {
		return false;
	}
	const uint64_t held = start_holding(reader, &segments);
	return held != UINT64_MAX ? open_segment(reader, held)
				  : jump(reader, &segments);
}

/* Bytes at the position into the batch; whole lines of them count. */
static bool read_batch(struct journal_reader *reader)
{
	const ssize_t len = pread(reader->file, reader->batch, JOURNAL_READER_BYTES,
		(off_t)(reader->position - reader->segment));
	if (len <= 0) {
		return false;
	}
	const char *end = memrchr(reader->batch, '\n', (size_t)len);
	if (end) {
		reader->len = (size_t)(end - reader->batch) + 1;
		return true;
	}
	if (len == JOURNAL_READER_BYTES) {
		reader->position += JOURNAL_READER_BYTES;
		reader->overlong++;
	}
	return false;
}

/* The segment is read to its end: on to the next, once there is one. */
static bool next_segment(struct journal_reader *reader)
{
	static struct segments segments; /* as above */
	struct reason why;
	if (!segments_list(reader->folder, &segments, &why)) {
		return false;
	}
	const uint64_t start = start_behind(&segments, reader->segment);
	if (start == UINT64_MAX) {
		return false;
	}
	if (read_batch(reader)) {
		return true; /* it grew before the next was begun */
	}
	leave_segment(reader);
	if (start > reader->position) {
		uint64_t size = 0; /* not written between: the writer's own jump, or
				      segments that were dropped meanwhile */
		const bool is_jump =
			segment_size(reader->folder, reader->segment, &size) &&
			reader->position == reader->segment + size &&
			start - reader->position == SEGMENT_JUMP_BYTES;
		if (!is_jump) {
			reader->gaps++;
			reader->gap_bytes += start - reader->position;
		}
	}
	reader->position = start;
	return open_segment(reader, start) && read_batch(reader);
}

static bool fill(struct journal_reader *reader)
{
	reader->len = reader->at = 0;
	if (reader->file < 0 && !find_segment(reader)) {
		return false;
	}
	return read_batch(reader) || next_segment(reader);
}

bool journal_reader_next(struct journal_reader *reader, struct journal_line *line)
{
	if (reader->at == reader->len && !fill(reader)) {
		return false;
	}
	const char *text = reader->batch + reader->at;
	const char *end = memchr(text, '\n', reader->len - reader->at);
	const size_t len = (size_t)(end - text);
	*line = (struct journal_line){.text = text,
		.len = len,
		.position = reader->position,
		.end = reader->position + len + 1};
	reader->at += len + 1;
	reader->position += len + 1;
	note_seen(reader);
	return true;
}

bool journal_reader_commit(
	struct journal_reader *reader, uint64_t position, struct reason *why)
{
	assert(reader->cursor.file >= 0);
	return journal_cursor_set(&reader->cursor, position, why);
}

uint64_t journal_reader_seek(struct journal_reader *reader, uint64_t position)
{
	static struct segments segments; /* as above */
	struct reason why;
	if (position == 0 && segments_list(reader->folder, &segments, &why) &&
		segments.count > 0) {
		position = segments.starts[0];
	}
	reader->position = position;
	reader->len = reader->at = 0;
	leave_segment(reader);
	return position;
}

void journal_reader_rewind(struct journal_reader *reader)
{
	reader->position = reader->cursor.position;
	reader->len = reader->at = 0;
	leave_segment(reader);
}

uint64_t journal_reader_backlog(const struct journal_reader *reader)
{
	static struct segments segments; /* as above */
	struct reason why;
	uint64_t size = 0;
	if (!segments_list(reader->folder, &segments, &why) || segments.count == 0) {
		return 0;
	}
	const uint64_t last = segments.starts[segments.count - 1];
	(void)segment_size(reader->folder, last, &size);
	const uint64_t end = last + size;
	return end > reader->cursor.position ? end - reader->cursor.position : 0;
}

void journal_reader_close(struct journal_reader *reader)
{
	leave_segment(reader);
	journal_cursor_close(&reader->cursor);
	if (reader->folder >= 0) {
		(void)close(reader->folder);
		reader->folder = -1;
	}
}
