#include "engine/mail_port.h"

#include "analyze/http.h"
#include "engine/verdicts.h"

#include <string.h>

bool mail_port_may_lead_on(const struct watch *watch)
{
	const struct prefix *prefix = conversation_prefix(watch->conversation);
	const unsigned server = !watch->flow->client;
	return !watch->flow->is_midstream &&
	       (prefix->len[server] == 0 ||
		       memcmp(prefix->bytes[server], "HTTP/1.", 7) == 0);
}

bool mail_port_is_web(const struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	const struct dialogue *dialogue = conversation_dialogue(conversation);
	if (dialogue->analyzer != &ANALYZER_HTTP ||
		dialogue->facts.protocol != PROTOCOL_HTTP ||
		!mail_port_has(watch->flow) || !http_has_answer(dialogue->state)) {
		return false;
	}
	if (!http_may_lead_on(dialogue->state)) {
		return true;
	}
	if ((conversation->reported & FINDING_BIT(FINDING_PORT_FOREIGN)) == 0) {
		conversation->classification.protocol = PROTOCOL_HTTP;
		verdicts_foreign(watch->engine, watch->flow, conversation);
	}
	return false;
}
