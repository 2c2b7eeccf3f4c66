#include "analyze/note.h"
#include "analyze/smtp.h"

#include <string.h>

#define MASKED_GREETING 8 /* asterisks in a row (FACTS: Cisco's inspection) */

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

bool smtp_reply_parse(struct text line, uint16_t *code, bool *is_last)
{
	if (line.len < 3 || line.at[0] < '2' || line.at[0] > '5' ||
		!is_digit(line.at[1]) || !is_digit(line.at[2])) {
		return false;
	}
	if (line.len > 3 && line.at[3] != ' ' && line.at[3] != '-') {
		return false;
	}
	*code = (uint16_t)((line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 +
			   (line.at[2] - '0'));
	*is_last = line.len == 3 || line.at[3] == ' ';
	return true;
}

static void greeting_note(struct smtp *smtp, struct facts *facts, uint16_t code)
{
	smtp->has_greeting = true;
	facts->is_early_talker = facts->has_client_bytes;
	if (code != 220) {
		note_refused(facts);
		note_policy(facts, code);
	}
}

/* Host name of "220 host ...", unless a middlebox wrote over it. */
static void banner_note(struct facts *facts, struct text text)
{
	const struct text host = text_word(&text);
	size_t stars = 0;
	while (stars < host.len && host.at[stars] == '*') {
		stars++;
	}
	if (stars >= MASKED_GREETING) {
		note_starttls(facts, FACTS_STARTTLS_MASKED_GREETING);
	} else if (facts->banner_host[0] == '\0') {
		text_copy_letters(facts->banner_host, sizeof(facts->banner_host), host);
	}
}

/* RFC 5321 section 4.1.1.1: one keyword a line; "AUTH=LOGIN PLAIN" is the form before RFC 2554. */
static void capability_note(struct smtp *smtp, struct facts *facts, struct text line)
{
	const struct text keyword = text_word(&line);
	if (text_is(keyword, "STARTTLS")) {
		note_starttls_offered(facts);
	} else if (text_is(keyword, "CHUNKING")) {
		smtp->has_chunking = true;
	} else if (text_is(keyword, "AUTH")) {
		note_mechanisms(facts, line);
	} else if (text_starts(keyword, "AUTH=")) {
		note_mechanisms(facts, (struct text){keyword.at + 5, keyword.len - 5});
		note_mechanisms(facts, line);
	} else if (note_is_masked(keyword)) {
		note_starttls(facts, FACTS_STARTTLS_MASKED);
	}
}

static bool is_greeting(
	const struct smtp *smtp, const struct facts *facts, uint16_t code)
{
	if (smtp->has_greeting) {
		return false;
	}
	if (facts->is_midstream || smtp->is_greeting_lost) {
		return code == 220 && smtp->clear.starttls == CLEAR_STARTTLS_NONE;
	}
	return true;
}

/* RFC 4954 section 4 says 334; some servers prompt with another 3yz of RFC 5321. */
static bool is_challenge(const struct smtp *smtp, uint16_t code)
{
	return code == 334 ||
	       (code / 100 == 3 && code != 354 && smtp->clear.sasl.mechanism != 0);
}

/* RFC 4954 section 6, and what some servers say to MAIL: "authentication required". */
static bool is_login_refusal(const struct smtp *smtp, uint16_t code)
{
	const int first = pending_first(&smtp->pending);
	return code == 535 && (first == SMTP_VERB_AUTH || first <= SMTP_VERB_OTHER);
}

/* Replies whose code names the verb they answer, wherever the queue stands. */
static int verb_by_code(struct smtp *smtp, uint16_t code, bool is_last)
{
	if (is_challenge(smtp, code) || is_login_refusal(smtp, code)) {
		code = 334;
	}
	switch (code) {
	case 220:
		if (pending_reach(&smtp->pending, SMTP_VERB_STARTTLS) ||
			smtp->clear.starttls == CLEAR_STARTTLS_REQUESTED) {
			return SMTP_VERB_STARTTLS;
		}
		return pending_reach(&smtp->pending, SMTP_VERB_XCLIENT)
			       ? SMTP_VERB_XCLIENT
			       : SMTP_VERB_OTHER;
	case 235:
	case 334:
		(void)pending_reach(&smtp->pending, SMTP_VERB_AUTH);
		return SMTP_VERB_AUTH;
	case 354:
		if (pending_first(&smtp->pending) == SMTP_VERB_XEXCH50) {
			return SMTP_VERB_XEXCH50;
		}
		return pending_reach(&smtp->pending, SMTP_VERB_DATA) ? SMTP_VERB_DATA
								     : SMTP_VERB_BODY;
	case 250:
		if (is_last) {
			return -1;
		}
		if (pending_reach(&smtp->pending, SMTP_VERB_LHLO) ||
			pending_reach(&smtp->pending, SMTP_VERB_EHLO)) {
			return SMTP_VERB_EHLO;
		}
		return -1;
	default:
		return -1;
	}
}

/* A 250 never answers these: the queue is out of step, leave them. */
static bool is_impossible(int verb, uint16_t code)
{
	return code < 300 && (verb == SMTP_VERB_DATA || verb == SMTP_VERB_STARTTLS ||
				     verb == SMTP_VERB_AUTH);
}

/*
 * RFC 3207 section 4: 220 is the go-ahead. To something else, 250 or the answer to the next
 * command, some clients begin TLS all the same; who goes on in clear was refused.
 */
static void go_ahead_note(struct smtp *smtp, const struct facts *facts, int verb)
{
	if (verb == SMTP_VERB_STARTTLS && !facts->is_midstream && facts->gaps == 0) {
		smtp->is_go_ahead_odd = true;
		pending_drop(&smtp->pending);
	}
}

static enum smtp_verb reply_verb(
	struct smtp *smtp, const struct facts *facts, uint16_t code, bool is_last)
{
	int verb = verb_by_code(smtp, code, is_last);
	if (verb < 0) {
		verb = pending_first(&smtp->pending);
		if (is_impossible(verb, code)) {
			go_ahead_note(smtp, facts, verb);
			return SMTP_VERB_OTHER;
		}
	}
	if (verb < 0) {
		/* the client's side was not captured: only EHLO is answered in many lines */
		const bool is_list =
			code == 250 && !is_last && !facts->has_client_bytes;
		if (smtp->clear.lines[DIRECTION_TO_SERVER].body != LINES_BODY_NONE) {
			smtp->is_answered = true;
		}
		return is_list ? SMTP_VERB_EHLO : SMTP_VERB_OTHER;
	}
	const int first = pending_first(&smtp->pending);
	const bool is_its =
		first == verb || (verb == SMTP_VERB_EHLO && first == SMTP_VERB_LHLO);
	if (!is_challenge(smtp, code) && is_its) {
		pending_drop(&smtp->pending);
	}
	return (enum smtp_verb)verb;
}

/* RFC 5321 section 4.1.1.4: text follows 354; never the verb alone. */
static void data_note(
	struct smtp *smtp, struct facts *facts, uint16_t code, bool is_mine)
{
	const struct lines *lines = &smtp->clear.lines[DIRECTION_TO_SERVER];
	if (code != 354) {
		if (smtp->expect == SMTP_EXPECT_DATA) {
			smtp->expect = SMTP_EXPECT_COMMAND;
		}
		return;
	}
	/* whether or not the client's side was captured: mail crosses now */
	note_content(facts);
	if (!facts->has_client_bytes) {
		note_message(facts);
		smtp->unheard = (uint8_t)(smtp->unheard + (smtp->unheard < UINT8_MAX));
	} else {
		smtp->unheard = 0;
	}
	const bool is_expected =
		smtp->expect == SMTP_EXPECT_DATA || (!is_mine && !smtp->is_synced);
	if (!is_expected || lines->body != LINES_BODY_NONE || lines->raw_left > 0) {
		return;
	}
	if (!is_mine) { /* DATA was not seen */
		smtp->is_crlf = !lines->has_bare_lf;
	}
	if (lines_at_start(lines)) {
		smtp_data_begin(smtp, facts);
	} else {
		smtp->expect = SMTP_EXPECT_TEXT;
	}
}

static void octets_end(struct smtp *smtp, uint16_t code)
{
	if (smtp->expect != SMTP_EXPECT_OCTETS) {
		return;
	}
	smtp->expect = SMTP_EXPECT_COMMAND;
	if (code == 354 && lines_at_start(&smtp->clear.lines[DIRECTION_TO_SERVER])) {
		lines_raw(&smtp->clear.lines[DIRECTION_TO_SERVER], smtp->octets);
	}
}

static void hello_end(struct smtp *smtp, struct facts *facts, uint16_t code)
{
	if (code == 250 && smtp->is_list_whole) {
		smtp->has_list = true;
		note_capabilities(facts);
	}
	if (code == 250) {
		facts->is_ehlo_denied = false; /* not for good */
	}
	if (code >= 400) {
		smtp->has_ehlo = false;
		facts->is_ehlo_denied =
			smtp->is_ehlo_plain && facts->starttls_offered == FACTS_UNKNOWN;
	}
}

static void auth_end(struct smtp *smtp, struct facts *facts, uint16_t code)
{
	if (is_challenge(smtp, code)) {
		sasl_challenge(&smtp->clear.sasl);
	} else {
		sasl_outcome(&smtp->clear.sasl, facts, code == 235);
	}
}

/* Of what a policy is asked: a sender, a recipient, a mail. */
static bool is_of_mail(uint8_t verb)
{
	return verb == SMTP_VERB_MAIL || verb == SMTP_VERB_RCPT ||
	       verb == SMTP_VERB_DATA || verb == SMTP_VERB_BDAT ||
	       verb == SMTP_VERB_BODY;
}

static void reply_end(
	struct smtp *smtp, struct facts *facts, uint16_t code, struct text text)
{
	switch ((enum smtp_verb)smtp->reply_verb) {
	case SMTP_VERB_EHLO:
	case SMTP_VERB_LHLO:
		hello_end(smtp, facts, code);
		break;
	case SMTP_VERB_HELO:
		facts->is_ehlo_refused |= code == 250 && smtp->is_helo_again;
		break;
	case SMTP_VERB_MASKED:
		if (code == 500 || code == 502) {
			note_starttls(facts, FACTS_STARTTLS_MASKED_VERB);
		}
		break;
	case SMTP_VERB_STARTTLS:
		clear_starttls_answer(&smtp->clear, facts, code == 220);
		break;
	case SMTP_VERB_AUTH:
		auth_end(smtp, facts, code);
		break;
	case SMTP_VERB_MAIL:
		/* without any HELO as well: the refusal was the other command's */
		facts->is_ehlo_refused |= code == 250 && facts->is_ehlo_denied;
		break;
	case SMTP_VERB_RCPT:
		smtp->recipients_ok += code < 300;
		break;
	case SMTP_VERB_DATA:
		data_note(smtp, facts, code, true);
		break;
	case SMTP_VERB_BODY:
		data_note(smtp, facts, code, false);
		if (code != 354) {
			smtp_text_answer(smtp, facts, code, text);
		}
		break;
	case SMTP_VERB_BDAT:
		if (code >= 400) {
			smtp_chunk_refused(smtp, facts, code);
		}
		smtp_text_answer(smtp, facts, code, text);
		break;
	case SMTP_VERB_XEXCH50:
		octets_end(smtp, code);
		break;
	default:
		break;
	}
}

/* What an FTP server says to USER, PASS, AUTH TLS, FEAT and SYST: RFC 959, RFC 4217 */
static bool is_ftp_answer(uint16_t code)
{
	return code == 331 || code == 230 || code == 234 || code == 211 || code == 215;
}

/*
 * A yes, and none to what asks for nothing: hello, RSET, NOOP, HELP, VRFY and QUIT (RFC 5321
 * section 4.1.1). 354 is one whatever it answers.
 */
static bool is_taken(const struct smtp *smtp, uint16_t code)
{
	if (code == 354) {
		return true;
	}
	if (code >= 300 || code == 211 || code == 214 || code == 221) {
		return false;
	}
	switch ((enum smtp_verb)smtp->reply_verb) {
	case SMTP_VERB_EHLO:
	case SMTP_VERB_HELO:
	case SMTP_VERB_LHLO:
	case SMTP_VERB_RSET:
	case SMTP_VERB_QUIT:
	case SMTP_VERB_KNOWN:
		return false;
	default:
		return true;
	}
}

static void reply_begin(struct smtp *smtp, struct facts *facts, uint16_t code,
	bool is_last, struct text text)
{
	smtp->reply_code = code;
	smtp->reply_lines = 0;
	smtp->is_list_whole = true;
	if (is_greeting(smtp, facts, code)) {
		greeting_note(smtp, facts, code);
		banner_note(facts, text);
		smtp->reply_verb = SMTP_VERB_OTHER;
		return;
	}
	smtp->has_greeting = true;
	if (smtp->is_foreign && facts->helo[0] == '\0' && is_ftp_answer(code)) {
		smtp->clear.next = ANALYZE_NOT_MINE;
	}
	/* 421 comes unasked: RFC 5321 section 3.8 */
	facts->has_said_more |= code != 421 && !facts->has_content_clear &&
				pending_first(&smtp->pending) < 0;
	smtp->reply_verb = (uint8_t)reply_verb(smtp, facts, code, is_last);
	facts->is_mail_taken |= is_taken(smtp, code);
	smtp_claims_reply(smtp, facts, code, is_last);
}

void smtp_reply_line(struct smtp *smtp, struct facts *facts, const struct line *line)
{
	uint16_t code = 0;
	bool is_last = false;
	if (!smtp_reply_parse(line->text, &code, &is_last)) {
		return;
	}
	struct text text = {line->text.at + 3, line->text.len - 3};
	if (text.len > 0) {
		text.at++;
		text.len--;
	}
	if (smtp->reply_code != code) {
		reply_begin(smtp, facts, code, is_last, text);
		smtp->is_list_whole &= !line->is_doubtful;
	} else if (smtp->reply_verb == SMTP_VERB_EHLO && code == 250) {
		capability_note(smtp, facts, text);
		smtp->is_list_whole &= !line->is_cut;
	}
	if (smtp->reply_lines < UINT8_MAX) {
		smtp->reply_lines++;
	}
	if (is_last) {
		if (is_of_mail(smtp->reply_verb)) {
			note_policy(facts, code);
		}
		reply_end(smtp, facts, code, text);
		smtp->reply_code = 0;
	}
}
