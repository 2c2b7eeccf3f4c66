/*
 * analyze/rpc_towers - find protocol towers in an endpoint mapper's answers.
 *
 * In: the stubs of ept_map and ept_lookup responses, cut anywhere. Out: which interface
 * listens on which TCP port. Towers are looked for by their first floor, so that NDR's
 * pointers need not be followed. C706 appendices I, L and O.
 */
#pragma once

#include "base/address.h"
#include "base/text.h"

#define RPC_TOWERS_BYTES 384 /* of one tower; a longer one is passed over */
#define RPC_TOWERS_FOUND 12

struct rpc_endpoint {
	struct address address; /* where .has_address */
	uint16_t port;
	bool has_address;
	bool is_exchange; /* an interface of MAPI over RPC */
};

struct rpc_towers {
	uint8_t *bytes; /* what is kept: the caller's room for RPC_TOWERS_BYTES */
	uint16_t len;
	uint8_t count; /* of .found */
	struct rpc_endpoint found[RPC_TOWERS_FOUND];
};

/* What is found is added to .found; when that is full, Exchange's push out others. */
void rpc_towers_bytes(struct rpc_towers *towers, struct text bytes);

/* Bytes are missing: what was begun is given up. */
void rpc_towers_gap(struct rpc_towers *towers);
