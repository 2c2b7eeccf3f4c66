/*
 * base/text - ASCII words in untrusted bytes.
 *
 * Nothing here needs a NUL at the end and nothing depends on the locale.
 */
#pragma once

#include "base/cold.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One run of bytes on the wire: borrowed, not NUL-terminated. */
struct text {
	const uint8_t *at;
	size_t len;
};

/* Its first len bytes, which it has, are taken off. */
static inline void text_advance(struct text *text, size_t len)
{
	text->at += len;
	text->len -= len;
}

static inline struct text text_from(const char *word)
{
	return (struct text){(const uint8_t *)word, strlen(word)};
}

/* The first len bytes of word, ASCII case apart; all of them. */
bool text_begins(struct text text, const char *word, size_t len);

/* The first byte may be that of word: turns most words down at once. */
static HOT bool text_may_begin(struct text text, const char *word)
{
	return text.len > 0 && ((text.at[0] ^ (uint8_t)word[0]) & ~0x20) == 0;
}

/* Starts with word, ASCII case apart; word is a NUL-terminated constant, not empty. */
static HOT bool text_starts(struct text text, const char *word)
{
	return text_may_begin(text, word) && text_begins(text, word, strlen(word));
}

/* Whether both have the same letters, ASCII case apart. */
static HOT bool text_is(struct text text, const char *word)
{
	return text_may_begin(text, word) && text.len == strlen(word) &&
	       text_begins(text, word, text.len);
}

/* Words with what they stand for, by the low five bits of their first letter. */
#define TEXT_WORD_LISTS      32
#define TEXT_WORD_LIST(word) ((word) & (TEXT_WORD_LISTS - 1))

struct text_word_row {
	const char *word; /* NULL ends a list */
	unsigned value;
};

#define TEXT_WORDS(...) ((const struct text_word_row[]){__VA_ARGS__, {NULL, 0}})

/* The value of the row whose word text is, ASCII case apart, or otherwise. */
unsigned text_find(struct text text,
	const struct text_word_row *const lists[TEXT_WORD_LISTS], unsigned otherwise);

/* Cut the next run of non-blank bytes off the front of *rest (blank: SP, TAB). */
struct text text_word(struct text *rest);

/*
 * The same as lenient servers do: bytes that are no ASCII letters in front are dropped, and
 * a control byte ends the word as a blank does. Looks at each byte once.
 */
struct text text_word_lenient(struct text *rest);

/* Drop SP, TAB, CR and LF at both ends. */
struct text text_trim(struct text text);

/*
 * Copy into a NUL-terminated field of size bytes, cut to fit. Control bytes,
 * bytes above 0x7e, '"' and '\' become '?' so that no record or log line can be forged.
 */
void text_copy(char *field, size_t size, struct text text);

/*
 * The same, and what is UTF-8 stays (RFC 6531), but for what steers whoever shows it
 * (utf8_is_control). Cuts no character apart.
 */
void text_copy_letters(char *field, size_t size, struct text text);

/*
 * FNV-1a: the same in every process and over a reload. Not for tables whose keys strangers
 * choose, unless keys that fall together do no harm: those take base/hash.
 */
static inline uint64_t text_hash(struct text text)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < text.len; i++) {
		hash = (hash ^ text.at[i]) * 0x100000001b3;
	}
	return hash;
}

/* Value of a hexadecimal digit of either case, or -1. */
int text_hex_digit(uint8_t byte);

/* Decimal number at the front; false when there is none or it exceeds max. */
bool text_number(struct text text, uint64_t max, uint64_t *out);
