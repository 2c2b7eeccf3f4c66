#include "analyze/dns.h"

#include <string.h>

#define LABELS_MAX 127 /* RFC 1035 section 3.1: 255 bytes hold no more */

enum {
	HEADER_BYTES = 12,
	QUESTION_BYTES_MIN = 5, /* the root's name, type and class */
	QUERY_BYTES_MAX = 4096, /* far above any real one, with every option */
	FLAG_RESPONSE = 0x8000,
	FLAGS_OPCODE = 0x7800,
	FLAG_RECURSION = 0x0100,
	LABEL_BYTES_MAX = 63,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_TLSA = 52,
	TYPE_ANY = 255,
	CLASS_IN = 1,
};

struct name {
	char *text;
	size_t size;
	size_t len;
};

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

/* Letters, digits, '-' and '_' as they are; a dot inside a label must not look like two. */
static char printable(uint8_t byte)
{
	const uint8_t low = lower(byte);
	const bool is_plain = (low >= 'a' && low <= 'z') ||
			      (low >= '0' && low <= '9') || low == '-' || low == '_';
	return (char)(is_plain ? low : (uint8_t)'?');
}

static void name_add(struct name *name, char letter)
{
	if (name->len + 1 < name->size) {
		name->text[name->len++] = letter;
		name->text[name->len] = '\0';
	}
}

/*
 * The first name of a message has nothing before it that a compression pointer could
 * point to (RFC 1035 section 4.1.4), so every label must be a plain one.
 */
static bool read_name(struct cursor *cur, struct name *name)
{
	for (unsigned labels = 0; labels <= LABELS_MAX; labels++) {
		const uint8_t len = cursor_u8(cur);
		if (len == 0) {
			return cursor_ok(cur);
		}
		const uint8_t *label = cursor_take(cur, len);
		if (len > LABEL_BYTES_MAX || !label) {
			return false;
		}
		if (labels > 0) {
			name_add(name, '.');
		}
		for (uint8_t i = 0; i < len; i++) {
			name_add(name, printable(label[i]));
		}
	}
	return false;
}

static bool has_label(const char *name, const char *label)
{
	const size_t len = strlen(label);
	for (const char *at = strstr(name, label); at; at = strstr(at + 1, label)) {
		if ((at == name || at[-1] == '.') &&
			(at[len] == '.' || at[len] == '\0')) {
			return true;
		}
	}
	return false;
}

static bool starts(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* RFC 7489 6.1, RFC 6376 3.6.2.1, RFC 8461 3.1, RFC 8460 3; "_spf" is the habit of includes. */
static bool is_mail_text(const char *name)
{
	return starts(name, "_dmarc.") || has_label(name, "_domainkey") ||
	       starts(name, "_mta-sts.") || starts(name, "_smtp._tls.") ||
	       has_label(name, "_spf");
}

/* RFC 7672 section 2.2.3 */
static bool is_mail_tlsa(const char *name)
{
	return starts(name, "_25._tcp.") || starts(name, "_465._tcp.") ||
	       starts(name, "_587._tcp.");
}

static const char *type_of_interest(uint16_t type, const char *name)
{
	switch (type) {
	case TYPE_MX:
		return "MX";
	case TYPE_ANY: /* RFC 1035 section 3.2.3: the answer holds MX */
		return "ANY";
	case TYPE_TXT:
		return is_mail_text(name) ? "TXT" : NULL;
	case TYPE_TLSA:
		return is_mail_tlsa(name) ? "TLSA" : NULL;
	default:
		return NULL;
	}
}

bool dns_read_question(struct text message, struct dns_question *question)
{
	struct cursor cur = cursor_over(message.at, message.len);
	cursor_skip(&cur, 2); /* identifier */
	const uint16_t flags = cursor_be16(&cur);
	const uint16_t questions = cursor_be16(&cur);
	const uint16_t answers = cursor_be16(&cur);
	cursor_skip(&cur, 4); /* authority and additional: EDNS has one there */
	if (!cursor_ok(&cur) || (flags & (FLAG_RESPONSE | FLAGS_OPCODE)) != 0 ||
		(flags & FLAG_RECURSION) == 0 || questions != 1 || answers != 0) {
		return false;
	}
	question->name[0] = '\0';
	struct name name = {question->name, sizeof(question->name), 0};
	if (!read_name(&cur, &name)) {
		return false;
	}
	const uint16_t type = cursor_be16(&cur);
	const uint16_t class = cursor_be16(&cur);
	if (!cursor_ok(&cur) || class != CLASS_IN) {
		return false;
	}
	question->type = type_of_interest(type, question->name);
	return question->type != NULL;
}

enum dns_stream_result dns_stream_next(struct text *stream, struct text *message)
{
	struct cursor cur = cursor_over(stream->at, stream->len);
	const uint16_t len = cursor_be16(&cur);
	if (!cursor_ok(&cur)) {
		return DNS_STREAM_SHORT;
	}
	if (len < HEADER_BYTES + QUESTION_BYTES_MIN || len > QUERY_BYTES_MAX) {
		return DNS_STREAM_ODD;
	}
	const uint8_t *bytes = cursor_take(&cur, len);
	if (!bytes) {
		return DNS_STREAM_SHORT;
	}
	*message = (struct text){bytes, len};
	*stream = (struct text){cur.at, cursor_left(&cur)};
	return DNS_STREAM_MESSAGE;
}
