#include "audit/probe_words.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* What is read: a greeting, or the answer to a command. */
enum reading { READING_GREETING = 0, READING_LIST, READING_ANSWER };

/* Takes one answer, whole; what it offers goes into the offer. */
typedef enum probe_result answer_read(
	struct probe_link *link, enum reading reading, struct probe_offer *offer);

struct probe_words {
	const char *list;  /* NULL: the greeting is it */
	bool names_itself; /* in that */
	const char *starttls;
	const char *noop; /* said in clear behind STARTTLS */
	const char *leave;
	/* a line that begins so answers that noop; NULL: any one more */
	const char *answered;
	answer_read *read;
	bool has_bare_lf;
	bool lists_unasked; /* its list comes again behind the handshake */
};

/* RFC 3501, 2.2.1: of every command but the one in clear. */
#define TAG "a1"

static struct text line_of(const struct probe_link *link)
{
	return text_from(link->line);
}

static enum probe_result say_odd(struct probe_link *link)
{
	(void)reason_set(
		&link->why, "no answer that this protocol has: %.120s", link->line);
	return PROBE_ODD;
}

/* The server's own words are the reason. */
static enum probe_result quote(struct probe_link *link, enum probe_result result)
{
	if (result != PROBE_DONE) {
		(void)reason_set(&link->why, "%.160s", link->line);
	}
	return result;
}

static void note_sign_in(struct probe_offer *offer, struct text mechanism)
{
	static const char *const REUSABLE[] = {
		"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "USER"};
	size_t used = strlen(offer->sign_in);
	for (size_t i = 0; i < sizeof(REUSABLE) / sizeof(REUSABLE[0]); i++) {
		if (text_is(mechanism, REUSABLE[i]) &&
			!strstr(offer->sign_in, REUSABLE[i])) {
			(void)snprintf(offer->sign_in + used,
				sizeof(offer->sign_in) - used, "%s%s",
				used > 0 ? " " : "", REUSABLE[i]);
		}
	}
}

static void note_mechanisms(struct probe_offer *offer, struct text rest)
{
	struct text word;
	while ((word = text_word(&rest)).len > 0) {
		note_sign_in(offer, word);
	}
}

/* "XXXXXXXA" (Cisco), "********": FACTS of a middlebox that overwrites what it refuses. */
static bool is_masked(struct text word)
{
	size_t len = 0;
	while (len < word.len && (word.at[len] == 'X' || word.at[len] == '*')) {
		len++;
	}
	return len >= 4 && word.len - len <= 1;
}

static void note_word(struct probe_offer *offer, struct text word)
{
	offer->has_starttls |= text_is(word, "STARTTLS") || text_is(word, "STLS");
	offer->has_requiretls |= text_is(word, "REQUIRETLS");
	offer->has_chunking |= text_is(word, "CHUNKING");
	offer->is_login_disabled |= text_is(word, "LOGINDISABLED");
	offer->is_masked |= is_masked(word);
}

/* One keyword of SMTP or POP3, and what stands behind it. */
static void note_keyword(struct probe_offer *offer, struct text line)
{
	const struct text word = text_word(&line);
	note_word(offer, word);
	if (text_is(word, "AUTH") || text_is(word, "SASL")) {
		note_mechanisms(offer, line);
	} else if (text_starts(word, "AUTH=")) { /* as servers said before RFC 2554 */
		note_sign_in(offer, (struct text){word.at + 5, word.len - 5});
		note_mechanisms(offer, line);
	} else if (text_is(word, "USER")) {
		note_sign_in(offer, word);
	}
}

/* "250-SIZE": the code, or -1. */
static int reply_code(struct text line)
{
	uint64_t code = 0;
	if (line.len < 3 || (line.len > 3 && line.at[3] != ' ' && line.at[3] != '-') ||
		!text_number((struct text){line.at, 3}, 599, &code) || code < 200) {
		return -1;
	}
	return (int)code;
}

static enum probe_result smtp_result(int code)
{
	if (code == 421) {
		return PROBE_BUSY;
	}
	return code < 400 ? PROBE_DONE : PROBE_REFUSED;
}

/* RFC 5321, section 4.2. */
static enum probe_result read_smtp(
	struct probe_link *link, enum reading reading, struct probe_offer *offer)
{
	for (unsigned i = 0; i < PROBE_LINES_MAX; i++) {
		const enum probe_result result = probe_link_line(link);
		if (result != PROBE_DONE) {
			return result;
		}
		struct text line = line_of(link);
		const int code = reply_code(line);
		if (code < 0) {
			return say_odd(link);
		}
		const bool is_last = line.len == 3 || line.at[3] == ' ';
		text_advance(&line, line.len == 3 ? 3 : 4);
		if (reading == READING_LIST && i > 0) { /* the first names the server */
			note_keyword(offer, line);
		}
		if (reading == READING_GREETING) {
			offer->is_masked |= is_masked(text_word(&line));
		}
		if (is_last) {
			return quote(link, smtp_result(code));
		}
	}
	(void)reason_set(&link->why, "its answer has too many lines");
	return PROBE_ODD;
}

static void note_imap(struct probe_offer *offer, struct text line)
{
	struct text word;
	while ((word = text_word(&line)).len > 0) {
		note_word(offer, word);
		if (text_starts(word, "AUTH=")) {
			note_sign_in(offer, (struct text){word.at + 5, word.len - 5});
		}
	}
	if (!offer->is_login_disabled) {
		note_sign_in(offer, text_from("LOGIN"));
	}
}

static enum probe_result read_imap_greeting(
	struct probe_link *link, struct probe_offer *offer)
{
	const struct text line = line_of(link);
	offer->is_preauthenticated = text_starts(line, "* PREAUTH");
	if (text_starts(line, "* BYE")) {
		return quote(link, PROBE_BUSY);
	}
	return text_starts(line, "* OK") || offer->is_preauthenticated ? PROBE_DONE
								       : say_odd(link);
}

/* Untagged lines up to the one with the tag: RFC 9051, section 7. */
static enum probe_result read_imap(
	struct probe_link *link, enum reading reading, struct probe_offer *offer)
{
	for (unsigned i = 0; i < PROBE_LINES_MAX; i++) {
		const enum probe_result result = probe_link_line(link);
		if (result != PROBE_DONE) {
			return result;
		}
		struct text line = line_of(link);
		if (reading == READING_GREETING) {
			return read_imap_greeting(link, offer);
		}
		if (text_starts(line, TAG " ")) {
			return quote(link, text_starts(line, TAG " OK")
						   ? PROBE_DONE
						   : PROBE_REFUSED);
		}
		if (!text_starts(line, "* ")) {
			return say_odd(link);
		}
		if (reading == READING_LIST && text_starts(line, "* CAPABILITY ")) {
			text_advance(&line, strlen("* CAPABILITY "));
			note_imap(offer, line);
		}
	}
	(void)reason_set(&link->why, "its answer has too many lines");
	return PROBE_ODD;
}

/* The lines of a list, up to one of a dot alone: RFC 2449, section 5. */
static enum probe_result read_pop3_list(
	struct probe_link *link, struct probe_offer *offer)
{
	for (unsigned i = 0; i < PROBE_LINES_MAX; i++) {
		const enum probe_result result = probe_link_line(link);
		if (result != PROBE_DONE) {
			return result;
		}
		if (strcmp(link->line, ".") == 0) {
			return PROBE_DONE;
		}
		note_keyword(offer, line_of(link));
	}
	(void)reason_set(&link->why, "its answer has too many lines");
	return PROBE_ODD;
}

static enum probe_result read_pop3(
	struct probe_link *link, enum reading reading, struct probe_offer *offer)
{
	const enum probe_result result = probe_link_line(link);
	if (result != PROBE_DONE) {
		return result;
	}
	if (text_starts(line_of(link), "-ERR")) {
		return quote(
			link, reading == READING_GREETING ? PROBE_BUSY : PROBE_REFUSED);
	}
	if (!text_starts(line_of(link), "+OK")) {
		return say_odd(link);
	}
	return reading == READING_LIST ? read_pop3_list(link, offer) : PROBE_DONE;
}

/* "SASL" "PLAIN LOGIN": the words, blanks for quotes. */
static void note_sieve(struct probe_offer *offer, char *line)
{
	for (char *at = line; *at != '\0'; at++) {
		if (*at == '"') {
			*at = ' ';
		}
	}
	note_keyword(offer, text_from(line));
}

/* RFC 5804, sections 1.2 and 1.7. */
static enum probe_result read_sieve(
	struct probe_link *link, enum reading reading, struct probe_offer *offer)
{
	for (unsigned i = 0; i < PROBE_LINES_MAX; i++) {
		const enum probe_result result = probe_link_line(link);
		if (result != PROBE_DONE) {
			return result;
		}
		const struct text line = line_of(link);
		if (text_starts(line, "OK")) {
			return PROBE_DONE;
		}
		if (text_starts(line, "NO") || text_starts(line, "BYE")) {
			return quote(link, line.at[0] == 'B' || line.at[0] == 'b'
						   ? PROBE_BUSY
						   : PROBE_REFUSED);
		}
		if (reading == READING_ANSWER || line.len == 0 || line.at[0] != '"') {
			return say_odd(link);
		}
		note_sieve(offer, link->line);
	}
	(void)reason_set(&link->why, "its answer has too many lines");
	return PROBE_ODD;
}

static const struct probe_words SMTP = {.list = "EHLO",
	.names_itself = true,
	.starttls = "STARTTLS\r\n",
	.noop = "NOOP\r\n",
	.leave = "QUIT\r\n",
	.read = read_smtp,
	.has_bare_lf = true};

static const struct probe_words LMTP = {.list = "LHLO",
	.names_itself = true,
	.starttls = "STARTTLS\r\n",
	.noop = "NOOP\r\n",
	.leave = "QUIT\r\n",
	.read = read_smtp,
	.has_bare_lf = true};

static const struct probe_words IMAP = {.list = TAG " CAPABILITY",
	.starttls = TAG " STARTTLS\r\n",
	.noop = "b2 NOOP\r\n",
	.leave = TAG " LOGOUT\r\n",
	.answered = "b2 ",
	.read = read_imap};

static const struct probe_words POP3 = {.list = "CAPA",
	.starttls = "STLS\r\n",
	.noop = "NOOP\r\n",
	.leave = "QUIT\r\n",
	.read = read_pop3};

static const struct probe_words SIEVE = {.starttls = "STARTTLS\r\n",
	.noop = "NOOP \"b2\"\r\n",
	.leave = "LOGOUT\r\n",
	.read = read_sieve,
	.lists_unasked = true};

const struct probe_words *probe_words_of(enum protocol protocol)
{
	switch (protocol_row(protocol)->family) {
	case PROTOCOL_SMTP:
		return &SMTP;
	case PROTOCOL_LMTP:
		return &LMTP;
	case PROTOCOL_IMAP:
		return &IMAP;
	case PROTOCOL_POP3:
		return &POP3;
	case PROTOCOL_SIEVE:
		return &SIEVE;
	default:
		return NULL;
	}
}

enum probe_result probe_greeting(const struct probe_words *words,
	struct probe_link *link, struct probe_offer *offer)
{
	*offer = (struct probe_offer){.has_starttls = false};
	return words->read(link, READING_GREETING, offer);
}

enum probe_result probe_list(const struct probe_words *words, struct probe_link *link,
	struct probe_offer *offer)
{
	char own[ADDRESS_TEXT_BYTES + 8] = "";
	char line[sizeof(own) + 32];
	const bool is_masked_greeting = offer->is_masked;
	if (!words->list) {
		return PROBE_DONE; /* the greeting was it */
	}
	*offer = (struct probe_offer){.is_masked = is_masked_greeting,
		.is_preauthenticated = offer->is_preauthenticated};
	if (words->names_itself) {
		probe_link_own_name(link, own, sizeof(own));
	}
	(void)snprintf(line, sizeof(line), "%s%s%s\r\n", words->list,
		words->names_itself ? " " : "", own);
	const enum probe_result result = probe_link_write(link, line);
	return result != PROBE_DONE ? result : words->read(link, READING_LIST, offer);
}

static enum probe_result ask(
	const struct probe_words *words, struct probe_link *link, const char *line)
{
	struct probe_offer none;
	const enum probe_result result = probe_link_write(link, line);
	return result != PROBE_DONE ? result : words->read(link, READING_ANSWER, &none);
}

enum probe_result probe_starttls(
	const struct probe_words *words, struct probe_link *link)
{
	return ask(words, link, words->starttls);
}

void probe_leave(const struct probe_words *words, struct probe_link *link)
{
	(void)ask(words, link, words->leave); /* whatever it says, that is the end */
	probe_link_close(link);
}

enum probe_result probe_starttls_and_more(
	const struct probe_words *words, struct probe_link *link)
{
	char both[64];
	(void)snprintf(both, sizeof(both), "%s%s", words->starttls, words->noop);
	return ask(words, link, both);
}

/* "250-SIZE": there is more of this answer. */
static bool goes_on(const struct probe_words *words, struct text line)
{
	return words->read == read_smtp && line.len > 3 && line.at[3] == '-';
}

/* How many answers come up to the end of the connection. */
static enum probe_result count_answers(const struct probe_words *words,
	struct probe_link *link, unsigned *count, bool *is_answered)
{
	*count = 0;
	*is_answered = false;
	for (unsigned i = 0; i < PROBE_LINES_MAX; i++) {
		const enum probe_result result = probe_link_line(link);
		if (result != PROBE_DONE) { /* the end, whichever it is */
			return *count > 0 ? PROBE_DONE : result;
		}
		*is_answered |=
			words->answered && text_starts(line_of(link), words->answered);
		*count += !goes_on(words, line_of(link));
	}
	return PROBE_DONE;
}

enum probe_result probe_look_for_more(
	const struct probe_words *words, struct probe_link *link, bool *is_answered)
{
	unsigned count = 0;
	enum probe_result result = PROBE_DONE;
	if (words->lists_unasked) {
		struct probe_offer offer = {.has_starttls = false};
		result = words->read(link, READING_GREETING, &offer);
	}
	if (result == PROBE_DONE) {
		result = probe_link_write(link, words->leave);
	}
	if (result == PROBE_DONE) {
		result = count_answers(words, link, &count, is_answered);
	}
	if (!words->answered) {
		*is_answered = count > 1;
	}
	return result;
}

bool probe_has_bare_lf(const struct probe_words *words)
{
	return words->has_bare_lf;
}

enum probe_result probe_bare_lf(
	const struct probe_words *words, struct probe_link *link, bool *is_taken)
{
	unsigned count = 0;
	bool is_answered = false;
	*is_taken = false;
	enum probe_result result = probe_link_write(link, "NOOP\nNOOP\r\n");
	if (result == PROBE_DONE) { /* a server that refuses such lines hangs up */
		(void)probe_link_write(link, words->leave);
		result = count_answers(words, link, &count, &is_answered);
	}
	*is_taken = count > 2;
	return result == PROBE_LOST ? PROBE_DONE : result;
}
