/* Which flow goes when its time is up, or the room: flow/table.h */

#include "base/cold.h"
#include "flow/table.h"

#define SECOND_US 1000000ULL

/*
 * Idle limits by list. Watched: RFC 2177 lets IDLE be silent for 29 minutes, RFC 3501
 * section 5.4 an IMAP session for 30. Decided: RFC 5321 section 4.5.3.2.1 gives the
 * greeting of an opened connection 5 minutes.
 */
static const uint64_t IDLE_LIMIT_US[FLOW_LIST_COUNT] = {
	[FLOW_LIST_DONE] = 2 * SECOND_US,
	[FLOW_LIST_HALF_OPEN] = 60 * SECOND_US,
	[FLOW_LIST_DECIDED] = 300 * SECOND_US,
	[FLOW_LIST_RESTING] = 300 * SECOND_US,
	[FLOW_LIST_ENDING] = 2 * SECOND_US,
	[FLOW_LIST_UNPROVEN] = 1860 * SECOND_US,
	[FLOW_LIST_ONE_SIDED] = 1860 * SECOND_US,
	[FLOW_LIST_WATCHED] = 1860 * SECOND_US,
};

/* More than this part of the watched flows is too much for one holder. */
#define WATCHED_PART 8

/* For the sake of one packet; each of them is paid for by a packet of its own before. */
#define ENTRIES_LOOKED_AT 64

/*
 * The flow of this list idle longest, or NULL; entries seen since they were listed go to the
 * back. Of so many the one idle longest has to do, where all were seen.
 */
static struct flow *idle_longest_of(
	struct flow_table *table, enum flow_list list, uint32_t entries)
{
	struct flow *longest = NULL;
	for (; entries > 0; entries--) {
		const uint32_t index = table->lists[list].oldest;
		if (index == AGE_LIST_NONE) {
			return NULL;
		}
		struct flow *flow = table_flow(table, index);
		if (flow->is_shunted && flow->last_us <= flow->listed_us) {
			table->handler.counted(table->handler.context, flow);
		}
		if (flow->last_us > table->now_us) { /* the clock was set back */
			flow->last_us = table->now_us;
		}
		if (flow->last_us <= flow->listed_us) {
			return flow;
		}
		if (!longest || flow->last_us < longest->last_us) {
			longest = flow;
		}
		table_relist(table, flow);
	}
	return longest;
}

static struct flow *idle_longest(struct flow_table *table, enum flow_list list)
{
	return idle_longest_of(table, list, ENTRIES_LOOKED_AT);
}

/* The same of all there are: for the end of input, where no packet waits. */
static struct flow *idle_longest_of_all(struct flow_table *table, enum flow_list list)
{
	return idle_longest_of(table, list, UINT32_MAX);
}

/*
 * Of what has ended most goes by its time, each from memory that nobody had touched for
 * long: have it fetched some packets before. One step; the flow may be another by now.
 */
static void fetch_ahead(struct flow_table *table)
{
	if (table->fetched == AGE_LIST_NONE) {
		return;
	}
	const struct flow *flow = table_flow(table, table->fetched);
	if (flow->last_us + IDLE_LIMIT_US[FLOW_LIST_DONE] > table->now_us) {
		return;
	}
	__builtin_prefetch(&table->buckets[flow->hash & table->bucket_mask], 1);
	table->fetched = flow->age.newer;
	if (table->fetched != AGE_LIST_NONE) {
		table_prefetch(table_flow(table, table->fetched), FLOW_LINES);
	}
}

/* 2 * PACKETS_BETWEEN_EXPIRIES rounds of ENTRIES_LOOKED_AT steps at most. */
static void expire_list(struct flow_table *table, enum flow_list list)
{
	for (int i = 0; i < 2 * PACKETS_BETWEEN_EXPIRIES; i++) {
		struct flow *flow = idle_longest(table, list);
		if (!flow || flow->last_us + IDLE_LIMIT_US[list] > table->now_us) {
			return;
		}
		if (flow->age.newer != AGE_LIST_NONE) {
			table_prefetch(table_flow(table, flow->age.newer), FLOW_LINES);
		}
		table_remove(table, flow, FLOW_END_IDLE);
	}
}

static void expire_lists(struct flow_table *table)
{
	table->expire_countdown = PACKETS_BETWEEN_EXPIRIES;
	for (int list = 0; list < FLOW_LIST_COUNT; list++) {
		if (table->lists[list].oldest != AGE_LIST_NONE) {
			expire_list(table, (enum flow_list)list);
		}
	}
	table->fetched = table->lists[FLOW_LIST_DONE].oldest;
}

void table_expire_step(struct flow_table *table)
{
	if (table->expire_countdown == 0) {
		expire_lists(table);
	} else {
		fetch_ahead(table);
	}
}

void flow_table_idle(struct flow_table *table, uint64_t now_us)
{
	if (now_us > table->now_us) {
		table->now_us = now_us;
	}
	expire_lists(table);
}

COLD void table_evict(struct flow_table *table)
{
	for (int list = 0; list < FLOW_LIST_COUNT; list++) {
		struct flow *flow = idle_longest(table, (enum flow_list)list);
		if (flow) {
			table_remove(table, flow, FLOW_END_EVICTED);
			return;
		}
	}
}

static struct flow *idle_longest_from(struct flow_table *table, int list, int end)
{
	struct flow *oldest = NULL;
	for (; !oldest && list < end; list++) {
		oldest = idle_longest(table, (enum flow_list)list);
	}
	return oldest;
}

struct flow *table_watched_to_go(struct flow_table *table)
{
	struct flow *oldest =
		idle_longest_from(table, FLOW_LIST_ENDING, FLOW_LIST_ONE_SIDED);
	const uint32_t index =
		shares_too_much(&table->shares, table->watched.capacity / WATCHED_PART);
	if (index != SHARES_NONE) {
		struct flow *heavy = table_flow(table, index);
		if (!oldest || heavy->list < FLOW_LIST_ONE_SIDED) {
			return heavy;
		}
	}
	return oldest ? oldest
		      : idle_longest_from(table, FLOW_LIST_ONE_SIDED, FLOW_LIST_COUNT);
}

/* Of those looked at the one idle longest, or NULL. */
static struct flow *looked_at_longest_ago(struct flow_table *table)
{
	struct flow *oldest = NULL;
	for (int list = FLOW_LIST_ENDING; list < FLOW_LIST_COUNT; list++) {
		struct flow *flow = idle_longest_of_all(table, (enum flow_list)list);
		if (flow && (!oldest || flow->last_us < oldest->last_us)) {
			oldest = flow;
		}
	}
	return oldest;
}

void flow_table_drain(struct flow_table *table)
{
	static const enum flow_list ORDER[] = {FLOW_LIST_RESTING, FLOW_LIST_DECIDED,
		FLOW_LIST_HALF_OPEN, FLOW_LIST_DONE};
	for (struct flow *flow = looked_at_longest_ago(table); flow;
		flow = looked_at_longest_ago(table)) {
		table_remove(table, flow, FLOW_END_DRAINED);
	}
	for (unsigned i = 0; i < sizeof(ORDER) / sizeof(ORDER[0]); i++) {
		for (struct flow *flow = idle_longest_of_all(table, ORDER[i]); flow;
			flow = idle_longest_of_all(table, ORDER[i])) {
			table_remove(table, flow, FLOW_END_DRAINED);
		}
	}
}
