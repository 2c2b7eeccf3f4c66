/*
 * audit/tls_offer - one TLS handshake as a client that offers a chosen part of TLS, and
 * what the server showed in it.
 *
 * In: a connected socket that never blocks, the caller's, and so is the waiting. Out: what
 * was agreed, and the certificate, in the words of analyze/. Never refuses a server for its
 * certificate: who asks wants to know. libssl (RFC 5246, RFC 8446) is fenced here and in
 * ship/net_tls. All files are read when the offers are made.
 */
#pragma once

#include "analyze/facts.h"
#include "base/stream_socket.h"

#include <stddef.h>

enum tls_offer {
	TLS_OFFER_ANY = 0, /* all that a client may speak, TLS 1.0 to 1.3 */
	TLS_OFFER_1_0,     /* this version alone */
	TLS_OFFER_1_1,
	TLS_OFFER_1_2,
	TLS_OFFER_1_3,
	TLS_OFFER_RSA,   /* signatures of this kind alone */
	TLS_OFFER_ECDSA, /* and of Edwards curves */
	TLS_OFFER_WEAK,  /* suites of grades C and F alone */
	TLS_OFFER_COUNT
};

struct tls_offers;
struct tls_wire;

/* authorities: a file of certificates to trust, or NULL for none. NULL: why. */
struct tls_offers *tls_offers_new(const char *authorities, struct reason *why);
void tls_offers_free(struct tls_offers *offers);

/* False: the library at hand has none of that to offer. */
bool tls_offers_can(const struct tls_offers *offers, enum tls_offer offer);
bool tls_offers_has_authorities(const struct tls_offers *offers);

/* name: to ask for (SNI), or NULL. NULL: no memory. Free it before the socket. */
struct tls_wire *tls_wire_new(const struct tls_offers *offers, enum tls_offer offer,
	int file, const char *name);
void tls_wire_free(struct tls_wire *wire);

/* Call again behind a want (enum socket_want). 0: done. */
long tls_wire_shake_hands(struct tls_wire *wire, struct reason *why);
long tls_wire_write(
	struct tls_wire *wire, const char *bytes, size_t len, struct reason *why);
long tls_wire_read(struct tls_wire *wire, char *bytes, size_t size, struct reason *why);

struct tls_shown {
	uint16_t version; /* 0x0303 */
	uint16_t suite;
	uint16_t dh_bits; /* of a finite field, else 0 */
	/* visibility: FACTS_NOT_SEEN where it showed none */
	struct facts_certificate certificate;
	bool is_trusted; /* an authority vouches for it; whether in time is not asked */
	const char *distrust; /* else why not, in the library's words */
};

/* Behind a handshake that is done. */
void tls_wire_shown(const struct tls_wire *wire, struct tls_shown *shown);

/* Its certificate is for this host, or this address, RFC 6125. */
bool tls_wire_is_for(const struct tls_wire *wire, const char *name);

/* Its certificate has this host among its alternative names, which alone count: RFC 8461, section 4.2. */
bool tls_wire_names(const struct tls_wire *wire, const char *host);

#define TLS_PIN_BYTES 2048 /* a whole certificate, or a key */

/* What a TLSA record says of a chain: RFC 6698, section 2.1. Plain data. */
struct tls_pin {
	uint8_t usage; /* 2 (DANE-TA) or 3 (DANE-EE) */
	uint8_t selector;
	uint8_t matching;
	uint16_t len;
	uint8_t data[TLS_PIN_BYTES];
};

bool tls_pin_equal(const struct tls_pin *one, const struct tls_pin *other);

/* A certificate or a key that is there whole can be read (RFC 6698, section 2.1.4); else the record counts for nothing. */
bool tls_pin_is_usable(const struct tls_pin *pin);

/* By what name senders come. */
struct tls_reference {
	const char *host;
	const char *domain; /* whose mail it takes, or "" */
};

/*
 * The chain that was shown is one that it says, and what its usage asks besides is so: for DANE-TA dates and
 * one of the two names (RFC 7672, section 3.2.2), for DANE-EE nothing (section 3.1). False: *doubt in the
 * library's words. Of the offers RSA and ECDSA.
 */
bool tls_wire_is_pinned(const struct tls_wire *wire,
	const struct tls_reference *reference, const struct tls_pin *pin,
	const char **doubt);
