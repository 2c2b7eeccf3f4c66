/*
 * place - where in the example network an address stands.
 *
 * The same addresses as matrix.yaml; documentation prefixes only (RFC 5737,
 * RFC 3849).
 */
#pragma once

#include "random.h"

#include <stdbool.h>

enum place {
	PLACE_WORKSTATION,
	PLACE_SCANNER,
	PLACE_MAILBOX,
	PLACE_RELAY,
	PLACE_SUBMISSION,
	PLACE_OUTBOUND,
	PLACE_INBOUND,
	PLACE_RESOLVER,
	PLACE_INTERNET,
};

/* Some address of the place; IPv4 fills the first four bytes. */
void place_address(
	enum place place, bool is_ipv6, struct random *random, uint8_t address[16]);
