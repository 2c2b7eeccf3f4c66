#include "classify/traits.h"

#include "base/cursor.h"
#include "classify/exchange.h"
#include "classify/rpc_head.h"

#include <string.h>

/* RFC 8446 section 5.1; RFC 5246 section 6.2.3 allows ciphertext 2048 more. */
#define RECORD_HEAD_BYTES 5
#define RECORD_BYTES_MAX  (16384 + 2048)
#define HELLO_HEAD_BYTES  39     /* up to the length of the session id */
#define HELLO_BYTES_MAX   131396 /* all vectors as long as they may be */

enum {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
	HELLO_CLIENT = 1,
	HELLO_SERVER = 2,
};

struct record {
	uint8_t type;
	uint16_t len;
};

static bool read_record(struct cursor *cur, struct record *record)
{
	record->type = cursor_u8(cur);
	const uint16_t version = cursor_be16(cur);
	record->len = cursor_be16(cur);
	/* a hello's minor version is not looked at: RFC 8446 section 5.1 */
	const unsigned last = record->type == RECORD_HANDSHAKE ? 0x03ff : 0x0304;
	if (!cursor_ok(cur) || version < 0x0300 || version > last) {
		return false;
	}
	const uint16_t len = record->len;
	switch (record->type) {
	case RECORD_CHANGE_CIPHER_SPEC:
		return len == 1;
	case RECORD_ALERT:
		return len >= 2 && len <= 256;
	case RECORD_HANDSHAKE:
		return len <= RECORD_BYTES_MAX;
	case RECORD_DATA:
		return len > 0 && len <= RECORD_BYTES_MAX;
	default:
		return false;
	}
}

/*
 * A hello at the start of a handshake record, RFC 8446 section 4: its length, version
 * and session id have to fit. 0 when it is none, or not yet there.
 */
static unsigned read_hello(struct cursor cur)
{
	const uint8_t type = cursor_u8(&cur);
	const uint32_t len = cursor_be24(&cur);
	const uint16_t version = cursor_be16(&cur);
	cursor_skip(&cur, 32); /* random */
	const uint8_t session = cursor_u8(&cur);
	const bool is_sound = cursor_ok(&cur) && len >= 38 && len <= HELLO_BYTES_MAX &&
			      version >= 0x0300 && version <= 0x0304 && session <= 32;
	if (!is_sound || (type != HELLO_CLIENT && type != HELLO_SERVER)) {
		return 0;
	}
	return type;
}

/*
 * The beginning of the handshake, which records may cut anywhere, RFC 8446 section 5.1;
 * a change of cipher spec between them counts for nothing (appendix D.4).
 */
static size_t gather_handshake(struct cursor cur, uint8_t *bytes, size_t size)
{
	struct record record;
	size_t have = 0;
	while (have < size && read_record(&cur, &record) &&
		(record.type == RECORD_HANDSHAKE ||
			record.type == RECORD_CHANGE_CIPHER_SPEC)) {
		if (record.type == RECORD_CHANGE_CIPHER_SPEC) {
			cursor_skip(&cur, record.len);
			continue;
		}
		size_t len = record.len < size - have ? record.len : size - have;
		len = len < cursor_left(&cur) ? len : cursor_left(&cur);
		const uint8_t *taken = cursor_take(&cur, len);
		if (len > 0) {
			memcpy(bytes + have, taken, len);
		}
		have += len;
		cursor_skip(&cur, record.len - len);
	}
	return have;
}

static void read_tls(const struct side_bytes *side, struct traits *traits)
{
	struct cursor cur = cursor_over(side->bytes, side->len);
	struct record record;
	if (!read_record(&cur, &record)) {
		return;
	}
	traits->client |= CLIENT_RECORD;
	traits->server |= SERVER_RECORD;
	if (record.type == RECORD_HANDSHAKE ||
		record.type == RECORD_CHANGE_CIPHER_SPEC) {
		uint8_t bytes[HELLO_HEAD_BYTES];
		const size_t have = gather_handshake(
			cursor_over(side->bytes, side->len), bytes, sizeof(bytes));
		const unsigned hello = read_hello(cursor_over(bytes, have));
		traits->client |= hello == HELLO_CLIENT ? CLIENT_TLS : 0;
		traits->server |= hello == HELLO_SERVER ? SERVER_TLS : 0;
	}
	cursor_skip(&cur, record.len);
	if (side->is_last && cursor_ok(&cur) && cursor_left(&cur) == 0) {
		traits->client |= CLIENT_RECORD_ONLY;
		traits->server |= SERVER_RECORD_ONLY;
	}
	if (read_record(&cur, &record)) {
		traits->client |= CLIENT_RECORDS;
		traits->server |= SERVER_RECORDS;
	}
}

/* SSL 2.0 form of a ClientHello: RFC 5246 appendix E.2. */
static void read_old_hello(const struct side_bytes *side, struct traits *traits)
{
	struct cursor cur = cursor_over(side->bytes, side->len);
	const uint16_t len = cursor_be16(&cur) & 0x7fff;
	const uint8_t type = cursor_u8(&cur);
	const uint16_t version = cursor_be16(&cur);
	const uint16_t ciphers = cursor_be16(&cur);
	const uint16_t session = cursor_be16(&cur);
	const uint16_t challenge = cursor_be16(&cur);
	const bool is_version =
		version == 0x0002 || (version >= 0x0300 && version <= 0x0303);
	const bool is_filled = ciphers > 0 && ciphers % 3 == 0 && session <= 32 &&
			       challenge >= 16 && challenge <= 32;
	if (cursor_ok(&cur) && type == HELLO_CLIENT && is_version && is_filled &&
		len == 9U + ciphers + session + challenge) {
		traits->client |= CLIENT_TLS;
	}
}

/* Presentation contexts of a bind: C706 section 12.6.4.3. */
static bool binds_exchange(struct cursor cur, bool is_little)
{
	cursor_skip(&cur, 8); /* fragment sizes, association group */
	const uint8_t contexts = cursor_u8(&cur);
	cursor_skip(&cur, 3);
	for (unsigned i = 0; i < contexts; i++) {
		cursor_skip(&cur, 2); /* context id */
		const uint8_t transfers = cursor_u8(&cur);
		cursor_skip(&cur, 1);
		const uint8_t *uuid = cursor_take(&cur, 16);
		cursor_skip(
			&cur, 4U + 20U * transfers); /* version; transfer syntaxes */
		if (!uuid) {
			return false;
		}
		if (exchange_is_interface(uuid, is_little)) {
			return true;
		}
	}
	return false;
}

static void read_rpc(const struct side_bytes *side, struct traits *traits)
{
	struct cursor cur = cursor_over(side->bytes, side->len);
	struct rpc_head head;
	if (!rpc_head_read(&cur, &head)) {
		return;
	}
	if (head.type == RPC_TYPE_BIND || head.type == RPC_TYPE_ALTER_CONTEXT) {
		struct cursor body = cur;
		const size_t body_len = head.len - 16U;
		const bool is_all = cursor_left(&cur) >= body_len || side->is_last;
		if (cursor_left(&cur) > body_len) {
			body = cursor_sub(&cur, body_len);
		}
		if (binds_exchange(body, head.is_little)) {
			traits->client |= CLIENT_MAPI;
		}
		traits->client |= CLIENT_BIND | (is_all ? CLIENT_DCERPC : 0);
		return;
	}
	const bool is_clients =
		head.type == RPC_TYPE_REQUEST || head.type == RPC_TYPE_AUTH3 ||
		head.type == RPC_TYPE_CANCEL || head.type == RPC_TYPE_ORPHANED;
	traits->client |= is_clients ? CLIENT_DCERPC : 0;
	traits->server |= is_clients ? 0 : SERVER_DCERPC;
}

void traits_read_wire(const struct side_bytes *side, struct traits *traits)
{
	const uint8_t first = side->bytes[0];
	if (first >= RECORD_CHANGE_CIPHER_SPEC && first <= RECORD_DATA) {
		read_tls(side, traits);
	} else if (first == 5) {
		read_rpc(side, traits);
	} else if (first >= 0x80) {
		read_old_hello(side, traits);
	}
}
