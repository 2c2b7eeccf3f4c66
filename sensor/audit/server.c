#include "audit/server_visit.h"

#include "base/clock.h"

#include <stdlib.h>

bool audit_servers(
	const struct server_asking *asking, const struct server_targets *targets)
{
	struct server_visit *visit = calloc(1, sizeof(*visit));
	if (!visit) {
		return false;
	}
	visit->asking = asking;
	visit->patience =
		(struct probe_patience){.answer_us = asking->patience.answer_us,
			.end_us = clock_monotonic_us() + asking->patience.all_us};
	for (size_t i = 0; i < targets->count; i++) {
		server_visit_run(visit, &targets->list[i]);
	}
	free(visit);
	return true;
}
