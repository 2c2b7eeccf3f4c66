#include "classify/proxy.h"

#include "base/cursor.h"
#include "base/text.h"

#include <string.h>

#define V1_BYTES_MAX 107 /* the longest line the PROXY specification allows */

static struct text side_text(const struct prefix *prefix, unsigned side)
{
	return (struct text){.at = prefix->bytes[side], .len = prefix->len[side]};
}

/* The bytes agree with word as far as both go. */
static bool may_start(struct text text, const char *word, size_t len)
{
	return memcmp(text.at, word, text.len < len ? text.len : len) == 0;
}

/*
 * Bytes of a head of HTTP up to and with its empty line; 0 when that is not there. A lone LF
 * ends a line too: RFC 9112 section 2.2.
 */
static size_t head_len(struct text text)
{
	size_t line = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\n' && line > 0 &&
			(i == line || (i == line + 1 && text.at[line] == '\r'))) {
			return i + 1;
		}
		line = text.at[i] == '\n' ? i + 1 : line;
	}
	return 0;
}

static void note_client(
	struct classification *result, struct address address, uint16_t port)
{
	result->has_proxy_client = true;
	result->proxy_client = address;
	result->proxy_client_port = port;
}

static void note_side(struct classification *result, unsigned side)
{
	result->client_side = (uint8_t)side;
	result->client_side_is_sure = true;
}

static bool read_port(struct text text, uint16_t *port)
{
	uint64_t number = 0;
	const bool is_number = text_number(text, UINT16_MAX, &number);
	*port = (uint16_t)number;
	return is_number;
}

static bool read_address(struct text text, struct address *address)
{
	char field[ADDRESS_TEXT_BYTES];
	if (text.len == 0 || text.len >= sizeof(field)) {
		return false;
	}
	memcpy(field, text.at, text.len);
	field[text.len] = '\0';
	return address_parse(field, address);
}

/* "PROXY TCP4 source destination port port": PROXY protocol, section 2.1. */
static enum proxy_step take_v1(
	struct prefix *prefix, unsigned side, struct classification *result)
{
	const struct text all = side_text(prefix, side);
	const uint8_t *end = memmem(all.at, all.len, "\r\n", 2);
	const size_t len = end ? (size_t)(end - all.at) + 2 : 0;
	if (len == 0 || len > V1_BYTES_MAX) {
		return len == 0 && all.len < V1_BYTES_MAX ? PROXY_WAIT : PROXY_NOTHING;
	}
	struct text rest = {.at = all.at + 6, .len = len - 8};
	const struct text family = text_word(&rest);
	const struct text source = text_word(&rest);
	(void)text_word(&rest); /* destination */
	const struct text source_port = text_word(&rest);
	struct address address;
	uint16_t port;
	if (text_is(family, "TCP4") || text_is(family, "TCP6")) {
		if (!read_address(source, &address) || !read_port(source_port, &port)) {
			return PROXY_NOTHING;
		}
		note_client(result, address, port);
	} else if (!text_is(family, "UNKNOWN")) {
		return PROXY_NOTHING;
	}
	prefix_drop(prefix, side, len);
	return PROXY_TAKEN;
}

#define V2_MARK     "\r\n\r\n\0\r\nQUIT\n"
#define V2_MARK_LEN 12

/* The binary form: PROXY protocol, section 2.2. */
static enum proxy_step take_v2(
	struct prefix *prefix, unsigned side, struct classification *result)
{
	struct cursor cur = cursor_over(prefix->bytes[side], prefix->len[side]);
	cursor_skip(&cur, V2_MARK_LEN);
	const uint8_t command = cursor_u8(&cur);
	const uint8_t family = cursor_u8(&cur);
	const uint16_t len = cursor_be16(&cur);
	if (!cursor_ok(&cur)) {
		return PROXY_WAIT;
	}
	if (command >> 4 != 2 || (command & 0x0f) > 1 ||
		len > PREFIX_BYTES - V2_MARK_LEN - 4) {
		return PROXY_NOTHING;
	}
	struct cursor body = cursor_sub(&cur, len);
	if (!cursor_ok(&cur)) {
		return PROXY_WAIT;
	}
	const bool is_relayed = (command & 0x0f) == 1;
	const bool is_ipv4 = family == 0x11;
	const bool is_ipv6 = family == 0x21;
	const size_t address_len = is_ipv4 ? 4 : 16;
	const uint8_t *source = cursor_take(&body, address_len);
	cursor_skip(&body, address_len);
	const uint16_t port = cursor_be16(&body);
	cursor_skip(&body, 2);
	if (is_relayed && (is_ipv4 || is_ipv6) && cursor_ok(&body)) {
		note_client(result,
			is_ipv4 ? address_from_ipv4(source) : address_from_ipv6(source),
			port);
	}
	prefix_drop(prefix, side, V2_MARK_LEN + 4U + len);
	return PROXY_TAKEN;
}

static enum proxy_step take_header(
	struct prefix *prefix, unsigned side, struct classification *result)
{
	const struct text text = side_text(prefix, side);
	enum proxy_step step = PROXY_NOTHING;
	if (may_start(text, "PROXY ", 6)) {
		step = text.len < 6 ? PROXY_WAIT : take_v1(prefix, side, result);
	} else if (may_start(text, V2_MARK, V2_MARK_LEN)) {
		step = take_v2(prefix, side, result);
	}
	if (step == PROXY_TAKEN) {
		result->proxy = CLASSIFY_PROXY_HEADER;
		note_side(result, side);
	}
	return step;
}

bool proxy_note_authority(struct classification *result, struct text authority)
{
	size_t colon = authority.len;
	while (colon > 0 && authority.at[colon - 1] != ':') {
		colon--;
	}
	if (colon < 2) {
		return false;
	}
	struct text host = {.at = authority.at, .len = colon - 1};
	const struct text port = {
		.at = authority.at + colon, .len = authority.len - colon};
	if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']') {
		host.at++;
		host.len -= 2;
	}
	if (!read_port(port, &result->target_port)) {
		return false;
	}
	result->has_target_address = read_address(host, &result->target);
	if (!result->has_target_address) {
		text_copy_letters(
			result->target_host, sizeof(result->target_host), host);
	}
	return true;
}

static bool note_target(struct text head, struct classification *result)
{
	struct text line = {.at = head.at + 8, .len = head.len - 8}; /* "CONNECT " */
	return proxy_note_authority(result, text_word(&line));
}

/* Any 2xx answer opens the tunnel: RFC 9110 section 9.3.6. */
static enum proxy_step take_connect(
	struct prefix *prefix, unsigned side, struct classification *result)
{
	const struct text request = side_text(prefix, side);
	const struct text answer = side_text(prefix, 1 - side);
	const size_t request_len = head_len(request);
	const size_t answer_len = head_len(answer);
	if (!may_start(answer, "HTTP/1.", 7)) {
		return PROXY_NOTHING;
	}
	if (answer.len >= 10 && answer.at[9] != '2') {
		return PROXY_NOTHING;
	}
	if (request_len > 0 &&
		!note_target((struct text){request.at, request_len}, result)) {
		return PROXY_NOTHING;
	}
	if (request_len == 0 || answer_len == 0) {
		const bool is_too_long =
			(request_len == 0 && prefix_is_full(prefix, side)) ||
			prefix_is_full(prefix, 1 - side);
		result->asked_len = (uint16_t)request_len;
		return is_too_long ? PROXY_NOTHING : PROXY_WAIT;
	}
	prefix_drop(prefix, side, request_len);
	prefix_drop(prefix, 1 - side, answer_len);
	result->proxy = CLASSIFY_PROXY_CONNECT;
	note_side(result, side);
	return PROXY_TAKEN;
}

static enum proxy_step take_on_side(
	struct prefix *prefix, unsigned side, struct classification *result)
{
	const struct text text = side_text(prefix, side);
	if (text.len == 0 || prefix->has_gap[side]) {
		return PROXY_NOTHING;
	}
	switch (text.at[0]) {
	case 'P':
	case '\r':
		return take_header(prefix, side, result);
	case 'C':
		if (!may_start(text, "CONNECT ", 8)) {
			return PROXY_NOTHING;
		}
		return text.len < 8 ? PROXY_WAIT : take_connect(prefix, side, result);
	case 4:
		return proxy_socks4(prefix, side, result);
	case 5:
		return proxy_socks5(prefix, side, result);
	default:
		return PROXY_NOTHING;
	}
}

enum proxy_step proxy_take(struct prefix *prefix, const struct classify_hint *hint,
	struct classification *result)
{
	for (unsigned side = 0; side < 2; side++) {
		const uint16_t held = prefix->len[side];
		const uint16_t cut = result->proxy_skip[side] < held
					     ? result->proxy_skip[side]
					     : held;
		if (cut > 0) {
			prefix_drop(prefix, side, cut);
			result->proxy_skip[side] =
				(uint16_t)(result->proxy_skip[side] - cut);
		}
	}
	result->asked_len = 0;
	if (result->proxy_phase != 0) {
		return proxy_socks_go_on(prefix, result);
	}
	enum proxy_step step = take_on_side(prefix, hint->client_side, result);
	if (step == PROXY_NOTHING && !hint->is_client_known) {
		step = take_on_side(prefix, 1U - hint->client_side, result);
	}
	return step;
}

bool proxy_is_awaited(const struct prefix *prefix, const struct classification *result,
	unsigned client)
{
	const bool is_open = result->proxy == CLASSIFY_PROXY_CONNECT ||
			     result->proxy == CLASSIFY_PROXY_SOCKS;
	return result->asked_len > 0 || proxy_socks_is_asked(result) ||
	       (is_open && result->proxy_phase == 0 && prefix->len[1U - client] == 0);
}

bool proxy_is_ahead(const struct prefix *prefix, const struct classification *result,
	unsigned client)
{
	return proxy_is_awaited(prefix, result, client) &&
	       prefix->len[client] > result->asked_len;
}

bool proxy_go_unanswered(
	struct prefix *prefix, struct classification *result, unsigned client)
{
	if (!proxy_is_ahead(prefix, result, client)) {
		return false;
	}
	result->proxy = result->proxy_phase == 0 && prefix->bytes[client][0] == 'C'
				? CLASSIFY_PROXY_CONNECT
				: CLASSIFY_PROXY_SOCKS;
	prefix_drop(prefix, client, result->asked_len);
	prefix_drop(prefix, 1U - client, prefix->len[1U - client]);
	result->asked_len = 0;
	result->proxy_phase = 0;
	note_side(result, client);
	return true;
}
