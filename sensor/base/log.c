#include "base/log.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024

void log_line(enum log_level level, const char *area, const char *format, ...)
{
	char line[LINE_BYTES];
	char priority[8] = "";
	if (getenv("JOURNAL_STREAM")) {
		(void)snprintf(priority, sizeof(priority), "<%d>", (int)level);
	}
	const size_t head = (size_t)snprintf(
		line, sizeof(line), "%smailwarden %s: ", priority, area);
	va_list args;
	va_start(args, format);
	// cppcheck-suppress ctuuninitvar; vsnprintf writes the text, it reads none
	(void)vsnprintf(line + head, sizeof(line) - head, format, args);
	va_end(args);
	utf8_make_printable(line);
	const size_t len = strnlen(line, sizeof(line) - 2);
	line[len] = '\n';
	/* a log nobody takes cannot be told of anywhere */
	(void)!write(STDERR_FILENO, line, len + 1);
}
