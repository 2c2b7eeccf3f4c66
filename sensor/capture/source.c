#include "capture/source.h"

#include "capture/file.h"

#include <stdlib.h>
#include <string.h>

/* One open file and, when several are merged, the frame it gives next. */
struct member {
	struct file file;
	struct frame head;
	char *name;
};

struct source {
	struct member *members;
	size_t count; /* opened */
	/* Merge: a heap of the members that have a head, the earliest first. */
	struct member **heap;
	size_t heap_len;
	bool is_started;
	struct member *given; /* its head is out: moves on at the next call */
	uint64_t frames;
	struct ahead *ahead; /* NULL: all is read here */
};

static bool member_open(struct member *member, const char *name, struct reason *why)
{
	member->name = strdup(name);
	if (!member->name) {
		return reason_set(why, "%s: out of memory", name);
	}
	if (!file_open(&member->file, name, why)) {
		free(member->name);
		return false;
	}
	return true;
}

static bool source_start(struct source *source, const char *const *files, size_t count,
	struct reason *why)
{
	source->members = (struct member *)calloc(count, sizeof(*source->members));
	source->heap = (struct member **)calloc(count, sizeof(struct member *));
	if (!source->members || !source->heap) {
		return reason_set(why, "out of memory");
	}
	for (; source->count < count; source->count++) {
		struct member *member = &source->members[source->count];
		member->file.index = (uint32_t)source->count;
		if (!member_open(member, files[source->count], why)) {
			return false;
		}
	}
	return true;
}

struct source *source_open_files(
	const char *const *files, size_t count, struct reason *why)
{
	if (count == 0) {
		(void)reason_set(why, "no capture file");
		return NULL;
	}
	struct source *source = (struct source *)calloc(1, sizeof(*source));
	if (!source) {
		(void)reason_set(why, "out of memory");
		return NULL;
	}
	if (!source_start(source, files, count, why)) {
		source_close(source);
		return NULL;
	}
	return source;
}

void source_close(struct source *source)
{
	if (!source) {
		return;
	}
	ahead_stop(source->ahead);
	for (size_t i = 0; i < source->count; i++) {
		file_close(&source->members[i].file);
		free(source->members[i].name);
	}
	free(source->members);
	free(source->heap);
	free(source);
}

bool source_read_ahead(struct source *source, size_t processes, struct reason *why)
{
	struct stream **streams =
		(struct stream **)calloc(source->count, sizeof(struct stream *));
	if (!streams) {
		return reason_set(why, "out of memory");
	}
	size_t count = 0;
	for (size_t i = 0; i < source->count; i++) {
		struct stream *stream = &source->members[i].file.window.stream;
		if (stream->codec && stream->codec->is_slow) {
			streams[count++] = stream;
		}
	}
	const bool is_wanted = processes > 1 && count > 0;
	if (is_wanted) {
		source->ahead = ahead_start(streams, count, processes, why);
	}
	free(streams);
	return !is_wanted || source->ahead;
}

static enum source_result member_next(
	struct member *member, struct frame *frame, struct reason *why)
{
	struct file *file = &member->file;
	if (file->is_ended) {
		return SOURCE_END;
	}
	const enum source_result result = file->next(file, frame);
	if (result == SOURCE_ERROR) {
		(void)reason_set(why, "%s: at byte %llu: %s", member->name,
			(unsigned long long)file->window.past,
			file->window.stream.why.text);
	}
	return result;
}

static bool member_is_before(const struct member *a, const struct member *b)
{
	return a->head.time_us != b->head.time_us ? a->head.time_us < b->head.time_us
						  : a->file.index < b->file.index;
}

static void heap_sink(struct source *source, size_t at)
{
	struct member **heap = source->heap;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= source->heap_len) {
			return;
		}
		if (child + 1 < source->heap_len &&
			member_is_before(heap[child + 1], heap[child])) {
			child++;
		}
		if (!member_is_before(heap[child], heap[at])) {
			return;
		}
		struct member *lifted = heap[child];
		heap[child] = heap[at];
		heap[at] = lifted;
		at = child;
	}
}

/* Gives every file its head; the first failure is told once all have been tried. */
static enum source_result merge_start(struct source *source, struct reason *why)
{
	enum source_result result = SOURCE_FRAME;
	source->is_started = true;
	for (size_t i = 0; i < source->count; i++) {
		struct member *member = &source->members[i];
		const enum source_result got = member_next(member, &member->head, why);
		if (got == SOURCE_FRAME) {
			source->heap[source->heap_len++] = member;
		} else if (got == SOURCE_ERROR) {
			result = SOURCE_ERROR;
		}
	}
	for (size_t i = source->heap_len / 2; i-- > 0;) {
		heap_sink(source, i);
	}
	return result;
}

/* The file whose frame was out moves on, or leaves the heap. */
static enum source_result merge_advance(struct source *source, struct reason *why)
{
	struct member *member = source->given;
	source->given = NULL;
	const enum source_result result = member_next(member, &member->head, why);
	if (result != SOURCE_FRAME) {
		source->heap[0] = source->heap[--source->heap_len];
	}
	heap_sink(source, 0);
	return result;
}

static enum source_result merge_next(
	struct source *source, struct frame *frame, struct reason *why)
{
	enum source_result result = SOURCE_FRAME;
	if (!source->is_started) {
		result = merge_start(source, why);
	} else if (source->given) {
		result = merge_advance(source, why);
	}
	if (result == SOURCE_ERROR) {
		return SOURCE_ERROR;
	}
	if (source->heap_len == 0) {
		return SOURCE_END;
	}
	source->given = source->heap[0];
	*frame = source->given->head;
	return SOURCE_FRAME;
}

enum source_result source_next(
	struct source *source, struct frame *frame, struct reason *why)
{
	const enum source_result result =
		source->count == 1 ? member_next(source->members, frame, why)
				   : merge_next(source, frame, why);
	source->frames += result == SOURCE_FRAME;
	return result;
}

size_t source_next_some(struct source *source, struct frame *frames, size_t room,
	enum source_result *result, struct reason *why)
{
	*result = source_next(source, frames, why);
	if (*result != SOURCE_FRAME) {
		return 0;
	}
	struct file *file = &source->members[0].file;
	if (source->count > 1 || !file->take_at_hand) {
		return 1;
	}
	const size_t more = file->take_at_hand(file, frames + 1, room - 1);
	source->frames += more;
	return 1 + more;
}

bool source_lacks(const struct source *source, size_t place, struct reason *why)
{
	const struct member *member = &source->members[place];
	const struct file *file = &member->file;
	if (!file->is_truncated && file->bad_records == 0) {
		return false;
	}
	(void)reason_set(why, "%.160s: %s", member->name,
		file->is_truncated ? "it ends in the middle of a record"
				   : "records in it are broken and were not read");
	return true;
}

void source_progress(const struct source *source, struct source_progress *progress)
{
	*progress = (struct source_progress){.frames = source->frames};
	bool is_total_known = true;
	for (size_t i = 0; i < source->count; i++) {
		const struct file *file = &source->members[i].file;
		progress->bytes_read += file->window.stream.bytes_read;
		progress->bytes_total += file->window.stream.bytes_total;
		progress->truncated_files += file->is_truncated;
		progress->bad_records += file->bad_records;
		is_total_known = is_total_known && file->window.stream.bytes_total > 0;
	}
	if (!is_total_known) {
		progress->bytes_total = 0;
	}
}
