#include "control/naming.h"

#include <string.h>

struct name_pattern {
	const char *start; /* the first label begins so */
	enum protocol protocol;
};

/* Names that providers and RFC 6186 style set-ups give to their servers. */
static const struct name_pattern PATTERNS[] = {
	{"smtp", PROTOCOL_SMTPS},
	{"submission", PROTOCOL_SMTPS},
	{"imap", PROTOCOL_IMAPS},
	{"pop.", PROTOCOL_POP3S},
	{"pop3", PROTOCOL_POP3S},
};

static enum protocol protocol_of_host(const char *host)
{
	for (size_t i = 0; i < sizeof(PATTERNS) / sizeof(PATTERNS[0]); i++) {
		if (strncmp(host, PATTERNS[i].start, strlen(PATTERNS[i].start)) == 0) {
			return PATTERNS[i].protocol;
		}
	}
	return PROTOCOL_UNKNOWN;
}

/* names: comma-separated. */
static enum protocol protocol_of_names(const char *names)
{
	for (const char *name = names; name && *name;) {
		const enum protocol protocol = protocol_of_host(name);
		if (protocol != PROTOCOL_UNKNOWN) {
			return protocol;
		}
		name = strchr(name, ',');
		name = name ? name + 1 + (name[1] == ' ') : NULL;
	}
	return PROTOCOL_UNKNOWN;
}

/* One of the comma-separated protocols starts so. */
static bool offers(const char *alpn, const char *protocol)
{
	for (const char *at = alpn; at && *at;) {
		if (strncmp(at, protocol, strlen(protocol)) == 0) {
			return true;
		}
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return false;
}

static bool is_http(const struct facts_tls_session *session)
{
	if (session->alpn[0] != '\0') {
		return offers(session->alpn, "h2") || offers(session->alpn, "http/");
	}
	return offers(session->alpn_offered, "h2") ||
	       offers(session->alpn_offered, "http/") ||
	       offers(session->alpn_offered, "spdy/");
}

/* IANA TLS ALPN protocol ids. */
static enum protocol protocol_of_alpn(const struct facts_tls_session *session)
{
	const char *alpn =
		session->alpn[0] != '\0' ? session->alpn : session->alpn_offered;
	if (offers(alpn, "imap")) {
		return PROTOCOL_IMAPS;
	}
	if (offers(alpn, "pop3")) {
		return PROTOCOL_POP3S;
	}
	return offers(alpn, "smtp") ? PROTOCOL_SMTPS : PROTOCOL_UNKNOWN;
}

/* A declared mail server speaks TLS: what its role and port make of it. */
static struct naming of_declared(
	const struct matrix_group *group, uint16_t server_port, bool is_http_inside)
{
	const struct naming exchange = {
		true, PROTOCOL_EXCHANGE_HTTPS, "declared server"};
	const struct naming sending = {true, PROTOCOL_SMTPS, "declared server"};
	const struct naming not_decided = {false, PROTOCOL_UNKNOWN, NULL};
	switch (group->role) {
	case MATRIX_ROLE_MAILBOX:
	case MATRIX_ROLE_PROXY:
		return server_port == 443 || is_http_inside ? exchange : not_decided;
	case MATRIX_ROLE_SUBMISSION:
	case MATRIX_ROLE_RELAY:
	case MATRIX_ROLE_OUTBOUND:
	case MATRIX_ROLE_INBOUND:
		return server_port == 443 || is_http_inside ? not_decided : sending;
	case MATRIX_ROLE_NONE:
	case MATRIX_ROLE_CLIENT:
	case MATRIX_ROLE_APPLICATION:
	case MATRIX_ROLE_RESOLVER:
		break;
	}
	return not_decided;
}

static struct naming of_port(uint16_t server_port, bool is_http_inside)
{
	const enum protocol own = protocol_of_port(server_port);
	if (own == PROTOCOL_UNKNOWN || !protocol_row(own)->is_implicit_tls) {
		return (struct naming){false, PROTOCOL_UNKNOWN, NULL};
	}
	if (is_http_inside) {
		return (struct naming){true, PROTOCOL_TLS, "http alpn"};
	}
	return (struct naming){true, own, "tls on its own port"};
}

struct naming naming_of_tls(const struct facts *facts, const struct matrix *matrix,
	const struct address *server, uint16_t server_port, bool is_ended)
{
	const struct facts_tls_session *session = &facts->session;
	const bool is_http_inside = is_http(session);
	const struct naming by_port = of_port(server_port, is_http_inside);
	if (by_port.is_decided) {
		return by_port;
	}
	const struct matrix_end end = matrix_locate(matrix, server);
	const struct matrix_group *group = end.group;
	if (!group && session->sni[0] != '\0') {
		group = matrix_group_of_host(matrix, session->sni);
	}
	if (group) {
		const struct naming declared =
			of_declared(group, server_port, is_http_inside);
		if (declared.is_decided) {
			return declared;
		}
	}
	const struct naming not_mail = {true, PROTOCOL_TLS, "tls"};
	if (is_http_inside) {
		return not_mail;
	}
	enum protocol protocol = protocol_of_alpn(session);
	if (protocol != PROTOCOL_UNKNOWN) {
		return (struct naming){true, protocol, "alpn"};
	}
	protocol = protocol_of_host(session->sni);
	if (protocol != PROTOCOL_UNKNOWN) {
		return (struct naming){true, protocol, "server name"};
	}
	if (session->sni[0] != '\0' || session->alpn_offered[0] != '\0') {
		return not_mail;
	}
	if (session->server_certificate.visibility == FACTS_SEEN) {
		protocol = protocol_of_names(session->server_certificate.names);
		return protocol == PROTOCOL_UNKNOWN
			       ? not_mail
			       : (struct naming){true, protocol, "certificate name"};
	}
	const bool is_certificate_hidden =
		session->server_certificate.visibility != FACTS_NOT_SEEN;
	return is_ended || is_certificate_hidden
		       ? not_mail
		       : (struct naming){false, PROTOCOL_UNKNOWN, NULL};
}
