/* tests/analyze/tls_feed - one TLS session, fed in pieces. */
#pragma once

#include "analyze/tls.h"
#include "hello_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define UP   DIRECTION_TO_SERVER
#define DOWN DIRECTION_TO_CLIENT

static struct tls_context context;
static struct tls_session session;
static struct facts facts;

static int free_context(void **state)
{
	(void)state;
	tls_context_destroy(&context);
	return 0;
}

/* Whatever a test did, no slot may stay taken. */
static int release(void **state)
{
	(void)state;
	tls_session_release(&context, &session);
	return context.handshakes.used == 0 ? 0 : 1;
}

/* In pieces, each an exact heap copy. */
static enum tls_result feed_pieces(
	enum direction way, const void *bytes, size_t len, size_t piece)
{
	enum tls_result result = TLS_GO_ON;
	for (size_t at = 0; at < len && result == TLS_GO_ON; at += piece) {
		const size_t left = len - at;
		const size_t taken = left < piece ? left : piece;
		uint8_t *copy = malloc(taken);
		assert_non_null(copy);
		memcpy(copy, (const uint8_t *)bytes + at, taken);
		result = tls_session_bytes(
			&context, &session, &facts, way, (struct text){copy, taken});
		free(copy);
	}
	return result;
}
