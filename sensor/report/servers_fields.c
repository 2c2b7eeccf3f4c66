#include "report/servers_fields.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US_PER_S    UINT64_C(1000000)
#define TIME_BYTES  28 /* "2026-01-31T12:00:00.000001Z" and NUL */
#define VALUE_BYTES 256

/* How a field is kept and written. */
struct kind {
	bool (*is_empty)(const void *value);
	void (*write)(FILE *out, const void *value);
	bool (*read)(const char *text, void *value); /* text: never empty */
	const char *wants;
};

struct field {
	const char *key;
	const struct kind *kind;
	size_t offset;
	bool is_required;
};

struct servers_line {
	const struct field *fields;
	size_t count;
};

static bool number_read(const char *text, uint64_t max, uint64_t *number)
{
	const size_t len = strlen(text);
	return len > 0 && strspn(text, "0123456789") == len &&
	       text_number((struct text){(const uint8_t *)text, len}, max, number);
}

static bool address_is_empty(const void *value)
{
	(void)value;
	return false;
}

static void address_write(FILE *out, const void *value)
{
	char text[ADDRESS_TEXT_BYTES];
	(void)fputs(address_text((const struct address *)value, text), out);
}

static bool address_read(const char *text, void *value)
{
	return address_parse(text, (struct address *)value);
}

static bool port_is_empty(const void *value)
{
	(void)value;
	return false;
}

static void port_write(FILE *out, const void *value)
{
	(void)fprintf(out, "%u", *(const uint16_t *)value);
}

static bool port_read(const char *text, void *value)
{
	uint64_t number = 0;
	if (!number_read(text, UINT16_MAX, &number) || number == 0) {
		return false;
	}
	*(uint16_t *)value = (uint16_t)number;
	return true;
}

static bool count_is_empty(const void *value)
{
	return *(const uint32_t *)value == 0;
}

static void count_write(FILE *out, const void *value)
{
	(void)fprintf(out, "%" PRIu32, *(const uint32_t *)value);
}

static bool count_read(const char *text, void *value)
{
	uint64_t number = 0;
	if (!number_read(text, UINT32_MAX, &number)) {
		return false;
	}
	*(uint32_t *)value = (uint32_t)number;
	return true;
}

static bool time_is_empty(const void *value)
{
	return *(const uint64_t *)value == 0;
}

static bool time_text(uint64_t time_us, char text[TIME_BYTES])
{
	const time_t time_s = (time_t)(time_us / US_PER_S);
	struct tm parts;
	char seconds[20]; /* four digits of a year at most */
	if (!gmtime_r(&time_s, &parts) ||
		strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
		return false;
	}
	(void)snprintf(
		text, TIME_BYTES, "%s.%06" PRIu64 "Z", seconds, time_us % US_PER_S);
	return true;
}

static void time_write(FILE *out, const void *value)
{
	char text[TIME_BYTES];
	(void)fputs(time_text(*(const uint64_t *)value, text)
			    ? text
			    : "9999-12-31T23:59:59.999999Z",
		out);
}

/* What does not come out again as it went in was no time: a 31st of June, a stray letter. */
static bool time_read(const char *text, void *value)
{
	struct tm parts = {.tm_mday = 1};
	char again[TIME_BYTES];
	uint64_t fraction = 0;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
	if (!rest || rest[0] != '.' || strlen(rest) != strlen(".000001Z") ||
		!text_number((struct text){(const uint8_t *)rest + 1, 6}, US_PER_S - 1,
			&fraction)) {
		return false;
	}
	const time_t seconds = timegm(&parts);
	if (seconds < 0) {
		return false;
	}
	const uint64_t time_us = (uint64_t)seconds * US_PER_S + fraction;
	*(uint64_t *)value = time_us;
	return time_us != 0 && time_text(time_us, again) && strcmp(again, text) == 0;
}

static bool versions_is_empty(const void *value)
{
	return *(const uint16_t *)value == 0;
}

static void versions_write(FILE *out, const void *value)
{
	const char *comma = "";
	for (unsigned i = 0; i < LEDGER_VERSIONS; i++) {
		if ((*(const uint16_t *)value & 1U << i) != 0) {
			(void)fprintf(out, "%s%s", comma, ledger_version_name(i));
			comma = ",";
		}
	}
}

/* Cut the next word of a list off the front of *rest; false when it is empty. */
static bool next_item(const char **rest, char *item, size_t size)
{
	const size_t len = strcspn(*rest, ",");
	if (len == 0 || len >= size) {
		return false;
	}
	memcpy(item, *rest, len);
	item[len] = '\0';
	*rest += len;
	return true;
}

/* True when there is one more behind a comma. */
static bool has_more(const char **rest)
{
	const bool is_more = **rest == ',';
	*rest += is_more ? 1 : 0;
	return is_more;
}

static bool versions_read(const char *text, void *value)
{
	uint16_t *versions = (uint16_t *)value;
	*versions = 0;
	do {
		char item[8];
		unsigned index = 0;
		if (!next_item(&text, item, sizeof(item))) {
			return false;
		}
		while (index < LEDGER_VERSIONS &&
			strcmp(ledger_version_name(index), item) != 0) {
			index++;
		}
		if (index == LEDGER_VERSIONS) {
			return false;
		}
		*versions = (uint16_t)(*versions | 1U << index);
	} while (has_more(&text));
	return true;
}

static bool absence_is_empty(const void *value)
{
	return ((const struct ledger_absence *)value)->client_count == 0;
}

static void absence_write(FILE *out, const void *value)
{
	const struct ledger_absence *absence = (const struct ledger_absence *)value;
	for (uint32_t i = 0; i < absence->client_count; i++) {
		(void)fputs(i > 0 ? "," : "", out);
		address_write(out, &absence->clients[i]);
	}
}

static bool absence_read(const char *text, void *value)
{
	struct ledger_absence *absence = (struct ledger_absence *)value;
	absence->client_count = 0;
	do {
		char item[ADDRESS_TEXT_BYTES];
		if (absence->client_count == LEDGER_CLIENTS ||
			!next_item(&text, item, sizeof(item)) ||
			!address_parse(
				item, &absence->clients[absence->client_count])) {
			return false;
		}
		absence->client_count++;
	} while (has_more(&text));
	return true;
}

static bool marks_is_empty(const void *value)
{
	return offered_to_is_empty((const struct offered_to *)value);
}

/* Each at its place: 0 is an empty one. */
static void marks_write(FILE *out, const void *value)
{
	const uint32_t *words = ((const struct offered_to *)value)->words;
	for (size_t i = 0; i < OFFERED_TO_WORDS; i++) {
		(void)fprintf(out, "%s%" PRIx32, i > 0 ? "," : "", words[i]);
	}
}

static bool marks_read(const char *text, void *value)
{
	uint32_t *words = ((struct offered_to *)value)->words;
	size_t count = 0;
	do {
		char item[9];
		if (count == OFFERED_TO_WORDS ||
			!next_item(&text, item, sizeof(item)) ||
			strspn(item, "0123456789abcdef") != strlen(item)) {
			return false;
		}
		words[count++] = (uint32_t)strtoul(item, NULL, 16);
	} while (has_more(&text));
	return count == OFFERED_TO_WORDS;
}

static bool word_is_empty(const void *value)
{
	return *(const char *)value == '\0';
}

static void word_write(FILE *out, const void *value)
{
	(void)fputs((const char *)value, out);
}

static bool word_read(const char *text, void *value, size_t size)
{
	const size_t len = strlen(text);
	if (len >= size) {
		return false;
	}
	text_copy((char *)value, size, (struct text){(const uint8_t *)text, len});
	return strcmp((const char *)value, text) == 0;
}

static bool sni_read(const char *text, void *value)
{
	return word_read(text, value, LEDGER_SNI_BYTES);
}

static bool key_read(const char *text, void *value)
{
	return word_read(text, value, LEDGER_KEY_BYTES);
}

static bool digest_read(const char *text, void *value)
{
	return strlen(text) == LEDGER_DIGEST_BYTES - 1 &&
	       strspn(text, "0123456789abcdef") == LEDGER_DIGEST_BYTES - 1 &&
	       word_read(text, value, LEDGER_DIGEST_BYTES);
}

static const struct kind ADDRESS = {
	address_is_empty, address_write, address_read, "an IP address"};
static const struct kind PORT = {
	port_is_empty, port_write, port_read, "a port, 1 to 65535"};
static const struct kind COUNT = {
	count_is_empty, count_write, count_read, "a number up to 4294967295"};
static const struct kind TIME = {time_is_empty, time_write, time_read,
	"a time like 2026-01-31T12:00:00.000000Z"};
static const struct kind VERSIONS = {
	versions_is_empty, versions_write, versions_read, "TLS versions like 1.2,1.3"};
static const struct kind ABSENCE = {absence_is_empty, absence_write, absence_read,
	"at most 4 IP addresses with commas"};
static const struct kind MARKS = {
	marks_is_empty, marks_write, marks_read, "8 hexadecimal numbers with commas"};
static const struct kind SNI = {
	word_is_empty, word_write, sni_read, "a host name of at most 63 letters"};
static const struct kind KEY = {
	word_is_empty, word_write, key_read, "a key type of at most 7 letters"};
static const struct kind DIGEST = {
	word_is_empty, word_write, digest_read, "64 hexadecimal digits in lower case"};

#define AT(member) offsetof(struct ledger_server, member)
static const struct field SERVER_FIELDS[] = {
	{"address", &ADDRESS, AT(address), true},
	{"port", &PORT, AT(port), true},
	{"flows", &COUNT, AT(flows), true},
	{"first", &TIME, AT(first_us), true},
	{"last", &TIME, AT(last_us), true},
	{"tls", &VERSIONS, AT(versions), false},
	{"offered", &COUNT, AT(offered), false},
	{"offered-first", &TIME, AT(offered_first_us), false},
	{"offered-last", &TIME, AT(offered_last_us), false},
	{"offered-to", &MARKS, AT(offered_to), false},
	{"offered-partly", &TIME, AT(partly_us), false},
	{"not-offered", &COUNT, AT(not_offered), false},
	{"used", &COUNT, AT(used), false},
	{"refused", &COUNT, AT(refused), false},
	{"stripped", &COUNT, AT(stripped), false},
	{"auth-clear", &COUNT, AT(auth_clear), false},
	{"messages", &COUNT, AT(messages), false},
	{"refusals", &COUNT, AT(refusals), false},
	{"deferrals", &COUNT, AT(deferrals), false},
	{"absent", &COUNT, AT(absence.flows), false},
	{"absent-first", &TIME, AT(absence.first_us), false},
	{"absent-last", &TIME, AT(absence.last_us), false},
	{"absent-for", &ABSENCE, AT(absence), false},
};
#undef AT

#define AT(member) offsetof(struct ledger_certificate, member)
static const struct field CERTIFICATE_FIELDS[] = {
	{"sha256", &DIGEST, AT(fingerprint), true},
	{"key", &KEY, AT(key_type), false},
	{"sni", &SNI, AT(sni), false},
	{"flows", &COUNT, AT(flows), true},
	{"first", &TIME, AT(first_us), true},
	{"last", &TIME, AT(last_us), true},
	{"client", &ADDRESS, AT(client), true},
};
#undef AT

const struct servers_line SERVERS_LINE_SERVER = {
	SERVER_FIELDS, sizeof(SERVER_FIELDS) / sizeof(SERVER_FIELDS[0])};
const struct servers_line SERVERS_LINE_CERTIFICATE = {
	CERTIFICATE_FIELDS, sizeof(CERTIFICATE_FIELDS) / sizeof(CERTIFICATE_FIELDS[0])};

void servers_fields_write(FILE *out, const struct servers_line *line, const void *what)
{
	for (size_t i = 0; i < line->count; i++) {
		const struct field *field = &line->fields[i];
		const void *value = (const uint8_t *)what + field->offset;
		if (!field->kind->is_empty(value)) {
			(void)fprintf(out, " %s=", field->key);
			field->kind->write(out, value);
		}
	}
}

static const struct field *find_field(
	const struct servers_line *line, const char *key, size_t len)
{
	for (size_t i = 0; i < line->count; i++) {
		if (strlen(line->fields[i].key) == len &&
			memcmp(line->fields[i].key, key, len) == 0) {
			return &line->fields[i];
		}
	}
	return NULL;
}

/* One "key=value"; *seen has a bit per field. */
static bool read_field(const struct servers_line *line, struct text word,
	uint32_t *seen, void *what, struct reason *why)
{
	char text[VALUE_BYTES];
	if (word.len >= sizeof(text)) {
		return reason_set(why, "a field of %zu bytes", word.len);
	}
	text_copy(text, sizeof(text), word);
	const size_t key_len = strcspn(text, "=");
	const struct field *field = find_field(line, text, key_len);
	if (!field || text[key_len] == '\0') {
		return reason_set(why, "unknown field \"%.40s\"", text);
	}
	const uint32_t bit = UINT32_C(1) << (field - line->fields);
	if ((*seen & bit) != 0) {
		return reason_set(why, "%s is given twice", field->key);
	}
	*seen |= bit;
	const char *value = text + key_len + 1;
	if (value[0] == '\0' ||
		!field->kind->read(value, (uint8_t *)what + field->offset)) {
		return reason_set(why, "%s wants %s, not \"%.40s\"", field->key,
			field->kind->wants, value);
	}
	return true;
}

bool servers_fields_read(const struct servers_line *line, struct text rest, void *what,
	struct reason *why)
{
	uint32_t seen = 0;
	for (struct text word = text_word(&rest); word.len > 0;
		word = text_word(&rest)) {
		if (!read_field(line, word, &seen, what, why)) {
			return false;
		}
	}
	for (size_t i = 0; i < line->count; i++) {
		if (line->fields[i].is_required && (seen & UINT32_C(1) << i) == 0) {
			return reason_set(why, "%s is missing", line->fields[i].key);
		}
	}
	return true;
}
