/*
 * classify/prefix - the first bytes of a conversation, both ways, in arrival order.
 *
 * Kept until the protocol is known; then the engine plays them to the analyzer
 * run by run. Sides are the flow's endpoints (0 and 1), not roles: who is the
 * client may be unsure while this is filled.
 */
#pragma once

#include "classify/traits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PREFIX_BYTES 1024 /* kept per side */
#define PREFIX_RUNS  24

struct prefix_run {
	uint16_t side : 1;
	uint16_t is_gap : 1; /* bytes are missing here in this side's stream */
	uint16_t len : 14;
};

struct prefix {
	uint16_t len[2];
	uint16_t run_count;
	bool has_gap[2]; /* bytes were lost inside or in front of this side's prefix */
	bool is_cut[2];  /* the last run of this side is what did not fit */
	/* consecutive bytes of one side are one run */
	struct prefix_run runs[PREFIX_RUNS];
	uint8_t bytes[2][PREFIX_BYTES];
	struct traits_reading reading[2]; /* for classify */
};

/* Empty: what is filled as bytes come is not cleared. */
void prefix_begin(struct prefix *prefix);

/* What came, without what was read of it. */
void prefix_copy(struct prefix *to, const struct prefix *from);

/* Append; returns how many of len bytes were kept (fewer once the prefix is full). */
size_t prefix_add(
	struct prefix *prefix, unsigned side, const uint8_t *bytes, size_t len);
void prefix_gap(struct prefix *prefix, unsigned side);

/* Bytes of a full side go by: a gap at its end, where there is room to note it. */
void prefix_cut(struct prefix *prefix, unsigned side);

/* The first bytes that one of the sides ever sent are missing. */
bool prefix_is_start_lost(const struct prefix *prefix);

/* Forget the first len bytes of side (a proxy header that was read); runs follow. */
void prefix_drop(struct prefix *prefix, unsigned side, size_t len);

/* Forget all bytes of both sides; that some are missing stays known. */
void prefix_forget(struct prefix *prefix);

/* The very first bytes were this side's, and none were lost in front of them. */
bool prefix_is_first(const struct prefix *prefix, unsigned side);

/* Enough of the server's first line to see whether a mail server says it. */
bool prefix_has_answer(const struct prefix *prefix, unsigned server);

/* What this side said first was not captured: it may have come before all there is. */
bool prefix_is_first_lost(const struct prefix *prefix, unsigned side);

/* This side spoke, and once more behind a word of the other; or for so long that it is cut. */
bool prefix_has_gone_on(const struct prefix *prefix, unsigned side);
/* Nothing that could tell more came, of which kept bytes were taken: it is as it was when last looked at. */
bool prefix_is_stale(const struct prefix *prefix, unsigned side, size_t kept);

/* All that one side said, at least so many bytes, repeats what the other one said before. */
bool prefix_is_echo(const struct prefix *prefix, size_t least);

bool prefix_is_full(const struct prefix *prefix, unsigned side);
