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
	assert_int_equal(run.packet.tunnels[0].id, tunnel->id);
	assert_true(address_is_ipv4(&run.packet.src) == !tunnel->is_inner_ipv6);
	run_end(&run);
}

static void every_tunnel_leads_to_the_packet_inside(void **state)
{
	(void)state;
	static const struct tunnel_case cases[] = {
		{"", 0, .protocol = 4}, {"", 0, .protocol = 41, .is_inner_ipv6 = true},
		{"\0\0\x11\x40", 4, .protocol = 137}, {"\0\0\x08\0", 4, .protocol = 47},
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
		{"\x0c\0\0\1\0\1\2\0", 8, 258, .port = 4790},
		{"\x0c\0\0\3\0\1\2\0", 8, 258, .port = 4790, .is_ethernet = true},
		{"\x08\0\0\0\0\1\2\0", 8, 258, .port = 4790, .is_ethernet = true},
		{"", 0, .port = 3544, .is_inner_ipv6 = true}, /* Teredo */
		{"\0\0origin", 8, .port = 3544, .is_inner_ipv6 = true},
		{"\0\1\2\1idvnoncenonc\0\0\0origin", 24, .port = 3544,
			.is_inner_ipv6 = true},
		{"\x30\xff\0\0\0\0\1\2", 8, 258, .port = 2152}, /* GTP-U */
		{"\x34\xff\0\0\0\0\1\2\0\0\0\x85\1xx\0", 16, 258, .port = 2152,
			.is_inner_ipv6 = true},
		{"\0\2\0\1\0\2\xff\3\0\x21", 10, 0x10002, .port = 1701}, /* L2TP */
		{"\x4a\2\0\0\0\1\0\2\0\1\0\2\0\2xx\x21", 17, 0x10002, .port = 1701},
		{"\x30\1\x88\x0b\0\0\1\2\0\0\0\1\xff\3\0\x21", 16, 258,
			.protocol = 47}, /* PPTP */
		{"\x30\x81\x88\x0b\0\0\1\2\0\0\0\1\0\0\0\1\x21", 17, 258,
			.protocol = 47},
		{"\x30\0", 2, .protocol = 97, .is_ethernet = true}, /* EtherIP */
		{"", 0, .protocol = 143, .is_ethernet = true},
		/* ERSPAN III with a packet in place of a frame */
		{"\x10\0\x22\xeb\0\0\0\1\x20\0\0\0\0\0\0\0\0\0\x08\0", 20,
			.protocol = 47},
		/* NVGRE: the last byte of the key is the flow's */
		{"\x20\0\x65\x58\0\x10\1\x2a", 8, 0x1001, .protocol = 47,
			.is_ethernet = true},
		{"\x20\0\x65\x58\0\0\1\x2a", 8, 298, .protocol = 47,
			.is_ethernet = true}, /* a key of a person's choice */
		{"\0\0\1\2\0\0\0\0", 8, 258, .protocol = 115, .is_ethernet = true},
		{"\0\0\1\2cookiecosubl", 16, 258, .protocol = 115, .is_ethernet = true},
		{"\0\0\1\2\xff\3\0\x21", 8, 258, .protocol = 115},
		{"\0\3\0\0\0\0\1\2cook", 12, 258, .port = 1701, .is_ethernet = true},
		{"\0\0\x08\0", 4, .port = 4754}, /* GRE in UDP */
		{"\xb0\0\x86\xdd\0\0\0\0\0\0\1\2\0\0\0\1", 16, 258, .port = 4754,
			.is_inner_ipv6 = true},
		{"\0\0\x10\x40\0\0\x11\x40", 8, .port = 6635}, /* MPLS in UDP */
		{"", 0, .port = 6080},                         /* GUE, version 1 */
		{"\0\4\0\0", 4, .port = 6080},                 /* version 0 */
		{"\1\x29\0\0\0\0\0\0", 8, .port = 6080, .is_inner_ipv6 = true},
		{"\x08\0\0\0\0\1\2\0", 8, 258, .port = 4341}, /* LISP */
		{"\xc0\0\0\0\0\0\0\1", 8, .port = 4341, .is_inner_ipv6 = true},
		{"\1\0\0\1\x0a\1\x7f\0\1", 9, .port = 37008,
			.is_ethernet = true}, /* TZSP */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_tunnel(&cases[i]);
	}
}

static void eight_tunnels_are_walked_and_no_ninth(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	wrap_ipv4(&frame, 6);
	for (unsigned depth = 1; depth <= PACKET_TUNNELS_MAX; depth++) {
		wrap_ipv4(&frame, 4);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
		expect_payload(&run);
		assert_int_equal(run.packet.tunnel_depth, depth);
	}
	wrap_ipv4(&frame, 4);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_TOO_DEEP);
	run_end(&run);
}

static void a_tunnel_is_noted_with_its_outer_ends(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	wrap_ipv6(&frame, 6);
	wrap(&frame, "\x20\0\x86\xdd\0\0\1\2", 8);
	wrap_ipv4(&frame, 47);
	wrap_ethernet(&frame, 0x0800);
	wrap(&frame, "\x08\0\0\0\0\1\2\0", 8);
	wrap_udp(&frame, 4789);
	wrap_ipv6(&frame, 17);
	assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
	const struct packet *packet = &run.packet;
	assert_int_equal(packet->tunnel_depth, 2);
	assert_int_equal(packet->tunnels[0].kind, TUNNEL_VXLAN);
	assert_int_equal(packet->tunnels[0].id, 258);
	assert_int_equal(packet->tunnels[0].dst_port, 4789);
	assert_int_equal(packet->tunnels[0].src_port, 0xfffe);
	assert_false(address_is_ipv4(&packet->tunnels[0].src));
	assert_int_equal(packet->tunnels[1].kind, TUNNEL_GRE);
	assert_int_equal(packet->tunnels[1].id, 258);
	assert_int_equal(packet->tunnels[1].dst_port, 0);
	assert_true(address_is_ipv4(&packet->tunnels[1].dst));
	run_end(&run);
}

static void both_directions_of_a_tunnel_hash_alike_and_other_tunnels_do_not(
	void **state)
{
	(void)state;
	const struct hash_seed seed = {{1, 2}};
	struct tunnel there = {.kind = TUNNEL_VXLAN, .id = 7};
	assert_true(address_parse("192.0.2.1", &there.src));
	assert_true(address_parse("192.0.2.2", &there.dst));
	struct tunnel back = there;
	back.src = there.dst;
	back.dst = there.src;
	back.src_port = 50000; /* differs from flow to flow inside */
	const uint64_t hash = tunnel_hash(&seed, 0, &there);
	assert_true(hash == tunnel_hash(&seed, 0, &back));
	assert_false(hash == tunnel_hash(&seed, 1, &there));
	back.id = 8;
	assert_false(hash == tunnel_hash(&seed, 0, &back));
	back.id = 7;
	back.kind = TUNNEL_GENEVE;
	assert_false(hash == tunnel_hash(&seed, 0, &back));
	/* two mirror sessions, one for each direction */
	there.kind = back.kind = TUNNEL_ERSPAN;
	back.id = 8;
	assert_true(tunnel_hash(&seed, 0, &there) == tunnel_hash(&seed, 0, &back));
}

/* IPv4 behind GRE behind a datagram with these ports. */
static unsigned depth_between(struct decode_run *run, uint16_t from, uint16_t to)
{
	frame_start(&frame, PAYLOAD);
	wrap_ipv4(&frame, 6);
	wrap(&frame, "\0\0\x08\0", 4);
	wrap_udp(&frame, to);
	put16(frame_at(&frame), from);
	wrap_ipv4(&frame, 17);
	assert_int_equal(run_frame(run, DLT_OF_RAW, &frame), DECODE_OK);
	return run->packet.tunnel_depth;
}

static void a_tunnel_is_known_by_its_whole_port_and_whoever_listens_there(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	assert_int_equal(depth_between(&run, 50000, 4754), 1);
	assert_int_equal(
		depth_between(&run, 4754, 50000), 0);        /* not answered from it */
	assert_int_equal(depth_between(&run, 443, 4754), 1); /* the former of two */
	assert_int_equal(depth_between(&run, 50000, 4754 + 2048), 0);
	assert_int_equal(depth_between(&run, 50000, 4754 - 2048), 0);
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

static void what_only_shares_a_tunnels_port_stays_a_datagram(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		size_t len;
		uint16_t port;
	} cases[] = {
		{"x", 1, 3544},                    /* not all of it is a packet */
		{"\x30\x01\0\0\0\0\1\2", 8, 2152}, /* GTP's echo */
		{"\x50\xff\0\0\0\0\1\2", 8, 2152}, /* version 2 */
		{"\x34\xff\0\0\0\0\1\2\0\0\0\x85\0", 13, 2152}, /* extension of 0 */
		{"\xc8\2\0\0\0\1\0\2\0\0\0\0\x21", 13, 1701},   /* L2TP's control */
		{"\x80\3\0\1\0\2\0\x21", 8, 1701},              /* version 3's */
		{"\x40\0\x08\0", 4, 4754},                      /* GRE, routing */
		{"\0\0\x10\0\0\0\x10\0\0\0\x10\0\0\0\x10\0\0\0\x10\0\0\0\x10\0\0\0"
		 "\x10\0\0\0\x10\0",
			32, 6635},               /* no last label */
		{"\x20\4\0\0", 4, 6080},         /* GUE's control */
		{"\0\6\0\0", 4, 6080},           /* what GUE carries */
		{"\0\0\0\0\0\0\0\0\0", 9, 4341}, /* no packet */
		{"\1\0\0\x12\1", 5, 37008},      /* of a radio */
		{"\1\4\0\1\1", 5, 37008},        /* keep-alive */
		{"\x14\3\3\0", 4, 4755},         /* TLS, not DTLS */
		{"\x0c\0\0\7\0\1\2\0", 8, 4790}, /* no such protocol */
		{"", 0, 1700},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct decode_run run;
		run_begin(&run, false, 4);
		frame_start(&frame, PAYLOAD);
		wrap_ipv4(&frame, 6);
		wrap(&frame, cases[i].header, cases[i].len);
		wrap_udp(&frame, cases[i].port);
		wrap_ipv4(&frame, 17);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_OK);
		assert_int_equal(run.packet.transport, 17);
		assert_int_equal(run.packet.tunnel_depth, 0);
		run_end(&run);
	}
}

static void gre_of_other_versions_is_not_followed(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	/* version 1 of something else, an acknowledgement alone, routing, version 2 */
	static const char *const headers[] = {
		"\x30\1\x08\0", "\x20\x81\x88\x0b", "\x40\0\x08\0", "\x20\2\x88\x0b"};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		frame_start(&frame, PAYLOAD);
		wrap_ipv4(&frame, 6);
		wrap(&frame, headers[i], 4);
		wrap_ipv4(&frame, 47);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame), DECODE_UNWANTED);
	}
	run_end(&run);
}

/* The header of ERSPAN says so: no capture that was cut. */
static void a_frame_that_the_switch_cut_is_read_as_far_as_it_goes(void **state)
{
	(void)state;
	for (int is_told = 0; is_told < 2; is_told++) {
		struct decode_run run;
		run_begin(&run, false, 4);
		frame_start(&frame, PAYLOAD);
		wrap_ipv4(&frame, 6);
		wrap_ethernet(&frame, 0x0800);
		memmove(frame_at(&frame) + 4, frame_at(&frame), frame.len - 4);
		frame.len -= 4; /* the last four bytes are gone */
		wrap(&frame, is_told ? "\x10\0\4\3\0\0\0\0" : "\x10\0\0\3\0\0\0\0", 8);
		wrap(&frame, "\x10\0\x88\xbe\0\0\0\1", 8);
		wrap_ipv4(&frame, 47);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame),
			is_told ? DECODE_OK : DECODE_MALFORMED);
		if (is_told) {
			assert_int_equal(run.packet.payload_len, strlen(PAYLOAD) - 4);
			assert_int_equal(run.packet.payload_wire_len, strlen(PAYLOAD));
		}
		run_end(&run);
	}
}

static void what_is_encrypted_in_a_datagram_is_counted(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		uint16_t port;
		bool is_blind;
	} cases[] = {{"\x17\xfe\xfd\0", 4755, true}, {"\x17\xfe\xfd\0", 6636, true},
		{"\0\3\0\0\0\0\1\2whatever this may be", 1701, true},
		{"\x17\xfe\xfd\0", 4433, false}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct decode_run run;
		run_begin(&run, false, 4);
		frame.len = 0;
		wrap(&frame, cases[i].bytes, cases[i].port == 1701 ? 28 : 4);
		wrap_udp(&frame, cases[i].port);
		wrap_ipv4(&frame, 17);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame),
			cases[i].is_blind ? DECODE_UNWANTED : DECODE_OK);
		const struct decode_blind_count count =
			decoder_counters(run.decoder)->blind[DECODE_BLIND_UDP];
		assert_int_equal(count.frames, cases[i].is_blind);
		assert_int_equal(count.bytes, cases[i].is_blind ? frame.len : 0);
		run_end(&run);
	}
}

/* Each with the bytes that tell it, padded to a length; a near miss of each behind it. */
static void what_is_encrypted_on_a_port_of_its_own_is_counted_by_kind(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		size_t len;
		uint16_t port;
		enum decode_blind kind; /* COUNT: none */
	} cases[] = {
		{"\0\0\1\2", 40, 4500, DECODE_BLIND_NAT_T},
		{"\0\0\0\0", 40, 4500, DECODE_BLIND_COUNT},  /* IKE */
		{"\xff\0\0\0", 1, 4500, DECODE_BLIND_COUNT}, /* keep-alive */
		{"\1\0\0\0", 60, 5247, DECODE_BLIND_CAPWAP},
		{"\0\x10\2\0", 60, 5247, DECODE_BLIND_CAPWAP},
		{"\2\0\0\0", 60, 5247, DECODE_BLIND_COUNT},
		{"\1\0\0\0", 60, 5246, DECODE_BLIND_COUNT}, /* control */
		{"\4\0\0\0", 96, 51820, DECODE_BLIND_WIREGUARD},
		{"\4\0\0\0", 97, 51820, DECODE_BLIND_COUNT},
		{"\1\0\0\0", 148, 51820, DECODE_BLIND_COUNT}, /* hello */
		{"\x48\0\0\1", 80, 1194, DECODE_BLIND_OPENVPN},
		{"\x30\0\0\1", 80, 1194, DECODE_BLIND_OPENVPN},
		{"\x38\0\0\1", 80, 1194, DECODE_BLIND_COUNT}, /* hello */
		{"\xc0\0\0\1", 1200, 443, DECODE_BLIND_QUIC},
		{"\x4a\0\0\1", 30, 443, DECODE_BLIND_QUIC},
		{"\x17\xfe\xfd\0", 80, 443, DECODE_BLIND_COUNT}, /* DTLS */
		{"\x4a\0\0\1", 20, 443, DECODE_BLIND_COUNT},
	};
	static char bytes[1200];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct decode_run run;
		run_begin(&run, false, 4);
		memcpy(bytes, cases[i].head, 4);
		frame.len = 0;
		wrap(&frame, bytes, cases[i].len);
		wrap_udp(&frame, cases[i].port);
		wrap_ipv4(&frame, 17);
		assert_int_equal(run_frame(&run, DLT_OF_RAW, &frame),
			cases[i].kind == DECODE_BLIND_COUNT ? DECODE_OK
							    : DECODE_UNWANTED);
		for (unsigned kind = 0; kind < DECODE_BLIND_COUNT; kind++) {
			assert_int_equal(
				decoder_counters(run.decoder)->blind[kind].frames,
				kind == cases[i].kind);
		}
		run_end(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tunnel_leads_to_the_packet_inside),
		cmocka_unit_test(eight_tunnels_are_walked_and_no_ninth),
		cmocka_unit_test(a_frame_that_the_switch_cut_is_read_as_far_as_it_goes),
		cmocka_unit_test(what_is_encrypted_in_a_datagram_is_counted),
		cmocka_unit_test(
			what_is_encrypted_on_a_port_of_its_own_is_counted_by_kind),
		cmocka_unit_test(a_tunnel_is_noted_with_its_outer_ends),
		cmocka_unit_test(
			both_directions_of_a_tunnel_hash_alike_and_other_tunnels_do_not),
		cmocka_unit_test(
			a_tunnel_is_known_by_its_whole_port_and_whoever_listens_there),
		cmocka_unit_test(other_datagrams_on_a_tunnel_port_stay_datagrams),
		cmocka_unit_test(what_only_shares_a_tunnels_port_stays_a_datagram),
		cmocka_unit_test(gre_of_other_versions_is_not_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
