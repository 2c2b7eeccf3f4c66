/*
 * judge/memory - what earlier flows taught about the ends of one flow.
 *
 * Filled by the ledger (STARTTLS and certificates per server) and by structure (who
 * sent to whom); read by the findings, which keep no memory of their own. All zero:
 * nothing is known.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct judge_memory {
	/* of the server (address and port), before this flow */
	uint64_t starttls_offered_us; /* when it last offered STARTTLS; 0: never */
	uint64_t starttls_first_us;   /* when it first did */
	uint32_t starttls_offers;     /* flows in which it did */
	uint32_t starttls_missed_by; /* clients that looked for it in vain since then */
	uint32_t certificates; /* different ones shown in turn to several clients */

	/* of the ends */
	bool is_chained; /* the relay passes on what an exposed server gave it */
	const char *
		chained_by; /* what matched: "queue id", "helo and time" ..., or NULL */
	uint64_t
		other_way_us; /* when the gateway server last moved mail the other way */
	uint32_t servers_reached; /* different servers this client sent to lately */
};
