/* Answers to proposed rows: read, found, written back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "observed/answers.h"

#include <string.h>

static bool read_text(struct answers *answers, const char *text, struct reason *why)
{
	/* exactly its bytes, so that a read behind them is seen */
	const size_t len = strlen(text);
	char *copy = malloc(len + 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	const bool is_read = answers_read(answers, copy, len, why);
	free(copy);
	return is_read;
}

static void the_last_answer_to_a_row_counts(void **state)
{
	(void)state;
	struct answers answers = {.row_count = 0};
	struct reason why;
	assert_true(read_text(&answers,
		"# note\n\naccept a > b smtp\nignore c > d imaps, pop3s\ndeny a > b "
		"smtp",
		&why));
	assert_int_equal(answers_find(&answers, "a > b smtp"), ANSWER_DENY);
	assert_int_equal(answers_find(&answers, "c > d imaps, pop3s"), ANSWER_IGNORE);
	assert_int_equal(answers_find(&answers, "a > b"), ANSWER_NONE);
	answers_free(&answers);
}

static void a_group_is_folded_as_was_answered(void **state)
{
	(void)state;
	struct answers answers = {.row_count = 0};
	struct reason why;
	struct address host;
	assert_true(address_parse("192.0.2.65", &host));
	assert_int_equal(answers_fill_of(&answers, &host, 50), 50);
	assert_true(read_text(&answers, "fill 192.0.2.65 25\n", &why));
	assert_int_equal(answers_fill_of(&answers, &host, 50), 25);
	answers_free(&answers);
}

static void what_is_written_reads_the_same(void **state)
{
	(void)state;
	struct answers answers = {.row_count = 0};
	struct answers again = {.row_count = 0};
	struct reason why;
	char *text = NULL;
	size_t len = 0;
	assert_true(read_text(&answers,
		"accept a > b smtp\ndeny b > c smtp\nfill 2001:db8::1 100\n", &why));
	FILE *out = open_memstream(&text, &len);
	answers_print(&answers, out);
	assert_int_equal(fclose(out), 0);
	assert_true(answers_read(&again, text, len, &why));
	assert_int_equal(again.row_count, 2);
	assert_int_equal(again.fill_count, 1);
	assert_int_equal(answers_find(&again, "b > c smtp"), ANSWER_DENY);
	free(text);
	answers_free(&answers);
	answers_free(&again);
}

static void a_line_that_is_no_answer_is_told_by_its_number(void **state)
{
	static const char *const WRONG[] = {"perhaps a > b smtp", "accept", "accept ",
		"fill 192.0.2.65", "fill 192.0.2.65 0", "fill 192.0.2.65 101",
		"fill host 50", "fill 192.0.2.65 50 x", "acceptance a"};
	(void)state;
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		struct answers answers = {.row_count = 0};
		struct reason why = {""};
		char text[100];
		(void)snprintf(text, sizeof(text), "accept a > b smtp\n%s\n", WRONG[i]);
		assert_false(read_text(&answers, text, &why));
		assert_non_null(strstr(why.text, "line 2"));
		answers_free(&answers);
	}
}

static void a_nul_is_no_answer(void **state)
{
	(void)state;
	struct answers answers = {.row_count = 0};
	struct reason why;
	assert_false(answers_read(&answers, "accept a\0b", 10, &why));
	assert_true(answers_read(&answers, "accept a b", 10, &why));
	answers_free(&answers);
}

/* Clients far apart make long rows: what was saved must be read again. */
static void a_row_of_many_networks_is_read(void **state)
{
	(void)state;
	struct answers answers = {.row_count = 0};
	struct reason why;
	static char line[300000];
	memset(line, 'a', sizeof(line) - 1);
	memcpy(line, "accept ", 7);
	assert_true(answers_read(&answers, line, sizeof(line) - 1, &why));
	assert_int_equal(answers_find(&answers, line + 7), ANSWER_ACCEPT);
	line[sizeof(line) - 2] = 'b';
	assert_int_equal(answers_find(&answers, line + 7), ANSWER_NONE);
	answers_free(&answers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_answer_to_a_row_counts),
		cmocka_unit_test(a_group_is_folded_as_was_answered),
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(a_line_that_is_no_answer_is_told_by_its_number),
		cmocka_unit_test(a_nul_is_no_answer),
		cmocka_unit_test(a_row_of_many_networks_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
