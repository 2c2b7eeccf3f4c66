/*
 * base/shares - who holds the slots of a pool: where there is no room, who has most gives way.
 *
 * In: each slot, when it is taken and given back, for what, and who holds it. Out: what is
 * to be given up when one holder has far more than his share. Owns no slot.
 */
#pragma once

#include "base/age_list.h"
#include "base/reason.h"

#include <stdbool.h>

#define SHARES_HOLDERS 256
#define SHARES_NONE    UINT32_MAX

struct share {                /* of a slot */
	struct age_link link; /* of its holder's list */
	uint32_t user;
	uint8_t holder;
};

struct shares {
	struct share *list; /* by slot */
	struct age_list ages[SHARES_HOLDERS];
	uint32_t counts[SHARES_HOLDERS];
};

bool shares_init(struct shares *shares, uint32_t capacity, struct reason *why);
void shares_destroy(struct shares *shares);

/* A slot that is free is taken for user, the newest of its holder. */
void shares_take(struct shares *shares, uint32_t slot, uint8_t holder, uint32_t user);
void shares_give(struct shares *shares, uint32_t slot);

/* The oldest user of whoever has most, where that is more than this; SHARES_HOLDERS steps. */
uint32_t shares_too_much(const struct shares *shares, uint32_t allowed);
