#include "analyze/dns.h"

#include "base/utf8.h"

#include <string.h>

#define LABELS_MAX 127 /* RFC 1035 section 3.1: 255 bytes hold no more */

enum {
	HEADER_BYTES = 12,
	LENGTH_BYTES = 2, /* in front of a message over TCP */
	QUESTIONS_MAX = 8,
	FLAG_RESPONSE = 0x8000,
	FLAGS_OPCODE = 0x7800,
	FLAG_RECURSION = 0x0100,
	LABEL_BYTES_MAX = 63,
	TYPE_A = 1,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_TLSA = 52,
	TYPE_ANY = 255,
	CLASS_IN = 1,
	CLASS_ANY = 255,
	POINTER = 0xc0, /* in place of a length: RFC 1035 section 4.1.4 */
};

struct name {
	char *text;
	size_t size;
	size_t len;
	bool is_later; /* not the message's first */
	uint8_t bits;  /* of all its letters */
};

static void name_add(struct name *name, char letter)
{
	if (name->len + 1 < name->size) {
		name->text[name->len++] = letter;
		name->text[name->len] = '\0';
	}
}

/*
 * The first name of a message has nothing before it that a compression pointer could
 * point to (RFC 1035 section 4.1.4): what has one is a later question's, and where it
 * points to is not followed. A pointer alone leaves the name of the question before.
 */
static bool read_name(struct cursor *cur, struct name *name)
{
	for (unsigned labels = 0; labels <= LABELS_MAX; labels++) {
		const uint8_t len = cursor_u8(cur);
		if (len == 0) {
			name->text[name->len] = '\0';
			return cursor_ok(cur);
		}
		if ((len & POINTER) == POINTER) {
			cursor_skip(cur, 1);
			return name->is_later && cursor_ok(cur);
		}
		const uint8_t *label = cursor_take(cur, len);
		if (len > LABEL_BYTES_MAX || !label) {
			return false;
		}
		if (labels > 0) {
			name_add(name, '.');
		}
		for (uint8_t i = 0; i < len; i++) {
			name->bits |= label[i];
			name_add(name, dns_letter(label[i]));
		}
	}
	return false;
}

/* One that was cut ends with a whole character. */
static void name_end(const struct name *name)
{
	if (name->bits >= 0x80) {
		const bool is_cut = name->len + 1 == name->size;
		const size_t len =
			is_cut ? utf8_whole(name->text, name->len) : name->len;
		name->text[len] = '\0';
		utf8_make_printable(name->text);
	}
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

/* RFC 6186 section 3, RFC 8314 section 5.1, RFC 5804 section 1.8; autodiscover's is Exchange's. */
static bool is_mail_service(const char *name)
{
	static const char *const SERVICES[] = {"_submission._tcp.",
		"_submissions._tcp.", "_smtp._tcp.", "_imap._tcp.", "_imaps._tcp.",
		"_pop3._tcp.", "_pop3s._tcp.", "_sieve._tcp.", "_autodiscover._tcp."};
	for (size_t i = 0; i < sizeof(SERVICES) / sizeof(SERVICES[0]); i++) {
		if (starts(name, SERVICES[i])) {
			return true;
		}
	}
	return false;
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
	case TYPE_SRV:
		return is_mail_service(name) ? "SRV" : NULL;
	case TYPE_TLSA:
		return is_mail_tlsa(name) ? "TLSA" : NULL;
	default:
		return NULL;
	}
}

/* Its name stays where the next one only points to it: RFC 1035 section 4.1.4. */
static bool read_question(
	struct cursor *cur, struct dns_question *question, bool is_later)
{
	struct name name = {question->name, sizeof(question->name), 0, is_later, 0};
	if (!read_name(cur, &name)) {
		return false;
	}
	name_end(&name);
	const uint16_t type = cursor_be16(cur);
	const uint16_t class = cursor_be16(cur);
	const bool is_asked =
		cursor_ok(cur) && (class == CLASS_IN || class == CLASS_ANY);
	question->type = is_asked ? type_of_interest(type, question->name) : NULL;
	return cursor_ok(cur);
}

/* Of the only question, its name passed over: most ask for the address of a host. */
static bool is_for_address(struct cursor cur)
{
	uint8_t len = cursor_u8(&cur);
	for (unsigned labels = 0; len != 0 && labels <= LABELS_MAX; labels++) {
		if (len > LABEL_BYTES_MAX) {
			return false;
		}
		cursor_skip(&cur, len);
		len = cursor_u8(&cur);
	}
	const uint16_t type = cursor_be16(&cur);
	return cursor_ok(&cur) && (type == TYPE_A || type == TYPE_AAAA);
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
		answers != 0) {
		return false;
	}
	if (questions == 1 && is_for_address(cur)) {
		return false;
	}
	question->is_iterative = (flags & FLAG_RECURSION) == 0;
	question->name[0] = '\0';
	question->type = NULL;
	/* QUESTIONS_MAX at most; RFC 9619 allows one */
	for (unsigned i = 0; i < questions && i < QUESTIONS_MAX && !question->type;
		i++) {
		if (!read_question(&cur, question, i > 0)) {
			return false;
		}
	}
	return question->type != NULL;
}

static uint16_t be16_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

bool dns_stream_is_right(const struct dns_stream *stream, const uint8_t *kept)
{
	const uint8_t *header = kept + LENGTH_BYTES;
	return stream->seen >= LENGTH_BYTES + HEADER_BYTES &&
	       be16_at(kept) >= HEADER_BYTES &&
	       ((be16_at(header + 2) & FLAG_RESPONSE) != 0) == stream->is_of_server &&
	       be16_at(header + 4) <= QUESTIONS_MAX;
}

/* Take up to want bytes in all of the message at hand; what there is no room for goes by. */
static bool gather(struct dns_stream *stream, uint8_t *kept, uint32_t room,
	struct text *bytes, uint32_t want)
{
	const uint32_t missing = want > stream->seen ? want - stream->seen : 0;
	const uint32_t taken = bytes->len < missing ? (uint32_t)bytes->len : missing;
	if (stream->seen < room) {
		const uint32_t left = room - stream->seen;
		memcpy(kept + stream->seen, bytes->at, taken < left ? taken : left);
	}
	stream->seen += taken;
	bytes->at += taken;
	bytes->len -= taken;
	return stream->seen >= want;
}

enum dns_stream_result dns_stream_take(struct dns_stream *stream, uint8_t *kept,
	uint32_t room, struct text *bytes, struct text *message)
{
	if (!gather(stream, kept, room, bytes, LENGTH_BYTES + HEADER_BYTES)) {
		return DNS_STREAM_SHORT;
	}
	if (!dns_stream_is_right(stream, kept)) {
		return DNS_STREAM_ODD;
	}
	const uint32_t len = LENGTH_BYTES + be16_at(kept);
	if (!gather(stream, kept, room, bytes, len)) {
		return DNS_STREAM_SHORT;
	}
	*message = (struct text){
		kept + LENGTH_BYTES, (len < room ? len : room) - LENGTH_BYTES};
	stream->seen = 0;
	return DNS_STREAM_MESSAGE;
}
