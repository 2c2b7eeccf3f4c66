/*
 * capture/live - frames of one network interface, by libpcap's ring (TPACKET_V3).
 *
 * In: an interface name. Out: batches of frames to a handler, valid only while it
 * runs. Never blocks: wait on live_fd, then dispatch. A prefilter in the kernel drops
 * what cannot be mail. Opening needs CAP_NET_RAW (promiscuous: CAP_NET_ADMIN);
 * dispatching needs no right and opens nothing, so it runs in a cage.
 */
#pragma once

#include "base/reason.h"
#include "capture/frame.h"

#define LIVE_FRAMES_AT_ONCE 16                   /* most frames a handler is given */
#define LIVE_RING_BYTES     (UINT32_C(64) << 20) /* used where settings say 0 */
#define LIVE_SNAPLEN        262144 /* the most libpcap takes: also what offload put together */

/*
 * The kernel shows a frame of an interface that is shared at the latest so long after it
 * came: two timeouts of a block, in its own ticks.
 */
#define LIVE_SHARED_AGE_US 20000

struct live_settings {
	const char *interface;
	uint32_t source;     /* frame.source of its frames */
	uint32_t ring_bytes; /* per member; 0: LIVE_RING_BYTES */
	uint32_t snaplen;    /* bytes kept of a frame; 0: LIVE_SNAPLEN */
	/* members share the frames, see fanout.h: as a group of the kernel's; 0: not so */
	uint16_t fanout_group;
	/* or by a filter each: so many, of which this is one; 0: not so */
	uint32_t members;
	uint32_t member;
	struct shunt *shunt; /* borrowed; NULL: every frame is wanted */
	bool is_promiscuous;
	bool is_incoming_only; /* a mirror port; else what the host sends too */
};

enum live_result {
	LIVE_FRAMES = 0, /* some came; there may be more */
	LIVE_IDLE,       /* none at hand: poll */
	LIVE_DOWN, /* the interface is down: wait a while, it may come back by itself */
	LIVE_GONE, /* removed, or broken: only live_open anew can help; why says */
};

struct live_counters {
	uint64_t received;       /* frames that passed the prefilter */
	uint64_t dropped_kernel; /* of those, no room in the ring */
	uint64_t downs;          /* times it was found down */
};

struct live;  /* opaque */
struct shunt; /* capture/shunt */

/* Takes count frames (at most LIVE_FRAMES_AT_ONCE), borrowed for the call. */
typedef void live_handler(void *context, const struct frame *frames, size_t count);

struct live *live_open(const struct live_settings *settings, struct reason *why);
void live_close(struct live *live);

/*
 * The number of a fanout group that nobody in this network namespace has (Linux 4.12),
 * given to no other caller soon; 0: the kernel has none, why says. Needs CAP_NET_RAW.
 */
uint16_t live_new_fanout_group(struct reason *why);

/* The descriptor to poll for POLLIN. */
int live_fd(const struct live *live);

/* Give what is at hand to the handler, a bounded number of frames, and return. */
enum live_result live_dispatch(
	struct live *live, live_handler *handler, void *context, struct reason *why);

/* Why the shunt of its settings is not in use; NULL: it is, or none was wanted. */
const char *live_not_shunted(const struct live *live);

/* Frames that the kernel had before this time have been given out. */
uint64_t live_passed_us(const struct live *live);

/* Asks the kernel; sums since live_open. */
void live_counters(struct live *live, struct live_counters *counters);

/*
 * Frames the driver lost before anyone saw them, since the interface came. Reads files
 * below /sys: for a process outside the cage. 0 where the driver does not tell.
 */
uint64_t live_interface_dropped(const char *interface);
