#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_run.h"

static struct frame_bytes whole; /* TCP header and payload */
static struct frame_bytes frame;

#define HOPS 64
static uint8_t whole_hops = HOPS;

/* Bytes from..to of the segment as one fragment of datagram id. */
static enum decode_result add4(
	struct decode_run *run, size_t from, size_t to, uint8_t id)
{
	frame.len = 0;
	wrap(&frame, frame_at(&whole) + from, to - from);
	const uint16_t more = to < whole.len ? 0x2000 : 0;
	wrap_ipv4_fragment(&frame, 6, (uint16_t)(more | from / 8));
	frame_at(&frame)[4] = id;
	frame_at(&frame)[8] = whole_hops;
	return run_frame(run, DLT_OF_RAW, &frame);
}

static enum decode_result add6(struct decode_run *run, size_t from, size_t to)
{
	uint8_t header[8] = {6, 0, 0, 0, 1, 2, 3, 4};
	frame.len = 0;
	wrap(&frame, frame_at(&whole) + from, to - from);
	put16(header + 2, from | (to < whole.len));
	wrap(&frame, header, 8);
	wrap_ipv6(&frame, 44);
	return run_frame(run, DLT_OF_RAW, &frame);
}

static void begin(struct decode_run *run, uint32_t datagrams)
{
	run_begin(run, false, datagrams);
	frame_start(&whole, PAYLOAD); /* 44 bytes */
}

static void fragments_in_any_order_make_the_packet(void **state)
{
	(void)state;
	static const size_t cuts[] = {0, 8, 16, 40, 44};
	static const uint8_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}};
	for (size_t i = 0; i < 6; i++) {
		struct decode_run run;
		begin(&run, 4);
		for (size_t k = 0; k < 4; k++) {
			const size_t part = orders[i / 2][k];
			const enum decode_result result =
				i % 2 ? add6(&run, cuts[part], cuts[part + 1])
				      : add4(&run, cuts[part], cuts[part + 1], 1);
			assert_int_equal(result, k == 3 ? DECODE_OK : DECODE_FRAGMENT);
		}
		expect_payload(&run);
		assert_true(address_is_ipv4(&run.packet.src) == (i % 2 == 0));
		assert_int_equal(run.packet.network_len, (i % 2 ? 40 : 20) + 44);
		assert_ptr_equal(run.packet.network + run.packet.network_len,
			run.packet.payload + run.packet.payload_len);
		assert_int_equal(
			decoder_counters(run.decoder)->fragments_reassembled, 1);
		run_end(&run);
	}
}

static void the_same_bytes_again_are_no_conflict(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add4(&run, 0, 24, 1), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 0, 24, 1), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 8, 32, 1), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 24, 44, 1), DECODE_OK);
	expect_payload(&run);
	assert_int_equal(decoder_counters(run.decoder)->fragments_overlapping, 0);
	run_end(&run);
}

/* The same with another byte in it, and so many hops left. */
static enum decode_result add4_changed(
	struct decode_run *run, size_t from, size_t to, uint8_t hops)
{
	whole_hops = hops;
	frame_at(&whole)[from + 1] ^= 1;
	const enum decode_result result = add4(run, from, to, 1);
	frame_at(&whole)[from + 1] ^= 1;
	whole_hops = HOPS;
	return result;
}

static void of_two_versions_with_as_many_hops_left_the_first_one_is_read(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT);
	assert_int_equal(add4_changed(&run, 24, 40, HOPS), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 32, 44, 1), DECODE_OK);
	expect_payload(&run);
	assert_true(run.packet.has_two_versions);
	assert_true(run.packet.is_version_guessed);
	assert_int_equal(decoder_counters(run.decoder)->fragments_overlapping, 1);
	assert_int_equal(add4(&run, 0, 32, 2), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 32, 44, 2), DECODE_OK); /* another one is well */
	assert_false(run.packet.has_two_versions);
	run_end(&run);
}

static void of_two_versions_that_with_more_hops_left_is_read(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add4_changed(&run, 24, 40, 2), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT);
	assert_int_equal(add4_changed(&run, 0, 24, 2), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 32, 44, 1), DECODE_OK);
	expect_payload(&run);
	assert_true(run.packet.has_two_versions);
	assert_false(run.packet.is_version_guessed);
	assert_int_equal(run.packet.ttl, HOPS);
	run_end(&run);
}

/* The decoy makes it whole: it is known by its hops, and the real bytes come behind. */
static void what_a_decoy_made_whole_is_made_whole_again(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add4_changed(&run, 32, 44, 2), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_OK);
	assert_int_equal(run.packet.ttl, 2);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT); /* nothing new */
	assert_int_equal(add4(&run, 32, 44, 1), DECODE_OK);
	expect_payload(&run);
	assert_int_equal(run.packet.ttl, HOPS);
	assert_true(run.packet.has_two_versions);
	for (unsigned i = 0; i < 20; i++) { /* slots come back */
		assert_int_equal(add4(&run, 0, 32, (uint8_t)(2 + i)), DECODE_FRAGMENT);
	}
	run_end(&run);
}

/* Near miss: fragments went two ways, and say the same. */
static void fragments_over_two_paths_are_no_two_versions(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT);
	whole_hops = HOPS - 2;
	assert_int_equal(add4(&run, 24, 44, 1), DECODE_OK);
	whole_hops = HOPS;
	expect_payload(&run);
	assert_int_equal(run.packet.ttl, HOPS - 2);
	assert_false(run.packet.has_two_versions);
	run_end(&run);
}

static void of_two_ends_that_with_more_hops_left_holds(void **state)
{
	(void)state;
	static const uint8_t hops[] = {2, HOPS};
	for (size_t i = 0; i < 4; i++) {
		struct decode_run run;
		begin(&run, 4);
		const size_t real = whole.len;
		const size_t other = i < 2 ? real + 8 : real - 12;
		assert_int_equal(add4(&run, 0, 24, 1), DECODE_FRAGMENT);
		whole.len = other;
		whole_hops = hops[i % 2];
		assert_int_equal(add4(&run, other - 8, other, 1),
			other == 32 ? DECODE_OK : DECODE_FRAGMENT);
		whole.len = real;
		whole_hops = HOPS;
		const enum decode_result last = add4(&run, 24, 44, 1);
		assert_int_equal(
			last, hops[i % 2] < HOPS ? DECODE_OK : DECODE_FRAGMENT);
		if (last == DECODE_OK) {
			expect_payload(&run);
			assert_true(run.packet.has_two_versions);
		}
		run_end(&run);
	}
}

static void thirty_seconds_are_the_life_of_a_datagram(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT);
	run.now_us += 30000001;
	assert_int_equal(add4(&run, 32, 44, 1), DECODE_FRAGMENT);
	assert_int_equal(decoder_counters(run.decoder)->fragments_evicted, 1);
	run.now_us += 30000000;
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_OK);
	run_end(&run);
}

static void beyond_the_bound_the_oldest_is_given_up(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 2);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 0, 32, 2), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 0, 32, 3), DECODE_FRAGMENT);
	assert_int_equal(decoder_counters(run.decoder)->fragments_evicted, 1);
	assert_int_equal(add4(&run, 32, 44, 2), DECODE_OK);
	assert_int_equal(add4(&run, 32, 44, 3), DECODE_OK);
	assert_int_equal(add4(&run, 32, 44, 1), DECODE_FRAGMENT);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_OK);
	for (unsigned i = 0; i < 1000; i++) { /* slots come back for ever */
		(void)add4(&run, 0, 32, (uint8_t)i);
		assert_int_equal(add4(&run, 32, 44, (uint8_t)i), DECODE_OK);
	}
	run_end(&run);
}

/* The same from other hosts: first fragments, and never the rest. */
static void add_junk(struct decode_run *run, uint8_t host, unsigned count)
{
	for (unsigned id = 0; id < count; id++) {
		frame.len = 0;
		wrap(&frame, frame_at(&whole), 32);
		wrap_ipv4_fragment(&frame, 6, 0x2000);
		frame_at(&frame)[4] = (uint8_t)id;
		frame_at(&frame)[15] = host;
		assert_int_equal(run_frame(run, DLT_OF_RAW, &frame), DECODE_FRAGMENT);
	}
}

static void who_fills_the_slots_loses_his_own_first(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 16);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT);
	add_junk(&run, 201, 100);
	add_junk(&run, 202, 100);
	assert_int_equal(add4(&run, 32, 44, 1), DECODE_OK);
	run_end(&run);
}

static void a_fragment_no_sender_writes_is_malformed(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add4(&run, 0, 20, 1), DECODE_MALFORMED); /* between units */
	frame.len = 0;
	wrap_ipv4_fragment(&frame, 6, 0x2000);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_MALFORMED);
	frame.len = 0;
	wrap(&frame, "12345678", 8);
	wrap_ipv4_fragment(&frame, 6, 0x1fff); /* ends beyond 65535 */
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_MALFORMED);
	run_end(&run);
}

static void an_atomic_fragment_is_the_packet(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add6(&run, 0, 44), DECODE_OK);
	expect_payload(&run);
	run_end(&run);
}

static void a_fragment_that_the_capture_cut_is_not_kept(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 4);
	(void)add4(&run, 0, 32, 1);
	assert_int_equal(
		run_cut(&run, DLT_OF_RAW, frame_at(&frame), frame.len - 1, frame.len),
		DECODE_TRUNCATED);
	run_end(&run);
}

static void fragments_within_fragments_are_put_together(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 2);
	frame.len = 0;
	wrap(&frame, frame_at(&whole), 32);
	wrap_ipv4_fragment(&frame, 6, 0x2000);
	frame_at(&frame)[4] = 1;
	wrap_ipv4(&frame, 4);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_FRAGMENT);
	frame.len = 0;
	wrap(&frame, frame_at(&whole) + 32, 12);
	wrap_ipv4_fragment(&frame, 6, 4);
	frame_at(&frame)[4] = 1;
	whole = frame; /* the second half, and now itself in two outer fragments */
	frame.len = 0;
	wrap(&frame, frame_at(&whole), 16);
	wrap_ipv4_fragment(&frame, 4, 0x2000);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_FRAGMENT);
	frame.len = 0;
	wrap(&frame, frame_at(&whole) + 16, whole.len - 16);
	wrap_ipv4_fragment(&frame, 4, 2);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	expect_payload(&run);
	assert_int_equal(run.packet.tunnel_depth, 1);
	run_end(&run);
}

/* One host sends them in tunnels, of as many hosts as it likes. */
static void fragments_in_a_tunnel_are_of_who_sent_it(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 16);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT);
	for (unsigned host = 0; host < 200; host++) {
		frame.len = 0;
		wrap(&frame, frame_at(&whole), 32);
		wrap_ipv4_fragment(&frame, 6, 0x2000);
		frame_at(&frame)[15] = (uint8_t)host; /* the inner source */
		wrap_ipv4(&frame, 4);
		frame_at(&frame)[15] = 77;
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_FRAGMENT);
	}
	assert_int_equal(add4(&run, 32, 44, 1), DECODE_OK);
	run_end(&run);
}

static void a_fragment_in_a_tunnel_joins_none_outside(void **state)
{
	(void)state;
	static const uint8_t gre[] = {0, 0, 8, 0};
	struct decode_run run;
	begin(&run, 4);
	assert_int_equal(add4(&run, 0, 32, 1), DECODE_FRAGMENT);
	frame.len = 0;
	wrap(&frame, frame_at(&whole) + 32, 12);
	wrap_ipv4_fragment(&frame, 6, 4);
	frame_at(&frame)[4] = 1;
	const struct frame_bytes inner = frame;
	wrap_ipv4(&frame, 4);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_FRAGMENT);
	frame = inner;
	wrap(&frame, gre, sizeof(gre));
	wrap_ipv4(&frame, 47);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_FRAGMENT);
	frame = inner; /* near miss */
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	run_end(&run);
}

/* The engine must not keep such a packet while it decodes the next frame. */
static void a_packet_in_a_fragmented_tunnel_is_told_as_reassembled(void **state)
{
	(void)state;
	struct decode_run run;
	begin(&run, 2);
	frame = whole;
	wrap_ipv4(&frame, 6);
	whole = frame; /* IP in IP, the outer one in two fragments */
	for (size_t from = 0; from < whole.len; from += from == 0 ? 32 : whole.len) {
		const size_t len = from == 0 ? 32 : whole.len - 32;
		frame.len = 0;
		wrap(&frame, frame_at(&whole) + from, len);
		wrap_ipv4_fragment(&frame, 4, from == 0 ? 0x2000 : 4);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame),
			from == 0 ? DECODE_FRAGMENT : DECODE_OK);
	}
	expect_payload(&run);
	assert_true(run.packet.is_reassembled);
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_in_any_order_make_the_packet),
		cmocka_unit_test(the_same_bytes_again_are_no_conflict),
		cmocka_unit_test(
			of_two_versions_with_as_many_hops_left_the_first_one_is_read),
		cmocka_unit_test(of_two_versions_that_with_more_hops_left_is_read),
		cmocka_unit_test(what_a_decoy_made_whole_is_made_whole_again),
		cmocka_unit_test(fragments_over_two_paths_are_no_two_versions),
		cmocka_unit_test(of_two_ends_that_with_more_hops_left_holds),
		cmocka_unit_test(thirty_seconds_are_the_life_of_a_datagram),
		cmocka_unit_test(beyond_the_bound_the_oldest_is_given_up),
		cmocka_unit_test(who_fills_the_slots_loses_his_own_first),
		cmocka_unit_test(a_fragment_no_sender_writes_is_malformed),
		cmocka_unit_test(an_atomic_fragment_is_the_packet),
		cmocka_unit_test(a_fragment_that_the_capture_cut_is_not_kept),
		cmocka_unit_test(fragments_within_fragments_are_put_together),
		cmocka_unit_test(fragments_in_a_tunnel_are_of_who_sent_it),
		cmocka_unit_test(a_fragment_in_a_tunnel_joins_none_outside),
		cmocka_unit_test(
			a_packet_in_a_fragmented_tunnel_is_told_as_reassembled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
