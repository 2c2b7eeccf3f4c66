#include "status/bans.h"

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
		!address_equal(&ban->cause.address, address)) {
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

/* found: its end as the caller saw it; somebody else may have been faster. */
static bool fill_place(struct ban *ban, uint64_t found, const struct ban_cause *cause,
	uint64_t until_us)
{
	if (!atomic_compare_exchange_strong(&ban->until_us, &found, BEING_FILLED)) {
		return false;
	}
	ban->cause = *cause;
	ban->blocks = 1;
	ban->is_untold = 1;
	atomic_store_explicit(&ban->until_us, until_us, memory_order_release);
	return true;
}

static bool fill_free_place(struct bans *bans, const struct ban_cause *cause,
	uint64_t now_us, uint64_t until_us)
{
	const size_t first = first_place(&cause->address);
	for (size_t i = 0; i < PLACES_TRIED; i++) {
		struct ban *ban = place_at(bans, first, i);
		const uint64_t found = atomic_load(&ban->until_us);
		if (found <= now_us && fill_place(ban, found, cause, until_us)) {
			return true;
		}
	}
	return false;
}

/* Of those that were blocked once, and so are no worse, the one that is let in first. */
static bool take_place(
	struct bans *bans, const struct ban_cause *cause, uint64_t until_us)
{
	const size_t first = first_place(&cause->address);
	struct ban *victim = NULL;
	uint64_t end_us = BEING_FILLED;
	for (size_t i = 0; i < PLACES_TRIED; i++) {
		struct ban *ban = place_at(bans, first, i);
		const uint64_t found = atomic_load(&ban->until_us);
		if (found < end_us && ban->blocks <= 1) {
			victim = ban;
			end_us = found;
		}
	}
	return victim && fill_place(victim, end_us, cause, until_us);
}

static void extend(struct ban *ban, uint64_t until_us)
{
	uint64_t found = atomic_load(&ban->until_us);
	ban->blocks++;
	if (found < until_us) {
		(void)atomic_compare_exchange_strong(&ban->until_us, &found, until_us);
	}
}

bool bans_add(struct bans *bans, const struct ban_cause *cause, uint64_t now_us,
	uint64_t until_us)
{
	struct ban *known = find_ban(bans, &cause->address, now_us);
	if (known) {
		extend(known, until_us);
		return true;
	}
	bool has_place = fill_free_place(bans, cause, now_us, until_us);
	if (!has_place) {
		bans->refused++;
		has_place = take_place(bans, cause, until_us);
	}
	bans->given += has_place;
	return has_place;
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
	const struct address copy = ban->cause.address;
	*until_us = end_of(ban, &copy, now_us);
	*address = copy;
	return *until_us != 0;
}

bool bans_take_untold(struct bans *bans, size_t place, uint64_t now_us,
	struct ban_cause *cause, uint64_t *until_us)
{
	struct ban *ban = &bans->places[place];
	if (ban->is_untold == 0) {
		return false;
	}
	*cause = ban->cause;
	*until_us = end_of(ban, &cause->address, now_us);
	if (*until_us == 0) { /* over, or being filled: then it is told the next time */
		return false;
	}
	ban->is_untold = 0;
	return true;
}
