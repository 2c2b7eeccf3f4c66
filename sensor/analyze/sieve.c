#include "analyze/claims.h"
#include "analyze/clear.h"
#include "analyze/dialogue.h"
#include "analyze/note.h"
#include "analyze/octets.h"
#include "analyze/pending.h"

#include <string.h>

/* ManageSieve, RFC 5804. Strings are quoted or literals "{n+}"; replies are OK, NO and BYE. */

enum sieve_verb {
	SIEVE_VERB_OTHER = 0,
	SIEVE_VERB_KNOWN,
	SIEVE_VERB_CONTENT, /* scripts: what filters a person's mail */
	SIEVE_VERB_CAPABILITY,
	SIEVE_VERB_STARTTLS,
	SIEVE_VERB_AUTHENTICATE,
};

#define MECHANISM_BYTES 20 /* RFC 4422 section 3.1 */

/* What a server that refused a literal may have read in its octets. */
struct sieve_hidden {
	struct octets octets;
	struct pending pending; /* commands in there: the first, when they are many */
	struct claims claims;
	struct sasl sasl;
	bool is_name_due; /* the next line begins with a mechanism's name */
};

struct sieve {
	struct clear clear; /* first member */
	struct pending pending;
	struct sieve_hidden hidden;
	bool is_continued[2]; /* the next line goes on after a literal */
	bool is_literal_response;
	uint8_t mechanism_len; /* of a literal that the next line begins with; or 0 */
	bool is_list;          /* capability lines are being read */
	bool is_list_whole;
	bool is_authenticated;
	bool is_synced; /* client lines are known to be commands */
	bool has_greeting;
	uint16_t early_len; /* of an unfinished line that was ahead of the greeting */
};

_Static_assert(sizeof(struct sieve) <= ANALYZER_STATE_BYTES, "sieve state must fit");

static const struct text_word_row *const VERBS[TEXT_WORD_LISTS] = {
	[TEXT_WORD_LIST('A')] = TEXT_WORDS({"AUTHENTICATE", SIEVE_VERB_AUTHENTICATE}),
	[TEXT_WORD_LIST('C')] = TEXT_WORDS({"CAPABILITY", SIEVE_VERB_CAPABILITY},
		{"CHECKSCRIPT", SIEVE_VERB_CONTENT}),
	[TEXT_WORD_LIST('D')] = TEXT_WORDS({"DELETESCRIPT", SIEVE_VERB_CONTENT}),
	[TEXT_WORD_LIST('G')] = TEXT_WORDS({"GETSCRIPT", SIEVE_VERB_CONTENT}),
	[TEXT_WORD_LIST('H')] = TEXT_WORDS({"HAVESPACE", SIEVE_VERB_CONTENT}),
	[TEXT_WORD_LIST('L')] = TEXT_WORDS(
		{"LOGOUT", SIEVE_VERB_KNOWN}, {"LISTSCRIPTS", SIEVE_VERB_CONTENT}),
	[TEXT_WORD_LIST('N')] = TEXT_WORDS({"NOOP", SIEVE_VERB_KNOWN}),
	[TEXT_WORD_LIST('P')] = TEXT_WORDS({"PUTSCRIPT", SIEVE_VERB_CONTENT}),
	[TEXT_WORD_LIST('R')] = TEXT_WORDS({"RENAMESCRIPT", SIEVE_VERB_CONTENT}),
	[TEXT_WORD_LIST('S')] = TEXT_WORDS(
		{"STARTTLS", SIEVE_VERB_STARTTLS}, {"SETACTIVE", SIEVE_VERB_CONTENT}),
	[TEXT_WORD_LIST('U')] = TEXT_WORDS({"UNAUTHENTICATE", SIEVE_VERB_KNOWN}),
};

static enum sieve_verb verb_parse(struct text word)
{
	return (enum sieve_verb)text_find(word, VERBS, SIEVE_VERB_OTHER);
}

/* Cut a quoted string (its inside) or a word off the front; RFC 5804 section 4. */
static struct text string_next(struct text *rest)
{
	*rest = text_trim(*rest);
	if (rest->len == 0 || rest->at[0] != '"') {
		return text_word(rest);
	}
	size_t len = 1;
	while (len < rest->len && rest->at[len] != '"') {
		len += rest->at[len] == '\\' ? 2 : 1;
	}
	len = len < rest->len ? len : rest->len;
	const struct text inside = {.at = rest->at + 1, .len = len - 1};
	len += len < rest->len;
	rest->at += len;
	rest->len -= len;
	return inside;
}

/* "{n}" or "{n+}" at the end of a line. */
static bool literal_parse(struct text line, uint64_t *size)
{
	size_t open = line.len;
	while (open > 0 && line.at[open - 1] != '{') {
		open--;
	}
	return open > 0 && line.at[line.len - 1] == '}' &&
	       text_number((struct text){line.at + open, line.len - open}, UINT64_MAX,
		       size);
}

/* All that was hidden ahead of it is settled, where nothing else waits for its reply. */
static void hidden_begin(struct sieve *sieve)
{
	const struct pending *pending = &sieve->pending;
	if (!sieve->hidden.octets.is_open) {
		if (pending->len == 1 && pending->counts[0] == 1) {
			sieve->hidden = (struct sieve_hidden){.is_name_due = false};
		}
		octets_begin(&sieve->hidden.octets);
	}
}

static uint64_t literal_note(struct sieve *sieve, enum direction way, struct text tail)
{
	uint64_t size = 0;
	sieve->is_continued[way] = literal_parse(tail, &size);
	if (!sieve->is_continued[way]) {
		return 0;
	}
	if (way == DIRECTION_TO_SERVER) {
		hidden_begin(sieve);
	}
	lines_raw(&sieve->clear.lines[way], size);
	return size;
}

/* What stands behind the name of a mechanism: ["initial" | {n+}]. */
static void mechanism_note(struct sieve *sieve, struct facts *facts,
	struct text mechanism, struct text rest)
{
	const struct text none = {.at = rest.at, .len = 0};
	rest = text_trim(rest);
	const bool is_literal = text_starts(rest, "{");
	sasl_start(&sieve->clear.sasl, facts, mechanism,
		is_literal ? none : string_next(&rest));
	sieve->is_literal_response = is_literal;
}

/* AUTHENTICATE "PLAIN" or {5+} CRLF PLAIN; RFC 5804 section 2.1. */
static void authenticate_note(
	struct sieve *sieve, struct facts *facts, struct text rest)
{
	uint64_t size = 0;
	if (text_starts(rest, "{") && literal_parse(rest, &size) && size > 0 &&
		size <= MECHANISM_BYTES) {
		sieve->mechanism_len = (uint8_t)size;
		return;
	}
	const struct text mechanism = string_next(&rest);
	mechanism_note(sieve, facts, mechanism, rest);
}

static void command_note(struct sieve *sieve, struct facts *facts, enum sieve_verb verb,
	struct text rest)
{
	switch (verb) {
	case SIEVE_VERB_STARTTLS:
		clear_starttls_request(&sieve->clear, facts);
		break;
	case SIEVE_VERB_AUTHENTICATE:
		authenticate_note(sieve, facts, rest);
		break;
	case SIEVE_VERB_CONTENT:
		note_content(facts);
		break;
	default:
		break;
	}
}

/* A line of strings only, while an exchange is going on. */
static bool is_sasl_line(
	const struct sieve *sieve, enum sieve_verb verb, const struct line *line)
{
	return sieve->clear.sasl.mechanism != 0 && !line->is_doubtful &&
	       verb == SIEVE_VERB_OTHER && line->text.len > 0 &&
	       (line->text.at[0] == '"' || line->text.at[0] == '{');
}

static void sasl_line(struct sieve *sieve, struct facts *facts, const struct line *line)
{
	struct text rest = line->text;
	if (rest.at[0] == '{') {
		sieve->is_literal_response =
			literal_note(sieve, DIRECTION_TO_SERVER, line->tail) > 0;
		return;
	}
	sasl_response(&sieve->clear.sasl, facts, string_next(&rest));
}

/* The octets of the literal, and what goes on behind it. */
static void mechanism_line(
	struct sieve *sieve, struct facts *facts, const struct line *line)
{
	const size_t len = sieve->mechanism_len < line->text.len ? sieve->mechanism_len
								 : line->text.len;
	const struct text mechanism = {line->text.at, len};
	const struct text rest = {line->text.at + len, line->text.len - len};
	sieve->mechanism_len = 0;
	mechanism_note(sieve, facts, mechanism, rest);
	const uint64_t size = literal_note(sieve, DIRECTION_TO_SERVER, line->tail);
	sieve->is_literal_response &= size > 0;
}

/* "PLAIN" ["initial" | {n+}] in octets. */
static void hidden_exchange(
	struct sieve_hidden *hidden, struct facts *facts, struct text rest)
{
	static const struct text UNREAD = {(const uint8_t *)"-", 1};
	hidden->is_name_due = text_starts(rest, "{");
	if (hidden->is_name_due) {
		return;
	}
	const struct text mechanism = string_next(&rest);
	rest = text_trim(rest);
	sasl_start(&hidden->sasl, facts, mechanism,
		text_starts(rest, "{") ? UNREAD : string_next(&rest));
}

/* A line of octets, as the server has it that refused them. */
static void hidden_line(
	struct sieve_hidden *hidden, struct facts *facts, struct text line)
{
	struct text rest = line;
	const bool is_string = line.len > 0 && (line.at[0] == '"' || line.at[0] == '{');
	const enum sieve_verb verb = verb_parse(text_word_lenient(&rest));
	if (hidden->is_name_due) {
		hidden_exchange(hidden, facts, line);
		return;
	}
	if (is_string && hidden->sasl.mechanism != 0) {
		sasl_response(&hidden->sasl, facts,
			line.at[0] == '{' ? line : string_next(&line));
	}
	if (is_string || line.len == 0) {
		return;
	}
	if (verb == SIEVE_VERB_AUTHENTICATE) {
		hidden_exchange(hidden, facts, text_trim(rest));
	}
	if (hidden->pending.len < PENDING_ROWS) {
		pending_add(&hidden->pending, verb);
	}
}

static void hidden_bytes(
	struct sieve_hidden *hidden, struct facts *facts, struct text bytes)
{
	ptrdiff_t left = LINES_AT_ONCE(bytes.len);
	struct line line;
	while (octets_line(&hidden->octets, &bytes, &left, &line)) {
		const struct claims held = claims_hold(facts);
		hidden_line(hidden, facts, line.text);
		claims_take(&hidden->claims, facts, &held);
		lines_forget(&hidden->octets.lines, &line);
	}
}

/*
 * The verb of a line, and what is behind it. A server may have dropped what came ahead of
 * its greeting: what stands behind that in the line is a command then.
 */
static enum sieve_verb verb_of(struct sieve *sieve, struct text *rest)
{
	const size_t early_len = sieve->early_len;
	const struct text late = *rest;
	enum sieve_verb verb = verb_parse(text_word(rest));
	sieve->early_len = 0;
	if (verb == SIEVE_VERB_OTHER && early_len > 0 && early_len < late.len) {
		*rest = (struct text){late.at + early_len, late.len - early_len};
		verb = verb_parse(text_word(rest));
	}
	if (verb == SIEVE_VERB_OTHER) {
		*rest = late;
		verb = verb_parse(text_word_lenient(rest));
	}
	return verb;
}

static void command_line(
	struct sieve *sieve, struct facts *facts, const struct line *line)
{
	struct text rest = line->text;
	const enum sieve_verb verb = verb_of(sieve, &rest);
	if (sieve->mechanism_len > 0 && verb == SIEVE_VERB_OTHER) {
		mechanism_line(sieve, facts, line);
		return;
	}
	sieve->mechanism_len = 0; /* refused: no mechanism is named like a command */
	if (sieve->is_continued[DIRECTION_TO_SERVER]) {
		(void)literal_note(sieve, DIRECTION_TO_SERVER, line->tail);
		return;
	}
	if (is_sasl_line(sieve, verb, line)) {
		sasl_line(sieve, facts, line);
		return;
	}
	if (verb == SIEVE_VERB_OTHER && (!sieve->is_synced || line->is_doubtful)) {
		return;
	}
	sieve->is_synced = true;
	pending_add(&sieve->pending, verb);
	command_note(sieve, facts, verb, text_trim(rest));
	if (sieve->mechanism_len > 0) {
		return;
	}
	const uint64_t size = literal_note(sieve, DIRECTION_TO_SERVER, line->tail);
	sieve->is_literal_response &= size > 0;
}

static void client_line(
	struct sieve *sieve, struct facts *facts, const struct line *line)
{
	static const struct text LINE_END = {(const uint8_t *)"\r\n", 2};
	struct octets *octets = &sieve->hidden.octets;
	clear_flush_greeting(&sieve->clear, facts);
	if (octets->is_open) { /* what goes on behind them ends a line of theirs */
		hidden_bytes(&sieve->hidden, facts, line->text);
		hidden_bytes(&sieve->hidden, facts, LINE_END);
	}
	command_line(sieve, facts, line);
	if (!sieve->is_continued[DIRECTION_TO_SERVER]) {
		octets_end(octets);
	}
}

/* RFC 5804 section 1.7: "NAME" or "NAME" "value", one a line. */
static void capability_note(struct sieve *sieve, struct facts *facts, struct text line)
{
	const struct text name = string_next(&line);
	if (text_is(name, "STARTTLS")) {
		note_starttls_offered(facts);
	} else if (text_is(name, "SASL")) {
		note_mechanisms(facts, string_next(&line));
	} else if (note_is_masked(name)) {
		note_starttls(facts, FACTS_STARTTLS_MASKED);
	}
	sieve->is_list |= text_is(name, "IMPLEMENTATION") || text_is(name, "SIEVE");
}

static void string_line(
	struct sieve *sieve, struct facts *facts, const struct line *line)
{
	const int first = pending_first(&sieve->pending);
	if (!sieve->has_greeting || first == SIEVE_VERB_CAPABILITY ||
		!facts->has_client_bytes) {
		capability_note(sieve, facts, line->text);
		sieve->is_list_whole &= !line->is_doubtful;
	} else if (first == SIEVE_VERB_AUTHENTICATE) {
		sasl_challenge(&sieve->clear.sasl);
	} else if (first == SIEVE_VERB_CONTENT) {
		note_content(facts);
	}
}

static void outcome_note(
	struct sieve *sieve, struct facts *facts, int verb, bool is_accepted)
{
	if (verb == SIEVE_VERB_STARTTLS) {
		clear_starttls_answer(&sieve->clear, facts, is_accepted);
	} else if (verb == SIEVE_VERB_AUTHENTICATE) {
		sasl_outcome(&sieve->clear.sasl, facts, is_accepted);
		sieve->is_authenticated |= is_accepted;
	}
}

/* What was taken for octets is lines. */
static void literal_forget(struct sieve *sieve)
{
	struct lines *lines = &sieve->clear.lines[DIRECTION_TO_SERVER];
	if (lines->raw_left > 0) {
		lines_gap(lines, 0);
	}
	sieve->is_continued[DIRECTION_TO_SERVER] = false;
	sieve->is_literal_response = false;
	sieve->mechanism_len = 0;
	octets_end(&sieve->hidden.octets);
}

/* A reply to none of the commands: it answers one in octets that the server took for lines. */
static int hidden_answer(struct sieve *sieve, struct facts *facts)
{
	struct sieve_hidden *hidden = &sieve->hidden;
	const int verb = pending_first(&hidden->pending);
	if (verb < 0 || facts->gaps > 0 || facts->is_midstream) {
		return -1;
	}
	pending_drop(&hidden->pending);
	literal_forget(sieve);
	if (verb == SIEVE_VERB_AUTHENTICATE) {
		hidden->claims.is_open = true;
		claims_settle(&hidden->claims, &sieve->clear, facts, true);
	} else if (verb == SIEVE_VERB_STARTTLS) {
		clear_starttls_request(&sieve->clear, facts);
	}
	return verb;
}

static void reply_note(struct sieve *sieve, struct facts *facts, struct text kind)
{
	const bool is_accepted = text_is(kind, "OK");
	const bool is_before_login = !sieve->is_authenticated && !facts->is_midstream;
	if (is_accepted && sieve->is_list && sieve->is_list_whole && is_before_login) {
		note_capabilities(facts);
	}
	sieve->is_list = false;
	sieve->is_list_whole = true;
	if (!sieve->has_greeting) {
		sieve->has_greeting = true;
		facts->is_early_talker = facts->has_client_bytes;
		sieve->early_len = sieve->clear.lines[DIRECTION_TO_SERVER].len;
		if (!is_accepted) {
			note_refused(facts);
		}
		return;
	}
	int verb = pending_first(&sieve->pending);
	pending_drop(&sieve->pending);
	if (verb < 0 && !text_is(kind, "BYE")) {
		verb = hidden_answer(sieve, facts);
	}
	outcome_note(sieve, facts, verb, is_accepted);
}

static void server_line(
	struct sieve *sieve, struct facts *facts, const struct line *line)
{
	const bool is_continued = sieve->is_continued[DIRECTION_TO_CLIENT];
	(void)literal_note(sieve, DIRECTION_TO_CLIENT, line->tail);
	if (is_continued || line->text.len == 0) {
		return;
	}
	if (line->text.at[0] == '"' || line->text.at[0] == '{') {
		string_line(sieve, facts, line);
		return;
	}
	struct text rest = line->text;
	const struct text kind = text_word(&rest);
	if (text_is(kind, "OK") || text_is(kind, "NO") || text_is(kind, "BYE")) {
		reply_note(sieve, facts, kind);
	}
}

static void sieve_line(struct clear *clear, struct facts *facts, enum direction way,
	const struct line *line)
{
	struct sieve *sieve = (struct sieve *)clear;
	if (way == DIRECTION_TO_SERVER) {
		client_line(sieve, facts, line);
	} else {
		server_line(sieve, facts, line);
	}
}

/* A literal passed: a response of this length came, whatever it says. */
static void sieve_end(struct clear *clear, struct facts *facts, enum direction way,
	enum lines_item item)
{
	static const uint8_t UNREAD[] = {'-'};
	struct sieve *sieve = (struct sieve *)clear;
	(void)item;
	if (way == DIRECTION_TO_SERVER && sieve->is_literal_response) {
		sieve->is_literal_response = false;
		sasl_response(&clear->sasl, facts, (struct text){UNREAD, 1});
	}
}

static void sieve_passed(
	struct clear *clear, struct facts *facts, enum direction way, struct text bytes)
{
	struct sieve *sieve = (struct sieve *)clear;
	if (way == DIRECTION_TO_SERVER && bytes.len == 0) {
		octets_gap(&sieve->hidden.octets);
	} else if (way == DIRECTION_TO_SERVER) {
		hidden_bytes(&sieve->hidden, facts, bytes);
	}
}

static void sieve_lost(struct clear *clear, struct facts *facts, enum direction way)
{
	struct sieve *sieve = (struct sieve *)clear;
	(void)facts;
	pending_clear(&sieve->pending);
	octets_end(&sieve->hidden.octets);
	sieve->hidden = (struct sieve_hidden){.is_name_due = false};
	sieve->is_continued[way] = false;
	if (way == DIRECTION_TO_SERVER) {
		sieve->is_synced = false;
		sieve->is_literal_response = false;
		sieve->mechanism_len = 0;
	} else {
		sieve->is_list_whole = false;
	}
}

static const struct clear_protocol SIEVE_PROTOCOL = {
	.line = sieve_line,
	.passed = sieve_passed,
	.end = sieve_end,
	.gap = sieve_lost,
};

static void sieve_start(void *state, struct facts *facts)
{
	struct sieve *sieve = state;
	clear_start(&sieve->clear, facts, &SIEVE_PROTOCOL);
	sieve->is_synced = !facts->is_midstream;
	sieve->is_list_whole = true;
	sieve->has_greeting = facts->is_midstream;
}

static size_t sieve_bytes(void *state, struct facts *facts, enum direction way,
	struct text bytes, enum analyze_next *next)
{
	return clear_bytes(state, facts, way, bytes, next);
}

static void sieve_gap(
	void *state, struct facts *facts, enum direction way, uint64_t missing)
{
	clear_gap(state, facts, way, missing);
}

const struct analyzer ANALYZER_SIEVE = {
	.name = "sieve",
	.state_bytes = sizeof(struct sieve),
	.start = sieve_start,
	.bytes = sieve_bytes,
	.gap = sieve_gap,
	.turn = clear_begin_turned,
	.clear_again = clear_again,
};
