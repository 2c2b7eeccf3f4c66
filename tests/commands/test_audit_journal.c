/* A journal for what audits are answered: made before anybody is asked, and read before it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "commands/audit_journal.h"
#include "journal/journal_reader.h"

#include <fcntl.h>

static const struct audit_check VALID = {"spf.valid", "it is valid", SEVERITY_HIGH};

static char folder[] = "/tmp/test_audit_journal.XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	char words[64];
	(void)snprintf(words, sizeof(words), "rm -r %s", folder);
	return system(words);
}

/* One fault, as a run has it. */
static void write_run(const char *path)
{
	struct audit_answers answers = {.count = 0};
	struct audit_run run = {.answers = &answers, .domain_count = 1};
	struct reason why;
	audit_answer(&answers, &VALID, "example.org", AUDIT_NO, "two records");
	assert_true(audit_journal_make(path, &why));
	assert_true(audit_journal_write(&run, path, &why));
	audit_answers_free(&answers);
}

static bool is_of(const struct journal_line *line, const char *type)
{
	char words[64];
	const int len = snprintf(words, sizeof(words), "\"event_type\":\"%s\"", type);
	return memmem(line->text, line->len, words, (size_t)len) != NULL;
}

static void count(const char *path, size_t *alerts, size_t *kept)
{
	static struct journal_reader reader;
	struct journal_line line;
	struct reason why;
	*alerts = *kept = 0;
	assert_true(journal_reader_open_to_look(&reader, AT_FDCWD, path, 0, &why));
	while (journal_reader_next(&reader, &line)) {
		*alerts += is_of(&line, "sensor");
		*kept += is_of(&line, "stats");
	}
	journal_reader_close(&reader);
}

static void an_empty_folder_and_none_become_a_journal(void **state)
{
	(void)state;
	static const char *const PLACES[] = {"empty", "none"};
	size_t alerts;
	size_t kept;
	for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "%s/%s", folder, PLACES[i]);
		assert_int_equal(i == 0 ? mkdir(path, 0700) : 0, 0);
		write_run(path);
		count(path, &alerts, &kept);
		assert_int_equal(alerts, 1);
		assert_int_equal(kept, 1);
		write_run(path); /* no news */
		count(path, &alerts, &kept);
		assert_int_equal(alerts, 1);
		assert_int_equal(kept, 2);
	}
}

static void where_no_journal_can_be_it_is_told_before_anybody_is_asked(void **state)
{
	(void)state;
	struct reason why;
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	(void)fclose(file);
	assert_false(audit_journal_make(path, &why));
	assert_non_null(strstr(why.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_folder_and_none_become_a_journal),
		cmocka_unit_test(
			where_no_journal_can_be_it_is_told_before_anybody_is_asked),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
