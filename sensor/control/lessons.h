/*
 * control/lessons - what the workers learn of mail servers: shared by all, and its file.
 *
 * A server's flows are spread over the workers, and so are mail and the DNS answer that
 * led to it. Each learns from its own and tells the reporter, which keeps the ledger of
 * all, saves it as <state-dir>/servers.state, and passes each lesson on to the other
 * workers; names are not saved, they soon end, but a worker that is started anew asks for
 * them. Rings of plain data; no worker touches the disk or waits for it: where there is
 * no room the lesson is refused and counted.
 */
#pragma once

#include "control/sensor.h"
#include "judge/ledger.h"
#include "judge/names.h"

#define LESSONS_FILE  "servers.state"
#define LESSONS_NAMES 4096 /* one gives way to the next of its hash */

/* In the supervisor, before it forks: make a ring each way for every worker. */
bool lessons_make_rings(struct sensor *sensor, struct reason *why);

/* In a worker: take what the file knows. One that cannot be read is logged, no fault. */
void lessons_recall(const struct sensor *sensor, struct ledger *ledger);

/* In a worker: have the reporter tell the names that it heard; they come by and by. */
void lessons_ask(const struct sensor *sensor, unsigned place);

/* In a worker: learn what the other workers told, a bounded number at once. */
void lessons_hear(const struct sensor *sensor, unsigned place, struct ledger *ledger,
	struct names *names);

/* In a worker: count lessons, its own and others', for which there was no room. */
uint64_t lessons_lost(const struct sensor *sensor, unsigned place);

/* What the reporter keeps: the ledger of all workers. */
struct lessons {
	const struct sensor *sensor;
	struct ledger *ledger;
	struct hash_seed seed;
	struct names_lesson *names; /* LESSONS_NAMES places; no name in a free one */
	uint32_t next[STATUS_WORKERS_MAX]; /* place to tell to who asked; or the last */
	bool is_changed;
	uint64_t save_us; /* not before */
	uint64_t warn_us;
	uint64_t faults; /* lessons that were none, saves that failed */
};

/*
 * Read the file. One with a mistake in it is set aside as servers.state.broken, what
 * stands before the mistake is used; false where the system refuses to read it.
 */
bool lessons_start(
	struct lessons *lessons, const struct sensor *sensor, struct reason *why);

/*
 * Learn what waits and pass it on; save once a minute where there is something new.
 * now_us: monotonic.
 */
void lessons_take(struct lessons *lessons, uint64_t now_us);

/* Once the workers are gone: learn what is left and save. */
void lessons_end(struct lessons *lessons);
