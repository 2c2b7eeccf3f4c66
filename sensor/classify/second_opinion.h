/*
 * classify/second_opinion - nDPI's name for a flow. The one file that knows nDPI.
 *
 * Its answer is recorded as evidence and names what is not mail; it never decides
 * that something is mail. One instance per thread. Nothing of nDPI's numbers leaves
 * this file.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>

struct second_opinion;      /* the library's tables */
struct second_opinion_flow; /* its state for one flow */

/* NULL with a reason when the library does not match its headers or gets no memory. */
struct second_opinion *second_opinion_new(struct reason *why);
void second_opinion_free(struct second_opinion *opinion);

/* NULL when flow_limit flows are open already: then there is no second opinion. */
struct second_opinion_flow *second_opinion_open(struct second_opinion *opinion);

/* Feed one packet from its IP header on. Returns true when no further packet is wanted. */
bool second_opinion_packet(struct second_opinion *opinion,
	struct second_opinion_flow *flow, const uint8_t *network, size_t len,
	uint64_t time_us);

/*
 * Close the flow and give its name by inspection (never by port or address): a static
 * text such as "BitTorrent" or "TLS.Google", or NULL when it has none. Frees flow.
 */
const char *second_opinion_close(
	struct second_opinion *opinion, struct second_opinion_flow *flow);

/* The version of nDPI in use, as "4.2.0". */
const char *second_opinion_version(void);
