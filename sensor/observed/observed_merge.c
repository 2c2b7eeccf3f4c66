#include "observed/table.h"

#include <assert.h>
#include <string.h>

/* Of the smallest identities of both together: how many there are, and how many both have. */
struct overlap {
	unsigned sampled;
	unsigned shared;
};

static struct overlap overlap_of(
	const uint32_t a[OBSERVED_SAMPLE], const uint32_t b[OBSERVED_SAMPLE])
{
	struct overlap overlap = {.sampled = 0};
	size_t at = 0;
	size_t other = 0;
	while (overlap.sampled < OBSERVED_SAMPLE) { /* OBSERVED_SAMPLE */
		const uint32_t one = at < OBSERVED_SAMPLE ? a[at] : 0;
		const uint32_t two = other < OBSERVED_SAMPLE ? b[other] : 0;
		if (one == 0 && two == 0) {
			break;
		}
		overlap.sampled++;
		overlap.shared += one == two;
		at += one != 0 && (two == 0 || one <= two);
		other += two != 0 && (one == 0 || two <= one);
	}
	return overlap;
}

static unsigned sampled(const uint32_t sample[OBSERVED_SAMPLE])
{
	unsigned count = 0;
	while (count < OBSERVED_SAMPLE && sample[count] != 0) {
		count++;
	}
	return count;
}

static unsigned shared_of_all(
	const uint32_t a[OBSERVED_SAMPLE], const uint32_t b[OBSERVED_SAMPLE])
{
	unsigned shared = 0;
	for (size_t i = 0; i < OBSERVED_SAMPLE && a[i] != 0; i++) {
		for (size_t j = 0; j < OBSERVED_SAMPLE; j++) {
			shared += a[i] == b[j];
		}
	}
	return shared;
}

/* How many of the flows of both were counted twice. */
static uint64_t counted_twice(
	const struct observed_entry *a, const struct observed_entry *b)
{
	const uint64_t sum = (uint64_t)a->flows + b->flows;
	if (sampled(a->sample) == a->flows && sampled(b->sample) == b->flows) {
		return shared_of_all(a->sample, b->sample);
	}
	/* shared / sampled is about both / either, and sum is both + either */
	const struct overlap overlap = overlap_of(a->sample, b->sample);
	assert(overlap.sampled > 0); /* no entry is without flows */
	const uint64_t twice =
		sum * overlap.shared / (overlap.sampled + overlap.shared);
	const uint64_t most = a->flows < b->flows ? a->flows : b->flows;
	return twice < most ? twice : most;
}

/* What is left of a sum when that share of it was counted twice. */
static uint64_t without(uint64_t sum, uint64_t twice, uint64_t of)
{
	return sum - (uint64_t)((double)sum * (double)twice / (double)of);
}

static uint32_t least_count(uint64_t count)
{
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

static void add_counts(
	struct observed_entry *into, const struct observed_entry *from, uint64_t twice)
{
	const uint64_t sum = (uint64_t)into->flows + from->flows;
	into->messages = least_count(
		without((uint64_t)into->messages + from->messages, twice, sum));
	into->refusals = least_count(
		without((uint64_t)into->refusals + from->refusals, twice, sum));
	into->deferrals = least_count(
		without((uint64_t)into->deferrals + from->deferrals, twice, sum));
	into->bytes[0] = without(into->bytes[0] + from->bytes[0], twice, sum);
	into->bytes[1] = without(into->bytes[1] + from->bytes[1], twice, sum);
	into->flows = least_count(sum - twice);
	for (size_t i = 0; i < OBSERVED_SAMPLE && from->sample[i] != 0; i++) {
		(void)table_sample(into->sample, from->sample[i]);
	}
}

static void add_days(struct observed_entry *into, const struct observed_entry *from)
{
	const uint64_t last = from->last_us / TABLE_DAY_US;
	for (uint64_t age = OBSERVED_DAYS; age-- > 0;) { /* the oldest first */
		if (age > last) {
			continue;
		}
		const unsigned bit = (unsigned)((last - age) % OBSERVED_DAYS);
		if ((from->days[bit / 8] & 1U << bit % 8) != 0) {
			table_mark_day(into, last - age);
			into->last_us = (last - age) * TABLE_DAY_US > into->last_us
						? (last - age) * TABLE_DAY_US
						: into->last_us;
		}
	}
}

static void add_facts(struct observed_entry *into, const struct observed_entry *from)
{
	into->findings |= from->findings;
	into->accepted |= from->accepted;
	into->mechanisms |= from->mechanisms;
	into->clear_mechanisms |= from->clear_mechanisms;
	into->shown_by_any |= from->shown_by_any;
	into->shown_by_all &= from->shown_by_all;
	into->versions |= from->versions;
	into->offered |= from->offered;
	into->verdicts |= from->verdicts;
	into->flags |= from->flags;
	into->first_s = from->first_s < into->first_s ? from->first_s : into->first_s;
	if (from->confidence < into->confidence) {
		into->confidence = from->confidence;
	}
	if (into->rpc_protection == 0 ||
		(from->rpc_protection > 0 &&
			from->rpc_protection < into->rpc_protection)) {
		into->rpc_protection = from->rpc_protection;
	}
}

struct merge {
	struct observed *into;
	const struct observed *from;
};

static void take_last(const struct merge *merge, struct observed_entry *into,
	const struct observed_entry *from)
{
	into->last_us = from->last_us;
	into->last_flow_id = from->last_flow_id;
	into->last_verdict = from->last_verdict;
	into->last_row = (uint16_t)texts_keep(
		&merge->into->rows, observed_row(merge->from, from->last_row));
}

static void take_name(const struct merge *merge, struct observed_entry *into,
	const struct observed_entry *from)
{
	const bool is_better = from->name_kind != OBSERVED_NAME_NONE &&
			       (into->name_kind == OBSERVED_NAME_NONE ||
				       from->name_kind < into->name_kind);
	if (is_better) {
		into->name = texts_keep(
			&merge->into->names, observed_text(merge->from, from->name));
		into->name_kind = into->name != 0 ? from->name_kind : into->name_kind;
	}
}

/* Of the flows of from so many are new. */
static void take_peers(const struct merge *merge, struct observed_entry *into,
	const struct observed_entry *from, uint64_t new)
{
	const struct peers *peers = table_peers(merge->from, from);
	if (peers && into->flows == 0) {
		table_count_peers(merge->into, into);
	}
	struct peers *ours = table_peers(merge->into, into);
	if (peers && ours && from->flows > 0) {
		peers_merge(ours, peers, (struct peers_share){new, from->flows});
	}
}

static void add_to(const struct merge *merge, struct observed_entry *into,
	const struct observed_entry *from)
{
	const uint64_t last_us = into->last_us;
	const bool is_newer =
		from->last_us > last_us ||
		(from->last_us == last_us && from->last_flow_id > into->last_flow_id);
	const uint64_t twice = counted_twice(into, from);
	take_peers(merge, into, from, from->flows - twice);
	add_counts(into, from, twice);
	add_facts(into, from);
	add_days(into, from);
	into->last_us = last_us;
	if (is_newer) {
		take_last(merge, into, from);
	}
}

static void start_with(const struct merge *merge, struct observed_entry *into,
	const struct observed_entry *from)
{
	take_peers(merge, into, from, from->flows);
	const struct observed_key key = into->key;
	const uint16_t peers = into->peers;
	*into = *from;
	into->key = key;
	into->peers = peers;
	into->name = 0;
	into->name_kind = OBSERVED_NAME_NONE;
	take_last(merge, into, from);
}

static void merge_entry(const struct merge *merge, const struct observed_entry *from)
{
	struct observed_key key = from->key;
	key.way = table_way(merge->into, observed_way(merge->from, from->key.way));
	struct observed_entry *into = table_entry(merge->into, &key);
	const uint32_t before = into->flows;
	if (before == 0) {
		start_with(merge, into, from);
	} else {
		add_to(merge, into, from);
	}
	take_name(merge, into, from);
	merge->into->totals.flows += into->flows - before;
}

void observed_merge(struct observed *into, const struct observed *from)
{
	observed_merge_since(into, from, 0);
}

void observed_merge_since(
	struct observed *into, const struct observed *from, uint64_t since_us)
{
	const struct merge merge = {into, from};
	struct observed_totals *totals = &into->totals;
	const struct observed_totals *more = &from->totals;
	const struct observed_entry *entry;
	uint32_t at = 0;
	while ((entry = table_next(from, &at)) != NULL) {
		if (entry->last_us >= since_us) {
			merge_entry(&merge, entry);
		}
	}
	totals->given_up_entries += more->given_up_entries;
	totals->given_up_flows += more->given_up_flows;
	totals->flows += more->given_up_flows;
	if (totals->first_us == 0 ||
		(more->first_us != 0 && more->first_us < totals->first_us)) {
		totals->first_us = more->first_us;
	}
	totals->last_us =
		more->last_us > totals->last_us ? more->last_us : totals->last_us;
}
