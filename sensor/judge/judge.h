/*
 * judge/judge - facts of one flow x matrix -> verdict and findings. Pure.
 *
 * May be called again whenever the facts changed; what is UNKNOWN waits. No I/O,
 * no clock, no memory of other flows.
 */
#pragma once

#include "analyze/facts.h"
#include "base/direction.h"
#include "flow/ambiguity.h"
#include "judge/catalogue.h"
#include "judge/listed.h"
#include "judge/memory.h"
#include "judge/names.h"
#include "matrix/criteria.h"

#define JUDGEMENT_REASON_BYTES 200
#define JUDGEMENT_DETAIL_BYTES 128

enum verdict { VERDICT_UNDECIDED = 0, VERDICT_LEGITIMATE, VERDICT_ILLEGITIMATE };

struct observation {
	/* NULL when no mail analysis was made: attempt, foreign protocol */
	const struct facts *facts;
	/* a mail protocol, PROTOCOL_ATTEMPT, or what speaks on a mail port */
	enum protocol protocol;
	/* a better name for a foreign protocol (nDPI), or NULL */
	const char *foreign_name;
	struct address client;
	struct address server;
	uint16_t client_port;
	uint16_t server_port;
	enum direction_confidence confidence;
	bool is_ended; /* nothing more will come: UNKNOWN becomes the best guess or stays */
	const char *how_far; /* of an attempt: what came of it */
	uint8_t transport;   /* IPPROTO_ of the packets; 0: TCP */
	struct way way;      /* by which the flow came in */
	/* of addresses that no zone holds, inside a declared tunnel; else NULL */
	const struct matrix_zone *zone_inside;
	const struct judge_memory *memory; /* what other flows taught, or NULL */
	const struct matrix_end *ends; /* client and server as the matrix has them, or
					  NULL: looked up */
	struct host_names names[2];    /* of client and server, as DNS had them */
	bool is_mail_by_name; /* nothing but a name of the matrix says that it is mail */
	const char *lookup;   /* record type asked of a name server ("MX"), or NULL */
	const char *lookup_name; /* the name asked for, where .lookup is set */
	bool is_lookup_iterative; /* asked as resolvers ask, one server after the other */
	const struct lists *lists; /* or NULL: none is declared */
	struct asked *asked;       /* what this matrix answered lately, or NULL */
	const struct flow_ambiguity *ambiguity; /* of its bytes, or NULL */
	uint64_t now_us;
};

struct judgement {
	enum verdict verdict;
	const struct matrix_row *row; /* the row that allows, or NULL */
	/* when illegitimate: the nearest row, or NULL */
	const struct matrix_row *nearest;
	bool is_expired; /* it names ends, protocol and port, and its end is behind us */
	struct matrix_end from;
	struct matrix_end to;
	struct listed listed;
	uint64_t findings; /* FINDING_BIT of each raised */
	uint64_t accepted; /* of these: they raise no alert */
	/* of each accepted: by whom */
	const struct matrix_acceptance *accepted_by[FINDING_FLOW_COUNT];
	uint8_t severity[FINDING_FLOW_COUNT]; /* enum severity, graded for this flow */
	char reason[JUDGEMENT_REASON_BYTES];  /* why this verdict, one sentence */
	/* what was seen, per finding raised; "" when the title says all */
	char detail[FINDING_FLOW_COUNT][JUDGEMENT_DETAIL_BYTES];
};

/* One of the observation's addresses, by the way in that it stands on. */
struct matrix_end judge_locate(const struct matrix *matrix,
	const struct observation *observation, const struct address *address);

void judge_flow(const struct matrix *matrix, const struct observation *observation,
	struct judgement *judgement);

/*
 * The ends inside a tunnel that nobody declared are a claim: what is found there is told
 * of the outer packet's ends, written over those of outer.
 */
void judge_outer(const struct way *way, struct observation *outer);

/* The same without its texts, which cost more than the rest: reason and details are "". */
void judge_flow_briefly(const struct matrix *matrix,
	const struct observation *observation, struct judgement *judgement);

const char *verdict_name(enum verdict verdict);
const char *direction_confidence_name(enum direction_confidence confidence);
