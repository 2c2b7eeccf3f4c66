/*
 * base/checksum - the Internet checksum (RFC 1071).
 *
 * Sums stay in the byte order of the machine (RFC 1071 section 2 (B)), so they
 * only compare with fields read the same way.
 */
#pragma once

#include "base/address.h"

#include <stddef.h>
#include <stdint.h>

enum checksum_result {
	CHECKSUM_RIGHT = 0,
	CHECKSUM_WRONG,
	CHECKSUM_OFFLOADED, /* left to the network card: nothing to compare with yet */
};

/* What a segment is summed with (RFC 9293 section 3.1, RFC 8200 section 8.1). */
struct checksum_pseudo {
	const struct address *src;
	const struct address *dst;
	uint32_t len; /* of the segment */
	uint8_t protocol;
};

/* Whether the checksum of an IPv4 header of len bytes is right. */
enum checksum_result checksum_ipv4_header(const uint8_t *header, size_t len);

/* What to write into the checksum field, zero before, of an IPv4 header. */
uint16_t checksum_ipv4_make(const uint8_t *header, size_t len);

/* The same of a segment, its field zero before. Never for UDP, where 0 means none. */
uint16_t checksum_segment_make(
	const uint8_t *segment, const struct checksum_pseudo *pseudo);

/* Whether that of a whole segment is right; its field is at field_at. */
enum checksum_result checksum_segment(
	const uint8_t *segment, size_t field_at, const struct checksum_pseudo *pseudo);
