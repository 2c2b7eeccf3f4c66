/*
 * Every flow of the bundled captures, judged again from its record alone: the verdict and
 * the rows are those that it got from its packets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observed/observed.h"
#include "observed/rejudge.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES "pcaps"

static struct judgement judgement; /* too large for the stack */

static const char *id_of(const struct matrix_row *row)
{
	return row ? row->id : "";
}

/* As the record has it, which cuts what is longer than an id ever is. */
static bool is_row(const struct matrix_row *row, const char *recorded)
{
	return strcmp(id_of(row), recorded) == 0;
}

static void compare(
	const char *name, const struct matrix *matrix, const struct sighting *sighting)
{
	rejudge_sighting(matrix, sighting, 0, &judgement);
	if ((unsigned)judgement.verdict != sighting->verdict ||
		!is_row(judgement.row, sighting->row) ||
		!is_row(judgement.nearest, sighting->nearest_row)) {
		fail_msg(
			"%s, flow %llu: %s by row \"%s\" (nearest \"%s\"), recorded as "
			"%s by row \"%s\" (nearest \"%s\")",
			name, (unsigned long long)sighting->flow_id,
			verdict_name(judgement.verdict), id_of(judgement.row),
			id_of(judgement.nearest),
			verdict_name((enum verdict)sighting->verdict), sighting->row,
			sighting->nearest_row);
	}
}

/* The same of what stands in for the only flow of an observed matrix. */
static void compare_stand_in(
	const char *name, const struct matrix *matrix, const struct sighting *sighting)
{
	static const struct hash_seed SEED = {{1, 2}};
	struct reason why;
	struct sighting stand_in;
	struct observed *observed = observed_new(16, SEED, &why);
	assert_non_null(observed);
	observed_add(observed, sighting);
	const struct observed_list list = observed_sorted(observed);
	assert_int_equal(list.count, 1);
	observed_stand_in(observed, list.entries[0], &stand_in);
	rejudge_sighting(matrix, &stand_in, sighting->time_us, &judgement);
	const bool is_same = (unsigned)judgement.verdict == sighting->verdict &&
			     is_row(judgement.row, sighting->row);
	/* an entry has no room for the names of certificates */
	const bool is_open = sighting->certificate_names[0] != '\0' &&
			     judgement.verdict == VERDICT_UNDECIDED;
	if (!is_same && !is_open) {
		fail_msg("%s, flow %llu, stood in for: %s by row \"%s\"", name,
			(unsigned long long)sighting->flow_id,
			verdict_name(judgement.verdict), id_of(judgement.row));
	}
	free(list.entries);
	observed_free(observed);
}

static struct matrix *load_matrix(const char *name)
{
	char path[512];
	const char *const files[] = {path};
	struct matrix_problems problems = {.count = 0};
	(void)snprintf(path, sizeof(path), CASES "/%s/matrix.yaml", name);
	struct matrix *matrix = matrix_load(files, 1, &problems);
	matrix_problems_free(&problems);
	return matrix;
}

/* The flows of one case. */
static unsigned judge_case_of(const char *name)
{
	char path[512];
	(void)snprintf(path, sizeof(path), CASES "/%s/expected.jsonl", name);
	FILE *file = fopen(path, "re");
	if (!file) {
		return 0;
	}
	struct matrix *matrix = load_matrix(name);
	assert_non_null(matrix);
	struct sighting sighting;
	char *line = NULL;
	size_t size = 0;
	unsigned count = 0;
	ssize_t len;
	while ((len = getline(&line, &size, file)) > 0) {
		if (sighting_read_line(&sighting, line, (size_t)len)) {
			compare(name, matrix, &sighting);
			compare_stand_in(name, matrix, &sighting);
			count++;
		}
	}
	free(line);
	matrix_free(matrix);
	(void)fclose(file);
	return count;
}

static void every_flow_of_the_cases_is_judged_from_its_record_as_from_its_packets(
	void **state)
{
	(void)state;
	unsigned flows = 0;
	struct dirent **names = NULL;
	const int count = scandir(CASES, &names, NULL, alphasort);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			flows += judge_case_of(names[i]->d_name);
		}
		free(names[i]);
	}
	free(names);
	assert_true(flows >= 280);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_flow_of_the_cases_is_judged_from_its_record_as_from_its_packets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
