/*
 * engine/lookups - name queries of hosts that mean to deliver mail. Private to engine/.
 *
 * A query makes alerts, never a mail record.
 */
#pragma once

#include "analyze/dns.h"
#include "engine/private.h"

/* A UDP packet toward a name server: true when it asks what mail servers ask. */
bool lookups_wanted(const struct packet *packet, struct dns_question *question);

/* Judge such a packet. engine->now_us and engine->source are its own. */
void lookups_packet(struct engine *engine, const struct packet *packet,
	const struct dns_question *question);

/*
 * A TCP flow toward a name server that is still without a name. False: its first query
 * is not whole yet and worth waiting for.
 */
bool lookups_stream(const struct watch *watch, bool is_ended);
