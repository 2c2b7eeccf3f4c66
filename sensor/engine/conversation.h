/*
 * engine/conversation - one watched flow from its first byte to its record.
 *
 * Joins classify, analyze and judge: holds the prefix while the protocol is unknown,
 * the dialogue after. private.h has its phases and which of these calls leaves which.
 */
#pragma once

#include "engine/private.h"

/* A struct flow_handler's; context is the engine. */
bool conversation_opened(void *context, struct flow *flow, uint64_t now_us);
void conversation_bytes(
	void *context, struct flow *flow, unsigned side, struct text bytes);
void conversation_gap(
	void *context, struct flow *flow, unsigned side, uint64_t missing);
void conversation_ambiguous(
	void *context, struct flow *flow, const struct flow_ambiguity *ambiguity);
void conversation_ended(void *context, struct flow *flow, enum flow_end end);

/* A packet of a watched flow, for the second opinion. */
void conversation_packet(
	struct engine *engine, struct flow *flow, const struct packet *packet);
