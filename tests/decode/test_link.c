#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_run.h"

static struct frame_bytes frame;

static void expect_link(
	uint16_t link_type, const void *header, size_t len, bool is_ipv6)
{
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	if (is_ipv6) {
		wrap_ipv6(&frame, 6);
	} else {
		wrap_ipv4(&frame, 6);
	}
	wrap(&frame, header, len);
	expect_mail(&run, link_type, &frame);
	assert_true(address_is_ipv4(&run.packet.src) == !is_ipv6);
	assert_int_equal(run.packet.tunnel_depth, 0);
	run_end(&run);
}

static void every_link_layer_leads_to_the_packet(void **state)
{
	(void)state;
	expect_link(12, "", 0, false);
	expect_link(14, "", 0, true);
	expect_link(101, "", 0, false);
	expect_link(228, "", 0, false);
	expect_link(229, "", 0, true);
	expect_link(0, "\2\0\0\0", 4, false);
	expect_link(0, "\0\0\0\36", 4, true);
	expect_link(108, "\0\0\0\30", 4, true);
	expect_link(9, "\xff\3\0\x21", 4, false);
	expect_link(9, "\x57", 1, true);
	expect_link(50, "\x0f\0\x08\0", 4, false);
	expect_link(51, "\x11\0\0\1\0\0\0\x21", 8, false);
	expect_link(104, "\x8f\0\x86\xdd", 4, true);
	expect_link(113, "\0\0\0\1\0\6\0\0\0\0\0\0\0\0\x08\0", 16, false);
	expect_link(276, "\x86\xdd\0\0\0\0\0\1\0\1\0\6\0\0\0\0\0\0\0\0", 20, true);
	expect_link(239, "\2\0\0\0\5\0\12\0x\0\0\0\x44\0\x09\0", 16, false);
	expect_link(239, "\2\0\0\0\0\5\0\12x\0\0\0\0\x44\0\x09", 16, false);
}

static void every_tag_of_ethernet_leads_to_the_packet(void **state)
{
	(void)state;
	static const char macs[] = "\2\0\0\0\0\1\2\0\0\0\0\2";
	static const struct {
		const char *behind_macs;
		size_t len;
	} cases[] = {
		{"\x08\0", 2}, {"\0\x50\xaa\xaa\3\0\0\0\x08\0", 10}, /* SNAP */
		{"\x81\0\x20\5\x08\0", 6},                           /* VLAN */
		{"\x88\xa8\0\5\x81\0\0\6\x08\0", 10},                /* QinQ */
		{"\x91\0\0\5\x81\0\0\6\x81\0\0\7\x08\0", 14},        /* three */
		{"\x88\x47\0\0\x10\x40\0\0\x11\x40", 10},           /* MPLS, 2 labels */
		{"\x88\x64\x11\0\0\1\0\0\0\x21", 10},               /* PPPoE */
		{"\x88\x64\x11\0\0\1\0\0\x02\x81\0\0\x11\x40", 14}, /* PPP MPLS */
		{"\x92\0\0\5\x08\0", 6},                            /* QinQ, older */
		{"\x89\x09\1\1\0\1\0\5\x08\0", 10},                 /* Cisco CMD */
		{"\x89\x09\1\2\0\1\0\5\0\2\0\6\x08\0", 14},         /* two options */
		{"\x89\x26\0\0\0\1\x08\0", 8},                      /* VN-Tag */
		{"\x89\x3f\0\0\0\1\0\0\x08\0", 10},                 /* E-Tag */
		{"\x88\xe7\0\0\0\x2a\2\0\0\0\0\3\2\0\0\0\0\4\x08\0",
			20},                                /* MAC in MAC */
		{"\x89\x4f\0\2\1\1\0\0\1\xff", 10},         /* NSH, IPv4 */
		{"\x89\x4f\0\3\2\1\0\0\1\xff\0\0\0\0", 14}, /* and metadata */
		{"\x22\xf3\0\x3f\0\1\0\2\2\0\0\0\0\3\2\0\0\0\0\4\x08\0",
			22}, /* TRILL */
		{"\x22\xf3\0\x7f\0\1\0\2opti\2\0\0\0\0\3\2\0\0\0\0\4\x08\0", 26},
		{"\x89\x03\0\x20\2\0\0\0\0\3\2\0\0\0\0\4\x08\0", 18}, /* FabricPath */
		{"\x89\x2f\0\x50\0\1\x08\0", 8},                      /* HSR */
		{"\x88\xe5\0\0\0\0\0\1\x08\0", 10}, /* MACsec, integrity */
		{"\x88\xe5\x20\0\0\0\0\1channel!\x08\0", 18},
		{"\0\x50\xaa\xaa\3\0\0\xf8\x08\0", 10}, /* SNAP of IEEE 802.1H */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t header[64];
		memcpy(header, macs, 12);
		memcpy(header + 12, cases[i].behind_macs, cases[i].len);
		if (i == 5) {
			header[16] &= 0xfe; /* the first label is not the last */
		}
		expect_link(1, header, 12 + cases[i].len, false);
	}
}

static void the_outermost_tags_are_noted_and_a_priority_is_none(void **state)
{
	(void)state;
	struct decode_run run;
	run_begin(&run, false, 4);
	frame_start(&frame, PAYLOAD);
	wrap_ipv4(&frame, 6);
	wrap(&frame, "\0\x64\x91\0\x10\x65\x81\0\0\x66\x08\0", 12);
	wrap(&frame, "\xe0\0\x88\xa8", 4);
	wrap_ethernet(&frame, 0x8100);
	expect_mail(&run, DLT_OF_ETHERNET, &frame);
	assert_int_equal(run.packet.vlan_count, 2);
	assert_int_equal(run.packet.vlan[0], 0x64);
	assert_int_equal(run.packet.vlan[1], 0x65);
	run_end(&run);
}

static void a_pseudowire_carries_ethernet_with_or_without_control_word(void **state)
{
	(void)state;
	for (int has_word = 0; has_word < 2; has_word++) {
		struct decode_run run;
		run_begin(&run, false, 4);
		frame_start(&frame, PAYLOAD);
		wrap_ipv4(&frame, 6);
		wrap_ethernet(&frame, 0x0800);
		wrap(&frame, "\0\0\0\0", has_word ? 4 : 0);
		wrap(&frame, "\0\1\1\x40", 4);
		wrap_ethernet(&frame, 0x8847);
		assert_int_equal(run_frame(&run, DLT_OF_ETHERNET, &frame), DECODE_OK);
		expect_payload(&run);
		run_end(&run);
	}
}

static enum decode_result result_of(uint16_t link_type, const void *bytes, size_t len)
{
	struct decode_run run;
	run_begin(&run, false, 4);
	const enum decode_result result =
		run_cut(&run, link_type, (const uint8_t *)bytes, len, len);
	assert_int_equal(decoder_counters(run.decoder)->results[result], 1);
	run_end(&run);
	return result;
}

/* What the one frame of this EtherType counts as, or DECODE_BLIND_COUNT for nothing. */
static enum decode_blind blind_of(const uint8_t *bytes, size_t len)
{
	struct decode_run run;
	run_begin(&run, false, 4);
	(void)run_cut(&run, 1, bytes, len, len);
	const struct decode_counters *counters = decoder_counters(run.decoder);
	unsigned found = DECODE_BLIND_COUNT;
	for (unsigned kind = 0; kind < DECODE_BLIND_COUNT; kind++) {
		const uint64_t frames = counters->blind[kind].frames;
		assert_in_range(frames, 0, found < kind ? 0 : 1);
		assert_int_equal(counters->blind[kind].bytes, frames ? len : 0);
		found = frames ? kind : found;
	}
	run_end(&run);
	return (enum decode_blind)found;
}

static void what_mail_may_hide_in_is_counted_by_kind(void **state)
{
	(void)state;
	static const struct {
		uint16_t ethertype;
		enum decode_blind blind;
	} ethertypes[] = {{0x88b5, DECODE_BLIND_ETHERTYPE},
		{0x0806, DECODE_BLIND_COUNT}, {0x8137, DECODE_BLIND_COUNT},
		{0x8863, DECODE_BLIND_COUNT}, {0x88cc, DECODE_BLIND_COUNT},
		{38, DECODE_BLIND_COUNT}};
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++) {
		uint8_t bytes[60] = {0};
		put16(bytes + 12, ethertypes[i].ethertype);
		assert_int_equal(blind_of(bytes, sizeof(bytes)), ethertypes[i].blind);
	}
	const uint8_t encrypted[60] = {[12] = 0x88, 0xe5, 0x0c};
	assert_int_equal(blind_of(encrypted, sizeof(encrypted)), DECODE_BLIND_MACSEC);
	/* of another organisation: Cisco's discovery */
	const uint8_t cdp[60] = {[13] = 46, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0};
	assert_int_equal(blind_of(cdp, sizeof(cdp)), DECODE_BLIND_COUNT);
	static const struct {
		uint8_t protocol;
		enum decode_blind blind;
	} protocols[] = {{50, DECODE_BLIND_ESP}, {115, DECODE_BLIND_PROTOCOL},
		{139, DECODE_BLIND_PROTOCOL}, {1, DECODE_BLIND_COUNT},
		{89, DECODE_BLIND_COUNT}, {132, DECODE_BLIND_COUNT}};
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		frame_start(&frame, PAYLOAD);
		wrap_ipv4(&frame, protocols[i].protocol);
		wrap_ethernet(&frame, 0x0800);
		assert_int_equal(
			blind_of(frame_at(&frame), frame.len), protocols[i].blind);
	}
	frame_start(&frame, PAYLOAD);
	wrap(&frame, "\x40\0\x08\0", 4); /* GRE with routing */
	wrap_ipv4(&frame, 47);
	wrap_ethernet(&frame, 0x0800);
	assert_int_equal(blind_of(frame_at(&frame), frame.len), DECODE_BLIND_GRE);
	frame_start(&frame, PAYLOAD);
	wrap(&frame, "\x11\0\0\1\0\0\0\xfd", 8); /* PPP, compressed */
	wrap_ethernet(&frame, 0x8864);
	assert_int_equal(blind_of(frame_at(&frame), frame.len), DECODE_BLIND_PPP);
	const uint8_t labels[64] = {[12] = 0x88, 0x47};
	assert_int_equal(blind_of(labels, sizeof(labels)), DECODE_BLIND_TOO_DEEP);
	struct decode_run run;
	run_begin(&run, false, 4);
	(void)run_cut(
		&run, 127, labels, sizeof(labels), sizeof(labels)); /* of a radio */
	assert_int_equal(
		decoder_counters(run.decoder)->blind[DECODE_BLIND_LINK].frames, 1);
	run_end(&run);
	frame_start(&frame, PAYLOAD); /* near miss */
	wrap_ipv4(&frame, 6);
	wrap_ethernet(&frame, 0x0800);
	assert_int_equal(blind_of(frame_at(&frame), frame.len), DECODE_BLIND_COUNT);
}

static void what_is_not_followed_says_why(void **state)
{
	(void)state;
	const uint8_t arp[42] = {[12] = 0x08, 0x06};
	const uint8_t spanning_tree[60] = {[13] = 38, 0x42, 0x42, 3};
	uint8_t labels[64] = {[12] = 0x88, 0x47};
	assert_int_equal(result_of(1, arp, sizeof(arp)), DECODE_UNWANTED);
	assert_int_equal(
		result_of(1, spanning_tree, sizeof(spanning_tree)), DECODE_UNWANTED);
	assert_int_equal(result_of(1, arp, 13), DECODE_TRUNCATED);
	const uint8_t nsh[32] = {[12] = 0x89, 0x4f, 0, 1, 1, 1};
	assert_int_equal(result_of(1, nsh, sizeof(nsh)), DECODE_MALFORMED);
	assert_int_equal(result_of(1, labels, sizeof(labels)), DECODE_TOO_DEEP);
	assert_int_equal(result_of(127, arp, sizeof(arp)), DECODE_UNKNOWN_LINK);
	assert_int_equal(result_of(12, "\x50", 1), DECODE_MALFORMED);
	assert_int_equal(result_of(239, "\2\0\0\0\3\0\0\0", 8), DECODE_MALFORMED);
	assert_int_equal(result_of(1, "", 0), DECODE_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_link_layer_leads_to_the_packet),
		cmocka_unit_test(every_tag_of_ethernet_leads_to_the_packet),
		cmocka_unit_test(the_outermost_tags_are_noted_and_a_priority_is_none),
		cmocka_unit_test(
			a_pseudowire_carries_ethernet_with_or_without_control_word),
		cmocka_unit_test(what_mail_may_hide_in_is_counted_by_kind),
		cmocka_unit_test(what_is_not_followed_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
