#include "base/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct calls {
	__typeof__(&strlen) length;
	__typeof__(&strchr) find;
};

#define LENGTH                                           \
	{                                                \
		"strlen", offsetof(struct calls, length) \
	}

static void what_it_has_can_be_called(void **state)
{
	(void)state;
	static const struct library_call WANTED[] = {
		LENGTH, {"strchr", offsetof(struct calls, find)}};
	struct calls calls;
	struct reason why = {""};
	assert_true(library_load("libc.so.6", WANTED, 2, &calls, &why));
	const char *text = "mail@here";
	assert_int_equal(calls.length(text), 9);
	assert_ptr_equal(calls.find(text, '@'), text + 4);
	assert_string_equal(why.text, "");
}

static void one_call_that_it_lacks_is_enough(void **state)
{
	(void)state;
	static const struct library_call WANTED[] = {
		LENGTH, {"strchr_of_another_release", offsetof(struct calls, find)}};
	struct calls calls;
	struct reason why;
	assert_false(library_load("libc.so.6", WANTED, 2, &calls, &why));
	assert_string_equal(why.text, "libc.so.6 here is another than is wanted");
}

static void one_that_is_not_there_is_named(void **state)
{
	(void)state;
	static const struct library_call WANTED[] = {LENGTH};
	struct calls calls;
	struct reason why;
	assert_false(library_load("libmailwarden.so.9", WANTED, 1, &calls, &why));
	assert_string_equal(why.text, "libmailwarden.so.9 is not installed here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_has_can_be_called),
		cmocka_unit_test(one_call_that_it_lacks_is_enough),
		cmocka_unit_test(one_that_is_not_there_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
