#include "analyze/sasl.h"

#include <string.h>

void sasl_try(struct facts *facts, unsigned mechanism)
{
	facts->auth_tried = (uint16_t)(facts->auth_tried | mechanism);
	if (facts->auth_accepted != FACTS_YES) {
		facts->auth_accepted = FACTS_UNKNOWN;
	}
}

void sasl_secret(struct facts *facts, unsigned mechanism)
{
	facts->auth_secret = (uint16_t)(facts->auth_secret | mechanism);
}

/* LOGIN sends the user name first, in rare clients both at once; the others send everything. */
static void response_note(struct sasl *sasl, struct facts *facts, struct text response)
{
	if (sasl->responses < UINT8_MAX) {
		sasl->responses++;
	}
	if (!sasl->is_reusable || response.len == 0) {
		return;
	}
	const bool is_pair = memchr(response.at, ' ', response.len) != NULL;
	if (sasl->mechanism != FACTS_MECHANISM_LOGIN || sasl->responses >= 2 ||
		is_pair) {
		sasl_secret(facts, sasl->mechanism);
	}
}

static bool holds(struct text text, const char *word)
{
	for (; text.len > 0; text.at++, text.len--) {
		if (text_starts(text, word)) {
			return true;
		}
	}
	return false;
}

/*
 * Mechanisms of providers, whose names say what they send: ATOKEN, PTOKEN, X-GOOGLE-TOKEN,
 * XYMCOOKIE, X-PLAIN-SUBMIT, PLAIN-CLIENTTOKEN.
 */
static bool is_password_like(struct text mechanism)
{
	return holds(mechanism, "TOKEN") || holds(mechanism, "COOKIE") ||
	       holds(mechanism, "PLAIN");
}

void sasl_start(struct sasl *sasl, struct facts *facts, struct text mechanism,
	struct text initial)
{
	const unsigned flag = facts_mechanism_flag(mechanism);
	*sasl = (struct sasl){.mechanism = (uint16_t)flag,
		.is_reusable =
			(flag & FACTS_MECHANISMS_REUSABLE) != 0 ||
			(flag == FACTS_MECHANISM_OTHER && is_password_like(mechanism))};
	sasl_try(facts, sasl->mechanism);
	if (initial.len > 0 && !text_is(initial, "=")) {
		response_note(sasl, facts, initial);
	}
}

void sasl_challenge(struct sasl *sasl)
{
	sasl->is_asked = sasl->mechanism != 0;
}

void sasl_response(struct sasl *sasl, struct facts *facts, struct text response)
{
	sasl->is_asked = false;
	if (text_is(response, "*")) {
		sasl->mechanism = 0;
		return;
	}
	response_note(sasl, facts, response);
}

void sasl_outcome(struct sasl *sasl, struct facts *facts, bool is_accepted)
{
	sasl->mechanism = 0;
	sasl->is_asked = false;
	/* a refused attempt behind it does not undo a login */
	if (is_accepted || facts->auth_accepted != FACTS_YES) {
		facts->auth_accepted = is_accepted ? FACTS_YES : FACTS_NO;
	}
}

/* As Dovecot, Courier, Cyrus, Exchange and others say it to LOGIN, AUTHENTICATE and PASS. */
static bool is_login_word(struct text word)
{
	static const char *const WORDS[] = {"logged", "LOGIN", "AUTHENTICATE",
		"authenticated", "authentication", "maildrop"};
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		if (text_is(word, WORDS[i])) {
			return true;
		}
	}
	return false;
}

static bool is_login_text(struct text text)
{
	struct text word = text_word(&text);
	while (word.len > 0 && !is_login_word(word)) { /* at most LINES_BYTES / 2 */
		word = text_word(&text);
	}
	return word.len > 0;
}

bool sasl_reply_unasked(struct facts *facts, struct text text)
{
	/* the server's word is proof, though not of the mechanism */
	if (!facts_is_client_missing(facts) || !is_login_text(text)) {
		return false;
	}
	facts->auth_accepted = FACTS_YES;
	return true;
}

static bool is_base64(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= '0' && byte <= '9') || byte == '+' || byte == '/' ||
	       byte == '=';
}

bool sasl_is_response(struct text line)
{
	if (text_is(line, "*")) {
		return true;
	}
	for (size_t i = 0; i < line.len; i++) {
		if (!is_base64(line.at[i])) {
			return false;
		}
	}
	return line.len > 0;
}
