#include "engine/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW  UINT64_C(1700000000000000)
#define DAY  UINT64_C(86400000000)
#define FAR  UINT64_C(2147483647000000) /* the last second of 2038 that 31 bits hold */
#define SOME UINT64_C(1000000)

struct step {
	uint64_t bears;
	uint64_t wanted;
};

static void walk(const struct step *steps, size_t count)
{
	struct timeline timeline = {0};
	for (size_t i = 0; i < count; i++) {
		assert_true(
			timeline_take(&timeline, steps[i].bears) == steps[i].wanted);
		assert_true(timeline.now_us == steps[i].wanted);
	}
}

#define WALK(...)                                                 \
	do {                                                      \
		static const struct step STEPS[] = {__VA_ARGS__}; \
		walk(STEPS, sizeof(STEPS) / sizeof(*STEPS));      \
	} while (0)

static void small_steps_back_are_levelled_out(void **state)
{
	(void)state;
	WALK({NOW, NOW}, {NOW - SOME, NOW}, {NOW - TIMELINE_LEAP_US, NOW},
		{NOW + SOME, NOW + SOME});
}

static void one_time_far_ahead_holds_for_its_frame(void **state)
{
	(void)state;
	WALK({NOW, NOW}, {NOW + SOME, NOW + SOME}, {FAR, FAR},
		{NOW + 2 * SOME, NOW + 2 * SOME}, {NOW + SOME, NOW + 2 * SOME},
		{FAR, FAR}, {NOW, NOW + 2 * SOME}, {NOW + 3 * SOME, NOW + 3 * SOME});
}

static void so_does_the_first(void **state)
{
	(void)state;
	WALK({FAR, FAR}, {NOW, NOW}, {NOW + SOME, NOW + SOME});
	WALK({UINT64_MAX, UINT64_MAX}, {NOW, NOW}, {NOW - SOME, NOW});
}

static void a_leap_ahead_that_is_confirmed_stays(void **state)
{
	(void)state;
	WALK({NOW, NOW}, {NOW + DAY, NOW + DAY}, {NOW + DAY - SOME, NOW + DAY},
		{NOW, NOW + DAY}, {NOW + DAY + SOME, NOW + DAY + SOME},
		{NOW + 2 * DAY, NOW + 2 * DAY}, {NOW + 3 * DAY, NOW + 3 * DAY});
}

static void a_clock_set_back_counts_once_many_frames_say_so(void **state)
{
	(void)state;
	struct timeline timeline = {0};
	for (int i = 0; i < 100; i++) {
		(void)timeline_take(&timeline, FAR);
	}
	for (uint64_t i = 1; i < TIMELINE_BEHIND; i++) {
		assert_true(timeline_take(&timeline, NOW + i) == FAR);
	}
	for (uint64_t i = TIMELINE_BEHIND; i < 3 * TIMELINE_BEHIND; i++) {
		assert_true(timeline_take(&timeline, NOW + i) == NOW + i);
	}
}

/* 31 frames are levelled out, the 32nd sets the clock. */
static void set_back_live(uint64_t by_us)
{
	struct timeline timeline = {.is_live = true};
	(void)timeline_take(&timeline, NOW);
	(void)timeline_take(&timeline, NOW); /* confirmed */
	for (uint64_t i = 1; i < TIMELINE_BEHIND; i++) {
		assert_true(timeline_take(&timeline, NOW - by_us + i) == NOW);
	}
	for (uint64_t i = TIMELINE_BEHIND; i < 3 * TIMELINE_BEHIND; i++) {
		assert_true(
			timeline_take(&timeline, NOW - by_us + i) == NOW - by_us + i);
	}
}

static void a_live_clock_set_back_by_little_counts_too(void **state)
{
	(void)state;
	set_back_live(3 * SOME);
	set_back_live(TIMELINE_LEAP_US / 2);
	set_back_live(DAY);
}

static void live_frames_two_seconds_behind_are_levelled_out(void **state)
{
	(void)state;
	struct timeline timeline = {.is_live = true};
	(void)timeline_take(&timeline, NOW);
	for (int i = 0; i < 3 * TIMELINE_BEHIND; i++) {
		assert_true(timeline_take(&timeline, NOW - TIMELINE_LIVE_US) == NOW);
	}
}

static void a_live_frame_in_time_begins_the_count_anew(void **state)
{
	(void)state;
	struct timeline timeline = {.is_live = true};
	for (int turn = 0; turn < 100; turn++) {
		assert_true(timeline_take(&timeline, NOW) == NOW);
		for (int i = 1; i < TIMELINE_BEHIND; i++) {
			assert_true(timeline_take(&timeline, NOW - 3 * SOME) == NOW);
		}
	}
}

static void a_capture_may_lie_an_hour_behind(void **state)
{
	(void)state;
	struct timeline timeline = {0};
	(void)timeline_take(&timeline, NOW);
	for (int i = 0; i < 3 * TIMELINE_BEHIND; i++) {
		assert_true(timeline_take(&timeline, NOW - TIMELINE_LEAP_US) == NOW);
	}
}

static void two_clocks_by_turns_are_the_later_one(void **state)
{
	(void)state;
	struct timeline timeline = {0};
	(void)timeline_take(&timeline, NOW + DAY);
	for (int turn = 0; turn < 100; turn++) {
		(void)timeline_take(&timeline, NOW + DAY);
		for (int i = 1; i < TIMELINE_BEHIND; i++) {
			assert_true(timeline_take(&timeline, NOW) == NOW + DAY);
		}
	}
}

static void a_capture_without_times_is_one(void **state)
{
	(void)state;
	WALK({0, 0}, {0, 0}, {0, 0});
	WALK({NOW, NOW}, {0, 0}, {0, 0}, {NOW, NOW}, {NOW, NOW});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_steps_back_are_levelled_out),
		cmocka_unit_test(one_time_far_ahead_holds_for_its_frame),
		cmocka_unit_test(so_does_the_first),
		cmocka_unit_test(a_leap_ahead_that_is_confirmed_stays),
		cmocka_unit_test(a_clock_set_back_counts_once_many_frames_say_so),
		cmocka_unit_test(a_live_clock_set_back_by_little_counts_too),
		cmocka_unit_test(live_frames_two_seconds_behind_are_levelled_out),
		cmocka_unit_test(a_live_frame_in_time_begins_the_count_anew),
		cmocka_unit_test(a_capture_may_lie_an_hour_behind),
		cmocka_unit_test(two_clocks_by_turns_are_the_later_one),
		cmocka_unit_test(a_capture_without_times_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
