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
	uint32_t starttls_uses;       /* flows in which TLS came of it */
	uint32_t starttls_missed_by; /* clients that looked for it in vain since then */
	bool is_starttls_of_others; /* it is not known to have offered it to this client */
	bool is_starttls_partly; /* and that was told of it, of this or another one */
	/* it refused EHLO to this client, by this name, on a connection before; 0: no */
	uint64_t ehlo_denied_us;
	uint32_t certificates; /* different ones shown in turn to several clients */

	/* of the ends, by other flows within a day; 0: it did not */
	uint64_t client_took_us; /* the client last took mail from the Internet */
	uint64_t server_took_us; /* the server did */
	/* the same, where no row was against it */
	uint64_t client_was_let_take_us;
	/* the server last handed mail to the Internet, where no row was against it */
	uint64_t server_was_let_send_us;
	/* servers this client sent to within an hour against the rows, this one among them */
	uint32_t servers_reached;
	/* what shows that the client passes on mail an exposed server gave it, or NULL */
	const char *chained_by;
	bool is_given_in_breach; /* and that no row let that server give it */
};
