#include "analyze/dialogue.h"

#include "analyze/note.h"

static const struct analyzer *analyzer_of(enum protocol protocol)
{
	switch (protocol) {
	case PROTOCOL_SMTP:
	case PROTOCOL_SUBMISSION:
	case PROTOCOL_LMTP:
		return &ANALYZER_SMTP;
	case PROTOCOL_IMAP:
		return &ANALYZER_IMAP;
	case PROTOCOL_POP3:
		return &ANALYZER_POP3;
	case PROTOCOL_SIEVE:
		return &ANALYZER_SIEVE;
	default:
		return NULL;
	}
}

void dialogue_start(
	struct dialogue *dialogue, enum protocol protocol, bool is_midstream)
{
	struct facts *facts = &dialogue->facts;
	facts->protocol = protocol;
	facts->is_midstream = is_midstream;
	dialogue->analyzer = analyzer_of(protocol);
	if (dialogue->analyzer == NULL) {
		facts->tls = FACTS_TLS_IMPLICIT;
		dialogue->is_tls[DIRECTION_TO_SERVER] = true;
		dialogue->is_tls[DIRECTION_TO_CLIENT] = true;
		return;
	}
	dialogue->analyzer->start(dialogue->state, facts);
}

/* A hello was read where STARTTLS may stand. */
static void hello_note(struct dialogue *dialogue)
{
	struct facts *facts = &dialogue->facts;
	const struct facts_tls_session *session = &facts->session;
	if (!session->has_client_hello && !session->has_server_hello) {
		return;
	}
	/* a ClientHello that nobody asked for proves nothing until the server goes along */
	const unsigned ladder = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED;
	if ((facts->starttls & ladder) == 0 && !session->has_server_hello &&
		facts->gaps == 0) {
		return;
	}
	dialogue->is_tls_proven = true;
	facts->tls = FACTS_TLS_STARTTLS;
	note_starttls(facts, FACTS_STARTTLS_HELLO);
	facts->change++;
}

static enum dialogue_result tls_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text bytes)
{
	struct facts *facts = &dialogue->facts;
	const enum tls_result result =
		tls_session_bytes(context, &dialogue->tls, facts, way, bytes);
	if (dialogue->analyzer != NULL && !dialogue->is_tls_proven) {
		hello_note(dialogue);
	}
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

enum dialogue_result dialogue_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text bytes)
{
	struct facts *facts = &dialogue->facts;
	if (bytes.len == 0) {
		return DIALOGUE_GO_ON;
	}
	if (!dialogue->is_tls[way]) {
		enum analyze_next next = ANALYZE_GO_ON;
		const size_t used = dialogue->analyzer->bytes(
			dialogue->state, facts, way, bytes, &next);
		if (used > 0 && facts->tls == FACTS_TLS_UNKNOWN) {
			facts->tls = FACTS_TLS_NONE;
		}
		if (next == ANALYZE_START_TLS) {
			dialogue->is_tls[way] = true;
			bytes.at += used;
			bytes.len -= used;
		} else if (next != ANALYZE_GO_ON) {
			side_note(facts, way);
			facts->is_final = next == ANALYZE_FINISHED;
			return next == ANALYZE_FINISHED ? DIALOGUE_FINISHED
							: DIALOGUE_NOT_MINE;
		}
	}
	side_note(facts, way);
	if (!dialogue->is_tls[way]) {
		return DIALOGUE_GO_ON;
	}
	return tls_bytes(dialogue, context, way, bytes);
}

void dialogue_gap(struct dialogue *dialogue, enum direction way, uint64_t missing)
{
	struct facts *facts = &dialogue->facts;
	facts->gaps++;
	/* the other side is inside TLS: what was lost took this side there too */
	if (!dialogue->is_tls[way] && dialogue->is_tls_proven) {
		dialogue->is_tls[way] = true;
		missing = 0;
	}
	if (dialogue->is_tls[way]) {
		tls_session_gap(&dialogue->tls, way, missing);
	} else {
		dialogue->analyzer->gap(dialogue->state, facts, way, missing);
	}
}

void dialogue_end(struct dialogue *dialogue, struct tls_context *context)
{
	tls_session_release(context, &dialogue->tls);
	dialogue->facts.is_final = true;
}
