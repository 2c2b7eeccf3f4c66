#include "analyze/pending.h"

#include <string.h>

void pending_clear(struct pending *pending)
{
	pending->len = 0;
}

void pending_add_many(struct pending *pending, unsigned verb, uint16_t count)
{
	if (pending->len > 0) {
		const unsigned last = pending->len - 1U;
		if (pending->verbs[last] == verb &&
			pending->counts[last] <= UINT16_MAX - count) {
			pending->counts[last] =
				(uint16_t)(pending->counts[last] + count);
			return;
		}
	}
	if (pending->len == PENDING_ROWS) {
		pending_clear(pending);
	}
	pending->verbs[pending->len] = (uint8_t)verb;
	pending->counts[pending->len++] = count;
}

void pending_add(struct pending *pending, unsigned verb)
{
	pending_add_many(pending, verb, 1);
}

int pending_first(const struct pending *pending)
{
	return pending->len > 0 ? pending->verbs[0] : -1;
}

static void rows_drop(struct pending *pending, unsigned count)
{
	pending->len = (uint8_t)(pending->len - count);
	memmove(pending->verbs, pending->verbs + count, pending->len);
	memmove(pending->counts, pending->counts + count,
		pending->len * sizeof(pending->counts[0]));
}

void pending_drop(struct pending *pending)
{
	if (pending->len == 0) {
		return;
	}
	if (pending->counts[0] > 1) {
		pending->counts[0]--;
		return;
	}
	rows_drop(pending, 1);
}

/* How many rows are older than the first of verb: all, when there is none. */
static unsigned rows_before(const struct pending *pending, unsigned verb)
{
	unsigned i = 0;
	while (i < pending->len && pending->verbs[i] != verb) {
		i++;
	}
	return i;
}

bool pending_has(const struct pending *pending, unsigned verb)
{
	return rows_before(pending, verb) < pending->len;
}

bool pending_reach(struct pending *pending, unsigned verb)
{
	const unsigned older = rows_before(pending, verb);
	if (older == pending->len) {
		return false;
	}
	rows_drop(pending, older);
	return true;
}

void pending_cut(struct pending *pending, unsigned verb)
{
	const unsigned older = rows_before(pending, verb);
	pending->len = older < pending->len ? (uint8_t)(older + 1) : 0;
}
