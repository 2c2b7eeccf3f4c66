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

struct verb_row {
	const char *word;
	enum smtp_verb verb;
	enum argument argument;
};

/* RFC 5321 section 4.1.1, RFC 2033, RFC 3030, RFC 3207, RFC 4954, Postfix XCLIENT_README, MS-SMTPNTLM. */
static const struct verb_row VERBS[] = {
	{"EHLO", SMTP_VERB_EHLO, ARGUMENT_WORD},
	{"HELO", SMTP_VERB_HELO, ARGUMENT_WORD},
	{"LHLO", SMTP_VERB_LHLO, ARGUMENT_WORD},
	{"MAIL", SMTP_VERB_MAIL, ARGUMENT_FROM},
	{"RCPT", SMTP_VERB_RCPT, ARGUMENT_TO},
	{"DATA", SMTP_VERB_DATA, ARGUMENT_NONE},
	{"BDAT", SMTP_VERB_BDAT, ARGUMENT_NUMBER},
	{"RSET", SMTP_VERB_RSET, ARGUMENT_NONE},
	{"QUIT", SMTP_VERB_QUIT, ARGUMENT_NONE},
	{"STARTTLS", SMTP_VERB_STARTTLS, ARGUMENT_NONE},
	{"X-ANONYMOUSTLS", SMTP_VERB_STARTTLS, ARGUMENT_NONE},
	{"AUTH", SMTP_VERB_AUTH, ARGUMENT_MECHANISM},
	{"X-EXPS", SMTP_VERB_AUTH, ARGUMENT_MECHANISM},
	{"XCLIENT", SMTP_VERB_XCLIENT, ARGUMENT_PAIRS},
	{"XFORWARD", SMTP_VERB_XFORWARD, ARGUMENT_PAIRS},
	{"XEXCH50", SMTP_VERB_XEXCH50, ARGUMENT_NUMBER},
	{"NOOP", SMTP_VERB_KNOWN, ARGUMENT_NONE},
	{"HELP", SMTP_VERB_KNOWN, ARGUMENT_FREE},
	{"VRFY", SMTP_VERB_KNOWN, ARGUMENT_FREE},
	{"EXPN", SMTP_VERB_KNOWN, ARGUMENT_FREE},
	{"ETRN", SMTP_VERB_KNOWN, ARGUMENT_FREE},
	{"TURN", SMTP_VERB_KNOWN, ARGUMENT_FREE},
	{"ATRN", SMTP_VERB_KNOWN, ARGUMENT_FREE},
	{"X-LINK2STATE", SMTP_VERB_KNOWN, ARGUMENT_FREE},
	{"XPROXY", SMTP_VERB_KNOWN, ARGUMENT_FREE},
	{"XSHADOW", SMTP_VERB_KNOWN, ARGUMENT_FREE},
};

#define VERB_COUNT     (sizeof(VERBS) / sizeof(VERBS[0]))
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

struct smtp_command smtp_command_parse(struct text line)
{
	struct text rest = line;
	const struct text word = text_word(&rest);
	struct smtp_command command = {
		.verb = SMTP_VERB_OTHER, .argument = text_trim(rest)};
	if (word.len < VERB_BYTES_MIN) { /* empty lines are the cheapest to send */
		return command;
	}
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (text_is(word, VERBS[i].word)) {
			command.verb = VERBS[i].verb;
			command.is_certain =
				line.at == word.at &&
				has_shape(VERBS[i].argument, command.argument);
			break;
		}
	}
	return command;
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
