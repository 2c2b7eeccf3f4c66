#include "engine/rest.h"

#include "engine/lookups.h"
#include "engine/mail_port.h"
#include "engine/opinion.h"
#include "engine/web.h"

bool rest_now(struct watch *watch)
{
	opinion_close(watch);
	if (!flow_rest(watch->engine->flows, watch->flow)) {
		return false;
	}
	watch->conversation = NULL;
	return true;
}

bool rest_is_of_web(const struct flow *flow)
{
	return !mail_port_has(flow) && flow_server_port(flow) != DNS_PORT;
}

void rest_begin(struct watch *watch)
{
	if (rest_is_of_web(watch->flow)) {
		web_rest(watch);
	} else {
		lookups_rest(watch);
	}
}

void rest_end(struct conversation *conversation, const struct flow *flow)
{
	if (flow_server_port(flow) == DNS_PORT) {
		lookups_resume(conversation);
	} else {
		web_resume(conversation, flow);
	}
}
