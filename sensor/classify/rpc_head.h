/*
 * classify/rpc_head - the common header of a connection-oriented DCE/RPC PDU.
 *
 * In: a cursor at the PDU. Out: its fields, where they can be those of a PDU. Does not
 * look into the body. C706 section 12.6.3.1.
 */
#pragma once

#include "base/cursor.h"

#define RPC_HEAD_BYTES 16

enum rpc_type {
	RPC_TYPE_REQUEST = 0,
	RPC_TYPE_RESPONSE = 2,
	RPC_TYPE_FAULT = 3,
	RPC_TYPE_BIND = 11,
	RPC_TYPE_BIND_ACK = 12,
	RPC_TYPE_BIND_NAK = 13,
	RPC_TYPE_ALTER_CONTEXT = 14,
	RPC_TYPE_ALTER_RESPONSE = 15,
	RPC_TYPE_AUTH3 = 16,
	RPC_TYPE_CANCEL = 18,
	RPC_TYPE_ORPHANED = 19,
	RPC_TYPE_RTS = 20, /* MS-RPCH section 2.2.3.6 */
};

struct rpc_head {
	uint8_t type; /* enum rpc_type */
	bool is_little;
	uint16_t len; /* of the whole PDU */
	uint16_t auth_len;
};

/* Takes the header off *cur; false when it is short or none. */
bool rpc_head_read(struct cursor *cur, struct rpc_head *head);
