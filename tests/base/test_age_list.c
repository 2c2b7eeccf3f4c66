#include "base/age_list.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SLOTS 5

struct slot {
	char before[3];
	struct age_link age;
	char behind[7];
};

static struct age_slots slots_of(struct slot *slots)
{
	return (struct age_slots){&slots[0].age, sizeof(*slots)};
}

/* Both ways, as the digits of the slots, the oldest first. */
static void assert_order(
	const struct age_list *list, const struct slot *slots, const char *order)
{
	uint32_t index = list->oldest;
	uint32_t older = AGE_LIST_NONE;
	for (; *order != '\0'; order++) {
		assert_int_equal(index, *order - '0');
		assert_int_equal(slots[index].age.older, older);
		older = index;
		index = slots[index].age.newer;
	}
	assert_int_equal(index, AGE_LIST_NONE);
	assert_int_equal(list->newest, older);
}

static void slots_stand_in_the_order_in_which_they_came(void **state)
{
	(void)state;
	struct slot slots[SLOTS] = {0};
	struct age_list list;
	age_list_clear(&list);
	assert_order(&list, slots, "");
	age_list_append(&list, slots_of(slots), 3);
	assert_order(&list, slots, "3");
	age_list_append(&list, slots_of(slots), 0);
	age_list_append(&list, slots_of(slots), 4);
	assert_order(&list, slots, "304");
}

static void any_slot_can_be_removed(void **state)
{
	(void)state;
	static const char *const LEFT[3] = {"12", "02", "01"};
	for (uint32_t gone = 0; gone < 3; gone++) {
		struct slot slots[SLOTS] = {0};
		struct age_list list;
		age_list_clear(&list);
		for (uint32_t i = 0; i < 3; i++) {
			age_list_append(&list, slots_of(slots), i);
		}
		age_list_remove(&list, slots_of(slots), &slots[gone].age);
		assert_order(&list, slots, LEFT[gone]);
	}
}

static void the_last_slot_leaves_an_empty_list(void **state)
{
	(void)state;
	struct slot slots[SLOTS] = {0};
	struct age_list list;
	age_list_clear(&list);
	age_list_append(&list, slots_of(slots), 2);
	age_list_remove(&list, slots_of(slots), &slots[2].age);
	assert_order(&list, slots, "");
	age_list_append(&list, slots_of(slots), 1);
	assert_order(&list, slots, "1");
}

static void a_slot_used_again_becomes_the_newest(void **state)
{
	(void)state;
	struct slot slots[SLOTS] = {0};
	struct age_list list;
	age_list_clear(&list);
	for (uint32_t i = 0; i < SLOTS; i++) {
		age_list_append(&list, slots_of(slots), i);
	}
	static const uint32_t USED[] = {0, 2, 2, 4};
	for (size_t i = 0; i < sizeof(USED) / sizeof(*USED); i++) {
		age_list_remove(&list, slots_of(slots), &slots[USED[i]].age);
		age_list_append(&list, slots_of(slots), USED[i]);
	}
	assert_order(&list, slots, "13024");
}

static void two_lists_share_slots_and_not_their_order(void **state)
{
	(void)state;
	struct slot slots[SLOTS] = {0};
	struct age_list lists[2];
	age_list_clear(&lists[0]);
	age_list_clear(&lists[1]);
	for (uint32_t i = 0; i < SLOTS; i++) {
		age_list_append(&lists[i % 2], slots_of(slots), i);
	}
	age_list_remove(&lists[0], slots_of(slots), &slots[2].age);
	age_list_append(&lists[1], slots_of(slots), 2);
	assert_order(&lists[0], slots, "04");
	assert_order(&lists[1], slots, "132");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_stand_in_the_order_in_which_they_came),
		cmocka_unit_test(any_slot_can_be_removed),
		cmocka_unit_test(the_last_slot_leaves_an_empty_list),
		cmocka_unit_test(a_slot_used_again_becomes_the_newest),
		cmocka_unit_test(two_lists_share_slots_and_not_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
