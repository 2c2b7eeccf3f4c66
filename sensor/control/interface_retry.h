/*
 * control/interface_retry - restart a worker so that it takes an interface that is back.
 *
 * A worker in its cage cannot open one that was away; so once the interface is up the
 * worker is told to end, reports its flows, and is started again. Each time that costs
 * what else the worker watches, so it is done when the interface came up or is another
 * one since it was left out; one that is as it was and could not be opened is tried
 * after a minute, then after pauses that double to an hour. Asks the kernel, once a
 * second.
 */
#pragma once

#include "control/processes.h"

struct interface_retry { /* of one worker */
	/* the kernel's number of it, when it was last opened or tried */
	unsigned index;
	bool was_up;       /* at the last look */
	bool is_changed;   /* came up, or has another number, since */
	uint64_t again_us; /* tried then at the latest; 0: it is watched */
	uint64_t pause_us; /* behind that */
};

struct interface_retries {
	struct interface_retry list[STATUS_WORKERS_MAX][SETTINGS_LIST_MAX];
};

/* Whether the kernel knows this interface and says that it is down. */
bool interface_is_down(const char *interface);

/* To be called every second. now_us: monotonic. */
void interface_retries_look(struct interface_retries *retries,
	struct processes *processes, uint64_t now_us);
