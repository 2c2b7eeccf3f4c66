#include "analyze/clear.h"
#include "analyze/note.h"
#include "analyze/tls.h"

#include <string.h>

#define RECORD_HEADER_BYTES 5

_Static_assert(FACTS_ROOM_BYTES == LINES_BYTES, "a whole line fits");

void clear_start(
	struct clear *clear, struct facts *facts, const struct clear_protocol *protocol)
{
	clear->protocol = protocol;
	lines_begin(&clear->lines[DIRECTION_TO_SERVER], clear->room, CLEAR_ROOM_BYTES);
	lines_begin(&clear->lines[DIRECTION_TO_CLIENT],
		facts->session.server_certificate.room, FACTS_ROOM_BYTES);
	clear->lines[0].is_squeezing = clear->lines[1].is_squeezing = true;
}

/*
 * TLS where a line would begin. No line of text starts with these bytes, so the
 * answer holds whatever the ladder says and whichever side was captured. Only an
 * SSLv2 hello could be text in some 8-bit character set: it needs the request.
 */
static bool is_tls_start(const struct clear *clear, struct text rest)
{
	const bool is_type = rest.at[0] >= 20 && rest.at[0] <= 23;
	if (!is_type) {
		return rest.at[0] >= 0x80 && clear->starttls != CLEAR_STARTTLS_NONE &&
		       tls_looks_like_client_hello(rest.at, rest.len);
	}
	if (rest.len >= RECORD_HEADER_BYTES) {
		return tls_looks_like_record(rest.at, rest.len);
	}
	return rest.len == 1 || rest.at[1] == 3;
}

/* "454 ...", "-ERR ...", "* BYE ...", "NO ...": what servers say of a handshake that failed. */
static bool is_error(struct text line)
{
	return line.at[0] == '4' || line.at[0] == '5' || text_starts(line, "-ERR") ||
	       text_starts(line, "* BYE") || text_starts(line, "* BAD") ||
	       text_starts(line, "NO ") || text_starts(line, "BYE");
}

/* A server may say in clear that the handshake failed; anything else it may not. */
static void server_text_note(struct clear *clear, struct facts *facts, struct text rest)
{
	static const char STARTS[] = "45-*NB";
	if (clear->starttls != CLEAR_STARTTLS_ACCEPTED || clear->is_error_behind ||
		(facts->starttls & FACTS_STARTTLS_FAILED) != 0) {
		return;
	}
	clear->is_error_due = memchr(STARTS, rest.at[0], sizeof(STARTS) - 1) != NULL;
	if (!clear->is_error_due) {
		note_starttls(facts, FACTS_STARTTLS_INJECTED_SERVER);
	}
}

static void server_line_note(struct clear *clear, struct facts *facts, struct text line)
{
	if (!clear->is_error_due) {
		return;
	}
	clear->is_error_due = false;
	clear->is_error_behind = line.len > 0 && is_error(line);
	if (!clear->is_error_behind) {
		note_starttls(facts, FACTS_STARTTLS_INJECTED_SERVER);
	}
}

/* A client whose handshake failed takes its leave in clear: nothing is said with it. */
static bool is_farewell(struct text line)
{
	static const char *const WORDS[] = {"QUIT", "LOGOUT", "RSET", "NOOP"};
	const struct text first = text_word(&line);
	const struct text second = text_word(&line); /* behind a tag of IMAP */
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		if (second.len == 0 ? text_is(first, WORDS[i])
				    : text_is(second, WORDS[i]) && line.len == 0) {
			return true;
		}
	}
	return first.len == 0;
}

static void client_line_note(struct clear *clear, struct facts *facts, struct text line)
{
	if (clear->is_clear_due && !is_farewell(line)) {
		clear->is_clear_due = false;
		note_starttls(facts, FACTS_STARTTLS_CLEAR_AFTER);
	}
}

/* Text, where TLS might have begun. */
static void text_note(
	struct clear *clear, struct facts *facts, enum direction way, struct text rest)
{
	if (clear->starttls == CLEAR_STARTTLS_NONE) {
		return;
	}
	if (way == DIRECTION_TO_CLIENT) {
		server_text_note(clear, facts, rest);
		return;
	}
	if (clear->starttls == CLEAR_STARTTLS_REQUESTED) {
		clear->is_clear_behind |= !clear->is_maybe_tls[way];
		return;
	}
	clear->starttls = CLEAR_STARTTLS_NONE;
	clear->is_clear_due = true;
}

/* Take one item off the front of *rest and hand it to the protocol. */
static enum lines_item item_next(
	struct clear *clear, struct facts *facts, enum direction way, struct text *rest)
{
	struct line line;
	struct text passed = *rest;
	const bool is_passing =
		clear->protocol->passed != NULL && lines_is_passing(&clear->lines[way]);
	if (facts->session.server_certificate.visibility != FACTS_SEEN) {
		lines_make_room(&clear->lines[way],
			&clear->lines[direction_reverse(way)], rest->len);
	}
	const enum lines_item item = lines_next(&clear->lines[way], rest, &line);
	passed.len -= rest->len;
	if (is_passing &&
		passed.len > 0) { /* the end may show without a byte of its own */
		clear->protocol->passed(clear, facts, way, passed);
	}
	if (item == LINES_LINE) {
		clear->has_line[way] = true;
		const bool was_turned = clear->is_turned;
		if (way == DIRECTION_TO_CLIENT) {
			server_line_note(clear, facts, line.text);
		} else {
			client_line_note(clear, facts, line.text);
		}
		clear->protocol->line(clear, facts, way, &line);
		if (clear->is_turned == was_turned) { /* else a reply, and elsewhere */
			lines_forget(&clear->lines[way], &line);
		}
	} else if (item != LINES_MORE) {
		clear->protocol->end(clear, facts, way, item);
	}
	return item;
}

/*
 * The server's go-ahead makes it TLS. Without one an intruder could hide commands in
 * what a server takes for a bad line, so only a hello that is answered will do; where
 * bytes are missing the go-ahead may be among them.
 */
static bool is_tls_agreed(const struct clear *clear, const struct facts *facts)
{
	return clear->starttls == CLEAR_STARTTLS_ACCEPTED || facts->gaps > 0;
}

/* TLS begins. What was tried as TLS before the go-ahead was none: it was pipelined. */
static void text_ended(struct clear *clear, struct facts *facts, enum direction way)
{
	if (way == DIRECTION_TO_SERVER && clear->is_maybe_tls[way] &&
		clear->starttls == CLEAR_STARTTLS_ACCEPTED) {
		note_starttls(facts, FACTS_STARTTLS_INJECTED_CLIENT);
	}
	if (way == DIRECTION_TO_CLIENT && clear->is_error_behind) {
		note_starttls(facts, FACTS_STARTTLS_INJECTED_SERVER); /* TLS comes */
	}
}

/* Where a line begins: does TLS, too? */
static enum analyze_next line_begin(
	struct clear *clear, struct facts *facts, enum direction way, struct text rest)
{
	const bool is_tls = is_tls_start(clear, rest);
	if (is_tls && is_tls_agreed(clear, facts)) {
		text_ended(clear, facts, way);
		return ANALYZE_START_TLS;
	}
	const bool is_news = is_tls && !clear->is_maybe_tls[way];
	clear->is_maybe_tls[way] |= is_tls;
	text_note(clear, facts, way, rest);
	return is_news ? ANALYZE_MAYBE_TLS : ANALYZE_GO_ON;
}

/* What this way is for: commands or replies. */
static enum direction role_of(const struct clear *clear, enum direction way)
{
	return clear->is_turned ? direction_reverse(way) : way;
}

/* There are too many lines to read: the rest of what came is as good as lost. */
static void rest_lost(struct clear *clear, struct facts *facts, enum direction role)
{
	note_unread(facts, role);
	lines_gap(&clear->lines[role], 0);
	clear->protocol->gap(clear, facts, role);
}

/* True while the next item may be taken; left: of LINES_AT_ONCE. A body is passed to its end. */
static bool may_go_on(const struct clear *clear, enum direction way, ptrdiff_t left)
{
	return left > 0 || lines_is_passing(&clear->lines[role_of(clear, way)]);
}

size_t clear_bytes(struct clear *clear, struct facts *facts, enum direction way,
	struct text bytes, enum analyze_next *next)
{
	struct text rest = bytes;
	size_t tls_at = bytes.len;
	ptrdiff_t left = LINES_AT_ONCE(bytes.len);
	*next = ANALYZE_GO_ON;
	while (rest.len > 0 && clear->next == ANALYZE_GO_ON) {
		const enum direction role = role_of(clear, way);
		const enum analyze_next begun =
			lines_at_start(&clear->lines[role])
				? line_begin(clear, facts, role, rest)
				: ANALYZE_GO_ON;
		if (begun != ANALYZE_GO_ON) {
			*next = begun;
			tls_at = bytes.len - rest.len;
		}
		if (begun == ANALYZE_START_TLS) {
			return tls_at;
		}
		left -= lines_cost(item_next(clear, facts, role, &rest));
		if (rest.len > 0 && !may_go_on(clear, way, left)) {
			rest_lost(clear, facts, role_of(clear, way));
			break;
		}
	}
	if (clear->next != ANALYZE_GO_ON) {
		*next = (enum analyze_next)clear->next;
	}
	return *next == ANALYZE_MAYBE_TLS ? tls_at : bytes.len;
}

void clear_again(void *state, enum direction way)
{
	struct clear *clear = state;
	const enum direction role = role_of(clear, way);
	clear->is_maybe_tls[role] = false;
	if (role == DIRECTION_TO_SERVER &&
		clear->starttls == CLEAR_STARTTLS_REQUESTED) {
		clear->is_clear_behind = true;
	}
}

void clear_lend(void *state, enum direction way)
{
	struct clear *clear = state;
	struct lines *lines = &clear->lines[role_of(clear, way)];
	if (lines->bytes == clear->room) {
		lines_exchange(
			lines, &clear->lines[direction_reverse(role_of(clear, way))]);
	}
}

void clear_drop(void *state, enum direction way)
{
	struct clear *clear = state;
	lines_drop(&clear->lines[role_of(clear, way)]);
}

void clear_lent(void *state)
{
	struct clear *clear = state;
	for (unsigned role = 0; role < 2; role++) {
		if (clear->lines[role].bytes != clear->room) {
			clear->lines[role].len = 0; /* texts are in its room */
			clear->lines[role].is_cut = false;
		}
	}
}

void clear_gap(
	struct clear *clear, struct facts *facts, enum direction way, uint64_t missing)
{
	const enum direction role = role_of(clear, way);
	const bool was_raw = clear->lines[role].raw_left > 0;
	lines_gap(&clear->lines[role], missing);
	if (was_raw && clear->lines[role].raw_left > 0) {
		/* the hole lies inside octets: no line is lost with it */
		if (clear->protocol->passed != NULL) {
			clear->protocol->passed(
				clear, facts, role, (struct text){.len = 0});
		}
		return;
	}
	clear->protocol->gap(clear, facts, role);
}

void clear_turn(struct clear *clear, struct facts *facts)
{
	const struct lines lines = clear->lines[0];
	clear->lines[0] = clear->lines[1];
	clear->lines[1] = lines;
	clear->has_line[0] = clear->has_line[1] = true;
	clear->is_maybe_tls[0] = clear->is_maybe_tls[1] = false;
	clear->starttls = CLEAR_STARTTLS_NONE;
	clear->sasl = (struct sasl){0};
	clear->is_turned = !clear->is_turned;
	facts->is_turned = clear->is_turned;
}

void clear_begin_turned(void *state, struct facts *facts)
{
	struct clear *clear = state;
	clear->is_turned = true;
	facts->is_turned = true;
}

void clear_starttls_request(struct clear *clear, struct facts *facts)
{
	clear->starttls = CLEAR_STARTTLS_REQUESTED;
	clear->is_clear_behind = false;
	clear->is_clear_due = false;
	clear->is_error_due = false;
	clear->is_error_behind = false;
	if (facts_is_content_clear(facts) || facts->auth_accepted == FACTS_YES ||
		facts->is_preauth) {
		note_starttls(facts, FACTS_STARTTLS_MISPLACED);
	}
	note_starttls(facts, FACTS_STARTTLS_REQUESTED);
}

void clear_starttls_answer(struct clear *clear, struct facts *facts, bool is_accepted)
{
	clear->starttls = CLEAR_STARTTLS_NONE;
	if (!is_accepted) {
		note_starttls(facts, FACTS_STARTTLS_REFUSED);
		return;
	}
	clear->starttls = CLEAR_STARTTLS_ACCEPTED;
	note_starttls_offered(facts);
	note_starttls(facts, FACTS_STARTTLS_ACCEPTED);
	if (clear->is_clear_behind) {
		note_starttls(facts, FACTS_STARTTLS_INJECTED_CLIENT);
	}
}

void clear_flush_greeting(struct clear *clear, struct facts *facts)
{
	struct line line;
	if (clear->has_line[DIRECTION_TO_CLIENT] ||
		!lines_flush(&clear->lines[DIRECTION_TO_CLIENT], &line)) {
		return;
	}
	clear->has_line[DIRECTION_TO_CLIENT] = true;
	clear->protocol->line(clear, facts, DIRECTION_TO_CLIENT, &line);
}
