#include "base/utf8.h"

#include <string.h>

/* First bytes first to last start a sequence of len bytes, the second being low to high. */
struct utf8_row {
	uint8_t first;
	uint8_t last;
	uint8_t low;
	uint8_t high;
	uint8_t len;
};

/* RFC 3629 section 4 */
static const struct utf8_row ROWS[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Looks past no NUL, since NUL continues no sequence. */
static bool is_row(const uint8_t *bytes, const struct utf8_row *row)
{
	if (bytes[0] < row->first || bytes[0] > row->last || bytes[1] < row->low ||
		bytes[1] > row->high) {
		return false;
	}
	for (size_t i = 2; i < row->len; i++) {
		if (bytes[i] < 0x80 || bytes[i] > 0xbf) {
			return false;
		}
	}
	return true;
}

size_t utf8_read(const char *text, uint32_t *code)
{
	const uint8_t *bytes = (const uint8_t *)text;
	if (bytes[0] < 0x80) {
		*code = bytes[0];
		return bytes[0] != 0 ? 1 : 0;
	}
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		if (!is_row(bytes, &ROWS[i])) {
			continue;
		}
		const size_t len = ROWS[i].len;
		*code = bytes[0] & (0xffU >> (len + 1));
		for (size_t at = 1; at < len; at++) {
			*code = *code << 6 | (bytes[at] & 0x3fU);
		}
		return len;
	}
	return 0;
}

size_t utf8_whole(const char *text, size_t most)
{
	const size_t len = strnlen(text, most);
	size_t start = len;
	while (start > 0 && len - start < 3 && (text[start - 1] & 0xc0) == 0x80) {
		start--;
	}
	if (start == 0 || (uint8_t)text[start - 1] < 0xc0) {
		return len;
	}
	uint32_t code;
	const size_t last = utf8_read(text + start - 1, &code);
	return last > 0 && start - 1 + last <= len ? len : start - 1;
}

bool utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c ||
	       code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

bool utf8_is_letter(uint32_t code)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} BLOCKS[] = {
		{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {0xaa, 0xaa}, {0xb5, 0xb5},
		{0xba, 0xba}, {0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x2b8}, /* Latin */
		{0x300, 0x37d}, {0x37f, 0x3ff},                 /* accents, Greek */
		{0x400, 0x559}, {0x561, 0x588},                 /* Cyrillic, Armenian */
		{0x5d0, 0x5f2}, {0x620, 0x669}, {0x671, 0x6d3}, /* Hebrew, Arabic */
		{0x900, 0x963}, {0x966, 0x167f}, {0x16a0, 0x16ea}, {0x1780, 0x17d3},
		{0x1820, 0x1fff}, {0x2c00, 0x2dff}, /* India to Georgia, Greek */
		{0x3041, 0x318f}, {0x31f0, 0x31ff}, {0x3400, 0x9fff}, /* kana, han */
		{0xa000, 0xabff}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, /* hangul */
	};
	for (size_t i = 0; i < sizeof(BLOCKS) / sizeof(BLOCKS[0]); i++) {
		if (code >= BLOCKS[i].first && code <= BLOCKS[i].last) {
			return !utf8_is_control(code) && code != 0x1680;
		}
	}
	return false;
}

void utf8_make_printable(char *text)
{
	char *out = text;
	while (*text != '\0') {
		uint32_t code;
		const size_t len = utf8_read(text, &code);
		if (len == 0 || utf8_is_control(code)) {
			*out++ = '?';
		} else {
			memmove(out, text, len);
			out += len;
		}
		text += len > 0 ? len : 1;
	}
	*out = '\0';
}
