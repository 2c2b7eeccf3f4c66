/* How a receiver is written, "HOST:PORT" and the like. */
#include "ship/addresses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STANDARD 514

static char host[ADDRESS_HOST_BYTES];

/* The port; 0: it is refused. */
static unsigned split(const char *text)
{
	unsigned port = STANDARD;
	host[0] = '\0';
	return addresses_split(text, host, &port) ? port : 0;
}

static void a_host_may_have_a_port_and_ipv6_needs_brackets_for_one(void **state)
{
	(void)state;
	assert_int_equal(split("siem.example.org"), STANDARD);
	assert_string_equal(host, "siem.example.org");
	assert_int_equal(split("siem.example.org:6514"), 6514);
	assert_string_equal(host, "siem.example.org");
	assert_int_equal(split("192.0.2.1:65535"), 65535);
	assert_string_equal(host, "192.0.2.1");
	assert_int_equal(split("[2001:db8::1]:601"), 601);
	assert_string_equal(host, "2001:db8::1");
	assert_int_equal(split("[2001:db8::1]"), STANDARD);
	assert_string_equal(host, "2001:db8::1");
	assert_int_equal(split("2001:db8::1"), STANDARD);
	assert_string_equal(host, "2001:db8::1");
}

static void what_is_no_host_and_port_is_refused(void **state)
{
	(void)state;
	static const char *const WRONG[] = {"", ":514", "a:", "a:0", "a:65536", "a:+1",
		"a: 1", "a:1x", "[2001:db8::1", "[]", "[]:1", "[2001:db8::1]:"};
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		if (split(WRONG[i]) != 0) {
			fail_msg("\"%s\" is taken", WRONG[i]);
		}
	}
}

static void a_host_is_as_long_as_its_room(void **state)
{
	(void)state;
	char text[ADDRESS_HOST_BYTES + 8];
	(void)snprintf(text, sizeof(text), "%0*d:25", ADDRESS_HOST_BYTES - 1, 0);
	assert_int_equal(split(text), 25);
	assert_int_equal(strlen(host), ADDRESS_HOST_BYTES - 1);
	(void)snprintf(text, sizeof(text), "%0*d", ADDRESS_HOST_BYTES, 0);
	assert_int_equal(split(text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_host_may_have_a_port_and_ipv6_needs_brackets_for_one),
		cmocka_unit_test(what_is_no_host_and_port_is_refused),
		cmocka_unit_test(a_host_is_as_long_as_its_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
