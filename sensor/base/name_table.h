/*
 * base/name_table - find a number by name, and the nearest name to a wrong one.
 *
 * Names are borrowed and must outlive the table. Filled while loading, read-only after.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_NONE UINT32_MAX

struct name_slot {
	const char *name; /* NULL: free */
	uint32_t value;
};

struct name_table {
	struct name_slot *slots; /* malloced */
	size_t capacity;         /* power of two, or 0 */
	size_t count;
};

/* NAME_NONE when it was added, else the value of the earlier one of that name. */
uint32_t name_table_add(struct name_table *table, const char *name, uint32_t value);
uint32_t name_table_find(const struct name_table *table, const char *name);
void name_table_free(struct name_table *table);

/*
 * The closest name so far to a wrong one; start with nearest = NULL. Letters
 * changed, added, dropped or swapped count one each; too far away is never offered.
 */
struct name_nearest {
	const char *wrong;
	const char *nearest;
	size_t distance;
};

void name_nearest_offer(struct name_nearest *search, const char *candidate);
void name_nearest_offer_table(
	struct name_nearest *search, const struct name_table *table);
