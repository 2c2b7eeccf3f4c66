/*
 * status/list_states - of each list how many entries and hits it has, and since when.
 *
 * Part of the status page: the supervisor writes it when lists were loaded and once a
 * second, readers take no lock and trust no text to end. Names are those of the matrix.
 */
#pragma once

#include "lists/lists.h"

#include <stdatomic.h>

struct list_state {
	char name[64];
	_Atomic uint32_t kind; /* enum matrix_list_kind */
	_Atomic uint32_t entries;
	/* the file is not usable: these are entries of before */
	_Atomic uint32_t is_kept;
	_Atomic uint32_t bad_lines;
	/* flows; they never go back while the list is declared */
	_Atomic uint64_t hits;
	_Atomic uint64_t counted; /* of these, what the block in force had last */
	_Atomic int64_t read_s;   /* when its entries were; 0: never */
	_Atomic int64_t file_s;   /* when the file was written last; 0: there is none */
	_Atomic int64_t failed_s; /* when a file was not usable last; 0: never */
	_Atomic uint64_t failures; /* how often one was not */
	struct reason problem;     /* of the last reading; "" without */
};

struct list_states {
	_Atomic uint32_t count;
	struct list_state list[LISTS_MAX];
};

/* They are in force from here on. */
void list_states_load(
	struct list_states *states, const struct lists *lists, int64_t now_s);

/* What the flows since then hit; of those in force. */
void list_states_count(struct list_states *states, const struct lists *lists);

/* "allow", "temporary", "deny"; these two are in range, whatever the page says. */
const char *list_state_kind(const struct list_state *state);
uint32_t list_states_count_of(const struct list_states *states);
