#include "analyze/imap.h"

#include "analyze/clear.h"
#include "analyze/dialogue.h"
#include "analyze/imap_claims.h"
#include "analyze/note.h"
#include "analyze/octets.h"

#include <string.h>

/*
 * RFC 9051 (and 3501). Client: tag SP verb; server: untagged "* ...", "+ ..." or
 * tag SP OK|NO|BAD. Literals "{n}" (RFC 9051 section 4.3, RFC 7888) are passed by count.
 */

#define IMAP_LOGIN_ARGUMENTS 2

struct imap {
	struct clear clear; /* first member */
	struct imap_claims claims;
	struct octets octets;    /* of the client's literal, as lines */
	struct imap_tags tags;   /* commands without a reply, replies without one */
	uint8_t login_arguments; /* of a LOGIN that literals cut */
	uint8_t mechanism_len;   /* of a literal that the next line begins with; or 0 */
	bool is_login_open;
	bool is_continued[2];    /* the next line goes on after a literal */
	bool is_literal_asked;   /* the client's literal needs the server's "+" */
	bool is_literal_waiting; /* that "+" has not come: commands may go on instead */
	bool is_authenticated;
	bool is_synced; /* client lines are known to be commands */
	bool has_greeting;
	bool is_server_doubted; /* its lines may be those of a letter that was fetched */
	bool has_plus;          /* a "+" came since the last tagged reply, */
	bool has_untagged;      /* or data */
	uint32_t literal_tag;   /* of the command that announced it */
	uint64_t literal;       /* length of the literal announced */
};

_Static_assert(sizeof(struct imap) <= ANALYZER_STATE_BYTES, "imap state must fit");

static void login_note(struct imap *imap, struct facts *facts, uint8_t arguments)
{
	imap->login_arguments = (uint8_t)(imap->login_arguments + arguments);
	if (imap->login_arguments >= IMAP_LOGIN_ARGUMENTS) {
		sasl_secret(facts, FACTS_MECHANISM_LOGIN);
	}
}

/* A literal at the end of the line: its octets, then the line goes on. */
static void literal_note(struct imap *imap, enum direction way, struct text tail)
{
	uint64_t size = 0;
	bool is_asked = false;
	imap->is_continued[way] = imap_literal_parse(tail, &size, &is_asked);
	if (imap->is_continued[way]) {
		lines_raw(&imap->clear.lines[way], size);
	}
	if (way == DIRECTION_TO_SERVER) {
		imap->literal = imap->is_continued[way] ? size : 0;
		imap->is_literal_asked = is_asked;
		imap->is_login_open &= imap->is_continued[way];
	}
}

/*
 * Where the server is captured, octets follow its "+" only: it may yet refuse. Those that do
 * not wait for one it may have refused as well.
 */
static void literal_wait(struct imap *imap, const struct facts *facts)
{
	imap->is_literal_waiting = imap->is_continued[DIRECTION_TO_SERVER] &&
				   imap->is_literal_asked && facts->gaps == 0 &&
				   facts->has_server_bytes;
	if (imap->is_literal_waiting) {
		lines_raw(&imap->clear.lines[DIRECTION_TO_SERVER], 0);
	} else if (imap->is_continued[DIRECTION_TO_SERVER] && facts->has_server_bytes &&
		   !imap->octets.is_open) {
		octets_begin(&imap->octets);
	}
}

static void literal_go(struct imap *imap)
{
	struct lines *lines = &imap->clear.lines[DIRECTION_TO_SERVER];
	if (imap->is_literal_waiting && lines_at_start(lines)) {
		imap->is_literal_waiting = false;
		lines_raw(lines, imap->literal);
	}
}

/* What was taken for octets, or waited for, is lines. */
static void literal_forget(struct imap *imap)
{
	struct lines *lines = &imap->clear.lines[DIRECTION_TO_SERVER];
	if (lines->raw_left > 0) {
		lines_gap(lines, 0);
	}
	imap->is_continued[DIRECTION_TO_SERVER] = false;
	imap->is_literal_asked = false;
	imap->is_literal_waiting = false;
	imap->is_login_open = false;
	imap->mechanism_len = 0;
	octets_end(&imap->octets);
}

/*
 * RFC 9051 section 4.3: the server may answer NO or BAD in place of "+". A letter that comes
 * all the same holds no commands, unless they are answered.
 */
static void literal_refuse(struct imap *imap, struct text tag, int verb)
{
	if (imap->is_literal_asked && imap->literal_tag == imap_tag_hash(tag)) {
		literal_forget(imap);
		imap->claims.is_open |= verb == IMAP_VERB_MAILBOX;
	}
}

/* AUTHENTICATE PLAIN, or {5} CRLF PLAIN: no name has a line end in it. */
static void authenticate_note(struct imap *imap, struct facts *facts, struct text rest)
{
	uint64_t size = 0;
	if (text_starts(rest, "{") &&
		imap_literal_parse(rest, &size, &imap->is_literal_asked) &&
		size <= UINT8_MAX) {
		imap->mechanism_len = (uint8_t)size;
		return;
	}
	const struct text mechanism = text_word(&rest);
	sasl_start(&imap->clear.sasl, facts, mechanism, text_trim(rest));
}

/* The name that was announced, and what stands behind it. False: it is a command. */
static bool mechanism_line(struct imap *imap, struct facts *facts, struct text rest)
{
	const struct text name = text_word(&rest);
	struct text verb = rest;
	const bool is_it = name.len == imap->mechanism_len && imap_is_tag(name) &&
			   imap_verb_parse(text_word(&verb)) == IMAP_VERB_OTHER;
	imap->mechanism_len = 0;
	if (is_it) {
		imap->is_literal_asked = false;
		sasl_start(&imap->clear.sasl, facts, name, text_trim(rest));
	}
	return is_it;
}

static void command_note(
	struct imap *imap, struct facts *facts, enum imap_verb verb, struct text rest)
{
	switch (verb) {
	case IMAP_VERB_STARTTLS:
		clear_starttls_request(&imap->clear, facts);
		break;
	case IMAP_VERB_LOGIN:
		sasl_try(facts, FACTS_MECHANISM_LOGIN);
		imap->login_arguments = 0;
		imap->is_login_open = true;
		login_note(imap, facts, imap_arguments_count(rest));
		break;
	case IMAP_VERB_AUTHENTICATE:
		authenticate_note(imap, facts, rest);
		break;
	case IMAP_VERB_MAILBOX:
		note_content(facts);
		break;
	default:
		break;
	}
}

static bool is_sasl_line(
	const struct imap *imap, enum imap_verb verb, const struct line *line)
{
	const struct sasl *sasl = &imap->clear.sasl;
	if (sasl->mechanism == 0 || line->is_doubtful) {
		return false;
	}
	return sasl->is_asked ||
	       (verb == IMAP_VERB_OTHER && sasl_is_response(line->text));
}

/* The line goes on behind a literal. */
static void continued_line(
	struct imap *imap, struct facts *facts, const struct line *line)
{
	if (imap->is_login_open) {
		login_note(imap, facts, imap_arguments_count(line->text));
	}
	literal_note(imap, DIRECTION_TO_SERVER, line->tail);
	literal_wait(imap, facts);
}

/* A line ahead of the "+": it begins with the octets of the literal, captured in disorder. */
static void early_octets(
	struct imap *imap, struct facts *facts, const struct line *line)
{
	const uint64_t seen = (uint64_t)line->text.len + 2;
	imap->is_literal_waiting = false;
	if (imap->literal > seen) {
		octets_begin(&imap->octets);
		lines_raw(
			&imap->clear.lines[DIRECTION_TO_SERVER], imap->literal - seen);
		return;
	}
	if (imap->is_login_open) {
		login_note(imap, facts, 1);
	}
	if (imap->literal <= line->text.len) {
		struct line rest = *line;
		rest.text.at += imap->literal;
		rest.text.len -= imap->literal;
		continued_line(imap, facts, &rest);
	}
}

static void command_line(
	struct imap *imap, struct facts *facts, const struct line *line)
{
	struct text rest = line->text;
	if (imap->mechanism_len > 0 && mechanism_line(imap, facts, rest)) {
		return;
	}
	struct text tag;
	const enum imap_verb verb = imap_command_parse(&rest, &tag);
	if (imap->is_literal_waiting) {
		if (tag.len == 0 || verb == IMAP_VERB_OTHER) {
			early_octets(imap, facts, line);
			return;
		}
		imap->claims.is_open |=
			imap_tags_newest(&imap->tags) == IMAP_VERB_MAILBOX;
		imap->is_literal_waiting = false;
		imap->is_continued[DIRECTION_TO_SERVER] = false;
	}
	if (imap->is_continued[DIRECTION_TO_SERVER]) {
		continued_line(imap, facts, line);
		return;
	}
	if (is_sasl_line(imap, verb, line)) {
		sasl_response(&imap->clear.sasl, facts, line->text);
		return;
	}
	if (tag.len == 0 ||
		(verb == IMAP_VERB_OTHER && (!imap->is_synced || line->is_doubtful))) {
		return;
	}
	imap->is_synced = true;
	imap_tags_add(&imap->tags, tag, verb);
	command_note(imap, facts, verb, text_trim(rest));
	if (imap->mechanism_len == 0) {
		literal_note(imap, DIRECTION_TO_SERVER, line->tail);
		literal_wait(imap, facts);
	}
	imap->literal_tag = imap_tag_hash(tag);
}

static void capabilities_note(
	const struct imap *imap, struct facts *facts, struct text list, bool is_whole)
{
	if (!imap->is_server_doubted) {
		imap_capabilities_note(facts, list, is_whole,
			!imap->is_authenticated && !facts->is_midstream);
	}
}

/* "OK [CAPABILITY ...] text" */
static void code_note(
	const struct imap *imap, struct facts *facts, struct text rest, bool is_whole)
{
	rest = text_trim(rest);
	if (text_starts(rest, "[CAPABILITY ")) {
		capabilities_note(imap, facts,
			(struct text){rest.at + 12, rest.len - 12}, is_whole);
	}
}

static void greeting_note(struct imap *imap, struct facts *facts, struct text kind)
{
	imap->has_greeting = true;
	if (facts->is_midstream || facts->gaps > 0) {
		return;
	}
	facts->is_early_talker = facts->has_client_bytes;
	if (text_is(kind, "PREAUTH")) {
		facts->is_preauth = true;
		imap->is_authenticated = true;
	} else if (text_is(kind, "BYE")) {
		note_refused(facts);
	}
}

static void untagged_note(
	struct imap *imap, struct facts *facts, struct text rest, bool is_whole)
{
	const struct text kind = text_word(&rest);
	if (!imap->has_greeting) {
		greeting_note(imap, facts, kind);
	} else {
		imap->has_untagged = true;
	}
	if (text_is(kind, "CAPABILITY")) {
		capabilities_note(imap, facts, rest, is_whole);
	} else if (text_is(kind, "OK") || text_is(kind, "PREAUTH")) {
		code_note(imap, facts, rest, is_whole);
	} else if (imap_is_mailbox_data(kind)) {
		note_content(facts);
	}
}

static void outcome_note(
	struct imap *imap, struct facts *facts, int verb, bool is_accepted)
{
	switch (verb) {
	case IMAP_VERB_STARTTLS:
		clear_starttls_answer(&imap->clear, facts, is_accepted);
		break;
	case IMAP_VERB_LOGIN:
	case IMAP_VERB_AUTHENTICATE:
		sasl_outcome(&imap->clear.sasl, facts, is_accepted);
		imap->is_authenticated |= is_accepted;
		break;
	case IMAP_VERB_COMPRESS:
		if (is_accepted) { /* RFC 4978: anybody may unpack what follows */
			facts->is_compressed = true;
			note_content(facts);
			imap->clear.next = ANALYZE_FINISHED;
		}
		break;
	default:
		break;
	}
}

/*
 * An OK whose command was not captured. Behind "+" it ends a login, or what only comes
 * behind one (IDLE, APPEND); a list of capabilities in it ends a login as well (RFC 9051
 * sections 6.2.2 and 6.2.3). One that nothing stands in front of answers LOGIN, NOOP or
 * STARTTLS: there its words have to tell.
 */
static void unasked_note(struct imap *imap, struct facts *facts, struct text rest)
{
	static const char *const LOGIN_CODES[] = {"[CAPABILITY ", NULL};
	static const char *const MAILBOX_CODES[] = {
		"[READ-WRITE]", "[READ-ONLY]", "[APPENDUID ", "[COPYUID ", NULL};
	if (!facts_is_client_missing(facts) || imap->is_server_doubted) {
		return;
	}
	if (imap_has_code(rest, MAILBOX_CODES)) {
		note_content(facts);
	}
	if (imap->has_plus || imap_has_code(rest, LOGIN_CODES)) {
		facts->auth_accepted = FACTS_YES;
		imap->is_authenticated = true;
	} else if (!imap->has_untagged) {
		imap->is_authenticated |= sasl_reply_unasked(facts, rest);
	}
}

/* Lines are commands again; an exchange goes on that nothing stands behind. */
static void claims_close(struct imap *imap, int verb)
{
	if (!imap->claims.is_open) {
		return;
	}
	imap->claims.is_open = false;
	if (verb != IMAP_VERB_STARTTLS &&
		imap->clear.starttls == CLEAR_STARTTLS_REQUESTED) {
		imap->clear.starttls = CLEAR_STARTTLS_NONE;
	}
	if (verb != IMAP_VERB_AUTHENTICATE &&
		imap_tags_newest(&imap->tags) != IMAP_VERB_AUTHENTICATE) {
		imap->clear.sasl = (struct sasl){0};
	}
}

/*
 * The verb that is answered, or -1. A reply to what stands in octets, and to no other command
 * of this tag, says that the server took them for lines.
 */
static int verb_of(struct imap *imap, struct facts *facts, uint32_t tag, int verb)
{
	const struct imap_claim *claim = imap_claims_find(&imap->claims, tag);
	if (claim == NULL || claim->is_of_octets != (verb < 0)) {
		return verb;
	}
	if (claim->is_of_octets) {
		verb = claim->verb;
		literal_forget(imap);
	}
	imap_claims_answer(&imap->claims, tag, &imap->clear, facts);
	if (verb == IMAP_VERB_STARTTLS &&
		imap->clear.starttls != CLEAR_STARTTLS_REQUESTED) {
		clear_starttls_request(&imap->clear, facts);
	}
	return verb;
}

static bool is_claimed(const struct imap *imap, uint32_t tag)
{
	return imap->claims.is_open || imap_claims_find(&imap->claims, tag) != NULL;
}

static void tagged_note(struct imap *imap, struct facts *facts, struct text tag,
	struct text rest, bool is_whole)
{
	const struct text kind = text_word(&rest);
	const bool is_accepted = text_is(kind, "OK");
	if (!is_accepted && !text_is(kind, "NO") && !text_is(kind, "BAD")) {
		return;
	}
	const uint32_t hash = imap_tag_hash(tag);
	const bool is_doubted =
		imap_tags_count(&imap->tags, tag) > 1 && is_claimed(imap, hash);
	int verb = imap_tags_take(&imap->tags, tag);
	if (verb >= 0) {
		imap->is_server_doubted = false;
		claims_close(imap, verb);
	}
	if (!is_accepted) {
		literal_refuse(imap, tag, verb);
	}
	if (!is_doubted) {
		verb = verb_of(imap, facts, hash, verb);
		outcome_note(imap, facts, verb, is_accepted);
	}
	if (verb < 0 && is_accepted) {
		unasked_note(imap, facts, rest);
	}
	if (verb < 0) {
		imap_tags_note_late(&imap->tags, tag, is_accepted);
	}
	imap->has_plus = imap->has_untagged = false;
	/* without the client's side it may be the answer to LOGIN */
	code_note(imap, facts, rest, is_whole && facts->has_client_bytes);
}

/*
 * What waited behind a hole comes after the reply that acknowledged it: the newest command
 * may have been answered already.
 */
static void late_note(struct imap *imap, struct facts *facts)
{
	bool is_accepted = false;
	const int verb = imap_tags_take_late(&imap->tags, &is_accepted);
	if (verb >= 0 && imap_is_of_login(verb)) {
		claims_close(imap, verb);
		imap_claims_answer(
			&imap->claims, imap->literal_tag, &imap->clear, facts);
		outcome_note(imap, facts, verb, is_accepted);
	}
}

static void imap_passed(
	struct clear *clear, struct facts *facts, enum direction way, struct text bytes)
{
	struct imap *imap = (struct imap *)clear;
	if (way == DIRECTION_TO_SERVER && bytes.len == 0) {
		octets_gap(&imap->octets);
	} else if (way == DIRECTION_TO_SERVER) {
		imap_claims_octets(&imap->claims, &imap->octets, facts, bytes);
	}
}

static void client_line(struct imap *imap, struct facts *facts, const struct line *line)
{
	static const struct text LINE_END = {(const uint8_t *)"\r\n", 2};
	clear_flush_greeting(&imap->clear, facts);
	if (imap->octets.is_open) { /* what goes on behind them ends a line of theirs */
		imap_claims_octets(&imap->claims, &imap->octets, facts, line->text);
		imap_claims_octets(&imap->claims, &imap->octets, facts, LINE_END);
	}
	const struct claims held = claims_hold(facts);
	command_line(imap, facts, line);
	if (imap->claims.is_open) {
		imap_claims_take(&imap->claims, imap->literal_tag, facts, &held);
		late_note(imap, facts);
	}
	if (!imap->is_continued[DIRECTION_TO_SERVER]) {
		octets_end(&imap->octets);
	}
}

static void server_line(struct imap *imap, struct facts *facts, const struct line *line)
{
	const bool is_continued = imap->is_continued[DIRECTION_TO_CLIENT];
	if (is_continued || imap_is_data(line->text)) {
		literal_note(imap, DIRECTION_TO_CLIENT, line->tail);
	}
	if (is_continued) {
		return;
	}
	struct text rest = line->text;
	const struct text tag = text_word(&rest);
	const bool is_whole = !line->is_cut;
	if (text_is(tag, "*")) {
		untagged_note(imap, facts, rest, is_whole);
	} else if (text_is(tag, "+")) {
		imap->has_plus = true;
		literal_go(imap);
		sasl_challenge(&imap->clear.sasl);
	} else if (imap_is_tag(tag)) {
		tagged_note(imap, facts, tag, rest, is_whole);
	}
}

static void imap_line(struct clear *clear, struct facts *facts, enum direction way,
	const struct line *line)
{
	struct imap *imap = (struct imap *)clear;
	if (way == DIRECTION_TO_SERVER) {
		client_line(imap, facts, line);
	} else {
		server_line(imap, facts, line);
	}
}

static void imap_end(struct clear *clear, struct facts *facts, enum direction way,
	enum lines_item item)
{
	struct imap *imap = (struct imap *)clear;
	(void)item;
	if (way == DIRECTION_TO_SERVER && imap->is_login_open) {
		const struct claims held = claims_hold(facts);
		login_note(imap, facts, 1);
		if (imap->claims.is_open) {
			imap_claims_take(
				&imap->claims, imap->literal_tag, facts, &held);
		}
	}
}

static void imap_lost(struct clear *clear, struct facts *facts, enum direction way)
{
	struct imap *imap = (struct imap *)clear;
	(void)facts;
	imap->is_continued[way] = false;
	if (way == DIRECTION_TO_CLIENT) {
		literal_go(imap); /* its "+" may be among what was lost */
		imap->is_server_doubted = true;
		imap->has_plus = imap->has_untagged = false;
	} else {
		literal_forget(imap);
		imap->claims.is_open = true;
		imap->is_synced = false;
	}
}

static const struct clear_protocol IMAP_PROTOCOL = {
	.line = imap_line,
	.passed = imap_passed,
	.end = imap_end,
	.gap = imap_lost,
};

static void imap_start(void *state, struct facts *facts)
{
	struct imap *imap = state;
	clear_start(&imap->clear, facts, &IMAP_PROTOCOL);
	imap->is_synced = !facts->is_midstream;
	imap->claims.is_open = facts->is_midstream;
	imap->is_server_doubted = facts->is_midstream;
}

static void imap_ended(void *state, struct facts *facts)
{
	struct imap *imap = state;
	if (!facts->has_server_bytes) { /* there is nobody to ask */
		imap_claims_answer_all(&imap->claims, &imap->clear, facts);
	}
	octets_end(&imap->octets);
}

static size_t imap_bytes(void *state, struct facts *facts, enum direction way,
	struct text bytes, enum analyze_next *next)
{
	return clear_bytes(state, facts, way, bytes, next);
}

static void imap_gap(
	void *state, struct facts *facts, enum direction way, uint64_t missing)
{
	clear_gap(state, facts, way, missing);
}

const struct analyzer ANALYZER_IMAP = {
	.name = "imap",
	.state_bytes = sizeof(struct imap),
	.start = imap_start,
	.bytes = imap_bytes,
	.gap = imap_gap,
	.ended = imap_ended,
	.turn = clear_begin_turned,
	.clear_again = clear_again,
};
