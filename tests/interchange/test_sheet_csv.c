#include "made_sheet.h"

static void the_separator_is_the_one_that_the_first_lines_have_most_of(void **state)
{
	(void)state;
	assert_sheet("a;b,c;d\n", "a|b,c|d/");
	assert_sheet("a,b\nc,d", "a|b/c|d/");
	assert_sheet("a\tb,c\n", "a|b,c/");
	assert_sheet("\"x,y,z\";b\n", "x,y,z|b/");
	assert_sheet("sep=,\na;b;c,d\n", "a;b;c|d/");
}

static void quotes_hold_separators_line_breaks_and_quotes(void **state)
{
	(void)state;
	assert_sheet("a;\"b\r\nc;\"\"d\"\"\"\r\ne;f\r\n", "a|b\nc;\"d\"/e|f/");
	assert_sheet("a; \"b\" ;c", "a|b|c/");
	assert_sheet("a;b\"c;d", "a|b\"c|d/");
}

static void windows_1252_is_told_from_utf_8_by_its_bytes(void **state)
{
	(void)state;
	assert_sheet("\xef\xbb\xbf"
		     "\xc3\xa9;b",
		"\xc3\xa9|b/");
	assert_sheet("\xe9;\x80;\x92", "\xc3\xa9|\xe2\x82\xac|\xe2\x80\x99/");
}

static void the_quote_that_guards_a_formula_is_taken_off(void **state)
{
	(void)state;
	assert_sheet("'=1;'a;''=1;'", "=1|'a|'=1|'/");
}

static void a_mistake_has_its_line_and_column_in_characters(void **state)
{
	(void)state;
	struct made_sheet made;
	static const char text[] = "a;\"b\nc\";\xc3\xa9\xc3\xa9;\"d\"e\n";
	made_sheet_read(&made, text, sizeof(text) - 1);
	assert_false(made.is_read);
	assert_int_equal(made.error.line, 2);
	assert_int_equal(made.error.column, 10);
	made_sheet_free(&made);
}

static void each_cell_has_its_place(void **state)
{
	(void)state;
	struct made_sheet made;
	static const char text[] = "a;\"b\nc\";\xc3\xa9;d\n";
	made_sheet_read(&made, text, sizeof(text) - 1);
	assert_true(made.is_read);
	const struct sheet_cell *last = &made.sheet.lines[0].cells[3];
	assert_string_equal(last->text, "d");
	assert_int_equal(last->line, 2);
	assert_int_equal(last->column, 6);
	made_sheet_free(&made);
}

static void a_sheet_cut_anywhere_is_read_or_refused(void **state)
{
	(void)state;
	static const char text[] = "\xef\xbb\xbf"
				   "a;\"b\r\n\"\"c\";\xc3\xa9\r\n;'=d;\r\n";
	size_t refused = 0;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct made_sheet made;
		made_sheet_read(&made, text, len);
		refused += !made.is_read;
		assert_true(made.is_read || made.error.line > 0);
		made_sheet_free(&made);
	}
	assert_int_equal(refused, 6); /* inside the quotes */
}

static void more_cells_than_a_line_may_have_are_refused(void **state)
{
	(void)state;
	char text[2 * SHEET_COLUMNS_MAX + 2];
	struct made_sheet made;
	memset(text, ';', sizeof(text));
	made_sheet_read(&made, text, SHEET_COLUMNS_MAX - 1);
	assert_true(made.is_read);
	made_sheet_free(&made);
	made_sheet_read(&made, text, SHEET_COLUMNS_MAX);
	assert_false(made.is_read);
	made_sheet_free(&made);
}

/* What is written of these cells. */
static void assert_written(const char *const *cells, size_t count, const char *wanted)
{
	struct arena arena = {.newest = NULL};
	struct sheet sheet = {.arena = &arena};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	sheet_begin_line(&sheet);
	for (size_t i = 0; i < count; i++) {
		sheet_put(&sheet, cells[i]);
	}
	sheet_write_csv(&sheet, ';', out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, wanted);
	free(text);
	sheet_free(&sheet);
	arena_free(&arena);
}

static void what_a_spreadsheet_would_run_is_guarded(void **state)
{
	(void)state;
	static const char *const CELLS[] = {
		"=1", "+2", "-", "@x", "'=y", "it's", "a;b"};
	assert_written(CELLS, 7, "\xef\xbb\xbf'=1;'+2;'-;'@x;''=y;it's;\"a;b\"\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_separator_is_the_one_that_the_first_lines_have_most_of),
		cmocka_unit_test(quotes_hold_separators_line_breaks_and_quotes),
		cmocka_unit_test(windows_1252_is_told_from_utf_8_by_its_bytes),
		cmocka_unit_test(the_quote_that_guards_a_formula_is_taken_off),
		cmocka_unit_test(a_mistake_has_its_line_and_column_in_characters),
		cmocka_unit_test(each_cell_has_its_place),
		cmocka_unit_test(a_sheet_cut_anywhere_is_read_or_refused),
		cmocka_unit_test(more_cells_than_a_line_may_have_are_refused),
		cmocka_unit_test(what_a_spreadsheet_would_run_is_guarded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
