/*
 * judge/listed - which ends of a flow stand on a list.
 *
 * In: the case, whose observation has the lists. Out: the entry for each end and for the
 * sender's domain, and the gravest that is told. A domain is the client's claim: being
 * allowed takes it from the lists of domains and nothing else; an allowed client takes
 * its claim with it. Being allowed hides nothing that the matrix says.
 */
#pragma once

#include "lists/lists.h"

enum listed_end {
	LISTED_CLIENT = 0,
	LISTED_SERVER,
	LISTED_DOMAIN, /* of MAIL FROM */
	LISTED_ENDS,
};

struct listed {
	struct lists_match ends[LISTED_ENDS];
	/* the end that is told, gravest first; LISTED_ENDS: none is denied */
	enum listed_end told;
};

struct judge_case;

void listed_find(const struct judge_case *judged, struct listed *listed);
