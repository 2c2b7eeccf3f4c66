#include "observed/held.h"

#include "judge/ends.h"

#include <stdlib.h>

/* They say no more than that there is no row. */
#define PLAIN \
	(FINDING_BIT(FINDING_FLOW_ILLEGITIMATE) | FINDING_BIT(FINDING_PORT_UNUSUAL))

/* Of a server that may send elsewhere, that nobody lets it send here says no more. */
static uint64_t plain_of(const struct judgement *judgement)
{
	return judge_is_server(&judgement->from)
		       ? PLAIN | FINDING_BIT(FINDING_SENDER_ILLEGITIMATE)
		       : PLAIN;
}

static uint64_t reasons_of(const struct judgement *judgement)
{
	const uint64_t findings =
		judgement->findings & ~judgement->accepted & ~plain_of(judgement);
	uint64_t reasons = 0;
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (findings & FINDING_BIT(i) &&
			judgement->severity[i] <= SEVERITY_MEDIUM) {
			reasons |= FINDING_BIT(i);
		}
	}
	return reasons;
}

static enum held_standing standing_of(
	const struct judgement *judgement, uint64_t reasons)
{
	switch (judgement->verdict) {
	case VERDICT_LEGITIMATE:
		return HELD_ALLOWED;
	case VERDICT_ILLEGITIMATE:
		return reasons ? HELD_FORBIDDEN : HELD_UNDECLARED;
	default:
		return HELD_OPEN;
	}
}

bool held_each(const struct matrix *matrix, const struct observed *observed,
	void (*take)(void *context, const struct held *held), void *context)
{
	const struct observed_list list = observed_sorted(observed);
	struct judgement *judgement = malloc(sizeof(*judgement));
	const bool has_memory = list.entries && judgement;
	for (size_t i = 0; has_memory && i < list.count; i++) {
		struct sighting sighting;
		observed_stand_in(observed, list.entries[i], &sighting);
		rejudge_sighting(matrix, &sighting, 0, judgement);
		const uint64_t reasons = reasons_of(judgement);
		const struct held held = {.entry = list.entries[i],
			.sighting = &sighting,
			.judgement = judgement,
			.standing = standing_of(judgement, reasons),
			.reasons = reasons};
		take(context, &held);
	}
	free(judgement);
	free(list.entries);
	return has_memory;
}
