#include "analyze/imap.h"

#include <string.h>

struct imap_verb_row {
	const char *word;
	enum imap_verb verb;
};

static const struct imap_verb_row VERBS[] = {
	{"CAPABILITY", IMAP_VERB_KNOWN},
	{"NOOP", IMAP_VERB_KNOWN},
	{"LOGOUT", IMAP_VERB_KNOWN},
	{"ID", IMAP_VERB_KNOWN},
	{"ENABLE", IMAP_VERB_KNOWN},
	{"STARTTLS", IMAP_VERB_STARTTLS},
	{"LOGIN", IMAP_VERB_LOGIN},
	{"AUTHENTICATE", IMAP_VERB_AUTHENTICATE},
	{"COMPRESS", IMAP_VERB_COMPRESS},
	{"SELECT", IMAP_VERB_MAILBOX},
	{"EXAMINE", IMAP_VERB_MAILBOX},
	{"CREATE", IMAP_VERB_MAILBOX},
	{"DELETE", IMAP_VERB_MAILBOX},
	{"RENAME", IMAP_VERB_MAILBOX},
	{"SUBSCRIBE", IMAP_VERB_MAILBOX},
	{"UNSUBSCRIBE", IMAP_VERB_MAILBOX},
	{"LIST", IMAP_VERB_MAILBOX},
	{"LSUB", IMAP_VERB_MAILBOX},
	{"XLIST", IMAP_VERB_MAILBOX},
	{"NAMESPACE", IMAP_VERB_MAILBOX},
	{"STATUS", IMAP_VERB_MAILBOX},
	{"APPEND", IMAP_VERB_MAILBOX},
	{"IDLE", IMAP_VERB_MAILBOX},
	{"CHECK", IMAP_VERB_MAILBOX},
	{"CLOSE", IMAP_VERB_MAILBOX},
	{"UNSELECT", IMAP_VERB_MAILBOX},
	{"EXPUNGE", IMAP_VERB_MAILBOX},
	{"SEARCH", IMAP_VERB_MAILBOX},
	{"FETCH", IMAP_VERB_MAILBOX},
	{"STORE", IMAP_VERB_MAILBOX},
	{"COPY", IMAP_VERB_MAILBOX},
	{"MOVE", IMAP_VERB_MAILBOX},
	{"UID", IMAP_VERB_MAILBOX},
	{"SORT", IMAP_VERB_MAILBOX},
	{"THREAD", IMAP_VERB_MAILBOX},
	{"GETQUOTA", IMAP_VERB_MAILBOX},
	{"GETQUOTAROOT", IMAP_VERB_MAILBOX},
	{"GETMETADATA", IMAP_VERB_MAILBOX},
};

#define VERB_COUNT (sizeof(VERBS) / sizeof(VERBS[0]))

enum imap_verb imap_verb_parse(struct text word)
{
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (text_is(word, VERBS[i].word)) {
			return VERBS[i].verb;
		}
	}
	return IMAP_VERB_OTHER;
}

bool imap_literal_parse(struct text line, uint64_t *size, bool *is_asked)
{
	if (line.len < 3 || line.at[line.len - 1] != '}') {
		return false;
	}
	size_t open = line.len - 1;
	while (open > 0 && line.at[open] != '{') {
		open--;
	}
	if (line.at[open] != '{') {
		return false;
	}
	const struct text digits = {line.at + open + 1, line.len - open - 2};
	if (!text_number(digits, UINT64_MAX, size)) {
		return false;
	}
	const uint8_t last = line.at[line.len - 2];
	*is_asked = last != '+';
	return last == '+' || (last >= '0' && last <= '9');
}

/* Atoms or quoted strings. */
uint8_t imap_arguments_count(struct text rest)
{
	uint8_t count = 0;
	while ((rest = text_trim(rest)).len > 0 && rest.at[0] != '{' && count < 8) {
		const bool is_quoted = rest.at[0] == '"';
		size_t len = 1;
		while (len < rest.len &&
			(is_quoted ? rest.at[len] != '"' : rest.at[len] != ' ')) {
			len += is_quoted && rest.at[len] == '\\' ? 2 : 1;
		}
		len = len < rest.len ? len + is_quoted : rest.len;
		rest.at += len;
		rest.len -= len;
		count++;
	}
	return count;
}

/* RFC 9051 section 9; servers take 8-bit letters as well. */
bool imap_is_tag(struct text tag)
{
	static const char SPECIALS[] = {'+', '(', ')', '{', '%', '*', '"', '\\'};
	for (size_t i = 0; i < tag.len; i++) {
		if (tag.at[i] <= ' ' || tag.at[i] == 0x7f ||
			memchr(SPECIALS, tag.at[i], sizeof(SPECIALS)) != NULL) {
			return false;
		}
	}
	return tag.len > 0;
}
