/*
 * control/interfaces - the interfaces that one worker watches.
 *
 * Opened while the worker still may, in one step; then frames of all of them go to
 * one handler. An interface that is missing or goes away is told once and left out:
 * nothing in a cage can open it again, so the supervisor starts the worker anew when
 * it is back.
 */
#pragma once

#include "base/counter.h"
#include "capture/live.h"
#include "control/sensor.h"

struct interfaces; /* opaque */

struct interfaces_counters {
	uint64_t received;
	uint64_t lost;
	uint64_t downs;         /* times that one was found down */
	uint64_t shunted;       /* of .received: counted in the kernel */
	uint64_t shunted_bytes; /* on the wire */
	uint64_t shunted_flows; /* now */
	uint64_t shunt_full;    /* times that there was no room for one */
};

/*
 * Before the first worker: several workers share the frames of an interface in a fanout
 * group, whose number the kernel chooses, so that no two sensors share one. Those of
 * several interfaces they share by a filter each (capture/fanout).
 */
bool interfaces_choose_group(struct sensor *sensor, struct reason *why);

/* Of the worker at this place. is_strict: a missing interface is an error (at start), else
 * it is left out. */
struct interfaces *interfaces_open(const struct sensor *sensor, unsigned place,
	bool is_strict, struct reason *why);
void interfaces_close(struct interfaces *interfaces);

/* Of each interface: workers that share one share what was set for its ring. */
uint32_t interfaces_ring_mib(const struct settings *settings);

/* Give the handler what is at hand, a bounded number of frames. False: none, so wait. */
bool interfaces_dispatch(
	struct interfaces *interfaces, live_handler *handler, void *context);

/* Wait until a frame comes, at most so long; a short nap while they keep coming. */
void interfaces_wait(struct interfaces *interfaces, int timeout_ms);

void interfaces_counters(
	struct interfaces *interfaces, struct interfaces_counters *counters);

/* Those that an inline sensor has not, by name; their number, INTERFACES_COUNTERS. */
#define INTERFACES_COUNTERS 4
size_t interfaces_list(
	const struct interfaces_counters *counters, struct counter *list);

/* Where decided flows are counted by the kernel; NULL: of no interface they are. */
struct shunt *interfaces_shunt(const struct interfaces *interfaces);

/*
 * Which of them are missing, down (or were when they were left out for it) and shunting: a
 * bit for each, in the order of the settings.
 */
void interfaces_publish(
	const struct interfaces *interfaces, struct status_process *process);
