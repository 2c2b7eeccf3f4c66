#include "analyze/dialogue.h"

#include "analyze/clear.h"
#include "analyze/note.h"

#include <string.h>

static const struct analyzer *const ANALYZERS[] = {
	[PROTOCOL_GRAMMAR_NONE] = NULL, /* TLS from the first byte */
	[PROTOCOL_GRAMMAR_SMTP] = &ANALYZER_SMTP,
	[PROTOCOL_GRAMMAR_IMAP] = &ANALYZER_IMAP,
	[PROTOCOL_GRAMMAR_POP3] = &ANALYZER_POP3,
	[PROTOCOL_GRAMMAR_SIEVE] = &ANALYZER_SIEVE,
	[PROTOCOL_GRAMMAR_DCERPC] = &ANALYZER_DCERPC,
	[PROTOCOL_GRAMMAR_HTTP] = &ANALYZER_HTTP,
};
_Static_assert(sizeof(ANALYZERS) == PROTOCOL_GRAMMAR_COUNT * sizeof(void *),
	"each grammar has its analyzer");

void dialogue_start(
	struct dialogue *dialogue, enum protocol protocol, bool is_midstream)
{
	struct facts *facts = &dialogue->facts;
	memset(dialogue, 0, offsetof(struct dialogue, state));
	facts->protocol = protocol;
	facts->is_midstream = is_midstream;
	dialogue->analyzer = ANALYZERS[protocol_row(protocol)->grammar];
	if (dialogue->analyzer == NULL) {
		facts->tls = FACTS_TLS_IMPLICIT;
		dialogue->is_tls[DIRECTION_TO_SERVER] = true;
		dialogue->is_tls[DIRECTION_TO_CLIENT] = true;
		return;
	}
	memset(dialogue->state, 0, dialogue->analyzer->state_bytes);
	dialogue->analyzer->start(dialogue->state, facts);
}

void dialogue_turn(struct dialogue *dialogue)
{
	if (dialogue->analyzer != NULL && dialogue->analyzer->turn != NULL) {
		dialogue->analyzer->turn(dialogue->state, &dialogue->facts);
	}
}

static bool is_certificate_seen(const struct facts *facts)
{
	return facts->session.server_certificate.visibility == FACTS_SEEN;
}

/*
 * Is it TLS? A ServerHello says so, or a certificate; a ClientHello is what anybody may write, until records
 * that no hello leads to follow it: then the server's was not captured. Where nobody saw
 * the go-ahead the request has to do, or lost bytes.
 */
static bool is_proof(const struct dialogue *dialogue)
{
	const struct facts *facts = &dialogue->facts;
	const struct tls_session *tls = &dialogue->tls;
	if (facts->session.has_server_hello || is_certificate_seen(facts)) {
		return true;
	}
	if (!facts->session.has_client_hello || tls->quiet[0] + tls->quiet[1] == 0) {
		return false;
	}
	return facts->starttls & FACTS_STARTTLS_ACCEPTED || facts->gaps > 0 ||
	       (facts->starttls & FACTS_STARTTLS_REQUESTED && !facts->has_server_bytes);
}

/*
 * The client was joined in the midst, alone, and behind its text stands a hello: what led to
 * that, and what became of it, nobody saw.
 */
static bool is_unseen_upgrade(const struct facts *facts)
{
	return facts->is_midstream && facts->session.has_client_hello &&
	       !facts->has_server_bytes && facts->tls == FACTS_TLS_NONE &&
	       !facts_is_content_clear(facts);
}

/* A hello was read where STARTTLS may stand: both ways are TLS if it proves so. */
static void hello_note(struct dialogue *dialogue)
{
	struct facts *facts = &dialogue->facts;
	if (dialogue->analyzer == NULL || dialogue->is_tls_proven) {
		return;
	}
	if (!is_proof(dialogue)) {
		facts->tls = is_unseen_upgrade(facts) ? FACTS_TLS_UNKNOWN : facts->tls;
		return;
	}
	for (unsigned way = 0; way < 2; way++) {
		if (dialogue->is_tls_tried[way]) {
			clear_drop(dialogue->state, (enum direction)way);
		}
		dialogue->is_tls[way] |= dialogue->is_tls_tried[way];
		dialogue->is_tls_tried[way] = false;
	}
	dialogue->is_tls_proven = true;
	dialogue->tls.is_wary = true;
	facts->tls = FACTS_TLS_STARTTLS;
	note_starttls(facts, FACTS_STARTTLS_HELLO);
}

/*
 * TLS, perhaps. A certificate's texts take the room of this way's lines: then both ways are
 * TLS, until session_clear.
 */
static enum tls_result session_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text bytes)
{
	const struct analyzer *analyzer = dialogue->analyzer;
	struct facts *facts = &dialogue->facts;
	if (analyzer != NULL && !is_certificate_seen(facts)) {
		clear_lend(dialogue->state, way);
	}
	const enum tls_result result =
		tls_session_bytes(context, &dialogue->tls, facts, way, bytes);
	if (analyzer != NULL && is_certificate_seen(facts)) {
		clear_lent(dialogue->state);
	}
	hello_note(dialogue);
	return result;
}

/* All but the room, which lines may be in. */
static void session_clear(struct facts_tls_session *session)
{
	memset(session, 0, offsetof(struct facts_tls_session, server_certificate.room));
	memset(session->sni, 0,
		sizeof(*session) - offsetof(struct facts_tls_session, sni));
}

/* It only looked like TLS: forget what that taught. */
static void tls_forget(
	struct dialogue *dialogue, struct tls_context *context, enum direction way)
{
	tls_session_forget(context, &dialogue->tls, way);
	if (!dialogue->is_tls_proven) {
		session_clear(&dialogue->facts.session);
	}
	if (dialogue->is_tls_tried[way]) {
		dialogue->is_tls_tried[way] = false;
		dialogue->analyzer->clear_again(dialogue->state, way);
	}
}

/* Bytes that the analyzer has read as text already. */
static void tried_bytes(struct dialogue *dialogue, struct tls_context *context,
	enum direction way, struct text bytes)
{
	const enum tls_result result = session_bytes(dialogue, context, way, bytes);
	if (dialogue->is_tls_tried[way] && result != TLS_GO_ON) {
		tls_forget(dialogue, context, way);
	}
}

/* Clear text stands where TLS should go on: it is as if it had never begun. */
static void tls_revert(struct dialogue *dialogue, struct tls_context *context)
{
	struct facts *facts = &dialogue->facts;
	for (unsigned way = 0; way < 2; way++) {
		tls_session_forget(context, &dialogue->tls, (enum direction)way);
		dialogue->is_tls[way] = false;
		dialogue->is_tls_tried[way] = false;
	}
	dialogue->is_tls_proven = false;
	dialogue->is_tls_failed = false;
	session_clear(&facts->session);
	facts->tls = FACTS_TLS_NONE;
	note_starttls(facts, FACTS_STARTTLS_FAILED);
}

/* A fatal alert in clear, before both sides encrypt (RFC 8446 section 6.2). */
static bool is_handshake_ended(const struct facts *facts)
{
	return facts->session.alert_level == TLS_ALERT_FATAL &&
	       !facts->session.is_established;
}

/* No record where one should begin, none of them lost: hellos were a mask for text. */
static bool is_text_behind(const struct dialogue *dialogue, enum direction way)
{
	const struct tls_session *tls = &dialogue->tls;
	return tls->is_broken && tls->records[way] > 0 && !tls->sides[0].has_gap &&
	       !tls->sides[1].has_gap;
}

/* Records may follow the alert; what is none takes the dialogue back to text. */
static void failed_bytes(
	struct dialogue *dialogue, struct tls_context *context, struct text bytes)
{
	if (bytes.len > 0 && !tls_looks_like_record(bytes.at, bytes.len)) {
		tls_revert(dialogue, context);
	}
}

/*
 * The session can show no more. What is left in *bytes is text if its result is
 * DIALOGUE_GO_ON and this way is no longer TLS.
 */
static enum dialogue_result tls_ended(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text *bytes)
{
	struct facts *facts = &dialogue->facts;
	bytes->at += bytes->len - dialogue->tls.left;
	bytes->len = dialogue->tls.left;
	if (dialogue->tls.is_mask) {
		tls_revert(dialogue, context);
		note_content(facts);
		note_starttls(facts, FACTS_STARTTLS_CLEAR_AFTER);
		facts->is_final = true;
		return DIALOGUE_FINISHED;
	}
	if (dialogue->analyzer != NULL && is_text_behind(dialogue, way)) {
		tls_revert(dialogue, context);
		return DIALOGUE_GO_ON;
	}
	if (dialogue->analyzer != NULL && is_handshake_ended(facts)) {
		dialogue->is_tls_failed = true;
		note_starttls(facts, FACTS_STARTTLS_FAILED);
		failed_bytes(dialogue, context, *bytes);
		return DIALOGUE_GO_ON;
	}
	facts->is_final = true;
	return DIALOGUE_FINISHED;
}

/* To the TLS session. What is left in *bytes is text where is_tls is gone then. */
static enum dialogue_result tls_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text *bytes)
{
	struct facts *facts = &dialogue->facts;
	if (dialogue->is_tls_failed) {
		failed_bytes(dialogue, context, *bytes);
		return DIALOGUE_GO_ON;
	}
	const enum tls_result result = session_bytes(dialogue, context, way, *bytes);
	if (result == TLS_FINISHED) {
		return tls_ended(dialogue, context, way, bytes);
	}
	if (result != TLS_NOT_TLS) {
		return DIALOGUE_GO_ON;
	}
	if (dialogue->analyzer == NULL) {
		return DIALOGUE_NOT_MINE;
	}
	if ((facts->starttls & FACTS_STARTTLS_ACCEPTED) != 0 &&
		is_text_behind(dialogue, way)) { /* an alert, and no hello */
		bytes->at += bytes->len - dialogue->tls.left;
		bytes->len = dialogue->tls.left;
		tls_revert(dialogue, context);
		return DIALOGUE_GO_ON;
	}
	if (!dialogue->is_tls_proven) {
		/* it only looked like a record: the analyzer finds its next line */
		dialogue->is_tls[way] = false;
		tls_forget(dialogue, context, way);
		dialogue->analyzer->gap(dialogue->state, facts, way, 0);
		bytes->len = 0;
	}
	return DIALOGUE_GO_ON;
}

static void side_note(struct facts *facts, enum direction way)
{
	if (way == DIRECTION_TO_SERVER) {
		facts->has_client_bytes = true;
	} else {
		facts->has_server_bytes = true;
	}
}

/* To the analyzer first. What is left in *bytes is TLS, if is_tls or is_tls_tried say so then. */
static enum analyze_next text_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text *bytes)
{
	struct facts *facts = &dialogue->facts;
	enum analyze_next next = ANALYZE_GO_ON;
	const size_t used =
		dialogue->analyzer->bytes(dialogue->state, facts, way, *bytes, &next);
	if (used > 0 && facts->tls == FACTS_TLS_UNKNOWN) {
		facts->tls = FACTS_TLS_NONE;
	}
	if (next == ANALYZE_START_TLS) {
		if (dialogue->is_tls_tried[way]) {
			tls_forget(dialogue, context, way);
		}
		dialogue->is_tls[way] = true;
	} else if (next == ANALYZE_MAYBE_TLS) {
		dialogue->is_tls[way] = dialogue->is_tls_proven;
		dialogue->is_tls_tried[way] = !dialogue->is_tls_proven;
	} else if (next != ANALYZE_TUNNEL) {
		return next;
	}
	bytes->at += used;
	bytes->len -= used;
	return next == ANALYZE_TUNNEL ? next : ANALYZE_GO_ON;
}

/* The text's turn; what is left in *bytes is not its. */
static enum dialogue_result text_turn(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text *bytes)
{
	const enum analyze_next next = text_bytes(dialogue, context, way, bytes);
	if (next == ANALYZE_TUNNEL) {
		dialogue->unread = (uint32_t)bytes->len;
		return DIALOGUE_TUNNEL;
	}
	side_note(&dialogue->facts, way);
	if (next == ANALYZE_GO_ON) {
		return DIALOGUE_GO_ON;
	}
	dialogue->facts.is_final = next == ANALYZE_FINISHED;
	return next == ANALYZE_FINISHED ? DIALOGUE_FINISHED : DIALOGUE_NOT_MINE;
}

enum dialogue_result dialogue_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text bytes)
{
	enum dialogue_result result = DIALOGUE_GO_ON;
	hello_note(dialogue); /* the go-ahead may have come since */
	/* text, TLS, and text once more where that was none: never a third turn */
	for (unsigned turn = 0; turn < 2 && bytes.len > 0; turn++) {
		if (!dialogue->is_tls[way]) {
			result = text_turn(dialogue, context, way, &bytes);
		}
		if (result != DIALOGUE_GO_ON || !dialogue->is_tls[way]) {
			break;
		}
		side_note(&dialogue->facts, way);
		result = tls_bytes(dialogue, context, way, &bytes);
		if (result != DIALOGUE_GO_ON || dialogue->is_tls[way]) {
			return result;
		}
	}
	if (result == DIALOGUE_GO_ON && bytes.len > 0 && dialogue->is_tls_tried[way]) {
		tried_bytes(dialogue, context, way, bytes);
	}
	return result;
}

void dialogue_gap(struct dialogue *dialogue, enum direction way, uint64_t missing)
{
	struct facts *facts = &dialogue->facts;
	facts->gaps++;
	facts->is_clear_cut |= !dialogue->is_tls[way];
	hello_note(dialogue); /* what was lost may be the go-ahead */
	/* the other side is inside TLS: what was lost took this side there too */
	if (!dialogue->is_tls[way] && dialogue->is_tls_proven) {
		dialogue->is_tls[way] = true;
		missing = 0;
	}
	if (dialogue->is_tls[way]) {
		tls_session_gap(&dialogue->tls, way, missing);
	} else {
		if (dialogue->is_tls_tried[way]) {
			tls_session_gap(&dialogue->tls, way, missing);
		}
		dialogue->analyzer->gap(dialogue->state, facts, way, missing);
	}
}

/* STARTTLS was asked for, and no TLS was seen: it failed, or what followed was lost. */
static void asked_end(struct facts *facts)
{
	const bool is_accepted = (facts->starttls & FACTS_STARTTLS_ACCEPTED) != 0;
	const bool is_refused = (facts->starttls & FACTS_STARTTLS_REFUSED) != 0;
	if (facts->gaps == 0 && is_accepted && facts->session.has_client_hello) {
		note_starttls(facts, FACTS_STARTTLS_FAILED);
	} else if (facts->gaps > 0 && !is_refused && !facts_is_content_clear(facts) &&
		   (facts->starttls & FACTS_STARTTLS_FAILED) == 0) {
		facts->tls = FACTS_TLS_UNKNOWN;
	}
}

void dialogue_end(struct dialogue *dialogue, struct tls_context *context)
{
	struct facts *facts = &dialogue->facts;
	tls_session_release(context, &dialogue->tls);
	if (dialogue->analyzer != NULL && dialogue->analyzer->ended != NULL) {
		dialogue->analyzer->ended(dialogue->state, facts);
	}
	if (dialogue->analyzer != NULL && !dialogue->is_tls_proven &&
		(facts->starttls &
			(FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED)) != 0) {
		asked_end(facts);
	}
	facts->is_final = true;
}
