/*
 * observed/rejudge - hold a sighting against a matrix, as its flow was held when it ended.
 *
 * In: a sighting and any compiled matrix. Out: verdict, row and nearest row by the same
 * judge/ that judged the packets. Against the matrix of its record they are the record's.
 * The findings are those that the sighting's members show: what other flows taught,
 * certificates' ends and header fields are not among them.
 *
 * Against another matrix: the ends stay as judged (whether a proxy is believed is not
 * asked again), and names that DNS gave are known only where the old one declared some.
 * now_us: the matrix's rows that ended by then are over; 0: by the sighting's own time.
 */
#pragma once

#include "observed/sighting.h"

/* What the flow is judged by. Borrows the sighting; not to be moved once it is filled. */
struct rejudge_flow {
	struct facts facts;
	struct observation observation;
};
void rejudge_fill(const struct matrix *matrix, const struct sighting *sighting,
	uint64_t now_us, struct rejudge_flow *flow);

void rejudge_sighting(const struct matrix *matrix, const struct sighting *sighting,
	uint64_t now_us, struct judgement *judgement);
