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

static void answers_of_one_subject_stand_together_in_their_order(void **state)
{
	(void)state;
	static const char *const ASKED[] = {"b.example 0", "b.example 1", "a.example 2",
		"b.example 3", "192.0.2.9:25 smtp 4", "192.0.2.10:25 smtp 5",
		"192.0.2.9:25 smtp, EC 6", "192.0.2.9:25 smtp 7", "a.example 8"};
	static const char WANTED[] = "013284756";
	struct audit_answers answers = {.count = 0};
	for (size_t i = 0; i < sizeof(ASKED) / sizeof(ASKED[0]); i++) {
		char subject[64];
		const char *why = strrchr(ASKED[i], ' ') + 1;
		(void)snprintf(subject, sizeof(subject), "%.*s",
			(int)(why - ASKED[i]) - 1, ASKED[i]);
		audit_answer(&answers, &VALID, subject, AUDIT_YES, "%s", why);
	}
	audit_answers_gather(&answers);
	assert_int_equal(answers.count, sizeof(WANTED) - 1);
	for (size_t i = 0; i < answers.count; i++) {
		assert_int_equal(answers.list[i].why[0], WANTED[i]);
	}
	audit_answers_free(&answers);
	audit_answers_gather(&answers); /* of none */
	assert_int_equal(answers.count, 0);
	audit_answers_free(&answers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_another_process_told_is_copied_whole),
		cmocka_unit_test(what_finds_no_room_is_counted_and_takes_no_memory),
		cmocka_unit_test(answers_of_one_subject_stand_together_in_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
