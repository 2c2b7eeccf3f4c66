#include "kind.h"

const struct kind *kind_pick(
	const struct kind *kinds, size_t count, struct random *random)
{
	uint32_t total = 0;

	for (size_t at = 0; at < count; at++) {
		total += kinds[at].weight;
	}
	uint32_t draw = random_below(random, total);

	while (draw >= kinds->weight) {
		draw -= kinds->weight;
		kinds++;
	}
	return kinds;
}
