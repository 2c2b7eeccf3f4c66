#include "engine/naming.h"

#include "judge/ends.h"

#include <string.h>
#include <strings.h>

#define PORT_HTTPS 443

struct name_pattern {
	const char *word; /* of the first label; digits or an "s" may follow */
	enum protocol protocol;
	bool is_whole;  /* it is the label, and no part of one */
	bool is_prefix; /* whatever follows */
	/* sites are called so as well: on the web's port it is no name of mail */
	bool is_of_web;
};

/* Names that providers and RFC 6186 style set-ups give to their servers. */
static const struct name_pattern PATTERNS[] = {
	{.word = "smtp", .protocol = PROTOCOL_SMTPS, .is_prefix = true},
	{.word = "submission",
		.protocol = PROTOCOL_SMTPS,
		.is_whole = true,
		.is_of_web = true},
	{.word = "imap", .protocol = PROTOCOL_IMAPS},
	{.word = "pop3", .protocol = PROTOCOL_POP3S},
	{.word = "pop",
		.protocol = PROTOCOL_POP3S,
		.is_whole = true,
		.is_of_web = true},
};

#define PATTERN_COUNT (sizeof(PATTERNS) / sizeof(PATTERNS[0]))

/* A word begins at at: "imap", "imaps4", not "imaplay". */
static bool is_word(const char *at, const struct name_pattern *pattern)
{
	if ((at[0] | 0x20) != pattern->word[0]) { /* most go here */
		return false;
	}
	const size_t len = strlen(pattern->word);
	if (strncasecmp(at, pattern->word, len) != 0) {
		return false;
	}
	at += len;
	at += at[0] == 's';
	at += strspn(at, "0123456789");
	return pattern->is_prefix || at[0] == '.' ||
	       (!pattern->is_whole && at[0] == '-');
}

/* The first of the patterns that the word at at is, of so many. */
static size_t pattern_of_word(
	const char *at, bool is_first_word, uint16_t port, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct name_pattern *pattern = &PATTERNS[i];
		const bool is_site = pattern->is_of_web && port == PORT_HTTPS;
		if (!is_site && (is_first_word || !pattern->is_whole) &&
			is_word(at, pattern)) {
			return i;
		}
	}
	return count;
}

/* The first that the label is called by: of "imap-mail", "email-smtp" any word. */
static size_t pattern_of(const char *host, size_t label, uint16_t port)
{
	size_t first = PATTERN_COUNT;
	for (size_t at = 0; at < label; at += strcspn(host + at, "-.") + 1) {
		first = pattern_of_word(host + at, at == 0, port, first);
	}
	return first;
}

static enum protocol protocol_of_host(const char *host, uint16_t port)
{
	const size_t label = strcspn(host, ".,");
	/* "smtp.example.org", not "smtpjs.example": there it is part of who, not of what */
	if (host[label] != '.' ||
		host[label + 1 + strcspn(host + label + 1, ".,")] != '.') {
		return PROTOCOL_UNKNOWN;
	}
	const size_t pattern = pattern_of(host, label, port);
	return pattern < PATTERN_COUNT ? PATTERNS[pattern].protocol : PROTOCOL_UNKNOWN;
}

static bool starts_with_one(const char *host, const char *const *labels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (host[0] == labels[i][0] &&
			strncmp(host, labels[i], strlen(labels[i])) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * What only Exchange's set-up and its cloud call their web front ends: labels, not words.
 * "mapi.", "exchange.", "ews." and "owa." are shops and services of others as often.
 */
static bool is_exchange_host(const char *host)
{
	static const char *const LABELS[] = {"autodiscover.", "outlook."};
	return starts_with_one(host, LABELS, sizeof(LABELS) / sizeof(LABELS[0]));
}

/* Names that any web mail, and more, may have: they want the certificate to say more. */
static bool is_weak_host(const char *host)
{
	static const char *const LABELS[] = {"mail.", "webmail.", "owa.", "exchange.",
		"ews.", "mapi.", "activesync."};
	return starts_with_one(host, LABELS, sizeof(LABELS) / sizeof(LABELS[0]));
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

/*
 * names: comma-separated; the first that tells. A web server's certificate may bear one beside
 * many others: on its port no name may be anything but a mail server's.
 */
static enum protocol protocol_of_names(const char *names, uint16_t port)
{
	enum protocol found = PROTOCOL_UNKNOWN;
	for (const char *name = names; name && *name; name = next_name(name)) {
		const enum protocol protocol = protocol_of_host(name, port);
		if (port == PORT_HTTPS && protocol == PROTOCOL_UNKNOWN &&
			strncmp(name, "mail.", 5) != 0) {
			return PROTOCOL_UNKNOWN;
		}
		found = found == PROTOCOL_UNKNOWN ? protocol : found;
	}
	return found;
}

static bool is_certificate_to_come(const struct facts_tls_session *session)
{
	return session->server_certificate.visibility == FACTS_NOT_SEEN;
}

/* The server's own names count where none was asked for, or one that is not its. */
static bool is_certificate_of_interest(const struct facts_tls_session *session)
{
	const struct facts_certificate *certificate = &session->server_certificate;
	return certificate->visibility == FACTS_SEEN &&
	       (session->sni[0] == '\0' || certificate->name_matches == FACTS_NO);
}

/* By the name asked for, else by those of the certificate. */
static enum protocol protocol_of_session(const struct naming_case *tls)
{
	const struct facts_tls_session *session = &tls->facts->session;
	const enum protocol asked = protocol_of_host(session->sni, tls->server_port);
	return asked == PROTOCOL_UNKNOWN && is_certificate_of_interest(session)
		       ? protocol_of_names(
				 session->server_certificate.names, tls->server_port)
		       : asked;
}

/* What a list of ALPN protocols names (IANA TLS ALPN protocol ids), one bit for each. */
enum alpn {
	ALPN_HTTP = 1U << 0,
	ALPN_SPDY = 1U << 1,
	ALPN_SMTP = 1U << 2,
	ALPN_POP3 = 1U << 3,
	ALPN_IMAP = 1U << 4,
	ALPN_SIEVE = 1U << 5,
};

static unsigned alpn_of_name(const char *name)
{
	static const struct {
		const char *start;
		unsigned len;
		enum alpn alpn;
	} STARTS[] = {{"h2", 2, ALPN_HTTP}, {"http/", 5, ALPN_HTTP},
		{"spdy/", 5, ALPN_SPDY}, {"smtp", 4, ALPN_SMTP},
		{"esmtp", 5, ALPN_SMTP}, {"pop3", 4, ALPN_POP3}, {"imap", 4, ALPN_IMAP},
		{"managesieve", 11, ALPN_SIEVE}};
	for (size_t i = 0; i < sizeof(STARTS) / sizeof(STARTS[0]); i++) {
		if (*name == *STARTS[i].start &&
			strncmp(name, STARTS[i].start, STARTS[i].len) == 0) {
			return STARTS[i].alpn;
		}
	}
	return 0;
}

/* Of the one that was chosen, else of all that were offered. */
static unsigned alpn_of(const struct facts_tls_session *session)
{
	const bool is_chosen = session->alpn[0] != '\0';
	const char *at = is_chosen ? session->alpn : session->alpn_offered;
	unsigned alpn = 0;
	while (*at != '\0') { /* the commas of one text */
		alpn |= alpn_of_name(at);
		at = strchrnul(at, ',');
		at += *at == ',';
	}
	return is_chosen ? alpn & ~(unsigned)ALPN_SPDY : alpn;
}

static bool is_http(unsigned alpn)
{
	return alpn & (ALPN_HTTP | ALPN_SPDY);
}

static enum protocol protocol_of_alpn(unsigned alpn)
{
	if (alpn & ALPN_IMAP) {
		return PROTOCOL_IMAPS;
	}
	if (alpn & ALPN_POP3) {
		return PROTOCOL_POP3S;
	}
	if (alpn & ALPN_SIEVE) {
		return PROTOCOL_SIEVE;
	}
	return alpn & ALPN_SMTP ? PROTOCOL_SMTPS : PROTOCOL_UNKNOWN;
}

/*
 * Ports where TLS from the first byte is some other service's, which a mail server may run
 * beside (a directory, management, monitoring): there its address says nothing of mail.
 */
static bool is_port_of_others(uint16_t port)
{
	static const uint16_t PORTS[] = {
		563,   /* nntps */
		636,   /* ldaps */
		853,   /* DNS */
		989,   /* ftps-data */
		990,   /* ftps */
		992,   /* telnets */
		994,   /* ircs */
		1514,  /* Wazuh */
		2083,  /* RadSec */
		2376,  /* Docker */
		3269,  /* global catalogue */
		3389,  /* RDP */
		5044,  /* Beats */
		5061,  /* sips */
		5223,  /* xmpp */
		5349,  /* turns */
		5665,  /* Icinga */
		5666,  /* NRPE */
		5671,  /* amqps */
		5986,  /* WinRM */
		5989,  /* WBEM */
		6443,  /* Kubernetes */
		6514,  /* syslog */
		6556,  /* Checkmk */
		6697,  /* ircs */
		8089,  /* Splunk */
		8140,  /* Puppet */
		8443,  /* the web's other one */
		8883,  /* mqtts */
		9090,  /* Cockpit */
		9200,  /* Elasticsearch */
		9443,  /* the web's, again */
		9997,  /* Splunk */
		10000, /* Webmin */
		10050, /* Zabbix */
		10051, /* Zabbix */
		10443, /* the web's, again */
	};
	for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++) {
		if (PORTS[i] == port) {
			return true;
		}
	}
	return false;
}

/*
 * In the midst of TLS nobody tells which end serves: a mail server is a client as well, of
 * directories, databases and logs.
 */
static bool is_server_shown(const struct naming_case *tls)
{
	const struct facts_tls_session *session = &tls->facts->session;
	return tls->is_server_known || session->has_client_hello ||
	       session->has_server_hello;
}

/* A declared mail server speaks TLS: what its role makes of it. is_web: HTTPS, it seems. */
static struct naming of_declared(const struct naming_case *tls,
	const struct matrix_group *group, bool is_web, const char *evidence)
{
	const struct naming exchange = {true, PROTOCOL_EXCHANGE_HTTPS, evidence};
	const struct naming sending = {true, PROTOCOL_SMTPS, evidence};
	const struct naming not_decided = {false, PROTOCOL_UNKNOWN, NULL};
	/* nobody outside has other business with it */
	const struct naming reading = {true, PROTOCOL_IMAPS, evidence};
	if (!is_web && (is_port_of_others(tls->server_port) || !is_server_shown(tls))) {
		return not_decided;
	}
	switch (group->role) {
	case MATRIX_ROLE_MAILBOX:
		if (!is_web && tls->is_from_internet) {
			return reading;
		}
		return is_web ? exchange : not_decided;
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

/*
 * A client may ask for HTTP with ALPN to be taken for another. On 465 that takes nothing
 * from the port (R37); where users read mail it does, unless the server is one of mail.
 */
static bool is_web_on(
	const struct naming_case *tls, const struct matrix *matrix, enum protocol own)
{
	const struct matrix_end server = matrix_locate(matrix, tls->server);
	return !protocol_row(own)->is_sending && !judge_is_server(&server) &&
	       protocol_of_session(tls) == PROTOCOL_UNKNOWN;
}

/* The certificate is still to say whether it is the web. */
static bool is_waiting_on_port(
	const struct naming_case *tls, const struct matrix *matrix, bool is_http_inside)
{
	const enum protocol own = protocol_of_port(tls->server_port);
	return is_http_inside && protocol_row(own)->is_implicit_tls && !tls->is_ended &&
	       tls->facts->session.sni[0] == '\0' &&
	       is_certificate_to_come(&tls->facts->session) &&
	       is_web_on(tls, matrix, own);
}

static struct naming of_port(
	const struct naming_case *tls, const struct matrix *matrix, bool is_http_inside)
{
	const struct naming not_decided = {.protocol = PROTOCOL_UNKNOWN};
	const enum protocol own = protocol_of_port(tls->server_port);
	if (own == PROTOCOL_UNKNOWN) {
		return not_decided;
	}
	if (protocol_row(own)->is_implicit_tls) {
		return is_http_inside && is_web_on(tls, matrix, own)
			       ? (struct naming){true, PROTOCOL_TLS, "http alpn"}
			       : (struct naming){true, own, "tls on its own port"};
	}
	if (is_http_inside) {
		return not_decided;
	}
	if (!tls->is_start_seen) { /* all have STARTTLS */
		return (struct naming){
			true, protocol_row(own)->family, "tls on a port of starttls"};
	}
	if (own == PROTOCOL_SUBMISSION) {
		return (struct naming){
			true, PROTOCOL_SMTPS, "tls on submission's port"};
	}
	return own == PROTOCOL_SIEVE ? (struct naming){true, own, "tls on its own port"}
				     : not_decided;
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

static const char BY_NAME[] = "declared server name";

/* By address first, then by the name asked for. */
static struct naming of_matrix(
	const struct naming_case *tls, const struct matrix *matrix, bool is_web)
{
	const struct facts_tls_session *session = &tls->facts->session;
	const struct matrix_end end = matrix_locate(matrix, tls->server);
	if (end.group) {
		return of_declared(tls, end.group, is_web, "declared server");
	}
	const struct matrix_group *group =
		session->sni[0] != '\0' ? matrix_group_of_host(matrix, session->sni)
					: NULL;
	return group ? of_declared(tls, group, is_web, BY_NAME)
		     : (struct naming){false, PROTOCOL_UNKNOWN, NULL};
}

/* Where providers take submission beside 465, for those whose network closes that. */
static bool is_provider_s(uint16_t port, const char *host)
{
	static const char *const LABELS[] = {"mail.", "relay.", "mta.", "mx."};
	return (port == 2465 || port == 8465) &&
	       starts_with_one(host, LABELS, sizeof(LABELS) / sizeof(LABELS[0]));
}

/*
 * A name of mail. On the web's port what ALPN or another name asks for outweighs it;
 * elsewhere it takes nothing from it.
 */
static struct naming of_session(const struct naming_case *tls, bool is_http_inside)
{
	const struct naming not_mail = {true, PROTOCOL_TLS, "tls"};
	const struct naming not_decided = {false, PROTOCOL_UNKNOWN, NULL};
	const struct facts_tls_session *session = &tls->facts->session;
	const uint16_t port = tls->server_port;
	const bool is_on_the_web = port == PORT_HTTPS;
	const enum protocol protocol = protocol_of_session(tls);
	if (is_on_the_web && is_http_inside) {
		return not_mail;
	}
	if (protocol_of_host(session->sni, port) != PROTOCOL_UNKNOWN) {
		return (struct naming){true, protocol, "server name"};
	}
	if (!is_http_inside && is_provider_s(port, session->sni)) {
		return (struct naming){
			true, PROTOCOL_SMTPS, "server name, on a provider's port"};
	}
	if (is_on_the_web &&
		(session->sni[0] != '\0' || session->alpn_offered[0] != '\0')) {
		return not_mail;
	}
	if (protocol != PROTOCOL_UNKNOWN) {
		return (struct naming){true, protocol, "certificate name"};
	}
	/* the web's other ports are not held for a name that is seldom one of mail */
	const bool is_waiting =
		!tls->is_ended && is_certificate_to_come(session) &&
		(session->sni[0] == '\0' || !is_port_of_others(tls->server_port));
	return is_waiting ? not_decided : not_mail;
}

/* By what the hellos and the certificate say, or whose address it is. */
static struct naming of_words(
	const struct naming_case *tls, const struct matrix *matrix, unsigned alpn)
{
	const bool is_http_inside = is_http(alpn);
	const bool is_web = tls->server_port == PORT_HTTPS || is_http_inside;
	const enum protocol by_alpn = protocol_of_alpn(alpn);
	if (by_alpn != PROTOCOL_UNKNOWN) {
		return (struct naming){true, by_alpn, "alpn"};
	}
	const struct naming declared = of_matrix(tls, matrix, is_web);
	if (declared.is_decided) {
		return declared;
	}
	bool is_waiting = false;
	const struct naming exchange =
		of_exchange(&tls->facts->session, is_web, &is_waiting);
	if (exchange.is_decided) {
		return exchange;
	}
	if (is_waiting && !tls->is_ended) {
		return (struct naming){false, PROTOCOL_UNKNOWN, NULL};
	}
	return of_session(tls, is_http_inside);
}

/*
 * The client's hello alone is anybody's: TLS is there once the server says so. Of a server
 * that was not captured, or not from its first byte on, nothing can be asked.
 */
static bool is_claim(const struct naming_case *tls)
{
	const struct facts_tls_session *session = &tls->facts->session;
	return session->has_client_hello && tls->is_server_captured &&
	       tls->is_start_seen && tls->facts->gaps == 0 &&
	       !session->has_server_hello && !session->is_established;
}

struct naming naming_of_tls(
	const struct naming_case *naming_case, const struct matrix *matrix)
{
	const unsigned alpn = alpn_of(&naming_case->facts->session);
	const bool is_http_inside = is_http(alpn);
	if (is_waiting_on_port(naming_case, matrix, is_http_inside)) {
		return (struct naming){false, PROTOCOL_UNKNOWN, NULL};
	}
	const struct naming by_port = of_port(naming_case, matrix, is_http_inside);
	if (by_port.is_decided) {
		return by_port;
	}
	const struct naming naming = of_words(naming_case, matrix, alpn);
	const bool is_mail = naming.is_decided && naming.protocol != PROTOCOL_TLS;
	return is_mail && is_claim(naming_case)
		       ? (struct naming){naming_case->is_ended, PROTOCOL_TLS, "tls"}
		       : naming;
}

bool naming_is_by_name(
	const struct naming_case *naming_case, const struct naming *naming)
{
	const struct facts_tls_session *session = &naming_case->facts->session;
	const bool is_http_inside = is_http(alpn_of(session));
	const bool is_web = naming_case->server_port == PORT_HTTPS || is_http_inside;
	bool is_waiting = false;
	if (naming->evidence != BY_NAME ||
		of_exchange(session, is_web, &is_waiting).is_decided) {
		return false;
	}
	const struct naming other = of_session(naming_case, is_http_inside);
	return !other.is_decided || other.protocol == PROTOCOL_TLS;
}
