/*
 * judge/offered_to - which clients a server offered STARTTLS to.
 *
 * Servers offer it by the client's address (Exchange's receive connectors, Postfix's
 * smtpd_discard_ehlo_keyword_address_maps). In: the clients of flows that had the offer.
 * Out: whether this one is known to have had it. Bounded: the last ones, and nobody but a
 * declared client displaces a declared one. Two whose hashes are alike make a client one
 * that had it, which is told the graver. Pure.
 */
#pragma once

#include "base/address.h"

#include <stdbool.h>

#define OFFERED_TO_CLIENTS  16
#define OFFERED_TO_DECLARED 12 /* of these, the places of declared clients */

/* All zero: nobody. Of each part the last client stands first. */
struct offered_to {
	uint32_t marks[OFFERED_TO_CLIENTS]; /* as state files have them; 0: free */
};

void offered_to_note(
	struct offered_to *offered, const struct address *client, bool is_declared);

/* It is known of other clients, and of this one not. Nobody known: it may have been this one. */
bool offered_to_others(const struct offered_to *offered, const struct address *client);
bool offered_to_is_empty(const struct offered_to *offered);
