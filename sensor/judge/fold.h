/*
 * judge/fold - fold repeats of one finding: first at once, then one update per window.
 *
 * Key: from group, source, to group, destination, finding, row, way in. What is worse than
 * all that was told of its key is told at once. Bounded: a full table gives up the key idle
 * longest and reports its count.
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"
#include "judge/judge.h"

struct fold; /* opaque */

/* What an update tells besides the key, of the flow folded last. */
struct fold_sample {
	struct matrix_end from;
	struct matrix_end to;
	const struct matrix_row *row;     /* as in the judgement */
	const struct matrix_row *nearest; /* same */
	enum protocol protocol;
	enum verdict verdict;
	enum severity severity;
	uint16_t client_port;
	uint16_t server_port;
	bool is_blocked;
	bool is_audited;
	uint8_t transport;
	struct way way;
};

struct fold_key {
	struct address source;
	struct address destination;
	const void *from; /* group or zone pointer: identity only */
	const void *to;
	const void *row; /* row or nearest row, or NULL */
	enum finding finding;
	uint32_t way;              /* tag, see struct way */
	uint8_t grade;             /* the more the worse; no part of the identity */
	struct fold_sample sample; /* no part of the identity */
};

struct fold_count {
	uint64_t first_us;
	uint64_t last_us;
	uint32_t count; /* flows folded into this report since the last one */
};

/* window_us: at most one update in this time; capacity: keys kept. */
struct fold *fold_new(uint64_t window_us, uint32_t capacity, struct hash_seed seed,
	struct reason *why);
void fold_free(struct fold *fold);

/*
 * Count one occurrence. True: report now (*count says for how many); false: folded.
 */
bool fold_add(struct fold *fold, const struct fold_key *key, uint64_t now_us,
	struct fold_count *count);

/*
 * After fold_add: what the key given up for the new one still held, once. False when
 * none was given up or it held nothing unreported.
 */
bool fold_evicted(struct fold *fold, struct fold_key *key, struct fold_count *count);

/* Visit what is folded and was never reported (end of replay, drain), oldest first. */
typedef void fold_visit(
	void *context, const struct fold_key *key, const struct fold_count *count);
void fold_drain(struct fold *fold, fold_visit *visit, void *context);

/* Visit what is folded and whose window is over: nothing new of it may come for long. */
void fold_due(struct fold *fold, uint64_t now_us, fold_visit *visit, void *context);

/* Forget every key, after a drain: what the keys point to goes away. */
void fold_clear(struct fold *fold);
