#include "lists/load.h"

#include "lists/build.h"
#include "lists/by_hand.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

struct loading {
	struct build build;
	struct reading reading;
	struct lists_past past;
	int64_t now_s;
};

struct lists *lists_new(struct reason *why)
{
	void *memory = mmap(NULL, LISTS_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		(void)reason_set(why, "no memory for lists: %s", strerror(errno));
		return NULL;
	}
	return memory;
}

void lists_free(struct lists *lists)
{
	if (lists) {
		(void)munmap(lists, LISTS_BLOCK_BYTES);
	}
}

static struct lists_stamp stamp(const struct stat *status)
{
	return (struct lists_stamp){.inode = status->st_ino,
		.size = (uint64_t)status->st_size,
		.changed_ns = (int64_t)status->st_mtim.tv_sec * NS_PER_S +
			      status->st_mtim.tv_nsec};
}

/* Nothing but a file: a pipe would be waited for. */
static FILE *open_list(struct lists_list *list, struct reason *why)
{
	struct stat status;
	FILE *in = fopen(list->file, "re");
	if (!in || fstat(fileno(in), &status) != 0) {
		(void)reason_set(why, "%.150s: %s", list->file, strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		(void)reason_set(why, "%.150s is no file", list->file);
	} else {
		list->of_file = stamp(&status);
		return in;
	}
	if (in) {
		(void)fclose(in);
	}
	return NULL;
}

/* The first of them is told. */
static void note_bad(
	struct lists_list *list, const struct reading_item *item, const char *what)
{
	if (list->bad_lines++ == 0) {
		(void)reason_set(&list->problem, "%.110s:%u: %.110s", list->file,
			item->line, what);
	}
}

static void read_items(struct loading *loading, uint8_t index, FILE *in)
{
	struct lists_list *list = &loading->build.lists->all[index];
	struct reading *reading = &loading->reading;
	struct reading_item item;
	struct reason why;
	enum reading_result result = reading_next(reading, &item);
	for (; result != READING_END; result = reading_next(reading, &item)) {
		if (result == READING_BAD) {
			(void)reason_set(
				&why, "\"%.80s\" says nothing to list", item.value);
			note_bad(list, &item, why.text);
		} else if (!build_add(&loading->build, index, &item, &why)) {
			note_bad(list, &item, why.text);
		} else {
			list->items++;
		}
	}
	if (ferror(in)) {
		(void)reason_set(
			&list->problem, "%.150s cannot be read to its end", list->file);
		list->items = 0;
	}
}

static const struct lists_list *find_before(
	const struct lists *before, const struct lists_list *list, uint8_t *index)
{
	for (uint32_t i = 0; before && i < before->list_count; i++) {
		if (strcmp(before->all[i].name, list->name) == 0) {
			*index = (uint8_t)i;
			return &before->all[i];
		}
	}
	return NULL;
}

/* Why what was read is not to be taken; false: it is. */
static bool is_unusable(const struct lists_list *list, const struct lists_list *old,
	bool may_shrink, struct reason *why)
{
	const uint64_t lines = (uint64_t)list->items + list->bad_lines;
	if (list->bad_lines > 0 &&
		(uint64_t)list->bad_lines * LISTS_BAD_SHARE > lines) {
		return !reason_set(why, "%u of %" PRIu64 " lines are broken: %.180s",
			list->bad_lines, lines, list->problem.text);
	}
	if (list->items == 0 && !may_shrink) {
		return !reason_set(why, "%.150s is empty", list->file);
	}
	if (old && old->items >= LISTS_SHRINK_LEAST && !may_shrink &&
		list->items < (old->items + 1) / 2) {
		return !reason_set(why, "%.150s shrank from %u entries to %u",
			list->file, old->items, list->items);
	}
	return false;
}

/* The entries of before, of which it is told that they are. */
static void keep_old(struct loading *loading, uint8_t index, const struct reason *why)
{
	struct lists_list *list = &loading->build.lists->all[index];
	uint8_t index_before = 0;
	const struct lists_list *old =
		find_before(loading->past.before, list, &index_before);
	list->is_kept = true;
	list->items = old ? old->items : 0;
	list->read_s = old ? old->read_s : 0;
	list->problem = *why;
	if (old && !build_keep(&loading->build, index, loading->past.before,
			   index_before)) {
		(void)reason_set(
			&list->problem, "there is no room for its entries of before");
	}
}

/* Its entries of the file, or of before. */
static void read_file(
	struct loading *loading, uint8_t index, const struct matrix_list *declared)
{
	struct lists_list *list = &loading->build.lists->all[index];
	const struct build_mark mark = build_mark(&loading->build);
	struct reason why;
	uint8_t index_before = 0;
	FILE *in = open_list(list, &why);
	if (in) {
		reading_start(&loading->reading, in, declared->format,
			list->of_file.changed_ns / NS_PER_S);
		read_items(loading, index, in);
		(void)fclose(in);
	}
	if (!in || is_unusable(list,
			   find_before(loading->past.before, list, &index_before),
			   declared->may_shrink, &why)) {
		build_rewind(&loading->build, &mark);
		keep_old(loading, index, &why);
	}
}

/* Behind them, what was changed by hand. It is ours, and no part of what may shrink. */
static void read_by_hand(struct loading *loading, uint8_t index)
{
	struct lists_list *list = &loading->build.lists->all[index];
	const uint32_t items = list->items;
	char name[NAME_MAX + 1];
	struct stat status;
	const int file = loading->past.directory < 0
				 ? -1
				 : openat(loading->past.directory,
					   by_hand_file(list->name, name),
					   O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *in = file >= 0 && fstat(file, &status) == 0 ? fdopen(file, "r") : NULL;
	if (!in) {
		if (file >= 0) {
			(void)close(file);
		}
		return;
	}
	list->by_hand = stamp(&status);
	reading_start(&loading->reading, in, MATRIX_LIST_FORMAT_NDJSON, 0);
	read_items(loading, index, in);
	(void)fclose(in);
	list->items = items;
}

static void load_list(
	struct loading *loading, uint8_t index, const struct matrix_list *declared)
{
	struct lists_list *list = &loading->build.lists->all[index];
	*list = (struct lists_list){.kind = (uint8_t)declared->kind,
		.severity = declared->severity,
		.read_s = loading->now_s};
	(void)snprintf(list->name, sizeof(list->name), "%s", declared->name);
	if (declared->file) {
		(void)snprintf(list->file, sizeof(list->file), "%s", declared->file);
		read_file(loading, index, declared);
	}
	read_by_hand(loading, index);
}

void lists_load(struct lists *lists, const struct matrix *matrix,
	const struct lists_past *past, int64_t now_s)
{
	static const struct lists_past NONE = {NULL, -1};
	struct loading *loading = calloc(1, sizeof(*loading));
	size_t count = 0;
	const struct matrix_list *declared = matrix_lists(matrix, &count);
	if (!loading) {
		abort();
	}
	loading->past = past ? *past : NONE;
	loading->now_s = now_s;
	build_start(&loading->build, lists);
	for (size_t i = 0; i < count && i < LISTS_MAX; i++) {
		lists->list_count = (uint32_t)i + 1;
		load_list(loading, (uint8_t)i, &declared[i]);
	}
	build_finish(&loading->build);
	if (loading->past.before) {
		build_keep_hits(lists, loading->past.before);
	}
	free(loading);
}

static bool is_another(
	const struct lists_stamp *stamped, int directory, const char *name)
{
	struct lists_stamp now = {.inode = 0};
	struct stat status;
	if (fstatat(directory, name, &status, 0) == 0) {
		now = stamp(&status);
	}
	return now.inode != stamped->inode || now.size != stamped->size ||
	       now.changed_ns != stamped->changed_ns;
}

bool lists_are_stale(const struct lists *lists, int directory)
{
	char name[NAME_MAX + 1];
	for (uint32_t i = 0; i < lists->list_count; i++) {
		const struct lists_list *list = &lists->all[i];
		if ((list->file[0] != '\0' &&
			    is_another(&list->of_file, AT_FDCWD, list->file)) ||
			(directory >= 0 && is_another(&list->by_hand, directory,
						   by_hand_file(list->name, name)))) {
			return true;
		}
	}
	return false;
}

struct lists *lists_copy(const struct lists *shared, struct reason *why)
{
	struct lists *copy = lists_new(why);
	if (!copy) {
		return NULL;
	}
	memcpy(copy, shared, sizeof(*copy));
	for (enum lists_section i = LISTS_IPV4; i < LISTS_SECTIONS; i++) {
		memcpy(lists_at(copy, i, 0), lists_at(shared, i, 0),
			copy->counts[i] * lists_stride(i));
	}
	memcpy(lists_note(copy, 0), lists_note(shared, 0),
		copy->note_count * sizeof(struct lists_note));
	memcpy(lists_text(copy, 0), lists_text(shared, 0), copy->text_bytes);
	memcpy((uint8_t *)copy + LISTS_HITS, (const uint8_t *)shared + LISTS_HITS,
		lists_entry_count(copy) * sizeof(uint32_t));
	memcpy((uint8_t *)copy + LISTS_LIST_HITS,
		(const uint8_t *)shared + LISTS_LIST_HITS,
		LISTS_MAX * sizeof(uint64_t));
	return copy;
}
