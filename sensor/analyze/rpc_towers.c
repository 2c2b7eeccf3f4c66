#include "analyze/rpc_towers.h"

#include "base/cursor.h"
#include "classify/exchange.h"

#include <string.h>

#define FLOORS_LEAST 3
#define FLOORS_MOST  8
#define START_BYTES  5 /* the count of floors, the length and kind of the first */

enum floor { /* C706 appendix I */
	FLOOR_TCP = 0x07,
	FLOOR_IP = 0x09,
	FLOOR_UUID = 0x0d,
	FLOOR_HTTP = 0x1f,
};

enum tower_result { TOWER_NONE = 0, TOWER_WHOLE, TOWER_SHORT };

/* The count of floors, then a first floor of kind UUID: 16 bytes and a version. */
static bool is_start(const uint8_t *at)
{
	return at[0] >= FLOORS_LEAST && at[0] <= FLOORS_MOST && at[1] == 0 &&
	       at[2] == 0x13 && at[3] == 0 && at[4] == FLOOR_UUID;
}

static void endpoint_keep(
	struct rpc_towers *towers, const struct rpc_endpoint *endpoint)
{
	if (towers->count < RPC_TOWERS_FOUND) {
		towers->found[towers->count++] = *endpoint;
		return;
	}
	for (size_t i = 0; i < RPC_TOWERS_FOUND && endpoint->is_exchange; i++) {
		if (!towers->found[i].is_exchange) {
			towers->found[i] = *endpoint;
			return;
		}
	}
}

/* One floor: what a kind of it says of the endpoint. Ports and addresses are big endian. */
static void read_floor(
	struct cursor left, struct cursor right, struct rpc_endpoint *endpoint)
{
	const uint8_t kind = cursor_u8(&left);
	if (kind == FLOOR_TCP || kind == FLOOR_HTTP) {
		endpoint->port = cursor_be16(&right);
	} else if (kind == FLOOR_IP && cursor_left(&right) == 4) {
		static const uint8_t ANY[4];
		const uint8_t *address = right.at;
		endpoint->has_address = memcmp(address, ANY, sizeof(ANY)) != 0;
		endpoint->address = address_from_ipv4(address);
	}
}

/* *used: the tower's bytes. */
static enum tower_result read_tower(
	struct rpc_towers *towers, const uint8_t *at, size_t len, size_t *used)
{
	struct cursor cur = cursor_over(at, len);
	struct rpc_endpoint endpoint = {
		.is_exchange = exchange_is_interface(at + START_BYTES, true)};
	const uint16_t floors = cursor_le16(&cur);
	for (unsigned i = 0; i < floors; i++) {
		const struct cursor left = cursor_sub(&cur, cursor_le16(&cur));
		const struct cursor right = cursor_sub(&cur, cursor_le16(&cur));
		if (!cursor_ok(&cur)) {
			return TOWER_SHORT;
		}
		read_floor(left, right, &endpoint);
	}
	*used = len - cursor_left(&cur);
	if (endpoint.port != 0) {
		endpoint_keep(towers, &endpoint);
	}
	return TOWER_WHOLE;
}

/*
 * Read the towers that are there to their end; returns the bytes done with. The last one is
 * read again with each piece of it: RPC_TOWERS_BYTES at most.
 */
static size_t read_towers(struct rpc_towers *towers)
{
	size_t at = 0;
	while (towers->len - at >= START_BYTES + EXCHANGE_UUID_BYTES) {
		size_t used = 1;
		if (is_start(towers->bytes + at) &&
			read_tower(towers, towers->bytes + at, towers->len - at,
				&used) == TOWER_SHORT &&
			(at > 0 || towers->len < RPC_TOWERS_BYTES)) {
			break;
		}
		at += used;
	}
	return at;
}

void rpc_towers_bytes(struct rpc_towers *towers, struct text bytes)
{
	while (bytes.len > 0) {
		const size_t room = RPC_TOWERS_BYTES - (size_t)towers->len;
		const size_t kept = bytes.len < room ? bytes.len : room;
		memcpy(towers->bytes + towers->len, bytes.at, kept);
		towers->len = (uint16_t)(towers->len + kept);
		bytes.at += kept;
		bytes.len -= kept;
		const size_t done = read_towers(towers);
		towers->len = (uint16_t)(towers->len - done);
		memmove(towers->bytes, towers->bytes + done, towers->len);
	}
}

void rpc_towers_gap(struct rpc_towers *towers)
{
	towers->len = 0;
}
