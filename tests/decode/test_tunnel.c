#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_run.h"

static struct frame_bytes frame;

/* One tunnel: header in front of a packet of IP, or of an Ethernet frame with one. */
struct tunnel_case {
	const char *header;
	size_t len;
	uint32_t id;
	uint16_t port;    /* of UDP, 0 for a protocol of IP */
	uint8_t protocol; /* of IP */
	bool is_ethernet;
	bool is_inner_ipv6;
};

static void expect_tunnel(const struct tunnel_case *tunnel)
{
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	if (tunnel->is_inner_ipv6) {
		wrap_ipv6(&frame, 6);
	} else {
		wrap_ipv4(&frame, 6);
	}
	if (tunnel->is_ethernet) {
		wrap_ethernet(&frame, tunnel->is_inner_ipv6 ? 0x86dd : 0x0800);
	}
	wrap(&frame, tunnel->header, tunnel->len);
	if (tunnel->port) {
		wrap_udp(&frame, tunnel->port);
	}
	wrap_ipv4(&frame, tunnel->port ? 17 : tunnel->protocol);
	expect_mail(&run, DLT_OF_RAW, &frame);
	assert_int_equal(run.packet.tunnel_depth, 1);
	assert_int_equal(run.packet.tunnel_id, tunnel->id);
	assert_true(address_is_ipv4(&run.packet.src) == !tunnel->is_inner_ipv6);
	run_end(&run);
}

static void every_tunnel_leads_to_the_packet_inside(void **state)
{
	(void)state;
	static const struct tunnel_case cases[] = {
		{"", 0, .protocol = 4},
		{"", 0, .protocol = 41, .is_inner_ipv6 = true},
		{"\0\0\x11\x40", 4, .protocol = 137},
		{"\0\0\x08\0", 4, .protocol = 47},
		{"\0\0\x86\xdd", 4, .protocol = 47, .is_inner_ipv6 = true},
		{"\xb0\0\x08\0\0\0\0\0\0\0\1\2\0\0\0\1", 16, 258, .protocol = 47},
		{"\0\0\x65\x58", 4, .protocol = 47, .is_ethernet = true},
		{"\0\0\x88\xbe", 4, .protocol = 47, .is_ethernet = true}, /* ERSPAN I */
		{"\x10\0\x88\xbe\0\0\0\1\x10\0\0\0\0\0\0\0", 16, .protocol = 47,
			.is_ethernet = true},
		{"\x10\0\x22\xeb\0\0\0\1\x20\0\0\0\0\0\0\0\0\0\0\0", 20, .protocol = 47,
			.is_ethernet = true},
		{"\x10\0\x22\xeb\0\0\0\1\x20\0\0\0\0\0\0\0\0\0\0\1platform", 28,
			.protocol = 47, .is_ethernet = true},
		{"\x08\0\0\0\0\1\2\0", 8, 258, .port = 4789, .is_ethernet = true},
		{"\x08\0\0\0\0\1\2\0", 8, 258, .port = 8472, .is_ethernet = true},
		{"\0\0\x65\x58\0\1\2\0", 8, 258, .port = 6081, .is_ethernet = true},
		{"\2\0\x86\xdd\0\1\2\0optionss", 16, 258, .port = 6081,
			.is_inner_ipv6 = true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_tunnel(&cases[i]);
	}
}

static void four_tunnels_are_walked_and_no_fifth(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	wrap_ipv4(&frame, 6);
	for (unsigned depth = 1; depth <= 4; depth++) {
		wrap_ipv4(&frame, 4);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
		expect_payload(&run);
		assert_int_equal(run.packet.tunnel_depth, depth);
	}
	wrap_ipv4(&frame, 4);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_TOO_DEEP);
	run_end(&run);
}

static void other_datagrams_on_a_tunnel_port_stay_datagrams(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	static const uint16_t ports[] = {4789, 8472, 6081};
	for (size_t i = 0; i < 3; i++) {
		frame.len = 0;
		wrap(&frame, "\xf0\1", 2);
		wrap_udp(&frame, ports[i]);
		wrap_ipv4(&frame, 17);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
		assert_int_equal(run.packet.transport, 17);
		assert_int_equal(run.packet.payload_len, 2);
		assert_int_equal(run.packet.tunnel_depth, 0);
	}
	run_end(&run);
}

static void gre_of_other_versions_is_not_followed(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	static const char *const headers[] = {"\x30\1\x88\x0b", "\x40\0\x08\0"};
	for (size_t i = 0; i < 2; i++) {
		frame_start(&frame, PAYLOAD);
		wrap_ipv4(&frame, 6);
		wrap(&frame, headers[i], 4);
		wrap_ipv4(&frame, 47);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_UNWANTED);
	}
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tunnel_leads_to_the_packet_inside),
		cmocka_unit_test(four_tunnels_are_walked_and_no_fifth),
		cmocka_unit_test(other_datagrams_on_a_tunnel_port_stay_datagrams),
		cmocka_unit_test(gre_of_other_versions_is_not_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
