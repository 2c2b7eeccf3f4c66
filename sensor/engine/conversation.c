#include "engine/conversation.h"

#include "engine/lookups.h"
#include "engine/naming.h"
#include "engine/services.h"
#include "engine/verdicts.h"

#include <string.h>

/* A hello not read by then was never captured: what is known must do. */
#define TLS_RECORDS_WITHOUT_HELLO 6

/* One side went on for so long and nothing was recognised: what was said first must do. */
#define BYTES_UNRECOGNISED (UINT32_C(16) << 10)

static struct conversation *area(const struct engine *engine, const struct flow *flow)
{
	struct conversation *conversation = flow_area(engine->flows, flow);
	return conversation;
}

static uint16_t server_port(const struct flow *flow)
{
	return flow->port[!flow->client];
}

static bool is_on_mail_port(const struct flow *flow)
{
	return protocol_of_port(server_port(flow)) != PROTOCOL_UNKNOWN;
}

static void close_opinion(
	struct engine *engine, struct flow *flow, struct conversation *conversation)
{
	flow->is_packet_wanted = false;
	if (conversation->opinion) {
		conversation->opinion_name =
			second_opinion_close(engine->opinion, conversation->opinion);
		conversation->opinion = NULL;
	}
	conversation->is_opinion_closed = true;
}

static void open_opinion(
	struct engine *engine, struct flow *flow, struct conversation *conversation)
{
	if (engine->opinion && !conversation->opinion &&
		!conversation->is_opinion_closed) {
		conversation->opinion = second_opinion_open(engine->opinion);
		flow->is_packet_wanted = conversation->opinion != NULL;
	}
}

/* A mail flow: ask about the server's first ones, then about some. */
static void open_opinion_of_mail(
	struct engine *engine, struct flow *flow, struct conversation *conversation)
{
	const struct address *server = &flow->address[!flow->client];
	const uint16_t protocol = (uint16_t)conversation->classification.protocol;
	uint64_t words[3] = {0, 0, server_port(flow)};
	memcpy(words, server->bytes, sizeof(server->bytes));
	/* The same place in every run: which flows are asked about shows in the records. */
	static const struct hash_seed FIXED;
	struct opinions_asked *asked =
		&engine->asked[hash_words(&FIXED, words, 3) % OPINIONS_ASKED_SLOTS];
	if (!address_equal(&asked->server, server) ||
		asked->port != server_port(flow) || asked->protocol != protocol) {
		*asked = (struct opinions_asked){.server = *server,
			.port = server_port(flow),
			.protocol = protocol};
	}
	const uint32_t flows = asked->flows++;
	if (flows < OPINIONS_ASKED_FIRST || flows % OPINIONS_ASKED_EVERY == 0) {
		open_opinion(engine, flow, conversation);
	} else {
		close_opinion(engine, flow, conversation);
	}
}

static void give_up(struct engine *engine, struct flow *flow)
{
	close_opinion(engine, flow, area(engine, flow));
	flow_release(engine->flows, flow);
}

/* Not mail: on a mail port it is worth a name, elsewhere nothing. */
static void become_foreign(
	struct engine *engine, struct flow *flow, enum protocol protocol)
{
	struct conversation *conversation = area(engine, flow);
	if (conversation->phase == CONVERSATION_DIALOGUE) {
		dialogue_end(&conversation->dialogue, &engine->tls);
	}
	conversation->classification.protocol = protocol;
	if (!is_on_mail_port(flow) ||
		conversation->classification.proxy != CLASSIFY_PROXY_NONE) {
		give_up(engine, flow);
		return;
	}
	if (protocol == PROTOCOL_UNKNOWN) { /* too little to say that it is not mail */
		verdicts_attempt(engine, flow, conversation->classification.evidence);
		give_up(engine, flow);
		return;
	}
	conversation->phase = CONVERSATION_FOREIGN;
	open_opinion(engine, flow, conversation);
	flow_mute(engine->flows, flow);
	if (!conversation->opinion) {
		verdicts_foreign(engine, flow, conversation);
		flow_release(engine->flows, flow);
	}
}

bool conversation_opened(void *context, struct flow *flow, uint64_t now_us)
{
	struct engine *engine = (struct engine *)context;
	struct conversation *conversation = area(engine, flow);
	(void)now_us;
	/* the dialogue clears its part when it begins, the prefix is filled as bytes come */
	memset(conversation, 0,
		offsetof(struct conversation, prefix) + offsetof(struct prefix, bytes));
	conversation->source = (uint16_t)engine->source;
	return true;
}

/* TLS from the first byte: mail or not, once the hello told. */
static void name_tls(struct engine *engine, struct flow *flow, bool is_ended)
{
	struct conversation *conversation = area(engine, flow);
	struct facts *facts = &conversation->dialogue.facts;
	const bool is_blind =
		!facts->session.has_client_hello && !facts->session.has_server_hello;
	/* pieces of a hello are no such record, however small */
	const uint32_t records = conversation->dialogue.tls.quiet[0] +
				 conversation->dialogue.tls.quiet[1];
	if (is_blind && records < TLS_RECORDS_WITHOUT_HELLO && !is_ended) {
		return;
	}
	const struct naming_case naming_case = {.facts = facts,
		.server = &flow->address[!flow->client],
		.server_port = server_port(flow),
		.is_ended = is_ended || is_blind,
		.is_start_seen = !flow->is_midstream && !conversation->is_start_lost};
	const struct naming naming =
		naming_of_tls(&naming_case, engine->settings.matrix);
	if (!naming.is_decided) {
		return;
	}
	if (naming.protocol == PROTOCOL_TLS) {
		become_foreign(engine, flow, PROTOCOL_TLS);
		return;
	}
	if (!protocol_row(naming.protocol)
			->is_implicit_tls) { /* how it began is lost */
		facts->tls = FACTS_TLS_UNKNOWN;
	}
	facts->protocol = naming.protocol;
	conversation->classification.protocol = naming.protocol;
	conversation->classification.evidence = naming.evidence;
	open_opinion_of_mail(engine, flow, conversation);
}

static void settle(struct engine *engine, struct flow *flow)
{
	area(engine, flow)->is_settled = true;
	flow_mute(engine->flows, flow);
}

/* Known to be mail: named, and the server goes along. */
static bool is_mail(const struct facts *facts)
{
	return protocol_row(facts->protocol)->is_mail && !facts->is_unanswered;
}

/* What the dialogue was that turned out not to be mail. */
static enum protocol foreign_protocol(const struct conversation *conversation)
{
	const struct facts *facts = &conversation->dialogue.facts;
	const enum protocol protocol = facts->protocol;
	if (facts->is_unanswered && protocol == PROTOCOL_EXCHANGE_HTTPS) {
		return PROTOCOL_HTTP; /* scanners ask every web server for these paths */
	}
	const bool is_named = protocol == PROTOCOL_DCERPC || protocol == PROTOCOL_HTTP;
	return is_named ? protocol : PROTOCOL_OTHER;
}

static void after_dialogue(
	struct engine *engine, struct flow *flow, enum dialogue_result result)
{
	struct conversation *conversation = area(engine, flow);
	if (result == DIALOGUE_NOT_MINE) {
		become_foreign(engine, flow, foreign_protocol(conversation));
		return;
	}
	if (conversation->classification.protocol == PROTOCOL_TLS) {
		name_tls(engine, flow, result == DIALOGUE_FINISHED);
		conversation = area(engine, flow);
		if (!conversation || conversation->phase != CONVERSATION_DIALOGUE) {
			return;
		}
	}
	services_rpc(engine, flow, conversation);
	const uint64_t facts = verdicts_facts(&conversation->dialogue.facts);
	if (is_mail(&conversation->dialogue.facts) &&
		(facts != conversation->judged_facts ||
			verdicts_has_message(conversation))) {
		conversation->judged_facts = facts;
		verdicts_mail(engine, flow, conversation, false);
	}
	if (result == DIALOGUE_FINISHED) {
		settle(engine, flow);
	}
}

static void to_dialogue(
	struct engine *engine, struct flow *flow, unsigned side, struct text bytes)
{
	struct conversation *conversation = area(engine, flow);
	const enum dialogue_result result = dialogue_bytes(&conversation->dialogue,
		&engine->tls, flow_direction(flow, side), bytes);
	after_dialogue(engine, flow, result);
}

static bool is_in_dialogue(const struct engine *engine, const struct flow *flow)
{
	const struct conversation *conversation = area(engine, flow);
	return conversation && conversation->phase == CONVERSATION_DIALOGUE &&
	       !conversation->is_settled;
}

/* Play the prefix to the analyzer in the order in which it came. */
static void play_prefix(struct engine *engine, struct flow *flow,
	const struct prefix *prefix, const uint32_t dropped[2])
{
	size_t at[2] = {0, 0};
	for (unsigned i = 0; i < prefix->run_count && is_in_dialogue(engine, flow);
		i++) {
		const struct prefix_run *run = &prefix->runs[i];
		if (run->is_gap) {
			const bool is_rest = prefix->is_cut[run->side] &&
					     at[run->side] == prefix->len[run->side];
			dialogue_gap(&area(engine, flow)->dialogue,
				flow_direction(flow, run->side),
				is_rest ? dropped[run->side] : 0);
		}
		const struct text bytes = {
			prefix->bytes[run->side] + at[run->side], run->len};
		at[run->side] += run->len;
		if (bytes.len > 0) {
			to_dialogue(engine, flow, run->side, bytes);
		}
	}
}

static void start_dialogue(struct engine *engine, struct flow *flow)
{
	struct conversation *conversation = area(engine, flow);
	const struct prefix prefix = conversation->prefix;
	const uint32_t dropped[2] = {
		conversation->dropped[0], conversation->dropped[1]};
	conversation->phase = CONVERSATION_DIALOGUE;
	conversation->is_start_lost = prefix_is_start_lost(&prefix);
	memset(&conversation->dialogue, 0, sizeof(conversation->dialogue));
	dialogue_start(&conversation->dialogue, conversation->classification.protocol,
		flow->is_midstream);
	if (protocol_row(conversation->classification.protocol)->is_mail) {
		open_opinion_of_mail(engine, flow, conversation);
	}
	play_prefix(engine, flow, &prefix, dropped);
	for (unsigned side = 0; side < 2 && is_in_dialogue(engine, flow); side++) {
		if (dropped[side] > 0 && !prefix.is_cut[side]) {
			dialogue_gap(&area(engine, flow)->dialogue,
				flow_direction(flow, side), dropped[side]);
		}
	}
}

/* Mail, or what may yet turn out to be. */
static bool is_followed(const struct flow *flow, enum protocol protocol)
{
	return protocol_row(protocol)->is_mail || protocol == PROTOCOL_TLS ||
	       (protocol == PROTOCOL_DCERPC && !is_on_mail_port(flow));
}

/* Look at the prefix again; afterwards the phase tells what came of it. */
static void classify(struct engine *engine, struct flow *flow, bool is_ended)
{
	struct conversation *conversation = area(engine, flow);
	if (server_port(flow) == DNS_PORT && !lookups_stream(engine, flow, is_ended)) {
		return;
	}
	const struct classify_hint hint = {.client_side = flow->client,
		.is_client_known = flow->confidence > DIRECTION_CONFIDENCE_BANNER,
		.server_port = server_port(flow),
		.is_ended = is_ended};
	struct classification *result = &conversation->classification;
	const enum classify_outcome outcome =
		classify_prefix(&conversation->prefix, &hint, result);
	if (outcome == CLASSIFY_NOT_YET) {
		/* Both spoke and the signatures still cannot rule it out. */
		if (conversation->prefix.len[0] > 0 &&
			conversation->prefix.len[1] > 0) {
			open_opinion(engine, flow, conversation);
		}
		return;
	}
	if (outcome == CLASSIFY_DECIDED && result->client_side_is_sure) {
		flow_set_client(flow, result->client_side);
	}
	if (outcome == CLASSIFY_RULED_OUT && services_is_known_rpc(engine, flow)) {
		result->outcome = CLASSIFY_DECIDED;
		result->protocol = PROTOCOL_MAPI_RPC;
		result->evidence = "endpoint mapper's answer";
		start_dialogue(engine, flow);
	} else if (outcome == CLASSIFY_DECIDED && is_followed(flow, result->protocol)) {
		start_dialogue(engine, flow);
	} else {
		become_foreign(engine, flow, result->protocol);
	}
}

/* Of a dialogue joined in the middle of a long message the next reply may still tell. */
static void drop_bytes(
	struct engine *engine, struct flow *flow, unsigned side, size_t len)
{
	struct conversation *conversation = area(engine, flow);
	if (len > 0) {
		prefix_cut(&conversation->prefix, side);
	}
	conversation->dropped[side] += (uint32_t)len;
	if (conversation->dropped[side] >= BYTES_UNRECOGNISED && !flow->is_midstream) {
		classify(engine, flow, true);
	}
}

void conversation_bytes(
	void *context, struct flow *flow, unsigned side, struct text bytes)
{
	struct engine *engine = (struct engine *)context;
	struct conversation *conversation = area(engine, flow);
	if (conversation->phase == CONVERSATION_CLASSIFY) {
		const size_t kept =
			prefix_add(&conversation->prefix, side, bytes.at, bytes.len);
		bytes.at += kept;
		bytes.len -= kept;
		classify(engine, flow, false);
		conversation = area(engine, flow);
		if (conversation && conversation->phase == CONVERSATION_CLASSIFY) {
			drop_bytes(engine, flow, side, bytes.len);
			return;
		}
	}
	if (bytes.len > 0 && is_in_dialogue(engine, flow)) {
		to_dialogue(engine, flow, side, bytes);
	}
}

void conversation_gap(void *context, struct flow *flow, unsigned side, uint64_t missing)
{
	struct engine *engine = (struct engine *)context;
	struct conversation *conversation = area(engine, flow);
	if (conversation->phase == CONVERSATION_CLASSIFY) {
		prefix_gap(&conversation->prefix, side);
	} else if (is_in_dialogue(engine, flow)) {
		dialogue_gap(
			&conversation->dialogue, flow_direction(flow, side), missing);
	}
}

void conversation_packet(
	struct engine *engine, struct flow *flow, const struct packet *packet)
{
	struct conversation *conversation = area(engine, flow);
	if (!conversation || !conversation->opinion || packet->payload_len == 0) {
		return;
	}
	if (!second_opinion_packet(engine->opinion, conversation->opinion,
		    packet->network, packet->network_len, engine->now_us)) {
		return;
	}
	close_opinion(engine, flow, conversation);
	if (conversation->phase == CONVERSATION_FOREIGN) {
		verdicts_foreign(engine, flow, conversation);
		flow_release(engine->flows, flow);
	}
}

static void end_conversation(struct engine *engine, struct flow *flow)
{
	struct conversation *conversation = area(engine, flow);
	if (conversation->phase == CONVERSATION_CLASSIFY) {
		classify(engine, flow, true);
		conversation = area(engine, flow);
	}
	if (conversation && conversation->phase == CONVERSATION_DIALOGUE) {
		if (conversation->classification.protocol == PROTOCOL_TLS) {
			name_tls(engine, flow, true);
		} else if (foreign_protocol(conversation) != PROTOCOL_OTHER) {
			become_foreign(engine, flow, foreign_protocol(conversation));
		}
		conversation = area(engine, flow);
	}
	if (!conversation) {
		return;
	}
	close_opinion(engine, flow, conversation);
	if (conversation->phase == CONVERSATION_DIALOGUE) {
		dialogue_end(&conversation->dialogue, &engine->tls);
		verdicts_mail(engine, flow, conversation, true);
	} else if (conversation->phase == CONVERSATION_FOREIGN) {
		verdicts_foreign(engine, flow, conversation);
	}
}

void conversation_ended(void *context, struct flow *flow, enum flow_end end)
{
	struct engine *engine = (struct engine *)context;
	if (area(engine, flow)) {
		end_conversation(engine, flow);
		return;
	}
	/* One pushed out of a full table may yet have gone on: nothing is known of it. */
	const bool is_known = end != FLOW_END_EVICTED;
	if (is_known && flow->bytes[0] + flow->bytes[1] == 0 && !flow->is_midstream &&
		is_on_mail_port(flow)) {
		verdicts_attempt(engine, flow,
			flow->state == FLOW_STATE_RESET ? "reset" : "no payload");
	}
}
