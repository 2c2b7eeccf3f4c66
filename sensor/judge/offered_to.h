/*
 * judge/offered_to - which clients a server offered STARTTLS to.
 *
 * Servers offer it by the client's address (Exchange's receive connectors, Postfix's
 * smtpd_discard_ehlo_keyword_address_maps). In: the clients of flows that had the offer.
 * Out: whether this one is known not to have had it. A Bloom filter: nobody who had it is ever
 * forgotten, whoever comes behind, and the more there are, the more count as one that had it,
 * which is told the graver: one of twenty that never had it where 40 did, half where 130 did. Pure.
 */
#pragma once

#include "base/address.h"

#include <stdbool.h>

#define OFFERED_TO_WORDS 8

/* All zero: nobody. The same in every process, as state files have them. */
struct offered_to {
	uint32_t words[OFFERED_TO_WORDS];
};

void offered_to_note(struct offered_to *offered, const struct address *client);

/* It is known of other clients, and of this one not. Nobody known: it may have been this one. */
bool offered_to_others(const struct offered_to *offered, const struct address *client);
bool offered_to_is_empty(const struct offered_to *offered);
