/*
 * base/age_list - an LRU list: slots in order of time, the oldest first.
 *
 * Links are numbers of slots and lie in the slots themselves, which are of one size
 * and stand in a row (a pool, an array); the list owns no memory. Who uses a slot again
 * removes it and appends it, so the oldest is the one idle longest. A slot is on one
 * list at a time. Knows neither clock nor content.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define AGE_LIST_NONE UINT32_MAX

/* A member of each slot; holds while the slot is on a list. */
struct age_link {
	uint32_t older;
	uint32_t newer;
};

struct age_list {
	uint32_t oldest; /* AGE_LIST_NONE: the list is empty */
	uint32_t newest;
};

/* Where the slots have their links. */
struct age_slots {
	void *first; /* the link of slot 0 */
	size_t slot_bytes;
};

static inline struct age_link *age_list_link(struct age_slots slots, uint32_t index)
{
	uint8_t *link = (uint8_t *)slots.first + (size_t)index * slots.slot_bytes;
	return (struct age_link *)(void *)link;
}

static inline void age_list_clear(struct age_list *list)
{
	list->oldest = AGE_LIST_NONE;
	list->newest = AGE_LIST_NONE;
}

/* As the newest. It is on no list. */
static inline void age_list_append(
	struct age_list *list, struct age_slots slots, uint32_t index)
{
	*age_list_link(slots, index) =
		(struct age_link){.older = list->newest, .newer = AGE_LIST_NONE};
	if (list->newest == AGE_LIST_NONE) {
		list->oldest = index;
	} else {
		age_list_link(slots, list->newest)->newer = index;
	}
	list->newest = index;
}

/* link: of a slot that is on this list. */
static inline void age_list_remove(
	struct age_list *list, struct age_slots slots, const struct age_link *link)
{
	if (link->older == AGE_LIST_NONE) {
		list->oldest = link->newer;
	} else {
		age_list_link(slots, link->older)->newer = link->newer;
	}
	if (link->newer == AGE_LIST_NONE) {
		list->newest = link->older;
	} else {
		age_list_link(slots, link->newer)->older = link->older;
	}
}
