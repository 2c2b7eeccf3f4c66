/* Every text is there in every language, and takes the same values in each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "dossier/texts.h"

static size_t count_values(const char *text)
{
	size_t count = 0;
	for (const char *at = strstr(text, "{}"); at; at = strstr(at + 2, "{}")) {
		count++;
	}
	return count;
}

static void assert_whole(const char *text)
{
	uint32_t code = 0;
	assert_non_null(text);
	assert_string_not_equal(text, "");
	while (*text) {
		const size_t len = utf8_read(text, &code);
		assert_int_not_equal(len, 0);
		assert_false(utf8_is_control(code));
		text += len;
	}
}

static void test_no_text_is_missing(void **state)
{
	(void)state;
	for (int id = 0; id < TEXT_COUNT; id++) {
		const char *english = texts_of(TEXTS_ENGLISH, (enum text_id)id);
		const char *french = texts_of(TEXTS_FRENCH, (enum text_id)id);
		assert_whole(english);
		assert_whole(french);
		assert_int_equal(count_values(english), count_values(french));
	}
}

/* What is a sentence in English is another one in French. */
static void test_sentences_are_translated(void **state)
{
	(void)state;
	for (int id = 0; id < TEXT_COUNT; id++) {
		const char *english = texts_of(TEXTS_ENGLISH, (enum text_id)id);
		if (strlen(english) > 24) {
			assert_string_not_equal(
				english, texts_of(TEXTS_FRENCH, (enum text_id)id));
		}
	}
}

static void test_every_recommendation_has_its_texts(void **state)
{
	(void)state;
	for (int subject = 0; subject < CONFORMITY_SUBJECTS; subject++) {
		for (int which = 0; which < TEXTS_SUBJECT_COUNT; which++) {
			const char *english = texts_of_subject(TEXTS_ENGLISH,
				(enum conformity_subject)subject,
				(enum texts_of_subject)which);
			const char *french = texts_of_subject(TEXTS_FRENCH,
				(enum conformity_subject)subject,
				(enum texts_of_subject)which);
			assert_whole(english);
			assert_whole(french);
			assert_string_not_equal(english, french);
		}
	}
}

static void test_every_finding_has_title_and_remedy(void **state)
{
	(void)state;
	for (int finding = 0; finding < FINDING_FLOW_COUNT; finding++) {
		const enum finding at = (enum finding)finding;
		assert_whole(texts_finding_title(TEXTS_ENGLISH, at));
		assert_whole(texts_finding_remedy(TEXTS_ENGLISH, at));
		assert_whole(texts_finding_title(TEXTS_FRENCH, at));
		assert_whole(texts_finding_remedy(TEXTS_FRENCH, at));
		assert_string_not_equal(texts_finding_title(TEXTS_ENGLISH, at),
			texts_finding_title(TEXTS_FRENCH, at));
	}
}

static void test_values_stand_in_their_places(void **state)
{
	(void)state;
	struct text_filled filled;
	const char *const values[] = {"3", "{}"};
	assert_string_equal(
		texts_fill("{} of {} (100 %)", values, &filled), "3 of {} (100 %)");
	assert_string_equal(texts_fill("no value {", values, &filled), "no value {");
}

static void test_what_is_too_long_is_cut(void **state)
{
	(void)state;
	struct text_filled filled;
	char value[2 * sizeof(filled.text)];
	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	const char *const values[] = {value, "never"};
	assert_int_equal(strlen(texts_fill("a {} b {}", values, &filled)),
		sizeof(filled.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_text_is_missing),
		cmocka_unit_test(test_sentences_are_translated),
		cmocka_unit_test(test_every_recommendation_has_its_texts),
		cmocka_unit_test(test_every_finding_has_title_and_remedy),
		cmocka_unit_test(test_values_stand_in_their_places),
		cmocka_unit_test(test_what_is_too_long_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
