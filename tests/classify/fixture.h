/*
 * tests/classify/fixture - write a conversation as it is spoken, and classify it.
 */
#pragma once

#include "classify/classify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define CLIENT 0U
#define SERVER 1U

/* One turn: bytes of one side. A binary turn has its length, a text turn 0. */
struct turn {
	unsigned side;
	const char *bytes;
	size_t len;
};

struct talk {
	struct prefix prefix;
	struct classify_hint hint;
	struct classification result;
};

static inline void talk_begin(struct talk *talk, uint16_t port)
{
	memset(talk, 0, sizeof(*talk));
	talk->hint = (struct classify_hint){
		.client_side = CLIENT, .is_client_known = true, .server_port = port};
}

static inline enum classify_outcome talk_bytes(
	struct talk *talk, unsigned side, const void *bytes, size_t len)
{
	if (talk->result.outcome == CLASSIFY_NOT_YET) {
		(void)prefix_add(&talk->prefix, side, bytes, len);
	}
	return classify_prefix(&talk->prefix, &talk->hint, &talk->result);
}

static inline enum classify_outcome talk_text(
	struct talk *talk, unsigned side, const char *text)
{
	return talk_bytes(talk, side, text, strlen(text));
}

static inline enum classify_outcome talk_end(struct talk *talk)
{
	talk->hint.is_ended = true;
	return classify_prefix(&talk->prefix, &talk->hint, &talk->result);
}

/* Play all turns, each in pieces of piece bytes (0: whole), then end. */
static inline enum protocol talk_all(
	struct talk *talk, const struct turn *turns, size_t count, size_t piece)
{
	for (size_t i = 0; i < count; i++) {
		const struct turn *turn = &turns[i];
		const size_t len = turn->len ? turn->len : strlen(turn->bytes);
		const size_t step = piece ? piece : len;
		for (size_t at = 0; at < len; at += step) {
			const size_t left = len - at;
			(void)talk_bytes(talk, turn->side, turn->bytes + at,
				left < step ? left : step);
		}
	}
	(void)talk_end(talk);
	assert_int_not_equal(talk->result.outcome, CLASSIFY_NOT_YET);
	return talk->result.protocol;
}

/* The same name whole and byte by byte; the last talk is left in *talk. */
static inline void assert_talk(struct talk *talk, const struct turn *turns,
	size_t count, enum protocol protocol)
{
	talk_begin(talk, 4242);
	assert_string_equal(protocol_name(talk_all(talk, turns, count, 0)),
		protocol_name(protocol));
	talk_begin(talk, 4242);
	assert_string_equal(protocol_name(talk_all(talk, turns, count, 1)),
		protocol_name(protocol));
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
