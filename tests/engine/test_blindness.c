#include "engine/blindness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct blindness seen(uint64_t frames, uint64_t bytes)
{
	struct blindness sum = {0};
	blindness_add(&sum, "frames", frames);
	blindness_add(&sum, "bytes", bytes);
	return sum;
}

static void counters_are_told_apart_by_their_names(void **state)
{
	(void)state;
	struct blindness sum = seen(1000, 90000);
	blindness_add(&sum, "blind.esp", 30);
	blindness_add(&sum, "blind.esp_bytes", 4000);
	blindness_add(&sum, "blind.too_deep", 1);
	blindness_add(&sum, "blind.too_deep_bytes", 70);
	blindness_add(&sum, "blind.espresso", 9); /* none of ours */
	blindness_add(&sum, "decode.ok", 9);
	assert_int_equal(sum.all.frames, 1000);
	assert_int_equal(sum.kinds[DECODE_BLIND_ESP].frames, 30);
	assert_int_equal(sum.kinds[DECODE_BLIND_ESP].bytes, 4000);
	assert_int_equal(sum.kinds[DECODE_BLIND_TOO_DEEP].bytes, 70);
	assert_int_equal(blindness_total(&sum).frames, 31);
	assert_int_equal(blindness_total(&sum).bytes, 4070);
}

static void every_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DECODE_BLIND_COUNT; i++) {
		struct blindness sum = {0};
		char name[40] = "blind.";
		(void)strcat(name, blindness_kind_name((enum decode_blind)i));
		blindness_add(&sum, name, 1);
		assert_int_equal(sum.kinds[i].frames, 1);
		assert_int_equal(blindness_total(&sum).frames, i != DECODE_BLIND_QUIC);
	}
}

static void quic_is_counted_and_blinds_nobody(void **state)
{
	(void)state;
	struct blindness sum = seen(1000, 100000);
	char text[BLINDNESS_TEXT_BYTES];
	blindness_add(&sum, "blind.quic", 900);
	blindness_add(&sum, "blind.quic_bytes", 90000);
	assert_false(blindness_is_told(&sum, 10, 10));
	blindness_add(&sum, "blind.wireguard", 100);
	assert_true(blindness_is_told(&sum, 10, 10));
	assert_string_equal(blindness_text(&sum, text),
		"100 of 1000 frames (10 %) and 0 % of their bytes could not be looked "
		"into: wireguard 100");
}

static void a_share_of_frames_or_of_bytes_is_told_and_less_is_not(void **state)
{
	(void)state;
	struct blindness sum = seen(1000, 100000);
	blindness_add(&sum, "blind.esp", 99);
	blindness_add(&sum, "blind.esp_bytes", 9000);
	assert_false(blindness_is_told(&sum, 10, 10));
	blindness_add(&sum, "blind.macsec", 1);
	assert_true(blindness_is_told(&sum, 10, 10)); /* of frames */
	assert_false(blindness_is_told(&sum, 11, 10));
	blindness_add(&sum, "blind.esp_bytes", 2000);
	assert_true(blindness_is_told(&sum, 11, 10)); /* of bytes */
	assert_false(blindness_is_told(&sum, 11, 101));
	assert_false(blindness_is_told(&sum, 0, 10)); /* never */
	const struct blindness nothing = {0};
	assert_false(blindness_is_told(&nothing, 10, 0));
}

static void an_interval_is_what_came_since_and_a_new_process_begins_anew(void **state)
{
	(void)state;
	struct blindness before = seen(1000, 100000);
	struct blindness now = seen(1600, 150000);
	blindness_add(&before, "blind.gre", 10);
	blindness_add(&now, "blind.gre", 70);
	blindness_add(&now, "blind.gre_bytes", 7000);
	struct blindness since = blindness_since(&now, &before);
	assert_int_equal(since.all.frames, 600);
	assert_int_equal(since.kinds[DECODE_BLIND_GRE].frames, 60);
	assert_int_equal(since.kinds[DECODE_BLIND_GRE].bytes, 7000);
	since = blindness_since(&before, &now);
	assert_int_equal(since.all.frames, 1000);
	assert_int_equal(since.kinds[DECODE_BLIND_GRE].frames, 10);
}

static void the_text_names_every_kind_and_never_overruns(void **state)
{
	(void)state;
	struct blindness sum = seen(200, 20000);
	char text[BLINDNESS_TEXT_BYTES + 1];
	blindness_add(&sum, "blind.esp", 30);
	blindness_add(&sum, "blind.ppp", 4);
	blindness_add(&sum, "blind.ppp_bytes", 4200);
	assert_string_equal(blindness_text(&sum, text),
		"34 of 200 frames (17 %) and 21 % of their bytes could not be looked "
		"into: esp 30, ppp 4");
	for (size_t i = 0; i < DECODE_BLIND_COUNT; i++) {
		sum.kinds[i].frames = UINT64_MAX / 16;
	}
	text[BLINDNESS_TEXT_BYTES] = '#';
	(void)blindness_text(&sum, text);
	assert_int_equal(text[BLINDNESS_TEXT_BYTES], '#');
	assert_non_null(memchr(text, '\0', BLINDNESS_TEXT_BYTES));
}

static void a_minute_of_too_much_is_told_at_once_and_then_once_in_a_while(void **state)
{
	(void)state;
	const uint64_t minute_us = 60000000;
	const struct blindness_limits limits = {.share = 10, .fold_us = 10 * minute_us};
	struct blindness_watch watch = {.minutes = 0};
	struct blindness now = {.all = {1000, 1000}};
	struct blindness minute;
	/* what was counted before it was looked at belongs to no minute */
	now.kinds[DECODE_BLIND_ESP].frames = 900;
	assert_int_equal(blindness_watch_look(&watch, &now, &limits, 5, &minute), 0);
	uint32_t told = 0;
	for (uint64_t i = 1; i <= 21; i++) {
		now.all.frames += 500;
		now.kinds[DECODE_BLIND_ESP].frames += i == 3 ? 99 : 100;
		assert_int_equal(blindness_watch_look(&watch, &now, &limits,
					 i * minute_us - 1, &minute),
			0);
		const uint32_t minutes = blindness_watch_look(
			&watch, &now, &limits, 5 + i * minute_us, &minute);
		/* of the ten minutes behind the first, one had too few frames */
		assert_int_equal(minutes, i == 1 ? 1 : i == 11 ? 9 : i == 21 ? 10 : 0);
		told += minutes > 0;
	}
	assert_int_equal(told, 3);
	assert_int_equal(minute.kinds[DECODE_BLIND_ESP].frames, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_told_apart_by_their_names),
		cmocka_unit_test(every_kind_has_a_name_of_its_own),
		cmocka_unit_test(quic_is_counted_and_blinds_nobody),
		cmocka_unit_test(a_share_of_frames_or_of_bytes_is_told_and_less_is_not),
		cmocka_unit_test(
			an_interval_is_what_came_since_and_a_new_process_begins_anew),
		cmocka_unit_test(the_text_names_every_kind_and_never_overruns),
		cmocka_unit_test(
			a_minute_of_too_much_is_told_at_once_and_then_once_in_a_while),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
