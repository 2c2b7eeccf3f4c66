#include "judge/action.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct matrix_zone INTERNAL = {.name = "internal"};
static const struct matrix_zone INTERNET = {.name = "internet"};
static const struct matrix_group RELAY = {.name = "relay", .role = MATRIX_ROLE_RELAY};

struct scene {
	struct action_table table;
	struct facts facts;
	struct matrix_row row;
	struct observation observation;
	struct judgement judgement;
};

static void set(struct scene *scene)
{
	*scene = (struct scene){
		.row = {.from = {.zone = &INTERNAL}, .to = {.zone = &INTERNET}},
		.observation = {.protocol = PROTOCOL_SMTP,
			.confidence = DIRECTION_CONFIDENCE_SYN},
		.judgement = {.from = {.zone = &INTERNAL},
			.to = {.zone = &INTERNET},
			.findings = FINDING_BIT(FINDING_SENDER_ILLEGITIMATE)}};
	scene->observation.facts = &scene->facts;
	action_table_start(&scene->table);
	scene->table.is_enforcing = true;
}

static struct action_choice choose(const struct scene *scene)
{
	return action_choose(&scene->table, &scene->observation, &scene->judgement);
}

static void an_illegitimate_sender_in_clear_is_refused(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
	scene.observation.protocol = PROTOCOL_LMTP;
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
	scene.observation.protocol = PROTOCOL_SUBMISSION;
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
}

static void nobody_is_spoken_to_inside_tls_or_in_another_protocol(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	scene.observation.protocol = PROTOCOL_SMTPS;
	assert_int_equal(choose(&scene).action, ACTION_REJECT);
	scene.observation.protocol = PROTOCOL_IMAP;
	assert_int_equal(choose(&scene).action, ACTION_REJECT);
	scene.observation.protocol = PROTOCOL_SMTP;
	scene.facts.starttls = FACTS_STARTTLS_ACCEPTED;
	assert_int_equal(choose(&scene).action, ACTION_REJECT);
}

static void auditing_only_tells(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	scene.table.is_enforcing = false;
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
	assert_true(choose(&scene).is_audited);
}

static void a_row_in_audit_mode_speaks_only_for_its_own_ends(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	scene.row.mode = MATRIX_MODE_AUDIT;
	scene.judgement.nearest = &scene.row;
	assert_true(choose(&scene).is_audited);
	scene.judgement.from.group = &RELAY; /* in that zone too */
	assert_true(choose(&scene).is_audited);
	scene.row.from = (struct matrix_end){.group = &RELAY};
	assert_true(choose(&scene).is_audited);
	scene.judgement.from.group = NULL; /* another sender near that row */
	assert_false(choose(&scene).is_audited);
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
}

#define END_S   INT64_C(1814400000)
#define GRACE_S 604800

/* The row names everything right and ended so many seconds ago. */
static void expire(struct scene *scene, int64_t ago_s)
{
	scene->table.grace_s = GRACE_S;
	scene->row.expires_s = END_S;
	scene->judgement.nearest = &scene->row;
	scene->judgement.is_expired = true;
	scene->judgement.verdict = VERDICT_ILLEGITIMATE;
	scene->observation.now_us = (uint64_t)(END_S + ago_s) * 1000000;
}

static void what_the_end_of_its_row_forbids_is_let_by_for_the_grace(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	expire(&scene, 0);
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
	assert_true(choose(&scene).is_audited);
	expire(&scene, GRACE_S - 1);
	assert_true(choose(&scene).is_audited);
	expire(&scene, GRACE_S);
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
	assert_false(choose(&scene).is_audited);
	expire(&scene, 0);
	scene.table.grace_s = 0;
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
}

static void another_condition_of_an_expired_row_has_no_grace(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	expire(&scene, 0);
	scene.judgement.is_expired = false;
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
}

static void what_was_blocked_before_its_row_ended_is_blocked_behind_it(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	expire(&scene, 0);
	scene.judgement.findings |= FINDING_BIT(FINDING_TLS_MISSING);
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
	scene.table.of[FINDING_TLS_MISSING] = ACTION_DROP;
	assert_int_equal(choose(&scene).action, ACTION_DROP);
	assert_false(choose(&scene).is_audited);
	/* declared or not, implicit TLS with the Internet is told */
	scene.judgement.findings = FINDING_BIT(FINDING_SMTPS_IMPLICIT);
	scene.judgement.to = (struct matrix_end){.zone = &INTERNAL};
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
	scene.judgement.to = (struct matrix_end){.zone = &INTERNET};
	assert_int_equal(choose(&scene).action, ACTION_REJECT);
	/* but submissions at a provider were not told before */
	scene.row.protocols = PROTOCOL_BIT(PROTOCOL_SUBMISSIONS);
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
	assert_true(choose(&scene).is_audited);
	scene.judgement.from.group = &RELAY;
	assert_int_equal(choose(&scene).action, ACTION_REJECT);
}

static void nobody_is_kept_out_for_the_end_of_a_row_before_its_grace_is_over(
	void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	scene.observation.protocol = PROTOCOL_ATTEMPT;
	scene.observation.server_port = 25;
	expire(&scene, GRACE_S - 1);
	assert_false(
		action_keeps_out(&scene.table, &scene.observation, &scene.judgement));
	expire(&scene, GRACE_S);
	assert_true(
		action_keeps_out(&scene.table, &scene.observation, &scene.judgement));
}

static void what_is_not_in_the_table_passes(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	scene.judgement.findings = FINDING_BIT(FINDING_TLS_CIPHER_WEAK) |
				   FINDING_BIT(FINDING_TLS_CERTIFICATE_EXPIRED);
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
	assert_false(choose(&scene).is_audited);
}

static void the_gravest_action_of_several_findings_holds(void **state)
{
	(void)state;
	struct scene scene;
	struct reason why;
	set(&scene);
	assert_true(action_table_set(&scene.table, "port.unusual=drop", &why));
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
	scene.judgement.findings |= FINDING_BIT(FINDING_PORT_UNUSUAL);
	assert_int_equal(choose(&scene).action, ACTION_DROP);
}

static void a_guess_by_port_numbers_blocks_nobody(void **state)
{
	(void)state;
	struct scene scene;
	set(&scene);
	scene.observation.confidence = DIRECTION_CONFIDENCE_PORT;
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
}

static bool is_settled(const struct scene *scene)
{
	return action_is_settled(&scene->table, &scene->observation, &scene->judgement);
}

static void set_settled(struct scene *scene)
{
	set(scene);
	scene->judgement.findings = 0;
	scene->judgement.verdict = VERDICT_LEGITIMATE;
	scene->facts.has_content_clear = true;
}

static void content_in_clear_settles_a_legitimate_flow(void **state)
{
	(void)state;
	struct scene scene;
	set_settled(&scene);
	assert_true(is_settled(&scene));
	scene.facts.has_content_clear = false;
	assert_false(is_settled(&scene));
	set_settled(&scene);
	scene.judgement.verdict = VERDICT_UNDECIDED;
	assert_false(is_settled(&scene));
	set_settled(&scene);
	scene.judgement.findings = FINDING_BIT(FINDING_SENDER_ILLEGITIMATE);
	assert_false(is_settled(&scene));
	scene.table.is_enforcing = false;
	assert_true(is_settled(&scene));
	set_settled(&scene);
	scene.observation.confidence = DIRECTION_CONFIDENCE_PORT;
	assert_false(is_settled(&scene));
}

static void a_connection_that_may_carry_something_else_is_never_settled(void **state)
{
	(void)state;
	static const enum protocol OTHERS[] = {PROTOCOL_SMTPS, PROTOCOL_EAS,
		PROTOCOL_MAPI_RPC, PROTOCOL_HTTP, PROTOCOL_UNKNOWN};
	struct scene scene;
	set_settled(&scene);
	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++) {
		scene.observation.protocol = OTHERS[i];
		assert_false(is_settled(&scene));
	}
	scene.observation.protocol = PROTOCOL_POP3;
	assert_true(is_settled(&scene));
}

static void what_may_still_be_found_and_is_blocked_keeps_it_open(void **state)
{
	(void)state;
	struct scene scene;
	struct reason why;
	set_settled(&scene);
	assert_true(action_table_set(&scene.table, "tls.missing=reject", &why));
	assert_true(is_settled(&scene));
	assert_true(
		action_table_set(&scene.table, "tls.credentials-clear=reject", &why));
	assert_false(is_settled(&scene));
}

static void a_wrong_setting_is_told(void **state)
{
	(void)state;
	struct action_table table;
	struct reason why;
	action_table_start(&table);
	assert_false(action_table_set(&table, "sender.illegitimate", &why));
	assert_false(action_table_set(&table, "sender.illegitimate=kill", &why));
	assert_false(action_table_set(&table, "sender.unheard=drop", &why));
	assert_string_equal(why.text, "sender.unheard: no such finding on a flow");
	assert_false(action_table_set(&table, "sensor.packet-loss=drop", &why));
	assert_true(action_table_set(&table, "sender.illegitimate=accept", &why));
	assert_int_equal(table.of[FINDING_SENDER_ILLEGITIMATE], ACTION_ACCEPT);
}

static void listed(struct scene *scene, enum listed_end end, enum matrix_list_kind kind)
{
	set(scene);
	scene->judgement.from.zone = &INTERNET;
	scene->judgement.findings = FINDING_BIT(FINDING_SENDER_LISTED);
	scene->judgement.listed.told = end;
	for (unsigned i = 0; i < LISTED_ENDS; i++) {
		scene->judgement.listed.ends[i].entry = LISTS_NONE;
	}
	scene->judgement.listed.ends[end].entry = 1;
	scene->judgement.listed.ends[end].kind = (uint8_t)kind;
	scene->table.of[FINDING_SENDER_LISTED] = ACTION_REFUSE;
}

static void a_listed_sender_is_put_off_or_turned_away_as_its_list_is(void **state)
{
	(void)state;
	struct scene scene;
	listed(&scene, LISTED_CLIENT, MATRIX_LIST_DENY);
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
	assert_false(choose(&scene).is_temporary);
	listed(&scene, LISTED_CLIENT, MATRIX_LIST_TEMPORARY);
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
	assert_true(choose(&scene).is_temporary);
	/* for another reason it is turned away for good */
	scene.judgement.findings |= FINDING_BIT(FINDING_SENDER_ILLEGITIMATE);
	assert_false(choose(&scene).is_temporary);
	scene.table.of[FINDING_SENDER_LISTED] = ACTION_ACCEPT;
	scene.judgement.findings = FINDING_BIT(FINDING_SENDER_LISTED);
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
}

static void a_declared_end_is_not_cut_off_by_what_others_write(void **state)
{
	(void)state;
	struct scene scene;
	listed(&scene, LISTED_SERVER, MATRIX_LIST_DENY);
	scene.judgement.from.group = &RELAY;
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
	scene.judgement.from.group = NULL;
	scene.judgement.to.group = &RELAY;
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
	listed(&scene, LISTED_CLIENT, MATRIX_LIST_DENY);
	scene.judgement.from.group = &RELAY;
	assert_int_equal(choose(&scene).action, ACTION_ACCEPT);
	scene.judgement.findings |= FINDING_BIT(FINDING_SENDER_ILLEGITIMATE);
	assert_int_equal(choose(&scene).action, ACTION_REFUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_illegitimate_sender_in_clear_is_refused),
		cmocka_unit_test(nobody_is_spoken_to_inside_tls_or_in_another_protocol),
		cmocka_unit_test(auditing_only_tells),
		cmocka_unit_test(a_row_in_audit_mode_speaks_only_for_its_own_ends),
		cmocka_unit_test(
			what_the_end_of_its_row_forbids_is_let_by_for_the_grace),
		cmocka_unit_test(another_condition_of_an_expired_row_has_no_grace),
		cmocka_unit_test(
			what_was_blocked_before_its_row_ended_is_blocked_behind_it),
		cmocka_unit_test(
			nobody_is_kept_out_for_the_end_of_a_row_before_its_grace_is_over),
		cmocka_unit_test(what_is_not_in_the_table_passes),
		cmocka_unit_test(the_gravest_action_of_several_findings_holds),
		cmocka_unit_test(a_guess_by_port_numbers_blocks_nobody),
		cmocka_unit_test(content_in_clear_settles_a_legitimate_flow),
		cmocka_unit_test(
			a_connection_that_may_carry_something_else_is_never_settled),
		cmocka_unit_test(what_may_still_be_found_and_is_blocked_keeps_it_open),
		cmocka_unit_test(a_wrong_setting_is_told),
		cmocka_unit_test(
			a_listed_sender_is_put_off_or_turned_away_as_its_list_is),
		cmocka_unit_test(a_declared_end_is_not_cut_off_by_what_others_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
