/*
 * engine/naming - which mail protocol rides inside TLS from the first byte.
 *
 * The port names it on 465, 993 and 995 (465 whatever ALPN asks for), and on 587 and 4190 where
 * TLS stands from the first byte. Where the beginning was not seen and the port is
 * that of a protocol with STARTTLS, the TLS is what STARTTLS led to. On any other port only
 * evidence does: the server name asked for, the certificate's names, ALPN, or a server the
 * matrix declares (a mailbox server reached from the Internet, whatever the port). A name of
 * mail outranks ALPN, away from port 443. HTTP inside (ALPN, or port 443) is exchange-https or no mail at all: which
 * of Exchange's services it is, nobody can tell from outside.
 *
 * What a ClientHello asks for is a claim: where the server was captured, it names a flow only
 * with the ServerHello. The port does without.
 */
#pragma once

#include "analyze/facts.h"
#include "matrix/matrix.h"

/* The answer: a protocol, and what about the TLS gave it away. */
struct naming {
	bool is_decided;
	enum protocol protocol; /* PROTOCOL_TLS: not mail; a clear one: by STARTTLS */
	const char *evidence;   /* static text */
};

struct naming_case {
	const struct facts *facts;
	const struct address *server;
	uint16_t server_port;
	bool is_ended;         /* no further handshake message will come */
	bool is_from_internet; /* its client stands in no zone that the matrix declares */
	bool is_start_seen;    /* the connection from its first byte on */
	bool is_server_known;    /* by the handshake of TCP: no guess by the ports */
	bool is_server_captured; /* a packet of it, at least */
};

struct naming naming_of_tls(
	const struct naming_case *naming_case, const struct matrix *matrix);

/* Nothing but a name that the matrix declares says that this naming's flow is mail. */
bool naming_is_by_name(
	const struct naming_case *naming_case, const struct naming *naming);
