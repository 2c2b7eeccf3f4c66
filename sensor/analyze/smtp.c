#include "analyze/smtp.h"

#include "analyze/dialogue.h"
#include "analyze/note.h"
#include "base/address.h"

#include <string.h>

_Static_assert(sizeof(struct smtp) <= ANALYZER_STATE_BYTES, "smtp state must fit");

void smtp_data_begin(struct smtp *smtp, struct facts *facts)
{
	smtp->expect = SMTP_EXPECT_COMMAND;
	smtp->has_text = true;
	smtp->is_answered = false;
	lines_body(&smtp->clear.lines[DIRECTION_TO_SERVER], false);
	smtp_text_begin(smtp, facts, true);
}

static void text_end(struct smtp *smtp, struct facts *facts)
{
	smtp_text_end(smtp, facts);
	smtp->has_text = false;
	smtp->is_synced = true;
	if (smtp->is_answered) {
		smtp->is_answered = false;
		return;
	}
	/* RFC 2033 section 4.2: one reply for each recipient that was accepted */
	uint32_t replies = 1;
	if (facts->protocol == PROTOCOL_LMTP && smtp->recipients_ok > 1) {
		replies = smtp->recipients_ok < 1000 ? smtp->recipients_ok : 1000;
	}
	pending_add_many(&smtp->pending, SMTP_VERB_BODY, (uint16_t)replies);
}

/* A name that no server has a reason to refuse (RFC 5321 section 4.1.3), which facts hold whole. */
static bool is_plain_host(struct text host)
{
	for (size_t i = 0; i < host.len; i++) {
		const uint8_t byte = host.at[i];
		const bool is_letter =
			(byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
		if (!is_letter && (byte < '0' || byte > '9') && byte != '-' &&
			byte != '.') {
			return false;
		}
	}
	return host.len > 0 && host.len < FACTS_HOST_BYTES;
}

/*
 * Where EHLO with a plain name is refused and HELO with the same one is not, it was no
 * fault of the name: the server knows no EHLO, or somebody between says so.
 */
static void hello_compare(struct smtp *smtp, struct facts *facts,
	const struct smtp_command *command, struct text host)
{
	const bool is_plain = command->is_certain && is_plain_host(host);
	if (command->verb != SMTP_VERB_HELO) {
		smtp->is_ehlo_plain = is_plain && facts->has_server_bytes;
		return;
	}
	smtp->is_helo_again =
		facts->is_ehlo_denied && is_plain && text_is(host, facts->helo);
	facts->is_ehlo_denied = smtp->is_helo_again; /* else its name may be why */
}

static void hello_note(
	struct smtp *smtp, struct facts *facts, const struct smtp_command *command)
{
	struct text rest = command->argument;
	const struct text host = text_word(&rest);
	hello_compare(smtp, facts, command, host);
	/* the last one holds: a client greets again after EHLO was refused or TLS was not used */
	if (host.len > 0) {
		text_copy_letters(facts->helo, sizeof(facts->helo), host);
	}
	smtp->expect = SMTP_EXPECT_COMMAND;
	smtp->has_ehlo |= command->verb != SMTP_VERB_HELO;
	facts->is_helo_only = !smtp->has_ehlo;
	if (command->verb == SMTP_VERB_LHLO) {
		facts->protocol = PROTOCOL_LMTP;
	}
}

void smtp_sender_note(struct smtp *smtp, struct facts *facts, struct text argument)
{
	if (text_starts(argument, "FROM:")) {
		argument.at += 5;
		argument.len -= 5;
	}
	argument = text_trim(argument);
	smtp->has_sender = !text_starts(argument, "<>");
	const struct text domain = smtp_path_domain(argument);
	note_domain(smtp->sender, domain);
	if (domain.len > 0 && facts->mail_from_domain[0] == '\0') {
		text_copy_letters(facts->mail_from_domain,
			sizeof(facts->mail_from_domain), domain);
	}
	while (argument.len > 0) {
		const struct text word = text_word(&argument);
		facts->has_requiretls_clear |= text_is(word, "REQUIRETLS");
	}
}

static void mail_note(struct smtp *smtp, struct facts *facts, struct text argument)
{
	smtp->recipients_ok = 0;
	smtp->has_text = false;
	smtp_sender_note(smtp, facts, argument);
	note_content(facts);
}

/* "BDAT size [LAST]" and no more: a server answers 501 to anything else and goes on. */
static bool is_chunk(struct text argument, uint64_t *size)
{
	const struct text number = text_word(&argument);
	for (size_t i = 0; i < number.len; i++) {
		if (number.at[i] < '0' || number.at[i] > '9') {
			return false;
		}
	}
	const struct text last = text_trim(argument);
	return text_number(number, UINT64_MAX, size) &&
	       (last.len == 0 || text_is(last, "LAST"));
}

/* RFC 3030 section 2: exactly this many octets follow the line, where the server offers it. */
static void bdat_note(struct smtp *smtp, struct facts *facts, struct text argument)
{
	uint64_t size = 0;
	if (!is_chunk(argument, &size) || (smtp->has_list && !smtp->has_chunking)) {
		return;
	}
	lines_raw(&smtp->clear.lines[DIRECTION_TO_SERVER], size);
	facts->is_mail_taken = true; /* no reply but a plain 250 would show it */
	if (!smtp->has_text) {
		smtp->has_text = true;
		smtp_text_begin(smtp, facts, false);
	}
	(void)text_word(&argument);
	smtp->is_last_chunk = text_is(text_trim(argument), "LAST");
	if (smtp->is_last_chunk) {
		smtp->has_text = false;
	}
	if (smtp->is_last_chunk && size == 0) {
		smtp_text_end(smtp, facts);
	}
}

/* RFC 4468 section 3: what the server fetches by itself is not seen; LAST ends the message. */
static void burl_note(struct smtp *smtp, struct facts *facts, struct text argument)
{
	facts->is_mail_taken = true;
	if (!smtp->has_text) {
		smtp_text_begin(smtp, facts, false);
	}
	smtp_text_lost(smtp);
	(void)text_word(&argument);
	smtp->has_text = !text_is(text_trim(argument), "LAST");
}

/* Postfix XCLIENT_README, XFORWARD_README: IPv6 addresses carry the prefix "IPV6:". */
static void real_client_note(struct facts *facts, struct text argument)
{
	struct text value = smtp_attribute(argument, "ADDR=");
	if (text_starts(value, "IPV6:")) {
		value.at += 5;
		value.len -= 5;
	}
	char text[ADDRESS_TEXT_BYTES];
	struct address address;
	text_copy(text, sizeof(text), value);
	if (value.len < sizeof(text) && address_parse(text, &address)) {
		(void)address_text(&address, facts->real_client);
	}
}

/* True when the line was an AUTH of SMTP; "AUTH TLS" is FTP (RFC 4217). */
static bool auth_note(struct smtp *smtp, struct facts *facts, struct text argument)
{
	const struct text mechanism = text_word(&argument);
	const bool is_ftp = text_is(mechanism, "TLS") || text_is(mechanism, "SSL");
	if (is_ftp && facts->helo[0] == '\0') {
		smtp->is_foreign = true;
	}
	if (mechanism.len == 0 || is_ftp) {
		return false;
	}
	sasl_start(&smtp->clear.sasl, facts, mechanism, text_trim(argument));
	return true;
}

static void octets_note(
	struct smtp *smtp, const struct facts *facts, struct text argument)
{
	uint64_t size = 0;
	if (!text_number(argument, UINT32_MAX, &size)) {
		return;
	}
	if (!facts->has_server_bytes) {
		lines_raw(&smtp->clear.lines[DIRECTION_TO_SERVER], size);
		return;
	}
	smtp->octets = (uint32_t)size;
	smtp->expect = SMTP_EXPECT_OCTETS;
}

/* As long as STARTTLS: a middlebox writes over a verb and keeps its length (FACTS 1). */
static bool is_masked_starttls(struct text word)
{
	return word.len == sizeof("STARTTLS") - 1 && note_is_masked(word);
}

/* USER, PASS and FEAT are FTP, POP3 or nothing known: never SMTP before HELO. */
static enum smtp_verb other_note(
	struct smtp *smtp, const struct facts *facts, struct text line)
{
	struct text rest = line;
	const struct text word = text_word(&rest);
	smtp->is_foreign |= facts->helo[0] == '\0' && facts->rcpt_count == 0 &&
			    (text_is(word, "USER") || text_is(word, "PASS") ||
				    text_is(word, "FEAT") || text_is(word, "SYST"));
	return is_masked_starttls(word) ? SMTP_VERB_MASKED : SMTP_VERB_OTHER;
}

/* RFC 3207 section 4: alone on its line, behind EHLO; a server may refuse it otherwise. */
static void starttls_note(
	struct smtp *smtp, struct facts *facts, const struct smtp_command *command)
{
	if (!command->is_certain || !smtp->has_ehlo) {
		note_starttls(facts, FACTS_STARTTLS_MISPLACED);
	}
	clear_starttls_request(&smtp->clear, facts);
}

static enum smtp_verb command_note(struct smtp *smtp, struct facts *facts,
	const struct smtp_command *command, struct text line)
{
	switch (command->verb) {
	case SMTP_VERB_EHLO:
	case SMTP_VERB_HELO:
	case SMTP_VERB_LHLO:
		hello_note(smtp, facts, command);
		break;
	case SMTP_VERB_MAIL:
		mail_note(smtp, facts, command->argument);
		break;
	case SMTP_VERB_RCPT:
		facts->rcpt_count++;
		note_content(facts);
		break;
	case SMTP_VERB_DATA:
		smtp->expect = SMTP_EXPECT_DATA;
		smtp->is_crlf = !smtp->clear.lines[DIRECTION_TO_SERVER].has_bare_lf;
		break;
	case SMTP_VERB_BDAT:
		bdat_note(smtp, facts, command->argument);
		break;
	case SMTP_VERB_BURL:
		burl_note(smtp, facts, command->argument);
		return SMTP_VERB_BDAT; /* and is answered as that is */
	case SMTP_VERB_RSET:
		smtp->has_text = false;
		if (smtp->text_state == SMTP_TEXT_OPEN) {
			smtp_text_lost(smtp);
		}
		break;
	case SMTP_VERB_AUTH:
		if (!auth_note(smtp, facts, command->argument)) {
			return SMTP_VERB_OTHER;
		}
		break;
	case SMTP_VERB_STARTTLS:
		starttls_note(smtp, facts, command);
		break;
	case SMTP_VERB_XCLIENT:
	case SMTP_VERB_XFORWARD:
		real_client_note(facts, command->argument);
		break;
	case SMTP_VERB_XEXCH50:
		octets_note(smtp, facts, command->argument);
		break;
	case SMTP_VERB_OTHER:
		return other_note(smtp, facts, line);
	default:
		break;
	}
	return command->verb;
}

/* A line of the text whose beginning only now became certain. */
static void text_line(struct smtp *smtp, struct facts *facts, struct text line)
{
	static const struct text LINE_END = {(const uint8_t *)"\r\n", 2};
	smtp_data_begin(smtp, facts);
	smtp_text_bytes(smtp, facts, line);
	smtp_text_bytes(smtp, facts, LINE_END);
	if (text_is(line, ".")) {
		smtp->clear.lines[DIRECTION_TO_SERVER].body = LINES_BODY_NONE;
		text_end(smtp, facts);
	}
}

/*
 * Lines before the first certain verb: the capture began, or lost bytes, inside a
 * message. Only its end and certain verbs mean something.
 */
static bool is_lost_text(struct smtp *smtp, struct facts *facts,
	const struct smtp_command *command, const struct line *line)
{
	if (command->is_certain) {
		const bool is_hello = command->verb <= SMTP_VERB_LHLO;
		return is_hello && facts->helo[0] != '\0' && smtp->has_text;
	}
	if (smtp->is_synced && !smtp->claims.is_open) {
		return false;
	}
	smtp_claims_drop(smtp, facts);
	if (text_is(line->text, ".") && !line->is_doubtful) {
		if (!smtp->has_text) {
			smtp_message_note(smtp, facts);
		}
		smtp_claims_forget(smtp); /* no letter holds this line */
		text_end(smtp, facts);
	}
	return true;
}

/* What a probe says, or what shows by itself that it is none. RFC 5321 section 4.1.1. */
static bool is_small_talk(const struct smtp_command *command, struct text line)
{
	const struct text word = text_word(&line);
	switch (command->verb) {
	case SMTP_VERB_EHLO:
	case SMTP_VERB_HELO:
	case SMTP_VERB_LHLO:
	case SMTP_VERB_RSET:
	case SMTP_VERB_QUIT:
	case SMTP_VERB_STARTTLS:
	case SMTP_VERB_MAIL:
	case SMTP_VERB_RCPT:
		return true;
	default:
		return text_is(word, "NOOP") || text_is(word, "HELP");
	}
}

static void command_line(
	struct smtp *smtp, struct facts *facts, const struct line *line)
{
	struct sasl *sasl = &smtp->clear.sasl;
	if (smtp->expect == SMTP_EXPECT_TEXT) {
		text_line(smtp, facts, line->text);
		return;
	}
	const struct smtp_command command = smtp_command_parse(line->text);
	const bool is_more =
		!facts->has_content_clear && !is_small_talk(&command, line->text);
	facts->is_other_talk |= is_more && command.verb == SMTP_VERB_OTHER &&
				!smtp->has_ehlo && facts->helo[0] == '\0' &&
				facts->auth_tried == 0;
	facts->has_said_more |= is_more;
	if (sasl->mechanism != 0 && !line->is_doubtful &&
		(sasl->is_asked ||
			(!command.is_certain && sasl_is_response(line->text)))) {
		sasl_response(sasl, facts, line->text);
		return;
	}
	if (smtp->expect == SMTP_EXPECT_DATA && !command.is_certain) {
		if (smtp->claims.is_open && text_is(line->text, ".")) {
			(void)is_lost_text(smtp, facts, &command, line);
			return; /* DATA was a line of the text that ends here */
		}
		/* where the server is captured its 354 begins the text: it may yet refuse */
		if (!facts->has_server_bytes || facts->gaps > 0 ||
			text_is(line->text, ".")) {
			text_line(smtp, facts, line->text);
		}
		return;
	}
	if (is_lost_text(smtp, facts, &command, line)) {
		return;
	}
	smtp->is_synced = true;
	smtp->expect = SMTP_EXPECT_COMMAND;
	if (smtp->is_go_ahead_odd) {
		smtp->is_go_ahead_odd = false;
		clear_starttls_answer(&smtp->clear, facts, false);
	}
	smtp->claims.has_command |= (smtp->claims.is_odd || smtp->claims.has_odd_end) &&
				    smtp_is_smuggled(&command);
	pending_add(&smtp->pending, command_note(smtp, facts, &command, line->text));
}

static void client_line(struct smtp *smtp, struct facts *facts, const struct line *line)
{
	clear_flush_greeting(&smtp->clear, facts);
	if (line->is_doubtful) {
		smtp_claims_open(smtp);
	} else if (smtp->expect == SMTP_EXPECT_DATA) {
		smtp_claims_behind_data(smtp, facts);
	}
	if (smtp->claims.is_behind_data || smtp->claims.has_odd_end) {
		smtp_claims_burst_line(smtp, line);
	}
	if (smtp_claims_end_line(smtp, facts, line->text)) {
		return;
	}
	if (!smtp->claims.is_open) {
		command_line(smtp, facts, line);
		return;
	}
	struct smtp_held held;
	smtp_claims_hold(facts, &held);
	command_line(smtp, facts, line);
	smtp_claims_take(smtp, facts, &held);
}

/*
 * A server that says EHLO or MAIL, and a client that answers 250: they changed roles
 * (TURN of RFC 821, ATRN of RFC 2645), or had them the other way round all along.
 */
static bool is_turning(struct smtp *smtp, enum direction way, const struct line *line)
{
	uint16_t code = 0;
	bool is_last = false;
	const bool is_reply = smtp_reply_parse(line->text, &code, &is_last);
	if (way == DIRECTION_TO_CLIENT && !is_reply && !line->is_doubtful) {
		const struct smtp_command command = smtp_command_parse(line->text);
		const bool is_sender = command.verb >= SMTP_VERB_EHLO &&
				       command.verb <= SMTP_VERB_MAIL;
		smtp->turn_verb = is_sender && command.is_certain
					  ? (uint8_t)command.verb
					  : SMTP_VERB_OTHER;
	}
	return way == DIRECTION_TO_SERVER && smtp->turn_verb != SMTP_VERB_OTHER &&
	       is_reply && code == 250;
}

/* The line at hand is the reply to what the new client said first. */
static void roles_turn(struct smtp *smtp, struct facts *facts, const struct line *line)
{
	smtp->claims = (struct smtp_claims){0};
	smtp->expect = SMTP_EXPECT_COMMAND;
	smtp->reply_code = 0;
	smtp->is_synced = true;
	smtp->has_greeting = true;
	smtp->has_ehlo = smtp->turn_verb != SMTP_VERB_HELO;
	pending_clear(&smtp->pending);
	pending_add(&smtp->pending, smtp->turn_verb);
	if (smtp->turn_verb == SMTP_VERB_MAIL) {
		note_content(facts);
	}
	smtp->turn_verb = SMTP_VERB_OTHER;
	smtp_reply_line(smtp, facts, line);
	clear_turn(&smtp->clear, facts); /* last: the line is borrowed from it */
}

/*
 * The server's first word to a client that did not wait for it is no reply and no command
 * that turns the roles: it speaks another protocol. RFC 5321 section 4.2.
 */
static bool is_other_server(
	const struct smtp *smtp, const struct facts *facts, const struct line *line)
{
	const struct text text = line->text;
	return !smtp->has_greeting && smtp->turn_verb == SMTP_VERB_OTHER &&
	       facts->has_client_bytes && !facts->is_midstream && facts->gaps == 0 &&
	       !line->is_doubtful && text.len > 0 &&
	       (text.at[0] < '0' || text.at[0] > '9');
}

static void smtp_line(struct clear *clear, struct facts *facts, enum direction way,
	const struct line *line)
{
	struct smtp *smtp = (struct smtp *)clear;
	if (is_turning(smtp, way, line)) {
		roles_turn(smtp, facts, line);
	} else if (way == DIRECTION_TO_SERVER) {
		client_line(smtp, facts, line);
	} else if (is_other_server(smtp, facts, line)) {
		clear->next = ANALYZE_NOT_MINE;
	} else {
		smtp_reply_line(smtp, facts, line);
	}
}

/* Empty where octets were lost. */
static void smtp_passed(
	struct clear *clear, struct facts *facts, enum direction way, struct text bytes)
{
	struct smtp *smtp = (struct smtp *)clear;
	if (way != DIRECTION_TO_SERVER || smtp->text_state != SMTP_TEXT_OPEN) {
		return;
	}
	if (bytes.len > 0) {
		smtp_text_bytes(smtp, facts, bytes);
	} else {
		smtp_text_lost(smtp);
	}
}

static void smtp_end(struct clear *clear, struct facts *facts, enum direction way,
	enum lines_item item)
{
	struct smtp *smtp = (struct smtp *)clear;
	if (way != DIRECTION_TO_SERVER) {
		return;
	}
	if (item == LINES_BODY_END) {
		text_end(smtp, facts);
		if (smtp->is_crlf && clear->lines[way].is_odd_end) {
			smtp_claims_odd_end(smtp);
		}
	} else if (smtp->is_last_chunk) {
		smtp_text_end(smtp, facts);
	}
}

static void smtp_lost(struct clear *clear, struct facts *facts, enum direction way)
{
	struct smtp *smtp = (struct smtp *)clear;
	pending_clear(&smtp->pending);
	if (way == DIRECTION_TO_SERVER) {
		smtp_text_lost(smtp);
		smtp->has_sender = false;
		smtp->is_synced = false;
		smtp->expect = SMTP_EXPECT_COMMAND;
		smtp_claims_lost(smtp, facts);
		return;
	}
	smtp->is_greeting_lost = !smtp->has_greeting;
	smtp->is_list_whole = false;
	smtp->reply_code = 0;
}

static const struct clear_protocol SMTP_PROTOCOL = {
	.line = smtp_line,
	.passed = smtp_passed,
	.end = smtp_end,
	.gap = smtp_lost,
};

static void smtp_start(void *state, struct facts *facts)
{
	struct smtp *smtp = state;
	clear_start(&smtp->clear, facts, &SMTP_PROTOCOL);
	smtp->is_synced = !facts->is_midstream;
	smtp->claims.is_open = facts->is_midstream;
}

static void smtp_ended(void *state, struct facts *facts)
{
	smtp_claims_end(state, facts);
}

static size_t smtp_bytes(void *state, struct facts *facts, enum direction way,
	struct text bytes, enum analyze_next *next)
{
	struct smtp *smtp = state;
	const enum direction client =
		smtp->clear.is_turned ? DIRECTION_TO_CLIENT : DIRECTION_TO_SERVER;
	size_t passed = 0;
	if (way == client && smtp->claims.is_chunk) {
		passed = smtp_chunk_bytes(smtp, facts, bytes);
		text_advance(&bytes, passed);
	}
	return passed + clear_bytes(state, facts, way, bytes, next);
}

static void smtp_gap(
	void *state, struct facts *facts, enum direction way, uint64_t missing)
{
	clear_gap(state, facts, way, missing);
}

const struct analyzer ANALYZER_SMTP = {
	.name = "smtp",
	.state_bytes = sizeof(struct smtp),
	.start = smtp_start,
	.bytes = smtp_bytes,
	.gap = smtp_gap,
	.turn = clear_begin_turned,
	.clear_again = clear_again,
	.ended = smtp_ended,
};
