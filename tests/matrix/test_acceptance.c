/* What a row or a group accepts, how it is declared, and what can never be accepted. */
#include "made_matrix.h"
#include "matrix/acceptance.h"

#define ROW(keys) \
	HEAD "rows:\n - {id: a, from: relay, to: mx-out, protocols: smtp, " keys "}\n"
#define REASONED ", owner: it, reason: why"

/* The first second behind 2027-06-30. */
#define END_S INT64_C(1814400000)

static const struct matrix_row *row_of(struct matrix *matrix, size_t index)
{
	size_t count = 0;
	return &matrix_rows(matrix, &count)[index];
}

static void a_row_carries_what_it_accepts_with_its_owner_and_reason(void **state)
{
	(void)state;
	struct matrix *matrix = load_rows(
		" - {id: a, from: [relay, mailboxes], to: mx-out, protocols: smtp, "
		"accepts: [R42, tls.cipher-weak], owner: it, reason: old appliance, "
		"until: 2027-06-30}\n"
		" - {id: b, from: mx-in, to: relay, protocols: smtp, owner: it}\n");
	const struct matrix_acceptance *acceptance = row_of(matrix, 0)->acceptance;
	assert_string_equal(acceptance->by, "row a");
	assert_string_equal(acceptance->what, "R42, tls.cipher-weak");
	assert_string_equal(acceptance->owner, "it");
	assert_string_equal(acceptance->reason, "old appliance");
	assert_true(acceptance->until_s == END_S);
	assert_int_equal(acceptance->place.line, 11);
	assert_true(acceptance_has_recommendation(acceptance, "R42"));
	assert_false(acceptance_has_recommendation(acceptance, "R42+"));
	assert_false(acceptance_has_recommendation(acceptance, NULL));
	assert_true(acceptance->findings == acceptance_finding_bit("tls.cipher-weak"));
	assert_ptr_equal(
		row_of(matrix, 1)->acceptance, acceptance); /* its other pair */
	assert_null(row_of(matrix, 2)->acceptance);
	assert_string_equal(row_of(matrix, 2)->owner, "it");
	matrix_free(matrix);
}

static void a_group_accepts_by_the_same_keys(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(
		"schema: 1\ngroups: {g: {role: mailbox, addresses: 192.0.2.2, accepts: "
		"R34, owner: it, reason: why}}\n"
		"rows: [{id: r, from: g, to: internet, protocols: smtp}]\n",
		&problems);
	assert_int_equal(problems.count, 0);
	size_t count = 0;
	const struct matrix_group *group = matrix_groups(matrix, &count);
	assert_string_equal(group->acceptance->by, "group g");
	assert_true(acceptance_has_recommendation(group->acceptance, "R34"));
	matrix_free(matrix);
}

static void it_holds_to_the_end_of_its_last_day(void **state)
{
	(void)state;
	struct matrix_acceptance acceptance = {.until_s = END_S};
	assert_true(acceptance_is_in_force(&acceptance, END_S - 1));
	assert_false(acceptance_is_in_force(&acceptance, END_S));
	acceptance.until_s = 0;
	assert_true(acceptance_is_in_force(&acceptance, INT64_MAX));
	assert_false(acceptance_is_in_force(NULL, 0));
}

static void nobody_accepts_without_saying_who_and_why(void **state)
{
	(void)state;
	assert_refused(ROW("accepts: R42, owner: it"),
		"made.yaml:11:63: row a accepts a deviation without a \"reason\"");
	assert_refused(ROW("accepts: R42, reason: why"),
		"row a accepts a deviation without an \"owner\"");
	assert_refused(ROW("owner: it, reason: why"),
		"row a has \"reason\" and no \"accepts\" that it is of");
	assert_refused(ROW("until: 2027-06-30"),
		"row a has \"until\" and no \"accepts\" that it is of");
	assert_refused(ROW("accepts: [], owner: it, reason: why"),
		"\"accepts\" is an empty list");
	assert_refused(ROW("accepts: {R42: yes}" REASONED), "must be a list");
}

static void a_date_that_is_none_is_told(void **state)
{
	(void)state;
	assert_refused(ROW("accepts: R42" REASONED ", until: soon"),
		"until \"soon\" is no date of the form 2027-06-30");
	assert_refused(ROW("accepts: R42" REASONED ", until: 2027-02-29"),
		"until \"2027-02-29\" is no day of the calendar");
}

static void an_unknown_name_is_told_with_the_nearest(void **state)
{
	(void)state;
	assert_refused(ROW("accepts: [R34, smtp.implicit]" REASONED),
		"made.yaml:11:69: \"smtp.implicit\" is no finding; did you mean "
		"\"smtps.implicit\"?");
	assert_refused(ROW("accepts: everything" REASONED),
		"\"everything\" is no recommendation (R34, R35,");
	assert_refused(ROW("accepts: R99" REASONED), "\"R99\" is no recommendation");
	assert_refused(ROW("accepts: [R42, R42]" REASONED), "\"R42\" is written twice");
}

/* The flow itself is what rows are for; whoever hides, and the sensor, are never accepted. */
static void an_illegitimate_flow_cannot_be_accepted(void **state)
{
	(void)state;
	static const char *const REFUSED[] = {"sender.illegitimate", "sender.attempt",
		"flow.illegitimate", "flow.role-mismatch", "port.unusual",
		"port.foreign", "sender.mx-lookup", "evasion.ambiguous", "tunnel.mail",
		"sensor.blind", "sensor.banned"};
	for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
		char text[1024];
		char words[80];
		(void)snprintf(
			text, sizeof(text), ROW("accepts: %s" REASONED), REFUSED[i]);
		(void)snprintf(words, sizeof(words),
			"\"%s\" cannot be accepted: ", REFUSED[i]);
		assert_refused(text, words);
	}
}

static void every_finding_that_may_be_accepted_can_be_written(void **state)
{
	(void)state;
	struct matrix_acceptance acceptance = {.reason = ""};
	struct reason why;
	for (size_t i = 0; acceptance_finding_id(i); i++) {
		const bool is_possible = (acceptance_possible() >> i & 1) != 0;
		assert_int_equal(
			acceptance_add(&acceptance, acceptance_finding_id(i), &why),
			is_possible);
	}
	assert_true(acceptance.findings == acceptance_possible());
	assert_true(acceptance_possible() != 0);
}

static void a_reason_has_room_in_a_record(void **state)
{
	(void)state;
	char text[1024];
	char words[ACCEPTANCE_REASON_MAX + 2];
	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	(void)snprintf(
		text, sizeof(text), ROW("accepts: R42, owner: it, reason: %s"), words);
	assert_refused(text, "reason has more than 160 bytes");
	words[ACCEPTANCE_REASON_MAX] = '\0';
	(void)snprintf(text, sizeof(text),
		" - {id: a, from: relay, to: mx-out, protocols: smtp, accepts: R42, "
		"owner: it, reason: %s}\n",
		words);
	struct matrix *matrix = load_rows(text);
	assert_string_equal(row_of(matrix, 0)->acceptance->reason, words);
	matrix_free(matrix);
}

static void it_is_said_in_one_line(void **state)
{
	(void)state;
	char text[ACCEPTANCE_TEXT_BYTES];
	struct matrix_acceptance acceptance = {.by = "row a",
		.owner = "it",
		.reason = "old appliance",
		.until_s = END_S};
	assert_string_equal(acceptance_text(&acceptance, text),
		"row a (it, until 2027-06-30): old appliance");
	acceptance.until_s = 0;
	assert_string_equal(
		acceptance_text(&acceptance, text), "row a (it): old appliance");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_row_carries_what_it_accepts_with_its_owner_and_reason),
		cmocka_unit_test(a_group_accepts_by_the_same_keys),
		cmocka_unit_test(it_holds_to_the_end_of_its_last_day),
		cmocka_unit_test(nobody_accepts_without_saying_who_and_why),
		cmocka_unit_test(a_date_that_is_none_is_told),
		cmocka_unit_test(an_unknown_name_is_told_with_the_nearest),
		cmocka_unit_test(an_illegitimate_flow_cannot_be_accepted),
		cmocka_unit_test(every_finding_that_may_be_accepted_can_be_written),
		cmocka_unit_test(a_reason_has_room_in_a_record),
		cmocka_unit_test(it_is_said_in_one_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
