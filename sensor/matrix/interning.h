/*
 * matrix/interning - number lists of words, like lists alike.
 *
 * What is compared often is numbered once: two lists are the same when their numbers
 * are. Numbers count up from 0 in the order of their first appearance. Grows with what
 * it is given; for loading and commands, never for packets.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct interning_entry {
	uint64_t hash;
	size_t start; /* of its words */
	size_t count;
};

struct interning {
	uint32_t *words; /* of all lists, one behind the other */
	size_t word_count;
	struct interning_entry *entries; /* by number */
	size_t count;
	uint32_t *slots; /* number + 1; 0: free */
	size_t capacity; /* power of two, or 0 */
};

/* The list's number; it was unknown when that is what .count was before. */
uint32_t interning_number(
	struct interning *interning, const uint32_t *words, size_t count);

void interning_free(struct interning *interning);
