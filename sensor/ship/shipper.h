/*
 * ship/shipper - the kinds of outputs: how records get to somebody else.
 *
 * A shipper is given events of the journal, in order, and says which of them the
 * receiver has. What it does not have is given again after a pause: at least once,
 * told apart by event_id. It may wait for its receiver, at most for SHIPPER_WAIT_S:
 * it has a process to itself. To add one: a file here, a row in shipper.c.
 */
#pragma once

#include "base/lent_file.h"
#include "base/schema.h"
#include "ship/event.h"

#define SHIPPER_WAIT_S 60 /* longest that one call of send may take */

struct output;

/* What a shipper may know; outlives it. */
struct shipper_context {
	const struct output *output; /* its name and settings */
	const char *host;            /* name of the sensor, as in records */
	const char *journal;         /* id of the journal: positions are within it */
};

enum shipper_result {
	SHIPPER_DELIVERED =
		0,      /* all taken; *acked of them and of earlier ones are safe */
	SHIPPER_AGAIN,  /* output down: only *acked are safe, the rest comes again */
	SHIPPER_REWIND, /* the receiver stands elsewhere: give all behind place() */
};

struct shipper {
	const char *name; /* "type:" of an output */
	const char *what; /* one line */
	unsigned events;  /* enum event_kind: what it gets where not told */
	const struct schema_key *keys;

	/*
	 * Before the cage: read secrets, load libraries, resolve names. The receiver
	 * may be down: connect in send. NULL with a reason for what a human must change.
	 */
	void *(*open)(const struct shipper_context *context, struct reason *why);

	/*
	 * In the cage: sockets may be opened, files may not. count 0: nothing new, only
	 * collect acknowledgements that came late. *acked: how many events became safe
	 * with this call, counted in the order given, over all calls since the last
	 * SHIPPER_AGAIN. After SHIPPER_AGAIN forget all that was not acked. why: set with
	 * SHIPPER_AGAIN.
	 */
	enum shipper_result (*send)(void *state, const struct event *events,
		size_t count, size_t *acked, struct reason *why);

	void (*close)(void *state);

	/* The rest may be NULL. */

	/* What no table of keys says: which belong together. Opens and asks nothing. */
	bool (*check)(const struct schema_values *values, struct reason *why);

	/* What open would refuse, without a trace of it. NULL: open leaves none. */
	bool (*probe)(const struct schema_values *values, struct reason *why);

	/* The operator asked (SIGHUP) to open anew what may have been moved away. */
	void (*reopen)(void *state);

	/*
	 * Of a receiver that knows its place in our journal, and may lose what it had
	 * acknowledged: up to where it has all, asked after SHIPPER_REWIND. 0: it has
	 * nothing. What was given and not acked is to be forgotten.
	 */
	uint64_t (*place)(void *state);

	/* Takes records, and why they may not be kept there; "": they are. */
	const char *(*doubt)(void *state);

	/* With nothing to send, send is called with count 0 this often; 0: it is not. */
	unsigned idle_ms;

	int (*directory)(void *state); /* the one where it may open files, or -1 */
	const struct lent_file *(*files)(void *state); /* to be lent in the cage */

	/* Whether a name leads to its receiver: opened anew it may lead elsewhere. */
	bool (*is_named)(void *state);

	/*
	 * TCP ports that it connects to, 0 behind the last; NULL: any. Where there are
	 * none, as without this, its sockets in the cage are local ones.
	 */
	const uint16_t *(*ports)(void *state);

	/* Whether those are ports of UDP: its sockets are of that alone. */
	bool (*is_udp)(void *state);

	/* Its library starts threads: in send, so that they are in the cage as well. */
	bool has_threads;
};

/* The shipper of that name ("type:" of an output), or NULL. */
const struct shipper *shipper_find(const char *name);

/* The shippers in the order of the table; NULL behind the last. */
const struct shipper *shipper_at(size_t index);
