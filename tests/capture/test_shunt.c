/*
 * The program runs in the kernel, by BPF_PROG_TEST_RUN, on every frame of the golden cases
 * and on frames made of them, with the decoder beside it.
 */
#include "capture/shunt.h"

#include "capture/ebpf.h"
#include "capture/prefilter.h"
#include "capture/source.h"
#include "decode/decode.h"

#include <glob.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Both libpcap and the kernel have a structure of this name. */
#define bpf_insn classic_insn
#include <pcap/pcap.h>
#undef bpf_insn

#include <cmocka.h>

enum {
	ETHERNET_BYTES = 14,
	FRAME_MAX = 3000, /* what a test run takes, with room to spare */
	VARIANTS = 6,
	CHANGED_MOST = 90, /* where headers are */
};

static struct {
	struct shunt *shunt;
	struct decoder *decoder;
	struct bpf_program prefilter;
	int program;
	uint32_t random;
	size_t plain;
	size_t dropped;
	size_t stopped;
	size_t odd;
	char why_not[256];
} bed;

static uint32_t next_random(void)
{
	bed.random = bed.random * 1664525U + 1013904223U;
	return bed.random >> 8;
}

static int start(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	const struct decode_settings settings = {.fragment_datagrams = 16};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 262144);
	assert_int_equal(pcap_compile(pcap, &bed.prefilter, prefilter_expression(true),
				 1, PCAP_NETMASK_UNKNOWN),
		0);
	pcap_close(pcap);
	const struct sock_fprog classic = {.len = (uint16_t)bed.prefilter.bf_len,
		.filter = (struct sock_filter *)(void *)bed.prefilter.bf_insns};
	bed.random = 7;
	bed.decoder = decoder_new(&settings, (struct hash_seed){{1, 2}}, &why);
	assert_non_null(bed.decoder);
	bed.program = -1;
	bed.shunt = shunt_new(&why);
	if (bed.shunt) {
		bed.program = shunt_program(bed.shunt, &classic, &why);
	}
	(void)snprintf(bed.why_not, sizeof(bed.why_not), "%s", why.text);
	if (geteuid() == 0 && strstr(why.text, "Invalid argument")) {
		fail_msg("the program is refused: %s", why.text);
	}
	return 0;
}

static int finish(void **state)
{
	(void)state;
	shunt_free(bed.shunt);
	decoder_free(bed.decoder);
	pcap_freecode(&bed.prefilter);
	if (bed.program >= 0) {
		(void)close(bed.program);
	}
	return 0;
}

static void need_program(void)
{
	if (bed.program < 0) {
		print_message("skipped: %s\n", bed.why_not);
		skip();
	}
}

/* What the socket would be given of it. A test run takes off an Ethernet header first. */
static uint32_t run(const uint8_t *frame, uint32_t len)
{
	uint8_t bytes[ETHERNET_BYTES + FRAME_MAX] = {[12] = 0x88, [13] = 0xb5};
	union bpf_attr attributes;
	memcpy(bytes + ETHERNET_BYTES, frame, len);
	memset(&attributes, 0, sizeof(attributes));
	attributes.test.prog_fd = (uint32_t)bed.program;
	attributes.test.data_in = (uintptr_t)bytes;
	attributes.test.data_size_in = ETHERNET_BYTES + len;
	attributes.test.repeat = 1;
	if (ebpf_system_call(BPF_PROG_TEST_RUN, &attributes) != 0) {
		fail_msg("a test run of %u bytes fails: %m", len);
	}
	return attributes.test.retval;
}

struct flow_of {
	bool is_plain; /* of TCP, on the wire itself */
	unsigned side;
	struct shunt_key key;
	struct packet packet;
};

static int compare_ends(const struct packet *packet)
{
	const int order = memcmp(packet->src.bytes, packet->dst.bytes, 16);
	return order != 0 ? order : packet->src_port - packet->dst_port;
}

static struct flow_of flow_of(const uint8_t *bytes, uint32_t len)
{
	struct flow_of flow = {.is_plain = false};
	const struct frame frame = {.bytes = bytes,
		.captured_len = len,
		.wire_len = len,
		.link_type = DLT_EN10MB};
	const enum decode_result result =
		decoder_frame(bed.decoder, &frame, &flow.packet);
	if (result != DECODE_OK || flow.packet.transport != IPPROTO_TCP) {
		return flow;
	}
	flow.is_plain = flow.packet.tunnel_depth == 0 && !flow.packet.is_reassembled;
	flow.side = compare_ends(&flow.packet) > 0;
	const struct packet *packet = &flow.packet;
	const struct address ends[2] = {flow.side ? packet->dst : packet->src,
		flow.side ? packet->src : packet->dst};
	const uint16_t ports[2] = {flow.side ? packet->dst_port : packet->src_port,
		flow.side ? packet->src_port : packet->dst_port};
	flow.key = shunt_key_of(ends, ports);
	return flow;
}

/* Decided, as far as the table is concerned. */
static void shunt_it(const struct flow_of *flow)
{
	const uint32_t tags = shunt_tags(flow->packet.vlan, flow->packet.vlan_count);
	shunt_passed(bed.shunt, 0);
	assert_true(shunt_offer(bed.shunt, &flow->key, flow->side, tags, NULL));
	shunt_passed(bed.shunt, UINT64_MAX);
	assert_true(shunt_offer(bed.shunt, &flow->key, flow->side, tags, NULL));
}

/* It was dropped: it has to be of that flow, and nothing but more of the same. */
static void check_dropped(
	const struct flow_of *flow, uint32_t len, const struct shunt_counts *counts)
{
	assert_true(flow->is_plain);
	assert_false(flow->packet.tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
	assert_int_equal(counts->packets[flow->side], 1);
	assert_int_equal(counts->packets[!flow->side], 0);
	assert_int_equal(counts->bytes[flow->side], flow->packet.payload_wire_len);
	assert_int_equal(counts->bytes[!flow->side], 0);
	assert_int_equal(counts->wire_bytes, len);
}

/* Returns whether it was dropped. */
static bool try_frame(const struct flow_of *flow, const uint8_t *bytes, uint32_t len)
{
	struct shunt_counts counts;
	const bool is_passed = run(bytes, len) != 0;
	const bool is_counted = shunt_take(bed.shunt, &flow->key, &counts);
	assert_int_equal(is_counted, !is_passed);
	if (is_counted) {
		check_dropped(flow, len, &counts);
	}
	return is_counted;
}

/* Of a flow that is shunted, and of one that is not. */
static void put_through(const uint8_t *bytes, uint32_t len)
{
	const bool is_wanted =
		bpf_filter(bed.prefilter.bf_insns, bytes, len, len) != 0;
	assert_int_equal(run(bytes, len) != 0, is_wanted);
	const struct flow_of flow = flow_of(bytes, len);
	if (!is_wanted || flow.packet.transport != IPPROTO_TCP) {
		return;
	}
	shunt_it(&flow);
	const bool is_dropped = try_frame(&flow, bytes, len);
	const bool is_end = flow.packet.tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST);
	bed.plain += flow.is_plain && !is_end;
	bed.dropped += is_dropped;
	if (flow.is_plain && is_end) { /* nothing of the flow stays unseen behind it */
		struct shunt_counts counts;
		uint8_t more[FRAME_MAX];
		memcpy(more, bytes, len);
		const size_t flags_at = (size_t)(flow.packet.payload - bytes) -
					flow.packet.options_len - 20 + 13;
		more[flags_at] = TCP_ACK;
		assert_true(run(more, len) != 0);
		assert_false(shunt_take(bed.shunt, &flow.key, &counts));
		bed.stopped++;
	}
	shunt_release(bed.shunt, &flow.key);
}

/* The original's flow is shunted as well: what became another flow is not counted to it. */
static void put_variant(const struct flow_of *flow, uint8_t *bytes, uint32_t len)
{
	struct shunt_counts counts;
	shunt_it(flow);
	const bool is_passed = run(bytes, len) != 0;
	const struct flow_of variant = flow_of(bytes, len);
	if (shunt_take(bed.shunt, &flow->key, &counts)) {
		assert_false(is_passed);
		assert_memory_equal(&variant.key, &flow->key, sizeof(flow->key));
		check_dropped(&variant, len, &counts);
	}
	shunt_release(bed.shunt, &flow->key);
	put_through(bytes, len);
	bed.odd += !variant.is_plain;
}

static void put_variants(const uint8_t *frame, uint32_t len)
{
	const struct flow_of flow = flow_of(frame, len);
	for (int i = 0; flow.is_plain && i < VARIANTS; i++) {
		uint8_t bytes[FRAME_MAX];
		uint32_t cut = len;
		memcpy(bytes, frame, len);
		const uint32_t reach = len < CHANGED_MOST ? len : CHANGED_MOST;
		bytes[12 + next_random() % (reach - 12)] = (uint8_t)next_random();
		if (i % 3 == 2) {
			bytes[12 + next_random() % (reach - 12)] ^=
				(uint8_t)(1U << next_random() % 8);
			cut = 14 + next_random() % (len - 13);
		}
		put_variant(&flow, bytes, cut);
	}
}

static void put_file(const char *name, bool is_varied)
{
	struct reason why = {.text = ""};
	struct source *source = source_open_files(&name, 1, &why);
	struct frame frame;
	assert_non_null(source);
	while (source_next(source, &frame, &why) == SOURCE_FRAME) {
		const bool is_whole = frame.captured_len == frame.wire_len;
		if (frame.link_type != DLT_EN10MB || !is_whole ||
			frame.captured_len > FRAME_MAX ||
			frame.captured_len < ETHERNET_BYTES) {
			continue;
		}
		if (is_varied) {
			put_variants(frame.bytes, frame.captured_len);
		} else {
			put_through(frame.bytes, frame.captured_len);
		}
	}
	source_close(source);
}

static void put_all(bool is_varied)
{
	glob_t found;
	bed.plain = bed.dropped = bed.stopped = bed.odd = 0;
	assert_int_equal(glob("pcaps/*/traffic.pcap", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		put_file(found.gl_pathv[i], is_varied);
	}
	globfree(&found);
}

static void what_is_dropped_is_of_the_flow_that_the_decoder_sees(void **state)
{
	(void)state;
	need_program();
	put_all(false);
	print_message("%zu of %zu dropped, %zu stop it\n", bed.dropped, bed.plain,
		bed.stopped);
	/* all but what stands behind an option, an extension or a label */
	assert_true(bed.plain > 1000 && bed.dropped > bed.plain - bed.plain / 20);
	assert_true(bed.stopped > 500);
}

static void so_it_is_where_a_byte_is_another_one_or_the_frame_is_cut(void **state)
{
	(void)state;
	need_program();
	put_all(true);
	print_message("%zu of %zu dropped, %zu stop it, %zu are none\n", bed.dropped,
		bed.plain, bed.stopped, bed.odd);
	assert_true(bed.dropped > 1000 && bed.stopped > 500 && bed.odd > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_dropped_is_of_the_flow_that_the_decoder_sees),
		cmocka_unit_test(
			so_it_is_where_a_byte_is_another_one_or_the_frame_is_cut),
	};
	return cmocka_run_group_tests(tests, start, finish);
}
