/*
 * classify - name the protocol of a conversation from its first bytes.
 *
 * In: the prefix (both ways, in order), the ports as a hint, who opened the flow.
 * Out: a protocol with the evidence that named it, or "not yet". A port alone
 * never names a protocol. Proxy headers (PROXY v1/v2, HTTP CONNECT, SOCKS4/5)
 * are taken off the prefix, and what follows is classified on its own.
 * Never parses dialogues (analyze/) and keeps no bytes of its own.
 */
#pragma once

#include "base/address.h"
#include "classify/opening.h"
#include "classify/prefix.h"
#include "classify/protocol.h"

#define CLASSIFY_HOST_BYTES 128

enum classify_outcome {
	CLASSIFY_NOT_YET = 0, /* more bytes may tell */
	CLASSIFY_DECIDED,     /* .protocol holds, mail or not */
	CLASSIFY_RULED_OUT,   /* none of the signatures can match any more: not mail */
} __attribute__((packed));

/* Ways a flow was carried to a further host, told by its own header. */
enum classify_proxy {
	CLASSIFY_PROXY_NONE = 0,
	CLASSIFY_PROXY_HEADER,  /* PROXY protocol: .client is the judged client */
	CLASSIFY_PROXY_CONNECT, /* HTTP CONNECT: .target_* is where it really goes */
	CLASSIFY_PROXY_SOCKS,   /* SOCKS4, 4a or 5: same */
} __attribute__((packed));

struct classification {
	/* static text: "ehlo", "220 greeting + ehlo", "tls client hello", ... */
	const char *evidence;
	enum classify_outcome outcome;
	enum protocol protocol;
	uint8_t client_side;      /* 0 or 1: which side is the client, by the bytes */
	bool client_side_is_sure; /* the bytes tell it (a banner, a greeting, a hello) */
	enum classify_proxy proxy;
	bool is_claimed;     /* not mail, the client's first line says */
	bool is_opaque;      /* a SOCKS dialogue that goes on encapsulated */
	uint8_t proxy_phase; /* private to classify/proxy.c */
	/* when it last slid, what the server had shown, private */
	uint64_t server_kept;
	uint64_t opening_traits; /* of the client's first line, private */
	uint8_t slides;  /* how often the prefix was forgotten for want of room */
	uint8_t opening; /* enum opening; see classify_opening */
	bool is_opening_known : 1;
	bool is_ahead : 1; /* the client had acknowledged nothing of its server's; the caller's to set */
	bool is_unasked : 1; /* when it last slid: what the server said answered nothing, private */
	bool is_turned : 1; /* both ends speak the other one's part (rules.c), against the handshake */
	bool has_proxy_client;   /* .proxy_client and _port hold */
	bool has_target_address; /* .target holds; else .target_host may */
	uint16_t proxy_skip[2];  /* bytes of a proxy's token still to come, by side */
	uint16_t proxy_client_port;
	uint16_t target_port;
	/* 0, or of a request in the prefix that no proxy has answered in whole; .target_port holds */
	uint16_t asked_len;
	struct address proxy_client;
	union {
		struct address target;
		/* printable, NUL-terminated, or "" */
		char target_host[CLASSIFY_HOST_BYTES];
	};
};

/* What is known besides the bytes. */
struct classify_hint {
	uint8_t client_side;     /* 0 or 1, as the flow layer has it */
	bool is_client_known;    /* by SYN or SYN-ACK, not by a guess */
	bool is_client_captured; /* packets of it were seen: what it says will be, too */
	bool is_server_captured; /* the same */
	/* of each side: it is heard, and said nothing that was seen or acknowledged */
	bool is_mute[2];
	uint16_t server_port;
	bool is_ended; /* the flow is over: decide with what there is */
};

/*
 * Look at the prefix again after it grew. result is zeroed by the caller before the
 * first call and kept between calls. May call prefix_drop. Pure; no allocation.
 */
enum classify_outcome classify_prefix(struct prefix *prefix,
	const struct classify_hint *hint, struct classification *result);

/* How the client began, ahead of its server, where that is no command of its protocol. */
enum opening classify_opening(const struct classification *result);
