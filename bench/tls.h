/*
 * tls - write the bytes of a TLS handshake and of encrypted data into a script.
 *
 * Hellos, certificate and key exchange are well-formed (RFC 8446, RFC 5246,
 * RFC 8422); everything that would be encrypted is noise in records of the
 * right type and length. No cryptography is done.
 */
#pragma once

#include "script.h"

#include <stdbool.h>

enum {
	TLS_VERSION_1_2 = 0x0303,
	TLS_VERSION_1_3 = 0x0304,
};

struct tls_session {
	uint16_t version;
	bool is_web;             /* a browser's hello with ALPN, padded to 517 bytes */
	const char *server_name; /* NULL: no SNI */
};

void tls_handshake(struct script *script, const struct tls_session *session);
/* `len` bytes of plain text, as encrypted records of at most 16384. */
void tls_data(struct script *script, enum side side, size_t len);
