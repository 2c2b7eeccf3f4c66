/*
 * ship/net_tls - TLS 1.2 or 1.3 over a socket that is connected: who the receiver is,
 * is checked before it gets a byte. RFC 5425, section 5.
 *
 * libssl is fenced here and in audit/tls_offer. Its certificate must be vouched for by one of the
 * authorities, be valid now and have one of the names; or its fingerprint must be known.
 * All files are read when it is opened. The socket never blocks and is the caller's, and
 * so is the waiting. SIGPIPE is to be ignored.
 */
#pragma once

#include "base/reason.h"
#include "base/schema.h"
#include "base/stream_socket.h"

#include <stddef.h>

struct net_tls;
struct net_tls_session;

/* values: TLS_KEYS, borrowed. NULL with a reason: what a human must change. */
struct net_tls *net_tls_open(const struct schema_values *values, struct reason *why);
void net_tls_close(struct net_tls *tls);

/* host: as it is named in the settings. NULL: no memory. Free it before the socket. */
struct net_tls_session *net_tls_start(struct net_tls *tls, int file, const char *host);
void net_tls_free(struct net_tls_session *session);

/* Call again behind a want (enum socket_want). 0: done, and it is who it should be. */
long net_tls_shake_hands(struct net_tls_session *session, struct reason *why);

long net_tls_write(struct net_tls_session *session, const char *text, size_t len,
	struct reason *why);
long net_tls_read(
	struct net_tls_session *session, char *text, size_t size, struct reason *why);

/* Tell the other end that nothing more is sent (close_notify). 0: told. */
long net_tls_finish(struct net_tls_session *session, struct reason *why);
