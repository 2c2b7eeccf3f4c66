#include "audit/spf_record.h"

#include "audit/spf_macro.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char VERSION[] = "v=spf1";

enum argument { ARGUMENT_NONE = 0, ARGUMENT_MAY, ARGUMENT_MUST };

static const struct mechanism {
	const char *name;
	enum argument domain;
	bool has_prefix; /* "/24//64" may follow */
} MECHANISMS[] = {
	[SPF_ALL] = {"all", ARGUMENT_NONE, false},
	[SPF_INCLUDE] = {"include", ARGUMENT_MUST, false},
	[SPF_A] = {"a", ARGUMENT_MAY, true},
	[SPF_MX] = {"mx", ARGUMENT_MAY, true},
	[SPF_PTR] = {"ptr", ARGUMENT_MAY, false},
	[SPF_IP4] = {"ip4", ARGUMENT_MUST, false},
	[SPF_IP6] = {"ip6", ARGUMENT_MUST, false},
	[SPF_EXISTS] = {"exists", ARGUMENT_MUST, false},
};
#define MECHANISM_COUNT (sizeof(MECHANISMS) / sizeof(MECHANISMS[0]))

const char *spf_result_name(enum spf_result result)
{
	static const char *const NAMES[] = {"none", "neutral", "pass", "fail",
		"softfail", "temperror", "permerror"};
	return NAMES[result];
}

bool spf_record_is(const char *text, size_t len)
{
	const size_t version = strlen(VERSION);
	return len >= version && strncasecmp(text, VERSION, version) == 0 &&
	       (len == version || text[version] == ' ');
}

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* toplabel: letters, digits, hyphens inside, and not digits alone. */
static bool is_top_label(const char *label, size_t len)
{
	bool has_other = false;
	for (size_t i = 0; i < len; i++) {
		const bool is_inner_hyphen = label[i] == '-' && i > 0 && i + 1 < len;
		if (!is_letter(label[i]) && !is_digit(label[i]) && !is_inner_hyphen) {
			return false;
		}
		has_other = has_other || !is_digit(label[i]);
	}
	return has_other;
}

/* domain-spec (section 7.1): ends in a macro, or in a dot and a top label. */
static bool is_domain_spec(const char *spec)
{
	size_t len = strlen(spec);
	if (!spf_macros_are_valid(spec, false) || strchr(spec, ' ')) {
		return false;
	}
	if (spf_macro_ends(spec)) {
		return true;
	}
	len -= len > 0 && spec[len - 1] == '.';
	size_t start = len;
	while (start > 0 && spec[start - 1] != '.') {
		start--;
	}
	return start > 0 && is_top_label(spec + start, len - start);
}

/* Decimal without a zero in front. */
static bool read_bits(const char *text, size_t len, unsigned most, uint8_t *bits)
{
	unsigned value = 0;
	if (len == 0 || len > 3 || (len > 1 && text[0] == '0')) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i])) {
			return false;
		}
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*bits = (uint8_t)value;
	return value <= most;
}

/* Where "/24", "//64" or "/24//64" at the end begins; its end: there is none. */
static char *find_prefixes(char *text)
{
	char *at = text + strlen(text);
	char *digits = at;
	while (digits > text && is_digit(digits[-1])) {
		digits--;
	}
	if (digits == text || digits[-1] != '/') {
		return at;
	}
	if (digits - text < 2 || digits[-2] != '/') {
		return digits - 1;
	}
	at = digits - 2; /* a "/24" may stand before "//64" */
	digits = at;
	while (digits > text && is_digit(digits[-1])) {
		digits--;
	}
	return digits > text && digits < at && digits[-1] == '/' ? digits - 1 : at;
}

static bool read_prefixes(struct spf_term *term, const char *text)
{
	if (text[0] == '/' && text[1] != '/') {
		const size_t len = strcspn(text + 1, "/");
		if (!read_bits(text + 1, len, 32, &term->bits4)) {
			return false;
		}
		text += 1 + len;
	}
	if (text[0] == '\0') {
		return true;
	}
	return text[0] == '/' && text[1] == '/' &&
	       read_bits(text + 2, strlen(text + 2), 128, &term->bits6);
}

static bool read_network(struct spf_term *term, char *text)
{
	const bool is_ipv6 = term->mechanism == SPF_IP6;
	char *slash = strchr(text, '/');
	if (slash) {
		*slash = '\0';
		if (!read_bits(slash + 1, strlen(slash + 1), is_ipv6 ? 128 : 32,
			    is_ipv6 ? &term->bits6 : &term->bits4)) {
			return false;
		}
	}
	return (strchr(text, ':') != NULL) == is_ipv6 &&
	       address_parse(text, &term->network);
}

/* What follows the name of a mechanism. */
static bool read_argument(struct spf_term *term, char *rest)
{
	const struct mechanism *mechanism = &MECHANISMS[term->mechanism];
	if (mechanism->has_prefix) {
		char *prefixes = find_prefixes(rest);
		if (!read_prefixes(term, prefixes)) {
			return false;
		}
		*prefixes = '\0';
	}
	if (rest[0] == '\0') {
		return mechanism->domain != ARGUMENT_MUST;
	}
	if (rest[0] != ':' || mechanism->domain == ARGUMENT_NONE) {
		return false;
	}
	if (term->mechanism == SPF_IP4 || term->mechanism == SPF_IP6) {
		return read_network(term, rest + 1);
	}
	term->domain = rest + 1;
	return is_domain_spec(term->domain);
}

static enum spf_result read_qualifier(char **word)
{
	static const char SIGNS[] = "+-~?";
	static const enum spf_result RESULTS[] = {
		SPF_PASS, SPF_FAIL, SPF_SOFTFAIL, SPF_NEUTRAL};
	const char *sign = **word != '\0' ? strchr(SIGNS, **word) : NULL;
	if (!sign) {
		return SPF_PASS;
	}
	(*word)++;
	return RESULTS[sign - SIGNS];
}

static bool read_mechanism(
	struct spf_record *record, struct arena *arena, const char *text)
{
	char *word = arena_take(arena, strlen(text) + 1);
	memcpy(word, text, strlen(text));
	struct spf_term term = {.bits4 = 32, .bits6 = 128, .text = text};
	term.result = read_qualifier(&word);
	const size_t len = strcspn(word, ":/");
	for (size_t i = 0; i < MECHANISM_COUNT; i++) {
		if (strlen(MECHANISMS[i].name) == len &&
			strncasecmp(word, MECHANISMS[i].name, len) == 0) {
			term.mechanism = (enum spf_mechanism)i;
			record->terms =
				list_room(record->terms, record->count, sizeof(term));
			const bool is_right = read_argument(&term, word + len);
			record->terms[record->count++] = term;
			return is_right;
		}
	}
	return false;
}

static bool set_once(const char **field, const char *value)
{
	const bool is_first = *field == NULL;
	*field = value;
	return is_first && is_domain_spec(value);
}

/* equals: its sign in the word. */
static bool read_modifier(struct spf_record *record, const char *word, size_t equals)
{
	const char *value = word + equals + 1;
	if (!is_letter(word[0])) {
		return false;
	}
	for (size_t i = 1; i < equals; i++) {
		if (!is_letter(word[i]) && !is_digit(word[i]) &&
			!strchr("-_.", word[i])) {
			return false;
		}
	}
	if (equals == 8 && strncasecmp(word, "redirect", 8) == 0) {
		return set_once(&record->redirect, value);
	}
	if (equals == 3 && strncasecmp(word, "exp", 3) == 0) {
		return set_once(&record->explanation, value);
	}
	return spf_macros_are_valid(value, true); /* another is ignored */
}

static bool read_word(struct spf_record *record, struct arena *arena, const char *word)
{
	const size_t name = strcspn(word, "=:/");
	return word[name] == '=' ? read_modifier(record, word, name)
				 : read_mechanism(record, arena, word);
}

static bool is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~') {
			return false;
		}
	}
	return true;
}

bool spf_record_read(struct spf_record *record, struct arena *arena, const char *text,
	size_t len, struct reason *why)
{
	*record = (struct spf_record){.count = 0};
	if (!is_printable(text, len)) {
		return reason_set(why, "a byte in the record that no term may have");
	}
	for (size_t at = strlen(VERSION); at < len; at++) {
		const char *blank = memchr(text + at, ' ', len - at);
		const size_t end = blank ? (size_t)(blank - text) : len;
		const char *word = arena_text(arena, text + at, end - at);
		if (end > at && !read_word(record, arena, word)) {
			return reason_set(why, "\"%.100s\" cannot be read", word);
		}
		at = end;
	}
	return true;
}

void spf_record_free(struct spf_record *record)
{
	list_free(record->terms);
	*record = (struct spf_record){.count = 0};
}
