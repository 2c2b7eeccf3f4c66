#include "dossier/making.h"

#include <stdlib.h>

#define DAY_US UINT64_C(86400000000)

/* The last one mostly: flows come in order of time. NULL: there are too many. */
static struct dossier_day *find_day(struct dossier *dossier, int64_t day)
{
	for (size_t i = dossier->day_count; i > 0; i--) { /* DOSSIER_DAYS */
		if (dossier->days[i - 1].day == day) {
			return &dossier->days[i - 1];
		}
	}
	if (dossier->day_count == DOSSIER_DAYS) {
		dossier->is_more_days = true;
		return NULL;
	}
	dossier->days =
		list_room(dossier->days, dossier->day_count, sizeof(*dossier->days));
	dossier->days[dossier->day_count] = (struct dossier_day){.day = day};
	return &dossier->days[dossier->day_count++];
}

void days_add(
	struct dossier *dossier, uint64_t time_us, enum day_count which, uint64_t count)
{
	struct dossier_day *day = find_day(dossier, (int64_t)(time_us / DAY_US));
	if (!day) {
		return;
	}
	switch (which) {
	case DAY_FLOWS:
		day->flows += count;
		break;
	case DAY_BREACHES:
		day->breaches += count;
		break;
	case DAY_NOTICES:
		day->notices += count;
		break;
	}
}

static int by_day(const void *left, const void *right)
{
	const struct dossier_day *one = left;
	const struct dossier_day *other = right;
	return (one->day > other->day) - (one->day < other->day);
}

void days_sort(struct dossier *dossier)
{
	if (dossier->day_count > 0) {
		qsort(dossier->days, dossier->day_count, sizeof(*dossier->days),
			by_day);
	}
}
