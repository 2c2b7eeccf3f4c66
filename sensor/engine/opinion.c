#include "engine/opinion.h"

#include <string.h>

void opinion_close(const struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	watch->flow->is_packet_wanted = false;
	if (conversation->opinion) {
		conversation->opinion_name = second_opinion_close(
			watch->engine->opinion, conversation->opinion);
		conversation->opinion = NULL;
	}
	conversation->is_opinion_closed = true;
}

void opinion_open(const struct watch *watch)
{
	struct second_opinion *opinion = watch->engine->opinion;
	struct conversation *conversation = watch->conversation;
	if (opinion && !conversation->opinion && !conversation->is_opinion_closed) {
		conversation->opinion = second_opinion_open(opinion);
		watch->flow->is_packet_wanted = conversation->opinion != NULL;
	}
}

void opinion_open_of_mail(const struct watch *watch)
{
	const struct flow *flow = watch->flow;
	const struct address *server = &flow->address[!flow->client];
	const uint16_t protocol =
		(uint16_t)watch->conversation->classification.protocol;
	uint64_t words[3] = {0, 0, flow->port[!flow->client]};
	memcpy(words, server->bytes, sizeof(server->bytes));
	/* The same place in every run: which flows are asked about shows in the records. */
	static const struct hash_seed FIXED;
	const size_t slot = hash_words(&FIXED, words, 3) % OPINIONS_ASKED_SLOTS;
	struct opinions_asked *asked = &watch->engine->asked[slot];
	if (!address_equal(&asked->server, server) ||
		asked->port != flow->port[!flow->client] ||
		asked->protocol != protocol) {
		*asked = (struct opinions_asked){.server = *server,
			.port = flow->port[!flow->client],
			.protocol = protocol};
	}
	const uint32_t flows = asked->flows++;
	const bool is_due =
		flows < OPINIONS_ASKED_FIRST || flows % OPINIONS_ASKED_EVERY == 0;
	quota_begin(&watch->engine->asking, 0, watch->engine->now_us);
	if (is_due && quota_take(&watch->engine->asking)) {
		opinion_open(watch);
	} else {
		opinion_close(watch);
	}
}
