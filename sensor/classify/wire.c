#include "classify/marks.h"

#include "base/cursor.h"

#include <string.h>

/* RFC 8446 section 5.1; RFC 5246 section 6.2.3 allows ciphertext 2048 more. */
#define RECORD_HEAD_BYTES 5
#define RECORD_BYTES_MAX  (16384 + 2048)

enum {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
	HELLO_CLIENT = 1,
	HELLO_SERVER = 2,
	RPC_REQUEST = 0,
	RPC_BIND = 11,
	RPC_BIND_ACK = 12,
	RPC_ALTER_CONTEXT = 14,
	RPC_TYPE_LAST = 20,
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
	if (!cursor_ok(cur) || version < 0x0300 || version > 0x0304) {
		return false;
	}
	const uint16_t len = record->len;
	switch (record->type) {
	case RECORD_CHANGE_CIPHER_SPEC:
		return len == 1;
	case RECORD_ALERT:
		return len >= 2 && len <= 256;
	case RECORD_HANDSHAKE:
		return len >= 4 && len <= RECORD_BYTES_MAX;
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
	const bool is_sound = cursor_ok(&cur) && len >= 38 && len <= 0x20000 &&
			      version >= 0x0300 && version <= 0x0304 && session <= 32;
	if (!is_sound || (type != HELLO_CLIENT && type != HELLO_SERVER)) {
		return 0;
	}
	return type;
}

static void read_tls(const struct side_bytes *side, struct marks *marks)
{
	struct cursor cur = cursor_over(side->bytes, side->len);
	struct record record;
	if (!read_record(&cur, &record)) {
		return;
	}
	marks->client |= CLIENT_RECORD;
	marks->server |= SERVER_RECORD;
	if (record.type == RECORD_HANDSHAKE) {
		const unsigned hello = read_hello(cur);
		marks->client |= hello == HELLO_CLIENT ? CLIENT_TLS : 0;
		marks->server |= hello == HELLO_SERVER ? SERVER_TLS : 0;
	}
	cursor_skip(&cur, record.len);
	if (side->is_last && cursor_ok(&cur) && cursor_left(&cur) == 0) {
		marks->client |= CLIENT_RECORD_ONLY;
		marks->server |= SERVER_RECORD_ONLY;
	}
	if (read_record(&cur, &record)) {
		marks->client |= CLIENT_RECORDS;
		marks->server |= SERVER_RECORDS;
	}
}

/* SSL 2.0 form of a ClientHello: RFC 5246 appendix E.2. */
static void read_old_hello(const struct side_bytes *side, struct marks *marks)
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
		marks->client |= CLIENT_TLS;
	}
}

struct rpc_head {
	uint8_t type;
	bool is_little;
	uint16_t len;
};

/* Common header of a connection-oriented PDU: C706 section 12.6.3.1. */
static bool read_rpc_head(struct cursor *cur, struct rpc_head *head)
{
	const uint8_t version = cursor_u8(cur);
	const uint8_t minor = cursor_u8(cur);
	head->type = cursor_u8(cur);
	(void)cursor_u8(cur); /* flags */
	const uint8_t *drep = cursor_take(cur, 4);
	struct cursor lengths = *cur;
	cursor_skip(cur, 8); /* frag_len, auth_len, call_id */
	if (!cursor_ok(cur) || version != 5 || minor > 1 ||
		head->type > RPC_TYPE_LAST) {
		return false;
	}
	if ((drep[0] & 0xef) > 1 || drep[1] > 3 || drep[2] != 0 || drep[3] != 0) {
		return false;
	}
	head->is_little = (drep[0] & 0x10) != 0;
	head->len = head->is_little ? cursor_le16(&lengths) : cursor_be16(&lengths);
	return head->len >= 16;
}

/* Interfaces of MS-OXCRPC, MS-NSPI and MS-OXABREF, as they stand on the wire, both ways. */
static bool is_exchange(const uint8_t uuid[16], bool is_little)
{
	static const uint8_t INTERFACES[][16] = {
		{0x00, 0xdb, 0xf1, 0xa4, 0x47, 0xca, 0x67, 0x10, 0xb3, 0x1f, 0x00, 0xdd,
			0x01, 0x06, 0x62, 0xda}, /* EMSMDB */
		{0x4a, 0x57, 0x61, 0x52, 0x72, 0x45, 0x6e, 0x20, 0xb2, 0x68, 0x6b, 0x19,
			0x92, 0x13, 0xb4, 0xe4}, /* AsyncEMSMDB */
		{0x18, 0x5a, 0xcc, 0xf5, 0x64, 0x42, 0x1a, 0x10, 0x8c, 0x59, 0x08, 0x00,
			0x2b, 0x2f, 0x84, 0x26}, /* NSPI */
		{0xe0, 0xf5, 0x44, 0x15, 0x3c, 0x61, 0xd1, 0x11, 0x93, 0xdf, 0x00, 0xc0,
			0x4f, 0xd7, 0xbd, 0x09}, /* RFRI */
	};
	/* big endian turns the first three fields of the UUID round */
	static const uint8_t TURNED[16] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t little[16];
	for (size_t i = 0; i < sizeof(little); i++) {
		little[i] = uuid[is_little ? i : TURNED[i]];
	}
	for (size_t i = 0; i < sizeof(INTERFACES) / sizeof(INTERFACES[0]); i++) {
		if (memcmp(little, INTERFACES[i], sizeof(little)) == 0) {
			return true;
		}
	}
	return false;
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
		if (is_exchange(uuid, is_little)) {
			return true;
		}
	}
	return false;
}

static void read_rpc(const struct side_bytes *side, struct marks *marks)
{
	struct cursor cur = cursor_over(side->bytes, side->len);
	struct rpc_head head;
	if (!read_rpc_head(&cur, &head)) {
		return;
	}
	if (head.type == RPC_BIND || head.type == RPC_ALTER_CONTEXT) {
		struct cursor body = cur;
		const size_t body_len = head.len - 16U;
		const bool is_all = cursor_left(&cur) >= body_len || side->is_last;
		if (cursor_left(&cur) > body_len) {
			body = cursor_sub(&cur, body_len);
		}
		if (binds_exchange(body, head.is_little)) {
			marks->client |= CLIENT_MAPI;
		}
		marks->client |= CLIENT_BIND | (is_all ? CLIENT_DCERPC : 0);
		return;
	}
	marks->client |= head.type == RPC_REQUEST ? CLIENT_DCERPC : 0;
	marks->server |= head.type != RPC_REQUEST ? SERVER_DCERPC : 0;
}

void marks_read_wire(const struct side_bytes *side, struct marks *marks)
{
	const uint8_t first = side->bytes[0];
	if (first >= RECORD_CHANGE_CIPHER_SPEC && first <= RECORD_DATA) {
		read_tls(side, marks);
	} else if (first == 5) {
		read_rpc(side, marks);
	} else if (first >= 0x80) {
		read_old_hello(side, marks);
	}
}
