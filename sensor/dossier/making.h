/*
 * dossier/making - what is at hand only while a report is made. Private to dossier/.
 */
#pragma once

#include "base/arena.h"
#include "base/name_table.h"
#include "dossier/dossier.h"

struct dossier_making {
	struct arena arena;             /* of fingerprints */
	struct name_table breaches;     /* by fingerprint: place in the list */
	struct name_table places;       /* the same, sorted (dossier/baseline) */
	struct name_table certificates; /* by "address port": place in the list */
	int64_t *certificate_ends;
	/* by source or policy, and domain: place in its list; by event id */
	struct name_table reported;
	struct name_table processes; /* of records: by sensor, start and process */
	struct dossier_counted *counted;
	size_t counted_count;
	struct blindness blindness; /* the sum, and what ended processes had told */
	uint64_t given_up;
	size_t certificate_count;
};

/* What one flow, or several alike, adds to the breaches. */
struct breach_given {
	const struct record *record;
	enum finding finding;
	uint64_t flows;
	uint64_t first_us;
	uint64_t last_us;
	uint64_t start_us; /* of the flow; or 0 */
	uint64_t flow_id;
	const char *event_id;     /* or NULL */
	const char *source;       /* or NULL */
	const char *community_id; /* or NULL */
};
void breaches_add(struct dossier *dossier, const struct breach_given *given);

/* Gravest first, then by fingerprint. */
void breaches_sort(struct dossier *dossier);

/* A finding that is accepted. */
void breaches_accept(struct dossier *dossier, const struct matrix_acceptance *by,
	enum finding finding, uint64_t flows);

/* The end of the certificate that this server showed last; 0: none. */
int64_t dossier_certificate(
	const struct dossier *dossier, const struct address *server, uint16_t port);

/* A flow, or several that were all alike, as recorded; source: where, or NULL. */
struct recorded {
	const struct sighting *sighting;
	uint64_t flows;
};
void dossier_recorded(struct dossier *dossier, const struct recorded *recorded);

/* Where a flow was seen. */
void dossier_source(struct dossier *dossier, const char *source);

/* What is counted of a day: of its flows, or of their findings. */
enum day_count { DAY_FLOWS = 0, DAY_BREACHES, DAY_NOTICES };
void days_add(struct dossier *dossier, uint64_t time_us, enum day_count which,
	uint64_t count);
void days_sort(struct dossier *dossier);

/* What is no longer so by the matrix goes; the rest in order. */
void reported_finish(struct dossier *dossier);

/* What all processes counted, as their records last told. */
void dossier_sum_stats(struct dossier *dossier);

/* Offenders, servers, rows, and the sums. (views.c) */
bool dossier_view(struct dossier *dossier, const struct observed *observed);
