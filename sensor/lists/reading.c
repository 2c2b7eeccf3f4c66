#include "lists/reading.h"

#include "base/document.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

#define BLANKS " \t\r\n"
#define DAY_S  86400

void reading_start(struct reading *reading, FILE *in, enum matrix_list_format format,
	int64_t written_s)
{
	reading->in = in;
	reading->format = format;
	reading->written_s = written_s;
	reading->line = 0;
	reading->is_inside = false;
	reading->is_headed = false;
	reading->rest = NULL;
}

int64_t reading_time(const char *text)
{
	static const char *const FORMS[] = {
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"};
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
		struct tm parts = {0};
		const char *end = strptime(text, FORMS[i], &parts);
		if (end && (*end == '\0' || strcmp(end, "Z") == 0)) {
			const int64_t time_s = (int64_t)timegm(&parts);
			return time_s > 0 && time_s < UINT32_MAX ? time_s : 0;
		}
	}
	return 0;
}

int64_t reading_end(const char *text)
{
	const int64_t time_s = reading_time(text);
	return time_s > 0 && !strchr(text, ':') ? time_s + DAY_S : time_s;
}

/* A word of the line, and what is behind it. NULL: none is left. */
static char *cut_word(char **rest, const char *separators)
{
	char *at = *rest + strspn(*rest, separators);
	if (*at == '\0') {
		*rest = at;
		return NULL;
	}
	char *end = at + strcspn(at, separators);
	*rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	return at;
}

static char *trim(char *text)
{
	text += strspn(text, BLANKS);
	size_t len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1])) {
		len--;
	}
	text[len] = '\0';
	return text;
}

/* "*.example.org" and ".example.org" are the domain: what is below it always counts. */
static void set_value(struct reading_item *item, const char *text)
{
	text += strncmp(text, "*.", 2) == 0 ? 2 : 0;
	text += text[0] == '.' ? 1 : 0;
	text_copy(item->value, sizeof(item->value), text_from(text));
}

static void set_reason(struct reading_item *item, const char *text)
{
	text += strspn(text, " \t,;#/");
	text_copy_letters(
		item->reason, sizeof(item->reason), text_trim(text_from(text)));
}

/* Cuts "NAME=..." out of what stands behind a value. False: there is none. */
static bool cut_time(char *text, const char *name, char *value, size_t size)
{
	char *at = strstr(text, name);
	if (!at) {
		return false;
	}
	const char *begin = at + strlen(name);
	const size_t len = strcspn(begin, BLANKS);
	(void)snprintf(value, size, "%.*s", (int)len, begin);
	memmove(at, begin + len, strlen(begin + len) + 1);
	return true;
}

/* False: the end is none that can be read, and an entry must not outlive its end. */
static bool take_times(struct reading_item *item, char *text)
{
	char value[32];
	item->added_s = cut_time(text, "added=", value, sizeof(value))
				? reading_time(value)
				: 0;
	if (!cut_time(text, "expires=", value, sizeof(value))) {
		return true;
	}
	item->expires_s = reading_end(value);
	return item->expires_s > 0;
}

static enum reading_result read_plain(
	struct reading *reading, struct reading_item *item)
{
	char *rest = reading->rest;
	reading->rest = NULL;
	char *end = rest + strcspn(rest, BLANKS ",;#");
	const char separator = *end;
	*end = '\0';
	set_value(item, rest);
	if (separator == '\0') {
		return READING_ITEM;
	}
	const bool is_right = take_times(item, end + 1);
	set_reason(item, trim(end + 1));
	return is_right ? READING_ITEM : READING_BAD;
}

/* RFC 4180, without fields of several lines. */
static char *cut_field(char **rest)
{
	char *text = *rest + strspn(*rest, " \t");
	char *into = text;
	char *from = text;
	if (*from == '"') {
		for (from++; *from != '\0' && (*from != '"' || *++from == '"');
			from++) {
			*into++ = *from;
		}
		from += strcspn(from, ",");
	} else {
		from += strcspn(from, ",");
		into = from;
	}
	*rest = *from == ',' ? from + 1 : NULL;
	*into = '\0';
	return trim(text);
}

static bool is_address_like(const char *text)
{
	const size_t len = strspn(text, "0123456789abcdefABCDEF.:/-");
	return text[0] != '\0' && text[len] == '\0' &&
	       (strchr(text, ':') || strspn(text, "0123456789./-") == len) &&
	       (strchr(text, '.') || strstr(text, "::") || strchr(text, ':')) &&
	       !strchr(text, ' ');
}

static bool is_domain_like(const char *text)
{
	const char *last = strrchr(text, '.');
	return last && isalpha((unsigned char)last[1]) && !strpbrk(text, " /:@\"");
}

static enum reading_result read_csv(struct reading *reading, struct reading_item *item)
{
	char *rest = reading->rest;
	char *domain = NULL;
	const char *value = NULL;
	const bool is_header = !reading->is_headed;
	char *behind = NULL;
	reading->rest = NULL;
	reading->is_headed = true;
	while (rest && !value) {
		char *field = cut_field(&rest);
		if (is_address_like(field)) {
			value = field;
			behind = rest;
		} else if (!domain && is_domain_like(field)) {
			domain = field;
			behind = rest;
		}
	}
	value = value ? value : domain;
	if (!value) {
		return is_header ? READING_END : READING_BAD;
	}
	set_value(item, value);
	if (behind) {
		set_reason(item, behind);
	}
	return READING_ITEM;
}

static enum reading_result take_document(
	const struct document *document, struct reading_item *item)
{
	static const char *const VALUES[] = {
		"cidr", "ip", "address", "prefix", "domain", "value"};
	static const char *const REASONS[] = {"reason", "sblid", "comment"};
	const char *value = NULL;
	const char *reason = NULL;
	for (size_t i = 0; i < sizeof(VALUES) / sizeof(VALUES[0]) && !value; i++) {
		value = document_text(document, VALUES[i]);
	}
	for (size_t i = 0; i < sizeof(REASONS) / sizeof(REASONS[0]) && !reason; i++) {
		reason = document_text(document, REASONS[i]);
	}
	if (!value) {
		const char *type = document_text(document, "type");
		return type && strcmp(type, "metadata") == 0 ? READING_END
							     : READING_BAD;
	}
	const char *added = document_text(document, "added");
	const char *expires = document_text(document, "expires");
	(void)document_flag(document, "removed", &item->is_removed);
	set_value(item, value);
	set_reason(item, reason ? reason : "");
	item->added_s = added ? reading_time(added) : 0;
	item->expires_s = expires ? reading_end(expires) : 0;
	return expires && item->expires_s == 0 ? READING_BAD : READING_ITEM;
}

static enum reading_result read_ndjson(
	struct reading *reading, struct reading_item *item)
{
	struct document document;
	const char *text = reading->rest;
	reading->rest = NULL;
	if (!document_parse(&document, text, strlen(text))) {
		return READING_BAD;
	}
	const enum reading_result result = take_document(&document, item);
	document_free(&document);
	return result;
}

/* An address that leads nowhere, and the names that do so. */
static enum reading_result read_hosts(
	struct reading *reading, struct reading_item *item)
{
	char *comment = strchr(reading->rest, '#');
	if (comment) {
		*comment = '\0';
	}
	if (!reading->is_inside) {
		struct address address;
		const char *first = cut_word(&reading->rest, BLANKS);
		if (!first || !address_parse(first, &address)) {
			reading->rest = NULL;
			return READING_BAD;
		}
		reading->is_inside = true;
	}
	const char *name = cut_word(&reading->rest, BLANKS);
	while (name && (!is_domain_like(name) || strncmp(name, "localhost.",
							 strlen("localhost.")) == 0)) {
		name = cut_word(&reading->rest, BLANKS);
	}
	if (!name) {
		reading->rest = NULL;
		reading->is_inside = false;
		return READING_END;
	}
	set_value(item, name);
	return READING_ITEM;
}

/* "1d2h3m4s500ms", or seconds. */
static int64_t span_s(const char *text)
{
	static const struct {
		char unit;
		int64_t seconds;
	} UNITS[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}, {'\0', 1}};
	int64_t sum = 0;
	while (isdigit((unsigned char)*text)) {
		char *end;
		const unsigned long long number = strtoull(text, &end, 10);
		if (number > UINT32_MAX || strncmp(end, "ms", 2) == 0) {
			return sum;
		}
		for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
			sum += UNITS[i].unit == *end
				       ? (int64_t)number * UNITS[i].seconds
				       : 0;
		}
		text = *end == '\0' ? end : end + 1;
	}
	return sum;
}

/* What ipset and nft say behind an element. False: it is taken out of the set. */
static bool take_options(
	const struct reading *reading, char *text, struct reading_item *item)
{
	char *comment = strstr(text, "comment \"");
	if (comment) {
		char *from = comment + strlen("comment \"");
		from[strcspn(from, "\"")] = '\0';
		set_reason(item, from);
		*comment = '\0';
	}
	int64_t remaining = 0;
	const char *word = cut_word(&text, BLANKS);
	while (word) {
		const bool is_span =
			strcmp(word, "timeout") == 0 || strcmp(word, "expires") == 0;
		if (strcmp(word, "nomatch") == 0) {
			return false;
		}
		word = cut_word(&text, BLANKS);
		remaining = is_span && word ? span_s(word) : remaining;
	}
	item->expires_s = remaining > 0 ? reading->written_s + remaining : 0;
	return true;
}

static enum reading_result read_ipset(
	struct reading *reading, struct reading_item *item)
{
	char *rest = reading->rest;
	reading->rest = NULL;
	const char *command = cut_word(&rest, BLANKS);
	if (!command || strcmp(command, "add") != 0) {
		return READING_END; /* create, flush, swap, destroy */
	}
	(void)cut_word(&rest, BLANKS); /* the set */
	char *value = cut_word(&rest, BLANKS);
	if (!value) {
		return READING_BAD;
	}
	value[strcspn(value, ",")] = '\0'; /* of a set with ports */
	set_value(item, value);
	return take_options(reading, rest, item) ? READING_ITEM : READING_BAD;
}

/* One element of a set, up to its comma or the brace behind the last. */
static enum reading_result read_nft(struct reading *reading, struct reading_item *item)
{
	if (!reading->is_inside) {
		char *elements = strstr(reading->rest, "element");
		char *brace = elements ? strchr(elements, '{') : NULL;
		if (!brace) {
			reading->rest = NULL;
			return READING_END;
		}
		reading->is_inside = true;
		reading->rest = brace + 1;
	}
	char *at = reading->rest;
	char *end = at + strcspn(at, ",}");
	reading->is_inside = *end != '}';
	reading->rest = *end == ',' ? end + 1 : NULL;
	*end = '\0';
	at = trim(at);
	char *behind = at + strcspn(at, BLANKS);
	const bool is_more = *behind != '\0';
	*behind = '\0';
	if (*at == '\0') {
		return READING_END;
	}
	set_value(item, at);
	return !is_more || take_options(reading, behind + 1, item) ? READING_ITEM
								   : READING_BAD;
}

typedef enum reading_result reader(struct reading *reading, struct reading_item *item);

static reader *const READERS[] = {
	[MATRIX_LIST_FORMAT_PLAIN] = read_plain,
	[MATRIX_LIST_FORMAT_CSV] = read_csv,
	[MATRIX_LIST_FORMAT_NDJSON] = read_ndjson,
	[MATRIX_LIST_FORMAT_HOSTS] = read_hosts,
	[MATRIX_LIST_FORMAT_IPSET] = read_ipset,
	[MATRIX_LIST_FORMAT_NFT] = read_nft,
};

/* A hosts file says of names that they are nowhere. */
static bool is_hosts(const char *line)
{
	static const char *const NOWHERE[] = {"0.0.0.0", "127.0.0.1", "::1", "::"};
	for (size_t i = 0; i < sizeof(NOWHERE) / sizeof(NOWHERE[0]); i++) {
		const size_t len = strlen(NOWHERE[i]);
		if (strncmp(line, NOWHERE[i], len) == 0 &&
			(line[len] == ' ' || line[len] == '\t')) {
			return true;
		}
	}
	return false;
}

static enum matrix_list_format guess(const char *line)
{
	static const struct {
		const char *begin;
		enum matrix_list_format format;
	} BEGINNINGS[] = {
		{"{", MATRIX_LIST_FORMAT_NDJSON},
		{"\"", MATRIX_LIST_FORMAT_CSV},
		{"add element ", MATRIX_LIST_FORMAT_NFT},
		{"table ", MATRIX_LIST_FORMAT_NFT},
		{"elements ", MATRIX_LIST_FORMAT_NFT},
		{"flush set ", MATRIX_LIST_FORMAT_NFT},
		{"create ", MATRIX_LIST_FORMAT_IPSET},
		{"add ", MATRIX_LIST_FORMAT_IPSET},
	};
	for (size_t i = 0; i < sizeof(BEGINNINGS) / sizeof(BEGINNINGS[0]); i++) {
		const char *begin = BEGINNINGS[i].begin;
		if (strncmp(line, begin, strlen(begin)) == 0) {
			return BEGINNINGS[i].format;
		}
	}
	if (is_hosts(line)) {
		return MATRIX_LIST_FORMAT_HOSTS;
	}
	return strchr(line, ',') ? MATRIX_LIST_FORMAT_CSV : MATRIX_LIST_FORMAT_PLAIN;
}

static void skip_line(FILE *in)
{
	int byte;
	do {
		byte = getc(in);
	} while (byte != EOF && byte != '\n');
}

/* The next line that says something. */
static enum reading_result read_line(struct reading *reading)
{
	while (fgets(reading->text, sizeof(reading->text), reading->in)) {
		reading->line++;
		const size_t len = strlen(reading->text);
		if (len == sizeof(reading->text) - 1 &&
			reading->text[len - 1] != '\n') {
			skip_line(reading->in);
			return READING_BAD;
		}
		char *line = trim(reading->text);
		if (reading->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0) {
			line = trim(line + 3); /* a mark of UTF-8 */
		}
		if (*line == '\0' || *line == '#' || *line == ';') {
			continue;
		}
		if (reading->format == MATRIX_LIST_FORMAT_GUESSED) {
			reading->format = guess(line);
		}
		reading->rest = line;
		return READING_ITEM;
	}
	return READING_END;
}

enum reading_result reading_next(struct reading *reading, struct reading_item *item)
{
	*item = (struct reading_item){.line = reading->line};
	for (;;) {
		enum reading_result result =
			reading->rest ? READING_ITEM : read_line(reading);
		if (result != READING_ITEM) {
			item->line = reading->line;
			return result;
		}
		item->line = reading->line;
		text_copy(item->value, sizeof(item->value), text_from(reading->rest));
		result = READERS[reading->format](reading, item);
		if (result != READING_END) {
			return result; /* one that says nothing is passed over */
		}
	}
}
