#include "base/format.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* On an exact heap copy, at every size, the same as the library writes. */
static void __attribute__((format(printf, 1, 2))) assert_same(const char *format, ...)
{
	char whole[128];
	va_list arguments;
	va_start(arguments, format);
	const int len = vsnprintf(whole, sizeof(whole), format, arguments);
	va_end(arguments);
	assert_in_range(len, 0, sizeof(whole) - 1);
	for (size_t size = 1; size <= (size_t)len + 2; size++) {
		char *text = malloc(size);
		assert_non_null(text);
		char wanted[128];
		(void)snprintf(wanted, size, "%s", whole);
		va_start(arguments, format);
		format_write_list(text, size, format, arguments);
		va_end(arguments);
		assert_string_equal(text, wanted);
		free(text);
	}
}

static void words_and_numbers_are_written_as_by_printf(void **state)
{
	(void)state;
	assert_same("row %s allows %s from %s to %s%s", "M-01", "smtp", "a", "b", "");
	assert_same("%u", 0U);
	assert_same("%s%u.", "port ", UINT_MAX);
	assert_same("%u of %u", 9U, 10U);
	assert_same("nothing to fill in");
	assert_same("%s", "");
}

static void what_else_a_format_holds_is_the_library_s(void **state)
{
	(void)state;
	assert_same("%s and %zu more of %u", "a", (size_t)12345, 7U);
	assert_same("%.3s, %5u, 100%%", "abcdef", 42U);
	assert_same("%d%s", -3, "x");
	assert_same("%s%%", "half");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_numbers_are_written_as_by_printf),
		cmocka_unit_test(what_else_a_format_holds_is_the_library_s),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
