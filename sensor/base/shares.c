#include "base/shares.h"

#include <stdlib.h>

static struct age_slots links(const struct shares *shares)
{
	return (struct age_slots){&shares->list[0].link, sizeof(shares->list[0])};
}

bool shares_init(struct shares *shares, uint32_t capacity, struct reason *why)
{
	shares->list = (struct share *)calloc(capacity, sizeof(*shares->list));
	for (size_t i = 0; i < SHARES_HOLDERS; i++) {
		age_list_clear(&shares->ages[i]);
		shares->counts[i] = 0;
	}
	return shares->list != NULL ||
	       reason_set(why, "no memory for the shares of %u", capacity);
}

void shares_destroy(struct shares *shares)
{
	free(shares->list);
	shares->list = NULL;
}

void shares_take(struct shares *shares, uint32_t slot, uint8_t holder, uint32_t user)
{
	shares->list[slot].holder = holder;
	shares->list[slot].user = user;
	shares->counts[holder]++;
	age_list_append(&shares->ages[holder], links(shares), slot);
}

void shares_give(struct shares *shares, uint32_t slot)
{
	const struct share *share = &shares->list[slot];
	shares->counts[share->holder]--;
	age_list_remove(&shares->ages[share->holder], links(shares), &share->link);
}

uint32_t shares_too_much(const struct shares *shares, uint32_t allowed)
{
	size_t heaviest = 0;
	for (size_t i = 1; i < SHARES_HOLDERS; i++) {
		if (shares->counts[i] > shares->counts[heaviest]) {
			heaviest = i;
		}
	}
	return shares->counts[heaviest] > allowed
		       ? shares->list[shares->ages[heaviest].oldest].user
		       : SHARES_NONE;
}
