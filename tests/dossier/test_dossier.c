/* What recorded flows add up to in a report, and what of it is held against an earlier one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../matrix/made_matrix.h"
#include "../observed/made_sighting.h"
#include "dossier/baseline.h"
#include "dossier/page.h"

#define ROWS                                                                         \
	"  - {id: M-01, from: workstations, to: relay, protocols: [smtp], tls: "     \
	"starttls}\n"                                                                \
	"  - {id: M-02, from: relay, to: mx-out, protocols: [smtp], tls: starttls, " \
	"expires: 2026-01-31}\n"

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
		.matrix = load_rows(ROWS), .observed = made_observed(64)};
	assert_true(dossier_start(&scene->dossier, scene->matrix, &why));
}

static void see_flow(struct scene *scene, const struct sighting *sighting)
{
	observed_add(scene->observed, sighting);
	dossier_sighting(&scene->dossier, sighting);
}

static struct sighting flow(struct scene *scene, const char *client, const char *server)
{
	struct sighting sighting = made_sighting(scene->flows++);
	sighting.client = made_address(client);
	sighting.server = made_address(server);
	sighting.shown = SIGHTING_ESTABLISHED;
	return sighting;
}

static void see(struct scene *scene, const char *client, const char *server)
{
	const struct sighting sighting = flow(scene, client, server);
	see_flow(scene, &sighting);
}

static void finish(struct scene *scene)
{
	assert_true(dossier_finish(&scene->dossier, scene->observed, false));
}

static void end(struct scene *scene)
{
	dossier_free(&scene->dossier);
	observed_free(scene->observed);
	matrix_free(scene->matrix);
}

static const struct dossier_breach *breach(
	const struct scene *scene, const char *fingerprint)
{
	for (size_t i = 0; i < scene->dossier.breach_count; i++) {
		if (strcmp(scene->dossier.breaches[i].fingerprint, fingerprint) == 0) {
			return &scene->dossier.breaches[i];
		}
	}
	return NULL;
}

static enum conformity_verdict verdict(
	const struct scene *scene, enum conformity_subject subject)
{
	return conformity_verdict(scene->dossier.conformity, subject);
}

static void test_an_allowed_flow_is_no_breach(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	finish(&scene);
	assert_int_equal(scene.dossier.breach_count, 0);
	assert_int_equal(scene.dossier.offender_total, 0);
	assert_int_equal(verdict(&scene, CONFORMITY_R37), CONFORMITY_CONFORM);
	assert_int_equal(scene.dossier.rows[0].flows, 1);
	assert_int_equal(scene.dossier.rows[1].flows, 0);
	end(&scene);
}

static void test_a_sender_without_a_row_is_named_and_counted(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	see(&scene, "192.0.2.71", "203.0.113.5");
	see(&scene, "192.0.2.71", "203.0.113.6");
	finish(&scene);
	const struct dossier_breach *found =
		breach(&scene, "sender.illegitimate||workstations|internet");
	assert_non_null(found);
	assert_int_equal(found->flows, 2);
	assert_null(found->row);
	assert_string_equal(found->nearest, "M-01");
	assert_true(dossier_is_of(found, CONFORMITY_R37));
	assert_false(dossier_is_of(found, CONFORMITY_R42));
	const struct address first = made_address("203.0.113.5");
	assert_true(address_equal(&found->example.server, &first));
	assert_int_equal(verdict(&scene, CONFORMITY_R37), CONFORMITY_BREACHED);
	assert_int_equal(scene.dossier.offender_total, 1);
	assert_int_equal(scene.dossier.offenders[0].flows, 2);
	end(&scene);
}

static void test_a_row_is_at_fault_where_it_allowed(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	struct sighting told = flow(&scene, "192.0.2.70", "192.0.2.25");
	told.findings = FINDING_BIT(FINDING_TLS_CIPHER_WEAK);
	see_flow(&scene, &told);
	finish(&scene);
	const struct dossier_breach *found =
		breach(&scene, "tls.cipher-weak|M-01|workstations|relay");
	assert_non_null(found);
	assert_string_equal(found->row, "M-01");
	assert_null(found->nearest);
	end(&scene);
}

/* The record's word on what the matrix decides is the old matrix's. */
static void test_what_an_old_matrix_found_is_judged_anew(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	struct sighting told = flow(&scene, "192.0.2.70", "192.0.2.25");
	told.findings = FINDING_BIT(FINDING_SENDER_ILLEGITIMATE);
	told.verdict = VERDICT_ILLEGITIMATE;
	see_flow(&scene, &told);
	finish(&scene);
	assert_int_equal(scene.dossier.breach_count, 0);
	end(&scene);
}

static void test_one_end_alone_is_no_verdict(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	struct sighting told = flow(&scene, "192.0.2.70", "192.0.2.25");
	told.bytes[DIRECTION_TO_CLIENT] = 0;
	see_flow(&scene, &told);
	finish(&scene);
	assert_int_equal(verdict(&scene, CONFORMITY_R37), CONFORMITY_NOT_OBSERVABLE);
	assert_int_equal(scene.dossier.sight.reach.both_way, 0);
	end(&scene);
}

static void test_a_row_whose_end_is_behind_the_last_flow_is_over(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	finish(&scene);
	assert_false(scene.dossier.rows[0].is_over);
	assert_true(scene.dossier.rows[1].is_over);
	end(&scene);
}

static void test_pairs_stand_for_their_flows(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	for (int i = 0; i < 5; i++) {
		const struct sighting sighting =
			flow(&scene, "192.0.2.71", "203.0.113.5");
		observed_add(scene.observed, &sighting);
	}
	assert_true(dossier_finish(&scene.dossier, scene.observed, true));
	assert_int_equal(scene.dossier.sight.reach.flows, 5);
	assert_int_equal(
		breach(&scene, "sender.illegitimate||workstations|internet")->flows, 5);
	assert_int_equal(
		conformity_line(scene.dossier.conformity, CONFORMITY_R37).observed, 5);
	end(&scene);
}

#define ALERT(finding, severity, source)                                               \
	"{\"timestamp\":\"2026-11-29T07:00:00.050000+0000\",\"event_type\":\"alert\"," \
	"\"flow_id\":7,\"src_ip\":\"" source "\",\"src_port\":40000,"                  \
	"\"dest_ip\":\"203.0.113.5\",\"dest_port\":995,\"app_proto\":\"http\","        \
	"\"alert\":{\"severity\":" severity ",\"metadata\":{\"finding\":\"" finding    \
	"\",\"count\":3}}}"

static void tell(struct scene *scene, const char *line)
{
	dossier_told(&scene->dossier, line, strlen(line));
}

static void test_alerts_without_a_mail_flow_count(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	tell(&scene, ALERT("port.foreign", "3", "192.0.2.70"));
	finish(&scene);
	const struct dossier_breach *found =
		breach(&scene, "port.foreign||workstations|internet");
	assert_non_null(found);
	assert_int_equal(found->flows, 3);
	assert_string_equal(found->example.protocol, "http");
	assert_int_equal(verdict(&scene, CONFORMITY_R37), CONFORMITY_BREACHED);
	end(&scene);
}

/* Those of mail flows are in the records of these. */
static void test_other_alerts_and_broken_lines_are_let_by(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	tell(&scene, ALERT("sender.illegitimate", "2", "192.0.2.70"));
	tell(&scene, ALERT("port.foreign", "0", "192.0.2.70"));
	tell(&scene, ALERT("port.foreign", "9", "192.0.2.70"));
	tell(&scene, ALERT("port.foreign", "3", "nobody"));
	tell(&scene, "{\"event_type\":\"mail\",\"mail\":{\"helo\":\"port.foreign\"}}");
	static const char WHOLE[] = ALERT("port.foreign", "3", "192.0.2.70");
	for (size_t len = 0; len < sizeof(WHOLE) - 1; len++) {
		char *copy = malloc(len > 0 ? len : 1);
		assert_non_null(copy);
		memcpy(copy, WHOLE, len);
		dossier_told(&scene.dossier, copy, len);
		free(copy);
	}
	finish(&scene);
	assert_int_equal(scene.dossier.breach_count, 0);
	end(&scene);
}

#define STATS(id, frames, blind)                                    \
	"{\"event_id\":\"" id                                       \
	"\",\"event_type\":\"stats\",\"stats\":{\"frames\":" frames \
	",\"bytes\":100000,\"blind\":{\"esp\":" blind ",\"esp_bytes\":9}}}"

static void count_up(struct scene *scene, const char *line)
{
	dossier_stats(&scene->dossier, line, strlen(line));
}

/* Counters grow; of one start of a sensor the last ones count, of two both do. */
static void test_what_sensors_could_not_decode_is_summed(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	count_up(&scene, STATS("north-1-5", "100", "40"));
	count_up(&scene, STATS("north-1-9", "200", "90"));
	count_up(&scene, STATS("north-2-1", "50", "5"));
	count_up(&scene, STATS("north-2-3", "20", "1")); /* started anew */
	count_up(&scene, "{\"event_type\":\"mail\",\"x\":\"stats\"}");
	finish(&scene);
	assert_true(scene.dossier.sight.has_frames);
	assert_int_equal(scene.dossier.sight.blindness.all.frames, 270);
	assert_int_equal(blindness_total(&scene.dossier.sight.blindness).frames, 96);
	assert_int_equal(verdict(&scene, CONFORMITY_R37), CONFORMITY_NOT_OBSERVABLE);
	end(&scene);
}

static void test_without_counters_what_was_not_decoded_is_unknown(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	finish(&scene);
	assert_false(scene.dossier.sight.has_frames);
	assert_int_equal(verdict(&scene, CONFORMITY_R37), CONFORMITY_CONFORM);
	end(&scene);
}

static void test_days_are_told_in_order(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	struct sighting late = flow(&scene, "192.0.2.71", "203.0.113.5");
	late.start_us += 2 * MADE_DAY_US;
	late.time_us += 2 * MADE_DAY_US;
	see_flow(&scene, &late);
	see(&scene, "192.0.2.70", "192.0.2.25");
	see(&scene, "192.0.2.70", "192.0.2.25");
	finish(&scene);
	const struct dossier_day *days = scene.dossier.days;
	assert_int_equal(scene.dossier.day_count, 2);
	assert_int_equal(days[0].day, MADE_US / MADE_DAY_US);
	assert_int_equal(days[0].flows, 2);
	assert_int_equal(days[0].breaches, 0);
	assert_int_equal(days[1].day, MADE_US / MADE_DAY_US + 2);
	assert_int_equal(days[1].flows, 1);
	assert_true(days[1].breaches > 0);
	end(&scene);
}

static void test_days_are_bounded(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	for (unsigned i = 0; i < DOSSIER_DAYS + 5; i++) {
		struct sighting sighting = flow(&scene, "192.0.2.70", "192.0.2.25");
		sighting.start_us += i * MADE_DAY_US;
		dossier_sighting(&scene.dossier, &sighting);
	}
	finish(&scene);
	assert_int_equal(scene.dossier.day_count, DOSSIER_DAYS);
	assert_true(scene.dossier.is_more_days);
	end(&scene);
}

/* The JSON form of a finished report. */
static char *json_of(const struct scene *scene, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	assert_non_null(out);
	page_write_json(out, &scene->dossier);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *earlier_report(size_t *len)
{
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.71", "203.0.113.5");
	finish(&scene);
	char *text = json_of(&scene, len);
	end(&scene);
	return text;
}

static void hold(struct scene *scene, const char *text, size_t len)
{
	struct reason why = {.text = ""};
	const struct text bytes = {(const uint8_t *)text, len};
	const bool is_held = baseline_hold(&scene->dossier, bytes, "old.json", &why);
	assert_string_equal(why.text, "");
	assert_true(is_held);
}

static size_t changed(const struct scene *scene, enum dossier_change change)
{
	return dossier_count_change(&scene->dossier, change);
}

static void test_a_breach_that_is_still_there_is_not_new(void **state)
{
	(void)state;
	size_t len = 0;
	char *old = earlier_report(&len);
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.99", "203.0.113.77"); /* other hosts, same groups */
	see(&scene, "192.0.2.25", "203.0.113.5");  /* another group */
	finish(&scene);
	hold(&scene, old, len);
	assert_int_equal(
		breach(&scene, "sender.illegitimate||workstations|internet")->change,
		DOSSIER_CHANGE_STILL);
	assert_int_equal(breach(&scene, "sender.illegitimate||relay|internet")->change,
		DOSSIER_CHANGE_NEW);
	assert_int_equal(changed(&scene, DOSSIER_CHANGE_FIXED), 0);
	end(&scene);
	free(old);
}

static void test_what_is_gone_is_fixed_where_it_could_be_seen(void **state)
{
	(void)state;
	size_t len = 0;
	char *old = earlier_report(&len);
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	finish(&scene);
	hold(&scene, old, len);
	assert_int_equal(scene.dossier.gone_count, 1);
	assert_int_equal(scene.dossier.gone[0].change, DOSSIER_CHANGE_FIXED);
	assert_string_equal(scene.dossier.gone[0].from, "workstations");
	end(&scene);
	free(old);
}

static void test_what_cannot_be_seen_any_more_is_not_fixed(void **state)
{
	(void)state;
	size_t len = 0;
	char *old = earlier_report(&len);
	struct scene scene;
	begin(&scene);
	finish(&scene);
	hold(&scene, old, len);
	assert_int_equal(changed(&scene, DOSSIER_CHANGE_FIXED), 0);
	assert_int_equal(changed(&scene, DOSSIER_CHANGE_UNSEEN), 1);
	end(&scene);
	free(old);
}

static void assert_no_report(const char *text)
{
	struct scene scene;
	struct reason why = {.text = ""};
	const struct text bytes = {(const uint8_t *)text, strlen(text)};
	begin(&scene);
	finish(&scene);
	assert_false(baseline_hold(&scene.dossier, bytes, "old.json", &why));
	assert_non_null(strstr(why.text, "old.json: "));
	assert_false(scene.dossier.has_baseline);
	end(&scene);
}

static void test_other_files_are_no_earlier_report(void **state)
{
	(void)state;
	assert_no_report("");
	assert_no_report("{}");
	assert_no_report("{\"report\":2,\"findings\":[]}");
	assert_no_report("{\"report\":1}");
	assert_no_report("{\"report\":1,\"findings\":[{\"finding\":\"tls.missing\"}]}");
}

/* Of a report every length: taken whole, or refused. */
static void test_a_report_that_is_cut_is_refused(void **state)
{
	(void)state;
	size_t len = 0;
	char *old = earlier_report(&len);
	struct scene scene;
	struct reason why;
	begin(&scene);
	finish(&scene);
	for (size_t cut = 0; cut + 2 < len; cut += 7) {
		uint8_t *copy = malloc(cut > 0 ? cut : 1);
		assert_non_null(copy);
		memcpy(copy, old, cut);
		assert_false(baseline_hold(
			&scene.dossier, (struct text){copy, cut}, "old.json", &why));
		free(copy);
	}
	end(&scene);
	free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_allowed_flow_is_no_breach),
		cmocka_unit_test(test_a_sender_without_a_row_is_named_and_counted),
		cmocka_unit_test(test_a_row_is_at_fault_where_it_allowed),
		cmocka_unit_test(test_what_an_old_matrix_found_is_judged_anew),
		cmocka_unit_test(test_one_end_alone_is_no_verdict),
		cmocka_unit_test(test_a_row_whose_end_is_behind_the_last_flow_is_over),
		cmocka_unit_test(test_pairs_stand_for_their_flows),
		cmocka_unit_test(test_alerts_without_a_mail_flow_count),
		cmocka_unit_test(test_other_alerts_and_broken_lines_are_let_by),
		cmocka_unit_test(test_what_sensors_could_not_decode_is_summed),
		cmocka_unit_test(test_without_counters_what_was_not_decoded_is_unknown),
		cmocka_unit_test(test_days_are_told_in_order),
		cmocka_unit_test(test_days_are_bounded),
		cmocka_unit_test(test_a_breach_that_is_still_there_is_not_new),
		cmocka_unit_test(test_what_is_gone_is_fixed_where_it_could_be_seen),
		cmocka_unit_test(test_what_cannot_be_seen_any_more_is_not_fixed),
		cmocka_unit_test(test_other_files_are_no_earlier_report),
		cmocka_unit_test(test_a_report_that_is_cut_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
