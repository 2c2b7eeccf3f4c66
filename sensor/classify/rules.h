/*
 * classify/rules - which traits of both sides together name a protocol.
 *
 * In: the traits of the side taken for the client and of the other one. Out: the
 * row of one table that fits, the first in its order. Reads no bytes.
 */
#pragma once

#include "classify/protocol.h"
#include "classify/traits.h"

/* What is known of the bytes besides their traits. */
struct rules_state {
	bool is_last;         /* no more bytes will come: weak rows count too */
	bool is_server_first; /* the very first bytes of the flow were the server's */
	bool is_client_full;
	/* the clear protocol of the server's port, or UNKNOWN */
	enum protocol port_owner;
};

struct rule {
	uint64_t client_any;   /* one of these, where not 0 */
	uint64_t client_and;   /* and one of these */
	uint64_t client_first; /* and one of these in the very first line */
	uint64_t client_none;  /* none of these */
	uint64_t server_any;
	uint64_t server_and;
	uint64_t server_none; /* none of these */
	bool needs_last;
	bool needs_last_or_full;
	bool needs_server_first;
	bool is_role_unsure; /* both sides may say this */
	/* on a port of this protocol only, where not UNKNOWN */
	enum protocol port_owner;
	enum protocol protocol;
	const char *evidence;
};

#define RULES_RANK_NONE SIZE_MAX

/*
 * The first row that fits and stands before *rank in the table, whose place *rank
 * becomes; NULL when there is none.
 */
const struct rule *rules_match(const struct traits *client, const struct traits *server,
	const struct rules_state *state, size_t *rank);
