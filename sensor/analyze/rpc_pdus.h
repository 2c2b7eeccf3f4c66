/*
 * analyze/rpc_pdus - cut one direction's bytes into DCE/RPC PDUs.
 *
 * In: bytes cut anywhere, several PDUs or a part of one. Out: one item at a time: a
 * head, pieces of its body, its authentication verifier, its end. Keeps no body.
 * Connection-oriented PDUs, C706 section 12.6; both byte orders.
 */
#pragma once

#include "analyze/facts.h"
#include "base/text.h"
#include "classify/rpc_head.h"

#define RPC_VERIFIER_BYTES 8

enum rpc_level { /* MS-RPCE section 2.2.1.1.8 */
	RPC_LEVEL_UNKNOWN = 0,
	RPC_LEVEL_NONE = 1,
	RPC_LEVEL_CONNECT = 2,
	RPC_LEVEL_PRIVACY = 6,
};

enum rpc_item {
	RPC_ITEM_MORE = 0, /* all bytes were used up */
	RPC_ITEM_HEAD,     /* .head holds; a fresh PDU */
	RPC_ITEM_BODY,     /* a piece of the body */
	RPC_ITEM_END,      /* of the PDU; .level and .security are its verifier's */
	RPC_ITEM_BROKEN,   /* no PDU begins here: the next one is looked for */
};

struct rpc_pdus {
	struct rpc_head head;
	uint8_t stage;    /* private */
	uint8_t level;    /* enum rpc_level of the verifier; unknown: there is none */
	uint8_t security; /* what made it: 9 SPNEGO, 10 NTLM, 16 Kerberos */
	uint8_t buffer_len;
	uint8_t buffer[RPC_HEAD_BYTES];
	bool is_lost;  /* the next PDU is looked for at the start of a segment */
	uint32_t left; /* bytes of the stage to come */
};

/* Take bytes off the front of *rest up to the next item; *body is borrowed from it. */
enum rpc_item rpc_pdus_next(
	struct rpc_pdus *pdus, struct text *rest, struct text *body);

/* missing bytes were lost here; 0: unknown number. */
void rpc_pdus_gap(struct rpc_pdus *pdus, uint64_t missing);

/* The type of the PDU at hand carries calls: request, response, fault. */
bool rpc_pdus_is_content(const struct rpc_pdus *pdus);

/* A PDU with calls ended: how it was protected. bound: the level of the binding, or unknown. */
void rpc_pdus_note_content(
	const struct rpc_pdus *pdus, struct facts *facts, enum rpc_level bound);
