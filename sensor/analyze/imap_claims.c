/* Logins of an IMAP client that may be text, each held back until its own reply comes. */
#include "analyze/imap_claims.h"

#include <string.h>

static struct imap_claim *find(struct imap_claims *claims, uint32_t tag)
{
	for (unsigned i = 0; i < claims->count; i++) {
		if (claims->rows[i].tag == tag) {
			return &claims->rows[i];
		}
	}
	return NULL;
}

static void drop(struct imap_claims *claims, unsigned at)
{
	claims->count--;
	memmove(claims->rows + at, claims->rows + at + 1,
		(claims->count - at) * sizeof(claims->rows[0]));
}

/* The row of this tag, at the end of them; the oldest gives way. */
static struct imap_claim *row_of(struct imap_claims *claims, uint32_t tag)
{
	struct imap_claim *row = find(claims, tag);
	if (row == NULL) {
		if (claims->count == IMAP_CLAIMS) {
			drop(claims, 0);
		}
		row = &claims->rows[claims->count++];
		*row = (struct imap_claim){.tag = tag};
	}
	return row;
}

void imap_claims_take(struct imap_claims *claims, uint32_t tag, struct facts *facts,
	const struct claims *held)
{
	struct claims taken = {.is_open = true};
	claims_take(&taken, facts, held);
	if ((taken.auth_tried | taken.auth_secret | taken.starttls) != 0) {
		struct imap_claim *row = row_of(claims, tag);
		row->auth_tried = (uint16_t)(row->auth_tried | taken.auth_tried);
		row->auth_secret = (uint16_t)(row->auth_secret | taken.auth_secret);
		row->starttls = (uint16_t)(row->starttls | taken.starttls);
	}
}

const struct imap_claim *imap_claims_find(
	const struct imap_claims *claims, uint32_t tag)
{
	return find((struct imap_claims *)claims, tag);
}

void imap_claims_answer(struct imap_claims *claims, uint32_t tag, struct clear *clear,
	struct facts *facts)
{
	const struct imap_claim *row = find(claims, tag);
	if (row == NULL) {
		return;
	}
	struct claims taken = {.auth_tried = row->auth_tried,
		.auth_secret = row->auth_secret,
		.starttls = row->starttls,
		.is_open = true};
	drop(claims, (unsigned)(row - claims->rows));
	claims_settle(&taken, clear, facts, true);
}

void imap_claims_answer_all(
	struct imap_claims *claims, struct clear *clear, struct facts *facts)
{
	while (claims->count > 0) { /* at most IMAP_CLAIMS */
		imap_claims_answer(claims, claims->rows[0].tag, clear, facts);
	}
}

static void exchange_begin(
	struct imap_claims *claims, struct facts *facts, struct text rest)
{
	const struct text mechanism = text_word(&rest);
	claims->is_name_due = text_starts(mechanism, "{");
	if (!claims->is_name_due) {
		sasl_start(&claims->sasl, facts, mechanism, text_trim(rest));
	}
}

/* A command that asks for a login, or for TLS, in octets. */
static void login_note(struct imap_claims *claims, struct facts *facts,
	enum imap_verb verb, struct text rest)
{
	if (verb == IMAP_VERB_AUTHENTICATE) {
		exchange_begin(claims, facts, text_trim(rest));
	} else if (verb == IMAP_VERB_LOGIN) {
		/* its reply comes behind all of its literals */
		const bool is_literal = rest.len > 0 && rest.at[rest.len - 1] == '}';
		sasl_try(facts, FACTS_MECHANISM_LOGIN);
		if (is_literal || imap_arguments_count(rest) > 1) {
			sasl_secret(facts, FACTS_MECHANISM_LOGIN);
		}
	}
}

/* What an exchange goes on with. */
static void exchange_line(
	struct imap_claims *claims, struct facts *facts, struct text line)
{
	if (claims->is_name_due) {
		exchange_begin(claims, facts, line);
	} else if (claims->sasl.mechanism != 0 && sasl_is_response(line)) {
		sasl_response(&claims->sasl, facts, line);
	}
}

/* The row of a command in octets, unless a command that is one bears its tag. */
static void octets_row(struct imap_claims *claims, enum imap_verb verb)
{
	if (find(claims, claims->sasl_tag) == NULL) {
		struct imap_claim *row = row_of(claims, claims->sasl_tag);
		row->verb = (uint8_t)verb;
		row->is_of_octets = true;
	}
}

static void octets_note(
	struct imap_claims *claims, struct facts *facts, struct text line)
{
	const struct claims held = claims_hold(facts);
	struct text tag;
	struct text rest = line;
	const enum imap_verb verb = imap_command_parse(&rest, &tag);
	if (tag.len > 0 && imap_is_of_login(verb)) {
		claims->sasl_tag = imap_tag_hash(tag);
		claims->is_name_due = false;
		octets_row(claims, verb);
		login_note(claims, facts, verb, rest);
	} else if (find(claims, claims->sasl_tag) != NULL) {
		exchange_line(claims, facts, line);
	}
	imap_claims_take(claims, claims->sasl_tag, facts, &held);
}

void imap_claims_octets(struct imap_claims *claims, struct octets *octets,
	struct facts *facts, struct text bytes)
{
	ptrdiff_t left = LINES_AT_ONCE(bytes.len);
	struct line line;
	while (octets_line(octets, &bytes, &left, &line)) {
		octets_note(claims, facts, line.text);
		lines_forget(&octets->lines, &line);
	}
}
