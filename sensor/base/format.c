#include "base/format.h"

#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 10 /* of UINT_MAX */

/* What is still free; the NUL has its place behind. */
struct room {
	char *at;
	size_t left;
};

static void put(struct room *room, const char *bytes, size_t len)
{
	const size_t kept = len < room->left ? len : room->left;
	memcpy(room->at, bytes, kept);
	room->at += kept;
	room->left -= kept;
}

static void put_number(struct room *room, unsigned number)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	put(room, digits + at, sizeof(digits) - at);
}

void format_write_list(char *text, size_t size, const char *format, va_list arguments)
{
	struct room room = {text, size - 1};
	va_list all;
	va_copy(all, arguments);
	for (const char *at = format; *at != '\0';) {
		const size_t plain = (size_t)(strchrnul(at, '%') - at);
		put(&room, at, plain);
		at += plain;
		if (*at == '\0') {
			break;
		}
		if (at[1] == 's') {
			const char *word = va_arg(arguments, const char *);
			put(&room, word, strlen(word));
		} else if (at[1] == 'u') {
			put_number(&room, va_arg(arguments, unsigned));
		} else {
			(void)vsnprintf(text, size, format, all);
			room.at = text + strlen(text);
			break;
		}
		at += 2;
	}
	*room.at = '\0';
	va_end(all);
}

void format_write(char *text, size_t size, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	format_write_list(text, size, format, arguments);
	va_end(arguments);
}
