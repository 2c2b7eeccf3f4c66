/*
 * pool - large shared byte stores the scripts borrow from.
 *
 * Three of them: noise (looks encrypted or compressed), text (mail lines of 78
 * bytes with their CRLF, none starts with a dot) and full TLS application-data
 * records on end. Filled once by pool_fill(), read-only after that.
 */
#pragma once

#include "random.h"

#include <stddef.h>
#include <stdint.h>

enum {
	POOL_NOISE_LEN = 1 << 20,
	POOL_LINE_LEN = 78,
	POOL_LINES = 16384,
	POOL_RECORD_LEN =
		5 + 16384 + 17, /* header, data, type and tag: RFC 8446, 5.2 */
	POOL_RECORDS = 128,
};

void pool_fill(struct random *random);
/* `len` bytes of noise, len <= POOL_NOISE_LEN / 2. */
const uint8_t *pool_noise(struct random *random, size_t len);
/* `lines` whole lines, lines <= POOL_LINES / 2; words or base64. */
const uint8_t *pool_words(struct random *random, size_t lines);
const uint8_t *pool_base64(struct random *random, size_t lines);
/* `count` whole TLS records, count <= POOL_RECORDS. */
const uint8_t *pool_records(struct random *random, size_t count);
