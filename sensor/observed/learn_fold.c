/* The networks of a group: servers one by one, users by the smallest full prefixes. */
#include "observed/learn_steps.h"

#include <string.h>

#define IPV6_NETWORK  64  /* bits that one network of IPv6 has; counted as: */
#define IPV6_COUNTED  256 /* as few hosts as a network of IPv4 has */
#define IPV4_BITS_MIN (96 + 16)

struct fold {
	struct learn *learn;
	struct learn_group *group;
	const uint32_t *members; /* in order of address */
	uint32_t fill;
};

/* Members from..to of the list. */
struct span {
	size_t from;
	size_t to;
};

static const struct address *address_of(const struct fold *fold, size_t member)
{
	return &fold->learn->hosts[fold->members[member]].address;
}

static bool bit_of(const struct address *address, unsigned bit)
{
	return (address->bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

static uint8_t equal_bits(const struct address *a, const struct address *b)
{
	unsigned bits = 0;
	while (bits < 128 && bit_of(a, bits) == bit_of(b, bits)) {
		bits++;
	}
	return (uint8_t)bits;
}

static struct network network_around(const struct address *address, uint8_t bits)
{
	struct network network = {*address, bits};
	for (unsigned i = bits; i < 128; i++) {
		network.base.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	}
	return network;
}

static bool holds(const struct network *network, const struct address *address)
{
	return equal_bits(&network->base, address) >= network->bits;
}

/* In no zone's middle, and nobody of another group or refused is in it. */
static bool is_free(const struct fold *fold, const struct network *network)
{
	const struct learn *learn = fold->learn;
	const struct learn_settings *settings = learn->settings;
	const uint32_t group = (uint32_t)(fold->group - learn->groups);
	for (size_t i = 0; i < settings->gateway_count; i++) {
		if (fold->group->zone == 1 &&
			(holds(network, &settings->gateway[i].base) ||
				holds(&settings->gateway[i], &network->base))) {
			return false;
		}
	}
	size_t low = 1;
	size_t high = learn->host_count;
	while (low < high) { /* halves each time */
		const size_t middle = (low + high) / 2;
		if (memcmp(&learn->hosts[middle].address, &network->base,
			    sizeof(struct address)) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (; low < learn->host_count && holds(network, &learn->hosts[low].address);
		low++) {
		const struct learn_host *host = &learn->hosts[low];
		if (host->group != group &&
			(host->group != LEARN_NONE || host->is_refused ||
				host->zone != fold->group->zone || host->declared)) {
			return false;
		}
	}
	return true;
}

static bool is_in_zone(const struct fold *fold, const struct network *network)
{
	const struct learn *learn = fold->learn;
	const struct address last = network_last(network);
	if (learn->settings->matrix) {
		const struct matrix_end low =
			matrix_locate(learn->settings->matrix, &network->base);
		const struct matrix_end high =
			matrix_locate(learn->settings->matrix, &last);
		return low.zone == high.zone && !low.group && !high.group;
	}
	const struct lookup_prefix *low = lookup_find(&learn->lookup, &network->base);
	const struct lookup_prefix *high = lookup_find(&learn->lookup, &last);
	return low && low == high;
}

static bool is_full(
	const struct fold *fold, const struct network *network, size_t count)
{
	if (fold->fill > 99 && count < 2) {
		return false;
	}
	if (!address_is_ipv4(&network->base)) {
		return network->bits == IPV6_NETWORK && fold->fill < 100;
	}
	return network->bits >= IPV4_BITS_MIN &&
	       count * 100 >= (uint64_t)fold->fill << (128 - network->bits);
}

static void add(struct fold *fold, const struct network *network, double addresses)
{
	struct learn_group *group = fold->group;
	group->networks[group->network_count++] = *network;
	group->addresses += addresses;
}

/* One network for all of them; false: it would be too empty, or not theirs alone. */
static bool add_whole(struct fold *fold, struct span span, uint8_t bits)
{
	const struct address *first = address_of(fold, span.from);
	const size_t count = span.to - span.from;
	const bool is_ipv4 = address_is_ipv4(first);
	const bool is_wide = !is_ipv4 && bits > IPV6_NETWORK && count > 1;
	const struct network network =
		network_around(first, is_wide ? IPV6_NETWORK : bits);
	if (count == 1) {
		add(fold, &network, 1);
		return true;
	}
	if (!is_full(fold, &network, count) || !is_free(fold, &network) ||
		!is_in_zone(fold, &network)) {
		return false;
	}
	add(fold, &network,
		is_ipv4 ? (double)(UINT64_C(1) << (128 - network.bits) % 64)
			: IPV6_COUNTED);
	return true;
}

/* What is too empty is halved; at most a prefix for each member comes of it. */
static void fold_all(struct fold *fold, size_t count)
{
	struct span open[128 + 1] = {{0, count}}; /* one of each length at most */
	for (size_t depth = 1; depth > 0;) {
		const struct span span = open[--depth];
		const uint8_t bits = equal_bits(
			address_of(fold, span.from), address_of(fold, span.to - 1));
		if (add_whole(fold, span, bits)) {
			continue;
		}
		size_t middle = span.from;
		while (!bit_of(address_of(fold, middle), bits)) { /* the last has it */
			middle++;
		}
		open[depth++] = (struct span){middle, span.to};
		open[depth++] = (struct span){span.from, middle};
	}
}

void learn_fold(struct learn *learn, struct learn_group *group, const uint32_t *members,
	uint32_t fill)
{
	struct fold fold = {learn, group, members, fill};
	group->networks = arena_array(
		&learn->arena, group->member_count, sizeof(*group->networks));
	group->network_count = 0;
	group->addresses = 0;
	if (!learn_is_server(group->role)) {
		fold_all(&fold, group->member_count);
		return;
	}
	for (size_t i = 0; i < group->member_count; i++) {
		const struct network one = {*address_of(&fold, i), 128};
		add(&fold, &one, 1);
	}
}
