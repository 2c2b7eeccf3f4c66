/*
 * engine/verdicts - have a flow judged and give out what is new. Private to engine/.
 */
#pragma once

#include "analyze/dns.h"
#include "engine/private.h"

/* A mail flow; is_ended: write its record too. Findings given out before are not repeated. */
void verdicts_mail(struct engine *engine, struct flow *flow,
	struct conversation *conversation, bool is_ended);

/*
 * A message was given to a relay, which may pass it on before this flow ends; or one of
 * another sender's was taken, where the matrix has something to say of that.
 */
bool verdicts_has_message(
	const struct engine *engine, struct conversation *conversation);

/* Something else than mail on a mail port. */
void verdicts_foreign(
	struct engine *engine, struct flow *flow, struct conversation *conversation);

/* A query for the mail servers of a name; transport: IPPROTO_TCP or IPPROTO_UDP. */
void verdicts_lookup(struct engine *engine, const struct flow *flow, uint8_t transport,
	const struct dns_question *question);

/* Toward a mail port, and nothing behind it that tells what it is. evidence: static text. */
void verdicts_attempt(struct engine *engine, struct flow *flow, const char *evidence);
