#include "base/address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void every_octet_is_written_as_the_system_does(void **state)
{
	(void)state;
	for (unsigned octet = 0; octet <= UINT8_MAX; octet++) {
		const uint8_t bytes[4] = {(uint8_t)octet, (uint8_t)(255 - octet),
			(uint8_t)(octet / 10), (uint8_t)(octet * 7)};
		const struct address address = address_from_ipv4(bytes);
		char text[ADDRESS_TEXT_BYTES];
		char wanted[INET_ADDRSTRLEN];
		assert_non_null(inet_ntop(AF_INET, bytes, wanted, sizeof(wanted)));
		assert_string_equal(address_text(&address, text), wanted);
	}
}

/* Which groups are zero, and what the others are: all runs of zeros, all lengths. */
static void every_run_of_zeros_is_written_as_the_system_does(void **state)
{
	(void)state;
	static const uint16_t VALUES[] = {
		0x1, 0xf, 0x10, 0xff, 0x100, 0xfff, 0x1000, 0xffff, 0xabcd};
	const size_t values = sizeof(VALUES) / sizeof(VALUES[0]);
	for (unsigned zeros = 0; zeros <= UINT8_MAX; zeros++) {
		for (size_t first = 0; first < values; first++) {
			uint8_t bytes[16] = {0};
			for (unsigned group = 0; group < 8; group++) {
				const uint16_t value = VALUES[(first + group) % values];
				if ((zeros >> group & 1) == 0) {
					bytes[2 * group] = (uint8_t)(value >> 8);
					bytes[2 * group + 1] = (uint8_t)value;
				}
			}
			const struct address address = address_from_ipv6(bytes);
			char text[ADDRESS_TEXT_BYTES];
			char wanted[INET6_ADDRSTRLEN];
			if (address_is_ipv4(&address)) {
				continue;
			}
			assert_non_null(
				inet_ntop(AF_INET6, bytes, wanted, sizeof(wanted)));
			assert_string_equal(address_text(&address, text), wanted);
		}
	}
}

static void what_is_written_is_read_as_the_same_address(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {
		"0.0.0.0", "255.255.255.255", "192.0.2.10", "2001:db8::1", "::"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		struct address address;
		char text[ADDRESS_TEXT_BYTES];
		assert_true(address_parse(TEXTS[i], &address));
		assert_string_equal(address_text(&address, text), TEXTS[i]);
	}
	struct address address;
	assert_false(address_parse("192.0.2.256", &address));
	assert_false(address_parse("", &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_is_written_as_the_system_does),
		cmocka_unit_test(every_run_of_zeros_is_written_as_the_system_does),
		cmocka_unit_test(what_is_written_is_read_as_the_same_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
