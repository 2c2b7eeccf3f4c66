#include "base/address.h"

#include <arpa/inet.h>

static const uint8_t IPV4_MAPPED[12] = {[10] = 0xff, [11] = 0xff};

bool address_is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, IPV4_MAPPED, sizeof(IPV4_MAPPED)) == 0;
}

const char *address_text(const struct address *address, char *text)
{
	const bool is_ipv4 = address_is_ipv4(address);
	const void *from = is_ipv4 ? &address->bytes[12] : &address->bytes[0];
	const char *written =
		inet_ntop(is_ipv4 ? AF_INET : AF_INET6, from, text, ADDRESS_TEXT_BYTES);
	if (!written) {
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
