#include "journal/journal_cursor.h"

#include "journal/segments.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SUFFIX          ".cursor"
#define DIGITS          20
#define LINE_BYTES      (DIGITS + 1)
#define LINES           2
#define CURSOR_NAME_MAX 48

static bool is_name(const char *name)
{
	size_t len = 0;
	for (; name[len] != '\0'; len++) {
		const unsigned char c = (unsigned char)name[len];
		if (!isalnum(c) && c != '-' && c != '_' && (c != '.' || len == 0)) {
			return false;
		}
	}
	return len > 0 && len <= CURSOR_NAME_MAX;
}

static bool read_line(const char *line, uint64_t *position)
{
	*position = 0;
	for (size_t i = 0; i < DIGITS; i++) {
		if (line[i] < '0' || line[i] > '9') {
			return false;
		}
		*position = *position * 10 + (uint64_t)(line[i] - '0');
	}
	return line[DIGITS] == '\n';
}

/* The higher of the two lines; *next: the other, to be written first. */
static uint64_t read_position(int file, unsigned *next)
{
	char lines[LINES * LINE_BYTES];
	uint64_t best = 0;
	*next = 0;
	const ssize_t len = pread(file, lines, sizeof(lines), 0);
	for (unsigned i = 0; len > 0 && (size_t)len >= ((size_t)i + 1) * LINE_BYTES;
		i++) {
		uint64_t position;
		if (read_line(lines + (size_t)i * LINE_BYTES, &position) &&
			position >= best) {
			best = position;
			*next = 1 - i;
		}
	}
	return best;
}

bool journal_cursor_open(struct journal_cursor *cursor, int directory, const char *name,
	struct reason *why)
{
	char path[CURSOR_NAME_MAX + sizeof(SUFFIX)];
	cursor->file = -1;
	if (!is_name(name)) {
		return reason_set(why, "\"%.60s\" is no name for a cursor", name);
	}
	(void)snprintf(path, sizeof(path), "%s" SUFFIX, name);
	cursor->file = openat(
		directory, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (cursor->file < 0) {
		return reason_set(why, "%s: %s", path, strerror(errno));
	}
	if (flock(cursor->file, LOCK_EX | LOCK_NB) != 0) {
		(void)reason_set(why, "%s: %s", path,
			errno == EWOULDBLOCK ? "another process uses it"
					     : strerror(errno));
		journal_cursor_close(cursor);
		return false;
	}
	cursor->position = read_position(cursor->file, &cursor->line);
	return true;
}

bool journal_cursor_set(
	struct journal_cursor *cursor, uint64_t position, struct reason *why)
{
	char line[LINE_BYTES + 1];
	if (position == cursor->position) {
		return true;
	}
	(void)snprintf(line, sizeof(line), "%020" PRIu64 "\n", position);
	if (pwrite(cursor->file, line, LINE_BYTES, (off_t)cursor->line * LINE_BYTES) !=
			LINE_BYTES ||
		fdatasync(cursor->file) != 0) {
		return reason_set(why, "cannot write the cursor: %s", strerror(errno));
	}
	cursor->line = 1 - cursor->line;
	cursor->position = position;
	return true;
}

void journal_cursor_close(struct journal_cursor *cursor)
{
	if (cursor->file >= 0) {
		(void)close(cursor->file);
		cursor->file = -1;
	}
}

struct search {
	int directory;
	uint64_t lowest;
};

static void look_at(void *context, const char *name)
{
	struct search *search = (struct search *)context;
	const size_t len = strlen(name);
	unsigned next;
	if (len <= strlen(SUFFIX) || strcmp(name + len - strlen(SUFFIX), SUFFIX) != 0) {
		return;
	}
	const int file =
		openat(search->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0) {
		return;
	}
	const uint64_t position = read_position(file, &next);
	(void)close(file);
	if (position < search->lowest) {
		search->lowest = position;
	}
}

uint64_t journal_cursor_lowest(int directory)
{
	struct reason why;
	struct search search = {.directory = directory, .lowest = UINT64_MAX};
	/* a folder that cannot be listed drops nothing either: its segments are unknown
	 */
	(void)segments_visit_names(directory, look_at, &search, &why);
	return search.lowest;
}
