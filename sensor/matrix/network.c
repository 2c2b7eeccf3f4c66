#include "matrix/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_BITS 128u
#define IPV4_OFFSET  96u

static bool bit_is_set(const struct address *address, unsigned bit)
{
	return (address->bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

bool network_next(struct address *address)
{
	for (int i = 15; i >= 0; i--) {
		if (++address->bytes[i] != 0) {
			return true;
		}
	}
	return false;
}

/* base with the bits behind the prefix all clear or all set */
static struct address fill(const struct address *base, unsigned bits, bool set)
{
	struct address filled = *base;
	for (unsigned i = bits; i < ADDRESS_BITS; i++) {
		const uint8_t bit = (uint8_t)(0x80 >> i % 8);
		if (set) {
			filled.bytes[i / 8] |= bit;
		} else {
			filled.bytes[i / 8] &= (uint8_t)~bit;
		}
	}
	return filled;
}

struct address network_last(const struct network *network)
{
	return fill(&network->base, network->bits, true);
}

const char *network_text(const struct network *network, char *text)
{
	const bool is_ipv4 =
		address_is_ipv4(&network->base) && network->bits >= IPV4_OFFSET;
	(void)address_text(&network->base, text);
	if (network->bits < ADDRESS_BITS) {
		(void)snprintf(text + strlen(text), 5, "/%u",
			is_ipv4 ? network->bits - IPV4_OFFSET : network->bits);
	}
	return text;
}

static bool parse_length(const char *text, const struct address *base, unsigned *bits,
	struct reason *why)
{
	const bool is_ipv4 = address_is_ipv4(base);
	const unsigned most = is_ipv4 ? 32 : ADDRESS_BITS;
	char *end = NULL;
	const unsigned long value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || strlen(text) > 3 ||
		value > most) {
		return reason_set(
			why, "\"/%.20s\" is no prefix length from 0 to %u", text, most);
	}
	*bits = (unsigned)value + (is_ipv4 ? IPV4_OFFSET : 0);
	return true;
}

/* "mail.example.org", "*.example.org": its last label has a letter. */
static bool is_host_name(const char *text)
{
	const char *last = strrchr(text, '.');
	return last &&
	       strspn(text, "*.-0123456789"
			    "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text) &&
	       strspn(last, ".0123456789") < strlen(last);
}

static bool parse_address(const char *text, struct address *out, struct reason *why)
{
	static const char *const EVERYTHING[] = {"any", "all", "tous", "toutes", "*"};
	for (size_t i = 0; i < sizeof(EVERYTHING) / sizeof(*EVERYTHING); i++) {
		if (strcmp(text, EVERYTHING[i]) == 0) {
			return reason_set(why,
				"\"%s\" is no address; the rest of the world is "
				"written \"internet\" in a row",
				text);
		}
	}
	return address_parse(text, out) ||
	       reason_set(why, "\"%.60s\" is no IPv4 or IPv6 address%s", text,
		       is_host_name(text) ? "; a host name belongs into \"names\" of "
					    "a group"
					  : "");
}

static size_t parse_prefix(
	const char *text, const char *slash, struct network *out, struct reason *why)
{
	char head[128];
	(void)snprintf(head, sizeof(head), "%.*s", (int)(slash - text), text);
	struct address base;
	unsigned bits = 0;
	if (!parse_address(head, &base, why) ||
		!parse_length(slash + 1, &base, &bits, why)) {
		return 0;
	}
	*out = (struct network){fill(&base, bits, false), (uint8_t)bits};
	if (!address_equal(&out->base, &base)) {
		char right[NETWORK_TEXT_BYTES];
		(void)reason_set(why,
			"\"%.60s\" has bits set behind its prefix; the network is %s",
			text, network_text(out, right));
		return 0;
	}
	return 1;
}

/* The shortest prefix that starts at first and does not pass last. */
static unsigned widest_prefix(const struct address *first, const struct address *last)
{
	unsigned bits = ADDRESS_BITS;
	while (bits > 0 && !bit_is_set(first, bits - 1)) {
		const struct address end = fill(first, bits - 1, true);
		if (memcmp(end.bytes, last->bytes, sizeof(end.bytes)) > 0) {
			break;
		}
		bits--;
	}
	return bits;
}

size_t network_cover(const struct address *first, const struct address *last,
	struct network list[NETWORK_RANGE_MAX])
{
	struct address at = *first;
	size_t count = 0;
	do {
		list[count] = (struct network){at, (uint8_t)widest_prefix(&at, last)};
		at = network_last(&list[count++]);
	} while (memcmp(at.bytes, last->bytes, sizeof(at.bytes)) < 0 &&
		 network_next(&at));
	return count;
}

static size_t parse_range(
	const char *text, const char *dash, struct network *list, struct reason *why)
{
	char head[128];
	int len = (int)(dash - text);
	while (len > 0 && text[len - 1] == ' ') {
		len--;
	}
	do {
		dash++;
	} while (*dash == ' ');
	(void)snprintf(head, sizeof(head), "%.*s", len, text);
	struct address first;
	struct address last;
	if (!parse_address(head, &first, why) || !parse_address(dash, &last, why)) {
		return 0;
	}
	if (address_is_ipv4(&first) != address_is_ipv4(&last)) {
		(void)reason_set(why, "range \"%.90s\" mixes IPv4 and IPv6", text);
		return 0;
	}
	if (memcmp(first.bytes, last.bytes, 16) > 0) {
		(void)reason_set(why,
			"range \"%.90s\" ends before it starts; swap its ends", text);
		return 0;
	}
	return network_cover(&first, &last, list);
}

size_t network_parse(const char *text, struct network *list, struct reason *why)
{
	const char *slash = strchr(text, '/');
	const char *dash = strchr(text, '-');
	if (slash) {
		return parse_prefix(text, slash, list, why);
	}
	if (dash) {
		return parse_range(text, dash, list, why);
	}
	list[0].bits = ADDRESS_BITS;
	return parse_address(text, &list[0].base, why) ? 1 : 0;
}
