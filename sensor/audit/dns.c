#include "audit/dns.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LABEL_MAX 63

void rr_ask(const struct rr_resolver *resolver, const char *name, enum rr_type type,
	struct rr_answer *answer)
{
	*answer = (struct rr_answer){.outcome = RR_NO_NAME};
	resolver->ask(resolver->context, name, type, answer);
}

bool rr_name_is_valid(const char *name)
{
	const size_t len = strlen(name);
	if (len == 0 || len - (name[len - 1] == '.') > RR_NAME_BYTES - 1) {
		return false;
	}
	for (const char *label = name; *label != '\0';) {
		const size_t label_len = strcspn(label, ".");
		if (label_len == 0 || label_len > LABEL_MAX) {
			return false;
		}
		label += label_len + (label[label_len] == '.' ? 1 : 0);
	}
	return true;
}

static char lower(char letter)
{
	if (letter >= 'A' && letter <= 'Z') {
		letter = (char)(letter | 0x20);
	}
	return letter;
}

bool rr_name_clean(char clean[RR_NAME_BYTES], const char *name)
{
	if (!rr_name_is_valid(name)) {
		return false;
	}
	size_t len = strlen(name);
	len -= name[len - 1] == '.';
	for (size_t i = 0; i < len; i++) {
		clean[i] = lower(name[i]);
	}
	clean[len] = '\0';
	return true;
}

static size_t length_of(const char *name)
{
	const size_t len = strlen(name);
	return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

bool rr_name_equal(const char *one, const char *other)
{
	const size_t len = length_of(one);
	return len == length_of(other) && strncasecmp(one, other, len) == 0;
}

bool rr_name_is_below(const char *name, const char *domain)
{
	const size_t len = length_of(name);
	const size_t above = length_of(domain);
	return len >= above && strncasecmp(name + len - above, domain, above) == 0 &&
	       (len == above || name[len - above - 1] == '.');
}

const char *rr_data_text(struct arena *arena, const struct rr_data *data, size_t *len)
{
	struct cursor cur = cursor_over(data->bytes, data->len);
	char *text = arena_take(arena, data->len + 1);
	*len = 0;
	while (cursor_left(&cur) > 0) {
		const uint8_t part = cursor_u8(&cur);
		const uint8_t *bytes = cursor_take(&cur, part);
		if (!cursor_ok(&cur)) {
			return NULL;
		}
		memcpy(text + *len, bytes, part);
		*len += part;
	}
	return text;
}

/* Without a pointer: the library has taken compression out. */
static bool read_name(struct cursor *cur, char name[RR_NAME_BYTES])
{
	size_t len = 0;
	for (;;) {
		const uint8_t part = cursor_u8(cur);
		const uint8_t *bytes = cursor_take(cur, part);
		if (!cursor_ok(cur) || part > LABEL_MAX ||
			len + part + 1 >= RR_NAME_BYTES) {
			return false;
		}
		if (part == 0) {
			name[len > 0 ? len - 1 : 0] = '\0';
			return true;
		}
		if (memchr(bytes, '.', part) || memchr(bytes, '\0', part)) {
			return false;
		}
		memcpy(name + len, bytes, part);
		len += part;
		name[len++] = '.';
	}
}

bool rr_data_name(
	const struct rr_data *data, enum rr_type type, char name[RR_NAME_BYTES])
{
	struct cursor cur = cursor_over(data->bytes, data->len);
	if (type == RR_TYPE_MX) {
		(void)cursor_be16(&cur);
	}
	return read_name(&cur, name) && cursor_left(&cur) == 0;
}

uint16_t rr_data_preference(const struct rr_data *data)
{
	struct cursor cur = cursor_over(data->bytes, data->len);
	return cursor_be16(&cur);
}

bool rr_data_address(const struct rr_data *data, struct address *address)
{
	if (data->len == 4) {
		*address = address_from_ipv4(data->bytes);
		return true;
	}
	if (data->len == sizeof(address->bytes)) {
		*address = address_from_ipv6(data->bytes);
		return true;
	}
	return false;
}

const char *rr_type_name(enum rr_type type)
{
	switch (type) {
	case RR_TYPE_A:
		return "A";
	case RR_TYPE_CNAME:
		return "CNAME";
	case RR_TYPE_PTR:
		return "PTR";
	case RR_TYPE_MX:
		return "MX";
	case RR_TYPE_TXT:
		return "TXT";
	case RR_TYPE_AAAA:
		return "AAAA";
	default:
		return "TLSA";
	}
}

const char *rr_answer_text(
	const struct rr_answer *answer, enum rr_type type, char text[64])
{
	if (answer->outcome == RR_FAILED) {
		return answer->why;
	}
	if (answer->outcome == RR_NO_NAME) {
		return "no such name";
	}
	(void)snprintf(text, 64, "no %s record", rr_type_name(type));
	return text;
}

void rr_reverse_name(const struct address *address, char name[RR_REVERSE_BYTES])
{
	static const char DIGITS[] = "0123456789abcdef";
	const uint8_t *bytes = address->bytes;
	if (address_is_ipv4(address)) {
		(void)snprintf(name, RR_REVERSE_BYTES, "%u.%u.%u.%u.in-addr.arpa",
			bytes[15], bytes[14], bytes[13], bytes[12]);
		return;
	}
	char *at = name;
	for (size_t i = sizeof(address->bytes); i-- > 0;) {
		*at++ = DIGITS[bytes[i] & 15];
		*at++ = '.';
		*at++ = DIGITS[bytes[i] >> 4];
		*at++ = '.';
	}
	(void)snprintf(at, RR_REVERSE_BYTES - (size_t)(at - name), "ip6.arpa");
}
