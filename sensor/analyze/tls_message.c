#include "analyze/tls_message.h"

#include "analyze/certificate.h"
#include "analyze/fingerprint_cache.h"
#include "analyze/tls_hello.h"

#include <string.h>

enum message_type {
	MESSAGE_HELLO_REQUEST = 0,
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_SERVER_HELLO = 2,
	MESSAGE_SESSION_TICKET = 4,
	MESSAGE_CERTIFICATE = 11,
	MESSAGE_SERVER_KEY = 12,
	MESSAGE_CERTIFICATE_REQUEST = 13,
	MESSAGE_SERVER_DONE = 14,
	MESSAGE_CERTIFICATE_VERIFY = 15,
	MESSAGE_CLIENT_KEY = 16,
	MESSAGE_CERTIFICATE_URL = 21,
	MESSAGE_CERTIFICATE_STATUS = 22,
	MESSAGE_SUPPLEMENTAL = 23,
	MESSAGE_SSL2_HELLO = 0x80, /* ours: no such type on the wire */
};

enum { MESSAGE_HEADER_BYTES = 4 };

bool tls_step_is_server(const struct tls_step *step)
{
	const struct tls_side *peer =
		&step->session->sides[direction_reverse(step->way)];
	if (step->side->said & TLS_SAID_SERVER_HELLO ||
		peer->said & TLS_SAID_CLIENT_HELLO) {
		return true;
	}
	return !(step->side->said & TLS_SAID_CLIENT_HELLO) &&
	       !(peer->said & TLS_SAID_SERVER_HELLO) &&
	       step->way == DIRECTION_TO_CLIENT;
}

static bool is_clear_type(uint8_t type)
{
	switch (type) {
	case MESSAGE_HELLO_REQUEST:
	case MESSAGE_CLIENT_HELLO:
	case MESSAGE_SERVER_HELLO:
	case MESSAGE_SESSION_TICKET:
	case MESSAGE_CERTIFICATE:
	case MESSAGE_SERVER_KEY:
	case MESSAGE_CERTIFICATE_REQUEST:
	case MESSAGE_SERVER_DONE:
	case MESSAGE_CERTIFICATE_VERIFY:
	case MESSAGE_CLIENT_KEY:
	case MESSAGE_CERTIFICATE_URL:
	case MESSAGE_CERTIFICATE_STATUS:
	case MESSAGE_SUPPLEMENTAL:
		return true;
	default:
		return false;
	}
}

/* Messages whose body holds something to note, and nobody noted it yet. */
static bool is_wanted(const struct tls_step *step, uint8_t type)
{
	const struct facts_tls_session *session = &step->facts->session;
	switch (type) {
	case MESSAGE_CLIENT_HELLO:
		return !session->has_client_hello;
	case MESSAGE_SERVER_HELLO:
		return !session->has_server_hello;
	case MESSAGE_CERTIFICATE:
		return !(step->side->said & TLS_SAID_CERTIFICATE);
	case MESSAGE_SERVER_KEY:
	case MESSAGE_SSL2_HELLO:
		return true;
	default:
		return false;
	}
}

/* It is longer than what is kept of it: what that does not show may be in the rest. */
static bool is_front(const struct tls_step *step, struct text body)
{
	return body.len < step->side->message_len;
}

static void client_hello(const struct tls_step *step, struct text body)
{
	struct facts_tls_session *session = &step->facts->session;
	struct tls_client_hello hello;
	if (!tls_client_hello_read(body, &hello)) {
		return;
	}
	tls_client_hello_note(&hello, session);
	if (!is_front(step, body)) {
		fingerprint_client_hello(&hello, session->ja3, session->ja4);
	}
	step->side->said |= TLS_SAID_CLIENT_HELLO;
}

static void server_hello(const struct tls_step *step, struct text body)
{
	struct facts_tls_session *session = &step->facts->session;
	struct tls_server_hello hello;
	if (!tls_server_hello_read(body, &hello)) {
		return;
	}
	tls_server_hello_note(&hello, session);
	if (!hello.is_retry && !is_front(step, body)) {
		fingerprint_server_hello(&hello, session->ja3s);
	}
	step->side->said |= TLS_SAID_SERVER_HELLO;
}

static void ssl2_hello(const struct tls_step *step, struct text body)
{
	if (tls_ssl2_hello_note(body, &step->facts->session)) {
		step->side->said |= body.at[0] == MESSAGE_CLIENT_HELLO
					    ? TLS_SAID_CLIENT_HELLO
					    : TLS_SAID_SERVER_HELLO;
	}
}

static void server_certificate(
	const struct tls_step *step, struct text leaf, bool is_alone)
{
	struct facts_tls_session *session = &step->facts->session;
	const struct certificate_shown shown = {leaf, session->sni, is_alone};
	struct facts_certificate read;
	if (leaf.len == 0) {
		return;
	}
	if (!certificate_read(&shown, &step->context->verified, &read)) {
		step->context->handshakes_refused++;
	}
	if (read.visibility == FACTS_SEEN) {
		session->server_certificate = read;
	} else { /* where its texts would be lines may be put together */
		memset(&session->server_certificate, 0,
			offsetof(struct facts_certificate, room));
		session->server_certificate.visibility = read.visibility;
	}
}

static void client_certificate(const struct tls_step *step, struct text leaf)
{
	step->facts->session.client_certificate = leaf.len > 0 ? FACTS_YES : FACTS_NO;
}

/* A Certificate that was seen but could not be read, for its size or its form. */
static void certificate_unreadable(const struct tls_step *step)
{
	struct facts_tls_session *session = &step->facts->session;
	step->side->said |= TLS_SAID_CERTIFICATE;
	if (!tls_step_is_server(step)) {
		session->client_certificate = FACTS_YES; /* an empty list is short */
	} else if (session->server_certificate.visibility == FACTS_NOT_SEEN) {
		session->server_certificate.visibility = FACTS_UNREADABLE;
	}
}

static void certificate(const struct tls_step *step, struct text body)
{
	struct text leaf;
	bool is_alone = false;
	if (!tls_certificate_leaf(body, &leaf, &is_alone)) {
		certificate_unreadable(step);
		return;
	}
	step->side->said |= TLS_SAID_CERTIFICATE;
	if (tls_step_is_server(step)) {
		server_certificate(step, leaf, is_alone);
	} else {
		client_certificate(step, leaf);
	}
}

/* body: the whole message, or what is kept of its front. */
static void message_read(const struct tls_step *step, struct text body)
{
	switch (step->side->message_header[0]) {
	case MESSAGE_CLIENT_HELLO:
		client_hello(step, body);
		break;
	case MESSAGE_SERVER_HELLO:
		server_hello(step, body);
		break;
	case MESSAGE_CERTIFICATE:
		certificate(step, body);
		break;
	case MESSAGE_SERVER_KEY:
		tls_server_key_note(body, &step->facts->session);
		break;
	case MESSAGE_SSL2_HELLO:
		ssl2_hello(step, body);
		break;
	default:
		break;
	}
}

/*
 * ClientKeyExchange follows the client's Certificate where one was asked for
 * (RFC 5246 section 7.4.6): seen without it, none was shown.
 */
static void client_key_note(const struct tls_step *step)
{
	struct facts_tls_session *session = &step->facts->session;
	step->side->said |= TLS_SAID_CLIENT_KEY;
	if (session->client_certificate == FACTS_UNKNOWN && !step->side->has_gap &&
		step->side->said & TLS_SAID_CLIENT_HELLO) {
		session->client_certificate = FACTS_NO;
	}
}

/* The header of a message is whole. */
static void message_begin(const struct tls_step *step)
{
	struct tls_side *side = step->side;
	const uint8_t *header = side->message_header;
	const uint8_t type = header[0];
	const bool is_hello =
		type == MESSAGE_CLIENT_HELLO || type == MESSAGE_SERVER_HELLO;
	if (!is_clear_type(type) || (side->has_change_cipher && !is_hello)) {
		tls_message_drop(side);
		side->is_record_skipped = true;
		/* Where bytes are missing it may be the middle of a message. */
		side->is_encrypted = side->has_change_cipher || !side->has_gap;
		return;
	}
	side->message_len =
		(uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
	side->message_have = 0;
	side->kept = 0;
	side->passing = 0;
	side->is_skipped = !is_wanted(step, type);
	if (type == MESSAGE_SERVER_DONE) {
		side->said |= TLS_SAID_SERVER_DONE;
	} else if (type == MESSAGE_CLIENT_KEY) {
		client_key_note(step);
	} else if (type == MESSAGE_CERTIFICATE_REQUEST) {
		step->facts->session.is_client_certificate_asked = true;
	}
}

void tls_message_drop(struct tls_side *side)
{
	side->message_header_len = 0;
	side->message_len = 0;
	side->message_have = 0;
	side->is_skipped = false;
}

static bool is_slot_held(const struct tls_context *context, const struct tls_side *side)
{
	return side->slot > 0 && context->leases[side->slot - 1] == side->lease;
}

void tls_message_give(struct tls_context *context, struct tls_side *side)
{
	if (is_slot_held(context, side)) {
		shares_give(&context->shares, side->slot - 1);
		pool_give(&context->handshakes, side->slot - 1);
	}
	side->slot = 0;
}

/* Of whoever has most the oldest; where all have one, one after the other. */
static uint32_t slot_to_take_away(struct tls_context *context)
{
	const uint32_t index = shares_too_much(&context->shares, 1);
	return index != SHARES_NONE ? index
				    : context->turn++ % context->handshakes.capacity;
}

/* A free slot, else another session's: it will see by the lease. */
static void slot_take(struct tls_context *context, struct tls_side *side)
{
	uint32_t index = pool_take(&context->handshakes);
	if (index == POOL_NONE) {
		index = slot_to_take_away(context);
		shares_give(&context->shares, index);
		context->handshakes_refused++;
	}
	shares_take(&context->shares, index, context->holder, index);
	side->slot = index + 1;
	side->lease = ++context->leases[index];
}

/* Skip the message from here on; what cannot be read is still known to exist. */
static void message_give_up(const struct tls_step *step)
{
	step->side->is_skipped = true;
	tls_message_give(step->context, step->side);
	if (step->side->message_header[0] == MESSAGE_CERTIFICATE) {
		certificate_unreadable(step);
	}
}

/*
 * A message longer than a slot. What counts of most is at the front: a Certificate's leaf, a
 * ServerHello's version and suite. A client puts its extensions in any order.
 */
static void slot_full(const struct tls_step *step, uint8_t *slot)
{
	struct tls_side *side = step->side;
	const uint8_t type = side->message_header[0];
	if (type == MESSAGE_CLIENT_HELLO &&
		side->message_len <= TLS_CLIENT_HELLO_BYTES_MAX) {
		side->kept = (uint16_t)tls_client_hello_squeeze(
			slot, side->kept, &side->passing);
		if (side->kept <= TLS_HANDSHAKE_BYTES_MAX / 2) {
			return;
		}
	}
	if (type != MESSAGE_SERVER_KEY) {
		message_read(step, (struct text){.at = slot, .len = side->kept});
	}
	side->is_skipped = true;
	tls_message_give(step->context, side);
}

/* Each turn fills the slot, or frees half of it. */
static void slot_add(const struct tls_step *step, uint8_t *slot, struct text piece)
{
	struct tls_side *side = step->side;
	const size_t last = side->message_len - side->message_have - piece.len;
	while (piece.len > 0 && !side->is_skipped) {
		const size_t passed =
			piece.len < side->passing ? piece.len : side->passing;
		piece.at += passed;
		piece.len -= passed;
		side->passing -= (uint16_t)passed;
		const size_t room = TLS_HANDSHAKE_BYTES_MAX - side->kept;
		const size_t taken = piece.len < room ? piece.len : room;
		memcpy(slot + side->kept, piece.at, taken);
		side->kept += (uint16_t)taken;
		piece.at += taken;
		piece.len -= taken;
		if (side->kept == TLS_HANDSHAKE_BYTES_MAX && piece.len + last > 0) {
			slot_full(step, slot);
		}
	}
}

static void message_collect(const struct tls_step *step, struct text piece)
{
	struct tls_side *side = step->side;
	struct tls_context *context = step->context;
	if (side->slot == 0) {
		slot_take(context, side);
	} else if (!is_slot_held(context, side)) {
		message_give_up(step);
		return;
	}
	uint8_t *slot = pool_at(&context->handshakes, side->slot - 1);
	slot_add(step, slot, piece);
	if (!side->is_skipped && side->message_have + piece.len == side->message_len) {
		message_read(step, (struct text){.at = slot, .len = side->kept});
		tls_message_give(context, side);
	}
}

/* Take the part of bytes that belongs to the message at hand; returns its length. */
static size_t message_take(const struct tls_step *step, struct text bytes)
{
	struct tls_side *side = step->side;
	const size_t left = side->message_len - side->message_have;
	const struct text piece = {bytes.at, bytes.len < left ? bytes.len : left};
	if (!side->is_skipped) {
		const bool is_whole = piece.len == side->message_len;
		if (is_whole && piece.len <= TLS_HANDSHAKE_BYTES_MAX) {
			message_read(step, piece);
		} else if (piece.len > 0) {
			message_collect(step, piece);
		}
	}
	side->message_have += (uint32_t)piece.len;
	if (side->message_have == side->message_len) {
		tls_message_drop(side);
	}
	return piece.len;
}

/* Take one byte of a message's header. */
static void message_header_byte(const struct tls_step *step, uint8_t byte)
{
	struct tls_side *side = step->side;
	side->message_header[side->message_header_len++] = byte;
	if (side->message_header_len < MESSAGE_HEADER_BYTES) {
		return;
	}
	message_begin(step);
	if (side->message_len == 0) {
		tls_message_drop(side); /* a message without a body */
	}
}

void tls_message_bytes(const struct tls_step *step, struct text bytes)
{
	struct tls_side *side = step->side;
	while (!side->is_record_skipped && bytes.len > 0) {
		size_t taken = 1;
		if (side->message_header_len < MESSAGE_HEADER_BYTES) {
			message_header_byte(step, bytes.at[0]);
		} else {
			taken = message_take(step, bytes);
		}
		bytes.at += taken;
		bytes.len -= taken;
	}
}

void tls_message_begin_ssl2(
	const struct tls_step *step, uint32_t len, struct text first)
{
	struct tls_side *side = step->side;
	side->message_header[0] = MESSAGE_SSL2_HELLO;
	side->message_header_len = MESSAGE_HEADER_BYTES;
	side->message_len = len;
	side->message_have = 0;
	side->is_skipped = false;
	(void)message_take(step, first);
}

bool tls_message_skip(struct tls_side *side, uint64_t missing)
{
	if (side->message_header_len < MESSAGE_HEADER_BYTES ||
		missing > side->message_len - side->message_have) {
		tls_message_drop(side);
		return false;
	}
	side->is_skipped = true;
	side->message_have += (uint32_t)missing;
	if (side->message_have == side->message_len) {
		tls_message_drop(side);
	}
	return true;
}
