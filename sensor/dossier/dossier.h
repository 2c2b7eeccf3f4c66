/*
 * dossier/dossier - the report that an auditor hands over, as plain data.
 *
 * In: flows that ended, alerts and sightings; the observed matrix that they add up to; the
 * declared matrix. Out: one struct that says all that the document says: how much could be
 * seen, one verdict per recommendation (report/conformity) with the findings behind it, the
 * grid, offenders, servers, rows, and what changed since an earlier one (dossier/baseline).
 * Counts and sorts; judges nothing that judge/ does not. Equal input, equal output: no
 * clock, no I/O, and order never depends on a hash.
 */
#pragma once

#include "base/reason.h"
#include "dossier/audited.h"
#include "dossier/reported.h"
#include "observed/grid.h"
#include "report/conformity.h"

#define DOSSIER_OFFENDERS    50 /* that are listed; how many there are is told */
#define DOSSIER_SERVERS      200
#define DOSSIER_EXAMPLES     3 /* of a recommendation */
#define DOSSIER_SOURCES      32
#define DOSSIER_SOURCE_BYTES 128
#define DOSSIER_NAME_BYTES   SIGHTING_NAME_BYTES
#define DOSSIER_DAYS         400 /* that are told apart, from the first that came */

/* Against an earlier report. */
enum dossier_change {
	DOSSIER_CHANGE_NONE = 0, /* there is no earlier one */
	DOSSIER_CHANGE_NEW,
	DOSSIER_CHANGE_STILL,
	DOSSIER_CHANGE_FIXED,  /* it was there, is not, and could have been seen */
	DOSSIER_CHANGE_UNSEEN, /* it was there, and cannot be told to be gone */
	DOSSIER_CHANGES
};

/* One flow. */
struct dossier_example {
	uint64_t time_us;
	uint64_t start_us; /* of the flow, where single flows were seen; else 0 */
	uint64_t packet;   /* its first, of its capture, from 1; 0: not known */
	uint64_t flow_id;
	struct address client;
	struct address server;
	uint16_t client_port;
	uint16_t server_port;
	char protocol[40];
	char source[DOSSIER_SOURCE_BYTES];   /* capture or interface; or "" */
	char community_id[32];               /* or "" */
	char event_id[SIGHTING_EVENT_BYTES]; /* of its record; or "" */
};

/* All flows with one finding, by one row, between two groups. */
struct dossier_breach {
	const char *fingerprint; /* "tls.missing|M-20|mailboxes|relay" */
	enum finding finding;
	uint8_t severity;  /* the gravest of them */
	bool is_notice;    /* mild: counts as no breach */
	uint32_t subjects; /* 1 << enum conformity_subject of each it counts against */
	const char *row;   /* at fault: it allowed them; or NULL */
	const char *nearest; /* none allowed them; the nearest; or NULL */
	const char *from;    /* group or zone; or NULL */
	const char *to;
	uint64_t flows;
	uint64_t first_us;
	uint64_t last_us;
	struct dossier_example example; /* the gravest, then the earliest */
	enum dossier_change change;
};

/* A finding that the matrix accepts. */
struct dossier_accepted {
	const struct matrix_acceptance *by;
	enum finding finding;
	uint64_t flows;
};

/* A host whose flows no row allows. */
struct dossier_offender {
	struct address client; /* all zero: hosts of the Internet, together */
	const char *group;
	uint64_t flows;
	uint64_t reasons; /* FINDING_BIT of each */
	uint64_t first_us;
	uint64_t last_us;
	char name[DOSSIER_NAME_BYTES]; /* that it greets with; or "" */
};

/* A server of ours, by port and protocol. */
struct dossier_server {
	struct address server;
	uint16_t port;
	uint8_t protocol; /* enum protocol */
	const char *group;
	uint64_t flows;
	uint64_t encrypted;
	uint64_t messages; /* that crossed in clear, and how often it said no */
	uint64_t refusals;
	uint64_t deferrals;
	uint8_t versions; /* enum observed_version: that its clients got */
	uint8_t offered;  /* 1 << enum facts_answer: STARTTLS */
	uint64_t last_us;
	int64_t certificate_end_s; /* 0: it showed none */
	char name[DOSSIER_NAME_BYTES];
};

struct dossier_row {
	const struct matrix_row *row; /* the first of its pairs of ends */
	uint64_t flows;
	uint64_t last_us;
	bool is_over; /* it ended before the last flow that was seen */
};

/* UTC. */
struct dossier_day {
	int64_t day; /* since 1970 */
	uint64_t flows;
	uint64_t breaches; /* findings of its flows */
	uint64_t notices;
};

enum dossier_input_kind {
	DOSSIER_INPUT_CAPTURE = 0,
	DOSSIER_INPUT_JOURNAL,
	DOSSIER_INPUT_LINES,
	DOSSIER_INPUT_OBSERVED,
	DOSSIER_INPUT_MATRIX,
	DOSSIER_INPUTS
};

struct dossier_input {
	const char *name; /* as given */
	enum dossier_input_kind kind;
	char digest[65]; /* SHA-256, or "": it is no file */
};

struct dossier_head {
	const char *title;                  /* or NULL: the standard one */
	const char *organisation;           /* or NULL */
	const char *author;                 /* who ran it; or NULL */
	const struct dossier_input *inputs; /* matrices first */
	size_t input_count;
};

struct dossier_sight {
	struct conformity_reach reach;
	uint64_t flows; /* of the observed matrix, attempts among them */
	uint64_t attempts;
	uint64_t encrypted;
	uint64_t undecided;
	uint64_t given_up_pairs; /* of the observed matrix */
	bool is_of_sums;         /* of pairs, not of single flows */
	const char *lacking;     /* of a capture a part is missing: what; or NULL */
	bool is_of_records;      /* of some at least, not only of captures */
	bool has_frames;         /* captures: what could not be decoded is known */
	struct blindness blindness;
	uint64_t first_us; /* of all that was ever seen; 0: nothing was */
	uint64_t last_us;
	char sources[DOSSIER_SOURCES][DOSSIER_SOURCE_BYTES];
	size_t source_count;
	bool is_more_sources; /* there were others */
};

/* From when, and until when; of pairs the days that begin in it. All 0: any time. */
struct dossier_span {
	uint64_t from_us;
	uint64_t until_us; /* the first behind it */
};

struct dossier {
	struct dossier_head head;
	/*
	 * Set behind dossier_start: verdicts, findings and certificates are of flows that
	 * ended in it; grid, offenders, servers and rows of whatever was observed.
	 */
	struct dossier_span span;
	const struct matrix *matrix;
	struct conformity *conformity;
	struct grid *grid;
	struct dossier_sight sight;
	struct dossier_breach *breaches; /* gravest first */
	size_t breach_count;
	struct dossier_accepted *accepted;
	size_t accepted_count;
	struct dossier_offender *offenders; /* most flows first, all of them */
	size_t offender_count;              /* of these, to be listed */
	size_t offender_total;
	struct dossier_server *servers; /* by address, port, protocol; all of them */
	size_t server_count;
	size_t server_total;
	struct dossier_row *rows; /* as declared */
	size_t row_count;
	/* in order; none of pairs, which have no single flows */
	struct dossier_day *days;
	size_t day_count;
	bool is_more_days; /* there were others */
	struct reported reported;
	/* of an earlier report: what is no longer there, with .change set; its fields are
	   those of the file and no others */
	struct dossier_breach *gone;
	size_t gone_count;
	bool has_baseline;
	struct audited audited;        /* what was asked, whatever the span */
	struct dossier_making *making; /* private to dossier/ */
};

/* Borrows the matrix until dossier_free. False: no memory, and *why. */
bool dossier_start(
	struct dossier *dossier, const struct matrix *matrix, struct reason *why);
void dossier_free(struct dossier *dossier);

/* Of a capture: a flow that ended, and what was found on flows. */
void dossier_mail(struct dossier *dossier, const struct record *record);
void dossier_alert(struct dossier *dossier, const struct record *record,
	enum finding finding, const struct fold_count *count);

/* Of recorded flows: each is judged anew by the matrix as it is. */
void dossier_sighting(struct dossier *dossier, const struct sighting *sighting);

/* Of a recorded flow that counts by its pair: its certificate alone. */
void dossier_certificate_of(struct dossier *dossier, const struct sighting *sighting);

/*
 * A line of records: an alert of what has no mail flow, and so no sighting (port.foreign,
 * sender.mx-lookup). Any other line is let by.
 */
void dossier_told(struct dossier *dossier, const char *line, size_t len);

/*
 * A line of records: counters of a sensor, which say what could not be looked into. Any
 * other line is let by.
 */
void dossier_stats(struct dossier *dossier, const char *line, size_t len);

/* A line of records: what an audit was answered. Any other line is let by. */
void dossier_audit(struct dossier *dossier, const char *line, size_t len);

/*
 * Once all is in: what all flows add up to. is_of_sums: nothing else was given, each pair
 * stands for its flows. False: no memory.
 */
bool dossier_finish(
	struct dossier *dossier, const struct observed *observed, bool is_of_sums);

static inline bool dossier_is_in_span(const struct dossier *dossier, uint64_t time_us)
{
	return time_us >= dossier->span.from_us &&
	       (dossier->span.until_us == 0 || time_us < dossier->span.until_us);
}

static inline bool dossier_is_of(
	const struct dossier_breach *breach, enum conformity_subject subject)
{
	return (breach->subjects & (1U << subject)) != 0;
}

/* That are no notices and changed so. */
size_t dossier_count_change(const struct dossier *dossier, enum dossier_change change);
