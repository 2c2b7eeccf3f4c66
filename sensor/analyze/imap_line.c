#include "analyze/imap.h"

#include <string.h>

static const struct text_word_row *const VERBS[TEXT_WORD_LISTS] = {
	[TEXT_WORD_LIST('A')] = TEXT_WORDS({"AUTHENTICATE", IMAP_VERB_AUTHENTICATE},
		{"APPEND", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('C')] = TEXT_WORDS({"CAPABILITY", IMAP_VERB_KNOWN},
		{"COMPRESS", IMAP_VERB_COMPRESS}, {"CREATE", IMAP_VERB_MAILBOX},
		{"CHECK", IMAP_VERB_MAILBOX}, {"CLOSE", IMAP_VERB_MAILBOX},
		{"COPY", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('D')] = TEXT_WORDS({"DELETE", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('E')] = TEXT_WORDS({"ENABLE", IMAP_VERB_KNOWN},
		{"EXAMINE", IMAP_VERB_MAILBOX}, {"EXPUNGE", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('F')] = TEXT_WORDS({"FETCH", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('G')] = TEXT_WORDS({"GETQUOTA", IMAP_VERB_MAILBOX},
		{"GETQUOTAROOT", IMAP_VERB_MAILBOX},
		{"GETMETADATA", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('I')] =
		TEXT_WORDS({"ID", IMAP_VERB_KNOWN}, {"IDLE", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('L')] =
		TEXT_WORDS({"LOGOUT", IMAP_VERB_KNOWN}, {"LOGIN", IMAP_VERB_LOGIN},
			{"LIST", IMAP_VERB_MAILBOX}, {"LSUB", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('M')] = TEXT_WORDS({"MOVE", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('N')] =
		TEXT_WORDS({"NOOP", IMAP_VERB_KNOWN}, {"NAMESPACE", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('R')] = TEXT_WORDS({"RENAME", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('S')] = TEXT_WORDS({"STARTTLS", IMAP_VERB_STARTTLS},
		{"SELECT", IMAP_VERB_MAILBOX}, {"SUBSCRIBE", IMAP_VERB_MAILBOX},
		{"STATUS", IMAP_VERB_MAILBOX}, {"SEARCH", IMAP_VERB_MAILBOX},
		{"STORE", IMAP_VERB_MAILBOX}, {"SORT", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('T')] = TEXT_WORDS({"THREAD", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('U')] = TEXT_WORDS({"UNSUBSCRIBE", IMAP_VERB_MAILBOX},
		{"UNSELECT", IMAP_VERB_MAILBOX}, {"UID", IMAP_VERB_MAILBOX}),
	[TEXT_WORD_LIST('X')] = TEXT_WORDS({"XLIST", IMAP_VERB_MAILBOX}),
};

enum imap_verb imap_verb_parse(struct text word)
{
	return (enum imap_verb)text_find(word, VERBS, IMAP_VERB_OTHER);
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

/* RFC 9051 section 9; servers take 8-bit letters as well. A bit for each byte that is none. */
static bool is_of_tag(uint8_t byte)
{
	static const uint32_t NEVER[8] = {
		0xffffffff, /* control bytes */
		1U << (' ' & 31) | 1U << ('"' & 31) | 1U << ('%' & 31) |
			1U << ('(' & 31) | 1U << (')' & 31) | 1U << ('*' & 31) |
			1U << ('+' & 31),
		1U << ('\\' & 31),
		1U << ('{' & 31) | 1U << (0x7f & 31),
	};
	return (NEVER[byte >> 5] >> (byte & 31) & 1U) == 0;
}

bool imap_is_tag(struct text tag)
{
	for (size_t i = 0; i < tag.len; i++) {
		if (!is_of_tag(tag.at[i])) {
			return false;
		}
	}
	return tag.len > 0;
}

/* Looked for in lines without a tag only, each byte once. */
static struct text behind_controls(struct text line)
{
	size_t start = line.len;
	while (start > 0 && (line.at[start - 1] >= ' ' || line.at[start - 1] == '\t')) {
		start--;
	}
	return (struct text){line.at + start, line.len - start};
}

enum imap_verb imap_command_parse(struct text *rest, struct text *tag)
{
	const struct text line = *rest;
	*tag = text_word(rest);
	if (!imap_is_tag(*tag)) {
		*rest = behind_controls(line);
		*tag = text_word(rest);
	}
	if (!imap_is_tag(*tag)) {
		tag->len = 0;
	}
	return imap_verb_parse(text_word(rest));
}

static const struct text_word_row *const MAILBOX_DATA[TEXT_WORD_LISTS] = {
	[TEXT_WORD_LIST('E')] = TEXT_WORDS({"ESEARCH", true}),
	[TEXT_WORD_LIST('F')] = TEXT_WORDS({"FLAGS", true}),
	[TEXT_WORD_LIST('L')] = TEXT_WORDS({"LIST", true}, {"LSUB", true}),
	[TEXT_WORD_LIST('N')] = TEXT_WORDS({"NAMESPACE", true}),
	[TEXT_WORD_LIST('Q')] = TEXT_WORDS({"QUOTA", true}),
	[TEXT_WORD_LIST('S')] =
		TEXT_WORDS({"SEARCH", true}, {"STATUS", true}, {"SORT", true}),
	[TEXT_WORD_LIST('T')] = TEXT_WORDS({"THREAD", true}),
	[TEXT_WORD_LIST('X')] = TEXT_WORDS({"XLIST", true}),
};

bool imap_is_mailbox_data(struct text kind)
{
	return (kind.len > 0 && kind.at[0] >= '0' && kind.at[0] <= '9') ||
	       text_find(kind, MAILBOX_DATA, false) != 0;
}

bool imap_has_code(struct text rest, const char *const *codes)
{
	rest = text_trim(rest);
	for (; *codes != NULL; codes++) {
		if (text_starts(rest, *codes)) {
			return true;
		}
	}
	return false;
}

bool imap_is_data(struct text line)
{
	static const char *const STATES[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
	bool is_status = !text_is(text_word(&line), "*");
	const struct text kind = text_word(&line);
	for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
		is_status |= text_is(kind, STATES[i]);
	}
	return !is_status;
}
