/*
 * commands/traffic - recorded mail flows from wherever they are, as sightings.
 *
 * In: names of captures, journals (folders), EVE lines ("-": standard input) and observed
 * matrices; which it is, their first bytes say. Out: every flow as a sighting to whoever
 * asks, and all of them added up. A flow that two sources have is given once: Community ID
 * and start tell, to a few seconds, as long as there is room to remember (TRAFFIC_SEEN
 * flows); what an observed matrix has added up is only estimated (observed_merge).
 */
#pragma once

#include "observed/observed.h"

#define TRAFFIC_SEEN (1U << 22)

struct traffic {
	/* captures are judged by it; NULL: there must be none */
	const struct matrix *matrix;
	/* of all that is no observed matrix; or NULL. Borrowed for the call */
	void (*sighting)(void *context, const struct sighting *sighting);
	void *context;
	struct observed *observed; /* what all is added to */
	uint64_t twice;            /* flows that another source had */
	bool is_cut; /* of a capture a part is missing: *why says of which */
};

enum traffic_result {
	TRAFFIC_OK = 0,
	TRAFFIC_BROKEN,     /* *why: "file: what" */
	TRAFFIC_UNREADABLE, /* the system, or a capture, refused */
};

enum traffic_result traffic_read(struct traffic *traffic, const char *const *names,
	size_t count, struct reason *why);

/* What its first bytes say; false also where it cannot be read. */
bool traffic_is_capture(const char *name);
