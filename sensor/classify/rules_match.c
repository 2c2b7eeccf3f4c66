#include "classify/joined.h"
#include "classify/rules.h"

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
	if (state->is_server_mute && state->port_owner == PROTOCOL_UNKNOWN) {
		return false; /* whoever listens there agrees to nothing */
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

/* What a server of this grammar says to a command, and to nothing else. */
static uint64_t answers_of(enum protocol_grammar grammar)
{
	switch (grammar) {
	case PROTOCOL_GRAMMAR_SMTP:
		return SERVER_EHLO_REPLY | SERVER_250 | SERVER_354 | SERVER_SASL_REPLY |
		       SERVER_ENHANCED_TWO;
	case PROTOCOL_GRAMMAR_IMAP:
		return SERVER_TAGGED;
	case PROTOCOL_GRAMMAR_POP3:
		return SERVER_OK_TWO | SERVER_OK_BARE | SERVER_CAPA;
	default:
		return 0;
	}
}

/*
 * Answers that nobody asked for, on a port of anybody's: the lines of a file. A greeting comes
 * unasked, and first.
 */
static bool is_recital(const struct rule *rule, const struct traits *server,
	const struct rules_state *state)
{
	const struct protocol_row *row = protocol_row(rule->protocol);
	if (!state->is_unasked || state->port_owner != PROTOCOL_UNKNOWN ||
		!row->is_mail || rule->client_any != 0) {
		return false;
	}
	const bool is_late_greeting = row->grammar == PROTOCOL_GRAMMAR_SIEVE &&
				      (server->server_first & SERVER_SIEVE) == 0;
	return is_late_greeting || (server->server & answers_of(row->grammar)) != 0;
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
	if (is_recital(rule, server, state)) {
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
	size_t rules_count = 0;
	const struct rule *rules = rules_table(&rules_count);
	const size_t count = joined_count + rules_count;
	const size_t end = *rank < count ? *rank : count;
	for (size_t i = state->is_client_known ? joined_count : 0; i < end; i++) {
		const struct rule *rule =
			i < joined_count ? &joined[i] : &rules[i - joined_count];
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
