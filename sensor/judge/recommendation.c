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
