#include "classify/protocol.h"

#include <string.h>

/* Ports: IANA registry; 24 for LMTP and 2000 for sieve are habits, RFC 2033 and RFC 5804 */
static const struct protocol_row ROWS[PROTOCOL_COUNT] = {
	[PROTOCOL_UNKNOWN] = {"unknown", PROTOCOL_UNKNOWN, false, false, false, {0}},
	[PROTOCOL_SMTP] = {"smtp", PROTOCOL_SMTP, true, false, true, {25}},
	[PROTOCOL_SUBMISSION] = {"submission", PROTOCOL_SMTP, true, false, true, {587}},
	[PROTOCOL_SMTPS] = {"smtps", PROTOCOL_SMTP, true, true, true, {465}},
	[PROTOCOL_SUBMISSIONS] = {"submissions", PROTOCOL_SMTP, true, true, true,
		{465}},
	[PROTOCOL_LMTP] = {"lmtp", PROTOCOL_LMTP, true, false, true, {24}},
	[PROTOCOL_IMAP] = {"imap", PROTOCOL_IMAP, true, false, false, {143}},
	[PROTOCOL_IMAPS] = {"imaps", PROTOCOL_IMAP, true, true, false, {993}},
	[PROTOCOL_POP3] = {"pop3", PROTOCOL_POP3, true, false, false, {110}},
	[PROTOCOL_POP3S] = {"pop3s", PROTOCOL_POP3, true, true, false, {995}},
	[PROTOCOL_SIEVE] = {"sieve", PROTOCOL_SIEVE, true, false, false, {4190}},
	[PROTOCOL_MAPI_RPC] = {"mapi-rpc", PROTOCOL_MAPI_RPC, true, false, false, {0}},
	[PROTOCOL_MAPI_HTTP] = {"mapi-http", PROTOCOL_MAPI_HTTP, true, false, false,
		{443, 80}},
	[PROTOCOL_OUTLOOK_ANYWHERE] = {"outlook-anywhere", PROTOCOL_OUTLOOK_ANYWHERE,
		true, false, false, {443, 80, 593}},
	[PROTOCOL_EAS] = {"eas", PROTOCOL_EAS, true, false, false, {443, 80}},
	[PROTOCOL_EWS] = {"ews", PROTOCOL_EWS, true, false, false, {443, 80}},
	[PROTOCOL_EXCHANGE_HTTPS] = {"exchange-https", PROTOCOL_EXCHANGE_HTTPS, true,
		true, false, {443}},
	[PROTOCOL_ATTEMPT] = {"attempt", PROTOCOL_ATTEMPT, true, false, false, {0}},
	[PROTOCOL_TLS] = {"tls", PROTOCOL_TLS, false, true, false, {443}},
	[PROTOCOL_HTTP] = {"http", PROTOCOL_HTTP, false, false, false, {80}},
	[PROTOCOL_DCERPC] = {"dcerpc", PROTOCOL_DCERPC, false, false, false, {135}},
	[PROTOCOL_FTP] = {"ftp", PROTOCOL_FTP, false, false, false, {21}},
	[PROTOCOL_NNTP] = {"nntp", PROTOCOL_NNTP, false, false, false, {119}},
	[PROTOCOL_IRC] = {"irc", PROTOCOL_IRC, false, false, false, {6667}},
	[PROTOCOL_SSH] = {"ssh", PROTOCOL_SSH, false, false, false, {22}},
	[PROTOCOL_REDIS] = {"redis", PROTOCOL_REDIS, false, false, false, {6379}},
	[PROTOCOL_MEMCACHED] = {"memcached", PROTOCOL_MEMCACHED, false, false, false,
		{11211}},
	[PROTOCOL_FINGER] = {"finger", PROTOCOL_FINGER, false, false, false, {79}},
	[PROTOCOL_GOPHER] = {"gopher", PROTOCOL_GOPHER, false, false, false, {70}},
	[PROTOCOL_SOCKS] = {"socks", PROTOCOL_SOCKS, false, false, false, {1080}},
	[PROTOCOL_DNS] = {"dns", PROTOCOL_DNS, false, false, false, {53}},
	[PROTOCOL_OTHER] = {"other", PROTOCOL_OTHER, false, false, false, {0}},
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
