#include "analyze/claims.h"
#include "analyze/clear.h"
#include "analyze/dialogue.h"
#include "analyze/note.h"
#include "analyze/pending.h"

#include <string.h>

/* RFC 1939, RFC 2449 (CAPA), RFC 2595 (STLS), RFC 5034 (AUTH); XTND XMIT as Qpopper takes mail. */

enum pop3_verb {
	POP3_VERB_OTHER = 0,
	POP3_VERB_KNOWN,   /* nothing to learn: NOOP, QUIT, RSET, ... */
	POP3_VERB_MAILBOX, /* one line of mailbox data: STAT, DELE, ... */
	POP3_VERB_SCAN,    /* LIST, UIDL: many lines unless a message is named */
	POP3_VERB_TOP,
	POP3_VERB_RETR,
	POP3_VERB_CAPA,
	POP3_VERB_STLS,
	POP3_VERB_USER,
	POP3_VERB_PASS,
	POP3_VERB_APOP,
	POP3_VERB_AUTH,
	POP3_VERB_AUTH_LIST, /* AUTH alone asks for the mechanisms */
	POP3_VERB_XMIT,      /* XTND XMIT: a letter follows "+OK" */
	POP3_VERB_XMIT_END,  /* the line that ends the letter */
};

enum pop3_list {
	POP3_LIST_NONE = 0,
	POP3_LIST_CAPA,
	POP3_LIST_MECHANISMS,
	POP3_LIST_GUESS, /* the question was not captured: look at the first line */
};

struct pop3 {
	struct clear clear; /* first member */
	struct pending pending;
	struct claims claims; /* of lines behind XTND XMIT, which has no reply yet */
	uint8_t list;         /* enum pop3_list being read */
	bool is_list_whole;
	bool is_authenticated;
	bool is_synced;   /* client lines are known to be commands */
	bool is_xmit_due; /* they may be of the letter that XTND XMIT announced */
	bool has_greeting;
	bool is_server_doubted; /* its lines may be those of a letter that was fetched */
	bool has_plus;          /* a "+" came since the last reply */
	uint8_t unasked;        /* "+OK" in a row whose commands were not captured */
};

_Static_assert(sizeof(struct pop3) <= ANALYZER_STATE_BYTES, "pop3 state must fit");

static const struct text_word_row *const VERBS[TEXT_WORD_LISTS] = {
	[TEXT_WORD_LIST('A')] =
		TEXT_WORDS({"APOP", POP3_VERB_APOP}, {"AUTH", POP3_VERB_AUTH}),
	[TEXT_WORD_LIST('C')] = TEXT_WORDS({"CAPA", POP3_VERB_CAPA}),
	[TEXT_WORD_LIST('D')] = TEXT_WORDS({"DELE", POP3_VERB_MAILBOX}),
	[TEXT_WORD_LIST('L')] =
		TEXT_WORDS({"LAST", POP3_VERB_MAILBOX}, {"LIST", POP3_VERB_SCAN}),
	[TEXT_WORD_LIST('N')] = TEXT_WORDS({"NOOP", POP3_VERB_KNOWN}),
	[TEXT_WORD_LIST('P')] = TEXT_WORDS({"PASS", POP3_VERB_PASS}),
	[TEXT_WORD_LIST('Q')] = TEXT_WORDS({"QUIT", POP3_VERB_KNOWN}),
	[TEXT_WORD_LIST('R')] =
		TEXT_WORDS({"RETR", POP3_VERB_RETR}, {"RSET", POP3_VERB_KNOWN}),
	[TEXT_WORD_LIST('S')] =
		TEXT_WORDS({"STLS", POP3_VERB_STLS}, {"STAT", POP3_VERB_MAILBOX}),
	[TEXT_WORD_LIST('T')] = TEXT_WORDS({"TOP", POP3_VERB_TOP}),
	[TEXT_WORD_LIST('U')] = TEXT_WORDS({"USER", POP3_VERB_USER},
		{"UIDL", POP3_VERB_SCAN}, {"UTF8", POP3_VERB_KNOWN}),
	[TEXT_WORD_LIST('X')] = TEXT_WORDS({"XTND", POP3_VERB_XMIT}),
};

static enum pop3_verb verb_parse(struct text word)
{
	return (enum pop3_verb)text_find(word, VERBS, POP3_VERB_OTHER);
}

static void pass_note(struct facts *facts, struct text password)
{
	facts->auth_tried = (uint16_t)(facts->auth_tried & ~FACTS_MECHANISM_USER_ONLY);
	sasl_try(facts, FACTS_MECHANISM_USER_PASS);
	if (password.len > 0) {
		sasl_secret(facts, FACTS_MECHANISM_USER_PASS);
	}
}

static enum pop3_verb auth_note(
	struct pop3 *pop3, struct facts *facts, struct text rest)
{
	const struct text mechanism = text_word(&rest);
	if (mechanism.len == 0) {
		return POP3_VERB_AUTH_LIST;
	}
	sasl_start(&pop3->clear.sasl, facts, mechanism, text_trim(rest));
	return POP3_VERB_AUTH;
}

/* A letter may follow, like that of SMTP: until the reply tells, its lines are claims. */
static enum pop3_verb xmit_note(
	struct pop3 *pop3, struct facts *facts, struct text rest)
{
	struct lines *lines = &pop3->clear.lines[DIRECTION_TO_SERVER];
	if (!text_is(text_word(&rest), "XMIT")) {
		return POP3_VERB_KNOWN;
	}
	if (!facts->has_server_bytes) { /* there is nobody to ask */
		note_message(facts);
		lines_body(lines, !lines->has_bare_lf);
		return POP3_VERB_KNOWN;
	}
	claims_open(&pop3->claims);
	pop3->is_xmit_due = true;
	return POP3_VERB_XMIT;
}

static enum pop3_verb command_note(
	struct pop3 *pop3, struct facts *facts, enum pop3_verb verb, struct text rest)
{
	switch (verb) {
	case POP3_VERB_STLS:
		clear_starttls_request(&pop3->clear, facts);
		break;
	case POP3_VERB_USER:
		sasl_try(facts, FACTS_MECHANISM_USER_ONLY);
		break;
	case POP3_VERB_PASS:
		pass_note(facts, rest);
		break;
	case POP3_VERB_APOP:
		sasl_try(facts, FACTS_MECHANISM_APOP);
		break;
	case POP3_VERB_AUTH:
		return auth_note(pop3, facts, rest);
	case POP3_VERB_XMIT:
		return xmit_note(pop3, facts, rest);
	case POP3_VERB_SCAN:
		note_content(facts);
		return rest.len > 0 ? POP3_VERB_MAILBOX : POP3_VERB_SCAN;
	case POP3_VERB_MAILBOX:
	case POP3_VERB_TOP:
	case POP3_VERB_RETR:
		note_content(facts);
		break;
	default:
		break;
	}
	return verb;
}

static bool is_sasl_line(
	const struct pop3 *pop3, enum pop3_verb verb, const struct line *line)
{
	const struct sasl *sasl = &pop3->clear.sasl;
	if (sasl->mechanism == 0 || line->is_doubtful) {
		return false;
	}
	return sasl->is_asked ||
	       (verb == POP3_VERB_OTHER && sasl_is_response(line->text));
}

static void command_line(
	struct pop3 *pop3, struct facts *facts, const struct line *line)
{
	struct text rest = line->text;
	enum pop3_verb verb = verb_parse(text_word(&rest));
	if (verb == POP3_VERB_OTHER) {
		rest = line->text;
		verb = verb_parse(text_word_lenient(&rest));
	}
	if (is_sasl_line(pop3, verb, line)) {
		sasl_response(&pop3->clear.sasl, facts, line->text);
		return;
	}
	if (verb == POP3_VERB_OTHER && (!pop3->is_synced || line->is_doubtful)) {
		return;
	}
	pop3->is_synced = true;
	pending_add(&pop3->pending, command_note(pop3, facts, verb, text_trim(rest)));
}

static void client_line(struct pop3 *pop3, struct facts *facts, const struct line *line)
{
	clear_flush_greeting(&pop3->clear, facts);
	if (!pop3->is_xmit_due) {
		command_line(pop3, facts, line);
	} else if (text_is(line->text, ".")) { /* what stands behind it is no letter */
		pop3->is_xmit_due = false;
		pending_add(&pop3->pending, POP3_VERB_XMIT_END);
	} else {
		const struct claims held = claims_hold(facts);
		command_line(pop3, facts, line);
		claims_take(&pop3->claims, facts, &held);
		if ((pop3->claims.auth_tried & FACTS_MECHANISM_USER_PASS) != 0) {
			pop3->claims.auth_tried &= (uint16_t)~FACTS_MECHANISM_USER_ONLY;
		}
	}
}

static void capability_note(struct facts *facts, struct text line)
{
	const struct text word = text_word(&line);
	if (text_is(word, "STLS")) {
		note_starttls_offered(facts);
	} else if (text_is(word, "SASL")) {
		note_mechanisms(facts, line);
	} else if (text_is(word, "USER")) {
		facts->auth_offered =
			(uint16_t)(facts->auth_offered | FACTS_MECHANISM_USER_PASS);
	} else if (note_is_masked(word)) {
		note_starttls(facts, FACTS_STARTTLS_MASKED);
	}
}

/* RFC 2449 section 6 and the later extensions */
static bool is_capability(struct text line)
{
	static const char *const WORDS[] = {"TOP", "USER", "SASL", "STLS", "UIDL",
		"PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "EXPIRE", "LOGIN-DELAY",
		"IMPLEMENTATION", "UTF8", "LANG", "CAPA"};
	const struct text word = text_word(&line);
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		if (text_is(word, WORDS[i])) {
			return true;
		}
	}
	return false;
}

/* RFC 2449 section 5: what is listed after login says nothing of STLS. */
static void list_end(struct pop3 *pop3, struct facts *facts)
{
	const bool is_before_login = !pop3->is_authenticated && !facts->is_midstream;
	if (pop3->list == POP3_LIST_CAPA && pop3->is_list_whole && is_before_login) {
		note_capabilities(facts);
	}
	pop3->list = POP3_LIST_NONE;
}

static void list_line(struct pop3 *pop3, struct facts *facts, const struct line *line)
{
	if (text_is(line->text, ".")) {
		list_end(pop3, facts);
	} else if (pop3->list == POP3_LIST_CAPA) {
		capability_note(facts, line->text);
	} else {
		note_mechanisms(facts, line->text);
	}
}

static void greeting_note(struct pop3 *pop3, struct facts *facts, struct text line)
{
	pop3->has_greeting = true;
	facts->is_early_talker = facts->has_client_bytes;
	if (text_starts(line, "-ERR")) {
		note_refused(facts);
	} else if (memchr(line.at, '<', line.len) != NULL &&
		   memchr(line.at, '@', line.len) != NULL) {
		/* RFC 1939 section 7: a timestamp makes APOP possible */
		facts->auth_offered =
			(uint16_t)(facts->auth_offered | FACTS_MECHANISM_APOP);
	}
}

static void list_begin(struct pop3 *pop3, enum pop3_list list, bool is_whole)
{
	pop3->list = (uint8_t)list;
	pop3->is_list_whole = is_whole;
}

/* The letter is taken: what came of it already was no command. */
static void xmit_begin(struct pop3 *pop3, struct facts *facts)
{
	struct lines *lines = &pop3->clear.lines[DIRECTION_TO_SERVER];
	note_message(facts);
	if (pending_reach(&pop3->pending, POP3_VERB_XMIT_END)) {
		return;
	}
	const bool is_inside = !lines_at_start(lines);
	pending_clear(&pop3->pending);
	lines_drop(lines);
	lines_body(lines, !lines->has_bare_lf);
	if (is_inside) {
		lines->body = LINES_BODY_INSIDE;
	}
}

static void accept_note(struct pop3 *pop3, struct facts *facts, int verb)
{
	struct lines *lines = &pop3->clear.lines[DIRECTION_TO_CLIENT];
	switch (verb) {
	case POP3_VERB_CAPA:
		list_begin(pop3, POP3_LIST_CAPA, true);
		break;
	case POP3_VERB_AUTH_LIST:
		list_begin(pop3, POP3_LIST_MECHANISMS, true);
		break;
	case POP3_VERB_STLS:
		clear_starttls_answer(&pop3->clear, facts, true);
		break;
	case POP3_VERB_PASS:
	case POP3_VERB_APOP:
	case POP3_VERB_AUTH:
		pop3->is_authenticated = true;
		sasl_outcome(&pop3->clear.sasl, facts, true);
		break;
	case POP3_VERB_RETR:
		note_message(facts);
		lines_body(lines, !lines->has_bare_lf);
		break;
	case POP3_VERB_XMIT:
		xmit_begin(pop3, facts);
		break;
	case POP3_VERB_TOP:
	case POP3_VERB_SCAN:
		lines_body(lines, !lines->has_bare_lf);
		break;
	default:
		break;
	}
}

static void reject_note(struct pop3 *pop3, struct facts *facts, int verb)
{
	switch (verb) {
	case POP3_VERB_STLS:
		clear_starttls_answer(&pop3->clear, facts, false);
		break;
	case POP3_VERB_PASS:
	case POP3_VERB_APOP:
	case POP3_VERB_AUTH:
		sasl_outcome(&pop3->clear.sasl, facts, false);
		break;
	default:
		break;
	}
}

/* "+OK 2 320" answers STAT alone: RFC 1939 section 5. */
static bool is_drop_listing(struct text text)
{
	uint64_t number = 0;
	const struct text count = text_word(&text);
	const struct text octets = text_word(&text);
	return text_number(count, UINT64_MAX, &number) &&
	       text_number(octets, UINT64_MAX, &number);
}

/*
 * A "+OK" whose command was not captured. In clear text a session goes by one order
 * (RFC 1939 section 3): USER and PASS are two of them in a row, what comes behind is
 * the mailbox's, and so is the answer to STAT. One behind "+" ends AUTH. Two alone may
 * as well be USER and QUIT: there the words have to tell.
 */
static void unasked_note(struct pop3 *pop3, struct facts *facts, struct text text)
{
	if (pop3->unasked < UINT8_MAX) {
		pop3->unasked++;
	}
	facts->has_answer_unasked = true;
	if (!facts_is_client_missing(facts) || pop3->is_server_doubted) {
		return;
	}
	if (is_drop_listing(text)) {
		note_content(facts);
		facts->auth_accepted = FACTS_YES;
	} else if (pop3->has_plus || pop3->unasked > 2) {
		facts->auth_accepted = FACTS_YES;
	} else if (pop3->unasked == 2 && sasl_reply_unasked(facts, text)) {
		return;
	} else if (!facts->has_client_bytes) {
		list_begin(pop3, POP3_LIST_GUESS, true);
	}
}

static void reply_note(
	struct pop3 *pop3, struct facts *facts, bool is_accepted, struct text text)
{
	const int verb = pending_first(&pop3->pending);
	pending_drop(&pop3->pending);
	pop3->is_server_doubted &= verb < 0;
	if (!pending_has(&pop3->pending, POP3_VERB_XMIT)) {
		pop3->is_xmit_due = false;
		claims_settle(&pop3->claims, &pop3->clear, facts,
			verb == POP3_VERB_XMIT && !is_accepted);
	}
	if (!is_accepted || verb >= 0) {
		pop3->unasked = 0;
	}
	if (!is_accepted) {
		reject_note(pop3, facts, verb);
	} else if (verb >= 0) {
		accept_note(pop3, facts, verb);
	} else {
		unasked_note(pop3, facts, text);
	}
	pop3->has_plus = false;
}

/* The first line behind a "+OK" whose question is unknown; false when it is a reply itself. */
static bool guess_line(struct pop3 *pop3, struct facts *facts, const struct line *line)
{
	struct lines *lines = &pop3->clear.lines[DIRECTION_TO_CLIENT];
	pop3->list = POP3_LIST_NONE;
	if (text_starts(line->text, "+") || text_starts(line->text, "-ERR")) {
		return false;
	}
	pop3->unasked = 0; /* that answer had many lines */
	if (line->text.len > 0 && line->text.at[0] < ' ') {
		return true; /* no text: TLS, behind the answer to STLS */
	}
	if (is_capability(line->text)) {
		pop3->list = POP3_LIST_CAPA;
		capability_note(facts, line->text);
	} else if (!text_is(line->text, ".")) {
		note_content(facts);
		lines_body(lines, !lines->has_bare_lf);
	}
	return true;
}

static void server_line(struct pop3 *pop3, struct facts *facts, const struct line *line)
{
	if (pop3->list == POP3_LIST_GUESS) {
		if (guess_line(pop3, facts, line)) {
			return;
		}
	} else if (pop3->list != POP3_LIST_NONE) {
		list_line(pop3, facts, line);
		return;
	}
	struct text rest = line->text;
	const struct text word = text_word(&rest);
	const bool is_accepted = text_is(word, "+OK");
	if (text_is(word, "+")) {
		pop3->has_plus = true;
		sasl_challenge(&pop3->clear.sasl);
	} else if (!is_accepted && !text_is(word, "-ERR")) {
		return;
	} else if (!pop3->has_greeting && !facts->is_midstream && facts->gaps == 0) {
		greeting_note(pop3, facts, line->text);
	} else {
		pop3->has_greeting = true;
		reply_note(pop3, facts, is_accepted, rest);
	}
}

static void pop3_line(struct clear *clear, struct facts *facts, enum direction way,
	const struct line *line)
{
	struct pop3 *pop3 = (struct pop3 *)clear;
	if (way == DIRECTION_TO_SERVER) {
		client_line(pop3, facts, line);
	} else {
		server_line(pop3, facts, line);
	}
}

/* The end of a message or of a scan listing; one of the client's is answered. */
static void pop3_end(struct clear *clear, struct facts *facts, enum direction way,
	enum lines_item item)
{
	struct pop3 *pop3 = (struct pop3 *)clear;
	(void)facts;
	(void)item;
	if (way == DIRECTION_TO_SERVER) {
		pending_add(&pop3->pending, POP3_VERB_XMIT_END);
	}
}

static void pop3_lost(struct clear *clear, struct facts *facts, enum direction way)
{
	struct pop3 *pop3 = (struct pop3 *)clear;
	(void)facts;
	pending_clear(&pop3->pending);
	if (way == DIRECTION_TO_SERVER) {
		pop3->is_synced = false;
	} else {
		pop3->list = POP3_LIST_NONE;
		pop3->is_server_doubted = true;
		pop3->has_plus = false;
		pop3->unasked = 0;
	}
}

static const struct clear_protocol POP3_PROTOCOL = {
	.line = pop3_line,
	.end = pop3_end,
	.gap = pop3_lost,
};

static void pop3_start(void *state, struct facts *facts)
{
	struct pop3 *pop3 = state;
	clear_start(&pop3->clear, facts, &POP3_PROTOCOL);
	pop3->is_synced = !facts->is_midstream;
	pop3->is_server_doubted = facts->is_midstream;
}

static size_t pop3_bytes(void *state, struct facts *facts, enum direction way,
	struct text bytes, enum analyze_next *next)
{
	return clear_bytes(state, facts, way, bytes, next);
}

static void pop3_gap(
	void *state, struct facts *facts, enum direction way, uint64_t missing)
{
	clear_gap(state, facts, way, missing);
}

const struct analyzer ANALYZER_POP3 = {
	.name = "pop3",
	.state_bytes = sizeof(struct pop3),
	.start = pop3_start,
	.bytes = pop3_bytes,
	.gap = pop3_gap,
	.turn = clear_begin_turned,
	.clear_again = clear_again,
};
