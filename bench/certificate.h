/*
 * certificate - one self-signed X.509 certificate (DER) for the TLS 1.2 handshakes.
 *
 * ECDSA P-256, CN mail.example.org, names mail.example.org, *.example.org and
 * *.example.net, valid 2026-01-01 to 2036-01-01. Made once with openssl; its key
 * was thrown away.
 */
#pragma once

#include <stdint.h>

enum {
	CERTIFICATE_LEN = 423,
};

/* CERTIFICATE_LEN bytes that live as long as the program. */
const uint8_t *certificate_der(void);
