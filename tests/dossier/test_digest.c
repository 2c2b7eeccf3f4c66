/* What of a span is news, and what was so before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../matrix/made_matrix.h"
#include "../observed/made_sighting.h"
#include "dossier/digest.h"
#include "dossier/page_digest.h"

/* MADE_US is 2026-11-29: the spans are 2026-12-06 to -13 and the week before. */
#define ROWS                                                                       \
	"  - {id: M-01, from: workstations, to: relay, protocols: [smtp], "        \
	"tls: starttls}\n"                                                         \
	"  - {id: M-02, from: relay, to: mx-out, protocols: [smtp], expires: "     \
	"2026-12-08}\n"                                                            \
	"  - {id: M-03, from: mailboxes, to: relay, protocols: [smtp], expires: "  \
	"2027-01-12}\n"                                                            \
	"  - {id: M-04, from: mailboxes, to: mx-out, protocols: [smtp], expires: " \
	"2027-01-11}\n"
#define FROM_US      (MADE_US + 7 * MADE_DAY_US)
#define UNTIL_US     (MADE_US + 14 * MADE_DAY_US)
#define LATE_S(days) ((int64_t)(UNTIL_US / 1000000) + (days)*86400)

struct scene {
	struct matrix *matrix;
	struct observed *observed;
	struct dossier dossiers[2];
	struct digest digest;
	unsigned flows;
};

static void begin(struct scene *scene)
{
	struct reason why;
	*scene = (struct scene){
		.matrix = load_rows(ROWS), .observed = made_observed(64)};
	scene->digest = (struct digest){&scene->dossiers[0], &scene->dossiers[1]};
	for (size_t i = 0; i < 2; i++) {
		assert_true(dossier_start(&scene->dossiers[i], scene->matrix, &why));
	}
	scene->dossiers[0].span = (struct dossier_span){FROM_US, UNTIL_US};
	scene->dossiers[1].span = (struct dossier_span){MADE_US, FROM_US};
}

static void end(struct scene *scene)
{
	dossier_free(&scene->dossiers[0]);
	dossier_free(&scene->dossiers[1]);
	observed_free(scene->observed);
	matrix_free(scene->matrix);
}

static void see_ending(struct scene *scene, const char *client, const char *server,
	unsigned day, int64_t certificate_end_s)
{
	struct sighting sighting = made_sighting(scene->flows++);
	sighting.client = made_address(client);
	sighting.server = made_address(server);
	sighting.shown = SIGHTING_ESTABLISHED;
	sighting.start_us = sighting.end_us = sighting.time_us =
		MADE_US + day * MADE_DAY_US;
	sighting.certificate_end_s = certificate_end_s;
	observed_add(scene->observed, &sighting);
	dossier_sighting(&scene->dossiers[0], &sighting);
	dossier_sighting(&scene->dossiers[1], &sighting);
}

static void see(
	struct scene *scene, const char *client, const char *server, unsigned day)
{
	see_ending(scene, client, server, day, 0);
}

static void finish(struct scene *scene)
{
	assert_true(dossier_finish(&scene->dossiers[0], scene->observed, false));
	assert_true(dossier_finish(&scene->dossiers[1], scene->observed, false));
}

static enum digest_row row(const struct scene *scene, size_t index)
{
	return digest_row(&scene->digest, &scene->dossiers[0].rows[index]);
}

static size_t count_new_cells(const struct scene *scene)
{
	size_t count = 0;
	size_t new = 0;
	const struct grid_cell *cells = grid_cells(scene->dossiers[0].grid, &count);
	for (size_t i = 0; i < count; i++) {
		new += digest_is_cell_new(&scene->digest, &cells[i]);
	}
	return new;
}

static void test_a_sender_of_before_is_no_news(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.71", "203.0.113.5", 3);
	see(&scene, "192.0.2.71", "203.0.113.5", 9);
	see(&scene, "192.0.2.71", "203.0.113.6", 9);
	finish(&scene);
	assert_int_equal(scene.dossiers[0].offender_total, 1);
	assert_false(
		digest_is_sender_new(&scene.digest, &scene.dossiers[0].offenders[0]));
	assert_int_equal(count_new_cells(&scene), 0);
	assert_false(digest_is_first(&scene.digest));
	end(&scene);
}

static void test_a_sender_and_a_cell_that_never_were_are_news(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25", 3);
	see(&scene, "192.0.2.71", "203.0.113.5", 9);
	finish(&scene);
	assert_true(
		digest_is_sender_new(&scene.digest, &scene.dossiers[0].offenders[0]));
	assert_int_equal(count_new_cells(&scene), 1);
	assert_true(digest_is_verdict_changed(&scene.digest, CONFORMITY_R37));
	assert_true(digest_has_news(&scene.digest));
	end(&scene);
}

static void test_what_goes_on_is_no_news(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25", 3);
	see(&scene, "192.0.2.70", "192.0.2.25", 9);
	see(&scene, "192.0.2.71", "192.0.2.25", 9);
	finish(&scene);
	assert_int_equal(row(&scene, 0), DIGEST_ROW_NONE);
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		assert_false(digest_is_verdict_changed(
			&scene.digest, (enum conformity_subject)i));
	}
	assert_int_equal(count_new_cells(&scene), 0);
	assert_int_equal(scene.dossiers[0].offender_total, 0);
	end(&scene);
}

static void test_rows_are_told_when_they_end_or_fall_silent(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25", 6);
	see(&scene, "192.0.2.10", "192.0.2.25", 8);
	finish(&scene);
	assert_int_equal(row(&scene, 0), DIGEST_ROW_SILENT);
	assert_int_equal(row(&scene, 1), DIGEST_ROW_ENDED);
	assert_int_equal(row(&scene, 2), DIGEST_ROW_NONE); /* 31 days */
	assert_int_equal(row(&scene, 3), DIGEST_ROW_ENDING);
	assert_true(digest_has_news(&scene.digest));
	end(&scene);
}

static void test_a_certificate_is_told_for_30_days(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see_ending(&scene, "192.0.2.70", "192.0.2.25", 8, LATE_S(30));
	see_ending(&scene, "192.0.2.70", "192.0.2.26", 8, LATE_S(30) + 1);
	see_ending(&scene, "192.0.2.70", "192.0.2.27", 8, LATE_S(-90));
	see_ending(&scene, "192.0.2.70", "192.0.2.28", 3, LATE_S(1));
	finish(&scene);
	const struct dossier_server *servers = scene.dossiers[0].servers;
	static const bool TOLD[] = {true, false, true, false};
	assert_int_equal(scene.dossiers[0].server_total, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(
			digest_is_certificate_ending(&scene.digest, &servers[i]),
			TOLD[i]);
	}
	end(&scene);
}

static char *written(const struct scene *scene, enum texts_language language)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	page_write_digest(out, &scene->digest, &PAGE_TEXT, language);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void test_silence_is_news_and_nothing_else_of_flows(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.71", "203.0.113.5", 6);
	see(&scene, "192.0.2.70", "192.0.2.25", 6);
	finish(&scene);
	assert_true(digest_is_silent(&scene.digest));
	assert_true(digest_has_news(&scene.digest));
	assert_int_equal(row(&scene, 0), DIGEST_ROW_NONE);
	assert_false(digest_is_verdict_changed(&scene.digest, CONFORMITY_R37));
	char *text = written(&scene, TEXTS_ENGLISH);
	assert_non_null(strstr(text, "The sensor saw no mail flow."));
	assert_non_null(strstr(text, "2026-12-05 00:00:00"));
	assert_non_null(strstr(text, "M-02 (relay -> mx-out): ended on 2026-12-08"));
	assert_null(strstr(text, "192.0.2.71"));
	free(text);
	end(&scene);
}

static void test_long_lists_are_cut_and_counted(void **state)
{
	(void)state;
	struct scene scene;
	char client[] = "192.0.2.70";
	begin(&scene);
	for (char last = '0'; last < '7'; last++) {
		client[sizeof(client) - 2] = last;
		see(&scene, client, "203.0.113.5", 9);
	}
	finish(&scene);
	assert_true(digest_is_first(&scene.digest));
	char *text = written(&scene, TEXTS_FRENCH);
	assert_non_null(strstr(text, "192.0.2.74"));
	assert_null(strstr(text, "192.0.2.75"));
	assert_non_null(strstr(text, "Et 2 de plus."));
	free(text);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sender_of_before_is_no_news),
		cmocka_unit_test(test_a_sender_and_a_cell_that_never_were_are_news),
		cmocka_unit_test(test_what_goes_on_is_no_news),
		cmocka_unit_test(test_rows_are_told_when_they_end_or_fall_silent),
		cmocka_unit_test(test_a_certificate_is_told_for_30_days),
		cmocka_unit_test(test_silence_is_news_and_nothing_else_of_flows),
		cmocka_unit_test(test_long_lists_are_cut_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
