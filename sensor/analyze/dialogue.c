#include "analyze/dialogue.h"

#include "analyze/note.h"

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
	facts->protocol = protocol;
	facts->is_midstream = is_midstream;
	dialogue->analyzer = ANALYZERS[protocol_row(protocol)->grammar];
	if (dialogue->analyzer == NULL) {
		facts->tls = FACTS_TLS_IMPLICIT;
		dialogue->is_tls[DIRECTION_TO_SERVER] = true;
		dialogue->is_tls[DIRECTION_TO_CLIENT] = true;
		return;
	}
	dialogue->analyzer->start(dialogue->state, facts);
}

/*
 * Is a ClientHello proof of TLS? The server's go-ahead makes it one. Where the server
 * or some bytes were not captured, the request has to do; else anybody could write one.
 */
static bool is_client_hello_proof(const struct facts *facts)
{
	if (facts->starttls & FACTS_STARTTLS_ACCEPTED || facts->gaps > 0) {
		return true;
	}
	return facts->starttls & FACTS_STARTTLS_REQUESTED && !facts->has_server_bytes;
}

/* A hello was read where STARTTLS may stand: both ways are TLS if it proves so. */
static void hello_note(struct dialogue *dialogue)
{
	struct facts *facts = &dialogue->facts;
	const struct facts_tls_session *session = &facts->session;
	if (dialogue->analyzer == NULL || dialogue->is_tls_proven ||
		!(session->has_server_hello ||
			(session->has_client_hello && is_client_hello_proof(facts)))) {
		return;
	}
	for (unsigned way = 0; way < 2; way++) {
		dialogue->is_tls[way] |= dialogue->is_tls_tried[way];
		dialogue->is_tls_tried[way] = false;
	}
	dialogue->is_tls_proven = true;
	facts->tls = FACTS_TLS_STARTTLS;
	note_starttls(facts, FACTS_STARTTLS_HELLO);
}

/* It only looked like TLS: forget what that taught. */
static void tls_forget(
	struct dialogue *dialogue, struct tls_context *context, enum direction way)
{
	tls_session_forget(context, &dialogue->tls, way);
	if (!dialogue->is_tls_proven) {
		dialogue->facts.session = (struct facts_tls_session){0};
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
	const enum tls_result result = tls_session_bytes(
		context, &dialogue->tls, &dialogue->facts, way, bytes);
	hello_note(dialogue);
	if (dialogue->is_tls_tried[way] && result != TLS_GO_ON) {
		tls_forget(dialogue, context, way);
	}
}

static enum dialogue_result tls_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text bytes)
{
	struct facts *facts = &dialogue->facts;
	const enum tls_result result =
		tls_session_bytes(context, &dialogue->tls, facts, way, bytes);
	hello_note(dialogue);
	if (result == TLS_FINISHED) {
		facts->is_final = true;
		return DIALOGUE_FINISHED;
	}
	if (result != TLS_NOT_TLS) {
		return DIALOGUE_GO_ON;
	}
	if (dialogue->analyzer == NULL) {
		return DIALOGUE_NOT_MINE;
	}
	if (!dialogue->is_tls_proven) {
		/* it only looked like a record: the analyzer finds its next line */
		dialogue->is_tls[way] = false;
		tls_forget(dialogue, context, way);
		dialogue->analyzer->gap(dialogue->state, facts, way, 0);
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
	} else {
		return next;
	}
	bytes->at += used;
	bytes->len -= used;
	return ANALYZE_GO_ON;
}

enum dialogue_result dialogue_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text bytes)
{
	struct facts *facts = &dialogue->facts;
	if (bytes.len == 0) {
		return DIALOGUE_GO_ON;
	}
	hello_note(dialogue); /* the go-ahead may have come since */
	if (!dialogue->is_tls[way]) {
		const enum analyze_next next =
			text_bytes(dialogue, context, way, &bytes);
		if (next != ANALYZE_GO_ON) {
			side_note(facts, way);
			facts->is_final = next == ANALYZE_FINISHED;
			return next == ANALYZE_FINISHED ? DIALOGUE_FINISHED
							: DIALOGUE_NOT_MINE;
		}
	}
	side_note(facts, way);
	if (dialogue->is_tls[way]) {
		return tls_bytes(dialogue, context, way, bytes);
	}
	if (dialogue->is_tls_tried[way]) {
		tried_bytes(dialogue, context, way, bytes);
	}
	return DIALOGUE_GO_ON;
}

void dialogue_gap(struct dialogue *dialogue, enum direction way, uint64_t missing)
{
	struct facts *facts = &dialogue->facts;
	facts->gaps++;
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

void dialogue_end(struct dialogue *dialogue, struct tls_context *context)
{
	tls_session_release(context, &dialogue->tls);
	dialogue->facts.is_final = true;
}
