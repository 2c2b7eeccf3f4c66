#include "base/name_table.h"

#include "base/arena.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define NAME_BYTES_MAX 63 /* longer words get no suggestion */

static size_t slot_of(const struct name_table *table, const char *name)
{
	size_t slot = text_hash(text_from(name)) &
		      (table->capacity - 1); /* the admin's own */
	while (table->slots[slot].name && strcmp(table->slots[slot].name, name) != 0) {
		slot = (slot + 1) & (table->capacity - 1);
	}
	return slot;
}

static void table_grow(struct name_table *table)
{
	struct name_table larger = {
		.capacity = table->capacity ? table->capacity * 2 : 64};
	larger.slots = list_new(larger.capacity, sizeof(*larger.slots));
	larger.count = table->count;
	for (size_t i = 0; i < table->capacity; i++) {
		if (table->slots[i].name) {
			larger.slots[slot_of(&larger, table->slots[i].name)] =
				table->slots[i];
		}
	}
	list_free(table->slots);
	*table = larger;
}

uint32_t name_table_add(struct name_table *table, const char *name, uint32_t value)
{
	if (table->count * 2 >= table->capacity) {
		table_grow(table);
	}
	struct name_slot *slot = &table->slots[slot_of(table, name)];
	if (slot->name) {
		return slot->value;
	}
	*slot = (struct name_slot){.name = name, .value = value};
	table->count++;
	return NAME_NONE;
}

uint32_t name_table_find(const struct name_table *table, const char *name)
{
	if (table->capacity == 0) {
		return NAME_NONE;
	}
	const struct name_slot *slot = &table->slots[slot_of(table, name)];
	return slot->name ? slot->value : NAME_NONE;
}

void name_table_free(struct name_table *table)
{
	list_free(table->slots);
	*table = (struct name_table){0};
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

struct edit {
	const char *a;
	const char *b;
	size_t rows[3][NAME_BYTES_MAX + 1]; /* of the table, the last three */
};

/* Letters changed, added, dropped, or swapped with the next: one each (Damerau). */
static size_t edit_cell(const struct edit *edit, size_t i, size_t j)
{
	const size_t *row = edit->rows[i % 3];
	const size_t *before = edit->rows[(i + 2) % 3];
	const size_t *two_before = edit->rows[(i + 1) % 3];
	const char *a = edit->a + i - 1;
	const char *b = edit->b + j - 1;
	const size_t change = same_letter(*a, *b) ? 0 : 1;
	size_t cost =
		least(least(before[j] + 1, row[j - 1] + 1), before[j - 1] + change);
	if (i > 1 && j > 1 && same_letter(*a, b[-1]) && same_letter(a[-1], *b)) {
		cost = least(cost, two_before[j - 2] + 1);
	}
	return cost;
}

static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct edit edit = {.a = a, .b = b};
	for (size_t j = 0; j <= b_len; j++) {
		edit.rows[0][j] = j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		edit.rows[i % 3][0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			edit.rows[i % 3][j] = edit_cell(&edit, i, j);
		}
	}
	return edit.rows[a_len % 3][b_len];
}

void name_nearest_offer(struct name_nearest *search, const char *candidate)
{
	const size_t wrong_len = strlen(search->wrong);
	const size_t len = strlen(candidate);
	if (wrong_len > NAME_BYTES_MAX || len > NAME_BYTES_MAX || wrong_len == 0) {
		return;
	}
	const size_t bound = search->nearest ? search->distance : 1 + wrong_len / 3 + 1;
	const size_t gap = wrong_len > len ? wrong_len - len : len - wrong_len;
	if (gap >= bound) {
		return;
	}
	const size_t distance = edit_distance(search->wrong, wrong_len, candidate, len);
	if (distance < bound && distance < len) {
		search->nearest = candidate;
		search->distance = distance;
	}
}

void name_nearest_offer_table(
	struct name_nearest *search, const struct name_table *table)
{
	for (size_t i = 0; i < table->capacity; i++) {
		if (table->slots[i].name) {
			name_nearest_offer(search, table->slots[i].name);
		}
	}
}
