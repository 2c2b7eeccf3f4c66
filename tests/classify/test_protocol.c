#include "classify/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void every_protocol_is_found_by_its_name(void **state)
{
	(void)state;
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_COUNT; i++) {
		const enum protocol protocol = (enum protocol)i;
		assert_int_equal(protocol_by_name(protocol_name(protocol)), protocol);
		assert_true(
			protocol_row(protocol_row(protocol)->family)->name[0] != '\0');
	}
	assert_int_equal(protocol_by_name("SMTP"), PROTOCOL_UNKNOWN);
	assert_int_equal(protocol_by_name(""), PROTOCOL_UNKNOWN);
}

static void mail_is_what_stands_before_the_line(void **state)
{
	(void)state;
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_COUNT; i++) {
		assert_int_equal(protocol_row((enum protocol)i)->is_mail,
			i <= PROTOCOL_MAIL_LAST);
	}
}

static void a_mail_port_belongs_to_the_protocol_it_names(void **state)
{
	(void)state;
	static const struct {
		uint16_t port;
		enum protocol owner;
	} OWNERS[] = {
		{24, PROTOCOL_LMTP},
		{25, PROTOCOL_SMTP},
		{110, PROTOCOL_POP3},
		{143, PROTOCOL_IMAP},
		{465, PROTOCOL_SMTPS},
		{587, PROTOCOL_SUBMISSION},
		{993, PROTOCOL_IMAPS},
		{995, PROTOCOL_POP3S},
		{4190, PROTOCOL_SIEVE},
	};
	size_t owned = 0;
	for (int i = PROTOCOL_ATTEMPT - 1; i > PROTOCOL_UNKNOWN; i--) {
		const struct protocol_row *row = protocol_row((enum protocol)i);
		const enum protocol owner = protocol_of_port(row->ports[0]);
		assert_true(row->is_inside_http || owner == (enum protocol)i ||
			    protocol_row(owner)->ports[0] == row->ports[0]);
	}
	for (size_t i = 0; i < sizeof(OWNERS) / sizeof(OWNERS[0]); i++) {
		assert_int_equal(protocol_of_port(OWNERS[i].port), OWNERS[i].owner);
		assert_true(protocol_owns_port(OWNERS[i].owner, OWNERS[i].port));
	}
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		owned += protocol_of_port((uint16_t)port) != PROTOCOL_UNKNOWN;
	}
	assert_int_equal(owned, sizeof(OWNERS) / sizeof(OWNERS[0]));
}

static void what_mail_says_in_clear_has_a_grammar(void **state)
{
	(void)state;
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_ATTEMPT; i++) {
		const struct protocol_row *row = protocol_row((enum protocol)i);
		const bool is_read = row->grammar != PROTOCOL_GRAMMAR_NONE;
		assert_int_equal(is_read, !row->is_implicit_tls || row->is_inside_http);
		assert_int_equal(
			row->grammar == PROTOCOL_GRAMMAR_HTTP, row->is_inside_http);
	}
	assert_int_equal(
		protocol_row(PROTOCOL_ATTEMPT)->grammar, PROTOCOL_GRAMMAR_NONE);
}

static void habitual_ports_are_nobodys_own(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {26, 2525, 2526, 10024, 10025, 10026, 10027, 0};
	for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++) {
		assert_int_equal(protocol_of_port(PORTS[i]), PROTOCOL_UNKNOWN);
		for (int p = PROTOCOL_UNKNOWN + 1; p <= PROTOCOL_MAIL_LAST; p++) {
			assert_false(protocol_owns_port((enum protocol)p, PORTS[i]));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_protocol_is_found_by_its_name),
		cmocka_unit_test(mail_is_what_stands_before_the_line),
		cmocka_unit_test(a_mail_port_belongs_to_the_protocol_it_names),
		cmocka_unit_test(what_mail_says_in_clear_has_a_grammar),
		cmocka_unit_test(habitual_ports_are_nobodys_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
