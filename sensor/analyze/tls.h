/*
 * analyze/tls - follow one TLS session passively and note what it shows.
 *
 * In: bytes of both ways from the first record on. Out: facts->session. Handshake
 * messages are put together in buffers borrowed from a bounded pool and given back
 * as soon as they are read. When all are lent, one after the other is taken from its
 * session, so that messages which never end blind nobody for long. Never decrypts.
 * RFC 5246, RFC 8446.
 */
#pragma once

#include "analyze/facts.h"
#include "base/direction.h"
#include "base/pool.h"
#include "base/quota.h"
#include "base/shares.h"
#include "base/text.h"

#include <stddef.h>

#define TLS_HANDSHAKE_BYTES_MAX \
	32768 /* longest handshake message kept; of longer ones their front */

#define TLS_ALERT_FATAL 2 /* RFC 8446 section 6 */

/* Shared by all sessions of a worker. */
struct tls_context {
	struct pool handshakes;      /* slots of TLS_HANDSHAKE_BYTES_MAX */
	uint32_t *leases;            /* of each slot: how often it was lent; owned */
	struct shares shares;        /* whose they are */
	uint8_t holder;              /* of the session at hand; the caller's to set */
	uint32_t turn;               /* whose slot is taken next when all are lent */
	struct quota verified;       /* certificates; the caller's to begin */
	uint64_t handshakes_refused; /* not read: the slot was taken, or too dear */
};

bool tls_context_init(
	struct tls_context *context, uint32_t handshakes, struct reason *why);
void tls_context_destroy(struct tls_context *context);

/* What a side was seen to send in clear; flags. */
enum tls_said {
	TLS_SAID_CLIENT_HELLO = 1 << 0,
	TLS_SAID_SERVER_HELLO = 1 << 1,
	TLS_SAID_CERTIFICATE = 1 << 2,
	TLS_SAID_SERVER_DONE = 1 << 3,
	TLS_SAID_CLIENT_KEY = 1 << 4,
};

struct tls_side {
	uint8_t header[5]; /* record header being put together, then an alert */
	uint8_t header_len;
	uint8_t content_type;
	uint8_t said;               /* enum tls_said flags */
	bool is_encrypted : 1;      /* what follows cannot be read */
	bool is_sealed : 1;         /* a byte of it was none of text */
	bool has_change_cipher : 1; /* ChangeCipherSpec seen; in TLS 1.3 it means nothing */
	bool is_lost : 1; /* a gap: find the next record by its header or give up */
	bool is_record_skipped : 1; /* the rest of the record at hand cannot be told */
	bool has_gap : 1;           /* bytes of this side are missing */
	bool is_skipped : 1; /* count through the message at hand, do not read it */
	uint8_t message_header_len;
	uint8_t message_header[4];
	uint16_t record_left;
	uint16_t kept;    /* of the message at hand, in the slot */
	uint16_t passing; /* of what comes next of it so much is left out */
	uint32_t message_len;
	uint32_t message_have;
	uint32_t slot;  /* pool slot + 1; 0 when none is held */
	uint32_t lease; /* of that slot; another number there: it was taken away */
};

struct tls_session {
	struct tls_side sides[2]; /* by enum direction */
	uint32_t records[2];
	uint32_t quiet[2]; /* records and resumption attempts that taught nothing */
	uint32_t left;   /* of the last bytes: those behind what finished or broke it */
	bool is_broken;  /* not TLS after all, or a record that cannot be */
	bool is_wary;    /* set from outside: see whether records hold text */
	uint8_t letters; /* sealed by both sides so far, and nothing else */
	bool is_mask;    /* they do: it was no TLS */
};

/* By chance a cipher writes so many letters in a row once in 10^13 records. */
#define TLS_LETTERS_MAX 32

enum tls_result {
	TLS_GO_ON = 0,
	TLS_FINISHED, /* facts->session can change no further; feed no more */
	TLS_NOT_TLS,  /* the bytes are no TLS records */
};

/*
 * Nothing in the first len > 0 bytes contradicts a record header that a TLS sender
 * could write (an SSLv2-compatible ClientHello, RFC 5246 appendix E.2, included).
 */
bool tls_looks_like_record(const uint8_t *bytes, size_t len);
/* The same, and at least 6 bytes (SSLv2: 5) of them say ClientHello. */
bool tls_looks_like_client_hello(const uint8_t *bytes, size_t len);

/* session is zeroed by the caller. bytes: the next len bytes this way. */
enum tls_result tls_session_bytes(struct tls_context *context,
	struct tls_session *session, struct facts *facts, enum direction way,
	struct text bytes);

/* missing bytes were lost this way. */
void tls_session_gap(struct tls_session *session, enum direction way, uint64_t missing);

/* What came this way was no TLS: as if it had never come. */
void tls_session_forget(
	struct tls_context *context, struct tls_session *session, enum direction way);

/* Give the session's buffers back; call once when done with it, finished or not. */
void tls_session_release(struct tls_context *context, struct tls_session *session);

/* "TLS 1.2", "TLS 1.3", "SSLv3", ... ; "" for 0. */
const char *tls_version_name(uint16_t version);

/* OpenSSL/IANA name such as "TLS_AES_128_GCM_SHA256"; NULL when unknown. */
const char *tls_cipher_name(uint16_t suite);

enum tls_grade {
	TLS_GRADE_UNKNOWN = 0,
	TLS_GRADE_A,
	TLS_GRADE_B,
	TLS_GRADE_C,
	TLS_GRADE_F
};

/*
 * State of the art: A = 1.3 or 1.2 + (EC)DHE + AEAD ... F = broken. Policy notes in docs/policy.md.
 * dh_bits: of the finite-field modulus, 0 where none was used.
 */
enum tls_grade tls_grade(uint16_t version, uint16_t suite, uint16_t dh_bits);
