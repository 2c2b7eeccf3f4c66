/*
 * lists/by_hand - what an administrator changed of a list, beside the file of others.
 *
 * One file a list in the state directory, NDJSON as lists/reading takes it: an entry that
 * was added, or one that was removed, which the list's own file cannot bring back. The last
 * word on an entry counts, so each is there once. Bounded by BY_HAND_MOST.
 */
#pragma once

#include "base/reason.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define BY_HAND_MOST 4096

struct by_hand_change {
	const char *list;
	const char *entry;
	const char *reason; /* "" without */
	int64_t expires_s;  /* 0: never */
	bool is_removed;
};

/* Its name in the state directory. Returns text. */
const char *by_hand_file(const char *list, char text[NAME_MAX + 1]);

/* Write it down; whole or not at all. */
bool by_hand_keep(int directory, const struct by_hand_change *change, int64_t now_s,
	struct reason *why);
