#include "classify/protocol.h"

#include <string.h>

/*
 * All that is known of a protocol by itself; what its bytes look like stands in rules.c.
 * Ports as IANA has them; 24 is for any private mail system there, and a habit of LMTP.
 */
static const struct protocol_row ROWS[PROTOCOL_COUNT] = {
	[PROTOCOL_UNKNOWN] = {.name = "unknown", .family = PROTOCOL_UNKNOWN},
	[PROTOCOL_SMTP] = {.name = "smtp",
		.family = PROTOCOL_SMTP,
		.grammar = PROTOCOL_GRAMMAR_SMTP,
		.is_mail = true,
		.is_sending = true,
		.ports = {25}},
	[PROTOCOL_SUBMISSION] = {.name = "submission",
		.family = PROTOCOL_SMTP,
		.grammar = PROTOCOL_GRAMMAR_SMTP,
		.is_mail = true,
		.is_sending = true,
		.ports = {587}},
	[PROTOCOL_SMTPS] = {.name = "smtps",
		.family = PROTOCOL_SMTP,
		.is_mail = true,
		.is_implicit_tls = true,
		.is_sending = true,
		.ports = {465}},
	[PROTOCOL_SUBMISSIONS] = {.name = "submissions",
		.family = PROTOCOL_SMTP,
		.is_mail = true,
		.is_implicit_tls = true,
		.is_sending = true,
		.ports = {465}},
	[PROTOCOL_LMTP] = {.name = "lmtp",
		.family = PROTOCOL_LMTP,
		.grammar = PROTOCOL_GRAMMAR_SMTP,
		.is_mail = true,
		.is_sending = true,
		.ports = {24}},
	[PROTOCOL_IMAP] = {.name = "imap",
		.family = PROTOCOL_IMAP,
		.grammar = PROTOCOL_GRAMMAR_IMAP,
		.is_mail = true,
		.ports = {143}},
	[PROTOCOL_IMAPS] = {.name = "imaps",
		.family = PROTOCOL_IMAP,
		.is_mail = true,
		.is_implicit_tls = true,
		.ports = {993}},
	[PROTOCOL_POP3] = {.name = "pop3",
		.family = PROTOCOL_POP3,
		.grammar = PROTOCOL_GRAMMAR_POP3,
		.is_mail = true,
		.ports = {110}},
	[PROTOCOL_POP3S] = {.name = "pop3s",
		.family = PROTOCOL_POP3,
		.is_mail = true,
		.is_implicit_tls = true,
		.ports = {995}},
	[PROTOCOL_SIEVE] = {.name = "sieve",
		.family = PROTOCOL_SIEVE,
		.grammar = PROTOCOL_GRAMMAR_SIEVE,
		.is_mail = true,
		.ports = {4190}},
	[PROTOCOL_MAPI_RPC] = {.name = "mapi-rpc",
		.family = PROTOCOL_MAPI_RPC,
		.grammar = PROTOCOL_GRAMMAR_DCERPC,
		.is_mail = true},
	[PROTOCOL_MAPI_HTTP] = {.name = "mapi-http",
		.family = PROTOCOL_MAPI_HTTP,
		.grammar = PROTOCOL_GRAMMAR_HTTP,
		.is_mail = true,
		.is_inside_http = true,
		.ports = {443, 80}},
	[PROTOCOL_OUTLOOK_ANYWHERE] = {.name = "outlook-anywhere",
		.family = PROTOCOL_OUTLOOK_ANYWHERE,
		.grammar = PROTOCOL_GRAMMAR_HTTP,
		.is_mail = true,
		.is_inside_http = true,
		.ports = {443, 80, 593}},
	[PROTOCOL_EAS] = {.name = "eas",
		.family = PROTOCOL_EAS,
		.grammar = PROTOCOL_GRAMMAR_HTTP,
		.is_mail = true,
		.is_inside_http = true,
		.ports = {443, 80}},
	[PROTOCOL_EWS] = {.name = "ews",
		.family = PROTOCOL_EWS,
		.grammar = PROTOCOL_GRAMMAR_HTTP,
		.is_mail = true,
		.is_inside_http = true,
		.ports = {443, 80}},
	[PROTOCOL_EXCHANGE_HTTPS] = {.name = "exchange-https",
		.family = PROTOCOL_EXCHANGE_HTTPS,
		.grammar = PROTOCOL_GRAMMAR_HTTP,
		.is_mail = true,
		.is_implicit_tls = true,
		.is_inside_http = true,
		.ports = {443}},
	[PROTOCOL_ATTEMPT] = {.name = "attempt",
		.family = PROTOCOL_ATTEMPT,
		.is_mail = true},
	[PROTOCOL_TLS] = {.name = "tls",
		.family = PROTOCOL_TLS,
		.is_implicit_tls = true,
		.ports = {443}},
	[PROTOCOL_HTTP] = {.name = "http",
		.family = PROTOCOL_HTTP,
		.grammar = PROTOCOL_GRAMMAR_HTTP,
		.ports = {80}},
	[PROTOCOL_DCERPC] = {.name = "dcerpc",
		.family = PROTOCOL_DCERPC,
		.grammar = PROTOCOL_GRAMMAR_DCERPC,
		.ports = {135}},
	[PROTOCOL_FTP] = {.name = "ftp", .family = PROTOCOL_FTP, .ports = {21}},
	[PROTOCOL_NNTP] = {.name = "nntp", .family = PROTOCOL_NNTP, .ports = {119}},
	[PROTOCOL_IRC] = {.name = "irc", .family = PROTOCOL_IRC, .ports = {6667}},
	[PROTOCOL_SSH] = {.name = "ssh", .family = PROTOCOL_SSH, .ports = {22}},
	[PROTOCOL_REDIS] = {.name = "redis", .family = PROTOCOL_REDIS, .ports = {6379}},
	[PROTOCOL_MEMCACHED] = {.name = "memcached",
		.family = PROTOCOL_MEMCACHED,
		.ports = {11211}},
	[PROTOCOL_FINGER] = {.name = "finger",
		.family = PROTOCOL_FINGER,
		.ports = {79}},
	[PROTOCOL_GOPHER] = {.name = "gopher",
		.family = PROTOCOL_GOPHER,
		.ports = {70}},
	[PROTOCOL_SOCKS] = {.name = "socks", .family = PROTOCOL_SOCKS, .ports = {1080}},
	[PROTOCOL_DNS] = {.name = "dns", .family = PROTOCOL_DNS, .ports = {53}},
	[PROTOCOL_OTHER] = {.name = "other", .family = PROTOCOL_OTHER},
};

const struct protocol_row *protocol_row(enum protocol protocol)
{
	return &ROWS[protocol];
}

const char *protocol_name(enum protocol protocol)
{
	return ROWS[protocol].name;
}

enum protocol protocol_by_name(const char *name)
{
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_COUNT; i++) {
		if (strcmp(ROWS[i].name, name) == 0) {
			return (enum protocol)i;
		}
	}
	return PROTOCOL_UNKNOWN;
}

bool protocol_owns_port(enum protocol protocol, uint16_t port)
{
	const uint16_t *ports = ROWS[protocol].ports;
	for (int i = 0; i < PROTOCOL_PORTS_MAX && ports[i] != 0; i++) {
		if (ports[i] == port) {
			return true;
		}
	}
	return false;
}

enum protocol protocol_of_port(uint16_t port)
{
	/* every flow asks this, and more than once: the first ports of ROWS */
	switch (port) {
	case 24:
		return PROTOCOL_LMTP;
	case 25:
		return PROTOCOL_SMTP;
	case 110:
		return PROTOCOL_POP3;
	case 143:
		return PROTOCOL_IMAP;
	case 465:
		return PROTOCOL_SMTPS;
	case 587:
		return PROTOCOL_SUBMISSION;
	case 993:
		return PROTOCOL_IMAPS;
	case 995:
		return PROTOCOL_POP3S;
	case 4190:
		return PROTOCOL_SIEVE;
	default:
		return PROTOCOL_UNKNOWN;
	}
}
