/*
 * report/seen - how far a flow was seen, for what a recommendation asks of it.
 *
 * In: a flow's record. Out: far enough, or the first reason why not. What was not seen
 * far enough excuses nobody: it is no evidence that nothing was wrong. Judges nothing.
 */
#pragma once

#include "engine/record.h"

enum seen {
	SEEN_ENOUGH = 0,
	SEEN_ONE_WAY,   /* one end's packets alone: a claim, or half of a mirror */
	SEEN_NO_START,  /* joined in mid-stream */
	SEEN_MISSING,   /* bytes in clear were lost, or cut off */
	SEEN_NO_HELLO,  /* the server's choice of TLS was not read */
	SEEN_UNDECIDED, /* no verdict: what the matrix asks never showed */
	SEEN_COUNT
};

/* Who speaks with whom, and whether the matrix lets them. */
enum seen seen_ends(const struct record *record);

/* All that was said in clear, from the first byte on. Of a record with facts. */
enum seen seen_text(const struct record *record);

/* Whether it was TLS and which, or that all of it was in clear. Of a record with facts. */
enum seen seen_tls(const struct record *record);

/* "in one direction only", "one_direction" */
const char *seen_words(enum seen seen);
const char *seen_key(enum seen seen);
