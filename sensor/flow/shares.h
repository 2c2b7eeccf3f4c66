/*
 * flow/shares - whose flows are watched: where there is no room, who has most gives way.
 *
 * In: each watched flow's slot, when it is taken and given back, and who holds it. Out:
 * the flow to give up when one holder has far more than his share. Private to flow/.
 */
#pragma once

#include "base/age_list.h"
#include "base/reason.h"

#include <stdbool.h>

#define SHARES_HOLDERS 256
#define SHARES_NONE    UINT32_MAX

/* From this part of all on one holder's flows go first. */
#define SHARES_PART 8

struct share {                /* of a slot */
	struct age_link link; /* of its holder's list */
	uint32_t flow;
	uint8_t holder;
};

struct shares {
	struct share *list; /* by slot */
	uint32_t capacity;
	struct age_list ages[SHARES_HOLDERS];
	uint32_t counts[SHARES_HOLDERS];
};

bool shares_init(struct shares *shares, uint32_t capacity, struct reason *why);
void shares_destroy(struct shares *shares);

/* A slot that is free becomes this flow's, the newest of its holder. */
void shares_take(struct shares *shares, uint32_t slot, uint8_t holder, uint32_t flow);
void shares_give(struct shares *shares, uint32_t slot);

/* The flow watched longest of whoever has most, where that is too much; SHARES_HOLDERS steps. */
uint32_t shares_too_much(const struct shares *shares);
