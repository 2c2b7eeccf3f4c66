#include "control/taps.h"

#include "base/log.h"
#include "control/links.h"
#include "engine/engine.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define NAP_NS_A_MIB 31250 /* 10 Gbit/s fill a 27th of the ring meanwhile */
#define NAP_NS_MOST  1000000

struct tap {
	struct live *live; /* NULL: left out from the start */
	const char *name;
	bool is_gone; /* went away; kept for its counters, a cage cannot close it */
	bool is_down; /* libpcap looks whether it is up again; or was when left out */
};

struct taps {
	const char *area; /* of log lines */
	long nap_ns;
	bool is_busy; /* frames came since the last wait */
	size_t count;
	struct tap list[SETTINGS_LIST_MAX];
};

static bool is_open(const struct tap *tap)
{
	return tap->live != NULL && !tap->is_gone;
}

bool taps_choose_groups(struct sensor *sensor, struct reason *why)
{
	const struct settings *settings = sensor->settings;
	const size_t shared = settings->workers > 1 ? settings->interfaces.count : 0;
	for (size_t i = 0; i < shared; i++) {
		sensor->fanout_groups[i] = live_new_fanout_group(why);
		if (sensor->fanout_groups[i] == 0) {
			return false;
		}
	}
	return true;
}

/* Workers that share an interface share what was set for its ring. */
static uint32_t ring_mib(const struct settings *settings)
{
	const uint32_t share = settings->ring_mib / settings_workers(settings);
	return share > 0 ? share : 1;
}

static bool open_one(
	struct taps *taps, const struct sensor *sensor, size_t i, struct reason *why)
{
	const struct settings *settings = sensor->settings;
	const struct live_settings live = {.interface = settings->interfaces.values[i],
		.source = (uint32_t)i,
		.ring_bytes = ring_mib(settings) << 20,
		.fanout_group = sensor->fanout_groups[i],
		.is_promiscuous = true};
	taps->list[i].name = live.interface;
	taps->list[i].live = live_open(&live, why);
	taps->list[i].is_down = !taps->list[i].live && link_is_down(live.interface);
	return taps->list[i].live != NULL;
}

static long nap_ns(uint32_t mib)
{
	const long length_ns = (long)mib * NAP_NS_A_MIB;
	return length_ns < NAP_NS_MOST ? length_ns : NAP_NS_MOST;
}

struct taps *taps_open(const struct sensor *sensor, const char *area, bool is_strict,
	struct reason *why)
{
	struct taps *taps = calloc(1, sizeof(*taps));
	if (!taps) {
		(void)reason_set(why, "no memory for captures");
		return NULL;
	}
	taps->area = area;
	taps->nap_ns = nap_ns(ring_mib(sensor->settings));
	taps->count = sensor->settings->interfaces.count;
	for (size_t i = 0; i < taps->count; i++) {
		if (open_one(taps, sensor, i, why)) {
			continue;
		}
		if (is_strict) {
			taps_close(taps);
			return NULL;
		}
		log_line(LOG_LEVEL_WARNING, area, "left out: %s", why->text);
	}
	return taps;
}

void taps_close(struct taps *taps)
{
	if (!taps) {
		return;
	}
	for (size_t i = 0; i < taps->count; i++) {
		if (taps->list[i].live) {
			live_close(taps->list[i].live);
		}
	}
	free(taps);
}

static void on_frames(void *context, const struct frame *frames, size_t count)
{
	struct engine *engine = (struct engine *)context;
	engine_frames(engine, frames, count);
}

bool taps_dispatch(struct taps *taps, struct engine *engine)
{
	bool is_any = false;
	for (size_t i = 0; i < taps->count; i++) {
		struct tap *tap = &taps->list[i];
		struct reason why = {.text = ""};
		if (!is_open(tap)) {
			continue;
		}
		switch (live_dispatch(tap->live, on_frames, engine, &why)) {
		case LIVE_FRAMES:
			is_any = true;
			tap->is_down = false;
			break;
		case LIVE_GONE:
			tap->is_gone = true;
			log_line(LOG_LEVEL_ERROR, taps->area, "interface gone: %s",
				why.text);
			break;
		case LIVE_IDLE:
			tap->is_down = false;
			break;
		case LIVE_DOWN:
			tap->is_down = true;
			break;
		}
	}
	taps->is_busy = taps->is_busy || is_any;
	return is_any;
}

/*
 * While frames keep coming the ring is looked at after a nap instead of being woken
 * for each block of it: the wake-up would be paid on the processor they come in on.
 */
static bool nap(struct taps *taps)
{
	const struct timespec length = {.tv_nsec = taps->nap_ns};
	if (!taps->is_busy) {
		return false;
	}
	taps->is_busy = false;
	(void)nanosleep(&length, NULL);
	return true;
}

void taps_wait(struct taps *taps, int timeout_ms)
{
	if (nap(taps)) {
		return;
	}
	struct pollfd list[SETTINGS_LIST_MAX];
	nfds_t count = 0;
	bool is_down = false;
	for (size_t i = 0; i < taps->count; i++) {
		if (is_open(&taps->list[i])) {
			list[count++] = (struct pollfd){
				.fd = live_fd(taps->list[i].live), .events = POLLIN};
		}
	}
	if (poll(list, count, timeout_ms) > 0) {
		for (nfds_t i = 0; i < count; i++) {
			is_down = is_down || (list[i].revents & POLLERR) != 0;
		}
	}
	if (is_down) { /* poll would return at once as long as it is down */
		(void)poll(NULL, 0, timeout_ms / 2);
	}
}

void taps_counters(struct taps *taps, struct taps_counters *counters)
{
	*counters = (struct taps_counters){0};
	for (size_t i = 0; i < taps->count; i++) {
		struct live_counters live = {0};
		if (taps->list[i].live) {
			live_counters(taps->list[i].live, &live);
			counters->received += live.received;
			counters->lost += live.dropped_kernel;
			counters->downs += live.downs;
		}
	}
}

uint32_t taps_missing(const struct taps *taps)
{
	uint32_t missing = 0;
	for (size_t i = 0; i < taps->count; i++) {
		if (!is_open(&taps->list[i])) {
			missing |= UINT32_C(1) << i;
		}
	}
	return missing;
}

uint32_t taps_down(const struct taps *taps)
{
	uint32_t down = 0;
	for (size_t i = 0; i < taps->count; i++) {
		if (!taps->list[i].is_gone && taps->list[i].is_down) {
			down |= UINT32_C(1) << i;
		}
	}
	return down;
}
