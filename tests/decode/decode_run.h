/*
 * tests/decode/decode_run - one decoder for a test, and what it must give.
 */
#pragma once

#include "decode/decode.h"
#include "frame_bytes.h"

#include <stdlib.h>

#define PAYLOAD "EHLO relay.example.org\r\n"

enum { DLT_OF_ETHERNET = 1, DLT_OF_RAW = 12 };

struct decode_run {
	struct decoder *decoder;
	uint64_t now_us;
	struct packet packet;
	uint8_t *copy; /* of the last frame, exact, so that reads beyond it are seen */
};

static inline void run_begin(
	struct decode_run *run, bool is_verifying, uint32_t fragment_datagrams)
{
	const struct decode_settings settings = {is_verifying, fragment_datagrams};
	struct reason why;
	*run = (struct decode_run){.now_us = 1000000};
	run->decoder = decoder_new(&settings, (struct hash_seed){{1, 2}}, &why);
	assert_non_null(run->decoder);
}

static inline void run_end(struct decode_run *run)
{
	decoder_free(run->decoder);
	free(run->copy);
}

/* The first captured bytes of a frame of wire_len bytes. */
static inline enum decode_result run_cut(struct decode_run *run, uint16_t link_type,
	const uint8_t *bytes, size_t captured, size_t wire_len)
{
	free(run->copy);
	run->copy = (uint8_t *)malloc(captured ? captured : 1);
	assert_non_null(run->copy);
	memcpy(run->copy, bytes, captured);
	const struct frame frame = {
		.time_us = run->now_us,
		.bytes = run->copy,
		.captured_len = (uint32_t)captured,
		.wire_len = (uint32_t)wire_len,
		.link_type = link_type,
	};
	return decoder_frame(run->decoder, &frame, &run->packet);
}

static inline enum decode_result run_frame(
	struct decode_run *run, uint16_t link_type, struct frame_bytes *frame)
{
	return run_cut(run, link_type, frame_at(frame), frame->len, frame->len);
}

static inline void expect_payload(const struct decode_run *run)
{
	assert_int_equal(run->packet.transport, 6);
	assert_int_equal(run->packet.src_port, 40000);
	assert_int_equal(run->packet.dst_port, 25);
	assert_int_equal(run->packet.payload_len, strlen(PAYLOAD));
	assert_int_equal(run->packet.payload_wire_len, strlen(PAYLOAD));
	assert_memory_equal(run->packet.payload, PAYLOAD, strlen(PAYLOAD));
}

/* Whole, it is PAYLOAD; cut at any length, nothing is read beyond. */
static inline void expect_mail(
	struct decode_run *run, uint16_t link_type, struct frame_bytes *frame)
{
	for (size_t len = 0; len < frame->len; len++) {
		const enum decode_result result =
			run_cut(run, link_type, frame_at(frame), len, frame->len);
		if (result == DECODE_OK && run->packet.transport == 6) {
			assert_int_equal(run->packet.payload_wire_len, strlen(PAYLOAD));
			assert_true(run->packet.payload_len < strlen(PAYLOAD));
		}
	}
	assert_int_equal(run_frame(run, link_type, frame), DECODE_OK);
	expect_payload(run);
}
