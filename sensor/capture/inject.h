/*
 * capture/inject - end a connection that must not go on, as its two ends would.
 *
 * In: where one TCP segment stood. Out: a raw IP packet that the peer takes for the
 * other end's: RST, ACK, or a last reply text with FIN. Building is pure; sending
 * goes through raw sockets that inject_open opened (CAP_NET_RAW) before the cage.
 * RFC 9293 section 3.5.2, 3.10.7; RFC 5321 section 3.1 (554 as greeting), 4.2.1.
 */
#pragma once

#include "base/address.h"
#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>

#define INJECT_TEXT_BYTES   128
#define INJECT_PACKET_BYTES (40 + 20 + INJECT_TEXT_BYTES)

/* One segment to write; ends as they will stand in its headers. */
struct inject_segment {
	struct address src;
	struct address dst;
	uint16_t src_port;
	uint16_t dst_port;
	uint32_t sequence;
	uint32_t acknowledgement; /* with TCP_ACK */
	uint8_t flags;            /* TCP_RST | TCP_ACK ... (RFC 9293 section 3.1) */
	const char *text;         /* payload, at most INJECT_TEXT_BYTES; or NULL */
};

/* Writes the IP packet; returns its length, 0 when the ends are of two IP versions. */
size_t inject_build(
	const struct inject_segment *segment, uint8_t packet[INJECT_PACKET_BYTES]);

struct injector; /* opaque */

/* mark: set on every packet sent, so that rules can keep it out of the queue; 0: none. */
struct injector *inject_open(uint32_t mark, struct reason *why);
void inject_close(struct injector *injector);

/* False when the kernel took it not; never waits. */
bool inject_send(struct injector *injector, const struct inject_segment *segment);
