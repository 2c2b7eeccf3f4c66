#include "classify/proxy.h"

#include "base/cold.h"
#include "base/cursor.h"
#include "base/text.h"

#include <string.h>

enum phase {
	PHASE_NONE = 0,
	PHASE_PASSWORD,       /* client: RFC 1929 section 2 */
	PHASE_PASSWORD_REPLY, /* server */
	PHASE_REQUEST,        /* client: RFC 1928 section 4 */
	PHASE_REPLY,          /* server: RFC 1928 section 6 */
	PHASE_TOKENS,         /* both: RFC 1961 sections 3 and 4 */
	PHASE_4_USER,         /* client: a user that outgrows the prefix */
	PHASE_4_NAME,         /* client: the name of SOCKS 4a behind it */
	PHASE_4_REPLY,        /* server */
};

enum {
	SOCKS5_VERSION = 5,
	SOCKS5_CONNECT = 1,
	SOCKS5_IPV4 = 1,
	SOCKS5_NAME = 3,
	SOCKS5_IPV6 = 4,
	SOCKS4_CONNECT = 1,
	SOCKS4_BIND = 2,
	SOCKS4_GRANTED = 0x5a,
	SOCKS4_REFUSED_LAST = 0x5d,
	METHOD_NONE = 0,
	METHOD_GSSAPI = 1,
	METHOD_PASSWORD = 2,
	GSSAPI_VERSION = 1,
	GSSAPI_ENCAPSULATED = 3, /* what follows is inside such messages */
	GSSAPI_ABORT = 0xff,
	GSSAPI_HEAD_BYTES = 4,
	SOCKS4_REPLY_BYTES = 8,
};

static struct cursor side_cursor(const struct prefix *prefix, unsigned side)
{
	return cursor_over(prefix->bytes[side], prefix->len[side]);
}

static size_t taken_from(const struct prefix *prefix, unsigned side, struct cursor cur)
{
	return prefix->len[side] - cursor_left(&cur);
}

static void note_name(struct classification *result, const uint8_t *at, size_t len)
{
	result->has_target_address = false;
	text_copy_letters(result->target_host, sizeof(result->target_host),
		(struct text){.at = at, .len = len});
}

/* Up to NUL; false when it is not there. */
static COLD bool take_string(struct cursor *cur, struct text *out)
{
	const uint8_t *end = memchr(cur->at, 0, cursor_left(cur));
	if (!end || cur->short_read) {
		return false;
	}
	*out = (struct text){.at = cur->at, .len = (size_t)(end - cur->at)};
	cursor_skip(cur, out->len + 1);
	return true;
}

/* Of a request with a long user; address: NULL where its name follows. */
static enum proxy_step drop_user(struct prefix *prefix, unsigned side,
	const uint8_t *address, struct classification *result)
{
	struct cursor cur = side_cursor(prefix, side);
	cursor_skip(&cur, 2);
	result->target_port = cursor_be16(&cur);
	result->has_target_address = address != NULL;
	if (address) {
		result->target = address_from_ipv4(address);
	}
	result->client_side = (uint8_t)side;
	result->client_side_is_sure = true;
	result->proxy_phase = PHASE_4_USER;
	prefix_drop(prefix, side, prefix->len[side]);
	return PROXY_WAIT;
}

static bool is_socks4_command(uint8_t command)
{
	return command == SOCKS4_CONNECT || command == SOCKS4_BIND;
}

/* As far as it has come. */
static bool is_socks4_answer(
	const struct cursor *answer, uint8_t version, uint8_t status)
{
	/* 4 is no standard, and a habit */
	return (version == 0 || version == 4) &&
	       (!cursor_ok(answer) ||
		       (status >= SOCKS4_GRANTED && status <= SOCKS4_REFUSED_LAST));
}

/* For more of a side that has room for it. */
static enum proxy_step wait_for_room(const struct prefix *prefix, unsigned side)
{
	return prefix_is_full(prefix, side) ? PROXY_NOTHING : PROXY_WAIT;
}

/* SOCKS 4 and 4a (openssh.com/txt/socks4.protocol, socks4a.protocol). */
enum proxy_step proxy_socks4(
	struct prefix *prefix, unsigned side, struct classification *result)
{
	struct cursor request = side_cursor(prefix, side);
	struct cursor answer = side_cursor(prefix, 1 - side);
	cursor_skip(&request, 1);
	const uint8_t command = cursor_u8(&request);
	const uint16_t port = cursor_be16(&request);
	const uint8_t *target = cursor_take(&request, 4);
	const bool is_silent = cursor_left(&answer) == 0;
	const uint8_t version = cursor_u8(&answer);
	const uint8_t status = cursor_u8(&answer);
	cursor_skip(&answer, 6);
	const bool is_answer = is_socks4_answer(&answer, version, status);
	if ((prefix->len[side] > 1 && !is_socks4_command(command)) ||
		(!is_silent && !is_answer)) {
		return PROXY_NOTHING;
	}
	struct text user;
	struct text name = {.len = 0};
	const bool is_named = target && target[0] == 0 && target[1] == 0 &&
			      target[2] == 0 && target[3] != 0;
	if (!target || !take_string(&request, &user)) {
		return target && prefix_is_full(prefix, side)
			       ? drop_user(
					 prefix, side, is_named ? NULL : target, result)
			       : PROXY_WAIT;
	}
	if (is_named && !take_string(&request, &name)) {
		return wait_for_room(prefix, side);
	}
	note_name(result, name.at, name.len);
	if (!is_named) {
		result->has_target_address = true;
		result->target = address_from_ipv4(target);
	}
	result->target_port = port;
	if (!cursor_ok(&answer)) {
		result->asked_len = (uint16_t)taken_from(prefix, side, request);
		return PROXY_WAIT;
	}
	result->proxy = CLASSIFY_PROXY_SOCKS;
	result->client_side = (uint8_t)side;
	result->client_side_is_sure = true;
	prefix_drop(prefix, side, taken_from(prefix, side, request));
	prefix_drop(prefix, 1 - side, taken_from(prefix, 1 - side, answer));
	return command == SOCKS4_CONNECT && status == SOCKS4_GRANTED ? PROXY_TAKEN
								     : PROXY_REFUSED;
}

/* An address with its type in front, and a port: RFC 1928 section 5. */
struct endpoint {
	uint8_t type;
	struct text bytes;
	uint16_t port;
};

static bool take_endpoint(struct cursor *cur, struct endpoint *out)
{
	out->type = cursor_u8(cur);
	size_t len = 4;
	if (out->type == SOCKS5_NAME) {
		len = cursor_u8(cur);
	} else if (out->type == SOCKS5_IPV6) {
		len = 16;
	}
	out->bytes = (struct text){.at = cursor_take(cur, len), .len = len};
	out->port = cursor_be16(cur);
	return cursor_ok(cur);
}

static void note_endpoint(struct classification *result, const struct endpoint *target)
{
	result->target_port = target->port;
	if (target->type == SOCKS5_NAME) {
		note_name(result, target->bytes.at, target->bytes.len);
	} else {
		result->has_target_address = true;
		result->target = target->type == SOCKS5_IPV6
					 ? address_from_ipv6(target->bytes.at)
					 : address_from_ipv4(target->bytes.at);
	}
}

/* A request that is said with no ear for the answer to what stands in front of it. */
static COLD void note_request(const struct prefix *prefix, unsigned side,
	struct cursor cur, struct classification *result)
{
	struct endpoint target;
	cursor_skip(&cur, 3);
	if (take_endpoint(&cur, &target) && target.bytes.at) {
		note_endpoint(result, &target);
		result->asked_len = (uint16_t)taken_from(prefix, side, cur);
	}
}

/* Methods offered and the one chosen: RFC 1928 section 3. */
enum proxy_step proxy_socks5(
	struct prefix *prefix, unsigned side, struct classification *result)
{
	struct cursor greeting = side_cursor(prefix, side);
	struct cursor answer = side_cursor(prefix, 1 - side);
	cursor_skip(&greeting, 1);
	const uint8_t count = cursor_u8(&greeting);
	const uint8_t *methods = cursor_take(&greeting, count);
	const bool is_silent = cursor_left(&answer) == 0;
	const uint8_t version = cursor_u8(&answer);
	const uint8_t method = cursor_u8(&answer);
	if ((count == 0 && prefix->len[side] > 1) ||
		(!is_silent && version != SOCKS5_VERSION)) {
		return PROXY_NOTHING;
	}
	if (!methods || !cursor_ok(&answer)) {
		if (methods) {
			note_request(prefix, side, greeting, result);
		}
		return PROXY_WAIT;
	}
	/* DCE/RPC begins with 5 as well: the answer has to be one of the offers */
	if (method != 0xff && !memchr(methods, method, count)) {
		return PROXY_NOTHING;
	}
	result->proxy = CLASSIFY_PROXY_SOCKS;
	result->client_side = (uint8_t)side;
	result->client_side_is_sure = true;
	prefix_drop(prefix, side, taken_from(prefix, side, greeting));
	prefix_drop(prefix, 1 - side, taken_from(prefix, 1 - side, answer));
	switch (method) {
	case METHOD_NONE:
		result->proxy_phase = PHASE_REQUEST;
		return PROXY_TAKEN;
	case METHOD_GSSAPI:
		result->proxy_phase = PHASE_TOKENS;
		return PROXY_TAKEN;
	case METHOD_PASSWORD:
		result->proxy_phase = PHASE_PASSWORD;
		return PROXY_TAKEN;
	default:
		return PROXY_REFUSED;
	}
}

/* One message of a side: the token in it may outgrow the prefix and goes by unread. */
static enum proxy_step take_token(
	struct prefix *prefix, unsigned side, struct classification *result)
{
	struct cursor cur = side_cursor(prefix, side);
	const uint8_t version = cursor_u8(&cur);
	const uint8_t type = cursor_u8(&cur);
	const bool is_head = cursor_ok(&cur);
	const uint16_t len = cursor_be16(&cur);
	if (prefix->len[side] > 0 && version != GSSAPI_VERSION) {
		return PROXY_NOTHING;
	}
	if (is_head && (type == GSSAPI_ENCAPSULATED || type == GSSAPI_ABORT)) {
		result->is_opaque = type == GSSAPI_ENCAPSULATED;
		return PROXY_REFUSED;
	}
	if (!cursor_ok(&cur)) {
		return PROXY_WAIT;
	}
	const uint16_t here = (uint16_t)cursor_left(&cur);
	const uint16_t cut = len < here ? len : here;
	prefix_drop(prefix, side, GSSAPI_HEAD_BYTES + (size_t)cut);
	result->proxy_skip[side] = (uint16_t)(len - cut);
	return PROXY_TAKEN;
}

/* Tokens of both sides, until the client asks for its target, in clear or encapsulated. */
static COLD enum proxy_step take_tokens(
	struct prefix *prefix, struct classification *result)
{
	const unsigned client = result->client_side;
	const enum proxy_step step = take_token(prefix, 1U - client, result);
	if (step != PROXY_WAIT) {
		return step == PROXY_NOTHING ? PROXY_REFUSED : step;
	}
	if (prefix->len[client] > 0 && prefix->bytes[client][0] == SOCKS5_VERSION) {
		result->proxy_phase = PHASE_REQUEST;
		return PROXY_TAKEN;
	}
	const enum proxy_step asked = take_token(prefix, client, result);
	return asked == PROXY_NOTHING ? PROXY_REFUSED : asked;
}

/* The user's end, or the name's: a string up to NUL that need not fit as a whole. */
static COLD enum proxy_step take_4_user(
	struct prefix *prefix, struct classification *result)
{
	const unsigned side = result->client_side;
	struct cursor cur = side_cursor(prefix, side);
	struct text user;
	const bool is_whole = take_string(&cur, &user);
	prefix_drop(prefix, side,
		is_whole ? taken_from(prefix, side, cur) : prefix->len[side]);
	if (!is_whole) {
		return PROXY_WAIT;
	}
	result->proxy_phase = result->has_target_address ? PHASE_4_REPLY : PHASE_4_NAME;
	return PROXY_TAKEN;
}

static enum proxy_step take_4_name(struct prefix *prefix, struct classification *result)
{
	const unsigned side = result->client_side;
	struct cursor cur = side_cursor(prefix, side);
	struct text name;
	if (!take_string(&cur, &name)) {
		return prefix_is_full(prefix, side) ? PROXY_REFUSED : PROXY_WAIT;
	}
	note_name(result, name.at, name.len);
	prefix_drop(prefix, side, taken_from(prefix, side, cur));
	result->proxy_phase = PHASE_4_REPLY;
	return PROXY_TAKEN;
}

/* What a server of mail says is none: it goes on, whatever the client's first bytes were. */
static COLD enum proxy_step take_4_reply(
	struct prefix *prefix, struct classification *result)
{
	const unsigned server = 1U - result->client_side;
	struct cursor cur = side_cursor(prefix, server);
	const uint8_t version = cursor_u8(&cur);
	const uint8_t status = cursor_u8(&cur);
	cursor_skip(&cur, SOCKS4_REPLY_BYTES - 2);
	if (prefix->len[server] > 0 && version != 0 && version != 4) {
		result->proxy_phase = PHASE_NONE;
		return PROXY_NOTHING;
	}
	if (!cursor_ok(&cur)) {
		return PROXY_WAIT;
	}
	prefix_drop(prefix, server, SOCKS4_REPLY_BYTES);
	result->proxy_phase = PHASE_NONE;
	result->proxy = CLASSIFY_PROXY_SOCKS;
	return status == SOCKS4_GRANTED ? PROXY_TAKEN : PROXY_REFUSED;
}

/* The bytes of name and password go unread: RFC 1929 section 2. */
static COLD enum proxy_step take_password(
	struct prefix *prefix, struct classification *result)
{
	struct cursor cur = side_cursor(prefix, result->client_side);
	cursor_skip(&cur, 1);
	cursor_skip(&cur, cursor_u8(&cur));
	cursor_skip(&cur, cursor_u8(&cur));
	if (!cursor_ok(&cur)) {
		return PROXY_WAIT;
	}
	prefix_drop(prefix, result->client_side,
		taken_from(prefix, result->client_side, cur));
	result->proxy_phase = PHASE_PASSWORD_REPLY;
	return PROXY_TAKEN;
}

static COLD enum proxy_step take_password_reply(
	struct prefix *prefix, struct classification *result)
{
	const unsigned server = 1U - result->client_side;
	struct cursor cur = side_cursor(prefix, server);
	cursor_skip(&cur, 1);
	const uint8_t status = cursor_u8(&cur);
	if (!cursor_ok(&cur)) {
		note_request(prefix, result->client_side,
			side_cursor(prefix, result->client_side), result);
		return PROXY_WAIT;
	}
	prefix_drop(prefix, server, taken_from(prefix, server, cur));
	result->proxy_phase = PHASE_REQUEST;
	return status == 0 ? PROXY_TAKEN : PROXY_REFUSED;
}

static COLD enum proxy_step take_request(
	struct prefix *prefix, struct classification *result)
{
	const unsigned side = result->client_side;
	struct cursor cur = side_cursor(prefix, side);
	cursor_skip(&cur, 1);
	const uint8_t command = cursor_u8(&cur);
	cursor_skip(&cur, 1);
	struct endpoint target;
	if (!take_endpoint(&cur, &target)) {
		return PROXY_WAIT;
	}
	note_endpoint(result, &target);
	prefix_drop(prefix, side, taken_from(prefix, side, cur));
	result->proxy_phase = PHASE_REPLY;
	return command == SOCKS5_CONNECT ? PROXY_TAKEN : PROXY_REFUSED;
}

static COLD enum proxy_step take_reply(
	struct prefix *prefix, struct classification *result)
{
	const unsigned server = 1U - result->client_side;
	struct cursor cur = side_cursor(prefix, server);
	cursor_skip(&cur, 1);
	const uint8_t status = cursor_u8(&cur);
	cursor_skip(&cur, 1);
	struct endpoint bound;
	if (!take_endpoint(&cur, &bound)) {
		return PROXY_WAIT;
	}
	prefix_drop(prefix, server, taken_from(prefix, server, cur));
	result->proxy_phase = PHASE_NONE;
	return status == 0 ? PROXY_TAKEN : PROXY_REFUSED;
}

bool proxy_socks_is_asked(const struct classification *result)
{
	return result->proxy_phase == PHASE_REPLY ||
	       result->proxy_phase == PHASE_4_REPLY;
}

COLD enum proxy_step proxy_socks_go_on(
	struct prefix *prefix, struct classification *result)
{
	switch ((enum phase)result->proxy_phase) {
	case PHASE_PASSWORD:
		return take_password(prefix, result);
	case PHASE_PASSWORD_REPLY:
		return take_password_reply(prefix, result);
	case PHASE_REQUEST:
		return take_request(prefix, result);
	case PHASE_REPLY:
		return take_reply(prefix, result);
	case PHASE_TOKENS:
		return take_tokens(prefix, result);
	case PHASE_4_USER:
		return take_4_user(prefix, result);
	case PHASE_4_NAME:
		return take_4_name(prefix, result);
	case PHASE_4_REPLY:
		return take_4_reply(prefix, result);
	case PHASE_NONE:
		break;
	}
	return PROXY_NOTHING;
}
