/*
 * decode/decode - one frame -> its innermost TCP or UDP packet.
 *
 * Walks link layer, tags, tunnels and IP headers with a bound on depth; puts IP
 * fragments together (bounded; of two versions of a fragment one is read, and the
 * packet and a counter tell of it). Keeps no other state.
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"
#include "capture/frame.h"
#include "decode/packet.h"

enum decode_result {
	DECODE_OK = 0,       /* *packet holds */
	DECODE_UNWANTED,     /* nothing for us: ARP, ICMP, other transports */
	DECODE_FRAGMENT,     /* kept: the datagram is not whole yet */
	DECODE_TRUNCATED,    /* fewer bytes than a header says */
	DECODE_MALFORMED,    /* bytes that no correct sender writes */
	DECODE_TOO_DEEP,     /* more tunnels or extension headers than the bound */
	DECODE_CHECKSUM,     /* verified and wrong */
	DECODE_UNKNOWN_LINK, /* a link type we do not read */
	DECODE_RESULT_COUNT
};

/*
 * What mail may be inside of and is not looked into; each such frame is counted by kind
 * beside its result. Talk of the network itself (ARP, ICMP, routing) is none.
 */
enum decode_blind {
	DECODE_BLIND_ESP = 0,   /* IPsec, encrypted */
	DECODE_BLIND_MACSEC,    /* IEEE 802.1AE */
	DECODE_BLIND_ETHERTYPE, /* one that nobody here follows */
	DECODE_BLIND_PROTOCOL,  /* the same of IP */
	DECODE_BLIND_UDP,    /* a tunnel's datagram: encrypted, or of a form not read */
	DECODE_BLIND_NAT_T,  /* IPsec in UDP */
	DECODE_BLIND_CAPWAP, /* what a controller of access points is sent */
	DECODE_BLIND_WIREGUARD, /* on its own port */
	DECODE_BLIND_OPENVPN,   /* the same */
	/* on the web's port; as with TLS, the conversation of its ends and no tunnel */
	DECODE_BLIND_QUIC,
	DECODE_BLIND_GRE, /* a version or routing that is not followed */
	DECODE_BLIND_PPP, /* encrypted or compressed */
	DECODE_BLIND_TOO_DEEP,
	/* by the capture or a mirror, in front of what it carries or inside of that: then
	 * what is missing are its bytes */
	DECODE_BLIND_CUT,
	DECODE_BLIND_LINK, /* a link type we do not read */
	DECODE_BLIND_COUNT
};

struct decode_blind_count {
	uint64_t frames;
	uint64_t bytes; /* of these on the wire */
};

struct decode_settings {
	bool is_verifying_checksums; /* IPv4 header, TCP, UDP; a transport checksum that holds
					only the pseudo-header sum (offload) passes */
	uint32_t fragment_datagrams; /* datagrams put together at once */
};

struct decode_counters {
	uint64_t results[DECODE_RESULT_COUNT];
	struct decode_blind_count blind[DECODE_BLIND_COUNT];
	uint64_t fragments_reassembled;
	uint64_t fragments_overlapping;
	uint64_t fragments_evicted;
	uint64_t checksums_offloaded;
};

struct decoder; /* opaque */
struct decoder *decoder_new(const struct decode_settings *settings,
	struct hash_seed seed, struct reason *why);
void decoder_free(struct decoder *decoder);

/* So many plain packets were counted by somebody else: as if they had been decoded here. */
void decoder_note_decoded(struct decoder *decoder, uint64_t frames);

enum decode_result decoder_frame(
	struct decoder *decoder, const struct frame *frame, struct packet *packet);
/*
 * The addresses that an Ethernet frame begins with, where it goes and whence, of 6 bytes each;
 * NULL of another link layer.
 */
const uint8_t *decode_ethernet(const struct frame *frame);
const struct decode_counters *decoder_counters(const struct decoder *decoder);
const char *decode_result_name(enum decode_result result);
