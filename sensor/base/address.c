#include "base/address.h"

#include <arpa/inet.h>

bool address_is_loopback(const struct address *address)
{
	static const uint8_t ONE[16] = {[15] = 1};
	return address_is_ipv4(address) ? address->bytes[12] == 127
					: memcmp(address->bytes, ONE, sizeof(ONE)) == 0;
}

/* As inet_ntop does, which goes by printf: each record has several. Returns the end. */
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

const char *address_text(const struct address *address, char *text)
{
	if (address_is_ipv4(address)) {
		return ipv4_text(&address->bytes[12], text);
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
