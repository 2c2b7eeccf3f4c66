/*
 * judge/wire - whose mail flow it is: from what the wire shows to what is judged.
 *
 * In: the ends of the flow on the wire, its facts, how it was classified. Out: the
 * observation to be judged: behind a proxy the ends that its header names, as far as
 * it is believed, and the protocol under its name at that server; and what the flow
 * may teach about servers. Pure: no I/O, no memory.
 */
#pragma once

#include "classify/classify.h"
#include "judge/judge.h"

struct wire_reading {
	/* the ends judged; .facts and the rest as on the wire, .memory is NULL */
	struct observation observation;
	struct matrix_end ends[2]; /* theirs; observation.ends points here */
	bool is_proxied;           /* then the ends may be others than the wire's */
	bool is_server_known;      /* its address is the server's own */
	bool is_for_ledger;        /* what it shows may teach about that server */
	/* "socks to mail.example.org:25"; "" where not proxied */
	char proxied_by[CLASSIFY_HOST_BYTES + 32];
};

/*
 * on_wire: client and server as the packets have them, .facts not NULL. scratch is
 * overwritten. reading is filled whole and borrows from on_wire and matrix; it stays
 * where it is as long as its observation is used.
 */
void wire_read(const struct matrix *matrix, const struct classification *classification,
	const struct observation *on_wire, struct judgement *scratch,
	struct wire_reading *reading);

/* A host whose claim of whom it speaks for, or leads to, counts. */
bool wire_is_proxy(const struct matrix *matrix, const struct address *host);

/* Known to be mail: named, and the server goes along. */
bool wire_is_mail(const struct facts *facts);

/* What a dialogue was that turned out not to be mail; PROTOCOL_OTHER: it has no name. */
enum protocol wire_foreign_protocol(const struct facts *facts);
