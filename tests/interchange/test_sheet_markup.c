#include "made_sheet.h"

static void a_markdown_table_is_read_without_its_rule_and_what_is_around_it(
	void **state)
{
	(void)state;
	assert_sheet("# Title\n\n| a | b |\n|---|:-:|\n| c\\|d | e<br>f |\n\ntext\n\n| "
		     "x |\n",
		"a|b/c|d|e\nf//x/");
}

static void an_html_table_has_entities_breaks_and_merged_cells(void **state)
{
	(void)state;
	assert_sheet("<!-- <table> --><p>x</p><TABLE border=1><tr><th>a<th>b &amp; "
		     "c</tr>\n<tr><td rowspan=\"2\">d</td><td><b>e</b><br/>f</td></tr>"
		     "<tr><td>g&eacute;&#233;</td></tr></table>",
		"/a|b & c/d|e\nf/|g\xc3\xa9\xc3\xa9/");
	assert_sheet("<table><tr><td colspan=2>a</td><td>b</table>", "/a||b/");
}

static void a_number_that_is_no_character_stays_as_it_was_written(void **state)
{
	(void)state;
	assert_sheet("<table><tr><td>&#xd800;&#55296;&#1;&x;&",
		"/&#xd800;&#55296;&#1;&x;&/");
}

static void a_table_cut_anywhere_is_read(void **state)
{
	(void)state;
	static const char html[] = "<table><tr><td colspan=3 rowspan=2>a&eacute;<br>"
				   "<!-- x --></td><th>b</table>";
	static const char markdown[] = "| a\\|b | c<br>d |\n|---|---|\n| e |\n";
	for (size_t len = 1; len < sizeof(html); len++) {
		struct made_sheet made;
		made_sheet_read(&made, html, len - 1);
		assert_true(made.is_read);
		made_sheet_free(&made);
	}
	for (size_t len = 1; len < sizeof(markdown); len++) {
		struct made_sheet made;
		made_sheet_read(&made, markdown, len - 1);
		assert_true(made.is_read);
		made_sheet_free(&made);
	}
}

static void spans_beyond_all_measure_are_refused(void **state)
{
	(void)state;
	static const char text[] = "<table><tr><td colspan=1024>a<td>b</table>";
	struct made_sheet made;
	made_sheet_read(&made, text, sizeof(text) - 1);
	assert_false(made.is_read);
	made_sheet_free(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_markdown_table_is_read_without_its_rule_and_what_is_around_it),
		cmocka_unit_test(an_html_table_has_entities_breaks_and_merged_cells),
		cmocka_unit_test(a_number_that_is_no_character_stays_as_it_was_written),
		cmocka_unit_test(a_table_cut_anywhere_is_read),
		cmocka_unit_test(spans_beyond_all_measure_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
