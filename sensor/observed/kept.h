/*
 * observed/kept - an observed matrix that follows a running sensor's records.
 *
 * In: records as lines, as they reach the journal. Out: the file `observed` in the state
 * directory, saved at most once a minute and at the end, so that whoever is killed loses
 * no more than that, and read again at the next start. Lines that are no records of mail
 * flows are let by. Does not wait for anybody; faults are logged, once a minute at most.
 */
#pragma once

#include "observed/observed.h"

#define KEPT_FILE "observed"

struct kept_listener { /* told of each sighting; .take NULL: nobody is */
	void (*take)(void *context, const struct sighting *sighting);
	void *context;
};

struct kept {
	struct kept_listener listener; /* none, from the start */
	struct observed *observed;
	int directory;
	bool is_changed;
	uint64_t save_us; /* not before */
	uint64_t warn_us;
	uint64_t faults; /* saves that failed */
};

/*
 * A file that cannot be used is set aside as observed.broken, and told. False: the system
 * refuses to read it, or there is no memory. Here all is called once that a cage refuses.
 */
bool kept_start(struct kept *kept, int directory, struct reason *why);

/* Whole lines. */
void kept_take(struct kept *kept, const char *lines, size_t len);

/* Save, if it is time. now_us: monotonic. */
void kept_look(struct kept *kept, uint64_t now_us);

void kept_end(struct kept *kept);
