/*
 * base/format - snprintf and vsnprintf for sentences, which records have many of.
 *
 * Writes the same as those do. %s and %u alone, nearly all that a sentence needs, cost
 * about what is copied; a format with anything else goes to the library.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* At most size bytes with the NUL; size is not 0. */
void format_write(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void format_write_list(char *text, size_t size, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));
