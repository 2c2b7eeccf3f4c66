#include "engine/passage.h"

/* Of flow->action, beside enum action. */
enum {
	PASSAGE_ACTION_BITS = 0x0f,
	PASSAGE_OF_SENDER = 0x10,
	PASSAGE_TOLD = 0x20,
};

void passage_decide(struct engine *engine, struct flow *flow, struct record *record)
{
	const struct action_table *table = engine->settings.actions;
	if (!table || !flow) {
		return;
	}
	const struct judgement *judgement = &engine->judgement;
	const struct action_choice choice =
		action_choose(table, record->observation, judgement);
	record->is_audited = choice.is_audited;
	if (flow->action == 0 && !flow->is_reported && choice.action != ACTION_ACCEPT) {
		flow->action = (uint8_t)choice.action;
		if (judgement->findings & FINDING_BIT(FINDING_SENDER_ILLEGITIMATE)) {
			flow->action |= PASSAGE_OF_SENDER;
		}
	}
	record->is_blocked = flow->action != 0;
	struct conversation *conversation = flow_area(engine->flows, flow);
	if (conversation) {
		conversation->is_safe =
			action_is_settled(table, record->observation, judgement);
	}
}

static bool is_safe(const struct engine *engine, const struct flow *flow)
{
	const struct conversation *conversation = flow_area(engine->flows, flow);
	return conversation && conversation->is_safe;
}

/* No byte of it is looked at any more, nor will be. */
static bool is_passed(const struct engine *engine, const struct flow *flow)
{
	if (flow->list == FLOW_LIST_WATCHED) {
		const struct conversation *conversation =
			flow_area(engine->flows, flow);
		return conversation->is_settled;
	}
	/* before the first byte there is nothing that could have been looked at */
	return flow->bytes[0] + flow->bytes[1] > 0;
}

/* Not judged yet: who speaks what is still open. */
static bool is_undecided(const struct engine *engine, const struct flow *flow)
{
	const struct conversation *conversation = flow_area(engine->flows, flow);
	return !conversation || conversation->phase == CONVERSATION_CLASSIFY ||
	       (conversation->phase == CONVERSATION_DIALOGUE &&
		       conversation->judged_facts == 0);
}

/* Its end is known where both sides are told; a dropped one goes on knocking. */
static void stop_looking(struct engine *engine, struct flow *flow)
{
	flow->action |= PASSAGE_TOLD;
	if ((flow->action & PASSAGE_ACTION_BITS) != ACTION_DROP) {
		flow_cut(engine->flows, flow);
	} else if (flow->list == FLOW_LIST_WATCHED) {
		flow_mute(engine->flows, flow);
	}
}

void passage_tell(struct engine *engine, struct flow *flow, const struct packet *packet,
	unsigned side, size_t frame)
{
	struct engine_passage passage = {.frame = frame,
		.packet = packet,
		.flow = flow,
		.is_from_client = side == flow->client};
	if (flow->action != 0) {
		passage.standing = ENGINE_STANDING_BLOCKED;
		passage.action = (enum action)(flow->action & PASSAGE_ACTION_BITS);
		passage.is_sender_blocked = (flow->action & PASSAGE_OF_SENDER) != 0;
		passage.is_first_blocked = !(flow->action & PASSAGE_TOLD);
		stop_looking(engine, flow);
	} else if (is_passed(engine, flow)) {
		passage.standing = ENGINE_STANDING_PASSED;
	} else if (is_safe(engine, flow)) {
		passage.standing = ENGINE_STANDING_SAFE;
	} else {
		passage.is_undecided = is_undecided(engine, flow);
	}
	engine->outputs.passage(engine->outputs.passage_context, &passage);
}
