/*
 * engine/early - whether a client's bytes are to wait for its server's first word.
 *
 * In: a packet on its way into a flow, where packets wait for our word. On a port where a
 * server of mail in clear greets first (RFC 5321 section 4.3.1), and from a client that no
 * row lets to it, bytes in front of the greeting are kept from the server and are not
 * looked at either: their sender sends them again, and then the greeting names what they
 * are. Private to engine/.
 */
#pragma once

#include "engine/private.h"

/* By the matrix at hand: on which ports servers greet. Once for each matrix. */
void early_note_ports(struct engine *engine);

/* No row lets its sender there, and what it sent there as mail would be blocked. */
bool early_is_kept_out(
	struct engine *engine, const struct flow *flow, const struct packet *packet);

/*
 * Words in the opening itself (RFC 7413), from whom no row lets there: its kernel opens
 * once more without them.
 */
bool early_is_in_opening(
	struct engine *engine, const struct flow *flow, const struct packet *packet);

/*
 * In one packet with it: the client asked a proxy for a way to such a port, and said more
 * than that before the proxy had answered in whole, and the server behind it at all. What
 * comes by itself then is early, too.
 */
bool early_is_with_request(
	const struct watch *watch, const struct packet *packet, unsigned side);

/* The packet's flow, which is not changed, when its bytes are to wait; else NULL. */
const struct flow *early_flow(
	struct engine *engine, const struct packet *packet, struct flow_key key);

/*
 * In phase CLASSIFY: a client may say anything before its server has spoken, which decides
 * nothing. Where packets wait for our word, one word of its server may be no more than a
 * greeting that nobody knows: then it has to speak twice.
 */
bool early_is_answer_to_come(const struct watch *watch, unsigned side);

/*
 * In phase CLASSIFY, before the client's first bytes: whether it had heard its server by then.
 * Its acknowledgement says so (RFC 9293 section 3.4), where the capture lost or turned round
 * what came first.
 */
void early_note_ahead(const struct watch *watch, unsigned side);
