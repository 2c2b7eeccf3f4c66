#include "analyze/rpc_pdus.h"

#include "analyze/note.h"

#include <string.h>

enum stage { STAGE_HEAD = 0, STAGE_BODY, STAGE_VERIFIER, STAGE_TOKEN, STAGE_END };

static struct text text_cut(struct text *rest, size_t len)
{
	const struct text cut = {.at = rest->at, .len = len};
	rest->at += len;
	rest->len -= len;
	return cut;
}

/* Fill the buffer up to len bytes; false when more are needed. */
static bool buffer_fill(struct rpc_pdus *pdus, struct text *rest, size_t len)
{
	const size_t missing = len - pdus->buffer_len;
	const struct text cut =
		text_cut(rest, rest->len < missing ? rest->len : missing);
	memcpy(pdus->buffer + pdus->buffer_len, cut.at, cut.len);
	pdus->buffer_len = (uint8_t)(pdus->buffer_len + cut.len);
	return pdus->buffer_len == len;
}

static void to_stage(struct rpc_pdus *pdus, enum stage stage, uint32_t left)
{
	pdus->stage = (uint8_t)stage;
	pdus->left = left;
	pdus->buffer_len = 0;
}

static enum rpc_item read_head(struct rpc_pdus *pdus, struct text *rest)
{
	if (!buffer_fill(pdus, rest, RPC_HEAD_BYTES)) {
		return RPC_ITEM_MORE;
	}
	struct cursor cur = cursor_over(pdus->buffer, RPC_HEAD_BYTES);
	pdus->level = RPC_LEVEL_UNKNOWN;
	pdus->security = 0;
	if (!rpc_head_read(&cur, &pdus->head)) {
		pdus->is_lost = true;
		to_stage(pdus, STAGE_HEAD, 0);
		return RPC_ITEM_BROKEN;
	}
	const unsigned auth_len = pdus->head.auth_len;
	to_stage(pdus, STAGE_BODY,
		pdus->head.len - RPC_HEAD_BYTES -
			(auth_len > 0 ? auth_len + RPC_VERIFIER_BYTES : 0));
	return RPC_ITEM_HEAD;
}

/* auth_type, auth_level: C706 section 13.2.6.1 */
static void read_verifier(struct rpc_pdus *pdus, struct text *rest)
{
	if (!buffer_fill(pdus, rest, RPC_VERIFIER_BYTES)) {
		return;
	}
	const bool is_level = pdus->buffer[1] >= RPC_LEVEL_NONE &&
			      pdus->buffer[1] <= RPC_LEVEL_PRIVACY;
	pdus->security = pdus->buffer[0];
	pdus->level = is_level ? pdus->buffer[1] : RPC_LEVEL_UNKNOWN;
	to_stage(pdus, STAGE_TOKEN, pdus->head.auth_len);
}

static struct text take_left(struct rpc_pdus *pdus, struct text *rest)
{
	const struct text cut =
		text_cut(rest, rest->len < pdus->left ? rest->len : pdus->left);
	pdus->left -= (uint32_t)cut.len;
	return cut;
}

/* One step inside a PDU; RPC_ITEM_MORE: nothing to tell yet. */
static enum rpc_item next_part(
	struct rpc_pdus *pdus, struct text *rest, struct text *body)
{
	switch ((enum stage)pdus->stage) {
	case STAGE_HEAD:
		return read_head(pdus, rest);
	case STAGE_BODY:
		*body = take_left(pdus, rest);
		if (pdus->left == 0) {
			to_stage(pdus,
				pdus->head.auth_len > 0 ? STAGE_VERIFIER : STAGE_END,
				0);
		}
		return body->len > 0 ? RPC_ITEM_BODY : RPC_ITEM_MORE;
	case STAGE_VERIFIER:
		read_verifier(pdus, rest);
		return RPC_ITEM_MORE;
	case STAGE_TOKEN:
		(void)take_left(pdus, rest);
		if (pdus->left == 0) {
			to_stage(pdus, STAGE_END, 0);
		}
		return RPC_ITEM_MORE;
	case STAGE_END:
		break;
	}
	to_stage(pdus, STAGE_HEAD, 0);
	return RPC_ITEM_END;
}

/* A segment mostly begins with a PDU: C706 leaves it open, implementations do it. */
static bool is_found(const struct text *rest)
{
	struct cursor cur = cursor_over(rest->at, rest->len);
	struct rpc_head head;
	return rpc_head_read(&cur, &head);
}

/* The stage ends without a further byte. */
static bool is_over(const struct rpc_pdus *pdus)
{
	return pdus->stage == STAGE_END ||
	       (pdus->stage == STAGE_BODY && pdus->left == 0);
}

enum rpc_item rpc_pdus_next(struct rpc_pdus *pdus, struct text *rest, struct text *body)
{
	if (pdus->is_lost) {
		pdus->is_lost = !is_found(rest);
		if (pdus->is_lost) {
			(void)text_cut(rest, rest->len);
			return RPC_ITEM_MORE;
		}
	}
	enum rpc_item item = RPC_ITEM_MORE;
	while (item == RPC_ITEM_MORE && (rest->len > 0 || is_over(pdus))) {
		item = next_part(pdus, rest, body);
	}
	return item;
}

void rpc_pdus_gap(struct rpc_pdus *pdus, uint64_t missing)
{
	const bool is_inside = pdus->stage == STAGE_BODY || pdus->stage == STAGE_TOKEN;
	if (is_inside && missing > 0 && missing < pdus->left) {
		pdus->left -= (uint32_t)missing;
		return;
	}
	to_stage(pdus, STAGE_HEAD, 0);
	pdus->is_lost = true;
}

bool rpc_pdus_is_content(const struct rpc_pdus *pdus)
{
	return pdus->head.type == RPC_TYPE_REQUEST ||
	       pdus->head.type == RPC_TYPE_RESPONSE ||
	       pdus->head.type == RPC_TYPE_FAULT;
}

/* Without a verifier a call is as bare as one of a level that protects the binding only. */
void rpc_pdus_note_content(
	const struct rpc_pdus *pdus, struct facts *facts, enum rpc_level bound)
{
	unsigned level = pdus->level;
	if (level == RPC_LEVEL_UNKNOWN) {
		level = bound == RPC_LEVEL_CONNECT ? RPC_LEVEL_CONNECT : RPC_LEVEL_NONE;
	}
	if (pdus->head.type == RPC_TYPE_FAULT && level == RPC_LEVEL_NONE) {
		return; /* a fault has no stub, and servers send it unprotected */
	}
	if (facts->rpc_protection == RPC_LEVEL_UNKNOWN ||
		level < facts->rpc_protection) {
		facts->rpc_protection = (uint8_t)level;
	}
	if (level < RPC_LEVEL_PRIVACY) {
		note_content(facts);
	}
}
