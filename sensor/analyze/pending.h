/*
 * analyze/pending - commands whose reply has not come, oldest first.
 *
 * Equal neighbours share a row, so a pipelined burst of RCPT costs one. When the
 * rows run out everything is forgotten: replies are then judged by their code.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PENDING_ROWS 20

struct pending {
	uint16_t counts[PENDING_ROWS];
	uint8_t verbs[PENDING_ROWS];
	uint8_t len;
};

/* One command, or count of them at the price of one. */
void pending_add(struct pending *pending, unsigned verb);
void pending_add_many(struct pending *pending, unsigned verb, uint16_t count);

/* The oldest verb, or -1. */
int pending_first(const struct pending *pending);
void pending_drop(struct pending *pending);

/* Drop everything older than the first row of verb; false (nothing dropped) when there is none. */
bool pending_reach(struct pending *pending, unsigned verb);

bool pending_has(const struct pending *pending, unsigned verb);

/* Forget what is newer than the first row of verb: everything, when there is none. */
void pending_cut(struct pending *pending, unsigned verb);
void pending_clear(struct pending *pending);
