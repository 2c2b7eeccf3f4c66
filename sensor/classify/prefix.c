#include "classify/prefix.h"

#include "base/cold.h"
#include <assert.h>
#include <string.h>

#define RUN_BYTES_MASK ((1U << 14) - 1)

_Static_assert(PREFIX_BYTES <= RUN_BYTES_MASK, "a run holds what is kept");

void prefix_begin(struct prefix *prefix)
{
	prefix->len[0] = prefix->len[1] = 0;
	prefix->run_count = 0;
	prefix->has_gap[0] = prefix->has_gap[1] = false;
	prefix->is_cut[0] = prefix->is_cut[1] = false;
	traits_reading_begin(&prefix->reading[0]);
	traits_reading_begin(&prefix->reading[1]);
}

void prefix_copy(struct prefix *to, const struct prefix *from)
{
	memcpy(to, from, offsetof(struct prefix, bytes));
	for (unsigned side = 0; side < 2; side++) {
		memcpy(to->bytes[side], from->bytes[side], from->len[side]);
	}
}

static struct prefix_run *last_run(struct prefix *prefix)
{
	return prefix->run_count > 0 ? &prefix->runs[prefix->run_count - 1] : NULL;
}

static struct prefix_run *new_run(struct prefix *prefix, unsigned side)
{
	if (prefix->run_count == PREFIX_RUNS) {
		return NULL;
	}
	struct prefix_run *run = &prefix->runs[prefix->run_count++];
	*run = (struct prefix_run){.side = side & 1U};
	return run;
}

size_t prefix_add(
	struct prefix *prefix, unsigned side, const uint8_t *bytes, size_t len)
{
	assert(side < 2);
	const size_t room = PREFIX_BYTES - prefix->len[side];
	const size_t kept = len < room ? len : room;
	if (kept == 0) {
		return 0;
	}
	struct prefix_run *run = last_run(prefix);
	if (!run || run->side != side || run->is_gap) {
		run = new_run(prefix, side);
	}
	if (!run) {
		return 0;
	}
	memcpy(&prefix->bytes[side][prefix->len[side]], bytes, kept);
	prefix->len[side] = (uint16_t)(prefix->len[side] + kept);
	run->len = (run->len + kept) & RUN_BYTES_MASK;
	return kept;
}

static bool add_gap(struct prefix *prefix, unsigned side)
{
	const struct prefix_run *last = last_run(prefix);
	if (last && last->side == side && last->is_gap) {
		return true;
	}
	struct prefix_run *run = new_run(prefix, side);
	if (run) {
		run->is_gap = 1;
	}
	return run != NULL;
}

void prefix_gap(struct prefix *prefix, unsigned side)
{
	assert(side < 2);
	prefix->has_gap[side] = true;
	(void)add_gap(prefix, side); /* without room for it nothing follows it either */
}

void prefix_cut(struct prefix *prefix, unsigned side)
{
	assert(side < 2);
	if (!prefix->is_cut[side]) {
		prefix->is_cut[side] = add_gap(prefix, side);
	}
}

bool prefix_is_start_lost(const struct prefix *prefix)
{
	bool has_bytes[2] = {false, false};
	for (unsigned i = 0; i < prefix->run_count; i++) {
		const struct prefix_run *run = &prefix->runs[i];
		if (run->is_gap && !has_bytes[run->side]) {
			return true;
		}
		has_bytes[run->side] = true;
	}
	return false;
}

/* Take len bytes of side off the runs; emptied runs go, and neighbours of one side join. */
static void drop_runs(struct prefix *prefix, unsigned side, size_t len)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < prefix->run_count; i++) {
		struct prefix_run run = prefix->runs[i];
		const bool is_ours = run.side == side;
		if (is_ours && run.is_gap && len > 0) {
			continue; /* it lay inside what is forgotten */
		}
		if (is_ours && !run.is_gap) {
			const size_t cut = len < run.len ? len : run.len;
			run.len = (run.len - cut) & RUN_BYTES_MASK;
			len -= cut;
		}
		if (run.len == 0 && !run.is_gap) {
			continue;
		}
		struct prefix_run *before = kept > 0 ? &prefix->runs[kept - 1] : NULL;
		if (before && before->side == run.side && !before->is_gap &&
			!run.is_gap) {
			before->len =
				(uint16_t)(before->len + run.len) & RUN_BYTES_MASK;
			continue;
		}
		prefix->runs[kept++] = run;
	}
	prefix->run_count = (uint16_t)kept;
}

void prefix_drop(struct prefix *prefix, unsigned side, size_t len)
{
	assert(side < 2);
	const size_t held = prefix->len[side];
	const size_t cut = len < held ? len : held;
	memmove(prefix->bytes[side], &prefix->bytes[side][cut], held - cut);
	/* what was read may be a password (RFC 1929): leave no copy behind */
	explicit_bzero(&prefix->bytes[side][held - cut], cut);
	prefix->len[side] = (uint16_t)(held - cut);
	traits_reading_begin(&prefix->reading[side]);
	drop_runs(prefix, side, cut);
}

COLD void prefix_forget(struct prefix *prefix)
{
	for (unsigned side = 0; side < 2; side++) {
		explicit_bzero(prefix->bytes[side], prefix->len[side]);
		prefix->len[side] = 0;
		prefix->is_cut[side] = false;
		traits_reading_begin(&prefix->reading[side]);
	}
	prefix->run_count = 0;
	prefix_gap(prefix, 0);
	prefix_gap(prefix, 1);
}

bool prefix_is_first(const struct prefix *prefix, unsigned side)
{
	return prefix->run_count > 0 && prefix->runs[0].side == side &&
	       !prefix->runs[0].is_gap;
}

bool prefix_has_answer(const struct prefix *prefix, unsigned server)
{
	enum { ANSWER_BYTES = 8 }; /* "* BYE x", "+OK x", "HTTP/1.1" */
	const size_t len = prefix->len[server];
	return len >= ANSWER_BYTES || memchr(prefix->bytes[server], '\n', len) != NULL;
}

bool prefix_is_first_lost(const struct prefix *prefix, unsigned side)
{
	for (unsigned i = 0; i < prefix->run_count; i++) { /* PREFIX_RUNS at most */
		if (prefix->runs[i].side == side) {
			return prefix->runs[i].is_gap;
		}
	}
	return prefix->has_gap[side];
}

bool prefix_has_gone_on(const struct prefix *prefix, unsigned side)
{
	unsigned words = 0;
	for (unsigned i = 0; i < prefix->run_count; i++) { /* PREFIX_RUNS at most */
		words += prefix->runs[i].side == side && prefix->runs[i].len > 0;
	}
	return words >= 2 || prefix->is_cut[side] || prefix->run_count == PREFIX_RUNS;
}

bool prefix_is_stale(const struct prefix *prefix, unsigned side, size_t kept)
{
	return kept == 0 && prefix->is_cut[side] && prefix->run_count < PREFIX_RUNS;
}

bool prefix_is_echo(const struct prefix *prefix, size_t least)
{
	unsigned run = 0;
	while (run < prefix->run_count && prefix->runs[run].is_gap) {
		run++;
	}
	if (run == prefix->run_count) {
		return false;
	}
	const unsigned first = prefix->runs[run].side;
	const size_t len = prefix->len[1U - first];
	return len >= least && len <= prefix->len[first] &&
	       memcmp(prefix->bytes[0], prefix->bytes[1], len) == 0;
}

bool prefix_is_full(const struct prefix *prefix, unsigned side)
{
	assert(side < 2);
	if (prefix->len[side] == PREFIX_BYTES) {
		return true;
	}
	if (prefix->run_count < PREFIX_RUNS) {
		return false;
	}
	const struct prefix_run *last = &prefix->runs[PREFIX_RUNS - 1];
	return last->side != side || last->is_gap;
}
