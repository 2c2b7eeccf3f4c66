#include "audit/spf_ranges.h"

#include "base/arena.h"

#include <stdio.h>

static int order(const struct address *one, const struct address *other)
{
	return memcmp(one->bytes, other->bytes, sizeof(one->bytes));
}

/* One more or one less; the ends of all addresses are never stepped over. */
static struct address step(struct address address, int by)
{
	for (size_t i = sizeof(address.bytes); i-- > 0;) {
		const uint8_t end = by > 0 ? 0xff : 0;
		const bool is_end = address.bytes[i] == end;
		address.bytes[i] = (uint8_t)(address.bytes[i] + by);
		if (!is_end) {
			break;
		}
	}
	return address;
}

void spf_ranges_add(struct spf_ranges *ranges, const struct spf_range *range)
{
	if (ranges->count == SPF_RANGES_MAX) {
		ranges->lost++;
		return;
	}
	ranges->list = list_room(ranges->list, ranges->count, sizeof(ranges->list[0]));
	ranges->list[ranges->count++] = *range;
}

void spf_ranges_free(struct spf_ranges *ranges)
{
	list_free(ranges->list);
	*ranges = (struct spf_ranges){.count = 0};
}

/* held without range, into rest. */
static void keep_rest(const struct spf_range *held, const struct spf_range *range,
	struct spf_ranges *rest)
{
	if (order(&held->first, &range->first) < 0) {
		const struct spf_range left = {
			held->first, step(range->first, -1), held->origin};
		spf_ranges_add(rest, &left);
	}
	if (order(&range->last, &held->last) < 0) {
		const struct spf_range right = {
			step(range->last, 1), held->last, held->origin};
		spf_ranges_add(rest, &right);
	}
}

void spf_ranges_cut(struct spf_ranges *ranges, const struct spf_range *range,
	struct spf_ranges *taken)
{
	struct spf_ranges rest = {.lost = ranges->lost};
	for (size_t i = 0; i < ranges->count; i++) {
		const struct spf_range *held = &ranges->list[i];
		if (order(&held->last, &range->first) < 0 ||
			order(&range->last, &held->first) < 0) {
			spf_ranges_add(&rest, held);
			continue;
		}
		const struct spf_range common = {order(&held->first, &range->first) < 0
							 ? range->first
							 : held->first,
			order(&held->last, &range->last) < 0 ? held->last : range->last,
			range->origin};
		if (taken) {
			spf_ranges_add(taken, &common);
		}
		keep_rest(held, range, &rest);
	}
	spf_ranges_free(ranges);
	*ranges = rest;
}

void spf_ranges_of_all(struct spf_ranges *ranges)
{
	struct spf_range all = {.origin = NULL};
	memset(all.last.bytes, 0xff, sizeof(all.last.bytes));
	*ranges = (struct spf_ranges){.count = 0};
	spf_ranges_add(ranges, &all);
}

static uint32_t ipv4_of(const struct address *address)
{
	const uint8_t *bytes = &address->bytes[12];
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

uint64_t spf_ranges_ipv4(const struct spf_ranges *ranges)
{
	static const struct address MAPPED = {.bytes = {[10] = 0xff, [11] = 0xff}};
	const struct spf_range ipv4 = spf_range_of(&MAPPED, 0);
	uint64_t count = 0;
	for (size_t i = 0; i < ranges->count; i++) {
		struct spf_ranges one = {.count = 0};
		struct spf_ranges common = {.count = 0};
		spf_ranges_add(&one, &ranges->list[i]);
		spf_ranges_cut(&one, &ipv4, &common);
		if (common.count > 0) {
			count += (uint64_t)ipv4_of(&common.list[0].last) -
				 ipv4_of(&common.list[0].first) + 1;
		}
		spf_ranges_free(&one);
		spf_ranges_free(&common);
	}
	return count;
}

static void set_tail(struct address *address, unsigned bits, bool is_set)
{
	for (unsigned bit = bits; bit < 128; bit++) {
		const uint8_t mask = (uint8_t)(0x80u >> (bit % 8));
		address->bytes[bit / 8] =
			is_set ? (uint8_t)(address->bytes[bit / 8] | mask)
			       : (uint8_t)(address->bytes[bit / 8] & ~mask);
	}
}

struct spf_range spf_range_of(const struct address *address, unsigned bits)
{
	struct spf_range range = {*address, *address, NULL};
	const unsigned fixed = address_is_ipv4(address) ? 96 + bits : bits;
	set_tail(&range.first, fixed, false);
	set_tail(&range.last, fixed, true);
	return range;
}

/* The bits that all of the range have, when it is exactly those; else -1. */
static int bits_of(const struct spf_range *range)
{
	for (unsigned bits = address_is_ipv4(&range->first) ? 96 : 0; bits <= 128;
		bits++) {
		struct address first = range->first;
		struct address last = range->first;
		set_tail(&first, bits, false);
		set_tail(&last, bits, true);
		if (order(&first, &range->first) == 0 &&
			order(&last, &range->last) == 0) {
			return (int)bits;
		}
	}
	return -1;
}

const char *spf_range_text(const struct spf_range *range, char text[SPF_RANGE_BYTES])
{
	char first[ADDRESS_TEXT_BYTES];
	char last[ADDRESS_TEXT_BYTES];
	const int bits = bits_of(range);
	(void)address_text(&range->first, first);
	if (bits == 128) {
		(void)snprintf(text, SPF_RANGE_BYTES, "%s", first);
	} else if (bits >= 0) {
		(void)snprintf(text, SPF_RANGE_BYTES, "%s/%d", first,
			address_is_ipv4(&range->first) ? bits - 96 : bits);
	} else {
		(void)snprintf(text, SPF_RANGE_BYTES, "%s-%s", first,
			address_text(&range->last, last));
	}
	return text;
}
