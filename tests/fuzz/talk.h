/*
 * tests/fuzz/talk - turn fuzz input into a conversation.
 *
 * First byte: bit 0 says mid-stream. Then pieces: one control byte (bit 7: way, bit 6:
 * a gap of the length given) with a length of 0..63 in its low bits, and that many bytes.
 * A piece of length 0 takes all bytes up to the next zero byte.
 */
#pragma once

#include "analyze/dialogue.h"

#include <stdlib.h>
#include <string.h>

#define TALK_HANDSHAKES 2

static inline size_t talk_piece_bytes(const uint8_t *data, size_t size, uint8_t control)
{
	size_t len = control & 63;
	if (len == 0) {
		const uint8_t *end = memchr(data, 0, size);
		return end != NULL ? (size_t)(end - data) : size;
	}
	return len < size ? len : size;
}

static inline void talk_fuzz(enum protocol protocol, const uint8_t *data, size_t size)
{
	static struct tls_context context;
	static struct dialogue dialogue;
	struct reason why;
	if (size == 0 || (context.handshakes.slots == NULL &&
				 !tls_context_init(&context, TALK_HANDSHAKES, &why))) {
		return;
	}
	memset(&dialogue, 0, sizeof(dialogue));
	dialogue_start(&dialogue, protocol, data[0] & 1);
	enum dialogue_result result = DIALOGUE_GO_ON;
	size_t at = 1;
	while (at < size && result == DIALOGUE_GO_ON) {
		const uint8_t control = data[at++];
		const enum direction way =
			control & 0x80 ? DIRECTION_TO_CLIENT : DIRECTION_TO_SERVER;
		if (control & 0x40) {
			dialogue_gap(&dialogue, way, control & 63);
			continue;
		}
		const size_t len = talk_piece_bytes(data + at, size - at, control);
		uint8_t *exact = malloc(len > 0 ? len : 1);
		if (exact == NULL) {
			break;
		}
		memcpy(exact, data + at, len);
		result = dialogue_bytes(&dialogue, &context, way,
			(struct text){.at = exact, .len = len});
		free(exact);
		at += len + ((control & 63) == 0);
	}
	dialogue_end(&dialogue, &context);
	if (context.handshakes.used != 0) {
		abort(); /* a buffer was not given back */
	}
}
