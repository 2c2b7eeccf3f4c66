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
	static const uint16_t PORTS[] = {24, 25, 110, 143, 465, 587, 993, 995, 4190};
	for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++) {
		const enum protocol protocol = protocol_of_port(PORTS[i]);
		assert_int_not_equal(protocol, PROTOCOL_UNKNOWN);
		assert_true(protocol_owns_port(protocol, PORTS[i]));
	}
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
		cmocka_unit_test(habitual_ports_are_nobodys_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
