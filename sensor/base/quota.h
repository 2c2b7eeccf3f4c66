/*
 * base/quota - how much of what is dear is done in a second: by whoever causes it, and in all.
 *
 * In: who is at hand and the time of his packet. Out: whether he may have it done once more.
 * Allocates nothing and reads no clock: a second that is not the last one begins at nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define QUOTA_HOLDERS 256

struct quota {
	uint32_t each; /* most that one holder has in a second; the owner's to set */
	uint32_t all;  /* most that all of them have; the owner's to set */
	uint64_t second;
	uint32_t taken;
	uint8_t holder; /* who is at hand */
	uint32_t taken_by[QUOTA_HOLDERS];
};

void quota_begin(struct quota *quota, uint8_t holder, uint64_t now_us);

/* False: he, or all of them, had enough in this second. */
bool quota_take(struct quota *quota);
