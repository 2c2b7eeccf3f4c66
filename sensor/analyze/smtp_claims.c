/* Commands of an SMTP client that may as well be lines of a letter. */
#include "analyze/smtp.h"

#include <string.h>

void smtp_claims_forget(struct smtp *smtp)
{
	const struct smtp_claims was = smtp->claims;
	smtp->claims = (struct smtp_claims){0};
	if (!was.is_odd) {
		smtp->claims.has_odd_end = was.has_odd_end;
		smtp->claims.has_command = was.has_command;
	}
}

void smtp_claims_open(struct smtp *smtp)
{
	if (!smtp->claims.is_open) {
		smtp->claims = (struct smtp_claims){.is_open = true};
	}
}

/* Some do not wait for 354, and what they send meanwhile is read line by line. */
void smtp_claims_behind_data(struct smtp *smtp, const struct facts *facts)
{
	if (!smtp->claims.is_open && facts->has_server_bytes && facts->gaps == 0) {
		smtp_claims_forget(smtp);
		smtp->claims.is_open = true;
		smtp->claims.is_behind_data = true;
	}
}

bool smtp_is_smuggled(const struct smtp_command *command)
{
	return command->is_certain && command->verb != SMTP_VERB_QUIT;
}

/* What stands behind the first dot that lone CR, or the ends of the line, set apart; .at NULL: none is. */
static struct text behind_lone_dot(struct text line)
{
	for (size_t i = 0; i < line.len; i++) {
		const bool is_start = i == 0 || line.at[i - 1] == '\r';
		const bool is_last = i + 1 == line.len;
		if (line.at[i] == '.' && is_start &&
			(is_last || line.at[i + 1] == '\r')) {
			text_advance(&line, is_last ? i + 1 : i + 2);
			return line;
		}
	}
	return (struct text){.at = NULL, .len = 0};
}

/* RFC 5321 section 4.1.1.4: the dot stands between CRLF, and so it is no odd end. */
void smtp_claims_burst_line(struct smtp *smtp, const struct line *line)
{
	struct smtp_claims *claims = &smtp->claims;
	const bool is_dot = text_is(line->text, ".");
	const bool is_odd = !is_dot || line->is_bare || claims->is_behind_bare;
	const struct text behind = behind_lone_dot(line->text);
	claims->is_behind_bare = line->is_bare;
	if (behind.at == NULL || !smtp->is_crlf) {
		return;
	}
	claims->has_odd_end = is_odd;
	const struct smtp_command command = smtp_command_parse(behind);
	claims->has_command |= is_odd && smtp_is_smuggled(&command);
}

void smtp_claims_odd_end(struct smtp *smtp)
{
	smtp->claims = (struct smtp_claims){.is_open = true, .is_odd = true};
}

static void claims_close(struct smtp *smtp)
{
	smtp->claims = (struct smtp_claims){0};
	smtp->is_synced = true;
}

static void claims_commit(struct smtp *smtp, struct facts *facts)
{
	const struct smtp_claims *claims = &smtp->claims;
	if (claims->auth_tried != 0) {
		sasl_try(facts, claims->auth_tried);
	}
	facts->auth_secret = (uint16_t)(facts->auth_secret | claims->auth_secret);
	facts->starttls = (uint16_t)(facts->starttls | claims->starttls);
	facts->has_requiretls_clear |= claims->has_requiretls;
	if (claims->protocol != PROTOCOL_UNKNOWN) {
		facts->protocol = (enum protocol)claims->protocol;
	}
	claims_close(smtp);
}

void smtp_claims_drop(struct smtp *smtp, struct facts *facts)
{
	const struct smtp_claims was = smtp->claims;
	if (was.has_helo) {
		facts->helo[0] = '\0';
	}
	if (was.has_domain) {
		facts->mail_from_domain[0] = '\0';
	}
	if ((was.starttls & FACTS_STARTTLS_REQUESTED) != 0) {
		smtp->clear.starttls = CLEAR_STARTTLS_NONE;
	}
	if (was.auth_tried != 0) {
		smtp->clear.sasl = (struct sasl){0};
	}
	smtp->sender[0] = '\0';
	smtp->expect = SMTP_EXPECT_COMMAND;
	/* what was sent before the text, in one burst with it, was no text */
	if (was.is_behind_data) {
		pending_cut(&smtp->pending, SMTP_VERB_DATA);
	} else if (was.is_chunk) {
		pending_cut(&smtp->pending, SMTP_VERB_BDAT);
	} else if (was.is_odd && was.replies == 0) {
		pending_cut(&smtp->pending, SMTP_VERB_BODY);
	} else {
		pending_clear(&smtp->pending);
	}
	smtp->claims = (struct smtp_claims){.is_open = was.is_open,
		.is_behind_data = was.is_behind_data,
		.is_odd = was.is_odd,
		.has_end = was.has_end,
		.has_command = was.has_command,
		.has_odd_end = was.has_odd_end,
		.is_behind_bare = was.is_behind_bare,
		.is_chunk = was.is_chunk,
		.replies = was.replies};
}

/* RFC 5321 section 4.1.1.4: there is one end of data, and this server went by it. */
static void claims_refute(struct smtp *smtp, struct facts *facts)
{
	if (smtp->claims.has_command && facts->smuggling == FACTS_SMUGGLING_NONE) {
		facts->smuggling = FACTS_SMUGGLING_TRIED;
	}
	smtp_claims_drop(smtp, facts);
	claims_close(smtp);
}

void smtp_claims_lost(struct smtp *smtp, struct facts *facts)
{
	smtp->claims.is_odd = false;
	smtp->claims.is_behind_data = false;
	smtp->claims.is_chunk = false;
	if (smtp->claims.is_open && facts->has_server_bytes) {
		smtp_claims_drop(smtp, facts);
	}
	smtp_claims_open(smtp);
}

bool smtp_claims_end_line(struct smtp *smtp, struct facts *facts, struct text line)
{
	struct smtp_claims *claims = &smtp->claims;
	if (!claims->is_odd) {
		return false;
	}
	if (claims->has_end) {
		/* the client goes on behind one reply, or none yet: it sent one message */
		claims_refute(smtp, facts);
		return false;
	}
	claims->has_end = text_is(line, ".");
	return claims->has_end;
}

void smtp_claims_hold(const struct facts *facts, struct smtp_held *held)
{
	held->facts = (struct smtp_claims){.auth_tried = facts->auth_tried,
		.auth_secret = facts->auth_secret,
		.starttls = facts->starttls,
		.protocol = (uint8_t)facts->protocol,
		.replies = (uint8_t)facts->auth_accepted,
		.has_requiretls = facts->has_requiretls_clear};
	held->has_helo = facts->helo[0] != '\0';
	held->has_domain = facts->mail_from_domain[0] != '\0';
	memcpy(held->helo, facts->helo, sizeof(held->helo));
}

void smtp_claims_take(
	struct smtp *smtp, struct facts *facts, const struct smtp_held *held)
{
	/* that content crosses is true of text as well */
	const unsigned content = FACTS_STARTTLS_CLEAR_CONTENT;
	const struct smtp_claims *before = &held->facts;
	struct smtp_claims *claims = &smtp->claims;
	claims->auth_tried = (uint16_t)(claims->auth_tried |
					(facts->auth_tried & ~before->auth_tried));
	claims->auth_secret = (uint16_t)(claims->auth_secret |
					 (facts->auth_secret & ~before->auth_secret));
	claims->starttls = (uint16_t)(claims->starttls |
				      (facts->starttls & ~before->starttls & ~content));
	claims->has_requiretls |= facts->has_requiretls_clear;
	if (facts->protocol != (enum protocol)before->protocol) {
		claims->protocol = (uint8_t)facts->protocol;
	}
	claims->has_helo |= !held->has_helo && facts->helo[0] != '\0';
	claims->has_domain |= !held->has_domain && facts->mail_from_domain[0] != '\0';
	facts->auth_tried = before->auth_tried;
	facts->auth_secret = before->auth_secret;
	facts->auth_accepted = (enum facts_answer)before->replies;
	facts->starttls = (uint16_t)(before->starttls | (facts->starttls & content));
	facts->has_requiretls_clear = before->has_requiretls;
	facts->protocol = (enum protocol)before->protocol;
	if (held->has_helo && facts->helo[0] != '\0') { /* else it was dropped */
		memcpy(facts->helo, held->helo, sizeof(facts->helo));
	}
}

/*
 * Such a reply comes to such a command, and not to a text that ends unseen. One line is
 * all that a text is answered with, and less than EHLO is.
 */
static bool is_fitting(enum smtp_verb verb, uint16_t code, bool is_last)
{
	const bool is_refusal = code >= 400 && code < 550 && code / 10 != 45;
	switch (verb) {
	case SMTP_VERB_AUTH:
		return (code / 100 == 3 && code != 354) || code == 235 || code == 454 ||
		       is_refusal;
	case SMTP_VERB_STARTTLS:
		return code == 220 || code == 454 || is_refusal;
	case SMTP_VERB_DATA:
		return code == 354 || code >= 400;
	case SMTP_VERB_EHLO:
	case SMTP_VERB_LHLO:
		return (code == 250 && !is_last) || code >= 400;
	case SMTP_VERB_QUIT:
		return code == 221;
	case SMTP_VERB_OTHER:
	case SMTP_VERB_BODY:
		return false;
	default:
		return code == 250 || code >= 400;
	}
}

/* Of a burst: to what was sent before the text, or LMTP's for another recipient of it. */
static bool is_earlier(const struct smtp *smtp)
{
	if (smtp->claims.replies > 0) {
		return false;
	}
	return smtp->reply_verb == SMTP_VERB_BODY
		       ? pending_first(&smtp->pending) == SMTP_VERB_BODY
		       : pending_has(&smtp->pending, SMTP_VERB_BODY);
}

/* What is claimed has a reply of its own: a login, or a request for TLS. */
static bool is_own_due(const struct smtp *smtp)
{
	const bool is_asked = smtp->claims.auth_tried != 0 ||
			      (smtp->claims.starttls & FACTS_STARTTLS_REQUESTED) != 0;
	return is_asked && smtp->reply_verb != SMTP_VERB_AUTH &&
	       smtp->reply_verb != SMTP_VERB_STARTTLS;
}

static void doubt_reply(
	struct smtp *smtp, struct facts *facts, uint16_t code, bool is_last)
{
	const enum smtp_verb verb = (enum smtp_verb)smtp->reply_verb;
	const bool is_own_missing = is_own_due(smtp);
	const bool is_letter_s = is_last && (code == 250 || code >= 400);
	if (!is_fitting(verb, code, is_last)) {
		smtp_claims_drop(smtp, facts);
		if (verb == SMTP_VERB_EHLO || verb == SMTP_VERB_LHLO) {
			smtp->reply_verb = SMTP_VERB_OTHER; /* it lists nothing */
		}
	} else if (is_own_missing && is_letter_s) {
		smtp->claims.is_letter_s = true;
	} else if (is_own_missing && smtp->claims.is_letter_s) {
		smtp_claims_drop(smtp, facts);
	} else {
		claims_commit(smtp, facts);
	}
}

/* RFC 5321 section 4.1.1.4: behind 354 it was text, behind a refusal commands. */
static void data_reply(struct smtp *smtp, struct facts *facts, uint16_t code)
{
	if (code >= 400) {
		claims_commit(smtp, facts);
		return;
	}
	smtp_claims_drop(smtp, facts);
	claims_close(smtp);
	smtp->expect = SMTP_EXPECT_DATA;
}

/* Behind 354 it was text, with commands hidden in it; behind a refusal they are none. */
static void burst_reply(struct smtp *smtp, struct facts *facts, uint16_t code)
{
	struct smtp_claims *claims = &smtp->claims;
	if (claims->is_odd || smtp->reply_verb != SMTP_VERB_DATA) {
		return;
	}
	if (claims->has_command && code < 400 &&
		facts->smuggling == FACTS_SMUGGLING_NONE) {
		facts->smuggling = FACTS_SMUGGLING_BURST;
	}
	claims->has_odd_end = false;
	claims->has_command = false;
}

void smtp_claims_reply(
	struct smtp *smtp, struct facts *facts, uint16_t code, bool is_last)
{
	struct smtp_claims *claims = &smtp->claims;
	burst_reply(smtp, facts, code);
	if (!claims->is_open) {
		return;
	}
	if (claims->is_chunk) {
		if (smtp->reply_verb == SMTP_VERB_BDAT || code == 421) {
			return; /* to a chunk behind the first, or to none of them */
		}
		claims->is_chunk = false; /* nobody answers what he discards */
	}
	if (claims->is_behind_data && smtp->reply_verb == SMTP_VERB_DATA) {
		data_reply(smtp, facts, code);
		return;
	}
	claims->is_behind_data &= pending_has(&smtp->pending, SMTP_VERB_DATA);
	if (claims->is_behind_data) {
		return; /* of a burst: to what was sent before DATA */
	}
	if (!claims->is_odd) {
		doubt_reply(smtp, facts, code, is_last);
		return;
	}
	if (is_earlier(smtp)) {
		return;
	}
	claims->replies++;
	if (claims->has_end && claims->replies == 1) {
		return; /* one end or two: what comes next tells */
	}
	if (claims->has_command) {
		facts->smuggling = FACTS_SMUGGLING_TAKEN;
	}
	claims_commit(smtp, facts);
}

void smtp_claims_end(struct smtp *smtp, struct facts *facts)
{
	if (!smtp->claims.is_open) {
		return;
	}
	if (!facts->has_server_bytes) {
		claims_commit(smtp, facts); /* there is nobody to ask */
	} else if (smtp->claims.is_odd) {
		claims_refute(smtp, facts);
	} else {
		smtp_claims_drop(smtp, facts);
	}
}
