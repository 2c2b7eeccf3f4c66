/*
 * analyze/fingerprint - JA3, JA3S and JA4 of TLS hellos, digests of certificates.
 *
 * In: hellos read by tls_hello. Out: NUL-terminated lower-case hex. Digest contexts
 * are made once per process and reused: one thread only. JA4 is the TLS client
 * fingerprint alone (BSD licence); its siblings are not free and not here.
 */
#pragma once

#include "analyze/tls_hello.h"
#include "base/reason.h"

#define FINGERPRINT_MD5_BYTES  33
#define FINGERPRINT_JA4_BYTES  37
#define FINGERPRINT_SHA1_BYTES 60

/* Make the digest contexts; the functions below do it when nobody did. */
bool fingerprint_prepare(struct reason *why);

/* text: "" when libcrypto has no MD5 (FIPS). */
void fingerprint_ja3(
	const struct tls_client_hello *hello, char text[FINGERPRINT_MD5_BYTES]);
void fingerprint_ja3s(
	const struct tls_server_hello *hello, char text[FINGERPRINT_MD5_BYTES]);
void fingerprint_ja4(
	const struct tls_client_hello *hello, char text[FINGERPRINT_JA4_BYTES]);

/* SHA-256 of bytes as 64 hex digits. */
void fingerprint_sha256(struct text bytes, char text[65]);

/* SHA-1 of bytes as "a9:99:3e:…"; "" where libcrypto has none. */
void fingerprint_sha1(struct text bytes, char text[FINGERPRINT_SHA1_BYTES]);
