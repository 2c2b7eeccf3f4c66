#include "place.h"

#include <string.h>

struct range {
	uint8_t network[3]; /* IPv4, a /24 */
	uint8_t low, high;
	uint8_t prefix[8]; /* IPv6, a /64; the same host number */
};

static const struct range ranges[] = {
	[PLACE_WORKSTATION] = {{192, 0, 2}, 64, 191,
		{0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0x10}},
	[PLACE_SCANNER] = {{192, 0, 2}, 200, 220, {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0x20}},
	[PLACE_MAILBOX] = {{192, 0, 2}, 10, 11, {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 1}},
	[PLACE_RELAY] = {{192, 0, 2}, 25, 26, {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2}},
	[PLACE_SUBMISSION] = {{192, 0, 2}, 30, 31, {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 3}},
	[PLACE_OUTBOUND] = {{198, 51, 100}, 2, 2, {0x20, 1, 0x0d, 0xb8, 0, 2, 0, 2}},
	[PLACE_INBOUND] = {{198, 51, 100}, 3, 3, {0x20, 1, 0x0d, 0xb8, 0, 2, 0, 3}},
	[PLACE_RESOLVER] = {{192, 0, 2}, 53, 54, {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 4}},
	[PLACE_INTERNET] = {{203, 0, 113}, 1, 254,
		{0x20, 1, 0x0d, 0xb8, 0xf0, 0, 0, 0}},
};

void place_address(
	enum place place, bool is_ipv6, struct random *random, uint8_t address[16])
{
	const struct range *range = &ranges[place];
	const uint8_t host = (uint8_t)random_between(random, range->low, range->high);

	memset(address, 0, 16);
	if (is_ipv6) {
		memcpy(address, range->prefix, sizeof(range->prefix));
		if (place == PLACE_INTERNET) {
			address[7] = (uint8_t)random_below(random, 64);
		}
		address[15] = host;
	} else if (place == PLACE_INTERNET && random_chance(random, 30)) {
		address[0] = 198;
		address[1] = 51;
		address[2] = 100;
		address[3] = (uint8_t)random_between(random, 128, 254);
	} else {
		memcpy(address, range->network, sizeof(range->network));
		address[3] = host;
	}
}
