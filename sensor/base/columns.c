#include "base/columns.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LEAST 40  /* narrower ones are no help to anybody */
#define MOST  500 /* of COLUMNS: what is more is no terminal's */
#define ROOM  20  /* behind whatever stands in front */

static size_t columns_told(void)
{
	const char *text = getenv("COLUMNS");
	const unsigned long told = text != NULL ? strtoul(text, NULL, 10) : 0;
	return told <= MOST ? (size_t)told : 0;
}

size_t columns_of(FILE *out)
{
	struct winsize size = {.ws_col = 0};
	const int fd = fileno(out);
	if (fd < 0 || isatty(fd) != 1) {
		return COLUMNS_STANDARD;
	}
	size_t columns = columns_told();
	if (columns == 0 && ioctl(fd, TIOCGWINSZ, &size) == 0) {
		columns = size.ws_col;
	}
	if (columns == 0) {
		return COLUMNS_STANDARD;
	}
	return columns < LEAST ? LEAST : columns;
}

bool columns_has_colour(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR");
	const int fd = fileno(out);
	return fd >= 0 && isatty(fd) == 1 && (!no_colour || no_colour[0] == '\0');
}

static bool is_inside_code_point(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Bytes of text, which ends with its line, that make one line of so many columns. */
static size_t bytes_of_line(const char *text, size_t columns)
{
	const size_t lead = strspn(text, " ");
	size_t blank = 0;
	size_t len = 0;
	for (size_t column = 0; text[len] != '\0' && text[len] != '\n'; len++) {
		if (is_inside_code_point(text[len])) {
			continue;
		}
		if (text[len] == ' ' && len > lead) {
			blank = len;
		}
		if (column++ == columns) {
			return blank > 0 ? blank : len;
		}
	}
	return len;
}

void columns_blank(FILE *out, size_t blanks)
{
	for (; blanks > 0; blanks--) {
		(void)fputc(' ', out);
	}
}

/* One line of text; what is behind it. */
static const char *wrap_line(
	FILE *out, size_t columns, const char *text, size_t at, size_t indent)
{
	for (;;) {
		const size_t room = columns > at + ROOM ? columns - at : ROOM;
		const size_t len = bytes_of_line(text, room);
		(void)fwrite(text, 1, len, out);
		(void)fputc('\n', out);
		text += len;
		text += strspn(text, " ");
		if (*text == '\0' || *text == '\n') {
			return text + (*text == '\n' ? 1 : 0);
		}
		columns_blank(out, indent);
		at = indent;
	}
}

void columns_wrap_in(
	FILE *out, size_t columns, const char *text, size_t at, size_t indent)
{
	(void)wrap_line(out, columns, text, at, indent);
}

void columns_wrap(FILE *out, const char *text, size_t at, size_t indent)
{
	columns_wrap_in(out, columns_of(out), text, at, indent);
}

static void wrap_lines(FILE *out, const char *text, size_t indent)
{
	const size_t columns = columns_of(out);
	while (*text != '\0') {
		text = wrap_line(out, columns, text, 0, indent);
	}
}

void columns_say(FILE *out, size_t indent, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	const int len = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (len >= 0) {
		wrap_lines(out, text, indent);
		free(text);
		return;
	}
	va_start(arguments, format); /* no memory: as it is */
	(void)vfprintf(out, format, arguments);
	va_end(arguments);
}

void columns_begin(struct columns *columns, FILE **stream)
{
	*columns = (struct columns){.stream = stream, .out = *stream};
	FILE *kept = open_memstream(&columns->text, &columns->size);
	if (kept != NULL) {
		*stream = kept;
	}
}

void columns_end(struct columns *columns, size_t indent)
{
	FILE *kept = *columns->stream;
	if (kept == columns->out) {
		return;
	}
	*columns->stream = columns->out;
	(void)fclose(kept);
	if (columns->text != NULL) {
		wrap_lines(columns->out, columns->text, indent);
	}
	free(columns->text);
}
