/*
 * A settled flow is let go on by the kernel alone: nothing that it shows later may raise
 * what would be blocked (the column "told" of the findings' rules).
 */
#include "made_steps.h"

#include "judge/action.h"

/* A table that blocks this finding alone. */
static struct action_table table_of(enum finding finding)
{
	struct action_table table = {.is_enforcing = true};
	table.of[finding] = ACTION_REJECT;
	return table;
}

static unsigned settled_steps;

static void demand_nothing_more(const struct walk *walk, const struct facts *before,
	const struct facts *after, uint64_t raised)
{
	struct judge_memory memory;
	struct judgement judgement;
	struct observation observation = look_observe(walk->look, before);
	(void)after;
	/* a dialogue has its name, and its beginning, before its content crosses; ends
	   that change roles behind it are told and no longer kept from it */
	if (!before->has_content_clear || strcmp(walk->member, "protocol") == 0 ||
		strcmp(walk->member, "opening") == 0 ||
		strcmp(walk->member, "is_turned") == 0) {
		return;
	}
	look_judge(walk->look, &observation, &memory, &judgement);
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		const struct action_table table = table_of((enum finding)i);
		if (!action_is_settled(&table, &observation, &judgement)) {
			continue;
		}
		settled_steps++;
		if ((raised & BIT(i)) != 0) {
			fail_msg("%s raises %s on a settled flow", walk->member,
				finding_row((enum finding)i)->id);
		}
	}
}

static void nothing_that_is_blocked_is_found_on_a_settled_flow(void **state)
{
	(void)state;
	(void)walk_all(demand_nothing_more);
	assert_true(settled_steps > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_is_blocked_is_found_on_a_settled_flow),
	};
	return cmocka_run_group_tests(tests, make_worlds, free_worlds);
}
