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

#include "base/counter.h"
#include "engine/record.h"
#include "observed/observed.h"

#define TRAFFIC_SEEN (1U << 22)

struct traffic_captures {
	void (*mail)(void *context, const struct record *record);
	void (*alert)(void *context, const struct record *record, enum finding finding,
		const struct fold_count *count);
	/* once all is read: the engine's counters */
	void (*counted)(void *context, const struct counter *counters, size_t count);
	/* of this one a part is missing */
	void (*lacking)(void *context, const char *name);
};

struct traffic {
	/* captures are judged by it; NULL: there must be none */
	const struct matrix *matrix;
	/* of all that is no observed matrix; or NULL. Borrowed for the call */
	void (*sighting)(void *context, const struct sighting *sighting);
	/* each line of journals and of EVE files besides; or NULL */
	void (*line)(void *context, const char *line, size_t len);
	/* of captures besides, each as it is; all of them or none, with the context */
	const struct traffic_captures *captures;
	void *context;
	uint64_t until_us; /* flows that ended then or later are let by; 0: none */
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

/* What its first bytes say; TRAFFIC_NONE where it cannot be read. */
enum traffic_kind {
	TRAFFIC_LINES = 0,
	TRAFFIC_JOURNAL,
	TRAFFIC_CAPTURE,
	TRAFFIC_OBSERVED,
	TRAFFIC_NONE
};
enum traffic_kind traffic_kind(const char *name);
bool traffic_is_capture(const char *name);

/*
 * Of a journal, when its first record was written, those of `mailwarden dmarc` apart; 0: it
 * has no other, or cannot be read.
 */
uint64_t traffic_journal_start(const char *name);
