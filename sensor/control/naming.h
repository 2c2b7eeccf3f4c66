/*
 * control/naming - which mail protocol rides inside TLS from the first byte.
 *
 * The port names it on 465, 993 and 995; on any other port only evidence does: the
 * server name asked for, the certificate's names, ALPN, or a server the matrix
 * declares. HTTP inside (ALPN, or port 443) is exchange-https or no mail at all: which
 * of Exchange's services it is, nobody can tell from outside.
 */
#pragma once

#include "analyze/facts.h"
#include "matrix/matrix.h"

struct naming {
	bool is_decided;
	enum protocol protocol; /* PROTOCOL_TLS: not mail */
	const char *evidence;   /* static text */
};

/* is_ended: no further handshake message will come. */
struct naming naming_of_tls(const struct facts *facts, const struct matrix *matrix,
	const struct address *server, uint16_t server_port, bool is_ended);
