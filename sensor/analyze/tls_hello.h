/*
 * analyze/tls_hello - read the handshake messages that TLS sends in clear.
 *
 * In: the body of one message, or its front. Out: a hello whose lists borrow that body,
 * or fields of struct facts_tls_session. Keeps no state and knows no records.
 * RFC 5246 section 7.4, RFC 8446 section 4, RFC 8422 section 5.4.
 */
#pragma once

#include "analyze/facts.h"
#include "base/cold.h"
#include "base/cursor.h"
#include "base/text.h"

enum tls_version {
	TLS_VERSION_SSL_2 = 0x0002,
	TLS_VERSION_SSL_3 = 0x0300,
	TLS_VERSION_1_0 = 0x0301,
	TLS_VERSION_1_1 = 0x0302,
	TLS_VERSION_1_2 = 0x0303,
	TLS_VERSION_1_3 = 0x0304,
};

enum tls_extension {
	TLS_EXTENSION_SERVER_NAME = 0,
	TLS_EXTENSION_GROUPS = 10,
	TLS_EXTENSION_POINT_FORMATS = 11,
	TLS_EXTENSION_SIGNATURES = 13,
	TLS_EXTENSION_ALPN = 16,
	TLS_EXTENSION_PRE_SHARED_KEY = 41,
	TLS_EXTENSION_VERSIONS = 43,
	TLS_EXTENSION_KEY_SHARE = 51,
};

/* Lists are the bytes between their length fields; empty when the extension is absent. */
struct tls_client_hello {
	uint16_t legacy_version;
	uint16_t offered_version; /* the highest, not GREASE */
	bool has_server_name;
	struct text suites;     /* 2 bytes each */
	struct text extensions; /* type(2) length(2) data */
	struct text groups;     /* 2 bytes each */
	struct text point_formats;
	struct text signatures; /* 2 bytes each */
	struct text alpn;       /* length(1) name */
	struct text versions;   /* 2 bytes each, as sent */
	struct text server_name;
};

struct tls_server_hello {
	uint16_t legacy_version;
	uint16_t version; /* negotiated */
	uint16_t suite;
	uint16_t group;
	bool is_retry;          /* HelloRetryRequest, RFC 8446 section 4.1.4 */
	bool has_sentinel;      /* RFC 8446 section 4.1.3 */
	bool is_resumed;        /* a pre-shared key was accepted */
	struct text extensions; /* type(2) length(2) data */
	struct text alpn;
};

/* Reserved values that clients scatter in their lists, RFC 8701. */
static inline bool tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* cursor_over, for a list that may be absent. */
static inline struct cursor tls_cursor(struct text text)
{
	return cursor_over(text.len > 0 ? (const void *)text.at : "", text.len);
}

/* The next extension of a block; false at its end or where it breaks. */
static HOT bool tls_extension_next(
	struct cursor *block, uint16_t *type, struct cursor *data)
{
	if (cursor_left(block) == 0) {
		return false;
	}
	*type = cursor_be16(block);
	const uint16_t len = cursor_be16(block);
	*data = cursor_sub(block, len);
	return cursor_ok(block);
}

/*
 * False when the body ends before its extensions could begin; where it ends among them, those
 * in front of that are read.
 */
bool tls_client_hello_read(struct text body, struct tls_client_hello *hello);
bool tls_server_hello_read(struct text body, struct tls_server_hello *hello);

/* The longest that its fields allow. */
#define TLS_CLIENT_HELLO_BYTES_MAX (2 + 32 + 33 + 65536 + 256 + 65537)

/*
 * The front of a ClientHello that is longer than there is room for: its suites, and the
 * extensions that tls_client_hello_note does not ask for, are taken out of bytes. Returns
 * how many stay; so many of the bytes that come next are to be left out as well: *passing.
 */
size_t tls_client_hello_squeeze(uint8_t *bytes, size_t len, uint16_t *passing);

/* Copy what a ClientHello shows into the session, fingerprints apart. */
void tls_client_hello_note(
	const struct tls_client_hello *hello, struct facts_tls_session *session);
/* Likewise for a ServerHello or HelloRetryRequest. */
void tls_server_hello_note(
	const struct tls_server_hello *hello, struct facts_tls_session *session);

/* SSLv2-compatible ClientHello, from its message type on (RFC 5246 appendix E.2). */
bool tls_ssl2_hello_note(struct text body, struct facts_tls_session *session);

/* ServerKeyExchange of the chosen suite: the group, or the size of a DH modulus. */
void tls_server_key_note(struct text body, struct facts_tls_session *session);

/*
 * The leaf of a Certificate message (TLS <= 1.2), which may be cut short at its
 * end: false when the leaf is not whole. An empty list gives leaf->len 0.
 */
bool tls_certificate_leaf(struct text body, struct text *leaf, bool *is_alone);
