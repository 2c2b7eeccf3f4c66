#include "analyze/pending.h"

#include <string.h>

void pending_clear(struct pending *pending)
{
	pending->len = 0;
}

void pending_add_many(struct pending *pending, unsigned verb, uint16_t count)
{
	if (pending->len > 0) {
		struct pending_row *last = &pending->rows[pending->len - 1];
		if (last->verb == verb && last->count <= UINT16_MAX - count) {
			last->count = (uint16_t)(last->count + count);
			return;
		}
	}
	if (pending->len == PENDING_ROWS) {
		pending_clear(pending);
	}
	pending->rows[pending->len++] =
		(struct pending_row){.verb = (uint8_t)verb, .count = count};
}

void pending_add(struct pending *pending, unsigned verb)
{
	pending_add_many(pending, verb, 1);
}

int pending_first(const struct pending *pending)
{
	return pending->len > 0 ? pending->rows[0].verb : -1;
}

static void rows_drop(struct pending *pending, unsigned count)
{
	pending->len = (uint8_t)(pending->len - count);
	memmove(pending->rows, pending->rows + count,
		pending->len * sizeof(pending->rows[0]));
}

void pending_drop(struct pending *pending)
{
	if (pending->len == 0) {
		return;
	}
	if (pending->rows[0].count > 1) {
		pending->rows[0].count--;
		return;
	}
	rows_drop(pending, 1);
}

/* How many rows are older than the first of verb: all, when there is none. */
static unsigned rows_before(const struct pending *pending, unsigned verb)
{
	unsigned i = 0;
	while (i < pending->len && pending->rows[i].verb != verb) {
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
