/* The name of a journal: made once, kept, and not taken from what is none. */
#include "journal/journal_id.h"

#include "open_folder.h"

#define NO_ID "0000000000000000"

static void write_id(const char *text)
{
	const int file = openat(folder, "id", O_WRONLY | O_CREAT | O_TRUNC, 0640);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	assert_int_equal(close(file), 0);
}

static void test_an_id_is_made_once_and_stays(void **state)
{
	(void)state;
	char first[JOURNAL_ID_BYTES];
	char second[JOURNAL_ID_BYTES];
	assert_true(journal_id_make(folder, &why));
	journal_id_read(folder, first);
	assert_int_equal(strlen(first), 16);
	assert_int_equal(strspn(first, "0123456789abcdef"), 16);
	assert_string_not_equal(first, NO_ID);
	assert_true(journal_id_make(folder, &why));
	journal_id_read(folder, second);
	assert_string_equal(first, second);
}

static void test_two_journals_have_two_ids(void **state)
{
	(void)state;
	char first[JOURNAL_ID_BYTES];
	char second[JOURNAL_ID_BYTES];
	assert_true(journal_id_make(folder, &why));
	journal_id_read(folder, first);
	assert_int_equal(unlinkat(folder, "id", 0), 0);
	assert_true(journal_id_make(folder, &why));
	journal_id_read(folder, second);
	assert_string_not_equal(first, second);
}

static void test_a_journal_without_a_sound_id_has_none(void **state)
{
	(void)state;
	static const char *const WRONG[] = {
		"", "12", "0123456789abcde", "0123456789abcdeg", "0123456789ABCDEF"};
	char id[JOURNAL_ID_BYTES];
	journal_id_read(folder, id);
	assert_string_equal(id, NO_ID);
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		write_id(WRONG[i]);
		journal_id_read(folder, id);
		assert_string_equal(id, NO_ID);
	}
}

static void test_an_id_that_was_cut_short_is_made_anew(void **state)
{
	(void)state;
	char id[JOURNAL_ID_BYTES];
	write_id("0123");
	assert_true(journal_id_make(folder, &why));
	journal_id_read(folder, id);
	assert_string_not_equal(id, NO_ID);
}

static void test_an_id_that_cannot_be_made_says_why(void **state)
{
	(void)state;
	assert_false(journal_id_make(-1, &why));
	assert_non_null(strstr(why.text, "journal: id: "));
}

#define EACH(test) \
	cmocka_unit_test_setup_teardown(test, open_folder_start, open_folder_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_an_id_is_made_once_and_stays),
		EACH(test_two_journals_have_two_ids),
		EACH(test_a_journal_without_a_sound_id_has_none),
		EACH(test_an_id_that_was_cut_short_is_made_anew),
		EACH(test_an_id_that_cannot_be_made_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
