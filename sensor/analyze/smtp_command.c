#include "analyze/smtp.h"

#include <string.h>

/* What may stand behind a verb, so that a line of a letter is not taken for a command. */
enum argument {
	ARGUMENT_NONE = 0, /* the verb alone */
	ARGUMENT_WORD,     /* at most one word */
	ARGUMENT_FROM,     /* FROM: */
	ARGUMENT_TO,       /* TO: */
	ARGUMENT_NUMBER,
	ARGUMENT_MECHANISM,
	ARGUMENT_PAIRS, /* NAME=value */
	ARGUMENT_FREE,  /* anything: never certain */
};

#define ARGUMENT_SHIFT 8

/*
 * RFC 5321 section 4.1.1, RFC 821 section 3.4, RFC 2033, RFC 3030, RFC 3207, RFC 4468,
 * RFC 4954, Postfix XCLIENT_README, MS-SMTPNTLM.
 */
static const struct text_word_row *const VERBS[TEXT_WORD_LISTS] = {
	[TEXT_WORD_LIST('A')] = TEXT_WORDS(
		{"AUTH", SMTP_VERB_AUTH | ARGUMENT_MECHANISM << ARGUMENT_SHIFT},
		{"ATRN", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('B')] =
		TEXT_WORDS({"BDAT", SMTP_VERB_BDAT | ARGUMENT_NUMBER << ARGUMENT_SHIFT},
			{"BURL", SMTP_VERB_BURL | ARGUMENT_FREE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('D')] =
		TEXT_WORDS({"DATA", SMTP_VERB_DATA | ARGUMENT_NONE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('E')] =
		TEXT_WORDS({"EHLO", SMTP_VERB_EHLO | ARGUMENT_WORD << ARGUMENT_SHIFT},
			{"EXPN", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT},
			{"ETRN", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('H')] =
		TEXT_WORDS({"HELO", SMTP_VERB_HELO | ARGUMENT_WORD << ARGUMENT_SHIFT},
			{"HELP", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('L')] =
		TEXT_WORDS({"LHLO", SMTP_VERB_LHLO | ARGUMENT_WORD << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('M')] =
		TEXT_WORDS({"MAIL", SMTP_VERB_MAIL | ARGUMENT_FROM << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('N')] =
		TEXT_WORDS({"NOOP", SMTP_VERB_KNOWN | ARGUMENT_NONE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('Q')] =
		TEXT_WORDS({"QUIT", SMTP_VERB_QUIT | ARGUMENT_NONE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('R')] =
		TEXT_WORDS({"RCPT", SMTP_VERB_RCPT | ARGUMENT_TO << ARGUMENT_SHIFT},
			{"RSET", SMTP_VERB_RSET | ARGUMENT_NONE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('S')] = TEXT_WORDS(
		{"STARTTLS", SMTP_VERB_STARTTLS | ARGUMENT_NONE << ARGUMENT_SHIFT},
		{"SEND", SMTP_VERB_MAIL | ARGUMENT_FROM << ARGUMENT_SHIFT},
		{"SOML", SMTP_VERB_MAIL | ARGUMENT_FROM << ARGUMENT_SHIFT},
		{"SAML", SMTP_VERB_MAIL | ARGUMENT_FROM << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('T')] =
		TEXT_WORDS({"TURN", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('V')] =
		TEXT_WORDS({"VRFY", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT}),
	[TEXT_WORD_LIST('X')] = TEXT_WORDS(
		{"X-ANONYMOUSTLS",
			SMTP_VERB_STARTTLS | ARGUMENT_NONE << ARGUMENT_SHIFT},
		{"X-EXPS", SMTP_VERB_AUTH | ARGUMENT_MECHANISM << ARGUMENT_SHIFT},
		{"XCLIENT", SMTP_VERB_XCLIENT | ARGUMENT_PAIRS << ARGUMENT_SHIFT},
		{"XFORWARD", SMTP_VERB_XFORWARD | ARGUMENT_PAIRS << ARGUMENT_SHIFT},
		{"XEXCH50", SMTP_VERB_XEXCH50 | ARGUMENT_NUMBER << ARGUMENT_SHIFT},
		{"X-LINK2STATE", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT},
		{"XPROXY", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT},
		{"XSHADOW", SMTP_VERB_KNOWN | ARGUMENT_FREE << ARGUMENT_SHIFT}),
};

#define VERB_BYTES_MIN 4

static bool has_shape(enum argument argument, struct text rest)
{
	uint64_t number = 0;
	switch (argument) {
	case ARGUMENT_NONE:
		return rest.len == 0;
	case ARGUMENT_WORD:
		(void)text_word(&rest);
		return text_trim(rest).len == 0;
	case ARGUMENT_FROM:
		return text_starts(rest, "FROM:");
	case ARGUMENT_TO:
		return text_starts(rest, "TO:");
	case ARGUMENT_NUMBER:
		return text_number(rest, UINT64_MAX, &number);
	case ARGUMENT_MECHANISM: /* RFC 4422 section 3.1: at most 20 letters */
		return facts_mechanism_flag(text_word(&rest)) != FACTS_MECHANISM_OTHER;
	case ARGUMENT_PAIRS:
		return smtp_attribute(rest, "ADDR=").len > 0 ||
		       smtp_attribute(rest, "NAME=").len > 0;
	case ARGUMENT_FREE:
		break;
	}
	return false;
}

static struct smtp_command parse_word(
	struct text line, struct text word, struct text rest)
{
	struct smtp_command command = {
		.verb = SMTP_VERB_OTHER, .argument = text_trim(rest)};
	if (word.len < VERB_BYTES_MIN) { /* empty lines are the cheapest to send */
		return command;
	}
	const unsigned found = text_find(word, VERBS, SMTP_VERB_OTHER);
	command.verb = (enum smtp_verb)(found % (1U << ARGUMENT_SHIFT));
	command.is_certain =
		command.verb != SMTP_VERB_OTHER && line.at == word.at &&
		has_shape((enum argument)(found >> ARGUMENT_SHIFT), command.argument);
	return command;
}

struct smtp_command smtp_command_parse(struct text line)
{
	struct text rest = line;
	const struct text word = text_word(&rest);
	const struct smtp_command command = parse_word(line, word, rest);
	const bool is_short =
		word.len < VERB_BYTES_MIN && (word.len == 0 || word.at[0] >= ' ');
	if (command.verb != SMTP_VERB_OTHER || is_short) {
		return command;
	}
	rest = line;
	const struct text cut = text_word_lenient(&rest);
	if (cut.at == word.at && cut.len == word.len) {
		return command; /* no control byte is in it */
	}
	struct smtp_command odd = parse_word(line, cut, rest);
	odd.is_certain = false;
	return odd;
}

struct text smtp_path_domain(struct text path)
{
	/* source routes and quoted local parts end in front of the last '@' (RFC 5321 section 4.1.2) */
	size_t end = 0;
	bool is_quoted = false;
	while (end < path.len && path.at[end] != '>') {
		is_quoted ^= path.at[end] == '"';
		if (!is_quoted && path.at[end] == ' ' && end > 0) {
			break;
		}
		end++;
	}
	size_t start = end;
	while (start > 0 && path.at[start - 1] != '@') {
		start--;
	}
	if (start == 0) {
		end = 0;
	}
	return (struct text){.at = path.at + start, .len = end - start};
}

struct text smtp_attribute(struct text arguments, const char *name)
{
	for (struct text word = text_word(&arguments); word.len > 0;
		word = text_word(&arguments)) {
		if (text_starts(word, name)) {
			const size_t skipped = strlen(name);
			return (struct text){word.at + skipped, word.len - skipped};
		}
	}
	return (struct text){.at = arguments.at, .len = 0};
}
