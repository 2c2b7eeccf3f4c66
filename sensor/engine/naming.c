#include "engine/naming.h"

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

/* "smtp.example.org", not "smtpjs.example": there it is part of who, not of what. */
static bool is_below_a_domain(const char *host)
{
	const char *dot = strchr(host, '.');
	return dot && strchr(dot + 1, '.');
}

static enum protocol protocol_of_host(const char *host)
{
	if (!is_below_a_domain(host)) {
		return PROTOCOL_UNKNOWN;
	}
	for (size_t i = 0; i < sizeof(PATTERNS) / sizeof(PATTERNS[0]); i++) {
		if (strncmp(host, PATTERNS[i].start, strlen(PATTERNS[i].start)) == 0) {
			return PATTERNS[i].protocol;
		}
	}
	return PROTOCOL_UNKNOWN;
}

/* What Exchange's set-up and its cloud call their web front ends: labels, not words. */
static bool is_exchange_host(const char *host)
{
	static const char *const LABELS[] = {"autodiscover.", "outlook.", "owa.",
		"exchange.", "ews.", "mapi.", "activesync."};
	for (size_t i = 0; i < sizeof(LABELS) / sizeof(LABELS[0]); i++) {
		if (strncmp(host, LABELS[i], strlen(LABELS[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* Names that any web mail may have: they want the certificate to say more. */
static bool is_weak_host(const char *host)
{
	return strncmp(host, "mail.", 5) == 0 || strncmp(host, "webmail.", 8) == 0;
}

static const char *next_name(const char *names)
{
	const char *comma = strchr(names, ',');
	return comma ? comma + 1 + (comma[1] == ' ') : NULL;
}

/* names: comma-separated. */
static bool has_exchange_host(const char *names)
{
	for (const char *name = names; name && *name; name = next_name(name)) {
		if (is_exchange_host(name)) {
			return true;
		}
	}
	return false;
}

/* names: comma-separated. */
static enum protocol protocol_of_names(const char *names)
{
	for (const char *name = names; name && *name; name = next_name(name)) {
		const enum protocol protocol = protocol_of_host(name);
		if (protocol != PROTOCOL_UNKNOWN) {
			return protocol;
		}
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

/* A declared mail server speaks TLS: what its role makes of it. is_web: HTTPS, it seems. */
static struct naming of_declared(
	const struct matrix_group *group, bool is_web, const char *evidence)
{
	const struct naming exchange = {true, PROTOCOL_EXCHANGE_HTTPS, evidence};
	const struct naming sending = {true, PROTOCOL_SMTPS, evidence};
	const struct naming not_decided = {false, PROTOCOL_UNKNOWN, NULL};
	switch (group->role) {
	case MATRIX_ROLE_MAILBOX:
	case MATRIX_ROLE_PROXY:
		return is_web ? exchange : not_decided;
	case MATRIX_ROLE_SUBMISSION:
	case MATRIX_ROLE_RELAY:
	case MATRIX_ROLE_OUTBOUND:
	case MATRIX_ROLE_INBOUND:
		return is_web ? not_decided : sending;
	case MATRIX_ROLE_NONE:
	case MATRIX_ROLE_CLIENT:
	case MATRIX_ROLE_APPLICATION:
	case MATRIX_ROLE_RESOLVER:
		break;
	}
	return not_decided;
}

static struct naming of_port(const struct naming_case *tls, bool is_http_inside)
{
	const struct naming not_decided = {.protocol = PROTOCOL_UNKNOWN};
	const enum protocol own = protocol_of_port(tls->server_port);
	if (own == PROTOCOL_UNKNOWN) {
		return not_decided;
	}
	const bool is_implicit = protocol_row(own)->is_implicit_tls;
	if (is_http_inside) {
		return is_implicit ? (struct naming){true, PROTOCOL_TLS, "http alpn"}
				   : not_decided;
	}
	if (is_implicit) {
		return (struct naming){true, own, "tls on its own port"};
	}
	const enum protocol behind = protocol_row(own)->family; /* all have STARTTLS */
	return tls->is_start_seen
		       ? not_decided
		       : (struct naming){true, behind, "tls on a port of starttls"};
}

static bool is_certificate_to_come(const struct facts_tls_session *session)
{
	return session->server_certificate.visibility == FACTS_NOT_SEEN;
}

/* HTTPS that a name tells to be Exchange's; *is_waiting: the certificate has to say it. */
static struct naming of_exchange(
	const struct facts_tls_session *session, bool is_web, bool *is_waiting)
{
	const struct naming not_decided = {false, PROTOCOL_UNKNOWN, NULL};
	const struct facts_certificate *certificate = &session->server_certificate;
	const bool is_weak = session->sni[0] == '\0' || is_weak_host(session->sni);
	if (!is_web) {
		return not_decided;
	}
	if (is_exchange_host(session->sni)) {
		return (struct naming){true, PROTOCOL_EXCHANGE_HTTPS, "server name"};
	}
	if (is_weak && certificate->visibility == FACTS_SEEN &&
		has_exchange_host(certificate->names)) {
		return (struct naming){
			true, PROTOCOL_EXCHANGE_HTTPS, "certificate name"};
	}
	*is_waiting = is_weak_host(session->sni) && is_certificate_to_come(session);
	return not_decided;
}

/* By address first, then by the name asked for. */
static struct naming of_matrix(const struct facts_tls_session *session,
	const struct matrix *matrix, const struct address *server, bool is_web)
{
	const struct matrix_end end = matrix_locate(matrix, server);
	if (end.group) {
		return of_declared(end.group, is_web, "declared server");
	}
	const struct matrix_group *group =
		session->sni[0] != '\0' ? matrix_group_of_host(matrix, session->sni)
					: NULL;
	return group ? of_declared(group, is_web, "declared server name")
		     : (struct naming){false, PROTOCOL_UNKNOWN, NULL};
}

/* No HTTP, as far as can be seen: the protocols that ride on ports of their own. */
static struct naming of_session(const struct facts_tls_session *session, bool is_ended)
{
	const struct naming not_mail = {true, PROTOCOL_TLS, "tls"};
	const struct naming not_decided = {false, PROTOCOL_UNKNOWN, NULL};
	enum protocol protocol = protocol_of_host(session->sni);
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
	return is_ended || !is_certificate_to_come(session) ? not_mail : not_decided;
}

struct naming naming_of_tls(
	const struct naming_case *naming_case, const struct matrix *matrix)
{
	const struct facts_tls_session *session = &naming_case->facts->session;
	const bool is_ended = naming_case->is_ended;
	const bool is_http_inside = is_http(session);
	const bool is_web = naming_case->server_port == 443 || is_http_inside;
	const struct naming by_port = of_port(naming_case, is_http_inside);
	if (by_port.is_decided) {
		return by_port;
	}
	const enum protocol by_alpn = protocol_of_alpn(session);
	if (by_alpn != PROTOCOL_UNKNOWN) {
		return (struct naming){true, by_alpn, "alpn"};
	}
	const struct naming declared =
		of_matrix(session, matrix, naming_case->server, is_web);
	if (declared.is_decided) {
		return declared;
	}
	bool is_waiting = false;
	const struct naming exchange = of_exchange(session, is_web, &is_waiting);
	if (exchange.is_decided) {
		return exchange;
	}
	if (is_waiting && !is_ended) {
		return (struct naming){false, PROTOCOL_UNKNOWN, NULL};
	}
	return is_http_inside ? (struct naming){true, PROTOCOL_TLS, "tls"}
			      : of_session(session, is_ended);
}
