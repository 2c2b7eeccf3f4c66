#include "interchange/sheet_heads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void every_head_that_is_written_is_found_again(void **state)
{
	(void)state;
	for (int head = 1; head < SHEET_HEAD_COUNT; head++) {
		if (head == SHEET_HEAD_ENDS) {
			continue; /* never written */
		}
		for (int french = 0; french < 2; french++) {
			const char *word =
				sheet_head_word((enum sheet_head)head, french == 1);
			assert_int_equal(sheet_head_find(word, NULL), head);
		}
	}
}

static void case_accents_and_signs_count_for_nothing(void **state)
{
	(void)state;
	bool is_french = false;
	assert_int_equal(sheet_head_find("\xc3\x89"
					 "CH\xc3\x89"
					 "ANCE :",
				 &is_french),
		SHEET_HEAD_EXPIRES);
	assert_true(is_french);
	assert_int_equal(sheet_head_find("Expires", &is_french), SHEET_HEAD_EXPIRES);
	assert_false(is_french);
	assert_int_equal(sheet_head_find("e\xcc\x81"
					 "cheance",
				 NULL),
		SHEET_HEAD_EXPIRES);
	assert_int_equal(sheet_head_find("N\xc2\xb0", NULL), SHEET_HEAD_ID);
	assert_int_equal(sheet_head_find("#", NULL), SHEET_HEAD_ID);
	assert_int_equal(sheet_head_find("R\xc3\xa8gle(s)", NULL), SHEET_HEAD_ID);
	assert_int_equal(sheet_head_find("Proto / Port", NULL), SHEET_HEAD_PROTOCOLS);
	assert_int_equal(sheet_head_find("Source \xe2\x86\x92 Destination", NULL),
		SHEET_HEAD_ENDS);
	assert_int_equal(sheet_head_find("", NULL), SHEET_HEAD_NONE);
	assert_int_equal(sheet_head_find("Volume", NULL), SHEET_HEAD_NONE);
}

static void letters_of_other_writings_tell_names_apart(void **state)
{
	(void)state;
	char one[64];
	char other[64];
	sheet_fold("\xd0\x9f\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0", one, sizeof(one));
	sheet_fold("\xd0\xa1\xd0\xb5\xd1\x80\xd0\xb2\xd0\xb5\xd1\x80", other,
		sizeof(other));
	assert_string_not_equal(one, "");
	assert_string_not_equal(one, other);
}

static void a_fold_is_cut_to_fit_between_characters(void **state)
{
	(void)state;
	char folded[8];
	sheet_fold("abcdefghijkl", folded, sizeof(folded));
	assert_string_equal(folded, "abcdef");
	sheet_fold("abcd\xd0\x9f\xd0\xbe", folded, sizeof(folded));
	assert_string_equal(folded, "abcd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_head_that_is_written_is_found_again),
		cmocka_unit_test(case_accents_and_signs_count_for_nothing),
		cmocka_unit_test(letters_of_other_writings_tell_names_apart),
		cmocka_unit_test(a_fold_is_cut_to_fit_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
