/*
 * commands/diff_traffic - recorded flows that two matrices judge differently.
 *
 * In: captures, read once, each frame through an engine of either matrix; and whatever else
 * holds recorded flows (commands/traffic), added up and each entry judged by either. Out:
 * the mail flows whose verdict is another, alike ones together. Each is judged as of its
 * own time, so a row that has expired since is in force. Keeps so many; what comes behind
 * them is not compared, and told.
 */
#pragma once

#include "commands/options.h"
#include "engine/record.h"

#define DIFF_TRAFFIC_FLOWS    (1U << 20)
#define DIFF_TRAFFIC_EXAMPLES 3

struct diff_flow {
	bool is_told[2]; /* by side: a record of it was given */
	enum verdict verdict[2];
	const struct matrix_row *row[2]; /* that allows it, or NULL */
	const char *from[2];             /* group or zone, as the matrix has them */
	const char *to[2];
	struct address client;
	struct address server;
	uint16_t port;
	enum protocol protocol;
	uint64_t start_us;
	const char *file; /* the capture, or NULL */
	uint32_t flows;   /* that it stands for: 1, or those of an observed entry */
};

/* Flows alike in all but their addresses and times, in order of time. */
struct diff_flows {
	const struct diff_flow *const *list;
	size_t count;
	uint64_t flows; /* that they stand for */
};

struct diff_traffic {
	struct diff_flow *flows; /* in the order of their ends */
	size_t flow_count;
	const struct diff_flow **changed; /* those judged differently, group by group */
	size_t changed_count;
	/* what becomes illegitimate first, then the largest */
	struct diff_flows *groups;
	size_t group_count;
	uint64_t flows_seen; /* that all of them stand for */
	uint64_t flows_changed;
	bool is_partial; /* more flows than are kept */
};

/*
 * Returns enum command_exit: what failed was told. The matrices are borrowed until
 * diff_traffic_free, which is due in any case.
 */
int diff_traffic_read(struct diff_traffic *traffic, const struct option_words *files,
	const struct matrix *const matrices[2]);
void diff_traffic_free(struct diff_traffic *traffic);

/* "legitimate", "illegitimate", "undecided", or "no mail" where it gave no record. */
const char *diff_verdict(const struct diff_flow *flow, int side);
