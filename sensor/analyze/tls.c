#include "analyze/tls.h"

#include "analyze/fingerprint.h"
#include "analyze/tls_hello.h"
#include "analyze/tls_message.h"

#include <stdlib.h>
#include <string.h>

enum content_type {
	CONTENT_CHANGE_CIPHER = 20,
	CONTENT_ALERT = 21,
	CONTENT_HANDSHAKE = 22,
	CONTENT_DATA = 23,
	CONTENT_SSL2 = 0x80, /* ours: a hello in SSLv2 form */
};

enum {
	RECORD_HEADER_BYTES = 5,
	RECORD_BYTES_MAX = 16384 + 2048, /* RFC 5246 section 6.2.3 */
	SSL2_HEADER_BYTES = 2,
	SSL2_HELLO_BYTES_MIN = 9,
	ALERT_BYTES = 2,
	ALERT_WARNING = 1,
	SEALED_ALERT_BYTES_MAX = 19, /* TLS 1.3: alert, inner type and tag */
	/* Records that teach nothing before there is nothing to learn: */
	QUIET_MIDSTREAM = 4, /* no hello was seen */
	QUIET_ONE_SIDE = 3,  /* the other side seems not captured */
	QUIET_MAX = 64,
	/* Certificates a second whose own signature is verified, up to 10 ms each: */
	VERIFIED_EACH = 8,
	VERIFIED_ALL = 32,
};

bool tls_context_init(
	struct tls_context *context, uint32_t handshakes, struct reason *why)
{
	*context = (struct tls_context){
		.leases = (uint32_t *)calloc(handshakes, sizeof(uint32_t)),
		.verified = {.each = VERIFIED_EACH, .all = VERIFIED_ALL}};
	if (!context->leases) {
		return reason_set(why, "no memory for %u TLS messages", handshakes);
	}
	if (!fingerprint_prepare(why) ||
		!pool_init(&context->handshakes, TLS_HANDSHAKE_BYTES_MAX, handshakes,
			why) ||
		!shares_init(&context->shares, handshakes, why)) {
		tls_context_destroy(context);
		return false;
	}
	return true;
}

void tls_context_destroy(struct tls_context *context)
{
	pool_destroy(&context->handshakes);
	shares_destroy(&context->shares);
	free(context->leases);
	context->leases = NULL;
}

/* RFC 5246 appendix E.2: length with the top bit set, message type, version or hit and kind. */
static bool looks_like_ssl2(const uint8_t *bytes, size_t len)
{
	const bool is_client = len < 3 || bytes[2] == 1;
	if (!(bytes[0] & 0x80) || !is_client) {
		return false;
	}
	if (len >= 4 && bytes[3] != 3 && bytes[3] != 0) {
		return false;
	}
	return len < 5 || (bytes[3] == 3 ? bytes[4] <= 4 : bytes[4] == 2);
}

bool tls_looks_like_record(const uint8_t *bytes, size_t len)
{
	if (len == 0) {
		return false;
	}
	if (bytes[0] & 0x80) {
		return looks_like_ssl2(bytes, len);
	}
	if (bytes[0] < CONTENT_CHANGE_CIPHER || bytes[0] > CONTENT_DATA ||
		(len > 1 && bytes[1] != 3) ||
		(len > 2 && bytes[2] > 4 && bytes[0] != CONTENT_HANDSHAKE)) {
		return false;
	}
	return len < RECORD_HEADER_BYTES ||
	       ((unsigned)bytes[3] << 8 | bytes[4]) <= RECORD_BYTES_MAX;
}

bool tls_looks_like_client_hello(const uint8_t *bytes, size_t len)
{
	if (len < RECORD_HEADER_BYTES || !tls_looks_like_record(bytes, len)) {
		return false;
	}
	if (bytes[0] & 0x80) {
		return true;
	}
	return len > RECORD_HEADER_BYTES && bytes[0] == CONTENT_HANDSHAKE &&
	       bytes[RECORD_HEADER_BYTES] == 1;
}

/* SSLv2 form is for the first record only; a server answers in it what was asked in it. */
static bool is_header_possible(const struct tls_step *step)
{
	const struct tls_side *side = step->side;
	const struct tls_side *peer =
		&step->session->sides[direction_reverse(step->way)];
	if (!(side->header[0] & 0x80)) {
		return tls_looks_like_record(side->header, side->header_len);
	}
	if (step->session->records[step->way] > 0 || side->has_gap) {
		return false;
	}
	if (peer->content_type == CONTENT_SSL2) {
		return side->header_len < 3 || side->header[2] == 4;
	}
	return looks_like_ssl2(side->header, side->header_len);
}

/*
 * Server: its ServerHello led to no Certificate and no ServerHelloDone, or the
 * client, alone in the capture, to no key: an abbreviated handshake (RFC 5246 section 7.3).
 */
static void resumption_note(const struct tls_step *step)
{
	struct facts_tls_session *session = &step->facts->session;
	const uint8_t said = step->side->said;
	const unsigned full =
		TLS_SAID_CERTIFICATE | TLS_SAID_SERVER_DONE | TLS_SAID_CLIENT_KEY;
	const bool is_alone = step->session->records[direction_reverse(step->way)] == 0;
	if (step->side->has_gap || said & full ||
		!(said & TLS_SAID_SERVER_HELLO ||
			(is_alone && said & TLS_SAID_CLIENT_HELLO))) {
		return;
	}
	session->is_resumed = true;
	if (session->server_certificate.visibility == FACTS_NOT_SEEN) {
		session->server_certificate.visibility = FACTS_RESUMED;
	}
}

static bool may_be_1_3(const struct facts_tls_session *session)
{
	return session->version >= TLS_VERSION_1_3 ||
	       (session->version == 0 && session->offered_version >= TLS_VERSION_1_3);
}

/* In TLS 1.3 it is sent for the sake of middleboxes (RFC 8446 appendix D.4); before it, it ends clear text. */
static void change_cipher_note(const struct tls_step *step)
{
	const struct facts_tls_session *session = &step->facts->session;
	const bool has_hello = step->way == DIRECTION_TO_CLIENT
				       ? session->has_server_hello
				       : session->has_client_hello;
	if (!has_hello && !step->side->has_gap && !step->facts->is_midstream) {
		return; /* in front of the hello there is nothing to change yet */
	}
	step->side->has_change_cipher = true;
	if (may_be_1_3(&step->facts->session) &&
		!(step->side->said & TLS_SAID_CLIENT_KEY)) {
		return;
	}
	resumption_note(step);
	step->side->is_encrypted = true;
}

/* An alert of TLS 1.3 looks like data: a handshake that fails must not count as encrypted. */
static void data_note(const struct tls_step *step)
{
	if (!may_be_1_3(&step->facts->session) ||
		step->side->record_left > SEALED_ALERT_BYTES_MAX) {
		tls_message_drop(step->side);
		tls_message_give(step->context, step->side);
		step->side->is_encrypted = true;
	}
}

static void record_begin(const struct tls_step *step)
{
	struct tls_side *side = step->side;
	const uint8_t type = side->content_type;
	step->session->records[step->way]++;
	side->is_record_skipped = false;
	if (side->is_encrypted || side->record_left == 0 ||
		type == CONTENT_CHANGE_CIPHER || type == CONTENT_DATA) {
		step->session->quiet[step->way]++;
	}
	if (side->is_encrypted) {
		return;
	}
	if (type == CONTENT_CHANGE_CIPHER) {
		change_cipher_note(step);
	} else if (type == CONTENT_DATA) {
		data_note(step);
	}
}

static void ssl2_begin(const struct tls_step *step)
{
	struct tls_side *side = step->side;
	const uint8_t *header = side->header;
	const uint32_t len = (uint32_t)(header[0] & 0x7f) << 8 | header[1];
	if (len < SSL2_HELLO_BYTES_MIN) {
		step->session->is_broken = true;
		return;
	}
	const uint32_t held = RECORD_HEADER_BYTES - SSL2_HEADER_BYTES;
	side->content_type = CONTENT_SSL2;
	side->record_left = (uint16_t)(len - held);
	step->session->records[step->way]++;
	tls_message_begin_ssl2(
		step, len, (struct text){header + SSL2_HEADER_BYTES, held});
}

static void header_end(const struct tls_step *step)
{
	struct tls_side *side = step->side;
	if (side->header[0] & 0x80) {
		ssl2_begin(step);
		return;
	}
	side->content_type = side->header[0];
	side->record_left =
		(uint16_t)((unsigned)side->header[3] << 8 | side->header[4]);
	record_begin(step);
}

/* Take what is there of a record header; returns how many bytes. */
static size_t header_bytes(const struct tls_step *step, struct text bytes)
{
	struct tls_side *side = step->side;
	const size_t missing = RECORD_HEADER_BYTES - side->header_len;
	const size_t taken = bytes.len < missing ? bytes.len : missing;
	memcpy(side->header + side->header_len, bytes.at, taken);
	side->header_len += (uint8_t)taken;
	if (!is_header_possible(step)) {
		step->session->is_broken = true;
	} else if (side->header_len == RECORD_HEADER_BYTES) {
		side->header_len = 0;
		header_end(step);
	}
	return taken;
}

/* Alerts in clear are two bytes (RFC 5246 section 7.2); header[0..1] holds them. */
static void alert_bytes(const struct tls_step *step, struct text piece)
{
	struct tls_side *side = step->side;
	struct facts_tls_session *session = &step->facts->session;
	const size_t before = side->record_left;
	if (before > ALERT_BYTES) {
		return; /* encrypted, or no alert */
	}
	for (size_t i = 0; i < piece.len && i < before; i++) {
		side->header[ALERT_BYTES - before + i] = piece.at[i];
	}
	if (before == piece.len && side->header[0] >= ALERT_WARNING &&
		side->header[0] <= TLS_ALERT_FATAL) {
		session->alert_level = side->header[0];
		session->alert_code = side->header[1];
	}
}

/* One side is enough, or bytes that were not captured. */
static bool is_seen_sealed(const struct tls_session *session)
{
	const struct tls_side *sides = session->sides;
	return sides[0].is_sealed || sides[1].is_sealed || sides[0].has_gap ||
	       sides[1].has_gap;
}

/* What is sealed looks like noise: text in records is a mask. TLS_LETTERS_MAX at most. */
static void sealed_note(const struct tls_step *step, struct text piece)
{
	struct tls_session *session = step->session;
	for (size_t i = 0; i < piece.len && !step->side->is_sealed && !session->is_mask;
		i++) {
		const uint8_t byte = piece.at[i];
		const bool is_letter = (byte >= ' ' && byte < 0x7f) || byte == '\r' ||
				       byte == '\n' || byte == '\t';
		step->side->is_sealed = !is_letter;
		session->letters++;
		session->is_mask = is_letter && session->letters == TLS_LETTERS_MAX;
	}
}

static void record_bytes(const struct tls_step *step, struct text piece)
{
	struct tls_side *side = step->side;
	const bool is_ciphered =
		side->content_type == CONTENT_DATA ||
		(side->content_type == CONTENT_HANDSHAKE && side->is_encrypted);
	if (step->session->is_wary && is_ciphered && !is_seen_sealed(step->session)) {
		sealed_note(step, piece);
	}
	if (!side->is_encrypted && !side->is_record_skipped) {
		if (side->content_type == CONTENT_HANDSHAKE ||
			side->content_type == CONTENT_SSL2) {
			tls_message_bytes(step, piece);
		} else if (side->content_type == CONTENT_ALERT) {
			alert_bytes(step, piece);
		}
	}
	side->record_left -= (uint16_t)piece.len;
}

static bool has_hello(const struct facts *facts)
{
	return facts->session.has_client_hello || facts->session.has_server_hello;
}

static void established_note(struct facts *facts)
{
	if (has_hello(facts)) {
		facts->session.is_established = true;
	}
}

/* Not settled by itself: a client may send early data before its server says a word. */
static bool is_one_side_encrypted(const struct tls_session *session, enum direction way)
{
	return session->sides[way].is_encrypted &&
	       session->quiet[way] >= QUIET_ONE_SIDE &&
	       session->records[direction_reverse(way)] == 0;
}

/* Can the facts change no more? */
static bool is_settled(const struct tls_session *session, struct facts *facts)
{
	const uint32_t quiet = session->quiet[0] + session->quiet[1];
	bool is_both = session->sides[0].is_encrypted && session->sides[1].is_encrypted;
	if (is_both || is_one_side_encrypted(session, DIRECTION_TO_SERVER) ||
		is_one_side_encrypted(session, DIRECTION_TO_CLIENT)) {
		established_note(facts);
	}
	if (!has_hello(facts)) {
		/* empty records may stand in front of a hello, unless it was not captured */
		const bool is_lost = facts->is_midstream || facts->gaps > 0 ||
				     session->sides[0].is_encrypted ||
				     session->sides[1].is_encrypted;
		return facts->session.alert_level == TLS_ALERT_FATAL ||
		       quiet >= (is_lost ? QUIET_MIDSTREAM : QUIET_MAX);
	}
	is_both &= !session->is_wary || is_seen_sealed(session);
	return is_both || session->is_mask ||
	       facts->session.alert_level == TLS_ALERT_FATAL || quiet >= QUIET_MAX;
}

/* The first bytes of a side were no record; or, later, a record that cannot be. */
static enum tls_result broken_result(const struct tls_step *step)
{
	const bool is_first =
		step->session->records[step->way] == 0 && !step->side->has_gap;
	return is_first || !has_hello(step->facts) ? TLS_NOT_TLS : TLS_FINISHED;
}

/* After a gap a record must begin where the bytes at hand begin, or they are let go. */
static bool is_found_again(const struct tls_step *step, struct text bytes)
{
	if (bytes.len < RECORD_HEADER_BYTES || bytes.at[0] & 0x80 ||
		!tls_looks_like_record(bytes.at, RECORD_HEADER_BYTES) ||
		(bytes.at[3] == 0 && bytes.at[4] == 0)) {
		step->session->quiet[step->way]++;
		return false;
	}
	step->side->is_lost = false;
	return true;
}

enum tls_result tls_session_bytes(struct tls_context *context,
	struct tls_session *session, struct facts *facts, enum direction way,
	struct text bytes)
{
	struct tls_side *side = &session->sides[way];
	const struct tls_step step = {context, session, facts, side, way};
	session->left = (uint32_t)bytes.len; /* never that of earlier ones */
	if (session->is_broken) {
		return broken_result(&step);
	}
	if (side->message_header_len == 0 || side->is_skipped) {
		tls_message_give(context, side); /* a gap spoilt the message */
	}
	if (side->is_lost && !is_found_again(&step, bytes)) {
		return is_settled(session, facts) ? TLS_FINISHED : TLS_GO_ON;
	}
	while (bytes.len > 0) {
		size_t taken;
		session->left = (uint32_t)bytes.len;
		if (side->record_left == 0) {
			taken = header_bytes(&step, bytes);
		} else {
			taken = bytes.len < side->record_left ? bytes.len
							      : side->record_left;
			record_bytes(&step, (struct text){bytes.at, taken});
		}
		if (session->is_broken) {
			return broken_result(&step);
		}
		bytes.at += taken;
		bytes.len -= taken;
		if (is_settled(session, facts)) {
			session->left = (uint32_t)bytes.len;
			return TLS_FINISHED;
		}
	}
	return TLS_GO_ON;
}

static void side_lose(struct tls_side *side)
{
	tls_message_drop(side);
	side->header_len = 0;
	side->record_left = 0;
	side->is_lost = true;
}

void tls_session_gap(struct tls_session *session, enum direction way, uint64_t missing)
{
	struct tls_side *side = &session->sides[way];
	side->has_gap = true;
	if (missing == 0 || missing > side->record_left || side->is_lost) {
		side_lose(side);
		return;
	}
	const bool is_handshake = side->content_type == CONTENT_HANDSHAKE ||
				  side->content_type == CONTENT_SSL2;
	side->record_left -= (uint16_t)missing;
	if (is_handshake && !side->is_encrypted && !tls_message_skip(side, missing)) {
		side->is_record_skipped = true;
	}
}

void tls_session_forget(
	struct tls_context *context, struct tls_session *session, enum direction way)
{
	tls_message_give(context, &session->sides[way]);
	session->sides[way] = (struct tls_side){0};
	session->records[way] = 0;
	session->quiet[way] = 0;
	session->is_broken = false;
}

void tls_session_release(struct tls_context *context, struct tls_session *session)
{
	tls_message_give(context, &session->sides[0]);
	tls_message_give(context, &session->sides[1]);
}
