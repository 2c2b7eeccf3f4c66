/* A report of a span of time: what is judged in it, and what is looked at beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../matrix/made_matrix.h"
#include "../observed/made_sighting.h"
#include "dossier/dossier.h"

#define FROM_US  (MADE_US + 7 * MADE_DAY_US)
#define UNTIL_US (MADE_US + 14 * MADE_DAY_US)

struct scene {
	struct matrix *matrix;
	struct observed *observed;
	struct dossier dossier;
	unsigned flows;
};

static void begin(struct scene *scene)
{
	struct reason why;
	*scene = (struct scene){
		.matrix = load_rows("  - {id: M-01, from: workstations, to: relay, "
				    "protocols: [smtp], tls: starttls}\n"),
		.observed = made_observed(64)};
	assert_true(dossier_start(&scene->dossier, scene->matrix, &why));
	scene->dossier.span = (struct dossier_span){FROM_US, UNTIL_US};
}

static void end(struct scene *scene)
{
	dossier_free(&scene->dossier);
	observed_free(scene->observed);
	matrix_free(scene->matrix);
}

static void see(struct scene *scene, const char *server, uint64_t time_us)
{
	struct sighting sighting = made_sighting(scene->flows++);
	sighting.server = made_address(server);
	sighting.shown = SIGHTING_ESTABLISHED;
	sighting.start_us = sighting.end_us = sighting.time_us = time_us;
	sighting.certificate_end_s = (int64_t)(time_us / 1000000) + 100;
	observed_add(scene->observed, &sighting);
	dossier_sighting(&scene->dossier, &sighting);
}

static uint64_t flows_of(const struct scene *scene)
{
	return conformity_reach(scene->dossier.conformity).flows;
}

static void test_verdicts_are_of_the_span_alone(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "203.0.113.5", FROM_US - 1);
	see(&scene, "192.0.2.25", FROM_US);
	see(&scene, "192.0.2.25", UNTIL_US - 1);
	see(&scene, "203.0.113.6", UNTIL_US);
	assert_true(dossier_finish(&scene.dossier, scene.observed, false));
	assert_int_equal(flows_of(&scene), 2);
	assert_int_equal(scene.dossier.breach_count, 0);
	assert_int_equal(conformity_verdict(scene.dossier.conformity, CONFORMITY_R37),
		CONFORMITY_CONFORM);
	end(&scene);
}

static void test_senders_are_known_from_before_it(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "203.0.113.6", FROM_US + MADE_DAY_US);
	see(&scene, "203.0.113.5", FROM_US - MADE_DAY_US);
	assert_true(dossier_finish(&scene.dossier, scene.observed, false));
	assert_int_equal(scene.dossier.offender_total, 1);
	assert_int_equal(scene.dossier.offenders[0].flows, 2);
	assert_int_equal(scene.dossier.offenders[0].first_us, FROM_US - MADE_DAY_US);
	end(&scene);
}

static void test_pairs_count_on_their_days(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "203.0.113.5", FROM_US - MADE_DAY_US);
	see(&scene, "203.0.113.6", FROM_US);
	see(&scene, "203.0.113.7", UNTIL_US - 1);
	see(&scene, "203.0.113.8", UNTIL_US);
	conformity_free(scene.dossier.conformity); /* of single flows */
	struct reason why;
	scene.dossier.conformity = conformity_new(scene.matrix, &why);
	assert_non_null(scene.dossier.conformity);
	assert_true(dossier_finish(&scene.dossier, scene.observed, true));
	assert_int_equal(flows_of(&scene), 2);
	end(&scene);
}

static void test_a_certificate_counts_that_was_shown_in_it(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.25", FROM_US - 1);
	see(&scene, "192.0.2.26", FROM_US + 1000000);
	assert_true(dossier_finish(&scene.dossier, scene.observed, false));
	assert_int_equal(scene.dossier.server_total, 2);
	assert_int_equal(scene.dossier.servers[0].certificate_end_s, 0);
	assert_int_equal(scene.dossier.servers[1].certificate_end_s,
		(int64_t)(FROM_US / 1000000) + 101);
	end(&scene);
}

#define STATS(day, frames, blind)                                               \
	"{\"timestamp\":\"2026-12-" day "T00:00:00.000000+0000\",\"event_id\":" \
	"\"north-1-5\",\"event_type\":\"stats\",\"stats\":{\"frames\":" frames  \
	",\"bytes\":100000,\"blind\":{\"esp\":" blind ",\"esp_bytes\":9}}}"

/* 2026-12-06 to 2026-12-13: what was counted before is taken off. */
static void test_counters_are_those_that_grew_in_it(void **state)
{
	static const char *const LINES[] = {STATS("01", "100", "40"),
		STATS("05", "200", "90"), STATS("07", "250", "91"),
		STATS("12", "300", "93"), STATS("14", "900", "700")};
	(void)state;
	struct scene scene;
	begin(&scene);
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		dossier_stats(&scene.dossier, LINES[i], strlen(LINES[i]));
	}
	assert_true(dossier_finish(&scene.dossier, scene.observed, false));
	assert_int_equal(scene.dossier.sight.blindness.all.frames, 100);
	assert_int_equal(blindness_total(&scene.dossier.sight.blindness).frames, 3);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts_are_of_the_span_alone),
		cmocka_unit_test(test_senders_are_known_from_before_it),
		cmocka_unit_test(test_pairs_count_on_their_days),
		cmocka_unit_test(test_a_certificate_counts_that_was_shown_in_it),
		cmocka_unit_test(test_counters_are_those_that_grew_in_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
