/* The words of a matrix file: each has one number, and each number its word again. */
#include "matrix/words.h"

#include "made_matrix.h"

static void every_word_is_found_and_named_again(void **state)
{
	(void)state;
	const struct word *const tables[] = {words_of_roles(), words_of_services(),
		words_of_tls(), words_of_modes(), words_of_profiles(),
		words_of_versions()};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct word *word = tables[i]; word->text; word++) {
			int value = -1;
			assert_true(word_find(tables[i], word->text, &value));
			assert_int_equal(value, word->value);
			assert_string_equal(word_name(tables[i], value), word->text);
		}
	}
}

static void what_is_no_word_is_not_found_and_changes_nothing(void **state)
{
	(void)state;
	static const char *const WRONG[] = {"", "Relay", "relay ", "rela", "relays"};
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		int value = 42;
		assert_false(word_find(words_of_roles(), WRONG[i], &value));
		assert_int_equal(value, 42);
	}
	assert_string_equal(word_name(words_of_roles(), 42), "unknown");
}

static void a_misspelt_word_has_a_nearest_one_and_nonsense_has_none(void **state)
{
	(void)state;
	assert_string_equal(word_nearest(words_of_roles(), "mailbx"), "mailbox");
	assert_string_equal(word_nearest(words_of_tls(), "startls"), "starttls");
	assert_null(word_nearest(words_of_roles(), "xylophone"));
}

static void versions_are_the_numbers_on_the_wire(void **state)
{
	(void)state;
	int value;
	assert_true(word_find(words_of_versions(), "1.0", &value));
	assert_int_equal(value, 0x0301);
	assert_true(word_find(words_of_versions(), "1.3", &value));
	assert_int_equal(value, 0x0304);
}

static void who_has_no_role_is_named_so(void **state)
{
	(void)state;
	assert_string_equal(matrix_role_name(MATRIX_ROLE_NONE), "none");
	assert_string_equal(matrix_role_name(MATRIX_ROLE_RESOLVER), "resolver");
	assert_string_equal(matrix_tls_name(MATRIX_TLS_OFFERED), "offered");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_found_and_named_again),
		cmocka_unit_test(what_is_no_word_is_not_found_and_changes_nothing),
		cmocka_unit_test(
			a_misspelt_word_has_a_nearest_one_and_nonsense_has_none),
		cmocka_unit_test(versions_are_the_numbers_on_the_wire),
		cmocka_unit_test(who_has_no_role_is_named_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
