#include "base/address.h"

#include <arpa/inet.h>

bool address_is_loopback(const struct address *address)
{
	static const uint8_t ONE[16] = {[15] = 1};
	return address_is_ipv4(address) ? address->bytes[12] == 127
					: memcmp(address->bytes, ONE, sizeof(ONE)) == 0;
}

/* inet_ntop goes by printf, and each record has several. Returns the end. */
static char *octet_text(uint8_t octet, char *at)
{
	if (octet >= 100) {
		*at++ = (char)('0' + octet / 100);
	}
	if (octet >= 10) {
		*at++ = (char)('0' + octet / 10 % 10);
	}
	*at++ = (char)('0' + octet % 10);
	return at;
}

static const char *ipv4_text(const uint8_t *octets, char *text)
{
	char *at = octet_text(octets[0], text);
	for (unsigned i = 1; i < 4; i++) {
		*at++ = '.';
		at = octet_text(octets[i], at);
	}
	*at = '\0';
	return text;
}

#define GROUPS 8 /* of an IPv6 address, 16 bits each */

static uint16_t group_of(const uint8_t *bytes, unsigned group)
{
	return (uint16_t)(bytes[2 * (size_t)group] << 8 | bytes[2 * (size_t)group + 1]);
}

/* Lower-case, without leading zeros: RFC 5952, section 4. Returns the end. */
static char *group_text(uint16_t group, char *at)
{
	static const char DIGITS[] = "0123456789abcdef";
	for (int shift = group > 0xfff  ? 12
			 : group > 0xff ? 8
			 : group > 0xf  ? 4
					: 0;
		shift >= 0; shift -= 4) {
		*at++ = DIGITS[group >> shift & 0xf];
	}
	return at;
}

/* The first of the longest runs of zeros, of two groups or more: [first, end). */
static void find_zeros(const uint8_t *bytes, unsigned *first, unsigned *end)
{
	*first = *end = 0;
	for (unsigned at = 0; at < GROUPS; at++) {
		const unsigned start = at;
		while (at < GROUPS && group_of(bytes, at) == 0) {
			at++;
		}
		if (at - start > 1 && at - start > *end - *first) {
			*first = start;
			*end = at;
		}
	}
}

/* Groups [first, end), a colon between two. Returns the end. */
static char *groups_text(const uint8_t *bytes, unsigned first, unsigned end, char *at)
{
	for (unsigned group = first; group < end; group++) {
		if (group > first) {
			*at++ = ':';
		}
		at = group_text(group_of(bytes, group), at);
	}
	return at;
}

static const char *ipv6_text(const uint8_t *bytes, char *text)
{
	unsigned first;
	unsigned end;
	find_zeros(bytes, &first, &end);
	char *at = groups_text(bytes, 0, end > first ? first : GROUPS, text);
	if (end > first) {
		*at++ = ':';
		*at++ = ':';
		at = groups_text(bytes, end, GROUPS, at);
	}
	*at = '\0';
	return text;
}

/* As inet_ntop has it, which shows the last four bytes of ::a.b.c.d as IPv4. */
const char *address_text(const struct address *address, char *text)
{
	static const uint8_t NONE[12] = {0};
	if (address_is_ipv4(address)) {
		return ipv4_text(&address->bytes[12], text);
	}
	if (memcmp(address->bytes, NONE, sizeof(NONE)) != 0) {
		return ipv6_text(address->bytes, text);
	}
	if (!inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_BYTES)) {
		text[0] = '\0';
	}
	return text;
}

bool address_parse(const char *text, struct address *out)
{
	uint8_t ipv4[4];
	if (inet_pton(AF_INET, text, ipv4) == 1) {
		*out = address_from_ipv4(ipv4);
		return true;
	}
	return inet_pton(AF_INET6, text, out->bytes) == 1;
}
