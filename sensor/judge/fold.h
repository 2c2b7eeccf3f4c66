/*
 * judge/fold - fold repeats of one finding: first at once, then an update in time.
 *
 * Key: from group, source, to group, destination, finding, row, way in. What is worse than
 * all that was told of its key is told at once, and so is a finding of the same cause that
 * was not told of it, and each doubling of the hosts that are one key. All else waits for
 * one update, at the latest a window behind the first that waits. Bounded: a full table
 * gives up the key idle longest and reports its count.
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"
#include "judge/judge.h"

struct fold; /* opaque */

#define FOLD_WINDOW_S  300 /* where nobody set another */
#define FOLD_DAY_US    (UINT64_C(24) * 3600 * 1000000)
#define FOLD_HOST_BITS 1024 /* hosts told apart in one key: the count is "at least" */
#define FOLD_EXAMPLES  5

struct fold_key {
	struct address source;
	struct address destination;
	const void *from; /* group or zone pointer: identity only */
	const void *to;
	const void *row; /* row or nearest row, or NULL */
	enum finding finding;
	uint32_t way; /* tag, see struct way */
	/* from here on no part of the identity */
	uint8_t grade;    /* the more the worse */
	bool is_standing; /* a fact that lasts: an update a day */
	bool has_host;    /* many hosts may be this key: .host is one of them */
	/* of the same cause, .finding among them: FINDING_BIT of each */
	uint64_t findings;
	struct address host;
	/* of the newest: sample_bytes, copied; borrowed when given out */
	const void *sample;
};

struct fold_count {
	uint64_t first_us;
	uint64_t last_us;
	uint32_t count; /* flows folded into this report since the last one */
	uint32_t of[FINDING_FLOW_COUNT]; /* of these, with each finding of the cause */
	uint32_t hosts; /* of the key so far, at least; 0: it is no key of many hosts */
	bool is_grown;  /* by a host, since the last report */
	bool is_repeat; /* the key was told before, and of this nothing is worse */
	uint8_t example_count;
	/* of the hosts the newest, newest first */
	struct address examples[FOLD_EXAMPLES];
};

/* A flow of these had another finding of the same cause too. */
static inline bool fold_count_has_also(
	const struct fold_count *count, enum finding finding)
{
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (i != (unsigned)finding && count->of[i] > 0) {
			return true;
		}
	}
	return false;
}

struct fold_settings {
	uint64_t window_us;
	uint32_t capacity; /* keys kept */
	size_t sample_bytes;
	struct hash_seed seed;
};

struct fold *fold_new(const struct fold_settings *settings, struct reason *why);
void fold_free(struct fold *fold);

/*
 * Count one occurrence. True: report now (*count says for how many); false: folded.
 */
bool fold_add(struct fold *fold, const struct fold_key *key, uint64_t now_us,
	struct fold_count *count);

/*
 * After fold_add or fold_hear: what the key given up for the new one still held, once. False when
 * none was given up or it held nothing unreported.
 */
bool fold_evicted(struct fold *fold, struct fold_key *key, struct fold_count *count);

/* Visit what is folded and was never reported (end of replay, drain), oldest first. */
typedef void fold_visit(
	void *context, const struct fold_key *key, const struct fold_count *count);
void fold_drain(struct fold *fold, fold_visit *visit, void *context);

/* Visit what has waited for its window; a few at a time, the longest first. */
void fold_due(struct fold *fold, uint64_t now_us, fold_visit *visit, void *context);

/*
 * Of a key that flows of other processes may have too: each occurrence is told to their
 * folds. All of them count alike; the one that had the newest occurrence tells the update.
 * Plain data; what points to the matrix, which all share, is never followed.
 */
struct fold_lesson {
	struct address source;
	struct address destination;
	struct address host;
	const void *from;
	const void *to;
	const void *row;
	uint64_t findings;
	uint64_t now_us;
	uint32_t way;
	uint32_t matrix; /* generation, which the numbers are of: control's */
	uint8_t finding;
	uint8_t grade;
	uint8_t is_standing;
	uint8_t has_host;
	uint8_t unused[4];
};

struct fold_lesson fold_lesson_of(const struct fold_key *key, uint64_t now_us);

/* Nothing in it is odd: asked of all that others told. */
bool fold_lesson_is_sound(const struct fold_lesson *lesson);

/* Count an occurrence that another one had, and told where that was due. */
void fold_hear(struct fold *fold, const struct fold_lesson *lesson);

/* Forget every key, after a drain: what the keys point to goes away. */
void fold_clear(struct fold *fold);
