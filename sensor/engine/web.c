#include "engine/web.h"

#include "analyze/http.h"
#include "analyze/http_head.h"
#include "engine/rest.h"
#include "judge/wire.h"

/* What would be forgotten with it is told to nobody. */
static bool is_forgettable(const struct conversation *conversation)
{
	return conversation->classification.protocol == PROTOCOL_HTTP &&
	       conversation->classification.proxy == CLASSIFY_PROXY_NONE &&
	       conversation->ambiguity.doubt == FLOW_DOUBT_NONE;
}

void web_resume(struct conversation *conversation, const struct flow *flow)
{
	conversation->phase = CONVERSATION_DIALOGUE;
	conversation->classification =
		(struct classification){.outcome = CLASSIFY_DECIDED,
			.protocol = PROTOCOL_HTTP,
			.client_side = flow->client,
			.evidence = "http request"};
	struct dialogue *dialogue = conversation_dialogue(conversation);
	dialogue_start(dialogue, PROTOCOL_HTTP, false);
	dialogue->facts.is_midstream = flow->is_midstream;
}

bool web_rest_at_once(struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	const struct prefix *prefix = conversation_prefix(conversation);
	const unsigned client = watch->flow->client;
	const struct prefix_run *runs = prefix->runs;
	const bool is_pair = prefix->run_count == 2 && !runs[0].is_gap &&
			     !runs[1].is_gap && runs[0].side == client &&
			     runs[1].side != client;
	return is_pair && is_forgettable(conversation) && conversation->restarts == 0 &&
	       conversation->dropped[0] + conversation->dropped[1] == 0 &&
	       http_head_is_exchange((struct text){prefix->bytes[client], runs[0].len},
		       (struct text){prefix->bytes[!client], runs[1].len}) &&
	       rest_now(watch);
}

void web_rest(struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	if (watch_phase(watch) == CONVERSATION_DIALOGUE &&
		is_forgettable(conversation) &&
		http_is_between_requests(conversation_dialogue(conversation)->state)) {
		(void)rest_now(
			watch); /* a dialogue in HTTP holds nothing that is shared */
	}
}

void web_name(struct conversation *conversation)
{
	const struct dialogue *dialogue = conversation_dialogue(conversation);
	if (conversation->classification.protocol == PROTOCOL_HTTP &&
		wire_is_mail(&dialogue->facts)) {
		conversation->classification.protocol = dialogue->facts.protocol;
		conversation->classification.evidence = "a later http request";
	}
}

enum protocol web_foreign_protocol(const struct watch *watch)
{
	const struct flow *flow = watch->flow;
	const struct dialogue *dialogue = conversation_dialogue(watch->conversation);
	const struct facts *facts = &dialogue->facts;
	if (facts->is_unanswered && facts->gaps == 0 &&
		flow_is_mute(watch->engine->flows, flow, !flow->client)) {
		return dialogue->analyzer == &ANALYZER_HTTP ? PROTOCOL_HTTP
							    : PROTOCOL_DCERPC;
	}
	return wire_foreign_protocol(facts);
}
