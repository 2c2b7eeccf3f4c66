/*
 * decode/fragment - IP fragments -> whole datagrams.
 *
 * A fixed number of datagrams at once, each for 30 s of frame time; a new one
 * beyond the bound gives up the oldest of the source that has most of them. A fragment
 * that repeats bytes is fine. Of two versions, of bytes or of the length, that holds which
 * has more hops left: the other one may never arrive. Of two with as many the first one
 * holds, as in Linux and the BSDs; others take the last one, or none (RFC 5722 section 4).
 * The datagram tells that there were two. Never parses a header.
 */
#pragma once

#include "base/address.h"
#include "base/hash.h"
#include "base/reason.h"
#include "decode/decode.h"

#include <stddef.h>

enum {
	FRAGMENT_HEADER_BYTES_MAX = 40, /* IPv6; IPv4 is kept without options */
	FRAGMENT_PAYLOAD_BYTES_MAX = 65535,
};

struct fragment {
	const struct address *src;
	const struct address *dst;
	const struct address *holder; /* whose share of the slots it takes */
	const uint8_t *bytes;         /* payload of this fragment */
	uint32_t len;
	uint32_t offset; /* of bytes in the payload of the datagram */
	uint32_t identification;
	uint32_t network;    /* VLAN and tunnel, so that networks do not mix */
	uint8_t protocol;    /* IPv4; 0 in IPv6, whose key has none */
	uint8_t next_header; /* IPv6: of the fragment header; the first one's counts */
	uint8_t header_len;  /* of the header kept in front of the payload */
	uint8_t hops;        /* left: TTL or hop limit */
	bool is_more;        /* further ones follow */
	const uint8_t *header; /* kept from the fragment of offset 0 */
};

/* A whole datagram; its header is the one that was kept, its lengths are stale. */
struct datagram {
	uint8_t *header;
	uint32_t header_len;
	uint32_t payload_len; /* directly behind the header */
	uint8_t next_header;  /* IPv6 */
	uint8_t hops;         /* the fewest of its fragments */
	bool has_two_versions;
	bool is_guessed; /* nothing tells which of them arrives */
};

struct fragments; /* opaque */
struct fragments *fragments_new(
	uint32_t datagrams, struct hash_seed seed, struct reason *why);
void fragments_free(struct fragments *fragments);

/*
 * DECODE_OK: *datagram is whole, and holds until fragments_release(). One that some
 * fragments came to over more hops is whole again when others bring better bytes.
 * DECODE_FRAGMENT: kept, or one version too many. DECODE_MALFORMED: no sender makes it.
 */
enum decode_result fragments_add(struct fragments *fragments,
	const struct fragment *fragment, uint64_t now_us,
	struct decode_counters *counters, struct datagram *datagram);

/* Gives back the datagrams handed out since the last call. */
void fragments_release(struct fragments *fragments);
