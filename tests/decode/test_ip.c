#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_run.h"

static struct frame_bytes frame;

static void padding_of_the_link_layer_is_no_payload(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, "");
	wrap_ipv4(&frame, 6);
	wrap_ethernet(&frame, 0x0800);
	uint8_t padded[60] = {0};
	memcpy(padded, frame_at(&frame), frame.len);
	assert_int_equal(run_cut(&run, 1, padded, 60, 60), DECODE_OK);
	assert_int_equal(run.packet.payload_len, 0);
	assert_int_equal(run.packet.payload_wire_len, 0);
	assert_int_equal(run.packet.network_len, 40);
	run_end(&run);
}

static void options_of_ip_and_tcp_are_passed_over(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame.len = 0;
	wrap(&frame, PAYLOAD, strlen(PAYLOAD));
	wrap_tcp(&frame, 40);
	wrap(&frame, "\1\1\1\0", 4);
	wrap_ipv4(&frame, 6);
	frame_at(&frame)[0] = 0x46;
	expect_mail(&run, DLT_OF_RAW, &frame);
	assert_int_equal(run.packet.sequence, 256);
	assert_int_equal(run.packet.acknowledgement, 512);
	assert_int_equal(run.packet.tcp_flags, TCP_ACK | TCP_PSH | TCP_SYN);
	assert_int_equal(run.packet.options_len, 40);
	assert_ptr_equal(run.packet.options + 40, run.packet.payload);
	run_end(&run);
}

static void a_cut_capture_keeps_what_it_has_and_the_true_length(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, true, 4); /* and no checksum of half a segment */
	frame_start(&frame, PAYLOAD);
	wrap_ipv6(&frame, 6);
	assert_int_equal(run_cut(&run, 12, frame_at(&frame), 64, frame.len), DECODE_OK);
	assert_int_equal(run.packet.payload_len, 4);
	assert_int_equal(run.packet.payload_wire_len, strlen(PAYLOAD));
	frame.len = 0;
	wrap(&frame, PAYLOAD, strlen(PAYLOAD));
	wrap_tcp(&frame, 12);
	wrap_ipv6(&frame, 6);
	assert_int_equal(run_cut(&run, 12, frame_at(&frame), 64, frame.len), DECODE_OK);
	assert_int_equal(run.packet.payload_len, 0);
	assert_int_equal(run.packet.payload_wire_len, strlen(PAYLOAD));
	run_end(&run);
}

static void a_total_length_of_zero_is_segmentation_offload(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	wrap_ipv4(&frame, 6);
	put16(frame_at(&frame) + 2, 0);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	expect_payload(&run);
	assert_int_equal(run_cut(&run, 12, frame_at(&frame), frame.len, UINT32_MAX),
		DECODE_MALFORMED);
	run_end(&run);
}

static void headers_that_contradict_themselves_are_malformed(void **state)
{
	(void)state;
	static const struct {
		uint8_t at;
		uint8_t value;
	} lies[] = {
		{0, 0x55},  /* version */
		{0, 0x44},  /* header below 20 bytes */
		{3, 19},    /* packet below its header */
		{3, 65},    /* packet beyond its frame, which is whole */
		{32, 0x40}, /* TCP header below 20 bytes */
		{32, 0xf0}, /* TCP header beyond the packet */
	};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct decode_run run;
		run_begin(&run, false, 4);
		frame_start(&frame, PAYLOAD);
		wrap_ipv4(&frame, 6);
		frame_at(&frame)[lies[i].at] = lies[i].value;
		assert_int_equal(run_frame(&run, 228, &frame), DECODE_MALFORMED);
		run_end(&run);
	}
}

static void wrap_chain(unsigned count)
{
	frame_start(&frame, PAYLOAD);
	for (unsigned i = 0; i < count; i++) {
		const uint8_t header[8] = {i == 0 ? 6 : 60};
		wrap(&frame, header, 8);
	}
	wrap_ipv6(&frame, count ? 60 : 6);
}

static void as_many_extension_headers_are_walked_as_a_frame_holds(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	for (unsigned count = 0; count <= 8; count++) {
		wrap_chain(count);
		expect_mail(&run, DLT_OF_RAW, &frame);
	}
	wrap_chain(180); /* WALK_EXTENSIONS_MAX */
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	expect_payload(&run);
	wrap_chain(181);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_TOO_DEEP);
	run_end(&run);
}

static void hip_and_shim6_are_headers_of_the_chain(void **state)
{
	(void)state;
	static const uint8_t headers[] = {139, 140};
	for (size_t i = 0; i < sizeof(headers); i++) {
		struct decode_run run;
		run_begin(&run, false, 4);
		frame_start(&frame, PAYLOAD);
		wrap(&frame, "\6\0\0\0\0\0\0\0", 8);
		wrap_ipv6(&frame, headers[i]);
		expect_mail(&run, DLT_OF_RAW, &frame);
		frame_start(&frame, PAYLOAD); /* near miss: IPv4 chains no headers */
		wrap(&frame, "\6\0\0\0\0\0\0\0", 8);
		wrap_ipv4(&frame, headers[i]);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_UNWANTED);
		run_end(&run);
	}
}

static void every_kind_of_extension_header_is_walked(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	wrap(&frame, "\6\4\0\0\0\0\0\1\0\0\0\1macmacmacmac", 24); /* AH */
	wrap(&frame, "\x33\0\0\0\0\0\0\0", 8); /* destination options */
	wrap(&frame, "\x3c\0\0\0\0\0\0\0", 8); /* routing */
	wrap(&frame, "\x2b\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* hop-by-hop */
	wrap_ipv6(&frame, 0);
	expect_mail(&run, DLT_OF_RAW, &frame);
	frame_start(&frame, PAYLOAD);
	wrap(&frame, "\6\4\0\0\0\0\0\1\0\0\0\1macmacmacmac", 24);
	wrap_ipv4(&frame, 51);
	expect_mail(&run, DLT_OF_RAW, &frame);
	frame_start(&frame, PAYLOAD);
	wrap(&frame, "\6\0\0\0\0\0\0\0", 8);
	wrap_ipv4(&frame, 44); /* the fragment header of IPv6 is none of IPv4's */
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_UNWANTED);
	run_end(&run);
}

/* Sums as RFC 1071 says, byte by byte, apart from the code under test. */
static uint16_t plain_sum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	}
	while (sum >> 16) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* Writes right checksums; partial: only the pseudo-header's, as offload leaves it. */
static void put_checksums(bool is_ipv6, bool is_partial)
{
	uint8_t *ip = frame_at(&frame);
	const size_t header_len = is_ipv6 ? 40 : 20;
	uint8_t *segment = ip + header_len;
	const size_t len = frame.len - header_len;
	if (!is_ipv6) {
		put16(ip + 10, (uint16_t)~plain_sum(ip, 20, 0));
	}
	const uint16_t pseudo = is_ipv6 ? plain_sum(ip + 8, 32, (uint32_t)(6 + len))
					: plain_sum(ip + 12, 8, (uint32_t)(6 + len));
	put16(segment + 16,
		is_partial ? pseudo : (uint16_t)~plain_sum(segment, len, pseudo));
}

static void wrap_mail(bool is_ipv6)
{
	frame.len = 0;
	wrap(&frame, "odd", 3);
	wrap_tcp(&frame, 0);
	if (is_ipv6) {
		wrap_ipv6(&frame, 6);
	} else {
		wrap_ipv4(&frame, 6);
	}
}

static void a_right_checksum_passes_and_any_flipped_bit_does_not(void **state)
{
	(void)state;
	for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
		struct decode_run run;
		run_begin(&run, true, 4);
		wrap_mail(is_ipv6);
		put_checksums(is_ipv6, false);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
		assert_int_equal(decoder_counters(run.decoder)->checksums_offloaded, 0);
		const size_t first = is_ipv6 ? 8 : 12; /* addresses on */
		for (size_t bit = first * 8; bit < frame.len * 8; bit++) {
			const size_t doff = (is_ipv6 ? 40 : 20) + 12;
			if (bit / 8 == doff) {
				continue; /* another header length is malformed */
			}
			frame_at(&frame)[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(
				run_frame(&run, DLT_OF_RAW, &frame), DECODE_CHECKSUM);
			frame_at(&frame)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		run_end(&run);
	}
}

static void a_packet_s_sum_is_wrong_where_that_of_its_ip_header_is(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	wrap_mail(false);
	put_checksums(false, false);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	assert_int_equal(packet_sum(&run.packet), CHECKSUM_RIGHT);
	frame_at(&frame)[10] ^= 1;
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	assert_int_equal(packet_sum(&run.packet), CHECKSUM_WRONG);
	put16(frame_at(&frame) + 10, 0); /* left to the network card */
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	assert_int_equal(packet_sum(&run.packet), CHECKSUM_RIGHT);
	run_end(&run);
}

static void a_checksum_left_to_the_card_passes_and_is_counted(void **state)
{
	(void)state;
	for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
		struct decode_run run;
		run_begin(&run, true, 4);
		wrap_mail(is_ipv6);
		put_checksums(is_ipv6, true);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
		assert_int_equal(decoder_counters(run.decoder)->checksums_offloaded, 1);
		run_end(&run);
	}
}

static void a_datagram_without_checksum_passes_and_a_short_one_is_malformed(
	void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, true, 4);
	frame.len = 0;
	wrap(&frame, "dns", 3);
	wrap_udp(&frame, 53);
	wrap_ipv6(&frame, 17);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	assert_int_equal(run.packet.transport, 17);
	assert_int_equal(run.packet.dst_port, 53);
	assert_int_equal(run.packet.payload_len, 3);
	frame_at(&frame)[45] = 7;
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_MALFORMED);
	frame_at(&frame)[45] = 12;
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_MALFORMED);
	run_end(&run);
}

/* How many frames were counted as cut short, and how many bytes. */
static struct decode_blind_count cut_of(size_t captured, size_t wire_len)
{
	struct decode_run run;
	run_begin(&run, false, 4);
	(void)run_cut(&run, DLT_OF_RAW, frame_at(&frame), captured, wire_len);
	const struct decode_blind_count count =
		decoder_counters(run.decoder)->blind[DECODE_BLIND_CUT];
	run_end(&run);
	return count;
}

static uint64_t cut_count(size_t captured, size_t wire_len)
{
	return cut_of(captured, wire_len).frames;
}

static void a_frame_cut_in_front_of_what_it_carries_is_counted(void **state)
{
	(void)state;
	frame_start(&frame, PAYLOAD);
	wrap_ipv4(&frame, 6);
	assert_int_equal(cut_count(40, frame.len), 1); /* by the capture */
	assert_int_equal(cut_count(30, frame.len), 1);
	assert_int_equal(cut_count(40, 40), 1); /* by a mirror that says nothing */
	assert_int_equal(cut_count(44, 44), 1);
	/* near miss: all of it is there, or there is nothing to carry */
	assert_int_equal(cut_count(frame.len, frame.len), 0);
	frame_start(&frame, "");
	wrap_ipv4(&frame, 6);
	assert_int_equal(cut_count(frame.len, frame.len), 0);
	assert_int_equal(cut_count(10, 10), 0); /* no frame at all */
}

static void a_frame_cut_inside_what_it_carries_is_counted_with_what_is_missing(
	void **state)
{
	(void)state;
	frame_start(&frame, PAYLOAD);
	wrap_ipv4(&frame, 6);
	for (size_t captured = 41; captured < frame.len; captured++) {
		const struct decode_blind_count cut = cut_of(captured, frame.len);
		assert_int_equal(cut.frames, 1);
		assert_int_equal(cut.bytes, frame.len - captured);
	}
	frame.len = 0;
	wrap(&frame, "dns", 3);
	wrap_udp(&frame, 53);
	wrap_ipv4(&frame, 17);
	assert_int_equal(cut_of(frame.len - 2, frame.len).bytes, 2);
	/* near miss: the padding behind the packet is cut, and nothing of it */
	assert_int_equal(cut_count(frame.len, frame.len + 18), 0);
}

static void an_ipv4_address_in_a_header_of_ipv6_is_no_ipv4_host(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	wrap_ipv6(&frame, 6);
	static const uint8_t MAPPED[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	memcpy(frame_at(&frame) + 8, MAPPED, sizeof(MAPPED));
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	assert_false(address_is_ipv4(&run.packet.src));
	assert_memory_equal(run.packet.src.bytes + 12, MAPPED + 12, 4);
	/* near miss: any other address is what it is */
	static const uint8_t OTHER[16] = {[9] = 1, 0xff, 0xff, 192, 0, 2, 1};
	memcpy(frame_at(&frame) + 8, OTHER, sizeof(OTHER));
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	assert_memory_equal(run.packet.src.bytes, OTHER, sizeof(OTHER));
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(padding_of_the_link_layer_is_no_payload),
		cmocka_unit_test(a_frame_cut_in_front_of_what_it_carries_is_counted),
		cmocka_unit_test(
			a_frame_cut_inside_what_it_carries_is_counted_with_what_is_missing),
		cmocka_unit_test(an_ipv4_address_in_a_header_of_ipv6_is_no_ipv4_host),
		cmocka_unit_test(options_of_ip_and_tcp_are_passed_over),
		cmocka_unit_test(a_cut_capture_keeps_what_it_has_and_the_true_length),
		cmocka_unit_test(a_total_length_of_zero_is_segmentation_offload),
		cmocka_unit_test(headers_that_contradict_themselves_are_malformed),
		cmocka_unit_test(as_many_extension_headers_are_walked_as_a_frame_holds),
		cmocka_unit_test(hip_and_shim6_are_headers_of_the_chain),
		cmocka_unit_test(every_kind_of_extension_header_is_walked),
		cmocka_unit_test(a_right_checksum_passes_and_any_flipped_bit_does_not),
		cmocka_unit_test(
			a_packet_s_sum_is_wrong_where_that_of_its_ip_header_is),
		cmocka_unit_test(a_checksum_left_to_the_card_passes_and_is_counted),
		cmocka_unit_test(
			a_datagram_without_checksum_passes_and_a_short_one_is_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
