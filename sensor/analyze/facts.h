/*
 * analyze/facts - what analysis learnt of one mail flow.
 *
 * Written by analyze/, read by judge/ and report/. Fields hold no secret: the
 * argument of a password command never gets here. Strings are printable ASCII
 * (base/text: text_copy) and NUL-terminated; "" means not seen.
 */
#pragma once

#include "base/address.h"
#include "classify/opening.h"
#include "classify/protocol.h"

#include <stdbool.h>
#include <stdint.h>

#define FACTS_HOST_BYTES 128
#define FACTS_NAME_BYTES 192
#define FACTS_ROOM_BYTES 512

/* Packed as others are that each flow has some of: a byte each. */
enum facts_answer { FACTS_UNKNOWN = 0, FACTS_NO, FACTS_YES } __attribute__((packed));

enum facts_tls {
	FACTS_TLS_UNKNOWN = 0, /* not seen (one side only, mid-stream) */
	FACTS_TLS_NONE,        /* clear so far */
	FACTS_TLS_STARTTLS,    /* clear, then TLS */
	FACTS_TLS_IMPLICIT,    /* TLS from the first byte */
} __attribute__((packed));

/* The ladder of STARTTLS (RFC 3207); flags, each seen on its own. */
enum facts_starttls {
	FACTS_STARTTLS_REQUESTED = 1 << 0, /* the client asked */
	FACTS_STARTTLS_ACCEPTED = 1 << 1,  /* 220 / OK / +OK */
	FACTS_STARTTLS_REFUSED = 1 << 2,   /* 4xx, 5xx, NO, BAD, -ERR */
	FACTS_STARTTLS_HELLO = 1 << 3, /* TLS followed: what the server sent shows it */
	FACTS_STARTTLS_MASKED = 1 << 4, /* the keyword is overwritten: XXXXXXXA */
	FACTS_STARTTLS_INJECTED_CLIENT = 1 << 5, /* bytes pipelined behind STARTTLS */
	FACTS_STARTTLS_INJECTED_SERVER = 1 << 6, /* clear bytes after the go-ahead */
	FACTS_STARTTLS_CLEAR_AFTER =
		1 << 7, /* the dialogue went on in clear after the go-ahead */
	FACTS_STARTTLS_CLEAR_CONTENT = 1 << 8, /* mail or mailbox commands in clear */
	/* by itself neither says that an offer was taken away */
	FACTS_STARTTLS_MASKED_GREETING = 1 << 9, /* 220 **** */
	FACTS_STARTTLS_MASKED_VERB = 1 << 10,    /* XXXXXXXX from the client, refused */
	/* asked with arguments, before EHLO or after login or mail: refused for that */
	FACTS_STARTTLS_MISPLACED = 1 << 11,
	FACTS_STARTTLS_FAILED = 1 << 12, /* a handshake began, and no TLS came of it */
};

/* A command behind what only a lenient server takes for the end of data (CVE-2023-51764). */
enum facts_smuggling {
	FACTS_SMUGGLING_NONE = 0,
	FACTS_SMUGGLING_TRIED, /* the server took one message, or did not say */
	FACTS_SMUGGLING_TAKEN, /* it answered what was hidden */
	FACTS_SMUGGLING_BURST, /* sent with its envelope, ahead of the 354 */
};

/* SASL and native mechanisms, as flags (several may be tried in one flow). */
enum facts_mechanism {
	FACTS_MECHANISM_PLAIN = 1 << 0,
	FACTS_MECHANISM_LOGIN = 1 << 1,     /* AUTH LOGIN, IMAP LOGIN */
	FACTS_MECHANISM_USER_PASS = 1 << 2, /* POP3 USER and PASS, both seen */
	FACTS_MECHANISM_USER_ONLY = 1 << 3, /* POP3 USER without PASS */
	FACTS_MECHANISM_XOAUTH2 = 1 << 4,
	FACTS_MECHANISM_OAUTHBEARER = 1 << 5,
	FACTS_MECHANISM_CRAM_MD5 = 1 << 6,
	FACTS_MECHANISM_DIGEST_MD5 = 1 << 7,
	FACTS_MECHANISM_SCRAM = 1 << 8,
	FACTS_MECHANISM_NTLM = 1 << 9,
	FACTS_MECHANISM_GSSAPI = 1 << 10, /* and GSS-SPNEGO */
	FACTS_MECHANISM_EXTERNAL = 1 << 11,
	FACTS_MECHANISM_APOP = 1 << 12,
	FACTS_MECHANISM_ANONYMOUS = 1 << 13,
	FACTS_MECHANISM_BASIC = 1 << 14, /* HTTP, RFC 7617 */
	FACTS_MECHANISM_OTHER = 1 << 15,
};
/* Whoever reads these off the wire can log in (FACTS: PLAIN, LOGIN, USER/PASS, XOAUTH2, OAUTHBEARER). */
#define FACTS_MECHANISMS_REUSABLE                                                    \
	(FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_LOGIN | FACTS_MECHANISM_USER_PASS | \
		FACTS_MECHANISM_XOAUTH2 | FACTS_MECHANISM_OAUTHBEARER |              \
		FACTS_MECHANISM_BASIC)

/* What is sent can be cracked offline: it counts once the login was completed. */
#define FACTS_MECHANISMS_CHALLENGE                               \
	(FACTS_MECHANISM_CRAM_MD5 | FACTS_MECHANISM_DIGEST_MD5 | \
		FACTS_MECHANISM_SCRAM | FACTS_MECHANISM_NTLM | FACTS_MECHANISM_APOP)

enum facts_visibility {
	FACTS_NOT_SEEN = 0, /* no handshake part for it was captured */
	FACTS_SEEN,         /* the fields hold */
	FACTS_NOT_VISIBLE,  /* TLS 1.3 encrypts it */
	FACTS_RESUMED,      /* TLS <= 1.2 session resumption: none is sent */
	FACTS_UNREADABLE,   /* seen, but too large or broken */
} __attribute__((packed));

/* One X.509 certificate as seen in TLS <= 1.2 (the leaf). Times: seconds since 1970. */
struct facts_certificate {
	enum facts_visibility visibility;
	bool is_self_signed;
	bool is_weak_signature;         /* MD5 or SHA-1 */
	enum facts_answer name_matches; /* SNI against SAN/CN; unknown without SNI */
	uint16_t key_bits;
	char key_type[8]; /* "RSA", "EC", "Ed25519", ... */
	int64_t not_before_s;
	int64_t not_after_s;
	union {
		struct { /* only where it is seen */
			/* "C=FR, O=Example, CN=mail.example.org", as it is written there; cut to fit */
			char subject[FACTS_NAME_BYTES];
			char issuer[FACTS_NAME_BYTES];
			/* DNS names, comma-separated, cut to fit */
			char names[FACTS_NAME_BYTES];
			char fingerprint[65]; /* SHA-256 of the DER, lower-case hex */
			/* the same by SHA-1, a colon between two bytes */
			char sha1[60];
		};
		/* until then whoever reads the text puts lines together here */
		uint8_t room[FACTS_ROOM_BYTES];
	};
};

struct facts_tls_session {
	bool has_client_hello;
	bool has_server_hello;
	bool is_established; /* both sides went on to encrypted records */
	bool is_resumed;
	bool is_retried; /* HelloRetryRequest */
	bool has_downgrade_sentinel;
	bool is_client_certificate_asked;
	uint16_t version;         /* negotiated: 0x0304 ...; 0 before ServerHello */
	uint16_t offered_version; /* highest the client offered */
	uint16_t cipher_suite;    /* chosen */
	uint16_t group;           /* named group chosen, 0 unknown */
	uint16_t dh_bits;         /* finite-field DH modulus, 0 none */
	uint8_t alert_level;      /* last clear alert: 2 fatal; 0 none */
	uint8_t alert_code;
	enum facts_answer client_certificate; /* shown? unknown: not visible */
	/* its first member, and all above, are looked at with each packet */
	struct facts_certificate server_certificate;
	char sni[FACTS_HOST_BYTES];
	char alpn_offered[48]; /* comma-separated */
	char alpn[16];         /* chosen, where visible */
	char ja3[33];
	char ja3s[33];
	char ja4[37];
};

#define FACTS_HEADER_ADDRESSES 8
#define FACTS_FIELD_WORDS      8

/* Header fields of messages that crossed in clear: counts and addresses, never text. */
struct facts_headers {
	/* of those with a sender: bounces and reports are seldom signed */
	uint32_t without_dkim_signature;
	uint32_t without_authentication_results; /* nor any other trace of a check */
	uint32_t field_changes;                  /* how often .fields was another set */
	uint8_t address_count; /* literals named in Received and X-Originating-IP */
	/* so far each packet asks */
	uint32_t messages; /* whose header was seen to its end */
	/*
	 * Of those with a sender: how many, and the fields that all of them have, as a set
	 * of hashes in which one may be that is not there: facts_has_field.
	 */
	uint32_t senders;
	struct address addresses[FACTS_HEADER_ADDRESSES]; /* the first different ones */
	uint64_t fields[FACTS_FIELD_WORDS];
};

#define FACTS_TRANSACTIONS 4

/* One message that crossed in clear. Words as hashes (analyze/header.h); 0: not seen. */
struct facts_transaction {
	uint64_t bytes : 40; /* of its text, dots and all, as far as they are counted */
	uint64_t recipients : 24;
	uint64_t queue_id;      /* as the server's answer names it */
	uint64_t received_id;   /* in the topmost Received: the id ... */
	uint64_t received_from; /* ... and whom it came from */
};

#define FACTS_SENDERS      2
#define FACTS_DOMAIN_BYTES 64

/* Whose mail the server took in clear: domains in lower case, of a longer one its end. */
struct facts_sender {
	char domain[FACTS_DOMAIN_BYTES]; /* of MAIL FROM, never "" */
	char author[FACTS_DOMAIN_BYTES]; /* of the header's From */
};

struct facts {
	/* as classified; the dialogue may refine (smtp -> lmtp) */
	enum protocol protocol;
	enum facts_tls tls;
	/* UNKNOWN until a whole capability list was seen */
	enum facts_answer starttls_offered;
	bool is_clear_cut; /* a gap in what was not TLS: anything may have been said */
	uint16_t starttls; /* enum facts_starttls flags */
	uint16_t auth_tried;   /* enum facts_mechanism, in clear */
	uint16_t auth_offered; /* enum facts_mechanism, in clear */
	uint16_t auth_secret;  /* mechanisms whose reusable secret did cross in clear */
	enum facts_answer auth_accepted;  /* one was accepted; else the last outcome */
	enum facts_answer login_disabled; /* IMAP LOGINDISABLED */
	bool is_preauth;                  /* IMAP * PREAUTH */
	bool is_early_talker;             /* client bytes before the greeting */
	bool is_helo_only;    /* HELO, never EHLO: no extension can be offered */
	bool is_ehlo_denied;  /* it was, with a plain name, and no list was seen */
	bool is_ehlo_refused; /* and HELO with the same name was taken behind it */
	bool is_refused;      /* 554/421 greeting, * BYE, -ERR greeting */
	/* SMTP: a command beyond hello, NOOP, RSET, HELP, QUIT, or a reply to one not seen */
	bool has_said_more;
	uint8_t smuggling; /* enum facts_smuggling */
	uint8_t opening;   /* enum opening: what the client said ahead of the server */
	/* the client sent more lines at once than are read (analyze/clear, analyze/http) */
	bool has_unread_lines;
	bool is_turned; /* who opened the connection receives, the other sends */
	bool has_requiretls_clear; /* MAIL FROM ... REQUIRETLS without TLS */
	bool has_content_clear; /* mail text, mailbox data or envelope crossed in clear */
	bool has_server_bytes;
	bool has_client_bytes;
	bool has_answer_unasked; /* the server answered what was not captured */
	bool is_midstream;       /* the beginning was not captured */
	bool is_compressed;      /* RFC 4978: what follows was not read */
	bool is_unanswered; /* a service was asked for, the server has not gone along yet */
	bool is_final;      /* nothing further can change these facts */
	/* SMTP: ahead of any command of mail the client said what is none */
	bool is_other_talk;
	bool is_mail_taken; /* SMTP: the server took more than small talk, or may have */
	/* transactions with content (DATA, BDAT LAST) accepted or sent */
	uint32_t messages;
	uint32_t rcpt_count; /* RCPT commands (TRUTH: rcpt_count) */
	/* clients, senders, recipients or mail that the server turned away: replies in clear */
	uint32_t refusals;  /* for good */
	uint32_t deferrals; /* temporarily (4yz), as greylisting does */
	uint32_t gaps;
	uint32_t sender_count; /* different ones, in .senders */
	/* of the first MAIL; never the local part. So far each packet asks */
	char mail_from_domain[FACTS_HOST_BYTES];
	struct facts_tls_session session;
	struct facts_headers headers;
	char helo[FACTS_HOST_BYTES];
	char banner_host[FACTS_HOST_BYTES]; /* host name of the greeting */
	char real_client[46];               /* XCLIENT/XFORWARD ADDR=, text form */
	uint8_t rpc_protection; /* DCE/RPC authentication level 1..6 (6 privacy); 0 unknown */
	/* that the server answered, or that others followed */
	uint32_t transaction_count;
	/* the last ones; number n stands at n modulo FACTS_TRANSACTIONS */
	struct facts_transaction transactions[FACTS_TRANSACTIONS];
	/* the last; number n stands at n modulo FACTS_SENDERS */
	struct facts_sender senders[FACTS_SENDERS];
};

/*
 * What of the facts can raise a finding while the flow runs: it is judged again only when
 * this changed. tests/judge/test_news.c holds every member of struct facts against every
 * finding. Compared whole, so it has no byte between its members; all zero: never judged.
 */
struct facts_news {
	uint16_t starttls; /* enum facts_starttls flags, the faults among them */
	uint16_t auth_secret;
	uint16_t version;
	uint16_t cipher_suite;
	uint16_t dh_bits;
	uint16_t sender; /* 1: its domain is known, 2: is_mail_taken of other talk */
	uint8_t protocol;
	uint8_t tls;
	uint8_t starttls_offered; /* YES only where content crossed in clear */
	uint8_t auth_accepted;
	uint8_t header_addresses;
	bool is_content_clear;
	bool has_client_bytes; /* where content crossed in clear */
	bool has_server_bytes;
	bool has_requiretls_clear;
	uint8_t smtp; /* 1: is_helo_only, 2: is_ehlo_refused, 4 and 8: smuggling, 16: is_turned, 32: opening, 64: has_unread_lines, 128: has_said_more */
	bool has_unsigned_message;
	bool has_unchecked_message;
	bool has_server_certificate;
	bool has_no_client_certificate;
};

/* Fills all of *news. */
void facts_news_of(const struct facts *facts, struct facts_news *news);

/* Mail, or the proof of a login, its mechanism seen or not: what TLS is for. */
bool facts_is_content_clear(const struct facts *facts);

/* Its client said something else first, and mail it became all the same. */
static inline bool facts_is_early_talk(const struct facts *facts)
{
	return facts->opening != OPENING_NONE &&
	       (facts->tls == FACTS_TLS_STARTTLS || facts_is_content_clear(facts));
}

/* What a reply answers may not have been captured. */
static inline bool facts_is_client_missing(const struct facts *facts)
{
	return !facts->has_client_bytes || facts->gaps > 0 || facts->is_midstream;
}

/* A set of header fields by hash (analyze/header.h); false: that one is certainly not in it. */
void facts_field_add(uint64_t fields[FACTS_FIELD_WORDS], uint64_t hash);
bool facts_has_field(const uint64_t fields[FACTS_FIELD_WORDS], uint64_t hash);

/* As records have them. */
const char *facts_tls_name(enum facts_tls tls);
const char *facts_answer_name(enum facts_answer answer);
const char *facts_visibility_name(enum facts_visibility visibility);
const char *facts_rpc_level_name(unsigned level); /* NULL: none was seen */

/* "PLAIN" ...; flag is exactly one enum facts_mechanism. */
const char *facts_mechanism_name(unsigned flag);

/* Of all in flags, joined by '+', in text, which it returns. */
#define FACTS_MECHANISMS_BYTES 160
const char *facts_mechanism_names(unsigned flags, char text[FACTS_MECHANISMS_BYTES]);

/* The flag of a SASL mechanism's name in clear, ASCII case apart; FACTS_MECHANISM_OTHER for unknown ones. */
struct text;
unsigned facts_mechanism_flag(struct text name);
