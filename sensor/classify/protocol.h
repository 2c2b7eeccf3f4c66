/*
 * classify/protocol - the protocols a flow can be, by name and usual port.
 *
 * One table holds what is known of each (protocol.c), and nobody repeats it. What
 * rides inside implicit TLS has a name of its own (smtps, imaps, pop3s); "family" is
 * the clear-text protocol inside. Looks at no byte of a flow.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum protocol {
	PROTOCOL_UNKNOWN = 0, /* not known yet, or no name for it */
	PROTOCOL_SMTP,
	PROTOCOL_SUBMISSION,
	PROTOCOL_SMTPS,
	PROTOCOL_SUBMISSIONS,
	PROTOCOL_LMTP,
	PROTOCOL_IMAP,
	PROTOCOL_IMAPS,
	PROTOCOL_POP3,
	PROTOCOL_POP3S,
	PROTOCOL_SIEVE,
	PROTOCOL_MAPI_RPC,
	PROTOCOL_MAPI_HTTP,
	PROTOCOL_OUTLOOK_ANYWHERE,
	PROTOCOL_EAS,
	PROTOCOL_EWS,
	PROTOCOL_EXCHANGE_HTTPS,
	PROTOCOL_ATTEMPT, /* a mail port, no payload seen */
	PROTOCOL_MAIL_LAST = PROTOCOL_ATTEMPT,
	/* not mail; named so that a tunnel on a mail port can be told by name */
	PROTOCOL_TLS,
	PROTOCOL_HTTP,
	PROTOCOL_DCERPC,
	PROTOCOL_FTP,
	PROTOCOL_NNTP,
	PROTOCOL_IRC,
	PROTOCOL_SSH,
	PROTOCOL_REDIS,
	PROTOCOL_MEMCACHED,
	PROTOCOL_FINGER,
	PROTOCOL_GOPHER,
	PROTOCOL_SOCKS,
	PROTOCOL_DNS,
	PROTOCOL_OTHER, /* certainly none of the above; nDPI may have a name */
	PROTOCOL_COUNT
} __attribute__((packed));

/* A set of protocols has one bit for each; only those of mail are ever in one. */
#define PROTOCOL_BIT(protocol) (UINT32_C(1) << (protocol))
_Static_assert(PROTOCOL_MAIL_LAST < 32, "a set of protocols is 32 bits");

/* Every protocol that a row of the matrix may list: of an attempt no word was seen. */
#define PROTOCOL_BITS_OF_MAIL \
	(PROTOCOL_BIT(PROTOCOL_ATTEMPT) - PROTOCOL_BIT(PROTOCOL_UNKNOWN + 1))

/* How the bytes in clear are read; analyze/dialogue.c has an analyzer for each. */
enum protocol_grammar {
	PROTOCOL_GRAMMAR_NONE = 0, /* nothing but TLS is read of it, if that */
	PROTOCOL_GRAMMAR_SMTP,
	PROTOCOL_GRAMMAR_IMAP,
	PROTOCOL_GRAMMAR_POP3,
	PROTOCOL_GRAMMAR_SIEVE,
	PROTOCOL_GRAMMAR_DCERPC,
	PROTOCOL_GRAMMAR_HTTP,
	PROTOCOL_GRAMMAR_COUNT
};

#define PROTOCOL_PORTS_MAX 4

struct protocol_row {
	const char *name; /* as in matrix files and records */
	/* the clear-text protocol inside; itself where there is none */
	enum protocol family;
	enum protocol_grammar grammar;
	bool is_mail;
	bool is_implicit_tls;
	bool is_sending; /* mail is handed over this way (sender.* findings) */
	/* a service of a web server: no port is its own alone, and HTTPS hides which it is */
	bool is_inside_http;
	/* its own ports, first the one that names it; 0-terminated where fewer */
	uint16_t ports[PROTOCOL_PORTS_MAX];
};

const struct protocol_row *protocol_row(enum protocol protocol);
const char *protocol_name(enum protocol protocol);

/* PROTOCOL_UNKNOWN when no protocol has this name (exact, lower case). */
enum protocol protocol_by_name(const char *name);

/* One of the protocol's own ports. */
bool protocol_owns_port(enum protocol protocol, uint16_t port);

/*
 * The mail protocol that this port names: 25 smtp, 465 smtps (not submissions), ... or
 * PROTOCOL_UNKNOWN. A port of the web names none.
 */
enum protocol protocol_of_port(uint16_t port);
