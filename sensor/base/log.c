#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES 1024

void log_line(enum log_level level, const char *area, const char *format, ...)
{
	char line[LINE_BYTES];
	char priority[8] = "";
	if (getenv("JOURNAL_STREAM")) {
		(void)snprintf(priority, sizeof(priority), "<%d>", (int)level);
	}
	size_t len = (size_t)snprintf(
		line, sizeof(line), "%smailwarden %s: ", priority, area);
	va_list args;
	va_start(args, format);
	// cppcheck-suppress ctuuninitvar; vsnprintf writes the text, it reads none
	const int more = vsnprintf(line + len, sizeof(line) - len, format, args);
	va_end(args);
	len += more > 0 ? (size_t)more : 0;
	if (len > sizeof(line) - 2) {
		len = sizeof(line) - 2;
	}
	line[len] = '\n';
	/* a log nobody takes cannot be told of anywhere */
	(void)!write(STDERR_FILENO, line, len + 1);
}
