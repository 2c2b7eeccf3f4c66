#include "capture/live.h"

#include "base/clock.h"
#include "capture/fanout.h"
#include "capture/prefilter.h"
#include "capture/shunt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAMES_A_DISPATCH 1024
/* A ring block that is not full is shown after this time: seldom woken, soon enough. */
#define BLOCK_TIMEOUT_MS 20
/* The same where members share the frames: they wait for each other. */
#define SHARED_TIMEOUT_MS 4
/* By then every one is, though the kernel's timer be late. */
#define BLOCK_SHOWN_US 200000
/* IEEE 802: local experiments. A socket for it is given nothing. */
#define ETHERTYPE_OF_EXPERIMENTS 0x88b5

struct live {
	pcap_t *pcap;
	struct live_counters counters;
	uint32_t source;
	uint16_t link_type;
	bool is_down;
	uint64_t passed_us;
	struct reason not_shunted; /* empty: it is, or is not to be */
	live_handler *handler;     /* of the dispatch at hand */
	void *context;
	size_t count;
	struct frame frames[LIVE_FRAMES_AT_ONCE];
	size_t used;
	size_t arena_bytes;
	uint8_t *arena;
};

static bool explain(pcap_t *pcap, const char *interface, struct reason *why)
{
	return reason_set(why, "%s: %.200s", interface, pcap_geterr(pcap));
}

static bool activate(
	pcap_t *pcap, const struct live_settings *settings, struct reason *why)
{
	const uint32_t ring_bytes =
		settings->ring_bytes ? settings->ring_bytes : LIVE_RING_BYTES;
	(void)pcap_set_snaplen(
		pcap, (int)(settings->snaplen ? settings->snaplen : LIVE_SNAPLEN));
	(void)pcap_set_promisc(pcap, settings->is_promiscuous);
	const bool is_shared = settings->fanout_group != 0 || settings->members != 0;
	(void)pcap_set_timeout(pcap, is_shared ? SHARED_TIMEOUT_MS : BLOCK_TIMEOUT_MS);
	(void)pcap_set_immediate_mode(pcap, 0);
	(void)pcap_set_buffer_size(pcap, (int)ring_bytes);
	const int status = pcap_activate(pcap);
	if (status < 0) {
		const char *text = pcap_geterr(pcap);
		const char *kind = pcap_statustostr(status);
		const bool is_more = text[0] != '\0' && strcmp(text, kind) != 0;
		return reason_set(why, "%s: %s%s%.160s", settings->interface, kind,
			is_more ? ": " : "", is_more ? text : "");
	}
	return true;
}

/* It shows each of its packets twice, and libpcap takes one. */
static bool is_loopback(pcap_t *pcap, const char *interface)
{
	struct ifreq request = {.ifr_name = ""};
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	return ioctl(pcap_fileno(pcap), SIOCGIFFLAGS, &request) != 0 ||
	       (request.ifr_flags & IFF_LOOPBACK) != 0;
}

/* Refused, it is as if none had been wanted. */
static void set_shunt(struct live *live, const struct live_settings *settings,
	struct bpf_program *prefilter)
{
	const struct sock_fprog program = {.len = (uint16_t)prefilter->bf_len,
		.filter = (struct sock_filter *)(void *)prefilter->bf_insns};
	if (!settings->shunt) {
		return;
	}
	if (pcap_datalink(live->pcap) != DLT_EN10MB ||
		is_loopback(live->pcap, settings->interface)) {
		(void)reason_set(&live->not_shunted, "it is no Ethernet");
		return;
	}
	(void)shunt_attach(
		settings->shunt, pcap_fileno(live->pcap), &program, &live->not_shunted);
}

/*
 * What other members have by theirs is dropped first. The prefilter is taken as the socket
 * has it: libpcap moves its offsets where the link layer is not shown.
 */
static bool set_share(
	struct live *live, const struct live_settings *settings, struct reason *why)
{
	static struct sock_filter joined[BPF_MAXINSNS];
	const int fd = pcap_fileno(live->pcap);
	const struct fanout_share share = {.members = settings->members,
		.member = settings->member,
		.is_ethernet = pcap_datalink(live->pcap) == DLT_EN10MB};
	if (share.members == 0) {
		return true;
	}
	_Static_assert(BPF_MAXINSNS > FANOUT_PROGRAM_MAX, "there is room for it");
	const uint16_t len = fanout_filter(joined, &share);
	socklen_t prefilter = (socklen_t)(BPF_MAXINSNS - len); /* instructions */
	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, joined + len, &prefilter) != 0 ||
		prefilter == 0) {
		return reason_set(why, "%s: its prefilter is not in the kernel: %m",
			settings->interface);
	}
	const struct sock_fprog program = {
		.len = (uint16_t)(len + prefilter), .filter = joined};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) == 0 ||
	       reason_set(
		       why, "%s: the socket takes no filter: %m", settings->interface);
}

static bool set_prefilter(
	struct live *live, const struct live_settings *settings, struct reason *why)
{
	pcap_t *pcap = live->pcap;
	const char *interface = settings->interface;
	struct bpf_program program;
	if (pcap_compile(pcap, &program, prefilter_expression(true), 1,
		    PCAP_NETMASK_UNKNOWN) < 0 &&
		pcap_compile(pcap, &program, prefilter_expression(false), 1,
			PCAP_NETMASK_UNKNOWN) < 0) {
		return explain(pcap, interface, why);
	}
	const bool is_set = pcap_setfilter(pcap, &program) == 0;
	if (is_set) {
		set_shunt(live, settings, &program);
	}
	pcap_freecode(&program);
	return is_set ? set_share(live, settings, why) : explain(pcap, interface, why);
}

/* The members share one program; who comes later gives it the same again. */
static bool join_fanout(
	pcap_t *pcap, const struct live_settings *settings, struct reason *why)
{
	struct sock_filter code[FANOUT_PROGRAM_MAX];
	const struct sock_fprog program = {.len = fanout_program(code), .filter = code};
	const uint32_t option =
		settings->fanout_group | (uint32_t)(PACKET_FANOUT_CBPF << 16);
	if (settings->fanout_group == 0) {
		return true;
	}
	if (setsockopt(pcap_fileno(pcap), SOL_PACKET, PACKET_FANOUT, &option,
		    sizeof(option)) != 0) {
		return reason_set(why, "%s: fanout group %u cannot be joined: %m",
			settings->interface, settings->fanout_group);
	}
	return setsockopt(pcap_fileno(pcap), SOL_PACKET, PACKET_FANOUT_DATA, &program,
		       sizeof(program)) == 0 ||
	       reason_set(why, "%s: fanout group %u takes no program: %m",
		       settings->interface, settings->fanout_group);
}

static bool open_capture(
	struct live *live, const struct live_settings *settings, struct reason *why)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	live->pcap = pcap_create(settings->interface, text);
	if (!live->pcap) {
		return reason_set(why, "%s: %.200s", settings->interface, text);
	}
	if (!activate(live->pcap, settings, why) ||
		!set_prefilter(live, settings, why) ||
		!join_fanout(live->pcap, settings, why)) {
		return false;
	}
	if (settings->is_incoming_only &&
		pcap_setdirection(live->pcap, PCAP_D_IN) < 0) {
		return explain(live->pcap, settings->interface, why);
	}
	/* A blocking dispatch on TPACKET_V3 never returns from an idle link. */
	if (pcap_setnonblock(live->pcap, 1, text) < 0) {
		return reason_set(why, "%s: %.200s", settings->interface, text);
	}
	live->source = settings->source;
	live->link_type = (uint16_t)pcap_datalink(live->pcap);
	live->arena_bytes = (size_t)pcap_snapshot(live->pcap);
	live->arena = malloc(live->arena_bytes);
	return live->arena || reason_set(why, "no memory for captured frames");
}

struct live *live_open(const struct live_settings *settings, struct reason *why)
{
	struct live *live = calloc(1, sizeof(*live));
	if (!live) {
		(void)reason_set(why, "no memory for a capture");
		return NULL;
	}
	if (!open_capture(live, settings, why)) {
		live_close(live);
		return NULL;
	}
	return live;
}

/* Its own group for a moment; the kernel counts on, so the next is given another. */
static bool take_group(uint16_t *group)
{
	const uint32_t option =
		(uint32_t)(PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
	const int fd = socket(
		AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE_OF_EXPERIMENTS));
	uint32_t made = 0;
	socklen_t len = sizeof(made);
	if (fd < 0) {
		return false;
	}
	bool is_made =
		setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &option, sizeof(option)) == 0;
	is_made =
		is_made && getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &made, &len) == 0;
	const int error = errno;
	(void)close(fd);
	errno = error;
	*group = (uint16_t)made;
	return is_made;
}

uint16_t live_new_fanout_group(struct reason *why)
{
	uint16_t group = 0;
	/* The first since the machine started is 0, which stands for none here. */
	for (int turn = 0; turn < 2 && group == 0; turn++) {
		if (!take_group(&group)) {
			(void)reason_set(why, "no fanout group to share frames in: %m");
			return 0;
		}
	}
	return group;
}

void live_close(struct live *live)
{
	if (!live) {
		return;
	}
	if (live->pcap) {
		pcap_close(live->pcap);
	}
	free(live->arena);
	free(live);
}

int live_fd(const struct live *live)
{
	return pcap_get_selectable_fd(live->pcap);
}

static void give_batch(struct live *live)
{
	if (live->count > 0) {
		live->counters.received += live->count;
		live->passed_us = live->frames[live->count - 1].time_us;
		live->handler(live->context, live->frames, live->count);
	}
	live->count = 0;
	live->used = 0;
}

/*
 * libpcap gives a ring block back behind its last frame and does not say which one
 * that is, so a batch can only be made of copies; they stay in the cache.
 */
static void add_to_batch(
	u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct live *live = (struct live *)(void *)user;
	const size_t len =
		header->caplen < live->arena_bytes ? header->caplen : live->arena_bytes;
	if (live->used + len > live->arena_bytes) {
		give_batch(live);
	}
	uint8_t *copy = live->arena + live->used;
	memcpy(copy, bytes, len);
	live->used += len;
	live->frames[live->count++] = (struct frame){
		.time_us = (uint64_t)header->ts.tv_sec * 1000000 +
			   (uint64_t)header->ts.tv_usec,
		.bytes = copy,
		.captured_len = (uint32_t)len,
		.wire_len = header->len,
		.source = live->source,
		.link_type = live->link_type,
	};
	if (live->count == LIVE_FRAMES_AT_ONCE) {
		give_batch(live);
	}
}

/* libpcap keeps the socket of an interface that is down, and asks to be called soon. */
static bool is_down(const struct live *live)
{
	return pcap_get_required_select_timeout(live->pcap) != NULL;
}

enum live_result live_dispatch(
	struct live *live, live_handler *handler, void *context, struct reason *why)
{
	live->handler = handler;
	live->context = context;
	const int count = pcap_dispatch(
		live->pcap, FRAMES_A_DISPATCH, add_to_batch, (u_char *)live);
	give_batch(live);
	if (count < 0) {
		(void)reason_set(why, "%.200s", pcap_geterr(live->pcap));
		return LIVE_GONE;
	}
	const bool was_down = live->is_down;
	live->is_down = is_down(live);
	live->counters.downs += live->is_down && !was_down;
	if (count > 0) {
		return LIVE_FRAMES;
	}
	const uint64_t now_us = clock_realtime_us();
	if (live->passed_us + BLOCK_SHOWN_US < now_us) {
		live->passed_us = now_us - BLOCK_SHOWN_US;
	}
	return live->is_down ? LIVE_DOWN : LIVE_IDLE;
}

const char *live_not_shunted(const struct live *live)
{
	return live->not_shunted.text[0] != '\0' ? live->not_shunted.text : NULL;
}

uint64_t live_passed_us(const struct live *live)
{
	return live->passed_us;
}

/* Not pcap_stats, which reads files: this runs in a cage. The kernel counts from 0 again. */
void live_counters(struct live *live, struct live_counters *counters)
{
	struct tpacket_stats_v3 stats = {0};
	socklen_t len = sizeof(stats);
	if (getsockopt(pcap_fileno(live->pcap), SOL_PACKET, PACKET_STATISTICS, &stats,
		    &len) == 0) {
		live->counters.dropped_kernel += stats.tp_drops;
	}
	*counters = live->counters;
}

static uint64_t read_number(const char *path)
{
	char line[32] = "";
	FILE *file = fopen(path, "re");
	if (!file) {
		return 0;
	}
	const bool is_read = fgets(line, sizeof(line), file) != NULL;
	(void)fclose(file);
	return is_read ? strtoull(line, NULL, 10) : 0;
}

uint64_t live_interface_dropped(const char *interface)
{
	static const char *const names[] = {"rx_missed_errors", "rx_fifo_errors"};
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s",
			interface, names[i]);
		sum += read_number(path);
	}
	return sum;
}
