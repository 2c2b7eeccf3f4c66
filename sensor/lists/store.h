/*
 * lists/store - the lists in memory that all processes share, and the next.
 *
 * Two blocks, mapped before the processes are forked and used in turn: generation n is in
 * block n % 2. A loader fills the free one; whoever judges takes the new one between two
 * packets and says so, and when all have, the other one is free. So no packet is judged by
 * half a list. Each block is a file without a name, to be handed to who asks about it.
 */
#pragma once

#include "lists/lists.h"

#define LISTS_READERS_MAX 128

struct lists_store; /* opaque */

struct lists_store *lists_store_new(struct reason *why);

/* In a child: the files are the supervisor's alone, the blocks its and the readers'. */
void lists_store_leave(const struct lists_store *store, bool is_reader);

/* The generation in force; 0: none yet. */
uint32_t lists_store_generation(const struct lists_store *store);

/* The block of a generation, which is in force, or the next. */
struct lists *lists_store_block(const struct lists_store *store, uint32_t generation);
int lists_store_file(const struct lists_store *store, uint32_t generation);

/* The next one is filled, and in force from here on. */
void lists_store_publish(struct lists_store *store);

/*
 * A reader, by its place, uses what is in force from here on. NULL: none is. Costs little
 * enough to be called between any two packets.
 */
struct lists *lists_store_take(struct lists_store *store, unsigned reader);

/* Whether this reader uses what is in force. */
bool lists_store_is_taken(const struct lists_store *store, unsigned reader);

/* Give back the memory of the block that is not in force, which nobody uses. */
void lists_store_clear(const struct lists_store *store);

/* In a reader: all but the hits is read only from here on. */
bool lists_store_freeze(const struct lists_store *store, struct reason *why);
