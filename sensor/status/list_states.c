#include "status/list_states.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)

uint32_t list_states_count_of(const struct list_states *states)
{
	const uint32_t count = states->count;
	return count < LISTS_MAX ? count : LISTS_MAX;
}

const char *list_state_kind(const struct list_state *state)
{
	const uint32_t kind = state->kind;
	return matrix_list_kind_name(kind < MATRIX_LIST_DENY
					     ? (enum matrix_list_kind)kind
					     : MATRIX_LIST_DENY);
}

static const struct list_state *state_named(
	const struct list_states *states, const char *name)
{
	for (uint32_t i = 0; i < list_states_count_of(states); i++) {
		if (strncmp(states->list[i].name, name, sizeof(states->list[i].name)) ==
			0) {
			return &states->list[i];
		}
	}
	return NULL;
}

/* A file that fails in the same way is one failure, however often it is read. */
static bool is_new_failure(
	const struct lists_list *list, const struct list_state *before)
{
	return list->is_kept &&
	       (!before || !before->is_kept ||
		       strcmp(before->problem.text, list->problem.text) != 0);
}

static void load_one(struct list_state *state, const struct lists_list *list,
	const struct list_state *before, int64_t now_s)
{
	static const struct list_state NONE;
	const struct list_state *old = before ? before : &NONE;
	const bool is_failure = is_new_failure(list, before);
	const uint64_t hits = old->hits;
	const uint64_t failures = old->failures + is_failure;
	const int64_t failed_s = is_failure ? now_s : old->failed_s;
	(void)snprintf(state->name, sizeof(state->name), "%s", list->name);
	state->kind = list->kind;
	state->entries = list->entries;
	state->is_kept = list->is_kept;
	state->bad_lines = list->bad_lines;
	state->hits = hits;
	state->read_s = list->read_s;
	state->file_s = list->of_file.changed_ns / NS_PER_S;
	state->failures = failures;
	state->failed_s = failed_s;
	state->problem = list->problem;
}

void list_states_load(
	struct list_states *states, const struct lists *lists, int64_t now_s)
{
	struct list_states old = {.count = list_states_count_of(states)};
	size_t count = 0;
	const struct lists_list *all = lists_all(lists, &count);
	memcpy(old.list, states->list, sizeof(old.list));
	for (size_t i = 0; i < count && i < LISTS_MAX; i++) {
		struct list_state *state = &states->list[i];
		load_one(state, &all[i], state_named(&old, all[i].name), now_s);
		state->counted = lists_hits(lists, i);
	}
	states->count = (uint32_t)count;
}

void list_states_count(struct list_states *states, const struct lists *lists)
{
	for (uint32_t i = 0; i < list_states_count_of(states); i++) {
		struct list_state *state = &states->list[i];
		const uint64_t hits = lists_hits(lists, i);
		state->hits += hits > state->counted ? hits - state->counted : 0;
		state->counted = hits;
	}
}
