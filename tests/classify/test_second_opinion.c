#include "classify/second_opinion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define PACKET_BYTES 512

/* IPv4 and TCP around a payload. way 0: from port 40000 to port. */
static size_t packet(uint8_t *out, unsigned way, uint16_t port, const char *payload)
{
	const size_t len = strlen(payload);
	const uint16_t total = (uint16_t)(40 + len);
	static const uint8_t HEAD[40] = {0x45, [8] = 64, [9] = 6, [12] = 192, 0, 2, 1,
		192, 0, 2, 2, [32] = 0x50, 0x18, 0xff, 0xff};
	memcpy(out, HEAD, sizeof(HEAD));
	out[2] = (uint8_t)(total >> 8);
	out[3] = (uint8_t)total;
	out[way ? 19 : 15] = 1;
	out[way ? 15 : 19] = 2;
	out[way ? 22 : 20] = 40000 >> 8;
	out[way ? 23 : 21] = 40000 & 0xff;
	out[way ? 20 : 22] = (uint8_t)(port >> 8);
	out[way ? 21 : 23] = (uint8_t)port;
	memcpy(out + sizeof(HEAD), payload, len);
	return total;
}

static int start(void **state)
{
	struct reason why;
	*state = second_opinion_new(&why);
	return *state ? 0 : -1;
}

static int stop(void **state)
{
	second_opinion_free(*state);
	return 0;
}

static void what_is_seen_in_the_bytes_is_named(void **state)
{
	struct second_opinion_flow *flow = second_opinion_open(*state);
	assert_non_null(flow);
	uint8_t bytes[PACKET_BYTES];
	const char *const turns[] = {
		"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2\r\n"};
	for (unsigned i = 0; i < 2; i++) {
		const size_t len = packet(bytes, i, 25, turns[i]);
		(void)second_opinion_packet(*state, flow, bytes, len, i);
	}
	const char *name = second_opinion_close(*state, flow);
	assert_non_null(name);
	assert_string_equal(name, "SSH");
}

static void a_name_outlives_its_flow_and_is_kept_once(void **state)
{
	const char *names[2];
	for (unsigned i = 0; i < 2; i++) {
		struct second_opinion_flow *flow = second_opinion_open(*state);
		uint8_t bytes[PACKET_BYTES];
		size_t len = packet(bytes, 0, 4242,
			"GET / HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: "
			"x\r\n\r\n");
		(void)second_opinion_packet(*state, flow, bytes, len, 1);
		len = packet(
			bytes, 1, 4242, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		(void)second_opinion_packet(*state, flow, bytes, len, 2);
		names[i] = second_opinion_close(*state, flow);
	}
	assert_non_null(names[0]);
	assert_ptr_equal(names[0], names[1]);
	assert_string_equal(names[0], "HTTP");
}

static void a_port_is_no_opinion(void **state)
{
	struct second_opinion_flow *flow = second_opinion_open(*state);
	uint8_t bytes[PACKET_BYTES];
	const size_t len = packet(bytes, 0, 25, "zzzz zzzz zzzz");
	(void)second_opinion_packet(*state, flow, bytes, len, 1);
	assert_null(second_opinion_close(*state, flow));
}

static void ten_packets_with_data_are_enough(void **state)
{
	struct second_opinion_flow *flow = second_opinion_open(*state);
	uint8_t bytes[PACKET_BYTES];
	unsigned wanted = 0;
	bool is_done = false;
	while (!is_done && wanted < 50) {
		const size_t len = packet(bytes, wanted % 2, 4242, "zq");
		is_done = second_opinion_packet(*state, flow, bytes, len, wanted);
		wanted++;
	}
	assert_int_equal(wanted, 10);
	assert_null(second_opinion_close(*state, flow));
}

static void a_cut_packet_does_no_harm(void **state)
{
	uint8_t bytes[PACKET_BYTES];
	const size_t len = packet(bytes, 0, 25, "EHLO x\r\n");
	for (size_t cut = 0; cut <= len; cut++) {
		struct second_opinion_flow *flow = second_opinion_open(*state);
		assert_non_null(flow);
		(void)second_opinion_packet(*state, flow, bytes, cut, 1);
		(void)second_opinion_close(*state, flow);
	}
}

static void no_more_flows_are_opened_than_the_bound(void **state)
{
	static struct second_opinion_flow *flows[5000];
	size_t count = 0;
	while (count < 5000 && (flows[count] = second_opinion_open(*state)) != NULL) {
		count++;
	}
	assert_int_equal(count, 4096);
	(void)second_opinion_close(*state, flows[7]);
	flows[7] = second_opinion_open(*state);
	assert_non_null(flows[7]);
	for (size_t i = 0; i < count; i++) {
		(void)second_opinion_close(*state, flows[i]);
	}
}

static void the_version_is_three_numbers(void **state)
{
	(void)state;
	unsigned dots = 0;
	for (const char *at = second_opinion_version(); *at; at++) {
		dots += *at == '.';
	}
	assert_int_equal(dots, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_seen_in_the_bytes_is_named),
		cmocka_unit_test(a_name_outlives_its_flow_and_is_kept_once),
		cmocka_unit_test(a_port_is_no_opinion),
		cmocka_unit_test(ten_packets_with_data_are_enough),
		cmocka_unit_test(a_cut_packet_does_no_harm),
		cmocka_unit_test(no_more_flows_are_opened_than_the_bound),
		cmocka_unit_test(the_version_is_three_numbers),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
