/*
 * control/lessons - what the workers learn: shared by all, and its file.
 *
 * A server's flows are spread over the workers, and so are those that a relay is given
 * and passes on, mail and the DNS answer that led to it, and what repeats. Each worker
 * learns from its own flows and tells the others by its feed, with how far it has come, so
 * that what they learn before a moment is known to whoever judges a flow of that moment.
 * What outlives a worker goes to the reporter too, which keeps the ledger of all and saves
 * it as <state-dir>/servers.state; names are not saved, they soon end, but a worker that is
 * started anew asks for them. Plain data; no worker touches the disk or waits for it: where
 * there is no room the lesson is lost and counted.
 */
#pragma once

#include "control/sensor.h"
#include "judge/ledger.h"
#include "judge/names.h"

#define LESSONS_FILE  "servers.state"
#define LESSONS_NAMES 4096 /* one gives way to the next of its hash */

/* In the supervisor, before it forks: what the workers tell each other by, and share. */
bool lessons_make_rings(struct sensor *sensor, struct reason *why);

/* In a worker: take what the file knows. One that cannot be read is logged, no fault. */
void lessons_recall(const struct sensor *sensor, struct ledger *ledger);

/* In a worker: have the reporter tell the names that it heard; they come by and by. */
void lessons_ask(const struct sensor *sensor, unsigned place);

/* In a worker: what learns. */
struct lessons_listener {
	const struct sensor *sensor;
	unsigned place;
	struct ledger *ledger;
	struct names *names;
	struct structure *structure;
	void (*folded)(void *context, const struct fold_lesson *lesson);
	void *context;
	struct feed_reader readers[STATUS_WORKERS_MAX];
	uint64_t moment_us; /* told to the others: all before it is known to them */
	uint64_t come_us;   /* all others had come to this moment */
	uint64_t window_us; /* since this moment ... */
	unsigned turns;     /* ... it waited so often */
	uint64_t alone;     /* moments at which they had not, and patience ended */
	uint64_t faults;    /* lessons that were none */
};

/* Place and what learns are set; from here on it hears of what the others learn. */
void lessons_listen(struct lessons_listener *listener);

/* Learn what was told so far, at most what feeds and ring hold. */
void lessons_hear(struct lessons_listener *listener);

/* All that it learns of flows before this moment was told. */
void lessons_come_to(struct lessons_listener *listener, uint64_t moment_us);

/*
 * What it learns before this moment was told; learn what all other workers that run do,
 * for which they may be waited for, so long and no longer than until the real time is so
 * much later.
 */
void lessons_await(
	struct lessons_listener *listener, uint64_t moment_us, uint64_t patience_us);

/* Its flows have ended; learn of those of others, which may end at the same time. */
void lessons_await_end(struct lessons_listener *listener);

/* Lessons, its own and others', for which there was no room. */
uint64_t lessons_lost(const struct lessons_listener *listener);

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
