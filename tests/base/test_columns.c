#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/columns.h"

#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[1024];

static FILE *opened(void)
{
	memset(text, 0, sizeof(text));
	FILE *out = fmemopen(text, sizeof(text), "w");
	assert_non_null(out);
	return out;
}

static const char *wrapped(const char *line, size_t at, size_t indent)
{
	FILE *out = opened();
	columns_wrap(out, line, at, indent);
	assert_int_equal(fclose(out), 0);
	return text;
}

#define TEN    "ten bytes "
#define FORTY  TEN TEN TEN TEN
#define EIGHTY FORTY FORTY

static void a_line_that_fits_stays_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(wrapped("", 0, 4), "\n");
	assert_string_equal(wrapped("short", 0, 4), "short\n");
	assert_string_equal(wrapped(FORTY TEN TEN TEN "ten  bytes", 0, 4),
		FORTY TEN TEN TEN "ten  bytes\n");
}

static void a_long_line_is_broken_at_blanks_and_what_follows_is_indented(void **state)
{
	(void)state;
	assert_string_equal(wrapped(EIGHTY "and more", 0, 4),
		FORTY TEN TEN TEN "ten bytes\n    and more\n");
	assert_string_equal(wrapped("  " EIGHTY "and more", 30, 28),
		"  " FORTY "ten\n                            bytes " TEN TEN
		"ten bytes and more\n");
}

static void a_word_that_no_line_holds_is_broken_inside_and_no_byte_is_lost(void **state)
{
	(void)state;
	char word[201];
	char expected[256];
	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	(void)snprintf(expected, sizeof(expected), "%.80s\n  %.78s\n  %.42s\n", word,
		word, word);
	assert_string_equal(wrapped(word, 0, 2), expected);
}

static void a_code_point_is_one_column_and_never_broken(void **state)
{
	(void)state;
	char line[2 * 81 + 1] = "";
	for (int i = 0; i < 81; i++) {
		memcpy(line + 2 * i, "é", 2);
	}
	line[2 * 81] = '\0';
	const char *found = wrapped(line, 0, 0);
	assert_int_equal(strcspn(found, "\n"), 160);
	assert_string_equal(found + 160, "\né\n");
}

static void what_is_printed_in_between_is_broken_line_by_line(void **state)
{
	(void)state;
	struct columns columns;
	FILE *file = opened();
	FILE *out = file;
	columns_begin(&columns, &out);
	(void)fprintf(out, "%s", FORTY);
	(void)fprintf(out, "%s", FORTY "more\n\nshort\n");
	columns_end(&columns, 2);
	assert_ptr_equal(out, file);
	columns_say(out, 1, "\n%s%d\n", EIGHTY, 7);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, FORTY TEN TEN TEN
		"ten bytes\n  more\n\nshort\n\n" FORTY TEN TEN TEN "ten bytes\n 7\n");
}

/* A terminal of so many columns, by COLUMNS or by the kernel. */
static size_t columns_of_terminal(const char *told, unsigned short kernel)
{
	const struct winsize size = {.ws_row = 24, .ws_col = kernel};
	int ends[2];
	assert_int_equal(openpty(&ends[0], &ends[1], NULL, NULL, &size), 0);
	if (told != NULL) {
		assert_int_equal(setenv("COLUMNS", told, 1), 0);
	}
	FILE *out = fdopen(ends[1], "w");
	assert_non_null(out);
	const size_t columns = columns_of(out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(unsetenv("COLUMNS"), 0);
	return columns;
}

static void a_terminal_says_its_width_and_nothing_else_does(void **state)
{
	(void)state;
	assert_int_equal(columns_of_terminal(NULL, 132), 132);
	assert_int_equal(columns_of_terminal("100", 132), 100);
	assert_int_equal(columns_of_terminal("wide", 132), 132);
	assert_int_equal(columns_of_terminal("-1", 132), 132);
	assert_int_equal(columns_of_terminal(NULL, 0), 80);
	assert_int_equal(columns_of_terminal(NULL, 7), 40);
	assert_int_equal(setenv("COLUMNS", "132", 1), 0);
	FILE *out = opened();
	assert_int_equal(columns_of(out), 80);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(unsetenv("COLUMNS"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_fits_stays_as_it_is),
		cmocka_unit_test(
			a_long_line_is_broken_at_blanks_and_what_follows_is_indented),
		cmocka_unit_test(
			a_word_that_no_line_holds_is_broken_inside_and_no_byte_is_lost),
		cmocka_unit_test(a_code_point_is_one_column_and_never_broken),
		cmocka_unit_test(what_is_printed_in_between_is_broken_line_by_line),
		cmocka_unit_test(a_terminal_says_its_width_and_nothing_else_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
