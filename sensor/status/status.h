/*
 * status/status - the page on which the processes of a running sensor tell how
 * they are: to the supervisor and to `mailwarden status`.
 *
 * A file <state-dir>/status, mapped by all. One writer per field: each process fills
 * its own part, the supervisor the rest. The supervisor holds a lock on the file as
 * long as it lives, so a page without a lock is of a sensor that ended; each of its
 * children holds one of its place, and the kernel, not the page, says who that is. To
 * ask takes no lock. A reader trusts no text to end and no number to be in range.
 */
#pragma once

#include "base/reason.h"
#include "engine/counters.h"
#include "judge/catalogue.h"
#include "judge/judge.h"
#include "matrix/expiry.h"
#include "status/bans.h"
#include "status/cells.h"
#include "status/list_states.h"

#include <stdatomic.h>
#include <sys/types.h>

#define SENSOR_SUPERVISOR 0 /* places on the page, and of rings */
#define SENSOR_REPORTER   1
#define SENSOR_WORKERS    2 /* the first of them */

#define STATUS_WORKERS_MAX   64
#define STATUS_NAME_BYTES    40
#define STATUS_SOURCE_BYTES  64
#define STATUS_HOST_BYTES    65
#define STATUS_COUNTERS_MAX  (ENGINE_COUNTERS_MAX + 32)
#define STATUS_SHIPPERS_MAX  16
#define STATUS_PROCESSES_MAX (STATUS_WORKERS_MAX + 8 + STATUS_SHIPPERS_MAX)

enum status_state {
	STATUS_STATE_NONE = 0,
	STATUS_STATE_STARTING, /* opening, not in its cage yet */
	STATUS_STATE_RUNNING,
	STATUS_STATE_DRAINING, /* told to end */
	STATUS_STATE_ENDED,
	STATUS_STATE_FAILED, /* why says */
};

enum status_end {            /* of a sensor */
	STATUS_END_NONE = 0, /* it runs, or was cut off */
	STATUS_END_ORDERLY,  /* as told, or for a reason it gave */
	STATUS_END_TOLD,     /* cut off, and its reporter could tell of it */
};

struct status_counter {
	char name[STATUS_NAME_BYTES];
	_Atomic uint64_t value;
};

#define STATUS_SENDERS_MAX 32 /* of a worker; whoever had least gives way */

struct status_sender { /* inline: whose flows would have been blocked */
	struct address address;
	_Atomic uint64_t count; /* 0: the place is free */
	_Atomic uint64_t since_us;
};

#define STATUS_VERDICTS       (VERDICT_ILLEGITIMATE + 1)
#define STATUS_PROTOCOL_OTHER (PROTOCOL_MAIL_LAST + 1) /* all that are no mail */
#define STATUS_PROTOCOLS      (STATUS_PROTOCOL_OTHER + 1)
#define STATUS_ROWS_MAX       64 /* of a worker, the first that let something by */

struct status_row {
	char id[STATUS_NAME_BYTES];
	_Atomic uint64_t count; /* 0: the place is free */
};

#define STATUS_CERTIFICATES_MAX 32 /* of a worker, those that expire first */

struct status_certificate { /* as last seen of a server */
	struct address server;
	uint16_t port;
	_Atomic int64_t not_after_s; /* 0: the place is free, or the two above change */
};

struct status_process {
	/* the process's own */
	_Atomic uint32_t state;  /* enum status_state */
	_Atomic uint32_t matrix; /* generation in use */
	_Atomic uint64_t heartbeat;
	_Atomic uint64_t packets; /* taken so far */
	_Atomic uint64_t lost;    /* before they could be taken */
	_Atomic uint64_t flows;   /* in the table now */
	_Atomic uint64_t lag_us;  /* age of the packet taken last, when it was taken */
	_Atomic uint64_t refused; /* records for which there was no room */
	_Atomic uint64_t faults; /* reporter: writes that failed; shipper: deliveries */
	_Atomic uint32_t is_down;       /* reporter, shipper: the last one did */
	_Atomic uint64_t down_since_us; /* shipper: monotonic; over its renewals */
	_Atomic uint64_t delivered;     /* shipper: records its output has */
	_Atomic uint64_t backlog;       /* shipper: bytes of the journal that wait */
	_Atomic uint64_t unreadable;    /* shipper: lines that it did not understand */
	/* shipper: real time of the oldest record that waits; 0: none; over its renewals */
	_Atomic uint64_t waits_since_us;
	/* shipper: it takes records that its receiver may not keep; why says */
	_Atomic uint32_t is_doubtful;
	/* a bit per interface: not open; down, or it was when it was left out */
	_Atomic uint32_t interfaces_missing;
	_Atomic uint32_t interfaces_down;
	_Atomic uint32_t interfaces_shunting; /* decided flows stay in the kernel */
	_Atomic uint64_t shunted;             /* of .packets, those that stayed there */
	_Atomic uint64_t findings[FINDING_COUNT];
	/* the same by enum severity, as each was told with */
	_Atomic uint64_t graded[FINDING_COUNT][SEVERITY_LOW + 1];
	_Atomic uint64_t verdicts[STATUS_VERDICTS][STATUS_PROTOCOLS]; /* of flows */
	struct status_row rows[STATUS_ROWS_MAX + 1]; /* the last: of all others */
	struct status_certificate certificates[STATUS_CERTIFICATES_MAX];
	_Atomic uint64_t held; /* alerts and records above their rate */
	/* enum severity, the worst it was told with; 0: it was not */
	_Atomic uint32_t worst[FINDING_COUNT];
	_Atomic uint64_t would_block[FINDING_FLOW_COUNT];
	struct status_sender senders[STATUS_SENDERS_MAX];
	_Atomic uint32_t counter_count;
	struct status_counter counters[STATUS_COUNTERS_MAX];
	struct reason why; /* when failed, or doubtful */
	/* the supervisor's */
	char name[STATUS_NAME_BYTES];     /* "worker 0", "reporter" */
	char source[STATUS_SOURCE_BYTES]; /* "eth0 eth1", "queue 3"; "" for others */
	_Atomic int pid;                  /* 0: none now */
	_Atomic uint64_t restarts;
	_Atomic uint64_t used_us;        /* of the processor, by the one of now */
	_Atomic uint64_t resident_bytes; /* of memory, what it shares included */
	_Atomic uint64_t waiting;        /* packets in its queue */
	_Atomic uint64_t queue_full;     /* times it was found full */
	/* packets that no worker looked at; where a full queue passes them, at least so many */
	_Atomic uint64_t unseen;
	_Atomic uint64_t unseen_most; /* in a second */
};

#define STATUS_ENDING_BYTES 72 /* "group " and a name */

struct status_endings { /* what of the matrix in use ends, of one kind */
	char next[STATUS_ENDING_BYTES]; /* name of the first to end */
	_Atomic int64_t next_s;         /* when, since 1970; 0: none ends */
	_Atomic uint32_t soon_count;    /* within 30 days */
	_Atomic uint32_t ended_count;
	_Atomic uint32_t over_count;     /* of these, rows that are let by no more */
	char ended[STATUS_ENDING_BYTES]; /* of the last that did */
	_Atomic int64_t ended_s;
};

struct status_page {
	char magic[16];
	uint32_t version;
	uint32_t size; /* of this struct */
	_Atomic int pid;
	/* places in a row: supervisor, reporter and workers up to here, */
	_Atomic uint32_t workers_end;
	_Atomic uint32_t outputs_end; /* then the shipper of each output up to here, */
	/* then the process that tells metrics, and the one that writes the page */
	_Atomic uint32_t place_count;
	_Atomic uint32_t matrix; /* generation of the matrix to be used */
	/* enum status_end; the reporter's when it is left alone */
	_Atomic uint32_t end;
	_Atomic uint64_t started_us;
	_Atomic uint64_t memory_bytes; /* what its workers take at most */
	_Atomic uint64_t alive_us;     /* the supervisor was at work, every second */
	_Atomic uint64_t loaded_us;    /* when the matrix in use was loaded */
	_Atomic uint64_t reload_failures;
	_Atomic uint64_t alerts;    /* of the sensor's own health */
	_Atomic uint64_t unwritten; /* bytes of records that were lost at its end */
	_Atomic uint32_t is_inline; /* the next two have no meaning otherwise */
	_Atomic uint32_t is_enforcing;
	_Atomic uint32_t is_fail_closed;
	/* a bit per enum forwarded_family: passes through this host, and past the queues */
	_Atomic uint32_t families_unseen;
	_Atomic uint32_t landlock; /* its version in this kernel; 0: none */
	/* the reporter's: the observed matrix, partial where it gave pairs up */
	_Atomic uint32_t observed_pairs;
	_Atomic uint32_t observed_room; /* most pairs */
	_Atomic uint64_t observed_given_up_pairs;
	_Atomic uint64_t observed_given_up_flows;
	char host[STATUS_HOST_BYTES];
	/* by enum matrix_ending_kind */
	struct status_endings endings[MATRIX_ENDING_COUNT];
	/* handed from one sensor to the next */
	struct matrix_expiry_told endings_told;
	struct bans bans;
	struct cells cells; /* the reporter's */
	struct list_states lists;
	struct status_process processes[STATUS_PROCESSES_MAX];
};

/*
 * The supervisor's: the page in the directory, locked. NULL with a reason, also when
 * another sensor runs there. *lock is the file that holds the lock: children close it.
 * What the sensor before wrote is on it until it is cleared; of another version, it is
 * cleared at once.
 */
struct status_page *status_create(int directory, int *lock, struct reason *why);
void status_clear(struct status_page *page);

/*
 * A child's, behind the fork and once it closed the supervisor's: from here on to its end
 * the kernel knows it by its place. Nothing else of it may open and close the file.
 */
bool status_keep_place(int directory, unsigned place);

/* The process that holds this place, by the kernel's word; 0: none, or none to be seen. */
pid_t status_holder(int lock, unsigned place);

/* A reader's. NULL with a reason when there is none or it is of another version. */
const struct status_page *status_open(
	const char *directory, bool *is_running, struct reason *why);

/* The same to take back a ban; never written to otherwise. */
struct bans *status_open_bans(const char *directory, struct reason *why);

const char *status_state_name(enum status_state state);

/* A process publishes its counters. */
void status_publish(
	struct status_process *process, const struct counter *counters, size_t count);

/* It was told so often, at worst with this severity. */
void status_note_finding(struct status_process *process, enum finding finding,
	enum severity severity, uint64_t count);

/* A flow ended; row: that let it by, or NULL. A bounded walk over the rows. */
void status_note_flow(struct status_process *process, enum verdict verdict,
	enum protocol protocol, const char *row);

struct status_ends { /* of a certificate; since 1970 */
	int64_t at_s;
	int64_t now_s;
};

/* A server showed a certificate that ends then; a bounded walk over them. */
void status_note_certificate(struct status_process *process,
	const struct address *server, uint16_t port, const struct status_ends *ends);

/*
 * Is the sensor at its work: its supervisor awake, its reporter and workers running, its
 * journal taking records? Else why says what is not. now_us: since 1970.
 */
bool status_is_healthy(
	const struct status_page *page, uint64_t now_us, struct reason *why);

/* A flow of this sender would have been blocked; a bounded walk over the senders. */
void status_note_sender(
	struct status_process *process, const struct address *sender, uint64_t now_us);

/*
 * Which interfaces a worker does not see, and why: "interface eth0 is down, interface
 * eth1 is not watched". Returns text, "" when it sees all.
 */
const char *status_interfaces_text(
	const struct status_process *process, char *text, size_t size);

/* Of a shipper: the age of the oldest record that waits. now_us: since 1970. */
uint64_t status_waited_us(const struct status_process *process, uint64_t now_us);

/* Of a shipper: for how long it is down; 0: it is not. now_us: monotonic. */
uint64_t status_down_us(const struct status_process *process, uint64_t now_us);

/* One of its counters, 0 where it has none of that name; as many steps as it has. */
uint64_t status_counter_of(const struct status_process *process, const char *name);

/* Field of the page as a text that ends and steers no terminal. Returns text. */
const char *status_text(const char *field, size_t field_size, char *text, size_t size);
