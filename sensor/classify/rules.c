#include "classify/rules.h"

#include "classify/joined.h"

/*
 * In order of weight: the first row that fits decides. "220" by itself names nothing
 * (FTP greets so too), nor does a verb that several protocols share.
 */
static const struct rule RULES[] = {
	/* what the first line settles */
	{.client_any = CLIENT_TLS,
		.server_any = SERVER_TLS,
		.protocol = PROTOCOL_TLS,
		.evidence = "tls client hello + server hello"},
	{.client_any = CLIENT_MAPI_HTTP,
		.protocol = PROTOCOL_MAPI_HTTP,
		.evidence = "mapi over http request"},
	{.client_any = CLIENT_ANYWHERE,
		.protocol = PROTOCOL_OUTLOOK_ANYWHERE,
		.evidence = "rpc over http request"},
	{.client_any = CLIENT_EAS,
		.protocol = PROTOCOL_EAS,
		.evidence = "activesync request"},
	{.client_any = CLIENT_EWS, .protocol = PROTOCOL_EWS, .evidence = "ews request"},
	{.client_any = CLIENT_EXCHANGE_WEB,
		.protocol = PROTOCOL_EXCHANGE_HTTPS,
		.evidence = "owa, ecp, oab or autodiscover request"},
	{.client_any = CLIENT_HTTP,
		.server_none = SERVER_OF_MAIL,
		.needs_answer = true,
		.protocol = PROTOCOL_HTTP,
		.evidence = "http request"},
	/* its head may be long: the dialogue reads on, and hears the answer */
	{.client_any = CLIENT_HTTP,
		.server_none = SERVER_LIKE_MAIL,
		.needs_last_or_full = true,
		.is_off_the_mail = true,
		.protocol = PROTOCOL_HTTP,
		.evidence = "http request"},
	{.client_any = CLIENT_HTTP,
		.server_none = SERVER_LIKE_MAIL,
		.needs_last_or_full = true,
		.needs_known_client = true,
		.protocol = PROTOCOL_HTTP,
		.evidence = "http request"},
	{.server_any = SERVER_HTTP,
		.protocol = PROTOCOL_HTTP,
		.evidence = "http response"},
	{.client_any = CLIENT_SSH,
		.server_none = SERVER_LIKE_MAIL,
		.needs_answer = true,
		.is_role_unsure = true,
		.protocol = PROTOCOL_SSH,
		.evidence = "ssh banner"},
	{.server_any = SERVER_SSH,
		.server_none = SERVER_OF_MAIL,
		.is_role_unsure = true,
		.protocol = PROTOCOL_SSH,
		.evidence = "ssh banner"},
	{.client_any = CLIENT_FOREIGN,
		.server_none = SERVER_OF_MAIL,
		.needs_answer = true,
		.protocol = PROTOCOL_OTHER,
		.evidence = "rtsp or sip request"},
	{.server_any = SERVER_FOREIGN,
		.protocol = PROTOCOL_OTHER,
		.evidence = "rtsp or sip response"},

	/* LMTP: RFC 2033 */
	{.client_any = CLIENT_LHLO,
		.client_none = CLIENT_EHLO,
		.server_any = SERVER_REPLY,
		.protocol = PROTOCOL_LMTP,
		.evidence = "lhlo"},
	{.client_any = CLIENT_LHLO,
		.client_and = CLIENT_MAIL | CLIENT_RCPT,
		.client_first = CLIENT_LHLO,
		.protocol = PROTOCOL_LMTP,
		.evidence = "lhlo, client side alone"},
	{.client_any = CLIENT_LHLO,
		.client_first = CLIENT_LHLO,
		.needs_last = true,
		.protocol = PROTOCOL_LMTP,
		.evidence = "lhlo, client side alone"},
	{.server_any = SERVER_LMTP_TEXT,
		.server_and = SERVER_250,
		.needs_asking = true,
		.protocol = PROTOCOL_LMTP,
		.evidence = "greeting says lmtp"},
	{.server_any = SERVER_LMTP_TEXT,
		.server_first = SERVER_LMTP_TEXT,
		.needs_last = true,
		.protocol = PROTOCOL_LMTP,
		.evidence = "greeting says lmtp"},
	/* its first lines were not seen: the envelope is SMTP's, the port is not */
	{.client_any = CLIENT_MAIL | CLIENT_RCPT,
		.client_none = CLIENT_EHLO,
		.server_any = SERVER_REPLY,
		.port_owner = PROTOCOL_LMTP,
		.protocol = PROTOCOL_LMTP,
		.evidence = "envelope command + reply, on lmtp's port"},
	{.client_any = CLIENT_MAIL,
		.client_and = CLIENT_RCPT,
		.client_first = CLIENT_SMTP_FIRST,
		.client_none = CLIENT_EHLO,
		.port_owner = PROTOCOL_LMTP,
		.protocol = PROTOCOL_LMTP,
		.evidence = "envelope, client side alone, on lmtp's port"},
	{.client_any = CLIENT_SHARED | CLIENT_STARTTLS,
		.client_none = CLIENT_EHLO,
		.server_any = SERVER_220 | SERVER_ENHANCED,
		.port_owner = PROTOCOL_LMTP,
		.protocol = PROTOCOL_LMTP,
		.evidence = "command + reply, on lmtp's port"},
	{.client_none = CLIENT_EHLO,
		.server_any = SERVER_EHLO_REPLY | SERVER_354 | SERVER_ENHANCED_TWO,
		.needs_asking = true,
		.port_owner = PROTOCOL_LMTP,
		.protocol = PROTOCOL_LMTP,
		.evidence = "replies, on lmtp's port"},

	/* SMTP: RFC 5321 */
	{.client_any = CLIENT_EHLO,
		.server_any = SERVER_220,
		.server_none = SERVER_FTP_TEXT,
		.protocol = PROTOCOL_SMTP,
		.evidence = "220 greeting + ehlo"},
	{.client_any = CLIENT_EHLO,
		.server_any = SERVER_REPLY,
		.server_none = SERVER_FTP_TEXT | SERVER_200,
		.protocol = PROTOCOL_SMTP,
		.evidence = "ehlo + reply"},
	{.client_any = CLIENT_MAIL | CLIENT_RCPT,
		.server_any = SERVER_REPLY,
		.protocol = PROTOCOL_SMTP,
		.evidence = "envelope command + reply"},
	{.client_any = CLIENT_STARTTLS,
		.server_any = SERVER_220 | SERVER_SMTP_TEXT,
		.server_none = SERVER_200,
		.protocol = PROTOCOL_SMTP,
		.evidence = "starttls + 220"},
	{.client_any = CLIENT_SMTP_ONLY | CLIENT_AUTH | CLIENT_SHARED | CLIENT_STARTTLS,
		.server_any = SERVER_SMTP_TEXT,
		.protocol = PROTOCOL_SMTP,
		.evidence = "greeting says smtp + command"},
	{.client_any = CLIENT_SMTP_ONLY,
		.client_none = CLIENT_PAGE,
		.server_any = SERVER_220 | SERVER_354 | SERVER_ENHANCED,
		.server_none = SERVER_OTHER_TEXT,
		.protocol = PROTOCOL_SMTP,
		.evidence = "smtp command + reply"},
	{.client_any = CLIENT_AUTH,
		.server_any = SERVER_220 | SERVER_SASL_REPLY,
		.protocol = PROTOCOL_SMTP,
		.evidence = "auth + reply"},
	{.client_any = CLIENT_SHARED,
		.server_any = SERVER_ENHANCED,
		.protocol = PROTOCOL_SMTP,
		.evidence = "command + enhanced status"},
	{.client_any = CLIENT_TLS,
		.server_any = SERVER_SMTP_TEXT,
		.protocol = PROTOCOL_SMTP,
		.evidence = "smtp greeting to a tls client hello"},
	/* RFC 1939: no server but POP3's begins by "+OK"; what looks like others' is in a letter */
	{.server_any = SERVER_IN_LETTERS,
		.server_first = SERVER_OK,
		.server_none = SERVER_REDIS,
		.client_none = CLIENT_NOT_POP3,
		.needs_server_first = true,
		.protocol = PROTOCOL_POP3,
		.evidence = "+OK greeting"},
	{.server_any = SERVER_EHLO_REPLY,
		.needs_asking = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "ehlo reply"},
	{.server_any = SERVER_SMTP_TEXT,
		.server_and = SERVER_250,
		.needs_asking = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "greeting says smtp + 250"},
	{.server_any = SERVER_354,
		.server_and = SERVER_250,
		.server_none = SERVER_OTHER_TEXT,
		.client_none = CLIENT_PAGE,
		.needs_asking = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "354 + 250"},
	{.server_any = SERVER_ENHANCED,
		.server_and = SERVER_354,
		.needs_asking = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "354 + enhanced status"},
	{.client_any = CLIENT_EHLO,
		.client_and = CLIENT_MAIL | CLIENT_RCPT | CLIENT_AUTH | CLIENT_STARTTLS,
		.client_first = CLIENT_SMTP_FIRST,
		.is_server_unheard = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "ehlo + command, client side alone"},
	{.client_any = CLIENT_MAIL,
		.client_and = CLIENT_RCPT,
		.client_first = CLIENT_SMTP_FIRST,
		.is_server_unheard = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "envelope, client side alone"},
	{.client_any = CLIENT_EHLO | CLIENT_MAIL | CLIENT_RCPT,
		.client_first = CLIENT_SMTP_FIRST,
		.needs_last = true,
		.is_server_unheard = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "smtp commands, client side alone"},
	{.server_any = SERVER_SMTP_TEXT,
		.server_first = SERVER_SMTP_TEXT,
		.needs_last = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "greeting says smtp"},
	{.server_any = SERVER_ENHANCED_TWO,
		.needs_last = true,
		.needs_asking = true,
		.protocol = PROTOCOL_SMTP,
		.evidence = "enhanced status codes, server side alone"},
	{.server_any = SERVER_REFUSAL,
		.server_none = SERVER_NOT_SMTP,
		.client_none = CLIENT_USER | CLIENT_PASS | CLIENT_FTP | CLIENT_NNTP,
		.needs_last = true,
		.needs_server_first = true,
		.port_owner = PROTOCOL_SMTP,
		.protocol = PROTOCOL_SMTP,
		.evidence = "refusal at connect, on smtp's port"},
	{.client_any = CLIENT_SHARED,
		.server_any = SERVER_220,
		.server_none = SERVER_NOT_SMTP,
		.client_none = CLIENT_USER | CLIENT_PASS | CLIENT_FTP | CLIENT_NNTP,
		.needs_last = true,
		.needs_server_first = true,
		.port_owner = PROTOCOL_SMTP,
		.protocol = PROTOCOL_SMTP,
		.evidence = "220 greeting + command, on smtp's port"},

	/* IMAP: RFC 9051 */
	{.server_any = SERVER_IMAP,
		.protocol = PROTOCOL_IMAP,
		.evidence = "imap greeting"},
	{.client_any = CLIENT_TAG_MET,
		.server_none = SERVER_OTHER_TEXT,
		.protocol = PROTOCOL_IMAP,
		.evidence = "tagged command + its reply"},
	{.client_any = CLIENT_IMAP,
		.server_any = SERVER_UNTAGGED,
		.server_none = SERVER_OTHER_TEXT,
		.protocol = PROTOCOL_IMAP,
		.evidence = "tagged command + untagged reply"},
	{.server_any = SERVER_UNTAGGED,
		.server_and = SERVER_TAGGED,
		.server_none = SERVER_OTHER_TEXT,
		.needs_asking = true,
		.protocol = PROTOCOL_IMAP,
		.evidence = "imap replies"},
	{.server_any = SERVER_UNTAGGED_TWO,
		.needs_last = true,
		.needs_asking = true,
		.protocol = PROTOCOL_IMAP,
		.evidence = "untagged imap replies, server side alone"},
	{.client_any = CLIENT_IMAP_TWO,
		.client_first = CLIENT_IMAP,
		.needs_last = true,
		.is_server_unheard = true,
		.protocol = PROTOCOL_IMAP,
		.evidence = "tagged imap commands, client side alone"},

	/* ManageSieve: RFC 5804 */
	{.server_any = SERVER_SIEVE,
		.protocol = PROTOCOL_SIEVE,
		.evidence = "sieve capabilities"},
	{.client_any = CLIENT_SIEVE,
		.client_and = CLIENT_SASL_QUOTED,
		.client_first = CLIENT_SIEVE_FIRST,
		.is_server_unheard = true,
		.protocol = PROTOCOL_SIEVE,
		.evidence = "sieve commands"},
	{.client_any = CLIENT_SIEVE,
		.client_first = CLIENT_SIEVE,
		.needs_last = true,
		.is_server_unheard = true,
		.protocol = PROTOCOL_SIEVE,
		.evidence = "sieve commands"},

	/* POP3: RFC 1939. redis answers +OK and -ERR too, but never speaks first. */
	{.client_any = CLIENT_POP3 | CLIENT_USER | CLIENT_PASS,
		.server_any = SERVER_OK,
		.server_none = SERVER_REDIS,
		.protocol = PROTOCOL_POP3,
		.evidence = "+OK + pop3 command"},
	{.client_any = CLIENT_AUTH | CLIENT_SHARED | CLIENT_POP3_SHARED,
		.server_any = SERVER_OK,
		.needs_server_first = true,
		.protocol = PROTOCOL_POP3,
		.evidence = "+OK greeting + command"},
	{.client_any = CLIENT_POP3_SHARED,
		.server_any = SERVER_OK_WORDS,
		.server_none = SERVER_REDIS,
		.protocol = PROTOCOL_POP3,
		.evidence = "pop3 command + +OK"},
	{.client_any = CLIENT_POP3,
		.server_any = SERVER_ERR,
		.server_none = SERVER_REDIS,
		.protocol = PROTOCOL_POP3,
		.evidence = "pop3 command + -ERR"},
	{.server_any = SERVER_OK,
		.server_and = SERVER_CAPA,
		.needs_asking = true,
		.protocol = PROTOCOL_POP3,
		.evidence = "pop3 capabilities"},
	{.client_any = CLIENT_TLS,
		.server_any = SERVER_OK_TEXT,
		.protocol = PROTOCOL_POP3,
		.evidence = "pop3 greeting to a tls client hello"},
	{.server_any = SERVER_OK_TEXT | SERVER_OK_TWO,
		.server_first = SERVER_OK,
		.needs_last = true,
		.needs_server_first = true,
		.protocol = PROTOCOL_POP3,
		.evidence = "pop3 greeting"},
	{.server_any = SERVER_OK,
		.server_first = SERVER_OK,
		.server_none = SERVER_REDIS,
		.client_none = CLIENT_NOT_POP3,
		.needs_last = true,
		.needs_server_first = true,
		.port_owner = PROTOCOL_POP3,
		.protocol = PROTOCOL_POP3,
		.evidence = "+OK greeting, on pop3's port"},
	{.server_any = SERVER_ERR,
		.server_none = SERVER_REDIS,
		.needs_last = true,
		.needs_server_first = true,
		.port_owner = PROTOCOL_POP3,
		.protocol = PROTOCOL_POP3,
		.evidence = "refusal at connect, on pop3's port"},
	{.client_any = CLIENT_POP3 | CLIENT_PASS,
		.client_and = CLIENT_POP3_TWO | CLIENT_POP3_SHARED | CLIENT_AUTH,
		.client_first = CLIENT_POP3 | CLIENT_USER | CLIENT_AUTH,
		.client_none = CLIENT_FTP | CLIENT_EHLO,
		.needs_last = true,
		.is_server_unheard = true,
		.protocol = PROTOCOL_POP3,
		.evidence = "pop3 commands, client side alone"},
	{.client_any = CLIENT_USER,
		.client_and = CLIENT_PASS,
		.client_first = CLIENT_USER,
		.client_none = CLIENT_FTP | CLIENT_EHLO,
		.needs_last = true,
		.is_server_unheard = true,
		.port_owner = PROTOCOL_POP3,
		.protocol = PROTOCOL_POP3,
		.evidence = "login, client side alone, on pop3's port"},

	/* not mail */
	{.client_any = CLIENT_REDIS,
		.server_none = SERVER_OF_MAIL,
		.needs_answer = true,
		.protocol = PROTOCOL_REDIS,
		.evidence = "redis array"},
	{.server_any = SERVER_REDIS,
		.protocol = PROTOCOL_REDIS,
		.evidence = "redis reply"},
	{.client_any = CLIENT_REDIS | CLIENT_REDIS_INLINE,
		.server_any = SERVER_OK_BARE | SERVER_ERR,
		.server_none = SERVER_OF_MAIL | SERVER_OK_WORDS | SERVER_REPLY |
			       SERVER_UNTAGGED,
		.protocol = PROTOCOL_REDIS,
		.evidence = "redis command + +OK"},
	{.client_any = CLIENT_MEMCACHED | CLIENT_REDIS_INLINE,
		.server_any = SERVER_MEMCACHED,
		.protocol = PROTOCOL_MEMCACHED,
		.evidence = "memcached command + reply"},
	{.client_any = CLIENT_USER | CLIENT_FTP | CLIENT_PASS,
		.server_any = SERVER_220,
		.needs_last = true,
		.protocol = PROTOCOL_FTP,
		.evidence = "220 greeting + ftp command"},
	{.client_any = CLIENT_USER | CLIENT_PASS | CLIENT_FTP | CLIENT_POP3_SHARED,
		.server_any = SERVER_FTP_REPLY,
		.protocol = PROTOCOL_FTP,
		.evidence = "ftp command + reply"},
	{.client_any = CLIENT_FTP,
		.server_any = SERVER_REPLY,
		.needs_last = true,
		.protocol = PROTOCOL_FTP,
		.evidence = "ftp command + reply"},
	{.server_any = SERVER_220,
		.server_and = SERVER_FTP_REPLY,
		.protocol = PROTOCOL_FTP,
		.evidence = "220 greeting + ftp reply"},
	{.server_any = SERVER_FTP_TEXT,
		.needs_last = true,
		.protocol = PROTOCOL_FTP,
		.evidence = "greeting says ftp"},
	{.client_any = CLIENT_NNTP,
		.server_any = SERVER_REPLY,
		.server_none = SERVER_OF_MAIL | SERVER_220,
		.protocol = PROTOCOL_NNTP,
		.evidence = "nntp command + reply"},
	{.server_any = SERVER_NNTP_TEXT,
		.needs_server_first = true,
		.protocol = PROTOCOL_NNTP,
		.evidence = "nntp greeting"},
	{.server_any = SERVER_IRC, .protocol = PROTOCOL_IRC, .evidence = "irc message"},
	{.client_any = CLIENT_IRC,
		.client_first = CLIENT_IRC,
		.needs_last = true,
		.protocol = PROTOCOL_IRC,
		.evidence = "irc command"},
	{.server_any = SERVER_FINGER,
		.protocol = PROTOCOL_FINGER,
		.evidence = "finger answer"},
	{.server_any = SERVER_GOPHER,
		.protocol = PROTOCOL_GOPHER,
		.evidence = "gopher menu"},

	/* DCE/RPC: C706 */
	{.client_any = CLIENT_MAPI,
		.protocol = PROTOCOL_MAPI_RPC,
		.evidence = "bind to an exchange interface"},
	{.client_any = CLIENT_DCERPC,
		.is_off_the_mail = true,
		.protocol = PROTOCOL_DCERPC,
		.evidence = "dcerpc header"},
	{.client_any = CLIENT_DCERPC,
		.needs_answer = true,
		.protocol = PROTOCOL_DCERPC,
		.evidence = "dcerpc header"},
	{.server_any = SERVER_DCERPC,
		.protocol = PROTOCOL_DCERPC,
		.evidence = "dcerpc header"},

	/* TLS of which not all is there: RFC 8446 section 5.1 */
	{.server_any = SERVER_TLS,
		.protocol = PROTOCOL_TLS,
		.evidence = "tls server hello"},
	{.client_any = CLIENT_TLS,
		.server_any = SERVER_RECORD,
		.protocol = PROTOCOL_TLS,
		.evidence = "tls client hello + record"},
	{.client_any = CLIENT_TLS,
		.needs_last_or_full = true,
		.protocol = PROTOCOL_TLS,
		.evidence = "tls client hello"},
	{.client_any = CLIENT_RECORD,
		.server_any = SERVER_RECORD,
		.is_role_unsure = true,
		.protocol = PROTOCOL_TLS,
		.evidence = "tls records"},
	{.client_any = CLIENT_RECORDS,
		.is_role_unsure = true,
		.protocol = PROTOCOL_TLS,
		.evidence = "tls records"},
	{.server_any = SERVER_RECORDS,
		.is_role_unsure = true,
		.protocol = PROTOCOL_TLS,
		.evidence = "tls records"},
	{.client_any = CLIENT_RECORD_ONLY,
		.needs_last = true,
		.is_role_unsure = true,
		.protocol = PROTOCOL_TLS,
		.evidence = "one tls record"},
	{.server_any = SERVER_RECORD_ONLY,
		.needs_last = true,
		.is_role_unsure = true,
		.protocol = PROTOCOL_TLS,
		.evidence = "one tls record"},
};

#define RULE_COUNT (sizeof(RULES) / sizeof(RULES[0]))

static bool holds_any(uint64_t traits, uint64_t wanted)
{
	return wanted == 0 || (traits & wanted) != 0;
}

/* Where both sides may say it, neither side may have said these. */
static bool is_contradicted(const struct rule *rule, const struct traits *client,
	const struct traits *server)
{
	const uint64_t said =
		server->server | (rule->is_role_unsure ? client->server : 0);
	return (client->client & rule->client_none) != 0 ||
	       (said & rule->server_none) != 0;
}

/* Words of the client's alone: the server had its say and said nothing of mail. */
static bool is_answer_alien(
	const struct traits *server, const struct rules_state *state)
{
	return state->is_last ||
	       (state->has_answer && (server->server & SERVER_LIKE_MAIL) == 0);
}

/* A client's words are a claim as long as its server may yet say what it is. */
static bool is_unheard(const struct traits *server, const struct rules_state *state)
{
	if (state->is_answer_whole && (server->server_first & SERVER_LIKE_MAIL) == 0) {
		return false;
	}
	return state->is_last || !state->is_answer_to_come;
}

/*
 * In mid-stream, lines that may be those of a letter or a page that goes by: anybody writes
 * one. What one end says alone counts where the port says who serves, and that it is this.
 */
static bool is_letter_s(const struct rule *rule, const struct traits *client,
	const struct rules_state *state)
{
	const struct protocol_row *row = protocol_row(rule->protocol);
	if (state->is_client_known || !row->is_mail) {
		return false;
	}
	const bool is_lmtp = row->family == PROTOCOL_LMTP; /* its commands are SMTP's */
	const bool is_other_mail =
		state->port_owner != PROTOCOL_UNKNOWN &&
		state->port_owner != row->family &&
		(is_lmtp || protocol_row(state->port_owner)->grammar != row->grammar);
	if (rule->client_any != 0) {
		return is_other_mail && (is_lmtp || rule->server_any == 0);
	}
	return is_other_mail || state->is_against_port ||
	       (client->client & CLIENT_FOREIGN_FIRST) != 0;
}

/* The other end says nothing, and would be heard; or nobody knows yet in mid-stream. */
static bool is_asking_due(const struct rules_state *state)
{
	const bool is_odd_port = state->port_owner == PROTOCOL_UNKNOWN;
	return state->is_client_captured ||
	       (!state->is_client_known && is_odd_port && !state->is_last);
}

static bool is_on_port(const struct rule *rule, enum protocol port_owner)
{
	if (rule->is_off_the_mail) {
		return port_owner == PROTOCOL_UNKNOWN;
	}
	return rule->port_owner == PROTOCOL_UNKNOWN || rule->port_owner == port_owner;
}

static bool is_time(const struct rule *rule, const struct traits *server,
	const struct rules_state *state)
{
	if (rule->needs_asking && state->is_client_mute && is_asking_due(state)) {
		return false;
	}
	if (rule->needs_answer && !is_answer_alien(server, state)) {
		return false;
	}
	if (rule->is_role_unsure && state->is_turned) {
		return false; /* the row tells nothing of roles: as they are known, or not */
	}
	if (state->is_turned && rule->client_any == 0 &&
		(!state->is_last || (server->server_first & SERVER_LIKE_MAIL) == 0) &&
		protocol_row(rule->protocol)->is_mail) {
		return false; /* the other part has to be played as well, or this from the start */
	}
	if (rule->is_server_unheard &&
		(state->is_turned || !is_unheard(server, state))) {
		return false; /* who was asked for the connection has to be heard */
	}
	if (rule->needs_known_client && !state->is_client_known) {
		return false;
	}
	if (rule->needs_last && !state->is_last) {
		return false;
	}
	if (rule->needs_last_or_full && !state->is_last && !state->is_client_full) {
		return false;
	}
	return !rule->needs_server_first || state->is_server_first;
}

const struct rule *rules_match(const struct traits *client, const struct traits *server,
	const struct rules_state *state, size_t *rank)
{
	size_t joined_count = 0;
	const struct rule *joined = joined_rules(&joined_count);
	const size_t count = joined_count + RULE_COUNT;
	const size_t end = *rank < count ? *rank : count;
	for (size_t i = state->is_client_known ? joined_count : 0; i < end; i++) {
		const struct rule *rule =
			i < joined_count ? &joined[i] : &RULES[i - joined_count];
		if (holds_any(client->client, rule->client_any) &&
			holds_any(client->client, rule->client_and) &&
			holds_any(client->client_first, rule->client_first) &&
			holds_any(server->server, rule->server_any) &&
			holds_any(server->server, rule->server_and) &&
			holds_any(server->server_first, rule->server_first) &&
			!is_contradicted(rule, client, server) &&
			is_on_port(rule, state->port_owner) &&
			!is_letter_s(rule, client, state) &&
			is_time(rule, server, state)) {
			*rank = i;
			return rule;
		}
	}
	return NULL;
}
