/*
 * engine/lookups - name queries of hosts that mean to deliver mail, and what name servers
 * answer about addresses. Private to engine/.
 *
 * A query makes alerts, never a mail record; an answer gives names to hosts (judge/names).
 */
#pragma once

#include "analyze/dns.h"
#include "engine/private.h"

/* A UDP packet to or from a name server: who is called what. now_us: its own. */
void lookups_note(struct engine *engine, const struct packet *packet, uint64_t now_us);

/* A UDP packet toward a name server: true when it asks what mail servers ask. */
bool lookups_wanted(const struct packet *packet, struct dns_question *question);

/* Judge such a packet. engine->now_us and engine->source are its own. */
void lookups_packet(struct engine *engine, const struct packet *packet,
	const struct dns_question *question);

/*
 * A TCP flow toward a name server that is still without a name. True: its phase is
 * LOOKUPS from here on, or it is too early to say; false: it begins with no query.
 */
bool lookups_begin(const struct watch *watch, bool is_ended);

/*
 * In phase LOOKUPS: take *bytes. Where a side turns out to speak something else, it is
 * CLASSIFY again and *bytes is the rest.
 */
void lookups_bytes(const struct watch *watch, unsigned side, struct text *bytes);

/*
 * Behind bytes of the server: where all that was asked is answered the flow rests, and has
 * no conversation, until its client asks again. Where packets wait for our word it is
 * looked at on: what the client says next may be no query.
 */
void lookups_rest(struct watch *watch);

/* Opened behind a rest: the next byte begins a query, or is of another protocol. */
void lookups_resume(struct conversation *conversation);

/*
 * What the observation's ends are called, as DNS had it when the flow began; an address of
 * a group needs no name. The texts are the engine's, until the next packet.
 */
void lookups_name_ends(const struct engine *engine, uint64_t start_us,
	struct observation *observation);

/* In phase LOOKUPS: bytes of this side were lost. False: queries were, and nothing is left to read. */
bool lookups_gap(const struct watch *watch, unsigned side);
