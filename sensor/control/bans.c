#include "control/bans.h"

#include <endian.h>

#define PLACES_TRIED 16
#define BEING_FILLED UINT64_MAX

/* Not keyed: only addresses that this sensor blocked come in, and room is bounded. */
static size_t first_place(const struct address *address)
{
	uint64_t words[2];
	memcpy(words, address->bytes, sizeof(words));
	/* the high bits of a product depend on all bits of its factor */
	return (size_t)(((be64toh(words[0]) * 3 ^ be64toh(words[1])) *
				UINT64_C(0x9E3779B97F4A7C15)) >>
			54) %
	       BANS_PLACES;
}

static struct ban *place_at(struct bans *bans, size_t first, size_t i)
{
	return &bans->places[(first + i) % BANS_PLACES];
}

/* Its end when the place is of this address and not over; else 0. */
static uint64_t end_of(
	const struct ban *ban, const struct address *address, uint64_t now_us)
{
	const uint64_t until_us =
		atomic_load_explicit(&ban->until_us, memory_order_acquire);
	if (until_us <= now_us || until_us == BEING_FILLED ||
		!address_equal(&ban->address, address)) {
		return 0;
	}
	/* Still the same: the address was not written in between. */
	return atomic_load_explicit(&ban->until_us, memory_order_acquire) == until_us
		       ? until_us
		       : 0;
}

static struct ban *find_ban(
	struct bans *bans, const struct address *address, uint64_t now_us)
{
	const size_t first = first_place(address);
	for (size_t i = 0; i < PLACES_TRIED; i++) {
		struct ban *ban = place_at(bans, first, i);
		if (end_of(ban, address, now_us) != 0) {
			return ban;
		}
	}
	return NULL;
}

static bool fill_place(struct ban *ban, const struct address *address, uint64_t now_us,
	uint64_t until_us)
{
	uint64_t found = atomic_load(&ban->until_us);
	if (found > now_us ||
		!atomic_compare_exchange_strong(&ban->until_us, &found, BEING_FILLED)) {
		return false;
	}
	ban->address = *address;
	atomic_store_explicit(&ban->until_us, until_us, memory_order_release);
	return true;
}

bool bans_add(struct bans *bans, const struct address *address, uint64_t now_us,
	uint64_t until_us)
{
	struct ban *known = find_ban(bans, address, now_us);
	if (known) {
		uint64_t found = atomic_load(&known->until_us);
		if (found < until_us) {
			(void)atomic_compare_exchange_strong(
				&known->until_us, &found, until_us);
		}
		return true;
	}
	const size_t first = first_place(address);
	for (size_t i = 0; i < PLACES_TRIED; i++) {
		if (fill_place(place_at(bans, first, i), address, now_us, until_us)) {
			bans->given++;
			return true;
		}
	}
	bans->refused++;
	return false;
}

bool bans_has(struct bans *bans, const struct address *address, uint64_t now_us)
{
	return bans->given > 0 && find_ban(bans, address, now_us) != NULL;
}

bool bans_undo(struct bans *bans, const struct address *address, uint64_t now_us)
{
	struct ban *ban = find_ban(bans, address, now_us);
	if (ban) {
		atomic_store(&ban->until_us, 0);
	}
	return ban != NULL;
}

bool bans_at(const struct bans *bans, size_t place, uint64_t now_us,
	struct address *address, uint64_t *until_us)
{
	const struct ban *ban = &bans->places[place];
	const struct address copy = ban->address;
	*until_us = end_of(ban, &copy, now_us);
	*address = copy;
	return *until_us != 0;
}
