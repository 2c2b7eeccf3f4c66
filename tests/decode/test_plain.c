/* decode/plain: what is read at once is what the steps read one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_run.h"

#include <netinet/in.h>

enum {
	DLT_OF_IPV4 = 228, /* the steps alone: no link layer in front */
	DLT_OF_IPV6 = 229,
	ETHERNET_BYTES = 14,
};

/* The same IP packet, read behind Ethernet and alone. */
struct both {
	struct decode_run plain;
	struct decode_run steps;
};

static void expect_same_packet(const struct both *both)
{
	const struct packet *a = &both->plain.packet;
	const struct packet *b = &both->steps.packet;
	const uint8_t *a_ip = both->plain.copy + ETHERNET_BYTES;
	const uint8_t *b_ip = both->steps.copy;
	assert_true(address_equal(&a->src, &b->src));
	assert_true(address_equal(&a->dst, &b->dst));
	assert_int_equal(a->src_port, b->src_port);
	assert_int_equal(a->dst_port, b->dst_port);
	assert_int_equal(a->transport, b->transport);
	assert_int_equal(a->tcp_flags, b->tcp_flags);
	assert_int_equal(a->ttl, b->ttl);
	assert_int_equal(a->sequence, b->sequence);
	assert_int_equal(a->tunnel_depth, b->tunnel_depth);
	assert_int_equal(a->payload - a_ip, b->payload - b_ip);
	assert_int_equal(a->payload_len, b->payload_len);
	assert_int_equal(a->payload_wire_len, b->payload_wire_len);
	assert_int_equal(a->options_len, b->options_len);
	assert_int_equal(a->network - a_ip, b->network - b_ip);
	assert_int_equal(a->network_len, b->network_len);
	assert_int_equal(a->segment != NULL, b->segment != NULL);
}

/* frame: an IP packet. Its first captured bytes of wire_len. */
static void expect_same(struct both *both, const struct frame_bytes *frame,
	size_t captured, size_t wire_len)
{
	struct frame_bytes alone = *frame;
	struct frame_bytes behind = *frame;
	const bool is_ipv4 = frame_at(&alone)[0] >> 4 == 4;
	wrap_ethernet(&behind, is_ipv4 ? 0x0800 : 0x86dd);
	const enum decode_result result =
		run_cut(&both->plain, DLT_OF_ETHERNET, frame_at(&behind),
			captured + ETHERNET_BYTES, wire_len + ETHERNET_BYTES);
	assert_int_equal(
		result, run_cut(&both->steps, is_ipv4 ? DLT_OF_IPV4 : DLT_OF_IPV6,
				frame_at(&alone), captured, wire_len));
	if (result == DECODE_OK) {
		expect_same_packet(both);
	}
}

static void make(struct frame_bytes *frame, uint8_t transport, bool is_ipv4)
{
	frame->len = 0;
	wrap(frame, PAYLOAD, strlen(PAYLOAD));
	if (transport == IPPROTO_TCP) {
		wrap_tcp(frame, 12);
	} else {
		wrap_udp(frame, 53);
	}
	if (is_ipv4) {
		wrap_ipv4(frame, transport);
	} else {
		wrap_ipv6(frame, transport);
	}
}

typedef void each_frame(struct both *both, struct frame_bytes *frame);

static void with_each_kind(bool is_verifying, each_frame *check)
{
	static const uint8_t TRANSPORTS[] = {IPPROTO_TCP, IPPROTO_UDP};
	struct both both;
	struct frame_bytes frame;
	run_begin(&both.plain, is_verifying, 4);
	run_begin(&both.steps, is_verifying, 4);
	for (unsigned i = 0; i < 4; i++) {
		make(&frame, TRANSPORTS[i % 2], i < 2);
		check(&both, &frame);
	}
	run_end(&both.plain);
	run_end(&both.steps);
}

static void cut_everywhere(struct both *both, struct frame_bytes *frame)
{
	for (size_t len = 0; len <= frame->len; len++) {
		expect_same(both, frame, len, frame->len);
		expect_same(both, frame, len, len); /* shorter on the wire */
	}
}

static void a_packet_cut_anywhere_is_read_alike(void **state)
{
	(void)state;
	with_each_kind(false, cut_everywhere);
}

/* All values of all bytes of both headers; the version stays what the link layer says. */
static void change_everything(struct both *both, struct frame_bytes *frame)
{
	const size_t headers = frame->len - strlen(PAYLOAD);
	for (size_t at = 0; at < headers; at++) {
		uint8_t *byte = frame_at(frame) + at;
		const uint8_t was = *byte;
		for (unsigned value = 0; value < 256; value++) {
			*byte = (uint8_t)value;
			if (at > 0 || value >> 4 == was >> 4) {
				expect_same(both, frame, frame->len, frame->len);
			}
		}
		*byte = was;
	}
}

static void a_header_of_any_bytes_is_read_alike(void **state)
{
	(void)state;
	with_each_kind(false, change_everything);
}

static void checksums_are_verified_alike(void **state)
{
	(void)state;
	with_each_kind(true, change_everything);
}

/* Of the link layer, up to what no frame is shorter than: none of it is the packet's. */
static void pad(struct both *both, struct frame_bytes *frame)
{
	struct frame_bytes padded = {.len = 0};
	static const uint8_t PADDING[6];
	wrap(&padded, PADDING, sizeof(PADDING));
	wrap(&padded, frame_at(frame), frame->len);
	expect_same(both, &padded, padded.len, padded.len);
	assert_int_equal(both->plain.packet.payload_len, strlen(PAYLOAD));
}

static void padding_is_left_out_alike(void **state)
{
	(void)state;
	with_each_kind(false, pad);
}

static void an_ipv4_address_in_a_header_of_ipv6_is_none_here_either(void **state)
{
	(void)state;
	static const uint8_t MAPPED[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	struct both both;
	struct frame_bytes frame;
	run_begin(&both.plain, false, 4);
	run_begin(&both.steps, false, 4);
	make(&frame, IPPROTO_TCP, false);
	memcpy(frame_at(&frame) + 8, MAPPED, sizeof(MAPPED));
	expect_same(&both, &frame, frame.len, frame.len);
	assert_false(address_is_ipv4(&both.plain.packet.src));
	run_end(&both.plain);
	run_end(&both.steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_cut_anywhere_is_read_alike),
		cmocka_unit_test(a_header_of_any_bytes_is_read_alike),
		cmocka_unit_test(checksums_are_verified_alike),
		cmocka_unit_test(padding_is_left_out_alike),
		cmocka_unit_test(
			an_ipv4_address_in_a_header_of_ipv6_is_none_here_either),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
