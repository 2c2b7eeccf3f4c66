/*
 * The program runs where it belongs: in the kernel, for members that share one end of a
 * veth in a network namespace of this test's own.
 */
#include "capture/fanout.h"

#include "../decode/frame_bytes.h"
#include "capture/live.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	MEMBERS_MAX = 4,
	PAIRS = 64, /* that agree by chance once in 4^63 */
	SPREAD = 1000,
	IDS_MAX = 1 << 15,
	PATIENCE_MS = 5000,
	NOBODY = 0xff,
	TWICE = 0xfe,
};

static const char MAGIC[] = "EFAN"; /* as an IPv4 header begins */

/* IP frames are sent into one end and seen, as incoming, at the other; or from there. */
static struct {
	int incoming;
	int outgoing;
	size_t count;
	bool is_filtered; /* members have a filter each, and no group */
	struct live *members[MEMBERS_MAX];
	uint8_t seen_by[IDS_MAX];
	size_t seen;
	const char *why_not;
} bed;

/* ---- members ---- */

static struct live *open_filtered(const char *interface, size_t member, size_t count)
{
	struct reason why = {.text = ""};
	const struct live_settings settings = {.interface = interface,
		.ring_bytes = 8 << 20,
		.snaplen = 2048,
		.members = (uint32_t)count,
		.member = (uint32_t)member,
		.is_promiscuous = true};
	struct live *live = live_open(&settings, &why);
	if (!live) {
		fail_msg("%s", why.text);
	}
	return live;
}

static struct live *open_of_group(const char *interface, uint16_t group)
{
	struct reason why = {.text = ""};
	const struct live_settings settings = {.interface = interface,
		.ring_bytes = 8 << 20,
		.snaplen = 2048,
		.fanout_group = group,
		.is_promiscuous = true};
	struct live *live = live_open(&settings, &why);
	if (!live) {
		fail_msg("%s", why.text);
	}
	return live;
}

static void open_members(const char *interface, size_t count)
{
	struct reason why;
	const uint16_t group = live_new_fanout_group(&why);
	assert_int_not_equal(group, 0);
	for (bed.count = 0; bed.count < count; bed.count++) {
		bed.members[bed.count] =
			bed.is_filtered ? open_filtered(interface, bed.count, count)
					: open_of_group(interface, group);
	}
	memset(bed.seen_by, NOBODY, sizeof(bed.seen_by));
	bed.seen = 0;
}

static void close_members(void)
{
	for (size_t i = 0; i < bed.count; i++) {
		live_close(bed.members[i]);
	}
	bed.count = 0;
}

static int teardown(void **state)
{
	(void)state;
	close_members();
	bed.is_filtered = false;
	return 0;
}

static void on_frames(void *context, const struct frame *frames, size_t count)
{
	const uint8_t member = *(const uint8_t *)context;
	for (size_t i = 0; i < count; i++) {
		uint32_t id;
		const uint8_t *end = frames[i].bytes + frames[i].captured_len;
		if (frames[i].captured_len < 8 || memcmp(end - 8, MAGIC, 4) != 0) {
			continue; /* what a kernel says by itself */
		}
		memcpy(&id, end - 4, 4);
		assert_true(id < IDS_MAX);
		bed.seen_by[id] = bed.seen_by[id] == NOBODY ? member : TWICE;
		bed.seen++;
	}
}

static void collect(size_t sent)
{
	struct reason why;
	for (int waited_ms = 0; bed.seen < sent && waited_ms < PATIENCE_MS;
		waited_ms += 10) {
		(void)poll(NULL, 0, 10);
		for (uint8_t i = 0; i < bed.count; i++) {
			while (live_dispatch(bed.members[i], on_frames, &i, &why) ==
				LIVE_FRAMES) {
			}
		}
	}
	assert_int_equal(bed.seen, sent);
}

/* ---- frames ---- */

struct pair {
	uint8_t ends[2][16];
	size_t address_len;
};

enum carried { CARRIED_TCP, CARRIED_FIRST, CARRIED_LATER, CARRIED_VXLAN };

struct shape {
	const char *name;
	enum carried carried;
	uint16_t tags[4]; /* the outermost first */
	uint8_t labels;
	bool is_pppoe;
};

static const struct shape PLAIN = {"tcp", .carried = CARRIED_TCP};

static const struct shape BARE[] = {
	{"tcp", .carried = CARRIED_TCP},
	{"first fragment", .carried = CARRIED_FIRST},
	{"later fragment", .carried = CARRIED_LATER},
	{"vxlan", .carried = CARRIED_VXLAN},
};

static const struct shape WRAPPED[] = {
	{"tag", .tags = {0x8100}},
	{"tag, later fragment", .carried = CARRIED_LATER, .tags = {0x8100}},
	{"provider tag", .tags = {0x88a8}},
	{"old tag", .tags = {0x9100}},
	{"tag in provider tag", .tags = {0x88a8, 0x8100}},
	{"tag in old tag", .tags = {0x9100, 0x8100}},
	{"three tags", .tags = {0x88a8, 0x8100, 0x8100}},
	{"mpls", .labels = 1},
	{"mpls, vxlan", .carried = CARRIED_VXLAN, .labels = 1},
	{"three labels", .labels = 3},
	{"tag, two labels", .tags = {0x8100}, .labels = 2},
	{"pppoe", .is_pppoe = true},
	{"pppoe, later fragment", .carried = CARRIED_LATER, .is_pppoe = true},
	{"two tags, pppoe", .tags = {0x88a8, 0x8100}, .is_pppoe = true},
};

static const struct shape UNKNOWN[] = {
	{"four labels", .labels = 4},
	{"four tags", .tags = {0x9100, 0x9100, 0x9100, 0x9100}},
};

static void wrap_transport(
	struct frame_bytes *frame, enum carried carried, bool is_back)
{
	if (carried == CARRIED_VXLAN) {
		const uint8_t vxlan[8] = {8};
		wrap(frame, vxlan, sizeof(vxlan));
		wrap_udp(frame, 4789);
		put16(frame_at(frame), (size_t)(49152 + rand() % 16384));
	} else if (carried != CARRIED_LATER) {
		wrap_tcp(frame, 0);
		if (is_back) {
			put16(frame_at(frame), 25);
			put16(frame_at(frame) + 2, 40000);
		}
	}
}

static void wrap_ip(struct frame_bytes *frame, enum carried carried, bool is_ipv4)
{
	const uint8_t protocol = carried == CARRIED_VXLAN ? IPPROTO_UDP : IPPROTO_TCP;
	const bool is_fragment = carried == CARRIED_FIRST || carried == CARRIED_LATER;
	const uint16_t offset = carried == CARRIED_LATER ? 1480 / 8 : 0;
	const bool is_more = carried == CARRIED_FIRST;
	if (is_ipv4) {
		wrap_ipv4_fragment(
			frame, protocol, (uint16_t)(offset | (is_more ? 0x2000 : 0)));
		return;
	}
	if (is_fragment) {
		uint8_t header[8] = {protocol, [7] = 7};
		put16(header + 2, offset << 3 | is_more);
		wrap(frame, header, sizeof(header));
	}
	wrap_ipv6(frame, is_fragment ? IPPROTO_FRAGMENT : protocol);
}

static void build_packet(struct frame_bytes *frame, const struct pair *pair,
	const struct shape *shape, bool is_back, uint32_t id)
{
	const bool is_ipv4 = pair->address_len == 4;
	frame->len = 0;
	wrap(frame, &id, sizeof(id));
	wrap(frame, MAGIC, 4);
	wrap_transport(frame, shape->carried, is_back);
	wrap_ip(frame, shape->carried, is_ipv4);
	uint8_t *addresses = frame_at(frame) + (is_ipv4 ? 12 : 8);
	memcpy(addresses, pair->ends[is_back], pair->address_len);
	memcpy(addresses + pair->address_len, pair->ends[!is_back], pair->address_len);
}

static void build_frame(struct frame_bytes *frame, const struct pair *pair,
	const struct shape *shape, bool is_back, uint32_t id)
{
	const bool is_ipv4 = pair->address_len == 4;
	uint16_t ethertype = is_ipv4 ? 0x0800 : 0x86dd;
	build_packet(frame, pair, shape, is_back, id);
	for (unsigned i = 0; i < shape->labels; i++) {
		const uint8_t label[4] = {0, 1, (uint8_t)(0xe0 | (i == 0)), 64};
		wrap(frame, label, sizeof(label));
		ethertype = 0x8847;
	}
	if (shape->is_pppoe) {
		uint8_t header[8] = {0x11, 0, 0, 7, 0, 0, 0, is_ipv4 ? 0x21 : 0x57};
		put16(header + 4, frame->len + 2);
		wrap(frame, header, sizeof(header));
		ethertype = 0x8864;
	}
	for (unsigned i = 4; i-- > 0;) {
		uint8_t tag[4] = {0x40, (uint8_t)(i + 100)};
		if (shape->tags[i] != 0) {
			put16(tag + 2, ethertype);
			wrap(frame, tag, sizeof(tag));
			ethertype = shape->tags[i];
		}
	}
	wrap_ethernet(frame, ethertype);
}

static void send_to(int fd, struct frame_bytes *frame)
{
	assert_int_equal(write(fd, frame_at(frame), frame->len), (ssize_t)frame->len);
}

static struct pair random_pair(size_t address_len)
{
	struct pair pair = {.address_len = address_len};
	for (size_t i = 0; i < address_len; i++) {
		pair.ends[0][i] = (uint8_t)(rand() >> 8);
		pair.ends[1][i] = (uint8_t)(rand() >> 8);
	}
	/* documentation addresses: 192.0.2.0/24 has too few, so 198.18.0.0/15 */
	for (int end = 0; end < 2; end++) {
		uint8_t *at = pair.ends[end];
		if (address_len == 4) {
			at[0] = 198;
			at[1] = (uint8_t)(18 | (at[1] & 1));
		} else {
			memcpy(at, (const uint8_t[]){0x20, 1, 0xd, 0xb8}, 4);
		}
	}
	return pair;
}

/* ---- what is proved ---- */

#define FRAMES_OF_SHAPE 4 /* there, back; each coming in and going out */

static size_t send_shape(
	const struct pair *pair, const struct shape *shape, uint32_t first_id)
{
	for (uint32_t i = 0; i < FRAMES_OF_SHAPE; i++) {
		struct frame_bytes frame;
		build_frame(&frame, pair, shape, i & 1, first_id + i);
		send_to(i & 2 ? bed.outgoing : bed.incoming, &frame);
	}
	return FRAMES_OF_SHAPE;
}

/* The member of each of these pairs, from a plain frame. */
static void find_members(const struct pair *pairs, uint8_t *members)
{
	for (uint32_t i = 0; i < PAIRS; i++) {
		struct frame_bytes frame;
		build_frame(&frame, &pairs[i], &PLAIN, false, i);
		send_to(bed.incoming, &frame);
	}
	collect(PAIRS);
	memcpy(members, bed.seen_by, PAIRS);
}

static void check_shape(
	const struct pair *pairs, const uint8_t *members, const struct shape *shape)
{
	size_t sent = 0;
	memset(bed.seen_by, NOBODY, sizeof(bed.seen_by));
	bed.seen = 0;
	for (size_t i = 0; i < PAIRS; i++) {
		sent += send_shape(&pairs[i], shape, (uint32_t)sent);
	}
	collect(sent);
	for (size_t i = 0; i < sent; i++) {
		if (bed.seen_by[i] != members[i / FRAMES_OF_SHAPE]) {
			fail_msg("%s, frame %zu of 4 (there, back; in, out): "
				 "member %u, not %u",
				shape->name, i % FRAMES_OF_SHAPE + 1,
				(unsigned)bed.seen_by[i],
				(unsigned)members[i / FRAMES_OF_SHAPE]);
		}
	}
}

static void check_shapes(const struct shape *shapes, size_t count, size_t address_len)
{
	struct pair pairs[PAIRS];
	uint8_t members[PAIRS];
	if (bed.why_not) {
		skip();
	}
	open_members("tap0", MEMBERS_MAX);
	for (size_t i = 0; i < PAIRS; i++) {
		pairs[i] = random_pair(address_len);
	}
	find_members(pairs, members);
	for (size_t i = 0; i < count; i++) {
		check_shape(pairs, members, &shapes[i]);
	}
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void a_flow_its_fragments_and_its_tunnel_are_one_members_ipv4(void **state)
{
	(void)state;
	check_shapes(BARE, COUNT(BARE), 4);
}

static void a_flow_its_fragments_and_its_tunnel_are_one_members_ipv6(void **state)
{
	(void)state;
	check_shapes(BARE, COUNT(BARE), 16);
}

static void tags_labels_and_pppoe_do_not_matter_ipv4(void **state)
{
	(void)state;
	check_shapes(WRAPPED, COUNT(WRAPPED), 4);
}

static void tags_labels_and_pppoe_do_not_matter_ipv6(void **state)
{
	(void)state;
	check_shapes(WRAPPED, COUNT(WRAPPED), 16);
}

static void what_is_not_known_is_the_first_members(void **state)
{
	(void)state;
	const uint8_t first[PAIRS] = {0};
	struct pair pairs[PAIRS];
	if (bed.why_not) {
		skip();
	}
	open_members("tap0", MEMBERS_MAX);
	for (size_t i = 0; i < PAIRS; i++) {
		pairs[i] = random_pair(4);
	}
	for (size_t i = 0; i < COUNT(UNKNOWN); i++) {
		check_shape(pairs, first, &UNKNOWN[i]);
	}
}

static void what_ends_within_its_addresses_is_the_first_members(void **state)
{
	(void)state;
	const uint8_t label[4] = {0, 1, 0xe1, 64};
	if (bed.why_not) {
		skip();
	}
	open_members("tap0", MEMBERS_MAX);
	for (uint32_t id = 0; id < PAIRS; id++) {
		struct frame_bytes frame = {.len = 0};
		wrap(&frame, &id, sizeof(id));
		wrap(&frame, MAGIC, 4);
		wrap(&frame, label, sizeof(label));
		wrap_ethernet(&frame, 0x8847);
		send_to(bed.incoming, &frame);
	}
	collect(PAIRS);
	for (uint32_t id = 0; id < PAIRS; id++) {
		assert_int_equal(bed.seen_by[id], 0);
	}
}

typedef struct pair pair_maker(uint32_t i);

static struct pair random_ipv4(uint32_t i)
{
	(void)i;
	return random_pair(4);
}

static struct pair random_ipv6(uint32_t i)
{
	(void)i;
	return random_pair(16);
}

/* Hosts in a row, all with one server. */
static struct pair hosts_of_a_server(uint32_t i)
{
	return (struct pair){.address_len = 4,
		.ends = {{10, 0, (uint8_t)(i >> 8), (uint8_t)i}, {10, 9, 0, 25}}};
}

/* The first host of many large networks: only the upper half differs. */
static struct pair networks_of_a_server(uint32_t i)
{
	return (struct pair){.address_len = 4,
		.ends = {{(uint8_t)(16 + (i >> 7)), (uint8_t)(i << 1), 0, 1},
			{192, 0, 2, 25}}};
}

/* Each with the host of the same number elsewhere. */
static struct pair hosts_and_their_twins(uint32_t i)
{
	return (struct pair){.address_len = 4,
		.ends = {{10, 0, (uint8_t)(i >> 8), (uint8_t)i},
			{10, 1, (uint8_t)(i >> 8), (uint8_t)i}}};
}

static struct pair subnets_ipv6(uint32_t i)
{
	return (struct pair){.address_len = 16,
		.ends = {{0x20, 1, 0xd, 0xb8, 0, 0, (uint8_t)(i >> 8),
				 (uint8_t)i, [15] = 1},
			{0x20, 1, 0xd, 0xb8, [15] = 0x25}}};
}

static void check_spread(pair_maker *make, size_t members)
{
	size_t shares[MEMBERS_MAX] = {0};
	open_members("tap0", members);
	for (uint32_t i = 0; i < SPREAD; i++) {
		struct frame_bytes frame;
		const struct pair pair = make(i);
		build_frame(&frame, &pair, &PLAIN, i & 1, i);
		send_to(bed.incoming, &frame);
	}
	collect(SPREAD);
	for (uint32_t i = 0; i < SPREAD; i++) {
		assert_true(bed.seen_by[i] < members);
		shares[bed.seen_by[i]]++;
	}
	close_members();
	for (size_t i = 0; i < members; i++) {
		assert_in_range(shares[i], SPREAD * 7 / members / 10,
			SPREAD * 13 / members / 10);
	}
}

static void pairs_spread_within_a_third_of_an_equal_share(void **state)
{
	(void)state;
	static pair_maker *const MAKERS[] = {random_ipv4, random_ipv6,
		hosts_of_a_server, networks_of_a_server, hosts_and_their_twins,
		subnets_ipv6};
	if (bed.why_not) {
		skip();
	}
	for (size_t members = 2; members <= MEMBERS_MAX; members++) {
		for (size_t i = 0; i < COUNT(MAKERS); i++) {
			check_spread(MAKERS[i], members);
		}
	}
}

static void a_member_that_starts_anew_joins_again(void **state)
{
	(void)state;
	struct reason why;
	struct live_settings settings = {.interface = "tap0", .ring_bytes = 8 << 20};
	if (bed.why_not) {
		skip();
	}
	settings.fanout_group = live_new_fanout_group(&why);
	assert_int_not_equal(settings.fanout_group, 0);
	for (bed.count = 0; bed.count < 2; bed.count++) {
		bed.members[bed.count] = live_open(&settings, &why);
		assert_non_null(bed.members[bed.count]);
	}
	live_close(bed.members[0]);
	bed.members[0] = live_open(&settings, &why);
	assert_non_null(bed.members[0]);
	memset(bed.seen_by, NOBODY, sizeof(bed.seen_by));
	bed.seen = 0;
	struct pair pairs[PAIRS];
	uint8_t members[PAIRS];
	for (size_t i = 0; i < PAIRS; i++) {
		pairs[i] = random_pair(4);
	}
	find_members(pairs, members);
	assert_non_null(memchr(members, 0, PAIRS));
	assert_non_null(memchr(members, 1, PAIRS));
	check_shape(pairs, members, &BARE[CARRIED_LATER]);
}

static int with_filters(void **state)
{
	(void)state;
	bed.is_filtered = true;
	return 0;
}

/* Of a group it would be the last from then on. */
static void a_member_with_a_filter_has_the_same_share_when_it_starts_anew(void **state)
{
	(void)state;
	struct pair pairs[PAIRS];
	uint8_t members[PAIRS];
	if (bed.why_not) {
		skip();
	}
	open_members("tap0", MEMBERS_MAX);
	for (size_t i = 0; i < PAIRS; i++) {
		pairs[i] = random_pair(4);
	}
	find_members(pairs, members);
	live_close(bed.members[0]);
	bed.members[0] = open_filtered("tap0", 0, MEMBERS_MAX);
	assert_non_null(memchr(members, 0, PAIRS));
	check_shape(pairs, members, &BARE[CARRIED_LATER]);
}

static void groups_are_new_each_time(void **state)
{
	(void)state;
	struct reason why;
	if (bed.why_not) {
		skip();
	}
	const uint16_t first = live_new_fanout_group(&why);
	const uint16_t second = live_new_fanout_group(&why);
	assert_int_not_equal(first, 0);
	assert_int_not_equal(second, 0);
	assert_int_not_equal(first, second);
}

static int open_end(const char *interface)
{
	const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	const struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface)};
	assert_true(fd >= 0);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void a_group_of_another_kind_is_refused_with_the_reason(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	const uint16_t group = 7;
	const uint32_t option = group | (uint32_t)PACKET_FANOUT_HASH << 16;
	const struct live_settings settings = {
		.interface = "tap0", .ring_bytes = 8 << 20, .fanout_group = group};
	if (bed.why_not) {
		skip();
	}
	const int fd = open_end("tap0");
	assert_int_equal(
		setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &option, sizeof(option)), 0);
	struct live *live = live_open(&settings, &why);
	(void)close(fd);
	assert_null(live);
	assert_string_equal(
		why.text, "tap0: fanout group 7 cannot be joined: Invalid argument");
}

static int open_tun(int type)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "tun0");
	const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd >= 0 && (ioctl(fd, TUNSETIFF, &request) != 0 ||
			       ioctl(fd, TUNSETLINK, type) != 0 ||
			       system("ip link set tun0 up") != 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void check_tun(int type)
{
	const int fd = bed.why_not ? -1 : open_tun(type);
	uint32_t id = 0;
	if (fd < 0) {
		print_message("%s\n", bed.why_not ? bed.why_not : "no /dev/net/tun");
		skip();
	}
	open_members("tun0", MEMBERS_MAX);
	for (size_t i = 0; i < PAIRS; i++) {
		struct pair pair = random_pair(i & 1 ? 4 : 16);
		if (i < 2) { /* the same bytes are an EtherType where a link layer is shown */
			pair.ends[0][i ? 2 : 6] = 0;
			pair.ends[0][i ? 3 : 7] = 1;
		}
		for (size_t shape = 0; shape < COUNT(BARE); shape++) {
			for (int is_back = 0; is_back < 2; is_back++) {
				struct frame_bytes frame;
				build_packet(
					&frame, &pair, &BARE[shape], is_back, id++);
				send_to(fd, &frame);
			}
		}
	}
	collect(id);
	size_t of_first = 0;
	for (uint32_t i = 0; i < id; i++) {
		const uint32_t first = i - i % (2 * (uint32_t)COUNT(BARE));
		assert_int_equal(bed.seen_by[i], bed.seen_by[first]);
		of_first += bed.seen_by[i] == 0;
	}
	assert_in_range(of_first, 1, id / 2);
	close_members();
	(void)close(fd);
}

static void without_a_link_layer_it_is_the_same(void **state)
{
	(void)state;
	check_tun(ARPHRD_NONE);
}

/* libpcap does not know it and has the kernel take the link layer off. */
static void where_the_link_layer_is_taken_off_it_is_the_same(void **state)
{
	(void)state;
	check_tun(ARPHRD_IPGRE);
}

/* The kernel's own greetings on a new link are frames that no test sent. */
static int make_bed(void **state)
{
	(void)state;
	srand(1);
	if (geteuid() != 0) {
		bed.why_not = "needs root for a network namespace";
	} else if (unshare(CLONE_NEWNET) != 0) {
		bed.why_not = "no network namespaces here";
	} else if (system("ip link add out0 type veth peer name tap0 && "
			  "sysctl -qw net.ipv6.conf.out0.disable_ipv6=1 "
			  "net.ipv6.conf.tap0.disable_ipv6=1 && "
			  "ip link set out0 up && ip link set tap0 up") != 0) {
		bed.why_not = "no veth here";
	}
	if (bed.why_not) {
		print_message("skipped: %s\n", bed.why_not);
		return 0;
	}
	bed.incoming = open_end("out0");
	bed.outgoing = open_end("tap0");
	return 0;
}

#define FILTERED(test) cmocka_unit_test_setup_teardown(test, with_filters, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			a_flow_its_fragments_and_its_tunnel_are_one_members_ipv4,
			teardown),
		cmocka_unit_test_teardown(
			a_flow_its_fragments_and_its_tunnel_are_one_members_ipv6,
			teardown),
		cmocka_unit_test_teardown(
			tags_labels_and_pppoe_do_not_matter_ipv4, teardown),
		cmocka_unit_test_teardown(
			tags_labels_and_pppoe_do_not_matter_ipv6, teardown),
		cmocka_unit_test_teardown(
			what_is_not_known_is_the_first_members, teardown),
		cmocka_unit_test_teardown(
			what_ends_within_its_addresses_is_the_first_members, teardown),
		cmocka_unit_test_teardown(
			pairs_spread_within_a_third_of_an_equal_share, teardown),
		cmocka_unit_test_teardown(
			a_member_that_starts_anew_joins_again, teardown),
		cmocka_unit_test(groups_are_new_each_time),
		cmocka_unit_test(a_group_of_another_kind_is_refused_with_the_reason),
		cmocka_unit_test_teardown(
			without_a_link_layer_it_is_the_same, teardown),
		FILTERED(a_flow_its_fragments_and_its_tunnel_are_one_members_ipv4),
		FILTERED(a_flow_its_fragments_and_its_tunnel_are_one_members_ipv6),
		FILTERED(tags_labels_and_pppoe_do_not_matter_ipv4),
		FILTERED(tags_labels_and_pppoe_do_not_matter_ipv6),
		FILTERED(what_is_not_known_is_the_first_members),
		FILTERED(pairs_spread_within_a_third_of_an_equal_share),
		FILTERED(a_member_with_a_filter_has_the_same_share_when_it_starts_anew),
		FILTERED(without_a_link_layer_it_is_the_same),
		FILTERED(where_the_link_layer_is_taken_off_it_is_the_same),
	};
	return cmocka_run_group_tests(tests, make_bed, NULL);
}
