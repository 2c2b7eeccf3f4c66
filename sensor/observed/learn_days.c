/* On which days something was seen, added up over entries of any age. */
#include "observed/learn_steps.h"

#include <string.h>

#define DAY_US UINT64_C(86400000000)

/* Of the days behind last up to day: what stands there is OBSERVED_DAYS older. */
static void clear_until(struct learn_days *days, uint64_t day)
{
	for (uint64_t gone = days->last + 1;
		gone <= day && gone <= days->last + OBSERVED_DAYS; gone++) {
		const unsigned bit = (unsigned)(gone % OBSERVED_DAYS);
		days->bits[bit / 8] &= (uint8_t) ~(1U << bit % 8);
	}
}

void learn_days_add(struct learn_days *into, const struct learn_days *days)
{
	struct learn_days more = *days;
	const uint64_t last = into->last > more.last ? into->last : more.last;
	clear_until(into, last);
	clear_until(&more, last);
	into->last = last;
	for (size_t i = 0; i < sizeof(into->bits); i++) {
		into->bits[i] |= more.bits[i];
	}
}

void learn_days_add_entry(struct learn_days *into, const struct observed_entry *entry)
{
	struct learn_days days = {.last = entry->last_us / DAY_US};
	memcpy(days.bits, entry->days, sizeof(days.bits));
	learn_days_add(into, &days);
}

unsigned learn_days_count(const struct learn_days *days)
{
	unsigned count = 0;
	for (size_t i = 0; i < sizeof(days->bits); i++) {
		count += (unsigned)__builtin_popcount(days->bits[i]);
	}
	return count;
}
