#include "capture/inject.h"

#include "base/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { FIN = 1, RST = 4, PSH = 8, ACK = 16, TCP = 6 };

static struct inject_segment segment_between(const char *src, const char *dst)
{
	struct inject_segment segment = {.src_port = 25,
		.dst_port = 40001,
		.sequence = 0x01020304,
		.acknowledgement = 0x05060708,
		.flags = RST | ACK};
	assert_true(address_parse(src, &segment.src));
	assert_true(address_parse(dst, &segment.dst));
	return segment;
}

static void assert_tcp(
	const uint8_t *tcp, size_t len, const struct inject_segment *segment)
{
	const struct checksum_pseudo pseudo = {.src = &segment->src,
		.dst = &segment->dst,
		.len = (uint32_t)len,
		.protocol = TCP};
	static const uint8_t HEAD[] = {0, 25, 0x9c, 0x41, 1, 2, 3, 4, 5, 6, 7, 8, 0x50};
	assert_memory_equal(tcp, HEAD, sizeof(HEAD));
	assert_int_equal(tcp[13], segment->flags);
	assert_int_equal(checksum_segment(tcp, 16, &pseudo), CHECKSUM_RIGHT);
}

static void a_reset_over_ipv4_has_right_headers_and_checksums(void **state)
{
	(void)state;
	uint8_t packet[INJECT_PACKET_BYTES];
	const struct inject_segment segment =
		segment_between("203.0.113.5", "192.0.2.70");
	assert_int_equal(inject_build(&segment, packet), 40);
	static const uint8_t ENDS[] = {203, 0, 113, 5, 192, 0, 2, 70};
	assert_int_equal(packet[0], 0x45);
	assert_int_equal(packet[3], 40);
	assert_int_equal(packet[9], TCP);
	assert_memory_equal(packet + 12, ENDS, sizeof(ENDS));
	assert_int_equal(checksum_ipv4_header(packet, 20), CHECKSUM_RIGHT);
	assert_tcp(packet + 20, 20, &segment);
}

static void a_refusal_over_ipv6_carries_its_text(void **state)
{
	(void)state;
	uint8_t packet[INJECT_PACKET_BYTES];
	struct inject_segment segment =
		segment_between("2001:db8::5", "2001:db8:1::70");
	segment.flags = FIN | PSH | ACK;
	segment.text = "554 5.7.1 no\r\n"; /* 14 bytes */
	assert_int_equal(inject_build(&segment, packet), 40 + 20 + 14);
	assert_int_equal(packet[0] >> 4, 6);
	assert_int_equal(packet[5], 34);
	assert_int_equal(packet[6], TCP);
	assert_memory_equal(packet + 8, segment.src.bytes, 16);
	assert_memory_equal(packet + 24, segment.dst.bytes, 16);
	assert_memory_equal(packet + 60, segment.text, 14);
	assert_tcp(packet + 40, 34, &segment);
}

static void a_text_of_odd_length_is_summed_to_its_end(void **state)
{
	(void)state;
	uint8_t packet[INJECT_PACKET_BYTES];
	struct inject_segment segment = segment_between("203.0.113.5", "192.0.2.70");
	segment.text = "554 odd";
	assert_int_equal(inject_build(&segment, packet), 47);
	assert_tcp(packet + 20, 27, &segment);
}

static void ends_of_two_ip_versions_make_no_packet(void **state)
{
	(void)state;
	uint8_t packet[INJECT_PACKET_BYTES];
	const struct inject_segment segment =
		segment_between("203.0.113.5", "2001:db8::1");
	assert_int_equal(inject_build(&segment, packet), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_over_ipv4_has_right_headers_and_checksums),
		cmocka_unit_test(a_refusal_over_ipv6_carries_its_text),
		cmocka_unit_test(a_text_of_odd_length_is_summed_to_its_end),
		cmocka_unit_test(ends_of_two_ip_versions_make_no_packet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
