#include "observed/unused_parts.h"

#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX 1024 /* each is held against each that is left */

static int use_order(const void *left, const void *right)
{
	const struct unused_use *a = left;
	const struct unused_use *b = right;
	if (a->row != b->row) {
		return a->row < b->row ? -1 : 1;
	}
	if (a->end != b->end) {
		return a->end < b->end ? -1 : 1;
	}
	return memcmp(a->host.bytes, b->host.bytes, sizeof(a->host.bytes));
}

void unused_uses_sort(struct unused_use *uses, size_t *count)
{
	size_t kept = 0;
	if (*count > 1) {
		qsort(uses, *count, sizeof(*uses), use_order);
	}
	for (size_t i = 0; i < *count; i++) {
		if (kept == 0 || use_order(&uses[kept - 1], &uses[i]) != 0) {
			uses[kept++] = uses[i];
		}
	}
	*count = kept;
}

/* How many bits both begin with. */
static unsigned common_bits(const struct address *a, const struct address *b)
{
	for (unsigned i = 0; i < sizeof(a->bytes); i++) {
		const unsigned differ = (unsigned)(a->bytes[i] ^ b->bytes[i]);
		if (differ != 0) {
			return 8 * i + (unsigned)__builtin_clz(differ << 24);
		}
	}
	return 128;
}

/* The network that holds both; their families are told apart by far more bits. */
static struct network joined(const struct network *a, const struct network *b)
{
	const unsigned common = common_bits(&a->base, &b->base);
	struct network both = *a;
	both.bits = (uint8_t)(common < both.bits ? common : both.bits);
	both.bits = both.bits < b->bits ? both.bits : b->bits;
	for (unsigned i = 0; i < sizeof(both.base.bytes); i++) {
		const unsigned kept = both.bits > 8 * i ? both.bits - 8 * i : 0;
		if (kept < 8) {
			both.base.bytes[i] &= (uint8_t)(0xff00U >> kept);
		}
	}
	return both;
}

/* Of sorted networks the two neighbours that make the smallest one. */
static size_t nearest(const struct network *networks, size_t count)
{
	size_t best = 0;
	unsigned best_bits = 0;
	for (size_t i = 0; i + 1 < count; i++) {
		const unsigned bits = joined(&networks[i], &networks[i + 1]).bits;
		if (bits >= best_bits) {
			best_bits = bits;
			best = i;
		}
	}
	return best;
}

size_t unused_narrow(
	const struct unused_use *uses, size_t count, struct network *narrow)
{
	struct network networks[HOSTS_MAX];
	if (count > HOSTS_MAX) {
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		networks[i] = (struct network){uses[i].host, 128};
	}
	while (count > UNUSED_NARROW_MAX) { /* one fewer each time */
		const size_t at = nearest(networks, count);
		networks[at] = joined(&networks[at], &networks[at + 1]);
		count--;
		memmove(&networks[at + 1], &networks[at + 2],
			(count - at - 1) * sizeof(*networks));
	}
	memcpy(narrow, networks, count * sizeof(*networks));
	return count;
}

double unused_network_addresses(const struct network *network)
{
	double addresses = 1;
	for (int bits = network->bits; bits < 128; bits++) {
		addresses *= 2;
	}
	return addresses;
}
