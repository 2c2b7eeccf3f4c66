#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow/options.h"

static struct tcp_options read_options(const void *bytes, uint8_t len)
{
	const struct packet packet = {.options = bytes, .options_len = len};
	return options_of(&packet);
}

static void the_usual_forms_and_odd_ones_say_the_same(void **state)
{
	static const uint8_t usual[] = {
		2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};
	static const uint8_t odd[] = {
		3, 3, 7, 1, 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 2, 4, 5, 180, 0};
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct tcp_options options =
			read_options(i ? odd : usual, sizeof(usual));
		assert_true(options.has_timestamp);
		assert_true(options.has_scale);
		assert_false(options.is_signed);
		assert_int_equal(options.scale, 7);
		assert_int_equal(options.timestamp, 0x01020304);
	}
	static const uint8_t alone[] = {1, 1, 8, 10, 255, 2, 3, 4, 9, 9, 9, 9};
	const struct tcp_options options = read_options(alone, sizeof(alone));
	assert_true(options.has_timestamp);
	assert_false(options.has_scale);
	assert_int_equal(options.timestamp, 0xff020304);
}

static void signatures_are_known_and_a_scale_beyond_the_most_is_the_most(void **state)
{
	static const uint8_t md5[20] = {19, 18};
	static const uint8_t ao[] = {29, 4, 1, 1};
	static const uint8_t wide[] = {3, 3, 200, 0};
	(void)state;
	assert_true(read_options(md5, sizeof(md5)).is_signed);
	assert_true(read_options(ao, sizeof(ao)).is_signed);
	assert_int_equal(read_options(wide, sizeof(wide)).scale, 14);
}

static void what_is_cut_or_behind_the_end_is_not_read(void **state)
{
	static const uint8_t behind_the_end[] = {0, 3, 3, 7};
	static const uint8_t too_long[] = {8, 10, 1, 2};
	static const uint8_t no_length[] = {8, 0, 3, 3, 7, 0};
	static const uint8_t short_value[] = {3, 2, 8, 5, 1, 2, 3, 0};
	static const uint8_t last[] = {1, 1, 1, 8};
	(void)state;
	assert_false(read_options(behind_the_end, 4).has_scale);
	assert_false(read_options(too_long, 4).has_timestamp);
	assert_false(read_options(no_length, 6).has_scale);
	assert_false(read_options(short_value, 8).has_scale);
	assert_false(read_options(short_value, 8).has_timestamp);
	assert_false(read_options(last, 4).has_timestamp);
	assert_false(read_options(NULL, 0).has_timestamp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_forms_and_odd_ones_say_the_same),
		cmocka_unit_test(
			signatures_are_known_and_a_scale_beyond_the_most_is_the_most),
		cmocka_unit_test(what_is_cut_or_behind_the_end_is_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
