#include "audit/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_S INT64_C(1800000000) /* 2027-01-15 */

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24, 2001:db8::/32], gateway: [198.51.100.0/28]}\n"
	"groups:\n"
	"  clients: {role: client, service: office, addresses: [192.0.2.64/26]}\n"
	"  store: {role: mailbox, service: office, addresses: [192.0.2.10-192.0.2.11],"
	" names: [mail.example.org]}\n"
	"  relay: {role: relay, service: office, addresses: [192.0.2.25, "
	"\"2001:db8::25\"]}\n"
	"  farm: {role: submission, service: office, addresses: [192.0.2.128/25]}\n"
	"  one: {role: submission, service: office, addresses: [192.0.2.130]}\n"
	"  wide: {role: relay, service: office, addresses: [\"2001:db8:f::/64\"]}\n"
	"  named: {role: relay, service: office, names: [far.example.net]}\n"
	"rows:\n"
	"  - {id: A, from: clients, to: store, protocols: [imap, imaps, mapi-http], "
	"tls: required}\n"
	"  - {id: B, from: clients, to: store, protocols: [imap], tls: optional, "
	"min_tls: \"1.3\"}\n"
	"  - {id: C, from: store, to: relay, protocols: [smtp], tls: optional}\n"
	"  - {id: D, from: clients, to: relay, protocols: [smtp, pop3s, imaps], "
	"ports: [993, 2500]}\n"
	"  - {id: E, from: relay, to: internet, protocols: [smtp]}\n"
	"  - {id: F, from: clients, to: farm, protocols: [submission], ports: "
	"[10587]}\n"
	"  - {id: G, from: clients, to: wide, protocols: [smtp]}\n"
	"  - {id: H, from: clients, to: named, protocols: [smtp]}\n"
	"  - {id: I, from: clients, to: store, protocols: [pop3s], expires: "
	"2026-12-31}\n";

static struct matrix *matrix;
static struct server_targets targets;

static int load(void **state)
{
	(void)state;
	char path[] = "/tmp/test_server_targets.XXXXXX";
	const int file = mkstemp(path);
	const char *files[] = {path};
	struct matrix_problems problems = {.count = 0};
	assert_true(file >= 0);
	assert_int_equal(write(file, MATRIX, sizeof(MATRIX) - 1), sizeof(MATRIX) - 1);
	(void)close(file);
	matrix = matrix_load(files, 1, &problems);
	(void)unlink(path);
	for (size_t i = 0; i < problems.count; i++) {
		print_error("%s\n", problems.list[i].text);
	}
	matrix_problems_free(&problems);
	return matrix ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	matrix_free(matrix);
	return 0;
}

static int make(void **state)
{
	(void)state;
	return server_targets_make(&targets, matrix, NOW_S) ? 0 : -1;
}

static int drop(void **state)
{
	(void)state;
	server_targets_free(&targets);
	return 0;
}

static const struct server_target *target_of(const char *text, uint16_t port)
{
	struct address address;
	assert_true(address_parse(text, &address));
	for (size_t i = 0; i < targets.count; i++) {
		if (targets.list[i].port == port &&
			address_equal(&targets.list[i].address, &address)) {
			return &targets.list[i];
		}
	}
	return NULL;
}

static void each_address_has_the_ports_of_its_rows_once(void **state)
{
	(void)state;
	/* store 2 x 2, relay 2 x 3, farm 128 without the one that is another group's */
	assert_int_equal(targets.count, 4 + 6 + 127);
	assert_non_null(target_of("192.0.2.11", 143));
	assert_non_null(target_of("2001:db8::25", 25));
	assert_non_null(target_of("192.0.2.129", 10587));
	assert_null(target_of("192.0.2.130", 10587));
	assert_null(target_of("192.0.2.10", 443)); /* HTTP is not asked */
	assert_null(target_of("192.0.2.10", 995)); /* its row has expired */
}

static void a_row_that_holds_is_asked(void **state)
{
	(void)state;
	struct server_targets earlier;
	assert_true(server_targets_make(&earlier, matrix, NOW_S - 86400 * 30));
	assert_int_equal(earlier.count, targets.count + 2); /* POP3S of the store */
	server_targets_free(&earlier);
}

static void the_strictest_row_says_what_is_asked_of_a_server(void **state)
{
	(void)state;
	const struct server_target *imap = target_of("192.0.2.10", 143);
	const struct server_target *smtp = target_of("192.0.2.25", 25);
	assert_non_null(imap);
	assert_non_null(smtp);
	assert_int_equal(imap->min_tls, 0x0304);
	assert_true(imap->is_tls_asked);
	assert_false(imap->is_between);
	assert_int_equal(smtp->min_tls, 0x0303);
	assert_false(smtp->is_tls_asked);
	assert_true(smtp->is_between);
}

static void a_port_that_may_be_several_protocols_is_not_guessed(void **state)
{
	(void)state;
	const struct server_target *own = target_of("192.0.2.25", 993);
	const struct server_target *foreign = target_of("192.0.2.25", 2500);
	assert_non_null(own);
	assert_non_null(foreign);
	assert_int_equal(own->protocol, PROTOCOL_IMAPS);
	assert_false(own->is_ambiguous);
	assert_true(foreign->is_ambiguous);
}

static void a_network_too_large_is_counted(void **state)
{
	(void)state;
	assert_int_equal(targets.left_out, 1);
	assert_null(target_of("2001:db8:f::1", 25));
}

static void only_what_is_declared_is_kept(void **state)
{
	(void)state;
	const char *wishes[] = {"192.0.2.25", "mail.example.org"};
	const char *wrong[] = {"relay", "192.0.2.64"};
	const char *wrong_name[] = {"far.example.net"};
	const size_t all = targets.count;
	assert_string_equal(server_targets_keep(&targets, wrong, 2), "192.0.2.64");
	assert_string_equal(
		server_targets_keep(&targets, wrong_name, 1), "far.example.net");
	assert_int_equal(targets.count, all);
	assert_null(server_targets_keep(&targets, wishes, 2));
	assert_int_equal(targets.count, 3 + 4);
}

static void nonsense_of_another_process_is_no_answer(void **state)
{
	(void)state;
	const struct server_answer good = {.protocol = PROTOCOL_SMTP,
		.question = SERVER_TLS,
		.state = AUDIT_NO,
		.severity = SEVERITY_LOW};
	struct server_answer bad = good;
	assert_true(server_answer_is_whole(&good));
	bad.question = SERVER_QUESTION_COUNT;
	assert_false(server_answer_is_whole(&bad));
	bad = good;
	bad.state = AUDIT_STATES;
	assert_false(server_answer_is_whole(&bad));
	bad = good;
	bad.protocol = PROTOCOL_COUNT;
	assert_false(server_answer_is_whole(&bad));
	bad = good;
	bad.severity = SEVERITY_LOW + 1;
	assert_false(server_answer_is_whole(&bad));
	bad = good;
	memset(bad.why, 'x', sizeof(bad.why));
	assert_false(server_answer_is_whole(&bad));
	bad = good;
	memset(bad.key, 'x', sizeof(bad.key));
	assert_false(server_answer_is_whole(&bad));
}

static void a_pin_that_another_process_tells_is_checked_and_compared(void **state)
{
	(void)state;
	static const struct server_pin GOOD = {.kind = SERVER_PIN_TLSA,
		.host = "mx.example.org",
		.pin = {.usage = 3, .selector = 1, .matching = 1, .len = 32}};
	struct server_pin other = GOOD;
	assert_true(server_pin_is_whole(&GOOD));
	other.pin.data[32] = 1; /* behind its end */
	assert_true(server_pin_equal(&GOOD, &other));
	other.pin.data[31] = 1;
	assert_false(server_pin_equal(&GOOD, &other));
	other = GOOD;
	other.kind = SERVER_PIN_ENFORCED;
	assert_true(server_pin_is_whole(&other));
	assert_false(server_pin_equal(&GOOD, &other));
	other.kind = SERVER_PIN_ENFORCED + 1;
	assert_false(server_pin_is_whole(&other));
	other = GOOD;
	other.pin.len = TLS_PIN_BYTES;
	assert_true(server_pin_is_whole(&other));
	other.pin.len++;
	assert_false(server_pin_is_whole(&other));
	other = GOOD;
	memset(other.host, 'x', sizeof(other.host));
	assert_false(server_pin_is_whole(&other));
	other = GOOD;
	other.domain[0] = 'x';
	assert_true(server_pin_is_whole(&other));
	assert_false(server_pin_equal(&GOOD, &other));
	memset(other.domain, 'x', sizeof(other.domain));
	assert_false(server_pin_is_whole(&other));
}

static void every_question_has_its_words_and_one_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SERVER_QUESTION_COUNT; i++) {
		const struct audit_check *check = server_check(i, SEVERITY_LOW);
		assert_memory_equal(check->id, "server.", 7);
		assert_true(strlen(check->question) > 10);
		assert_int_equal(check->severity, SEVERITY_LOW);
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(
				check->id, server_check(j, SEVERITY_LOW)->id);
		}
	}
}

static void a_subject_names_the_service_and_the_kind_of_key(void **state)
{
	(void)state;
	struct server_answer answer = {
		.port = 993, .protocol = PROTOCOL_IMAPS, .key = "RSA"};
	char text[SERVER_SUBJECT_BYTES];
	assert_true(address_parse("2001:db8::1", &answer.address));
	server_subject(&answer, text);
	assert_string_equal(text, "[2001:db8::1]:993 imaps, RSA");
	answer.key[0] = '\0';
	assert_true(address_parse("192.0.2.1", &answer.address));
	server_subject(&answer, text);
	assert_string_equal(text, "192.0.2.1:993 imaps");
}

#define OF_TARGETS(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_TARGETS(each_address_has_the_ports_of_its_rows_once),
		OF_TARGETS(a_row_that_holds_is_asked),
		OF_TARGETS(the_strictest_row_says_what_is_asked_of_a_server),
		OF_TARGETS(a_port_that_may_be_several_protocols_is_not_guessed),
		OF_TARGETS(a_network_too_large_is_counted),
		OF_TARGETS(only_what_is_declared_is_kept),
		cmocka_unit_test(nonsense_of_another_process_is_no_answer),
		cmocka_unit_test(
			a_pin_that_another_process_tells_is_checked_and_compared),
		cmocka_unit_test(every_question_has_its_words_and_one_name),
		cmocka_unit_test(a_subject_names_the_service_and_the_kind_of_key),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
