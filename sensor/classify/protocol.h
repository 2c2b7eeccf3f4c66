/*
 * classify/protocol - the protocols a flow can be, by name and usual port.
 *
 * One table holds them (protocol.c). What rides inside implicit TLS has a name
 * of its own (smtps, imaps, pop3s); "family" is the clear-text protocol inside.
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
};

#define PROTOCOL_PORTS_MAX 4

struct protocol_row {
	const char *name; /* as in matrix files and records */
	/* the clear-text protocol inside; itself where there is none */
	enum protocol family;
	bool is_mail;
	bool is_implicit_tls;
	bool is_sending; /* mail is handed over this way (sender.* findings) */
	/* its own ports, 0-terminated where fewer */
	uint16_t ports[PROTOCOL_PORTS_MAX];
};

const struct protocol_row *protocol_row(enum protocol protocol);
const char *protocol_name(enum protocol protocol);

/* PROTOCOL_UNKNOWN when no protocol has this name (exact, lower case). */
enum protocol protocol_by_name(const char *name);

/* One of the protocol's own ports. */
bool protocol_owns_port(enum protocol protocol, uint16_t port);

/* The mail protocol whose own port this is: 25 smtp, 587 submission, 465 smtps, ... or PROTOCOL_UNKNOWN. */
enum protocol protocol_of_port(uint16_t port);
