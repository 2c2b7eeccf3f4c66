/*
 * observed/answers - what a person said to proposed rows, kept in a file.
 *
 * In: lines "accept KEY", "deny KEY", "ignore KEY" and "fill ADDRESS PERCENT"; "#" begins
 * a comment. Out: the last answer to a key, and how full the prefixes of the group must
 * be that holds an address. A line that is none of these is an error with its number.
 * Bounded. No I/O.
 */
#pragma once

#include "base/address.h"
#include "base/arena.h"
#include "base/reason.h"

#include <stddef.h>
#include <stdio.h>

enum answer { ANSWER_NONE = 0, ANSWER_ACCEPT, ANSWER_DENY, ANSWER_IGNORE };

#define ANSWERS_MOST 100000

struct answer_row {
	enum answer answer;
	const char *key;
};

struct answer_fill {
	struct address address;
	uint32_t percent; /* 1 to 100 */
};

struct answers {
	struct arena arena;
	struct answer_row *rows; /* list_room */
	size_t row_count;
	struct answer_fill *fills;
	size_t fill_count;
};

/* Adds to what is there. False: why. answers_free in either case. */
bool answers_read(
	struct answers *answers, const char *text, size_t len, struct reason *why);
void answers_free(struct answers *answers);

/* The last one counts. */
void answers_add(struct answers *answers, enum answer answer, const char *key);
void answers_fill(
	struct answers *answers, const struct address *address, uint32_t percent);

enum answer answers_find(const struct answers *answers, const char *key);

/* otherwise: where none was given. */
uint32_t answers_fill_of(const struct answers *answers, const struct address *address,
	uint32_t otherwise);

/* As answers_read takes it; of each key and address the last. */
void answers_print(const struct answers *answers, FILE *out);
