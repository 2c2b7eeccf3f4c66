/*
 * analyze/tls_message - put handshake messages together and read those that matter.
 *
 * In: the content of handshake records in clear, cut anywhere. A message that lies
 * whole in the bytes at hand is read in place; else a pool slot holds it until it
 * is whole, of one longer than a slot its front. Other messages are skipped by count.
 * RFC 5246 section 7.4.
 */
#pragma once

#include "analyze/tls.h"

/* One call's view of a session. */
struct tls_step {
	struct tls_context *context;
	struct tls_session *session;
	struct facts *facts;
	struct tls_side *side;
	enum direction way;
};

/* The server's side, as far as the hellos told; else as the flow's direction says. */
bool tls_step_is_server(const struct tls_step *step);

/* The next bytes of the handshake this way. */
void tls_message_bytes(const struct tls_step *step, struct text bytes);

/* An SSLv2-compatible hello of len bytes begins with the first bytes given. */
void tls_message_begin_ssl2(
	const struct tls_step *step, uint32_t len, struct text first);

/* missing bytes of the handshake were lost. False when what follows cannot be told from them. */
bool tls_message_skip(struct tls_side *side, uint64_t missing);

/* Forget the message at hand. Its slot is given back by the next tls_message_give. */
void tls_message_drop(struct tls_side *side);
void tls_message_give(struct tls_context *context, struct tls_side *side);
