#include "judge/recommendation.h"

#include "judge/ends.h"

#include <string.h>

void recommendations_of(const struct judgement *judgement, enum protocol protocol,
	enum finding finding, const char *list[RECOMMENDATIONS_MAX])
{
	const struct finding_row *row = finding_row(finding);
	const bool is_gateway_s =
		finding != FINDING_FLOW_ROLE_MISMATCH ||
		judge_is_gateway_misused(&judgement->from, &judgement->to, protocol);
	size_t count = 0;
	for (size_t i = 0; i < RECOMMENDATIONS_MAX && row->recommendations[i]; i++) {
		if (is_gateway_s || strcmp(row->recommendations[i], "R36") != 0) {
			list[count++] = row->recommendations[i];
		}
	}
	while (count < RECOMMENDATIONS_MAX) {
		list[count++] = NULL;
	}
}

static bool is_listed(const struct finding_row *row, const char *recommendation)
{
	for (size_t i = 0; i < RECOMMENDATIONS_MAX && row->recommendations[i]; i++) {
		if (strcmp(row->recommendations[i], recommendation) == 0) {
			return true;
		}
	}
	return false;
}

const char *recommendation_of_tls(
	const struct judgement *judgement, enum protocol protocol)
{
	return judge_is_server_traffic(&judgement->from, &judgement->to, protocol)
		       ? "R42"
		       : "R41";
}

const char *recommendation_breached(
	const struct judgement *judgement, enum protocol protocol, enum finding finding)
{
	const struct finding_row *row = finding_row(finding);
	if (finding == FINDING_SMTPS_IMPLICIT) {
		return "R42";
	}
	if (finding == FINDING_TLS_CREDENTIALS_CLEAR) {
		return "R41";
	}
	return is_listed(row, "R41") || is_listed(row, "R42")
		       ? recommendation_of_tls(judgement, protocol)
		       : row->recommendations[0];
}
