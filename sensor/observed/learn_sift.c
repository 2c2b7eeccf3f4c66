/* What one entry shows by itself, whoever its ends are. */
#include "observed/learn_steps.h"
#include "observed/rejudge.h"

/* They say no more than that no row allows it: the proposal answers that anew. */
#define ABOUT_ROWS                                        \
	(FINDING_BIT(FINDING_SENDER_ILLEGITIMATE) |       \
		FINDING_BIT(FINDING_FLOW_ILLEGITIMATE) |  \
		FINDING_BIT(FINDING_FLOW_ROLE_MISMATCH) | \
		FINDING_BIT(FINDING_SMTPS_IMPLICIT) |     \
		FINDING_BIT(FINDING_TLS_MISSING))

static void sift_findings(struct learn_edge *edge)
{
	/* what one flow's row accepted, another flow's may not have */
	const uint64_t findings = edge->entry->findings & ~ABOUT_ROWS;
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		const struct finding_row *row = finding_row((enum finding)i);
		if ((findings & FINDING_BIT(i)) != 0 &&
			row->severity <= SEVERITY_MEDIUM) {
			learn_put(
				edge, LEARN_REFUSED, row->recommendations[0], row->id);
			return;
		}
	}
}

/* As the declared matrix has it. True: nothing more is to be asked of this edge. */
static bool is_declared(const struct learn *learn, struct learn_edge *edge)
{
	static struct judgement judgement; /* too large for the stack */
	struct sighting sighting;
	if (!learn->settings->matrix) {
		return false;
	}
	observed_stand_in(learn->observed, edge->entry, &sighting);
	rejudge_sighting(learn->settings->matrix, &sighting, 0, &judgement);
	if (judgement.verdict == VERDICT_LEGITIMATE) {
		learn_put(edge, learn_is_mixed(edge) ? LEARN_ASK : LEARN_COVERED, NULL,
			"only some of its flows are allowed");
	} else if ((judgement.findings & FINDING_BIT(FINDING_TLS_MISSING)) != 0) {
		const struct finding_row *row = finding_row(FINDING_TLS_MISSING);
		learn_put(edge, LEARN_REFUSED, row->recommendations[0],
			"a declared row asks for TLS here");
	}
	return edge->basket != LEARN_OPEN;
}

static bool is_in_a_tunnel(const struct learn *learn, const struct learn_edge *edge)
{
	const struct way *way = observed_way(learn->observed, edge->entry->key.way);
	const bool is_wrapped = edge->entry->key.way != 0;
	return is_wrapped &&
	       (!learn->settings->matrix || way->depth == 0 ||
		       !matrix_tunnel_of(learn->settings->matrix, &way->tunnel));
}

/* Users, and servers among themselves, in clear; of others the row says so. */
static bool is_clear(const struct learn_edge *edge)
{
	return edge->entry->key.tls == FACTS_TLS_NONE &&
	       edge->entry->key.protocol != PROTOCOL_MAPI_RPC;
}

static void sift_doubt(struct learn_edge *edge)
{
	const struct observed_entry *entry = edge->entry;
	if (edge->client == LEARN_INTERNET && edge->server == LEARN_INTERNET) {
		learn_put(edge, LEARN_ASK, NULL, "no zone holds either end");
	} else if (edge->client == edge->server) {
		learn_put(edge, LEARN_ASK, NULL, "both ends are one host");
	} else if ((PROTOCOL_BIT(entry->key.protocol) &
			   (PROTOCOL_BITS_OF_MAIL | PROTOCOL_BIT(PROTOCOL_ATTEMPT))) ==
		   0) {
		learn_put(edge, LEARN_ASK, NULL, "no row can name what it speaks");
	} else if (entry->key.protocol == PROTOCOL_ATTEMPT) {
		learn_put(edge, LEARN_ASK, NULL, "nobody was seen to answer");
	} else if ((entry->flags & OBSERVED_HEARD) == 0 && learn_is_sending(edge)) {
		learn_put(edge, LEARN_REFUSED, "R37",
			"one end alone was heard: the sender may be another");
	} else if ((entry->flags & OBSERVED_HEARD) == 0) {
		learn_put(edge, LEARN_ASK, NULL, "one end alone was heard");
	} else if (entry->key.tls == FACTS_TLS_UNKNOWN) {
		learn_put(edge, LEARN_ASK, NULL, "TLS or not was not seen");
	} else if (entry->confidence == DIRECTION_CONFIDENCE_PORT) {
		learn_put(edge, LEARN_ASK, NULL, "who opened it was not seen");
	} else if ((entry->shown_by_all & SIGHTING_PROBE) != 0) {
		learn_put(edge, LEARN_ASK, NULL,
			"a probe that sends nothing: declare it with probe: yes");
	} else if (is_clear(edge) && !learn_is_internet(edge) &&
		   !learn_is_sending(edge)) {
		learn_put(edge, LEARN_REFUSED, "R41", "mail is read in clear");
	}
}

void learn_sift(struct learn *learn)
{
	for (size_t i = 0; i < learn->edge_count; i++) {
		struct learn_edge *edge = &learn->edges[i];
		if (is_declared(learn, edge)) {
			continue;
		}
		sift_findings(edge);
		if (edge->basket == LEARN_OPEN && edge->entry->clear_mechanisms != 0) {
			learn_put(edge, LEARN_REFUSED, "R41",
				"a password crosses in clear");
		}
		if (edge->basket == LEARN_OPEN && is_in_a_tunnel(learn, edge)) {
			learn_put(edge, LEARN_REFUSED, "R37",
				"it is inside a tunnel that nobody declared");
		}
		if (edge->basket == LEARN_OPEN) {
			sift_doubt(edge);
		}
	}
}
