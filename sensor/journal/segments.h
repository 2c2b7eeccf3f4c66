/*
 * journal/segments - the files of a journal's folder, by name.
 *
 * A segment is <start>.eve.jsonl, start being the position of its first byte in the
 * whole journal, in 16 digits: names sort as the records came. Knows no content.
 * Private to journal/.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_NAME_BYTES 32
#define SEGMENTS_MAX       4096
#define SEGMENT_JUMP_BYTES (UINT64_C(64) << 20) /* left out behind a machine's fall */

struct segments {
	size_t count;
	uint64_t starts[SEGMENTS_MAX]; /* oldest first */
};

void segment_name(uint64_t start, char name[SEGMENT_NAME_BYTES]);

/* False: the name is no segment's. */
bool segment_start(const char *name, uint64_t *start);

/* Every segment of the folder; false when it cannot be read or holds too many. */
bool segments_list(int directory, struct segments *segments, struct reason *why);

/* Size of one; false when it is gone. */
bool segment_size(int directory, uint64_t start, uint64_t *size);

/* When it was last written, microseconds since 1970; 0 when it is gone. */
uint64_t segment_changed_us(int directory, uint64_t start);

/* Visit every name of the folder; false when it cannot be read. */
bool segments_visit_names(int directory, void (*visit)(void *context, const char *name),
	void *context, struct reason *why);
