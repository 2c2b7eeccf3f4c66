#include "classify/rpc_head.h"

#define TRAILER_BYTES 8

/* Integers ASCII or EBCDIC, four kinds of floating point: C706 section 14.1. */
static bool is_representation(const uint8_t drep[4])
{
	return (drep[0] & 0xef) <= 1 && drep[1] <= 3 && drep[2] == 0 && drep[3] == 0;
}

bool rpc_head_read(struct cursor *cur, struct rpc_head *head)
{
	const uint8_t version = cursor_u8(cur);
	const uint8_t minor = cursor_u8(cur);
	head->type = cursor_u8(cur);
	cursor_skip(cur, 1); /* flags */
	const uint8_t *drep = cursor_take(cur, 4);
	const uint8_t *lengths = cursor_take(cur, 4);
	cursor_skip(cur, 4); /* call_id */
	if (!cursor_ok(cur) || version != 5 || minor > 1 || head->type > RPC_TYPE_RTS ||
		!is_representation(drep)) {
		return false;
	}
	struct cursor fields = cursor_over(lengths, 4);
	head->is_little = (drep[0] & 0x10) != 0;
	head->len = head->is_little ? cursor_le16(&fields) : cursor_be16(&fields);
	head->auth_len = head->is_little ? cursor_le16(&fields) : cursor_be16(&fields);
	const unsigned trailer = head->auth_len > 0 ? TRAILER_BYTES : 0;
	return head->len >= RPC_HEAD_BYTES + trailer + head->auth_len;
}
