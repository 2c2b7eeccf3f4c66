/*
 * script - what the two ends of one flow will say, in order.
 *
 * A step is a run of bytes one end sends. Neighbouring steps of one end
 * without a pause form one stream and are cut into full segments together.
 * Bytes are either copied into the script or borrowed from a pool that lives
 * as long as the program. Knows no packets; flow.c makes them.
 */
#pragma once

#include "random.h"

#include <stddef.h>
#include <stdint.h>

enum side {
	SIDE_CLIENT,
	SIDE_SERVER,
};

struct step {
	const uint8_t *bytes; /* borrowed: the script's own text, or a pool */
	uint32_t len;
	uint32_t pause_us; /* before the first byte */
	enum side side;
};

enum {
	SCRIPT_STEPS_MAX = 128,
	SCRIPT_TEXT_MAX = 8192,
};

/* How large things are in this capture; the medians of log-normal sizes. */
struct sizes {
	uint32_t mail_body;
	uint32_t mail_messages_min; /* in one session */
	uint32_t mail_messages_max;
	uint32_t certificate;      /* encrypted, TLS 1.3 */
	uint32_t linger_us;        /* longest silence before a flow closes */
	uint32_t tls_1_3_per_cent; /* of mail in TLS; the rest is TLS 1.2 */
};

struct script {
	struct random *random;
	const struct sizes *sizes;
	uint32_t pause_us; /* waits for the next step */
	size_t step_count;
	size_t text_len;
	struct step steps[SCRIPT_STEPS_MAX];
	uint8_t text[SCRIPT_TEXT_MAX];
};

void script_clear(
	struct script *script, struct random *random, const struct sizes *sizes);
/* A printed line or several. */
void script_say(struct script *script, enum side side, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Bytes that outlive the script. */
void script_borrow(
	struct script *script, enum side side, const void *bytes, size_t len);
/* Room for up to `len` bytes of the script's own; script_keep() makes them a step. */
uint8_t *script_reserve(struct script *script, size_t len);
void script_keep(struct script *script, enum side side, size_t len);
void script_pause(struct script *script, uint32_t pause_us);
