#include "capture/prefilter.h"

#include "capture/source.h"
#include "decode/decode.h"

#include <glob.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ETHERNET_BYTES = 14, FRAME_BYTES = 14 + 40 + 8 };

struct shown {
	uint16_t ethertype;
	uint8_t protocol; /* of IP, or IPv6's next header */
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t fragment; /* flags and offset of IPv4 */
	bool is_passing;
};

static const struct shown TABLE[] = {
	{0x0800, 6, 1025, 25, 0, true},        /* TCP */
	{0x0800, 17, 1025, 53, 0, true},       /* look-up */
	{0x0800, 17, 53, 1025, 0, true},       /* its answer */
	{0x0800, 17, 1025, 443, 0, false},     /* QUIC */
	{0x0800, 17, 1025, 4789, 0, true},     /* VXLAN */
	{0x0800, 17, 1025, 8472, 0, true},     /* VXLAN of Linux */
	{0x0800, 17, 1025, 6081, 0, true},     /* GENEVE */
	{0x0800, 17, 1025, 4790, 0, true},     /* VXLAN-GPE */
	{0x0800, 17, 3544, 1025, 0, true},     /* Teredo */
	{0x0800, 17, 1025, 2152, 0, true},     /* GTP-U */
	{0x0800, 17, 1701, 1025, 0, true},     /* L2TP */
	{0x0800, 97, 0, 0, 0, true},           /* EtherIP */
	{0x86dd, 97, 0, 0, 0, true},           /* the same */
	{0x86dd, 139, 0, 0, 0, true},          /* HIP */
	{0x86dd, 140, 0, 0, 0, true},          /* Shim6 */
	{0x8909, 0, 0, 0, 0, true},            /* Cisco CMD */
	{0x8926, 0, 0, 0, 0, true},            /* VN-Tag */
	{0x893f, 0, 0, 0, 0, true},            /* E-Tag */
	{0x88e7, 0, 0, 0, 0, true},            /* MAC in MAC */
	{0x894f, 0, 0, 0, 0, true},            /* NSH */
	{0x0800, 17, 1025, 443, 0x2000, true}, /* first fragment of anything */
	{0x0800, 17, 1025, 443, 0x0010, true}, /* a later one */
	{0x0800, 6, 1025, 25, 0x4000, true},   /* may not be fragmented */
	{0x0800, 1, 0, 0, 0, false},           /* ICMP */
	{0x0800, 1, 0, 0, 0x2000, true},       /* nobody knows yet */
	{0x0800, 4, 0, 0, 0, true},            /* IP in IP */
	{0x0800, 41, 0, 0, 0, true},           /* 6in4 */
	{0x0800, 47, 0, 0, 0, true},           /* GRE */
	{0x0800, 50, 0, 0, 0, true},           /* ESP: counted */
	{0x0800, 115, 0, 0, 0, true},          /* L2TP version 3 */
	{0x0800, 253, 0, 0, 0, true},          /* nobody knows */
	{0x0800, 89, 0, 0, 0, false},          /* OSPF */
	{0x0800, 132, 0, 0, 0, false},         /* SCTP */
	{0x0800, 17, 1025, 4754, 0, true},     /* GRE in UDP */
	{0x0800, 17, 1025, 6635, 0, true},     /* MPLS in UDP */
	{0x0800, 17, 1025, 6080, 0, true},     /* GUE */
	{0x0800, 17, 1025, 4341, 0, true},     /* LISP */
	{0x0800, 17, 1025, 37008, 0, true},    /* TZSP */
	{0x0800, 17, 4500, 1025, 0, true},     /* NAT-T: counted */
	{0x0800, 17, 1025, 5247, 0, true},     /* CAPWAP: counted */
	{0x0800, 17, 1025, 51820, 0, true},    /* WireGuard: counted */
	{0x0800, 17, 1194, 1025, 0, true},     /* OpenVPN: counted */
	{0x86dd, 6, 1025, 25, 0, true},        /* TCP */
	{0x86dd, 17, 1025, 53, 0, true},       /* look-up */
	{0x86dd, 17, 1025, 443, 0, false},     /* QUIC */
	{0x86dd, 58, 0, 0, 0, false},          /* ICMPv6 */
	{0x86dd, 0, 0, 0, 0, true},            /* hop-by-hop */
	{0x86dd, 44, 0, 0, 0, true},           /* fragment */
	{0x86dd, 60, 0, 0, 0, true},           /* destination options */
	{0x86dd, 43, 0, 0, 0, true},           /* routing */
	{0x86dd, 51, 0, 0, 0, true},           /* AH */
	{0x8100, 0, 0, 0, 0, true},            /* tags pass whole */
	{0x88a8, 0, 0, 0, 0, true}, {0x9100, 0, 0, 0, 0, true},
	{0x8847, 0, 0, 0, 0, true},  /* MPLS */
	{0x8864, 0, 0, 0, 0, true},  /* PPPoE session */
	{0x8863, 0, 0, 0, 0, false}, /* PPPoE discovery */
	{0x88e5, 0, 0, 0, 0, true},  /* MACsec: counted, or in clear */
	{0x22f3, 0, 0, 0, 0, true},  /* TRILL */
	{0x88b5, 0, 0, 0, 0, true},  /* nobody knows */
	{0x0806, 0, 0, 0, 0, false}, /* ARP */
	{0x88cc, 0, 0, 0, 0, false}, /* LLDP */
};

static void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void make(const struct shown *shown, uint8_t frame[FRAME_BYTES])
{
	uint8_t *ip = frame + ETHERNET_BYTES;
	memset(frame, 0, FRAME_BYTES);
	put_u16(frame + 12, shown->ethertype);
	uint8_t *ports = ip + 20;
	if (shown->ethertype == 0x86dd) {
		ip[0] = 0x60;
		ip[6] = shown->protocol;
		ports = ip + 40;
	} else {
		ip[0] = 0x45;
		ip[9] = shown->protocol;
		put_u16(ip + 6, shown->fragment);
	}
	put_u16(ports, shown->src_port);
	put_u16(ports + 2, shown->dst_port);
}

static bool passes(struct bpf_program *program, const uint8_t *bytes, uint32_t len)
{
	const struct pcap_pkthdr header = {.caplen = len, .len = len};
	return pcap_offline_filter(program, &header, bytes) != 0;
}

static void only_what_certainly_is_no_mail_is_left_out(void **state)
{
	(void)state;
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	assert_int_equal(pcap_compile(pcap, &program, prefilter_expression(true), 1,
				 PCAP_NETMASK_UNKNOWN),
		0);
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
		uint8_t frame[FRAME_BYTES];
		make(&TABLE[i], frame);
		if (passes(&program, frame, sizeof(frame)) != TABLE[i].is_passing) {
			fail_msg("row %zu is judged wrongly", i);
		}
	}
	pcap_freecode(&program);
	pcap_close(pcap);
}

/* Without a link layer the same holds for the same packets. */
static void bare_ip_is_filtered_alike(void **state)
{
	(void)state;
	pcap_t *pcap = pcap_open_dead(DLT_RAW, 65535);
	struct bpf_program program;
	assert_int_equal(pcap_compile(pcap, &program, prefilter_expression(false), 1,
				 PCAP_NETMASK_UNKNOWN),
		0);
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
		uint8_t frame[FRAME_BYTES];
		make(&TABLE[i], frame);
		const bool is_ip =
			TABLE[i].ethertype == 0x0800 || TABLE[i].ethertype == 0x86dd;
		if (is_ip && passes(&program, frame + ETHERNET_BYTES,
				     sizeof(frame) - ETHERNET_BYTES) !=
				     TABLE[i].is_passing) {
			fail_msg("row %zu is judged wrongly", i);
		}
	}
	pcap_freecode(&program);
	pcap_close(pcap);
}

static uint64_t blind_frames(const struct decoder *decoder)
{
	uint64_t count = 0;
	for (unsigned kind = 0; kind < DECODE_BLIND_COUNT; kind++) {
		count += decoder_counters(decoder)->blind[kind].frames;
	}
	return count;
}

/*
 * ARP, ICMP, datagrams that are no name look-up: nothing right of decode/ sees them, and
 * nothing that mail may be inside of is among them.
 */
static bool is_no_loss(
	enum decode_result result, const struct packet *packet, bool is_blind)
{
	return (result == DECODE_UNWANTED && !is_blind) ||
	       (result == DECODE_OK && packet->transport == IPPROTO_UDP &&
		       packet->src_port != 53 && packet->dst_port != 53);
}

struct sieve {
	struct decoder *decoder;
	struct bpf_program program;
	bool is_compiled;
	size_t passed;
};

static void compile_for(struct sieve *sieve, uint16_t link_type)
{
	pcap_t *pcap = pcap_open_dead(link_type, 262144);
	sieve->is_compiled =
		pcap_compile(pcap, &sieve->program, prefilter_expression(true), 1,
			PCAP_NETMASK_UNKNOWN) == 0 ||
		pcap_compile(pcap, &sieve->program, prefilter_expression(false), 1,
			PCAP_NETMASK_UNKNOWN) == 0;
	pcap_close(pcap);
	assert_true(sieve->is_compiled);
}

static void put_through(struct sieve *sieve, const char *name)
{
	struct reason why = {.text = ""};
	const char *const names[1] = {name};
	struct source *source = source_open_files(names, 1, &why);
	struct frame frame;
	assert_non_null(source);
	sieve->is_compiled = false;
	while (source_next(source, &frame, &why) == SOURCE_FRAME) {
		struct packet packet = {0};
		if (!sieve->is_compiled) {
			compile_for(sieve, frame.link_type);
		}
		const uint64_t blind = blind_frames(sieve->decoder);
		const enum decode_result result =
			decoder_frame(sieve->decoder, &frame, &packet);
		const bool is_blind = blind_frames(sieve->decoder) > blind;
		if (passes(&sieve->program, frame.bytes, frame.captured_len)) {
			sieve->passed++;
		} else if (!is_no_loss(result, &packet, is_blind)) {
			fail_msg("%s: a frame is lost that is %s", name,
				decode_result_name(result));
		}
	}
	source_close(source);
	if (sieve->is_compiled) {
		pcap_freecode(&sieve->program);
	}
}

/* So a replay of what it passes is a replay of all. */
static void no_frame_of_a_golden_case_is_lost(void **state)
{
	(void)state;
	glob_t found;
	struct reason why;
	struct sieve sieve = {
		.decoder =
			decoder_new(&(struct decode_settings){.fragment_datagrams = 16},
				(struct hash_seed){{1, 2}}, &why)};
	assert_non_null(sieve.decoder);
	assert_int_equal(glob("pcaps/*/traffic.pcap", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		put_through(&sieve, found.gl_pathv[i]);
	}
	assert_true(found.gl_pathc > 100 && sieve.passed > found.gl_pathc);
	globfree(&found);
	decoder_free(sieve.decoder);
}

/* A frame of this decoder: is it of use, or counted as not looked into? */
static bool is_of_use(struct decoder *decoder, const uint8_t *bytes, uint32_t len)
{
	const struct frame frame = {
		.bytes = bytes, .captured_len = len, .wire_len = len, .link_type = 1};
	struct packet packet = {0};
	const uint64_t blind = blind_frames(decoder);
	const enum decode_result result = decoder_frame(decoder, &frame, &packet);
	return !is_no_loss(result, &packet, blind_frames(decoder) > blind);
}

/* What it spares the sensor is what decode/ finds nothing in, for every number there is. */
static void the_decoder_finds_nothing_in_what_is_spared(void **state)
{
	(void)state;
	struct reason why;
	uint8_t frame[FRAME_BYTES];
	struct sieve sieve = {
		.decoder =
			decoder_new(&(struct decode_settings){.fragment_datagrams = 16},
				(struct hash_seed){{1, 2}}, &why)};
	unsigned spared = 0;
	assert_non_null(sieve.decoder);
	compile_for(&sieve, 1);
	for (unsigned type = 0x0600; type <= UINT16_MAX; type++) {
		make(&(struct shown){(uint16_t)type, 253, 0, 0, 0, false}, frame);
		const bool is_passed = passes(&sieve.program, frame, sizeof(frame));
		spared += !is_passed;
		if (!is_passed && is_of_use(sieve.decoder, frame, sizeof(frame))) {
			fail_msg("EtherType %04x is lost", type);
		}
	}
	assert_in_range(spared, 40, 60);
	for (unsigned i = 0; i < 512; i++) {
		make(&(struct shown){i < 256 ? 0x0800 : 0x86dd, (uint8_t)i, 1025, 443,
			     0, false},
			frame);
		put_u16(frame + ETHERNET_BYTES + (i < 256 ? 2 : 4),
			i < 256 ? sizeof(frame) - ETHERNET_BYTES
				: sizeof(frame) - ETHERNET_BYTES - 40);
		if (!passes(&sieve.program, frame, sizeof(frame)) &&
			is_of_use(sieve.decoder, frame, sizeof(frame))) {
			fail_msg("protocol %u is lost", i & 255);
		}
	}
	pcap_freecode(&sieve.program);
	decoder_free(sieve.decoder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_certainly_is_no_mail_is_left_out),
		cmocka_unit_test(bare_ip_is_filtered_alike),
		cmocka_unit_test(no_frame_of_a_golden_case_is_lost),
		cmocka_unit_test(the_decoder_finds_nothing_in_what_is_spared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
