/*
 * flow/ambiguity - what two receivers may read in two ways.
 *
 * Of one flow: why, and the beginning of both readings. The bytes are a peer's, and may
 * be a secret: who shows them shows no more than a word it knows.
 */
#pragma once

#include <stdint.h>

enum flow_doubt { /* why a segment may never have been taken */
	FLOW_DOUBT_NONE = 0,
	FLOW_DOUBT_SYN,      /* data in a SYN, RFC 7413 */
	FLOW_DOUBT_NO_ACK,   /* no ACK flag, RFC 9293 section 3.10.7.4 */
	FLOW_DOUBT_UNSENT,   /* acknowledges what was never sent, same place */
	FLOW_DOUBT_CHECKSUM, /* wrong, after right ones of the same side */
	FLOW_DOUBT_TTL,      /* lower than any that is known to have arrived */
	FLOW_DOUBT_WINDOW, /* where the receiver's window ended, RFC 9293 section 3.10.7.4 */
	FLOW_DOUBT_TIMESTAMP, /* older than one before, or none any more, RFC 7323 */
	FLOW_DOUBT_SIGNED, /* a signature that nobody agreed on, RFC 2385, RFC 5925 */
	/* and what may have been taken in two ways */
	FLOW_DOUBT_VERSIONS,  /* two versions of the same bytes */
	FLOW_DOUBT_FRAGMENTS, /* two versions of a fragment */
	FLOW_DOUBT_URGENT,    /* a byte out of line, or not (RFC 6093 section 3) */
	FLOW_DOUBT_AHEAD,     /* more waits behind a hole than is kept */
	FLOW_DOUBT_CONNECTION, /* another connection's handshake in the midst of this one */
	FLOW_DOUBT_COUNT
};

#define FLOW_READING_BYTES 24

struct flow_reading {
	uint16_t len; /* of the whole segment, or piece */
	uint8_t kept; /* bytes of its beginning */
	uint8_t bytes[FLOW_READING_BYTES];
};

struct flow_ambiguity {
	uint8_t doubt; /* enum flow_doubt; 0: there is none */
	uint8_t side;  /* whose bytes they are */
	/* as they came; both empty where only the kind is known */
	struct flow_reading first;
	struct flow_reading second;
};
