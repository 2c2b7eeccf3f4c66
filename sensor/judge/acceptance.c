#include "judge/acceptance.h"

#include "judge/recommendation.h"
#include "matrix/acceptance.h"

/* Whose host a finding is told of: that end's group may accept it. */
enum told_of {
	TOLD_OF_EITHER = 0,
	TOLD_OF_CLIENT,
	TOLD_OF_SERVER,
	TOLD_OF_MISPLACED, /* the server, if it is, else the client */
};

static const uint8_t TOLD_OF[FINDING_FLOW_COUNT] = {
	[FINDING_TLS_STARTTLS_NOT_OFFERED] = TOLD_OF_SERVER,
	[FINDING_TLS_STARTTLS_REFUSED] = TOLD_OF_SERVER,
	[FINDING_TLS_STARTTLS_UNUSED] = TOLD_OF_CLIENT,
	[FINDING_TLS_CERTIFICATE_EXPIRED] = TOLD_OF_SERVER,
	[FINDING_TLS_CERTIFICATE_EXPIRING] = TOLD_OF_SERVER,
	[FINDING_TLS_CERTIFICATE_SELF_SIGNED] = TOLD_OF_SERVER,
	[FINDING_TLS_CERTIFICATE_NAME_MISMATCH] = TOLD_OF_SERVER,
	[FINDING_TLS_CERTIFICATE_WEAK_KEY] = TOLD_OF_SERVER,
	[FINDING_TLS_CERTIFICATE_CHANGING] = TOLD_OF_SERVER,
	[FINDING_TLS_CLIENT_CERTIFICATE_MISSING] = TOLD_OF_CLIENT,
	[FINDING_REQUIRETLS_CLEAR] = TOLD_OF_CLIENT,
	[FINDING_ZONE_MAILBOX_MISPLACED] = TOLD_OF_MISPLACED,
	[FINDING_ZONE_USER_ACCESS_EXPOSED] = TOLD_OF_SERVER,
	[FINDING_HEADER_INTERNAL_LEAK] = TOLD_OF_CLIENT,
	[FINDING_AUTHENTICATION_MISSING] = TOLD_OF_CLIENT,
	[FINDING_SMTP_SMUGGLING] = TOLD_OF_CLIENT,
	[FINDING_SENDER_OWN_DOMAIN_OUTSIDE] = TOLD_OF_CLIENT,
	[FINDING_SENDER_FOREIGN_DOMAIN_OUT] = TOLD_OF_CLIENT,
};

/* Of somebody on the path, not of how a site is built: by their own name alone. */
#define TRACES_OF_ATTACK                                        \
	(FINDING_BIT(FINDING_TLS_STARTTLS_STRIPPED) |           \
		FINDING_BIT(FINDING_TLS_STARTTLS_INJECTION) |   \
		FINDING_BIT(FINDING_TLS_CERTIFICATE_CHANGING) | \
		FINDING_BIT(FINDING_SMTP_SMUGGLING))

/* Those in force that speak of a flow, or NULL. */
struct speakers {
	const struct matrix_acceptance *row;
	const struct matrix_acceptance *client;
	const struct matrix_acceptance *server;
};

static const struct matrix_acceptance *in_force(
	const struct judge_case *judged, const struct matrix_acceptance *acceptance)
{
	const int64_t now_s = (int64_t)(judged->observation->now_us / 1000000);
	return acceptance_is_in_force(acceptance, now_s) ? acceptance : NULL;
}

static const struct matrix_acceptance *of_group(
	const struct judge_case *judged, const struct matrix_end *end)
{
	return end->group ? in_force(judged, end->group->acceptance) : NULL;
}

/* One of another port, that ended or is for probes has not allowed it. */
static const struct matrix_acceptance *of_row(const struct judge_case *judged)
{
	const struct matrix_result *result = judged->result;
	const bool is_allowing =
		result->allowed != MATRIX_NO || result->failed >= MATRIX_CRITERION_TLS;
	return judged->row && is_allowing ? in_force(judged, judged->row->acceptance)
					  : NULL;
}

static bool is_covered(const struct matrix_acceptance *acceptance,
	const struct judge_case *judged, const struct judgement *judgement,
	enum finding finding)
{
	const uint64_t bit = FINDING_BIT(finding);
	if (!acceptance || (acceptance->findings & bit) != 0) {
		return acceptance != NULL;
	}
	return (acceptance_possible() & ~TRACES_OF_ATTACK & bit) != 0 &&
	       acceptance_has_recommendation(
		       acceptance, recommendation_breached(judgement,
					   judged->observation->protocol, finding));
}

static bool is_told_of(
	const struct judge_case *judged, enum finding finding, bool is_server)
{
	switch ((enum told_of)TOLD_OF[finding]) {
	case TOLD_OF_CLIENT:
		return !is_server;
	case TOLD_OF_SERVER:
		return is_server;
	case TOLD_OF_MISPLACED:
		return is_server == judge_is_misplaced(&judged->to);
	default:
		return true;
	}
}

static const struct matrix_acceptance *find(const struct speakers *speakers,
	const struct judge_case *judged, const struct judgement *judgement,
	enum finding finding)
{
	if (is_covered(speakers->row, judged, judgement, finding)) {
		return speakers->row;
	}
	if (is_told_of(judged, finding, false) &&
		is_covered(speakers->client, judged, judgement, finding)) {
		return speakers->client;
	}
	return is_told_of(judged, finding, true) &&
			       is_covered(speakers->server, judged, judgement, finding)
		       ? speakers->server
		       : NULL;
}

void acceptance_judge(const struct judge_case *judged, struct judgement *judgement)
{
	uint64_t findings = judgement->findings;
	judgement->accepted = 0;
	if (findings == 0) {
		return;
	}
	const struct speakers speakers = {.row = of_row(judged),
		.client = of_group(judged, &judged->from),
		.server = of_group(judged, &judged->to)};
	if (!speakers.row && !speakers.client && !speakers.server) {
		return;
	}
	for (; findings != 0; findings &= findings - 1) { /* FINDING_FLOW_COUNT */
		const enum finding finding = (enum finding)__builtin_ctzll(findings);
		const struct matrix_acceptance *by =
			find(&speakers, judged, judgement, finding);
		judgement->accepted_by[finding] = by;
		judgement->accepted |= by ? FINDING_BIT(finding) : 0;
	}
}
