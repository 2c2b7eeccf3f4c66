#include "engine/mail_port.h"

#include "analyze/http.h"
#include "engine/verdicts.h"
#include "judge/wire.h"

#include <string.h>

bool mail_port_may_lead_on(const struct watch *watch)
{
	static const char ANSWER[] = "HTTP/1.";
	const struct prefix *prefix = conversation_prefix(watch->conversation);
	const unsigned server = !watch->flow->client;
	const size_t len = prefix->len[server] < sizeof(ANSWER) - 1
				   ? prefix->len[server]
				   : sizeof(ANSWER) - 1;
	return !watch->flow->is_midstream &&
	       memcmp(prefix->bytes[server], ANSWER, len) == 0;
}

enum protocol mail_port_name(
	const struct conversation *conversation, enum protocol protocol)
{
	if (protocol != PROTOCOL_UNKNOWN) {
		return protocol;
	}
	switch (conversation->classification.proxy) {
	case CLASSIFY_PROXY_CONNECT:
		return PROTOCOL_HTTP;
	case CLASSIFY_PROXY_SOCKS:
		return PROTOCOL_SOCKS;
	default:
		return PROTOCOL_UNKNOWN;
	}
}

bool mail_port_is_look(const struct watch *watch)
{
	return watch->conversation->classification.proxy == CLASSIFY_PROXY_HEADER &&
	       wire_is_proxy(watch->engine->settings.matrix,
		       &watch->flow->address[watch->flow->client]);
}

void mail_port_tell_web(const struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	const struct dialogue *dialogue = conversation_dialogue(conversation);
	if (dialogue->analyzer == &ANALYZER_HTTP &&
		dialogue->facts.protocol == PROTOCOL_HTTP &&
		mail_port_has(watch->flow) && http_has_answer(dialogue->state) &&
		!(conversation->reported & FINDING_BIT(FINDING_PORT_FOREIGN))) {
		conversation->classification.protocol = PROTOCOL_HTTP;
		verdicts_foreign(watch->engine, watch->flow, conversation);
	}
}
