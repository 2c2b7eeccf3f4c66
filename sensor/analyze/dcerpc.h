/*
 * analyze/dcerpc - DCE/RPC over TCP: MAPI named by its interfaces, and how it is protected.
 *
 * Reads every context of bind and alter_context and the server's answer to each, the
 * level of protection of every call, and the answers of an endpoint mapper. Until an
 * Exchange interface is asked for, facts->protocol is dcerpc. C706 section 12.6,
 * MS-RPCE section 2.2.
 */
#pragma once

#include "analyze/analyzer.h"
#include "analyze/rpc_pdus.h"
#include "analyze/rpc_towers.h"

struct dcerpc_side {
	struct rpc_pdus pdus;
	uint8_t step; /* private, of the body at hand */
	uint8_t piece_len;
	uint8_t piece_need;
	uint8_t piece[24];
	uint16_t item;       /* number of the context or result at hand */
	uint16_t items_left; /* contexts or results still to come */
	uint32_t skip;       /* body bytes to pass */
};

#define RPC_CONTEXT_WORDS 4 /* their count is one byte: C706 section 12.6.3.1 */

struct dcerpc {
	struct dcerpc_side sides[2]; /* by enum direction */
	/* contexts of the last bind for Exchange, one bit each; those granted */
	uint64_t asked[RPC_CONTEXT_WORDS];
	uint64_t accepted[RPC_CONTEXT_WORDS];
	bool is_asked;     /* one of asked is set */
	uint16_t requests; /* heads from the client while nothing is Exchange's */
	uint16_t calls;    /* PDUs with content */
	uint8_t level;     /* enum rpc_level of the binding */
	bool is_begun;     /* a PDU was read */
	bool has_bind;     /* the interfaces are known */
	bool is_mapper;    /* bound to the endpoint mapper */
	bool is_exchange;  /* an Exchange interface was granted */
	struct rpc_towers towers;
};

/* Calls go on and what they are bound to was never seen. */
bool dcerpc_is_bind_missed(const void *state);

/* Take one endpoint that the mapper told; false when there is none left. */
bool dcerpc_take_endpoint(void *state, struct rpc_endpoint *endpoint);
