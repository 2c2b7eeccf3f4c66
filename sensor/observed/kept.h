/*
 * observed/kept - an observed matrix that follows a running sensor's records.
 *
 * In: records as lines, as they reach the journal. Out: the file `observed` in the state
 * directory, saved once a minute at most and at the end, so that whoever is killed loses
 * no more than that, and read again at the next start. Lines that are no records of mail
 * flows are let by. Does not wait for anybody; faults are logged, once a minute at most.
 *
 * A save is made in pieces, one for each look, so that no record waits for a large one. What
 * comes meanwhile is held back as lines (KEPT_WAITING_BYTES), and added once the file is
 * whole: it is of one moment. Only where more comes than that, the save is made at once.
 */
#pragma once

#include "base/replaced_file.h"
#include "observed/observed.h"

#define KEPT_FILE          "observed"
#define KEPT_WAITING_BYTES ((size_t)8 << 20)
#define KEPT_PAIRS_LEAST   256
#define KEPT_PAIRS_MOST    1048576 /* of them any file is small enough to be read */

struct observed_writing;

struct kept_listener { /* told of each sighting; .take NULL: nobody is */
	void (*take)(void *context, const struct sighting *sighting);
	void *context;
};

struct kept {
	struct kept_listener listener; /* none, from the start */
	struct observed *observed;
	int directory;
	bool is_changed; /* since the last save began */
	uint64_t look_us;
	uint64_t save_us; /* not before */
	uint64_t warn_us;
	uint64_t faults; /* saves that failed */
	/* while a save is under way; else .writing is NULL */
	struct observed_writing *writing;
	struct replaced_file file;
	unsigned pieces;
	/* lines that came meanwhile, or that are not added yet */
	char *waiting;
	size_t waiting_at;
	size_t waiting_end;
};

/*
 * Of so many pairs. A file that cannot be used is set aside as observed.broken, and told.
 * False: the system refuses to read it, or there is no memory. Here all is called once that
 * a cage refuses.
 */
bool kept_start(struct kept *kept, int directory, uint32_t pairs, struct reason *why);

/* Whole lines. */
void kept_take(struct kept *kept, const char *lines, size_t len);

/* One piece of a save, if it is time. True: there is more to do now. now_us: monotonic. */
bool kept_look(struct kept *kept, uint64_t now_us);

void kept_end(struct kept *kept);
