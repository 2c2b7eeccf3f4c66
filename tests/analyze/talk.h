/*
 * tests/analyze/talk - play a written conversation to a dialogue.
 *
 * A script is an array of steps in the order of capture. Every piece is handed over
 * as an exact heap copy, so that reading one byte too far is seen.
 */
#pragma once

#include "analyze/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TALK_HANDSHAKES 4

enum talk_who { TALK_CLIENT = 0, TALK_SERVER, TALK_CLIENT_GAP, TALK_SERVER_GAP };

struct talk_step {
	enum talk_who who;
	const char *text; /* of a gap: NULL */
	size_t len;       /* of text; of a gap: bytes lost */
};

#define C(text)                                     \
	{                                           \
		TALK_CLIENT, text, sizeof(text) - 1 \
	}
#define S(text)                                     \
	{                                           \
		TALK_SERVER, text, sizeof(text) - 1 \
	}
#define CLIENT_GAP(len)                    \
	{                                  \
		TALK_CLIENT_GAP, NULL, len \
	}
#define SERVER_GAP(len)                    \
	{                                  \
		TALK_SERVER_GAP, NULL, len \
	}
#define STEPS(script) (script), sizeof(script) / sizeof((script)[0])

/* A ClientHello (TLS 1.2, one suite, no extension) and a ServerHello in their records. */
#define TALK_CLIENT_HELLO                                                         \
	"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03RRRRRRRRRRRRRRRRRRRRRRRRRRR" \
	"RRRRR\x00\x00\x02\xc0\x2f\x01\x00"
#define TALK_SERVER_HELLO                                                         \
	"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03SSSSSSSSSSSSSSSSSSSSSSSSSSS" \
	"SSSSS\x00\xc0\x2f\x00"

struct talk {
	struct tls_context context;
	struct dialogue dialogue;
	enum dialogue_result result;
};

static inline void talk_open(
	struct talk *talk, enum protocol protocol, bool is_midstream)
{
	struct reason why;
	memset(talk, 0, sizeof(*talk));
	assert_true(tls_context_init(&talk->context, TALK_HANDSHAKES, &why));
	dialogue_start(&talk->dialogue, protocol, is_midstream);
}

static inline void talk_piece(
	struct talk *talk, enum direction way, const char *text, size_t len)
{
	if (talk->result != DIALOGUE_GO_ON || len == 0) {
		return;
	}
	uint8_t *copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, text, len);
	talk->result = dialogue_bytes(&talk->dialogue, &talk->context, way,
		(struct text){.at = copy, .len = len});
	free(copy);
}

/* Play one step, at most limit bytes of it, in pieces of piece bytes. */
static inline void talk_step(
	struct talk *talk, const struct talk_step *step, size_t limit, size_t piece)
{
	const enum direction way =
		step->who == TALK_CLIENT || step->who == TALK_CLIENT_GAP
			? DIRECTION_TO_SERVER
			: DIRECTION_TO_CLIENT;
	if (step->text == NULL) {
		if (talk->result == DIALOGUE_GO_ON) {
			dialogue_gap(&talk->dialogue, way, step->len);
		}
		return;
	}
	const size_t len = step->len < limit ? step->len : limit;
	for (size_t at = 0; at < len; at += piece) {
		talk_piece(talk, way, step->text + at,
			len - at < piece ? len - at : piece);
	}
}

static inline void talk_close(struct talk *talk)
{
	dialogue_end(&talk->dialogue, &talk->context);
	assert_int_equal(talk->context.handshakes.used, 0);
	tls_context_destroy(&talk->context);
}

/* Facts of the whole script. */
static inline struct facts talk_facts(enum protocol protocol, bool is_midstream,
	const struct talk_step *steps, size_t count)
{
	struct talk talk;
	talk_open(&talk, protocol, is_midstream);
	for (size_t i = 0; i < count; i++) {
		talk_step(&talk, &steps[i], SIZE_MAX, SIZE_MAX);
	}
	talk_close(&talk);
	return talk.dialogue.facts;
}

/* Facts as they compare: what lines left in the room of a certificate that none took is none. */
static inline struct facts talk_plain(const struct facts *facts)
{
	struct facts plain = *facts;
	if (plain.session.server_certificate.visibility != FACTS_SEEN) {
		memset(plain.session.server_certificate.room, 0, FACTS_ROOM_BYTES);
	}
	return plain;
}

/*
 * The script byte by byte teaches what it teaches step by step, and cut after any
 * number of bytes it is read without reading past them.
 */
static inline void talk_sweep(
	enum protocol protocol, const struct talk_step *steps, size_t count)
{
	const struct facts read = talk_facts(protocol, false, steps, count);
	const struct facts whole = talk_plain(&read);
	size_t total = 0;
	for (size_t i = 0; i < count; i++) {
		total += steps[i].text != NULL ? steps[i].len : 0;
	}
	struct talk talk;
	for (size_t cut = 0; cut <= total; cut++) {
		size_t left = cut;
		talk_open(&talk, protocol, false);
		for (size_t i = 0; i < count && left > 0; i++) {
			talk_step(&talk, &steps[i], left, cut == total ? 1 : SIZE_MAX);
			left -= steps[i].text == NULL ? 0
				: steps[i].len < left ? steps[i].len
						      : left;
		}
		talk_close(&talk);
	}
	assert_int_equal(total > 0, true);
	const struct facts cut_up = talk_plain(&talk.dialogue.facts);
	assert_memory_equal(&cut_up, &whole, sizeof(whole));
}
