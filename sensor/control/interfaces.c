#include "control/interfaces.h"

#include "base/log.h"
#include "capture/shunt.h"
#include "control/interface_retry.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAP_NS_A_MIB 31250 /* 10 Gbit/s fill a 27th of the ring meanwhile */
#define NAP_NS_MOST  1000000

struct interface {
	struct live *live; /* NULL: left out from the start */
	const char *name;
	bool is_gone; /* went away; kept for its counters, a cage cannot close it */
	bool is_down; /* libpcap looks whether it is up again; or was when left out */
};

struct interfaces {
	const char *area; /* of log lines */
	uint32_t members; /* workers that share several interfaces; 0: they do not */
	uint32_t member;  /* this one of them */
	long nap_ns;
	bool is_busy;        /* frames came since the last wait */
	struct shunt *shunt; /* NULL: every frame is given out */
	size_t count;
	struct interface list[SETTINGS_LIST_MAX];
};

static bool is_open(const struct interface *interface)
{
	return interface->live != NULL && !interface->is_gone;
}

bool interfaces_choose_group(struct sensor *sensor, struct reason *why)
{
	const struct settings *settings = sensor->settings;
	if (settings->workers < 2 || settings->interfaces.count != 1) {
		return true;
	}
	sensor->fanout_group = live_new_fanout_group(why);
	return sensor->fanout_group != 0;
}

uint32_t interfaces_ring_mib(const struct settings *settings)
{
	const uint32_t share = settings->ring_mib / settings_workers(settings);
	return share > 0 ? share : 1;
}

static void tell_not_shunted(
	const struct interfaces *interfaces, const char *name, const char *why)
{
	log_line(LOG_LEVEL_WARNING, interfaces->area,
		"%s: decided flows are not left to the kernel: %s", name, why);
}

static bool open_one(struct interfaces *interfaces, const struct sensor *sensor,
	size_t i, struct reason *why)
{
	const struct settings *settings = sensor->settings;
	const struct live_settings live = {.interface = settings->interfaces.values[i],
		.source = (uint32_t)i,
		.ring_bytes = interfaces_ring_mib(settings) << 20,
		.fanout_group = sensor->fanout_group,
		.members = interfaces->members,
		.member = interfaces->member,
		.shunt = interfaces->shunt,
		.is_promiscuous = true};
	interfaces->list[i].name = live.interface;
	interfaces->list[i].live = live_open(&live, why);
	if (interfaces->list[i].live && live_not_shunted(interfaces->list[i].live)) {
		tell_not_shunted(interfaces, live.interface,
			live_not_shunted(interfaces->list[i].live));
	}
	interfaces->list[i].is_down =
		!interfaces->list[i].live && interface_is_down(live.interface);
	return interfaces->list[i].live != NULL;
}

/* Packets with a wrong checksum are to be told apart, which the kernel does not. */
static void start_shunt(struct interfaces *interfaces, const struct settings *settings)
{
	struct reason why = {.text = ""};
	if (!settings_want_shunt(settings)) {
		return;
	}
	if (settings->is_verifying_checksums) {
		(void)reason_set(&why, "checksums are verified");
	} else if (interfaces->members > 0) {
		/* its program accepts what these filters would drop */
		(void)reason_set(&why, "several workers share several interfaces");
	} else {
		interfaces->shunt = shunt_new(&why);
	}
	if (!interfaces->shunt) {
		tell_not_shunted(interfaces, "all", why.text);
	}
}

static long nap_ns(uint32_t mib)
{
	const long length_ns = (long)mib * NAP_NS_A_MIB;
	return length_ns < NAP_NS_MOST ? length_ns : NAP_NS_MOST;
}

struct interfaces *interfaces_open(
	const struct sensor *sensor, unsigned place, bool is_strict, struct reason *why)
{
	struct interfaces *interfaces = calloc(1, sizeof(*interfaces));
	if (!interfaces) {
		(void)reason_set(why, "no memory for captures");
		return NULL;
	}
	interfaces->area = sensor_process(sensor, place)->name;
	interfaces->member = place - SENSOR_WORKERS;
	if (sensor->settings->workers > 1 && sensor->fanout_group == 0) {
		interfaces->members = sensor->settings->workers;
	}
	interfaces->nap_ns = nap_ns(interfaces_ring_mib(sensor->settings));
	interfaces->count = sensor->settings->interfaces.count;
	start_shunt(interfaces, sensor->settings);
	for (size_t i = 0; i < interfaces->count; i++) {
		if (open_one(interfaces, sensor, i, why)) {
			continue;
		}
		if (is_strict) {
			interfaces_close(interfaces);
			return NULL;
		}
		log_line(
			LOG_LEVEL_WARNING, interfaces->area, "left out: %s", why->text);
	}
	return interfaces;
}

void interfaces_close(struct interfaces *interfaces)
{
	if (!interfaces) {
		return;
	}
	for (size_t i = 0; i < interfaces->count; i++) {
		if (interfaces->list[i].live) {
			live_close(interfaces->list[i].live);
		}
	}
	shunt_free(interfaces->shunt);
	free(interfaces);
}

/* A flow's packets may come by several of them. */
static void tell_passed(struct interfaces *interfaces)
{
	uint64_t passed_us = UINT64_MAX;
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *interface = &interfaces->list[i];
		if (is_open(interface)) {
			const uint64_t its_us = live_passed_us(interface->live);
			passed_us = its_us < passed_us ? its_us : passed_us;
		}
	}
	shunt_passed(interfaces->shunt, passed_us);
}

bool interfaces_dispatch(
	struct interfaces *interfaces, live_handler *handler, void *context)
{
	bool is_any = false;
	for (size_t i = 0; i < interfaces->count; i++) {
		struct interface *interface = &interfaces->list[i];
		struct reason why = {.text = ""};
		if (!is_open(interface)) {
			continue;
		}
		switch (live_dispatch(interface->live, handler, context, &why)) {
		case LIVE_FRAMES:
			is_any = true;
			interface->is_down = false;
			break;
		case LIVE_GONE:
			interface->is_gone = true;
			log_line(LOG_LEVEL_ERROR, interfaces->area,
				"interface gone: %s", why.text);
			break;
		case LIVE_IDLE:
			interface->is_down = false;
			break;
		case LIVE_DOWN:
			interface->is_down = true;
			break;
		}
	}
	if (interfaces->shunt) {
		tell_passed(interfaces);
	}
	interfaces->is_busy = interfaces->is_busy || is_any;
	return is_any;
}

/*
 * While frames keep coming the ring is looked at after a nap instead of being woken
 * for each block of it: the wake-up would be paid on the processor they come in on.
 */
static bool nap(struct interfaces *interfaces)
{
	const struct timespec length = {.tv_nsec = interfaces->nap_ns};
	if (!interfaces->is_busy) {
		return false;
	}
	interfaces->is_busy = false;
	(void)nanosleep(&length, NULL);
	return true;
}

void interfaces_wait(struct interfaces *interfaces, int timeout_ms)
{
	if (nap(interfaces)) {
		return;
	}
	struct pollfd list[SETTINGS_LIST_MAX];
	nfds_t count = 0;
	bool is_down = false;
	for (size_t i = 0; i < interfaces->count; i++) {
		if (is_open(&interfaces->list[i])) {
			list[count++] =
				(struct pollfd){.fd = live_fd(interfaces->list[i].live),
					.events = POLLIN};
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

void interfaces_counters(
	struct interfaces *interfaces, struct interfaces_counters *counters)
{
	*counters = (struct interfaces_counters){0};
	for (size_t i = 0; i < interfaces->count; i++) {
		struct live_counters live = {0};
		if (interfaces->list[i].live) {
			live_counters(interfaces->list[i].live, &live);
			counters->received += live.received;
			counters->lost += live.dropped_kernel;
			counters->downs += live.downs;
		}
	}
	if (interfaces->shunt) {
		const struct shunt_totals totals = shunt_totals(interfaces->shunt);
		counters->received += totals.packets;
		counters->shunted = totals.packets;
		counters->shunted_bytes = totals.wire_bytes;
		counters->shunted_flows = totals.flows;
		counters->shunt_full = totals.refused;
	}
}

size_t interfaces_list(const struct interfaces_counters *counters, struct counter *list)
{
	const struct counter all[INTERFACES_COUNTERS] = {
		{"capture.downs", counters->downs},
		{"capture.shunted", counters->shunted},
		{"capture.shunted_flows", counters->shunted_flows},
		{"capture.shunt_full", counters->shunt_full},
	};
	memcpy(list, all, sizeof(all));
	return INTERFACES_COUNTERS;
}

static uint32_t which_are_shunting(const struct interfaces *interfaces)
{
	uint32_t shunting = 0;
	for (size_t i = 0; interfaces->shunt && i < interfaces->count; i++) {
		const struct interface *interface = &interfaces->list[i];
		if (is_open(interface) && !live_not_shunted(interface->live)) {
			shunting |= UINT32_C(1) << i;
		}
	}
	return shunting;
}

static uint32_t which_are_missing(const struct interfaces *interfaces)
{
	uint32_t missing = 0;
	for (size_t i = 0; i < interfaces->count; i++) {
		if (!is_open(&interfaces->list[i])) {
			missing |= UINT32_C(1) << i;
		}
	}
	return missing;
}

static uint32_t which_are_down(const struct interfaces *interfaces)
{
	uint32_t down = 0;
	for (size_t i = 0; i < interfaces->count; i++) {
		if (!interfaces->list[i].is_gone && interfaces->list[i].is_down) {
			down |= UINT32_C(1) << i;
		}
	}
	return down;
}

struct shunt *interfaces_shunt(const struct interfaces *interfaces)
{
	return which_are_shunting(interfaces) != 0 ? interfaces->shunt : NULL;
}

/* In this order: one that goes from down to missing is at no time neither. */
void interfaces_publish(
	const struct interfaces *interfaces, struct status_process *process)
{
	process->interfaces_missing = which_are_missing(interfaces);
	process->interfaces_down = which_are_down(interfaces);
	process->interfaces_shunting = which_are_shunting(interfaces);
}
