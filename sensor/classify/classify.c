#include "classify/classify.h"

#include "base/cold.h"
#include "classify/proxy.h"
#include "classify/recital.h"
#include "classify/rpc_head.h"
#include "classify/rules.h"
#include "classify/traits.h"

#include <string.h>

#define PROXY_STEPS_MAX  64 /* steps, not hosts: SOCKS takes five */
#define SLIDES_MAX       255
#define LINES_BEFORE_OUT 12 /* lines without one trait */
#define LOOKED_AT_BYTES  16 /* of text, for bytes no text protocol begins with */
#define OLD_HELLO_BYTES  11
#define RECORD_HEAD      5
#define RECORD_HELLO     22 /* its minor version may be any */
/* A client's first line that names another protocol, until its server has spoken. */
#define CLIENT_OF_OTHERS (CLIENT_HTTP | CLIENT_SSH | CLIENT_FOREIGN | CLIENT_REDIS)
#define STRAY_BYTES      8
#define MARK_BYTES       3
#define GREETING_BYTES   3 /* "220", "+OK", "* O" */

/* What a first byte may begin. */
enum kind {
	KIND_NOTHING, /* no signature begins so */
	KIND_TEXT,
	KIND_ODD_TEXT, /* text, but only in the middle of a conversation */
	KIND_RECORD,
	KIND_RPC,
	KIND_OLD_HELLO,
};

/* JSON, XML, syslog: an IMAP tag may look so, but never opens a conversation. */
static bool is_odd(uint8_t first)
{
	return first == '!' || (first >= '%' && first <= ')') || first == ',' ||
	       first == '/' || (first >= ';' && first <= '@') ||
	       (first >= '[' && first <= '^') || first == '`' ||
	       (first >= '{' && first <= '~');
}

static enum kind kind_of(uint8_t first)
{
	if (first >= 0x80) {
		return KIND_OLD_HELLO;
	}
	if (first >= 20 && first <= 23) {
		return KIND_RECORD;
	}
	if (first == 5) {
		return KIND_RPC;
	}
	if (first < ' ' || first == 0x7f) {
		return first == '\r' || first == '\n' || first == '\t' ? KIND_TEXT
								       : KIND_NOTHING;
	}
	return is_odd(first) ? KIND_ODD_TEXT : KIND_TEXT;
}

static struct side_bytes side_of(
	const struct prefix *prefix, const struct classify_hint *hint, unsigned side)
{
	return (struct side_bytes){
		.bytes = prefix->bytes[side],
		.len = prefix->len[side],
		.is_start = hint->is_client_known && !prefix->has_gap[side],
		.is_last = hint->is_ended || prefix_is_full(prefix, side),
	};
}

/* Bytes that no line of text holds near its beginning. */
static bool is_binary(const struct side_bytes *side)
{
	const size_t len = side->len < LOOKED_AT_BYTES ? side->len : LOOKED_AT_BYTES;
	for (size_t i = 0; i < len; i++) {
		const uint8_t byte = side->bytes[i];
		const bool is_control =
			byte < 0x20 && byte != '\r' && byte != '\n' && byte != '\t';
		if (is_control || (byte >= 0x80 && i < 4 && side->is_start)) {
			return true;
		}
	}
	return false;
}

/* U+FEFF in UTF-8, which some libraries write in front of all they say. */
static bool may_become_mark(const struct side_bytes *side)
{
	static const uint8_t MARK[MARK_BYTES] = {0xef, 0xbb, 0xbf};
	const size_t len = side->len < MARK_BYTES ? side->len : MARK_BYTES;
	return side->len < MARK_BYTES + GREETING_BYTES &&
	       memcmp(side->bytes, MARK, len) == 0;
}

/* Too few bytes yet to see whether the head of a binary protocol holds. */
static bool may_become_head(const struct side_bytes *side, enum kind kind)
{
	const uint8_t *bytes = side->bytes;
	if (side->is_last) {
		return false;
	}
	switch (kind) {
	case KIND_RECORD:
		return side->len < RECORD_HEAD && (side->len < 2 || bytes[1] == 3) &&
		       (side->len < 3 || bytes[2] <= 4 || bytes[0] == RECORD_HELLO);
	case KIND_RPC:
		return side->len < RPC_HEAD_BYTES && (side->len < 2 || bytes[1] <= 1);
	case KIND_OLD_HELLO:
		return may_become_mark(side) ||
		       (side->len < OLD_HELLO_BYTES &&
			       (side->len < 3 || bytes[2] == 1));
	default:
		return false;
	}
}

/* Fill *traits; false when no signature can match this side any more. */
static bool read_side(const struct side_bytes *side, struct traits_reading *reading,
	struct traits *traits)
{
	if (side->len == 0) {
		return true;
	}
	const enum kind kind = kind_of(side->bytes[0]);
	if (side->is_doubted) { /* lines may follow, whatever the first bytes are */
		traits_read_lines(side, reading, traits);
		if (kind >= KIND_RECORD) {
			traits_read_wire(side, traits);
		}
		return true;
	}
	if (kind == KIND_NOTHING || (kind == KIND_ODD_TEXT && side->is_start)) {
		return false;
	}
	if (kind == KIND_TEXT || kind == KIND_ODD_TEXT) {
		/* a stray control byte in a greeting hides no dialogue */
		traits_read_lines(side, reading, traits);
		return (traits->client | traits->server) != 0 ||
		       (traits->line_count < LINES_BEFORE_OUT && !is_binary(side));
	}
	traits_read_wire(side, traits);
	if ((traits->client | traits->server) != 0 || may_become_head(side, kind)) {
		return true;
	}
	/* 8-bit text in the middle of a message */
	return kind == KIND_OLD_HELLO && !side->is_start && !is_binary(side);
}

/* What both sides show now; a side without hope may begin no signature any more. */
struct reading {
	struct traits traits[2];
	bool has_hope[2];
};

static void note_tags(const struct prefix *prefix, struct traits traits[2])
{
	for (unsigned side = 0; side < 2; side++) {
		const unsigned other = 1 - side;
		if ((traits[side].client & CLIENT_IMAP) != 0 &&
			(traits[other].server & SERVER_TAGGED) != 0 &&
			traits_tags_meet(
				&prefix->reading[side], &prefix->reading[other])) {
			traits[side].client |= CLIENT_TAG_MET;
		}
	}
}

/* No byte will come that could be looked at. */
static bool is_last(const struct prefix *prefix, const struct classify_hint *hint)
{
	return hint->is_ended || prefix->run_count == PREFIX_RUNS ||
	       (prefix_is_full(prefix, 0) && prefix_is_full(prefix, 1));
}

static void take_rule(struct classification *result, const struct rule *rule,
	const struct classify_hint *hint, unsigned client)
{
	result->outcome = CLASSIFY_DECIDED;
	result->protocol = rule->protocol;
	result->evidence = rule->evidence;
	result->is_turned = client != hint->client_side && hint->is_client_known &&
			    rule->client_any != 0 && rule->server_any != 0;
	if (result->client_side_is_sure) {
		return; /* the proxy header told it */
	}
	result->client_side_is_sure = !rule->is_role_unsure;
	result->client_side =
		(uint8_t)(rule->is_role_unsure ? hint->client_side : client);
}

/*
 * What came ahead of the server's first word, as far as it is there when a first decision
 * falls. Who speaks the server's part is no client, and has no such opening.
 */
static void note_opening(const struct prefix *prefix, const struct classify_hint *hint,
	const struct traits *client, bool is_turned, struct classification *result)
{
	const unsigned side = hint->client_side;
	if (result->is_opening_known) {
		return;
	}
	result->is_opening_known = true;
	if (hint->is_client_known && !is_turned && prefix_is_first(prefix, side) &&
		(result->is_ahead || !prefix_is_first_lost(prefix, 1U - side))) {
		const struct text bytes = {prefix->bytes[side], prefix->len[side]};
		result->opening_traits = client->client_first;
		result->opening = (uint8_t)opening_of(
			bytes, client->client_first, client->client);
	}
}

enum opening classify_opening(const struct classification *result)
{
	return opening_is_mail(result->opening_traits, result->protocol)
		       ? OPENING_NONE
		       : (enum opening)result->opening;
}

struct choice {
	const struct rule *rule; /* NULL: none fits */
	unsigned client;
};

/* Who was asked for the connection stands behind a proxy, which is heard in its place. */
static bool is_far_end(const struct classification *result)
{
	return result->proxy == CLASSIFY_PROXY_CONNECT ||
	       result->proxy == CLASSIFY_PROXY_SOCKS;
}

/* Try both sides as the client; the row that stands first in the table wins. */
static struct choice choose(const struct prefix *prefix,
	const struct classify_hint *hint, const struct classification *result,
	const struct traits traits[2], bool is_last)
{
	const enum protocol port_owner = protocol_of_port(hint->server_port);
	struct choice choice = {NULL, hint->client_side};
	size_t rank = RULES_RANK_NONE;
	for (unsigned turn = 0; turn < 2; turn++) {
		const unsigned client =
			turn == 0 ? hint->client_side : 1U - hint->client_side;
		const bool is_like_mail =
			(traits[1 - client].server & SERVER_LIKE_MAIL) != 0;
		const struct rules_state state = {
			.is_last = is_last,
			.is_server_first = prefix_is_first(prefix, 1 - client),
			.is_client_full = prefix_is_full(prefix, client),
			.is_turned = turn == 1 && hint->is_client_known,
			.is_against_port = turn == 1 && !hint->is_client_known &&
					   port_owner != PROTOCOL_UNKNOWN,
			.is_client_known = hint->is_client_known,
			.is_answer_whole = hint->is_client_known &&
					   !prefix->has_gap[1 - client] &&
					   prefix_has_answer(prefix, 1 - client),
			.has_answer = prefix_has_answer(prefix, 1 - client),
			.is_answer_to_come = hint->is_server_captured &&
					     prefix->len[1 - client] == 0,
			.is_client_mute =
				prefix->len[client] == 0 && !prefix->has_gap[client],
			.is_client_captured = client == hint->client_side
						      ? hint->is_client_captured
						      : hint->is_server_captured,
			.is_unasked =
				is_like_mail && recital_is_unasked(prefix, hint, result,
							&traits[client], client),
			.is_server_mute = recital_is_mute(prefix, hint, 1 - client) &&
					  !is_far_end(result),
			.port_owner = protocol_row(port_owner)->family,
		};
		const struct rule *rule = rules_match(
			&traits[client], &traits[1 - client], &state, &rank);
		if (rule) {
			choice = (struct choice){rule, client};
		}
	}
	return choice;
}

static void rule_out(struct classification *result, const struct classify_hint *hint,
	enum protocol protocol)
{
	result->outcome = CLASSIFY_RULED_OUT;
	result->protocol = protocol;
	result->evidence =
		protocol == PROTOCOL_OTHER ? "no known beginning" : "nothing known";
	if (!result->client_side_is_sure) {
		result->client_side = hint->client_side;
	}
}

static void name_socks(struct classification *result)
{
	result->outcome = CLASSIFY_DECIDED;
	result->protocol = PROTOCOL_SOCKS;
	result->evidence =
		result->is_opaque ? "socks dialogue, encapsulated" : "socks dialogue";
}

/* True when the proxy header settles what can be said now. */
static bool read_proxies(struct prefix *prefix, const struct classify_hint *hint,
	struct classification *result)
{
	enum proxy_step step = PROXY_TAKEN;
	for (unsigned i = 0; i < PROXY_STEPS_MAX && step == PROXY_TAKEN; i++) {
		step = proxy_take(prefix, hint, result);
	}
	if (step == PROXY_REFUSED) {
		name_socks(result);
		return true;
	}
	if (step == PROXY_NOTHING) {
		return false;
	}
	if (!is_last(prefix, hint)) {
		return true;
	}
	if (hint->is_client_known &&
		proxy_go_unanswered(prefix, result, hint->client_side)) {
		return false;
	}
	if (result->proxy_phase != 0) {
		name_socks(result);
		return true;
	}
	return false;
}

/* The server greeted as mail servers do: it is heard out, whatever the client says. */
static bool is_greeted(const struct classify_hint *hint, const struct traits traits[2])
{
	const uint64_t server = traits[1U - hint->client_side].server;
	return hint->is_client_known && !hint->is_ended &&
	       (server & SERVER_LIKE_MAIL) != 0;
}

/*
 * The same where nobody saw who opened it: what came first is a greeting, on the side of
 * the server by its port.
 */
static bool is_joined_at_greeting(const struct prefix *prefix,
	const struct classify_hint *hint, const struct traits traits[2])
{
	const unsigned server = 1U - hint->client_side;
	return !hint->is_client_known && !hint->is_ended &&
	       prefix_is_first(prefix, server) &&
	       (traits[server].server & SERVER_LIKE_MAIL) != 0;
}

/*
 * No room for what a greeted client goes on with: what the server showed stays, all else
 * is forgotten, and what comes next is read. True when there was need of it.
 */
static COLD bool slide(struct prefix *prefix, const struct classify_hint *hint,
	const struct traits traits[2], struct classification *result)
{
	const bool is_full = prefix_is_full(prefix, 0) || prefix_is_full(prefix, 1);
	if (!is_full || !is_greeted(hint, traits) || result->slides == SLIDES_MAX) {
		return false;
	}
	const struct choice choice = choose(prefix, hint, result, traits, true);
	note_opening(prefix, hint, &traits[hint->client_side],
		choice.client != hint->client_side, result);
	if (choice.rule && protocol_row(choice.rule->protocol)->is_mail) {
		take_rule(result, choice.rule, hint, choice.client);
		return true;
	}
	result->is_unasked = recital_is_unasked(
		prefix, hint, result, &traits[hint->client_side], hint->client_side);
	result->server_kept = traits[1U - hint->client_side].server;
	result->slides++;
	prefix_forget(prefix);
	return true;
}

/* Nothing that was said begins a signature, and the server had its say. */
static bool is_hopeless(const struct prefix *prefix, const struct classify_hint *hint,
	const struct reading *reading)
{
	const struct traits *traits = reading->traits;
	const bool *has_hope = reading->has_hope;
	const unsigned client = hint->client_side;
	const unsigned server = 1U - client;
	const bool may_tell[2] = {
		has_hope[0] && prefix->len[0] > 0, has_hope[1] && prefix->len[1] > 0};
	if (prefix->len[client] + prefix->len[server] == 0 || may_tell[client]) {
		return false;
	}
	if (!hint->is_client_known) {
		return !may_tell[server];
	}
	/* a client's odd bytes may stand in front of a dialogue: its server tells */
	const bool is_alien = prefix_has_answer(prefix, server) &&
			      (traits[server].server & SERVER_LIKE_MAIL) == 0;
	return prefix->len[server] > 0 &&
	       (!may_tell[server] || (prefix->len[client] > 0 && is_alien));
}

static void give_out(const struct prefix *prefix, const struct classify_hint *hint,
	const struct reading *reading, struct classification *result)
{
	const bool *has_hope = reading->has_hope;
	if (is_last(prefix, hint)) {
		const bool is_alien = !has_hope[0] || !has_hope[1];
		rule_out(result, hint, is_alien ? PROTOCOL_OTHER : PROTOCOL_UNKNOWN);
		return;
	}
	const bool is_silent = prefix->len[0] == 0 || prefix->len[1] == 0;
	const bool may_wait =
		is_silent && protocol_of_port(hint->server_port) != PROTOCOL_UNKNOWN;
	if (!may_wait && is_hopeless(prefix, hint, reading)) {
		rule_out(result, hint, PROTOCOL_OTHER);
	}
}

/*
 * One line of another protocol, or a hello in one record, and no answer yet: no row can
 * fit, so none is looked at.
 */
static bool is_answer_needed(const struct prefix *prefix,
	const struct classify_hint *hint, const struct traits *client)
{
	const uint64_t said = client->client;
	const bool is_others = (said & CLIENT_OF_OTHERS) != 0 &&
			       (said & ~(CLIENT_OF_OTHERS | CLIENT_REDIS_INLINE)) == 0;
	const bool is_hello =
		(said & CLIENT_TLS) != 0 &&
		(said & ~(CLIENT_TLS | CLIENT_RECORD | CLIENT_RECORD_ONLY)) == 0;
	return hint->is_client_known && !hint->is_ended && (is_others || is_hello) &&
	       prefix->len[1U - hint->client_side] == 0 &&
	       !prefix_is_full(prefix, hint->client_side);
}

/* Replies, and lines of IMAP and sieve. */
static bool is_reply_start(uint8_t first)
{
	return (first >= '2' && first <= '5') || first == '+' || first == '-' ||
	       first == '*' || first == '"';
}

/*
 * What the server says begins as nothing of mail does, and the client is nothing else or
 * says itself what it is: most flows, whose answer need not be read.
 */
static bool is_answer_dull(const struct prefix *prefix,
	const struct classify_hint *hint, const struct reading *reading)
{
	const unsigned client = hint->client_side;
	const unsigned server = 1U - client;
	const uint64_t said = reading->traits[client].client;
	const bool is_no_mail = prefix->len[client] > 0 && !reading->has_hope[client];
	return hint->is_client_known &&
	       (is_no_mail || (said & CLIENT_OF_OTHERS) != 0) &&
	       prefix_has_answer(prefix, server) && !prefix->has_gap[server] &&
	       !is_reply_start(prefix->bytes[server][0]);
}

static void read_sides(struct prefix *prefix, const struct classify_hint *hint,
	const struct classification *result, struct reading *reading)
{
	const unsigned client = hint->client_side;
	const unsigned server = 1U - client;
	struct side_bytes sides[2] = {
		side_of(prefix, hint, 0), side_of(prefix, hint, 1)};
	struct traits *traits = reading->traits;
	reading->has_hope[client] =
		read_side(&sides[client], &prefix->reading[client], &traits[client]);
	if (is_answer_dull(prefix, hint, reading)) {
		return;
	}
	reading->has_hope[server] =
		read_side(&sides[server], &prefix->reading[server], &traits[server]);
	traits[server].server |= result->server_kept;
	sides[client].is_doubted =
		is_greeted(hint, traits) || is_joined_at_greeting(prefix, hint, traits);
	if (sides[client].is_doubted) {
		reading->has_hope[client] = read_side(
			&sides[client], &prefix->reading[client], &traits[client]);
	}
	note_tags(prefix, traits);
}

/* RFC 862: it proves nothing about a server. Of TLS: two hellos of a client. */
static bool is_echo(const struct prefix *prefix, enum protocol protocol)
{
	const bool is_hello =
		protocol == PROTOCOL_TLS && prefix->bytes[0][0] == RECORD_HELLO;
	return (is_hello && prefix_is_echo(prefix, RECORD_HEAD + 1)) ||
	       (protocol_row(protocol)->is_mail && prefix_is_echo(prefix, 1));
}

/* A mail server may yet speak behind it: without room all is forgotten, and the rest heard. */
static COLD void echo_go_on(struct prefix *prefix, const struct classify_hint *hint,
	struct classification *result)
{
	if (!is_last(prefix, hint)) {
		return;
	}
	if (hint->is_ended || !hint->is_client_known || result->slides == SLIDES_MAX) {
		rule_out(result, hint, PROTOCOL_OTHER);
		return;
	}
	result->slides++;
	prefix_forget(prefix);
}

static void classify_bytes(struct prefix *prefix, const struct classify_hint *hint,
	struct classification *result)
{
	struct reading reading;
	for (unsigned side = 0; side < 2; side++) {
		reading.traits[side] = (struct traits){0};
		reading.has_hope[side] = false;
	}
	read_sides(prefix, hint, result, &reading);
	const struct traits *traits = reading.traits;
	const struct traits *client = &traits[hint->client_side];
	const uint64_t any = traits[0].client | traits[0].server | traits[1].client |
			     traits[1].server;
	result->is_claimed = (client->client & CLIENT_OF_OTHERS) != 0;
	if (is_answer_needed(prefix, hint, client)) {
		return;
	}
	if (any != 0) {
		const bool is_over = is_last(prefix, hint) && !is_greeted(hint, traits);
		const struct choice choice =
			choose(prefix, hint, result, traits, is_over);
		if (choice.rule && is_echo(prefix, choice.rule->protocol)) {
			echo_go_on(prefix, hint, result);
			return;
		}
		if (choice.rule) {
			note_opening(prefix, hint, client,
				choice.client != hint->client_side, result);
			take_rule(result, choice.rule, hint, choice.client);
			return;
		}
		if (slide(prefix, hint, traits, result)) {
			return;
		}
	}
	give_out(prefix, hint, &reading, result);
}

static bool is_stray(uint8_t byte)
{
	const bool is_record = byte >= 20 && byte <= 23;
	return (byte < ' ' && kind_of(byte) == KIND_NOTHING && !is_record) ||
	       byte >= 0x7f;
}

/*
 * Control bytes or a byte order mark in front of a greeting: a client passes over them, and
 * so does what is read here. At most STRAY_BYTES.
 */
static void drop_stray(struct prefix *prefix, const struct classify_hint *hint)
{
	static const char *const GREETINGS[] = {"220", "+OK", "* O", "* P", "\"IM"};
	const unsigned server = 1U - hint->client_side;
	const uint8_t *bytes = prefix->bytes[server];
	const size_t len = prefix->len[server];
	if (len <= GREETING_BYTES || !is_stray(bytes[0]) || !hint->is_client_known ||
		prefix->has_gap[server]) {
		return;
	}
	size_t stray = 1;
	while (stray < len && stray < STRAY_BYTES && is_stray(bytes[stray])) {
		stray++;
	}
	for (size_t i = 0; i < sizeof(GREETINGS) / sizeof(GREETINGS[0]); i++) {
		if (len - stray >= GREETING_BYTES &&
			memcmp(bytes + stray, GREETINGS[i], GREETING_BYTES) == 0) {
			prefix_drop(prefix, server, stray);
			return;
		}
	}
}

enum classify_outcome classify_prefix(struct prefix *prefix,
	const struct classify_hint *hint, struct classification *result)
{
	if (result->outcome != CLASSIFY_NOT_YET) {
		return result->outcome;
	}
	if (!result->client_side_is_sure) {
		result->client_side = hint->client_side;
	}
	drop_stray(prefix, hint);
	if (!read_proxies(prefix, hint, result)) {
		classify_bytes(prefix, hint, result);
	}
	return result->outcome;
}
