#include "lists/by_hand.h"

#include "base/document.h"
#include "base/replaced_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048

const char *by_hand_file(const char *list, char text[NAME_MAX + 1])
{
	(void)snprintf(text, NAME_MAX + 1, "list-%.64s.json", list);
	return text;
}

static void set_time(struct document *document, const char *path, int64_t time_s)
{
	char text[32];
	struct tm parts;
	const time_t time = (time_t)time_s;
	if (gmtime_r(&time, &parts) &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) > 0) {
		document_set_text(document, path, text);
	}
}

static bool write_change(FILE *out, const struct by_hand_change *change, int64_t now_s)
{
	char line[LINE_BYTES];
	struct document document;
	if (!document_start(&document)) {
		errno = ENOMEM;
		return false;
	}
	document_set_text(&document, "value", change->entry);
	document_set_text(&document, "reason", change->reason);
	set_time(&document, "added", now_s);
	if (change->expires_s > 0) {
		set_time(&document, "expires", change->expires_s);
	}
	if (change->is_removed) {
		document_set_flag(&document, "removed", true);
	}
	const size_t len = document_write(&document, line, sizeof(line));
	document_free(&document);
	return len > 0 && len <= sizeof(line) && fwrite(line, 1, len, out) == len &&
	       fputc('\n', out) != EOF;
}

static bool is_of(const char *line, const char *entry)
{
	struct document document;
	if (!document_parse(&document, line, strlen(line))) {
		return false;
	}
	const char *value = document_text(&document, "value");
	const bool is_same = value && strcmp(value, entry) == 0;
	document_free(&document);
	return is_same;
}

/* All that was there but of this entry. False: there is no room for one more. */
static bool copy_others(FILE *in, FILE *out, const char *entry, struct reason *why)
{
	char line[LINE_BYTES + 2];
	size_t count = 0;
	while (fgets(line, sizeof(line), in)) {
		if (is_of(line, entry)) {
			continue;
		}
		if (++count >= BY_HAND_MOST) {
			return reason_set(why,
				"no more than %d entries are changed by hand",
				BY_HAND_MOST);
		}
		(void)fputs(line, out);
	}
	return true;
}

static FILE *open_old(int directory, const char *name)
{
	const int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *in = file >= 0 ? fdopen(file, "r") : NULL;
	if (file >= 0 && !in) {
		(void)close(file);
	}
	return in;
}

bool by_hand_keep(int directory, const struct by_hand_change *change, int64_t now_s,
	struct reason *why)
{
	char name[NAME_MAX + 1];
	struct replaced_file file;
	if (!replaced_file_begin_at(
		    &file, directory, by_hand_file(change->list, name), why)) {
		return false;
	}
	FILE *in = open_old(directory, name);
	const bool is_copied = !in || copy_others(in, file.out, change->entry, why);
	if (in) {
		(void)fclose(in);
	}
	if (!is_copied) {
		replaced_file_abandon(&file);
		return false;
	}
	if (!write_change(file.out, change, now_s)) {
		(void)reason_set(why, "cannot write %s: %s", name, strerror(errno));
		replaced_file_abandon(&file);
		return false;
	}
	return replaced_file_finish(&file, why);
}
