#include "journal/segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".eve.jsonl"
#define DIGITS 16

void segment_name(uint64_t start, char name[SEGMENT_NAME_BYTES])
{
	(void)snprintf(name, SEGMENT_NAME_BYTES, "%016" PRIu64 SUFFIX, start);
}

bool segment_start(const char *name, uint64_t *start)
{
	*start = 0;
	if (strlen(name) != DIGITS + strlen(SUFFIX) ||
		strcmp(name + DIGITS, SUFFIX) != 0) {
		return false;
	}
	for (size_t i = 0; i < DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9') {
			return false;
		}
		*start = *start * 10 + (uint64_t)(name[i] - '0');
	}
	return true;
}

bool segments_visit_names(int directory, void (*visit)(void *context, const char *name),
	void *context, struct reason *why)
{
	/* a description of its own: the position in the folder is not shared */
	const int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = again >= 0 ? fdopendir(again) : NULL;
	if (!folder) {
		(void)reason_set(why, "cannot list the journal: %s", strerror(errno));
		if (again >= 0) {
			(void)close(again);
		}
		return false;
	}
	for (const struct dirent *entry = readdir(folder); entry;
		entry = readdir(folder)) {
		visit(context, entry->d_name);
	}
	(void)closedir(folder);
	return true;
}

struct listing {
	struct segments *segments;
	bool is_full;
};

static void take_name(void *context, const char *name)
{
	struct listing *listing = (struct listing *)context;
	struct segments *segments = listing->segments;
	uint64_t start;
	if (!segment_start(name, &start)) {
		return;
	}
	if (segments->count == SEGMENTS_MAX) {
		listing->is_full = true;
		return;
	}
	segments->starts[segments->count++] = start;
}

static int by_start(const void *a, const void *b)
{
	const uint64_t *left = (const uint64_t *)a;
	const uint64_t *right = (const uint64_t *)b;
	return (*left > *right) - (*left < *right);
}

bool segments_list(int directory, struct segments *segments, struct reason *why)
{
	struct listing listing = {.segments = segments};
	segments->count = 0;
	if (!segments_visit_names(directory, take_name, &listing, why)) {
		return false;
	}
	if (listing.is_full) {
		return reason_set(why, "more than %d segments", SEGMENTS_MAX);
	}
	qsort(segments->starts, segments->count, sizeof(segments->starts[0]), by_start);
	return true;
}

bool segment_size(int directory, uint64_t start, uint64_t *size)
{
	char name[SEGMENT_NAME_BYTES];
	struct stat status;
	segment_name(start, name);
	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		return false;
	}
	*size = (uint64_t)status.st_size;
	return true;
}

uint64_t segment_changed_us(int directory, uint64_t start)
{
	char name[SEGMENT_NAME_BYTES];
	struct stat status;
	segment_name(start, name);
	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		return 0;
	}
	return (uint64_t)status.st_mtim.tv_sec * 1000000 +
	       (uint64_t)status.st_mtim.tv_nsec / 1000;
}
