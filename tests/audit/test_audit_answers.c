/* The list of answers: its bound, its order, what of it is copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/answers.h"

static const struct audit_check VALID = {"spf.valid", "it is valid", SEVERITY_HIGH};

static void what_another_process_told_is_copied_whole(void **state)
{
	(void)state;
	struct audit_answers answers = {.count = 0};
	char id[] = "spf.valid";
	char question[] = "it is \x1b[2Jvalid";
	char why[] = "two";
	struct audit_check check = {id, question, SEVERITY_LOW};
	audit_answer_copy(
		&answers, &(struct audit_answer){&check, "example.org", AUDIT_NO, why});
	id[0] = question[0] = why[0] = 'x';
	check.severity = SEVERITY_HIGH;
	const struct audit_answer *one = &answers.list[0];
	assert_string_equal(one->check->id, "spf.valid");
	assert_string_equal(one->check->question, "it is ?[2Jvalid");
	assert_int_equal(one->check->severity, SEVERITY_LOW);
	assert_string_equal(one->subject, "example.org");
	assert_string_equal(one->why, "two");
	assert_int_equal(one->state, AUDIT_NO);
	audit_answers_free(&answers);
}

static void what_finds_no_room_is_counted_and_takes_no_memory(void **state)
{
	(void)state;
	struct audit_answers answers = {.count = 0};
	const struct audit_answer told = {&VALID, "example.org", AUDIT_YES, "why"};
	for (size_t i = 0; i < AUDIT_ANSWERS_MAX; i++) {
		audit_answer_copy(&answers, &told);
	}
	assert_int_equal(answers.lost, 0);
	const struct arena_block *full = answers.arena.newest;
	for (size_t i = 0; i < AUDIT_ANSWERS_MAX; i++) {
		audit_answer_copy(&answers, &told);
	}
	assert_int_equal(answers.count, AUDIT_ANSWERS_MAX);
	assert_int_equal(answers.lost, AUDIT_ANSWERS_MAX);
	assert_ptr_equal(answers.arena.newest, full); /* 20000 texts more fill many */
	audit_answers_free(&answers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_another_process_told_is_copied_whole),
		cmocka_unit_test(what_finds_no_room_is_counted_and_takes_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
