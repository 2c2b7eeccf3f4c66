#include "analyze/dcerpc.h"

#include "analyze/dialogue.h"
#include "classify/exchange.h"

#include <string.h>

#define FOREIGN_REQUESTS_MAX 256 /* a later alter_context is not waited for */
#define CALLS_MAX            64  /* all alike: the rest will be too */
#define CONTEXTS_MAX         (64 * RPC_CONTEXT_WORDS)

_Static_assert(sizeof(struct dcerpc) <= ANALYZER_STATE_BYTES, "fits the dialogue");

enum step { /* what the body at hand goes on with */
	STEP_PASS = 0,
	STEP_BIND,    /* fragment sizes, association group, count of contexts */
	STEP_CONTEXT, /* id, count of transfer syntaxes, interface */
	STEP_ACK,     /* fragment sizes, association group, length of the port's name */
	STEP_RESULTS, /* their count */
	STEP_RESULT,
	STEP_STUB, /* of an endpoint mapper's response */
};

enum {
	BIND_BYTES = 12,
	CONTEXT_BYTES = 24,
	TRANSFER_BYTES = 20,
	ACK_BYTES = 10,
	RESULTS_BYTES = 4,
	RESULT_BYTES = 24,
	RESPONSE_BYTES = 8,
	SECURITY_SPNEGO = 9,
	SECURITY_NTLM = 10,
	SECURITY_KERBEROS = 16,
};

static void dcerpc_start(void *state, struct facts *facts)
{
	struct dcerpc *dcerpc = (struct dcerpc *)state;
	/* no certificate will be there */
	dcerpc->towers.bytes = facts->session.server_certificate.room;
	if (!facts->is_midstream) {
		facts->protocol = PROTOCOL_DCERPC;
	}
	dcerpc->sides[0].pdus.is_lost = facts->is_midstream;
	dcerpc->sides[1].pdus.is_lost = facts->is_midstream;
}

static void to_step(struct dcerpc_side *side, enum step step, unsigned need)
{
	side->step = (uint8_t)step;
	side->piece_len = 0;
	side->piece_need = (uint8_t)need;
}

static void next_item(struct dcerpc_side *side, enum step step, unsigned need)
{
	to_step(side, side->items_left > 0 ? step : STEP_PASS, need);
}

static uint16_t number_at(const struct dcerpc_side *side, size_t offset)
{
	struct cursor cur = cursor_over(side->piece + offset, 2);
	return side->pdus.head.is_little ? cursor_le16(&cur) : cursor_be16(&cur);
}

static void context_set(uint64_t *contexts, unsigned item)
{
	contexts[item / 64] |= UINT64_C(1) << item % 64;
}

/* p_cont_elem_t: C706 section 12.6.3.1 */
static void read_context(struct dcerpc *dcerpc, struct dcerpc_side *side)
{
	const uint8_t *uuid = side->piece + 4;
	const bool is_little = side->pdus.head.is_little;
	if (exchange_is_interface(uuid, is_little) && side->item < CONTEXTS_MAX) {
		context_set(dcerpc->asked, side->item);
		dcerpc->is_asked = true;
	}
	dcerpc->is_mapper |= exchange_is_endpoint_mapper(uuid, is_little);
	side->item++;
	side->items_left--;
	side->skip = TRANSFER_BYTES * (uint32_t)side->piece[2];
	next_item(side, STEP_CONTEXT, CONTEXT_BYTES);
}

/* p_result_t: 0 is acceptance; the order is that of the contexts */
static void read_result(struct dcerpc *dcerpc, struct dcerpc_side *side)
{
	if (number_at(side, 0) == 0 && side->item < CONTEXTS_MAX) {
		context_set(dcerpc->accepted, side->item);
	}
	side->item++;
	side->items_left--;
	next_item(side, STEP_RESULT, RESULT_BYTES);
}

/* The port's name is padded so that what follows is aligned to 4 within the PDU. */
static void skip_port_name(struct dcerpc_side *side)
{
	const uint32_t len = number_at(side, 8);
	const uint32_t end = RPC_HEAD_BYTES + ACK_BYTES + len;
	side->skip = len + (4 - end % 4) % 4;
	to_step(side, STEP_RESULTS, RESULTS_BYTES);
}

static void read_piece(struct dcerpc *dcerpc, struct dcerpc_side *side)
{
	switch ((enum step)side->step) {
	case STEP_BIND:
		side->items_left = side->piece[8];
		next_item(side, STEP_CONTEXT, CONTEXT_BYTES);
		break;
	case STEP_CONTEXT:
		read_context(dcerpc, side);
		break;
	case STEP_ACK:
		skip_port_name(side);
		break;
	case STEP_RESULTS:
		side->items_left = side->piece[0];
		next_item(side, STEP_RESULT, RESULT_BYTES);
		break;
	case STEP_RESULT:
		read_result(dcerpc, side);
		break;
	case STEP_PASS:
	case STEP_STUB:
		break;
	}
}

static void body_advance(struct text *body, size_t len)
{
	body->at += len;
	body->len -= len;
}

static void read_body(struct dcerpc *dcerpc, struct dcerpc_side *side, struct text body)
{
	while (body.len > 0) {
		const size_t skipped = body.len < side->skip ? body.len : side->skip;
		side->skip -= (uint32_t)skipped;
		body_advance(&body, skipped);
		if (side->step == STEP_PASS || body.len == 0) {
			return;
		}
		if (side->step == STEP_STUB) {
			rpc_towers_bytes(&dcerpc->towers, body);
			return;
		}
		const size_t missing = (size_t)(side->piece_need - side->piece_len);
		const size_t kept = body.len < missing ? body.len : missing;
		memcpy(side->piece + side->piece_len, body.at, kept);
		side->piece_len = (uint8_t)(side->piece_len + kept);
		body_advance(&body, kept);
		if (side->piece_len == side->piece_need) {
			read_piece(dcerpc, side);
		}
	}
}

static void asked_clear(struct dcerpc *dcerpc)
{
	memset(dcerpc->asked, 0, sizeof(dcerpc->asked));
	dcerpc->is_asked = false;
}

static void begin_pdu(
	struct dcerpc *dcerpc, struct dcerpc_side *side, enum direction way)
{
	if (way == DIRECTION_TO_SERVER && dcerpc->requests <= FOREIGN_REQUESTS_MAX) {
		dcerpc->requests++;
	}
	side->skip = 0;
	side->item = 0;
	to_step(side, STEP_PASS, 0);
	switch (side->pdus.head.type) {
	case RPC_TYPE_BIND:
	case RPC_TYPE_ALTER_CONTEXT:
		asked_clear(dcerpc);
		to_step(side, STEP_BIND, BIND_BYTES);
		break;
	case RPC_TYPE_BIND_ACK:
	case RPC_TYPE_ALTER_RESPONSE:
		memset(dcerpc->accepted, 0, sizeof(dcerpc->accepted));
		to_step(side, STEP_ACK, ACK_BYTES);
		break;
	case RPC_TYPE_RESPONSE:
		if (dcerpc->is_mapper) {
			side->skip = RESPONSE_BYTES;
			to_step(side, STEP_STUB, 0);
		}
		break;
	default:
		break;
	}
}

/* RFC 4178, MS-NLMP, RFC 4120 by their numbers in MS-RPCE section 2.2.1.1.7 */
static void note_security(struct facts *facts, unsigned security)
{
	unsigned mechanism = 0;
	if (security == SECURITY_NTLM) {
		mechanism = FACTS_MECHANISM_NTLM;
	} else if (security == SECURITY_SPNEGO || security == SECURITY_KERBEROS) {
		mechanism = FACTS_MECHANISM_GSSAPI;
	}
	facts->auth_tried = (uint16_t)(facts->auth_tried | mechanism);
}

/* Asking is not having: the server has to grant the interface. */
static void end_bind(
	struct dcerpc *dcerpc, const struct rpc_pdus *pdus, struct facts *facts)
{
	dcerpc->has_bind = true;
	if (pdus->level != RPC_LEVEL_UNKNOWN) {
		dcerpc->level = pdus->level;
	} else if (dcerpc->level == RPC_LEVEL_UNKNOWN) {
		dcerpc->level = RPC_LEVEL_NONE;
	}
	if (!dcerpc->is_asked) {
		return;
	}
	note_security(facts, pdus->security);
	if (!dcerpc->is_exchange) {
		facts->protocol = PROTOCOL_MAPI_RPC;
		facts->is_unanswered = true;
	}
}

/* accepted: NULL for none of them. */
static void end_answer(
	struct dcerpc *dcerpc, struct facts *facts, const uint64_t *accepted)
{
	if (!dcerpc->is_asked || dcerpc->is_exchange) {
		return;
	}
	for (size_t i = 0; accepted != NULL && i < RPC_CONTEXT_WORDS; i++) {
		dcerpc->is_exchange |= (dcerpc->asked[i] & accepted[i]) != 0;
	}
	asked_clear(dcerpc);
	facts->is_unanswered = false;
	facts->protocol = dcerpc->is_exchange ? PROTOCOL_MAPI_RPC : PROTOCOL_DCERPC;
}

static void end_call(
	struct dcerpc *dcerpc, const struct rpc_pdus *pdus, struct facts *facts)
{
	if (facts->protocol != PROTOCOL_MAPI_RPC) {
		return;
	}
	if (facts->is_unanswered && pdus->head.type == RPC_TYPE_RESPONSE) {
		end_answer(
			dcerpc, facts, dcerpc->asked); /* the answer was not captured */
	}
	dcerpc->calls++;
	rpc_pdus_note_content(pdus, facts, (enum rpc_level)dcerpc->level);
}

static void end_pdu(
	struct dcerpc *dcerpc, const struct rpc_pdus *pdus, struct facts *facts)
{
	switch (pdus->head.type) {
	case RPC_TYPE_BIND:
	case RPC_TYPE_ALTER_CONTEXT:
		end_bind(dcerpc, pdus, facts);
		break;
	case RPC_TYPE_BIND_ACK:
	case RPC_TYPE_ALTER_RESPONSE:
		end_answer(dcerpc, facts, dcerpc->accepted);
		break;
	case RPC_TYPE_BIND_NAK:
		end_answer(dcerpc, facts, NULL);
		break;
	default:
		if (rpc_pdus_is_content(pdus)) {
			end_call(dcerpc, pdus, facts);
		}
		break;
	}
}

/* A server of the HTTP flavour greets first: MS-RPCH section 2.1.1.1. */
static bool is_banner(
	const struct dcerpc *dcerpc, enum direction way, const struct text *bytes)
{
	return way == DIRECTION_TO_CLIENT && bytes->at[0] == 'n' &&
	       dcerpc->sides[way].pdus.head.len == 0;
}

static enum analyze_next what_next(
	const struct dcerpc *dcerpc, const struct facts *facts)
{
	if (facts->protocol == PROTOCOL_MAPI_RPC) {
		const bool is_known = facts->has_content_clear && !facts->is_unanswered;
		return is_known || dcerpc->calls > CALLS_MAX ? ANALYZE_FINISHED
							     : ANALYZE_GO_ON;
	}
	const bool is_foreign =
		!dcerpc->is_mapper && dcerpc->requests > FOREIGN_REQUESTS_MAX;
	return is_foreign ? ANALYZE_NOT_MINE : ANALYZE_GO_ON;
}

static size_t dcerpc_bytes(void *state, struct facts *facts, enum direction way,
	struct text bytes, enum analyze_next *next)
{
	struct dcerpc *dcerpc = (struct dcerpc *)state;
	struct dcerpc_side *side = &dcerpc->sides[way];
	const size_t len = bytes.len;
	struct text body = {.at = NULL, .len = 0};
	if (is_banner(dcerpc, way, &bytes)) {
		side->pdus.is_lost = true;
	}
	enum rpc_item item = rpc_pdus_next(&side->pdus, &bytes, &body);
	for (; item != RPC_ITEM_MORE;
		item = rpc_pdus_next(&side->pdus, &bytes, &body)) {
		if (item == RPC_ITEM_HEAD) {
			dcerpc->is_begun = true;
			begin_pdu(dcerpc, side, way);
		} else if (item == RPC_ITEM_BODY) {
			read_body(dcerpc, side, body);
		} else if (item == RPC_ITEM_END) {
			end_pdu(dcerpc, &side->pdus, facts);
		} else if (!dcerpc->is_begun) {
			*next = ANALYZE_NOT_MINE;
			return len;
		}
	}
	*next = what_next(dcerpc, facts);
	return len;
}

static void dcerpc_gap(
	void *state, struct facts *facts, enum direction way, uint64_t missing)
{
	struct dcerpc *dcerpc = (struct dcerpc *)state;
	(void)facts;
	rpc_pdus_gap(&dcerpc->sides[way].pdus, missing);
	to_step(&dcerpc->sides[way], STEP_PASS, 0);
	rpc_towers_gap(&dcerpc->towers);
}

const struct analyzer ANALYZER_DCERPC = {
	.name = "dcerpc",
	.state_bytes = sizeof(struct dcerpc),
	.start = dcerpc_start,
	.bytes = dcerpc_bytes,
	.gap = dcerpc_gap,
};

bool dcerpc_is_bind_missed(const void *state)
{
	const struct dcerpc *dcerpc = (const struct dcerpc *)state;
	return dcerpc->is_begun && !dcerpc->has_bind;
}

bool dcerpc_take_endpoint(void *state, struct rpc_endpoint *endpoint)
{
	struct rpc_towers *towers = &((struct dcerpc *)state)->towers;
	if (towers->count == 0) {
		return false;
	}
	*endpoint = towers->found[--towers->count];
	return true;
}
