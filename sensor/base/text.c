#include "base/text.h"

#include "base/utf8.h"

#include <endian.h>

#define UTF8_BYTES_MAX 4

/* The same letter, ASCII case apart. */
static bool is_same(uint8_t byte, uint8_t letter)
{
	const unsigned difference = byte ^ letter;
	const unsigned small = letter | 0x20U;
	return difference == 0 || (difference == 0x20 && small >= 'a' && small <= 'z');
}

bool text_begins(struct text text, const char *word, size_t len)
{
	if (text.len < len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!is_same(text.at[i], (uint8_t)word[i])) {
			return false;
		}
	}
	return true;
}

unsigned text_find(struct text text,
	const struct text_word_row *const lists[TEXT_WORD_LISTS], unsigned otherwise)
{
	if (text.len == 0) {
		return otherwise;
	}
	const struct text_word_row *row = lists[TEXT_WORD_LIST(text.at[0])];
	for (; row != NULL && row->word != NULL; row++) {
		if (text_is(text, row->word)) {
			return row->value;
		}
	}
	return otherwise;
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

/* How many of these eight bytes, from the first on, are above a blank. */
static size_t high_bytes(const uint8_t *bytes)
{
	uint64_t word = 0;
	memcpy(&word, bytes, sizeof(word));
	word = le64toh(word);
	const uint64_t low = (word - UINT64_C(0x2121212121212121)) & ~word &
			     UINT64_C(0x8080808080808080);
	return low == 0 ? 8 : (size_t)__builtin_ctzll(low) / 8;
}

/* Up to a blank: eight at once, while there are as many and none is low. */
static size_t word_len(const uint8_t *at, size_t left)
{
	size_t len = 0;
	for (size_t high = 8; high == 8 && left - len >= 8; len += high) {
		high = high_bytes(at + len);
	}
	while (len < left && !is_blank(at[len])) {
		len++;
	}
	return len;
}

struct text text_word(struct text *rest)
{
	const uint8_t *at = rest->at;
	size_t left = rest->len;
	if (left == 0) {
		return *rest;
	}
	while (left > 0 && is_blank(*at)) {
		at++;
		left--;
	}
	const size_t len = word_len(at, left);
	*rest = (struct text){.at = at + len, .len = left - len};
	return (struct text){.at = at, .len = len};
}

static bool is_word_byte(uint8_t byte)
{
	return byte > ' ' && byte != 0x7f;
}

struct text text_word_lenient(struct text *rest)
{
	const uint8_t *at = rest->at;
	size_t left = rest->len;
	while (left > 0 && (!is_word_byte(*at) || *at > 0x7f)) {
		at++;
		left--;
	}
	struct text word = {.at = at, .len = 0};
	while (left > 0 && is_word_byte(*at)) {
		word.len++;
		at++;
		left--;
	}
	while (left > 0 && !is_word_byte(*at)) {
		at++;
		left--;
	}
	*rest = (struct text){.at = at, .len = left};
	return word;
}

static bool is_space(uint8_t byte)
{
	return is_blank(byte) || byte == '\r' || byte == '\n';
}

struct text text_trim(struct text text)
{
	while (text.len > 0 && is_space(text.at[0])) {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && is_space(text.at[text.len - 1])) {
		text.len--;
	}
	return text;
}

static char plain_of(uint8_t byte)
{
	const bool is_plain = byte > '\\' ? byte <= 0x7e /* small letters first */
					  : byte >= 0x20 && byte != '"' && byte != '\\';
	return (char)(is_plain ? byte : (uint8_t)'?');
}

void text_copy(char *field, size_t size, struct text text)
{
	const size_t len = text.len < size ? text.len : size - 1;
	for (size_t i = 0; i < len; i++) {
		field[i] = plain_of(text.at[i]);
	}
	field[len] = '\0';
}

/* Bytes of the character in front that is no ASCII and may be shown as it is; or 0. */
static size_t letter_len(struct text text)
{
	char letter[UTF8_BYTES_MAX + 1] = "";
	uint32_t code;
	memcpy(letter, text.at, text.len < UTF8_BYTES_MAX ? text.len : UTF8_BYTES_MAX);
	const size_t len = utf8_read(letter, &code);
	return len > 0 && !utf8_is_control(code) ? len : 0;
}

void text_copy_letters(char *field, size_t size, struct text text)
{
	size_t used = 0;
	uint8_t bits = 0;
	for (size_t i = 0; i < text.len && i < size; i++) {
		bits |= text.at[i];
	}
	if (bits < 0x80) { /* most, and many bytes at once */
		text_copy(field, size, text);
		return;
	}
	while (text.len > 0 && used + 1 < size) { /* each turn fills a byte of it */
		size_t len = text.at[0] < 0x80 ? 0 : letter_len(text);
		if (used + len >= size) {
			break;
		}
		if (len > 0) {
			memcpy(field + used, text.at, len);
		} else {
			len = 1;
			field[used] = plain_of(text.at[0]);
		}
		used += len;
		text.at += len;
		text.len -= len;
	}
	field[used] = '\0';
}

int text_hex_digit(uint8_t byte)
{
	const uint8_t lower = byte | 0x20;
	if (byte >= '0' && byte <= '9') {
		return byte - '0';
	}
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool text_number(struct text text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	size_t i = 0;
	for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
		const uint64_t digit = (uint64_t)(text.at[i] - '0');
		if (value > (max - digit) / 10 || digit > max) {
			return false;
		}
		value = value * 10 + digit;
	}
	*out = value;
	return i > 0;
}
