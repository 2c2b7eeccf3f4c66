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
#include <time.h>
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
	const bool is_wanted = bpf_filter(bed.prefilter.bf_insns, bytes, len, len) != 0;
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

/* ---- one flow, by hand ---- */

enum { TAGS_NONE = 0, SEGMENT_BYTES = 100, EXTENSION_BYTES = 8, CHAIN_MAX = 180 };

struct made {
	uint8_t bytes[FRAME_MAX];
	uint32_t len;
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* TCP from a documentation address to another one. number: which pair of ports. */
static size_t put_tcp(uint8_t *at, unsigned number, uint8_t flags)
{
	memset(at, 0, SEGMENT_BYTES);
	put16(at, 1024 + number);
	put16(at + 2, 443);
	at[12] = 5 << 4;
	at[13] = flags;
	return SEGMENT_BYTES;
}

static size_t put_ipv4(uint8_t *at, size_t options, uint8_t protocol, size_t len)
{
	static const uint8_t ENDS[8] = {192, 0, 2, 1, 198, 51, 100, 7};
	memset(at, 0, 20);
	at[0] = (uint8_t)(0x45 + options / 4);
	put16(at + 2, (uint32_t)(20 + options + len));
	at[8] = 64;
	at[9] = protocol;
	memcpy(at + 12, ENDS, sizeof(ENDS));
	memset(at + 20, 1, options); /* no operation, RFC 791 */
	return 20 + options;
}

static size_t put_ipv6(uint8_t *at, uint8_t next, size_t len)
{
	memset(at, 0, 40);
	at[0] = 6 << 4;
	put16(at + 4, (uint32_t)len);
	at[6] = next;
	at[7] = 64;
	memcpy(at + 8, "\x20\x01\x0d\xb8", 4);
	memcpy(at + 24, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
	return 40;
}

static void begin(struct made *made, uint16_t ethertype)
{
	memset(made->bytes, 2, 12);
	put16(made->bytes + 12, ethertype);
	made->len = ETHERNET_BYTES;
}

static struct made ipv4(unsigned number, uint8_t flags)
{
	struct made made;
	begin(&made, 0x0800);
	made.len += (uint32_t)put_ipv4(
		made.bytes + made.len, 0, IPPROTO_TCP, SEGMENT_BYTES);
	made.len += (uint32_t)put_tcp(made.bytes + made.len, number, flags);
	return made;
}

static struct made ipv4_with_options(size_t options, uint8_t flags)
{
	struct made made;
	begin(&made, 0x0800);
	made.len += (uint32_t)put_ipv4(
		made.bytes + made.len, options, IPPROTO_TCP, SEGMENT_BYTES);
	made.len += (uint32_t)put_tcp(made.bytes + made.len, 0, flags);
	return made;
}

/* Its flags are in the next one. */
static struct made ipv4_fragment(void)
{
	struct made made = ipv4(0, 0);
	put16(made.bytes + ETHERNET_BYTES + 2, 20 + 8);
	put16(made.bytes + ETHERNET_BYTES + 6, 0x2000);
	made.len = ETHERNET_BYTES + 20 + 8;
	return made;
}

static struct made ipv4_tagged(uint8_t flags)
{
	struct made plain = ipv4(0, flags);
	struct made made;
	begin(&made, 0x8100);
	put16(made.bytes + 14, 77);
	memcpy(made.bytes + 16, plain.bytes + 12, plain.len - 12);
	made.len = plain.len + 4;
	return made;
}

static struct made ipv4_authenticated(uint8_t flags)
{
	struct made made;
	begin(&made, 0x0800);
	made.len += (uint32_t)put_ipv4(
		made.bytes + made.len, 0, IPPROTO_AH, 24 + SEGMENT_BYTES);
	memset(made.bytes + made.len, 0, 24);
	made.bytes[made.len] = IPPROTO_TCP;
	made.bytes[made.len + 1] = 4; /* RFC 4302 section 2.2 */
	made.len += 24;
	made.len += (uint32_t)put_tcp(made.bytes + made.len, 0, flags);
	return made;
}

/* With so many extension headers of a kind. */
static struct made ipv6(unsigned count, uint8_t kind, uint8_t flags)
{
	struct made made;
	begin(&made, 0x86dd);
	made.len += (uint32_t)put_ipv6(made.bytes + made.len,
		count > 0 ? kind : IPPROTO_TCP,
		count * EXTENSION_BYTES + SEGMENT_BYTES);
	for (unsigned i = 0; i < count; i++) {
		memset(made.bytes + made.len, 0, EXTENSION_BYTES);
		made.bytes[made.len] = i + 1 < count ? kind : IPPROTO_TCP;
		made.bytes[made.len + 3] = kind == IPPROTO_FRAGMENT; /* more to come */
		made.len += EXTENSION_BYTES;
	}
	made.len += (uint32_t)put_tcp(made.bytes + made.len, 0, flags);
	return made;
}

/* Segments put together, of which the length is not told. */
static struct made without_length(struct made made)
{
	put16(made.bytes + ETHERNET_BYTES +
			(made.bytes[ETHERNET_BYTES] >> 4 == 4 ? 2 : 4),
		0);
	return made;
}

static bool is_seen(const struct made *made)
{
	return run(made->bytes, made->len) != 0;
}

static void a_flow_waits_until_all_that_came_before_is_taken(void **state)
{
	(void)state;
	need_program();
	const struct made more = ipv4(0, TCP_ACK);
	const struct made syn = ipv4(0, TCP_SYN);
	const struct flow_of flow = flow_of(more.bytes, more.len);
	shunt_passed(bed.shunt, 1000);
	for (int i = 0; i < 3; i++) {
		assert_true(
			shunt_offer(bed.shunt, &flow.key, flow.side, TAGS_NONE, NULL));
		assert_true(is_seen(&more));
	}
	assert_true(is_seen(&syn)); /* while it waits: it has to wait anew */
	shunt_passed(bed.shunt, UINT64_MAX);
	assert_true(shunt_offer(bed.shunt, &flow.key, flow.side, TAGS_NONE, NULL));
	assert_true(is_seen(&more));
	assert_true(shunt_offer(bed.shunt, &flow.key, flow.side, TAGS_NONE, NULL));
	assert_false(is_seen(&more));
	shunt_stop(bed.shunt, &flow.key);
	assert_true(is_seen(&more));
	shunt_release(bed.shunt, &flow.key);
	assert_int_equal(shunt_totals(bed.shunt).flows, 0);
}

/* The stopping frame, behind which more of the flow has to be seen. */
static void check_stops(
	const char *what, const struct made *stopping, const struct made *more)
{
	const struct flow_of flow = flow_of(more->bytes, more->len);
	struct shunt_counts counts;
	shunt_it(&flow);
	assert_false(is_seen(more));
	if (!is_seen(stopping) || !is_seen(more)) {
		fail_msg("%s: it is not seen, or what follows it", what);
	}
	assert_true(shunt_take(bed.shunt, &flow.key, &counts));
	assert_int_equal(counts.packets[flow.side], 1);
	shunt_release(bed.shunt, &flow.key);
}

static void whatever_may_begin_or_end_a_connection_stops_it(void **state)
{
	(void)state;
	need_program();
	const struct made more = ipv4(0, TCP_ACK);
	const struct made more6 = ipv6(0, 0, TCP_ACK);
	const struct {
		const char *what;
		struct made stopping;
		const struct made *more;
	} rows[] = {
		{"SYN", ipv4(0, TCP_SYN), &more},
		{"FIN", ipv4(0, TCP_FIN | TCP_ACK), &more},
		{"RST", ipv4(0, TCP_RST), &more},
		{"options", ipv4_with_options(4, TCP_SYN), &more},
		{"all options", ipv4_with_options(40, TCP_SYN), &more},
		{"options, no SYN", ipv4_with_options(8, TCP_ACK), &more},
		{"fragment", ipv4_fragment(), &more},
		{"another VLAN", ipv4_tagged(TCP_SYN), &more},
		{"AH", ipv4_authenticated(TCP_SYN), &more},
		{"no length", without_length(ipv4(0, TCP_SYN)), &more},
		{"no length of IPv6", without_length(ipv6(0, 0, TCP_SYN)), &more6},
		{"SYN of IPv6", ipv6(0, 0, TCP_SYN), &more6},
		{"one option of IPv6", ipv6(1, IPPROTO_DSTOPTS, TCP_SYN), &more6},
		{"as many as there are", ipv6(CHAIN_MAX - 1, IPPROTO_DSTOPTS, TCP_SYN),
			&more6},
		{"fragment of IPv6", ipv6(1, IPPROTO_FRAGMENT, TCP_SYN), &more6},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_stops(rows[i].what, &rows[i].stopping, rows[i].more);
	}
}

static void what_only_looks_like_it_does_not_stop_it(void **state)
{
	(void)state;
	need_program();
	const struct made more = ipv4(0, TCP_ACK);
	const struct made other = ipv4(1, TCP_SYN);
	const struct made tagged = ipv4_tagged(TCP_ACK);
	struct made later = ipv4_fragment();
	const struct flow_of flow = flow_of(more.bytes, more.len);
	put16(later.bytes + ETHERNET_BYTES + 6, 0x0010);
	shunt_it(&flow);
	assert_true(is_seen(&other));
	assert_true(is_seen(&later));  /* no first one: what is in front of it is */
	assert_true(is_seen(&tagged)); /* of another network */
	assert_false(is_seen(&more));
	shunt_release(bed.shunt, &flow.key);
}

/* An IPv6 header with the addresses as this program has those of IPv4 (RFC 4291 section 2.5.5.2). */
static void ipv6_in_the_form_that_stands_for_ipv4_is_another_flow(void **state)
{
	(void)state;
	need_program();
	static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};
	const struct made more = ipv4(0, TCP_ACK);
	const struct flow_of flow = flow_of(more.bytes, more.len);
	struct made mapped = ipv6(0, 0, TCP_ACK);
	for (int end = 0; end < 2; end++) {
		uint8_t *address = mapped.bytes + ETHERNET_BYTES + 8 + 16 * end;
		memcpy(address, MAPPED, sizeof(MAPPED));
		memcpy(address + 12, more.bytes + ETHERNET_BYTES + 12 + 4 * end, 4);
	}
	const struct flow_of its = flow_of(mapped.bytes, mapped.len);
	shunt_it(&flow);
	assert_true(is_seen(&mapped));
	assert_false(is_seen(&more));
	shunt_release(bed.shunt, &flow.key);
	shunt_it(&its);
	assert_true(is_seen(&more));
	assert_false(is_seen(&mapped));
	shunt_release(bed.shunt, &its.key);
}

/* Ports of the same two hosts until two share a place; the sum is seeded anew each run. */
static void of_two_flows_in_one_place_the_second_is_seen(void **state)
{
	(void)state;
	need_program();
	const uint64_t refused = shunt_totals(bed.shunt).refused;
	unsigned number = 0;
	struct made made;
	struct flow_of flow;
	do {
		made = ipv4(number++, TCP_ACK);
		flow = flow_of(made.bytes, made.len);
	} while (shunt_offer(bed.shunt, &flow.key, flow.side, TAGS_NONE, NULL));
	assert_int_equal(shunt_totals(bed.shunt).refused, refused + 1);
	shunt_passed(bed.shunt, UINT64_MAX);
	for (unsigned i = 0; i < number; i++) {
		const struct made each = ipv4(i, TCP_ACK);
		const struct flow_of its = flow_of(each.bytes, each.len);
		struct shunt_counts counts;
		const bool is_last = i + 1 == number;
		const bool is_in =
			shunt_offer(bed.shunt, &its.key, its.side, TAGS_NONE, NULL);
		assert_int_equal(is_in, !is_last);
		assert_int_equal(is_seen(&each), is_last);
		assert_int_equal(shunt_take(bed.shunt, &its.key, &counts), !is_last);
	}
	/* its SYN is not the other's, either */
	const struct made syn = ipv4(number - 1, TCP_SYN);
	const uint64_t flows = shunt_totals(bed.shunt).flows;
	assert_true(is_seen(&syn));
	for (unsigned i = 0; i + 1 < number; i++) {
		const struct made each = ipv4(i, TCP_ACK);
		const struct flow_of its = flow_of(each.bytes, each.len);
		assert_false(is_seen(&each));
		shunt_release(bed.shunt, &its.key);
	}
	assert_int_equal(flows, number - 1);
	assert_int_equal(shunt_totals(bed.shunt).flows, 0);
}

struct swept {
	unsigned calls;
	unsigned over;
	uint64_t packets;
};

static void on_swept(
	void *context, void *owner, const struct shunt_counts *counts, bool is_over)
{
	struct swept *swept = (struct swept *)context;
	assert_ptr_equal(owner, swept);
	swept->calls++;
	swept->over += is_over;
	swept->packets += counts->packets[0] + counts->packets[1];
}

/* A minute from now every one of them was quiet for long. */
static void a_full_table_takes_no_more_and_makes_room_as_flows_rest(void **state)
{
	(void)state;
	need_program();
	struct swept swept = {.calls = 0};
	struct timespec now;
	unsigned taken = 0;
	struct made last = {.len = 0};
	(void)clock_gettime(CLOCK_REALTIME, &now);
	const uint64_t now_us = (uint64_t)now.tv_sec * 1000000;
	struct flow_of flow = {.side = 0};
	for (unsigned i = 0; i < 2 * SHUNT_FLOWS; i++) {
		for (int word = 0; word < SHUNT_KEY_WORDS; word++) {
			flow.key.words[word] = next_random();
		}
		taken += shunt_offer(bed.shunt, &flow.key, 0, TAGS_NONE, &swept);
	}
	assert_int_equal(shunt_totals(bed.shunt).flows, taken);
	/* drawn by lot: a place stays empty by e^-2 */
	assert_in_range(taken, SHUNT_FLOWS - SHUNT_FLOWS / 6, SHUNT_FLOWS - 1);
	last = ipv4(0, TCP_ACK);
	assert_true(is_seen(&last));
	shunt_sweep(bed.shunt, now_us, on_swept, &swept);
	assert_int_equal(swept.over, 0);
	while (shunt_totals(bed.shunt).flows > 0) {
		const unsigned before = swept.over;
		shunt_sweep(bed.shunt, now_us + 60000000, on_swept, &swept);
		assert_true(
			swept.over > before && swept.over - before < SHUNT_FLOWS / 8);
	}
	assert_int_equal(swept.over, taken);
	assert_int_equal(swept.packets, 0);
}

static void a_sweep_takes_what_was_counted_and_leaves_who_goes_on(void **state)
{
	(void)state;
	need_program();
	struct swept swept = {.calls = 0};
	struct timespec now;
	const struct made more = ipv4(0, TCP_ACK);
	const struct flow_of flow = flow_of(more.bytes, more.len);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	const uint64_t bytes = shunt_totals(bed.shunt).wire_bytes;
	const uint64_t later_us = ((uint64_t)now.tv_sec + 60) * 1000000;
	shunt_passed(bed.shunt, 0);
	assert_true(shunt_offer(bed.shunt, &flow.key, flow.side, TAGS_NONE, &swept));
	shunt_passed(bed.shunt, UINT64_MAX);
	assert_true(shunt_offer(bed.shunt, &flow.key, flow.side, TAGS_NONE, &swept));
	assert_false(is_seen(&more));
	assert_false(is_seen(&more));
	shunt_sweep(bed.shunt, later_us, on_swept, &swept);
	assert_int_equal(swept.packets, 2);
	assert_int_equal(swept.over, 0);
	assert_int_equal(
		shunt_totals(bed.shunt).wire_bytes - bytes, 2 * (uint64_t)more.len);
	assert_false(is_seen(&more));
	shunt_release(bed.shunt, &flow.key);
	assert_true(is_seen(&more));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_dropped_is_of_the_flow_that_the_decoder_sees),
		cmocka_unit_test(
			so_it_is_where_a_byte_is_another_one_or_the_frame_is_cut),
		cmocka_unit_test(a_flow_waits_until_all_that_came_before_is_taken),
		cmocka_unit_test(whatever_may_begin_or_end_a_connection_stops_it),
		cmocka_unit_test(what_only_looks_like_it_does_not_stop_it),
		cmocka_unit_test(ipv6_in_the_form_that_stands_for_ipv4_is_another_flow),
		cmocka_unit_test(of_two_flows_in_one_place_the_second_is_seen),
		cmocka_unit_test(
			a_full_table_takes_no_more_and_makes_room_as_flows_rest),
		cmocka_unit_test(a_sweep_takes_what_was_counted_and_leaves_who_goes_on),
	};
	return cmocka_run_group_tests(tests, start, finish);
}
