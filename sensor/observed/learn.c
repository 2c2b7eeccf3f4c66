#include "observed/learn.h"

#include "observed/learn_steps.h"

#include <stdlib.h>

/* Until the proof refuses nothing more; what it refused is no evidence the next time. */
static bool settle(struct learn *learn, struct reason *why)
{
	bool is_changed = true;
	for (unsigned round = 0; is_changed; round++) {
		if (round == LEARN_ROUNDS) {
			return reason_set(why,
				"the roles of the hosts do not settle in %d rounds",
				LEARN_ROUNDS);
		}
		learn_find_roles(learn);
		const bool is_refused = learn_judge_places(learn);
		learn_find_groups(learn);
		learn_find_rows(learn);
		if (!learn_prove(learn, &is_changed, why)) {
			return false;
		}
		is_changed = is_changed || is_refused;
	}
	return true;
}

bool learn_all(struct learn *learn, const struct observed *observed,
	const struct learn_settings *settings, struct reason *why)
{
	*learn = (struct learn){.settings = settings, .observed = observed};
	learn->list = observed_sorted(observed);
	if (!learn->list.entries) {
		return reason_set(why, "no memory for %zu pairs", learn->list.count);
	}
	learn_read(learn);
	learn_sift(learn);
	learn_deny(learn);
	if (!settle(learn, why)) {
		return false;
	}
	learn_join_rows(learn);
	if (!learn_settle(learn, why)) {
		return false;
	}
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		learn->flows_in[edge->basket] += edge->entry->flows;
	}
	return true;
}

void learn_free(struct learn *learn)
{
	free(learn->list.entries);
	lookup_free(&learn->lookup);
	arena_free(&learn->arena);
	*learn = (struct learn){.row_count = 0};
}
