#include "analyze/dns_answer.h"

#include "analyze/dns.h"
#include "base/utf8.h"

#include <string.h>

enum {
	FLAG_RESPONSE = 0x8000,
	FLAGS_OPCODE = 0x7800,
	FLAG_TRUNCATED = 0x0200,
	FLAG_RECURSION = 0x0100,
	FLAGS_RCODE = 0x000f,
	HEADER_BYTES = 12,
	LABEL_BYTES_MAX = 63,
	POINTER = 0xc0,
	POINTERS_MAX = 16,
	CLASS_IN = 1,
	IPV4_BYTES = 4,
	IPV6_BYTES = 16,
};

struct host {
	char *text;
	size_t len;
	uint8_t bits; /* of all its letters */
};

/* False: it is none, or the name longer than names may be. */
static bool read_label(struct cursor *at, uint8_t len, struct host *host)
{
	const size_t dot = host->len > 0 ? 1 : 0;
	const uint8_t *label = cursor_take(at, len);
	if (len > LABEL_BYTES_MAX || !label ||
		host->len + dot + len >= DNS_HOST_BYTES) {
		return false;
	}
	if (dot > 0) {
		host->text[host->len++] = '.';
	}
	char *text = host->text + host->len;
	for (uint8_t i = 0; i < len; i++) {
		host->bits |= label[i];
		text[i] = dns_letter(label[i]);
	}
	host->len += len;
	return true;
}

/* To what stands before the pointer itself (RFC 1035 section 4.1.4); len: its first byte. */
static bool follow_pointer(const uint8_t *message, uint8_t len, struct cursor *at)
{
	const size_t here = (size_t)(at->at - 1 - message);
	const size_t to = (size_t)(len & ~POINTER) << 8 | cursor_u8(at);
	if (!cursor_ok(at) || to >= here) {
		return false;
	}
	*at = cursor_over(message + to, here - to);
	return true;
}

/*
 * Each pointer leads back, POINTERS_MAX of them, and each label is part of a name of at
 * most 255 bytes: neither goes on for long.
 */
static bool read_host(const uint8_t *message, struct cursor *cur, char *text)
{
	struct host host = {text, 0, 0};
	struct cursor at = *cur;
	unsigned pointers = 0;
	for (uint8_t len = cursor_u8(&at); len != 0; len = cursor_u8(&at)) {
		const bool is_pointer = (len & POINTER) == POINTER;
		if (is_pointer && pointers++ == 0) {
			*cur = at;
		}
		const bool is_read = is_pointer ? follow_pointer(message, len, &at)
						: read_label(&at, len, &host);
		if (!is_read || pointers > POINTERS_MAX) {
			return false;
		}
	}
	text[host.len] = '\0';
	if (host.bits >= 0x80) {
		utf8_make_printable(text);
	}
	if (pointers == 0) {
		*cur = at;
	} else {
		cursor_skip(cur, 1); /* the pointer's second byte */
	}
	return cursor_ok(&at);
}

/* Of most the name is a pointer to the first thing behind the header: the question's. */
static bool read_owner(struct dns_records *records, char *text)
{
	const uint8_t *at = records->cur.at;
	if (cursor_left(&records->cur) >= 2 && at[0] == POINTER &&
		at[1] == HEADER_BYTES) {
		memcpy(text, records->asked, strlen(records->asked) + 1);
		cursor_skip(&records->cur, 2);
		return true;
	}
	return read_host(records->message, &records->cur, text);
}

static bool is_of_interest(uint16_t type)
{
	return type == DNS_TYPE_A || type == DNS_TYPE_AAAA || type == DNS_TYPE_CNAME ||
	       type == DNS_TYPE_MX;
}

static bool is_sound(uint16_t flags, uint16_t questions, uint16_t answers)
{
	if ((flags & FLAGS_OPCODE) != 0 || questions != 1) {
		return false;
	}
	return (flags & FLAG_RESPONSE) != 0
		       ? (flags & (FLAG_TRUNCATED | FLAGS_RCODE)) == 0
		       : answers == 0;
}

bool dns_read_asked(
	struct text message, struct dns_asked *asked, struct dns_records *records)
{
	struct cursor cur = cursor_over(message.at, message.len);
	asked->id = cursor_be16(&cur);
	const uint16_t flags = cursor_be16(&cur);
	const uint16_t questions = cursor_be16(&cur);
	const uint16_t answers = cursor_be16(&cur);
	cursor_skip(&cur, 4); /* authority and additional */
	if (!cursor_ok(&cur) || !is_sound(flags, questions, answers) ||
		!read_host(message.at, &cur, asked->name)) {
		return false;
	}
	asked->is_answer = (flags & FLAG_RESPONSE) != 0;
	asked->is_iterative = (flags & FLAG_RECURSION) == 0;
	asked->type = cursor_be16(&cur);
	const uint16_t class = cursor_be16(&cur);
	*records = (struct dns_records){message.at, cur,
		answers < DNS_RECORDS_MAX ? answers : DNS_RECORDS_MAX, asked->name};
	return cursor_ok(&cur) && class == CLASS_IN && is_of_interest(asked->type);
}

/* False: it is not as its type wants it. */
static bool read_data(
	struct dns_records *records, struct cursor *data, struct dns_record *record)
{
	const uint8_t *bytes = NULL;
	switch (record->type) {
	case DNS_TYPE_A:
		bytes = cursor_take(data, IPV4_BYTES);
		if (bytes) {
			record->address = address_from_ipv4(bytes);
		}
		return bytes && cursor_left(data) == 0;
	case DNS_TYPE_AAAA:
		bytes = cursor_take(data, IPV6_BYTES);
		if (bytes) {
			record->address = address_from_ipv6(bytes);
		}
		return bytes && cursor_left(data) == 0;
	case DNS_TYPE_MX:
		cursor_skip(data, 2); /* preference */
		return read_host(records->message, data, record->target);
	case DNS_TYPE_CNAME:
		return read_host(records->message, data, record->target);
	}
	return false;
}

bool dns_next_record(struct dns_records *records, struct dns_record *record)
{
	struct cursor *cur = &records->cur;
	while (records->left > 0) { /* DNS_RECORDS_MAX at first */
		records->left--;
		if (!read_owner(records, record->owner)) {
			break;
		}
		const uint16_t type = cursor_be16(cur);
		const uint16_t class = cursor_be16(cur);
		const uint32_t ttl_s = cursor_be32(cur);
		struct cursor data = cursor_sub(cur, cursor_be16(cur));
		if (!cursor_ok(cur)) {
			break;
		}
		record->type = (enum dns_type)type;
		/* RFC 2181 section 8: with the first bit set it is none */
		record->ttl_s = ttl_s > INT32_MAX ? 0 : ttl_s;
		if (class == CLASS_IN && is_of_interest(type) &&
			read_data(records, &data, record)) {
			return true;
		}
	}
	records->left = 0;
	return false;
}
