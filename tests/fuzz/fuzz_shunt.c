/*
 * tests/fuzz/fuzz_shunt - any bytes as a frame, to the kernel's program of capture/shunt
 * and to the decoder: the same packet, the same flow.
 *
 * Input: flags (1 byte; bit 0: the kernel took the outer VLAN tag off), then the frame.
 * The program runs in tests/fuzz/machine, where what it came by is told to the fuzzer.
 */
#include "capture/prefilter.h"
#include "decode/decode.h"
#include "machine.h"

#include <net/ethernet.h>
#include <netinet/in.h>

/* Both libpcap and the kernel have a structure of this name. */
#define bpf_insn classic_insn
#include <pcap/pcap.h>
#undef bpf_insn

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TAGS_AT = 12, TAG_LEN = 4, LEN_MOST = 4000, TAG_IS_THERE = 0x1000 };

__attribute__((section(
	"__libfuzzer_extra_counters"))) static uint8_t visits[EBPF_INSTRUCTIONS_MAX];

static struct {
	struct ebpf program;
	struct bpf_insn code[EBPF_INSTRUCTIONS_MAX];
	struct bpf_program prefilter;
	struct decoder *decoder;
	uint64_t keys[SHUNT_HASH_KEYS];
} bed;

static void expect(bool is_so)
{
	if (!is_so) {
		abort();
	}
}

static void start(void)
{
	struct reason why;
	const struct decode_settings settings = {.fragment_datagrams = 0};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 262144);
	expect(pcap_compile(pcap, &bed.prefilter, prefilter_expression(true), 1,
		       PCAP_NETMASK_UNKNOWN) == 0);
	pcap_close(pcap);
	for (int i = 0; i < SHUNT_HASH_KEYS; i++) {
		bed.keys[i] = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(i + 1);
	}
	const struct sock_fprog classic = {.len = (uint16_t)bed.prefilter.bf_len,
		.filter = (struct sock_filter *)(void *)bed.prefilter.bf_insns};
	bed.program.code = bed.code;
	expect(shunt_write_program(
		&bed.program, MACHINE_MAP_FD, bed.keys, &classic, &why));
	bed.decoder = decoder_new(&settings, (struct hash_seed){{1, 2}}, &why);
	expect(bed.decoder != NULL);
}

/* What the decoder has of it. */
struct sight {
	bool is_plain; /* of TCP, on the wire itself */
	bool is_end;   /* SYN, FIN or RST */
	unsigned side;
	uint32_t tags;
	struct shunt_key key;
	struct packet packet;
};

static struct sight look(const uint8_t *bytes, uint32_t len)
{
	struct sight sight = {.is_plain = false};
	struct packet *packet = &sight.packet;
	const struct frame frame = {.bytes = bytes,
		.captured_len = len,
		.wire_len = len,
		.link_type = DLT_EN10MB};
	if (decoder_frame(bed.decoder, &frame, packet) != DECODE_OK ||
		packet->transport != IPPROTO_TCP || packet->tunnel_depth > 0 ||
		packet->is_reassembled) {
		return sight;
	}
	const int order = memcmp(packet->src.bytes, packet->dst.bytes, 16);
	sight.is_plain = true;
	sight.is_end = packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST);
	sight.side = order != 0 ? order > 0 : packet->src_port > packet->dst_port;
	sight.tags = shunt_tags(packet->vlan, packet->vlan_count);
	const struct address ends[2] = {sight.side ? packet->dst : packet->src,
		sight.side ? packet->src : packet->dst};
	const uint16_t ports[2] = {sight.side ? packet->dst_port : packet->src_port,
		sight.side ? packet->src_port : packet->dst_port};
	sight.key = shunt_key_of(ends, ports);
	return sight;
}

static uint16_t be16_at(const uint8_t *bytes, size_t at)
{
	return (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
}

/* Where IP begins behind at most two tags; 0: something else stands there. */
static size_t ip_at(const uint8_t *bytes, uint32_t len)
{
	size_t at = TAGS_AT;
	for (int tags = 0; at + 2 < len; tags++, at += TAG_LEN) {
		const uint16_t type = be16_at(bytes, at);
		if (type == ETHERTYPE_IP || type == ETHERTYPE_IPV6) {
			return at + 2;
		}
		if (tags == 2 ||
			(type != ETHERTYPE_VLAN && type != 0x88a8 && type != 0x9100)) {
			return 0;
		}
	}
	return 0;
}

/* It has a length, and no option, extension or fragment stands in front of TCP. */
static bool is_usual(const uint8_t *ip)
{
	const bool is_ipv4 = ip[0] >> 4 == 4;
	const uint16_t len = be16_at(ip, is_ipv4 ? 2 : 4);
	return len > 0 && (is_ipv4 ? ip[0] == 0x45 && (be16_at(ip, 6) & 0x3fff) == 0
				   : ip[6] == IPPROTO_TCP);
}

struct frame_at_hand {
	const uint8_t *bytes; /* as the decoder sees it */
	uint32_t len;
	const uint8_t *shown; /* as the program does */
	uint32_t shown_len;
	uint32_t tag;
};

static uint32_t run(const struct frame_at_hand *frame, const struct sight *sight,
	struct shunt_entry *entry)
{
	static struct machine machine;
	machine.program = &bed.program;
	machine.visits = visits;
	machine.entry = entry;
	machine.slot = shunt_slot(bed.keys, &sight->key);
	const uint32_t verdict =
		machine_run(&machine, frame->shown, frame->shown_len, frame->tag);
	if (sight->is_plain && machine.asked != SHUNT_FLOWS) {
		expect(machine.asked == machine.slot);
	}
	return verdict;
}

static void run_undecided(const struct frame_at_hand *frame, const struct sight *sight)
{
	struct shunt_entry entry = {.state = SHUNT_STATE_FREE};
	const uint32_t verdict = run(frame, sight, &entry);
	expect(entry.packets[0] == 0 && entry.packets[1] == 0);
	if (frame->tag == 0 && bpf_filter(bed.prefilter.bf_insns, frame->bytes,
				       frame->len, frame->len) != 0) {
		expect(verdict != 0);
	}
}

static void run_decided(const struct frame_at_hand *frame, const struct sight *sight)
{
	struct shunt_entry entry = {.state = SHUNT_STATE_ON,
		.tags = {SHUNT_TAGS_UNKNOWN, SHUNT_TAGS_UNKNOWN}};
	const unsigned side = sight->side;
	const size_t ip = ip_at(frame->bytes, frame->len);
	memcpy(entry.key, sight->key.words, sizeof(entry.key));
	entry.tags[side] = sight->tags;
	const uint32_t verdict = run(frame, sight, &entry);
	const bool is_dropped = verdict == 0 && entry.packets[0] + entry.packets[1] > 0;
	if (is_dropped) {
		expect(sight->is_plain && !sight->is_end);
		expect(entry.packets[side] == 1 && entry.packets[!side] == 0);
		expect(entry.bytes[side] == sight->packet.payload_wire_len);
		expect(entry.bytes[!side] == 0 && entry.wire_bytes == frame->len);
		expect(entry.state == SHUNT_STATE_ON);
	}
	if (!sight->is_plain || ip == 0) {
		return;
	}
	if (sight->is_end) {
		expect(verdict != 0 && entry.state == SHUNT_STATE_STOPPED);
	} else if (is_usual(frame->bytes + ip) && sight->packet.tcp_flags & TCP_ACK) {
		expect(is_dropped);
	}
}

static void put(const struct frame_at_hand *frame)
{
	const struct sight sight = look(frame->bytes, frame->len);
	run_undecided(frame, &sight);
	run_decided(frame, &sight);
}

/* The outer tag out of the frame, where there is one. */
static void put_without_tag(struct frame_at_hand *frame)
{
	uint8_t *without = (uint8_t *)malloc(frame->len);
	expect(without != NULL);
	memcpy(without, frame->bytes, TAGS_AT);
	memcpy(without + TAGS_AT, frame->bytes + TAGS_AT + TAG_LEN,
		frame->len - TAGS_AT - TAG_LEN);
	frame->shown = without;
	frame->shown_len = frame->len - TAG_LEN;
	frame->tag = TAG_IS_THERE | (be16_at(frame->bytes, TAGS_AT + 2) & 0x0fff);
	put(frame);
	free(without);
}

/* On an exact copy, so that a read beyond its end is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!bed.decoder) {
		start();
	}
	if (size < 1 + ETHER_HDR_LEN || size > LEN_MOST) {
		return 0;
	}
	uint8_t *bytes = (uint8_t *)malloc(size - 1);
	expect(bytes != NULL);
	memcpy(bytes, data + 1, size - 1);
	struct frame_at_hand frame = {.bytes = bytes,
		.len = (uint32_t)size - 1,
		.shown = bytes,
		.shown_len = (uint32_t)size - 1};
	const uint16_t type = be16_at(bytes, TAGS_AT);
	if (data[0] & 1 && frame.len >= ETHER_HDR_LEN + TAG_LEN &&
		(type == ETHERTYPE_VLAN || type == 0x88a8)) {
		put_without_tag(&frame);
	} else {
		put(&frame);
	}
	free(bytes);
	return 0;
}
