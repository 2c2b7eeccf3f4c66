/*
 * analyze/fingerprint_cache - fingerprints of hellos, computed once per shape.
 *
 * Programs repeat their hellos but for the random bytes and the name, and digests
 * cost more than everything else in reading one. A hello whose shape was seen lately
 * gets the fingerprint made then. Bounded and compared byte by byte, so that a chosen
 * hello can only miss. One thread only, as analyze/fingerprint.
 */
#pragma once

#include "analyze/fingerprint.h"

void fingerprint_client_hello(const struct tls_client_hello *hello,
	char ja3[FINGERPRINT_MD5_BYTES], char ja4[FINGERPRINT_JA4_BYTES]);
void fingerprint_server_hello(
	const struct tls_server_hello *hello, char ja3s[FINGERPRINT_MD5_BYTES]);
