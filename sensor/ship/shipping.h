/*
 * ship/shipping - follow the journal for one output: read, send, keep the place.
 *
 * The place (a cursor in the journal's folder) moves when the receiver has all before
 * it. While the receiver is down: a growing pause, one warning a minute. Never skips
 * a record that the output wants, unless the journal dropped it (then counted).
 */
#pragma once

#include "journal/journal_reader.h"
#include "ship/output.h"

#define SHIPPING_EVENTS_MAX  256 /* of one call of send */
#define SHIPPING_TEXT_BYTES  ((size_t)512 * 1024)
#define SHIPPING_PENDING_MAX 4096 /* sent and not acknowledged */

struct shipping_numbers {
	uint64_t delivered;  /* events the receiver has, since the start */
	uint64_t failures;   /* times the output was down */
	uint64_t unreadable; /* lines that are no record of ours, each once */
	uint64_t backlog;    /* bytes behind the place */
	/* real time: of the oldest event that waits, as far as it could; 0: none does */
	uint64_t oldest_us;
	uint64_t lost_bytes; /* dropped by the journal before they were sent */
	bool is_down;
	uint64_t down_since_us; /* monotonic */
};

struct shipping_pending {
	uint64_t end; /* to commit when it is acknowledged */
	uint64_t time_us;
};

struct shipping {
	const struct output *output;
	void *state; /* of the shipper */
	struct shipping_numbers numbers;
	uint64_t commit; /* the place as it may be kept */
	uint64_t commit_us;
	uint64_t retry_us; /* down: not before */
	uint64_t pause_us;
	uint64_t warn_us;
	uint64_t look_us;
	uint64_t sent_us;         /* when send was called last; 0: never */
	uint64_t down_us;         /* since when; 0: it is not */
	uint64_t empty_us;        /* real time: nothing that waits was written before */
	uint64_t unreadable_end;  /* behind the last line that was counted as that */
	uint64_t unreadable_told; /* as logged last */
	uint64_t unreadable_us;   /* when; 0: never */
	bool is_read;             /* for the next step */
	bool is_more;             /* lines were there */
	size_t oldest;            /* in pending */
	size_t pending_count;
	struct shipping_pending pending[SHIPPING_PENDING_MAX];
	size_t count;
	struct event events[SHIPPING_EVENTS_MAX];
	struct journal_reader reader;
	size_t text_len;
	char text[SHIPPING_TEXT_BYTES]; /* the events' lines */
};

enum shipping_step {
	SHIPPING_BUSY = 0, /* there may be more at once */
	SHIPPING_IDLE,     /* all that is in the journal is delivered */
	SHIPPING_WAITING,  /* for acknowledgements */
	SHIPPING_DOWN,
};

/*
 * directory and path: of the journal. The shipper is opened and the cursor taken;
 * false with a reason, also when another process ships to this output.
 */
bool shipping_open(struct shipping *shipping, const struct shipper_context *context,
	int directory, const char *path, struct reason *why);

/* Behind open: what was known of this output by the process before. */
void shipping_carry_on(
	struct shipping *shipping, const struct shipping_numbers *before);

/*
 * Read what the next step sends, so that the numbers tell what waits while it does.
 * now_us: monotonic.
 */
void shipping_read(struct shipping *shipping, uint64_t now_us);

/* Do one round: read, send, keep the place. Waits for the receiver alone. */
enum shipping_step shipping_step(struct shipping *shipping, uint64_t now_us);

/* How long until the next round is worth it, in ms. */
unsigned shipping_wait_ms(
	const struct shipping *shipping, enum shipping_step step, uint64_t now_us);

/* The folder in which the shipper opens files, or -1. */
int shipping_directory(const struct shipping *shipping);

/* The files that its library opens late, or NULL. */
const struct lent_file *shipping_files(const struct shipping *shipping);

/* The TCP ports that it connects to, 0 behind the last; NULL: any. */
const uint16_t *shipping_ports(const struct shipping *shipping);

/* Whether its sockets are of UDP. */
bool shipping_is_udp(const struct shipping *shipping);

/* Why the receiver may not keep what it takes; "": it does, as far as known. */
const char *shipping_doubt(const struct shipping *shipping);

/* Whether a name leads to its receiver, which is resolved when it is opened anew. */
bool shipping_is_named(const struct shipping *shipping);

/* The operator asked (SIGHUP) to open anew what may have been moved away. */
void shipping_reopen(struct shipping *shipping);

/* Keep the place, close the output. */
void shipping_close(struct shipping *shipping);
