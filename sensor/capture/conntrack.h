/*
 * capture/conntrack - the marks that the kernel keeps with connections, taken back.
 *
 * In: bits of marks, and a question about each connection that has one of them. Out: how
 * many there were, and of how many the bits are gone. Waits for the kernel, never for a
 * peer; needs CAP_NET_ADMIN. Changes nothing else of a connection.
 */
#pragma once

#include "base/address.h"
#include "base/reason.h"

/* As the rules of FORWARD see it: the client before its address is translated, the server behind that. */
struct conntrack_ends {
	struct address client; /* who opened it */
	struct address server;
	uint16_t server_port;
};

struct conntrack_sweep {
	/* connections with any of these bits, and what is taken of them */
	uint32_t mark;
	bool (*is_wanted)(void *context, const struct conntrack_ends *ends);
	void *context;
};

struct conntrack_counts {
	uint64_t marked;
	uint64_t cleared;
};

/* False with a reason: not all were seen, counts say how many were. */
bool conntrack_clear(const struct conntrack_sweep *sweep,
	struct conntrack_counts *counts, struct reason *why);
