#include "capture/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char SNMP[] =
	"Ip: Forwarding DefaultTTL InReceives ForwDatagrams NoDatagrams\n"
	"Ip: 1 64 599912 4321 7\n"
	"Icmp: InMsgs ForwDatagrams\n"
	"Icmp: 1 99\n";
static const char SNMP6[] = "Ip6InReceives                   \t4\n"
			    "Ip6OutForwDatagrams             \t18446744073709551615\n"
			    "Ip6OutRequests                  \t19\n";

static void each_family_is_read_from_its_own_file(void **state)
{
	(void)state;
	uint64_t packets = 0;
	assert_true(forwarded_parse(SNMP, FORWARDED_IPV4, &packets));
	assert_int_equal(packets, 4321);
	assert_true(forwarded_parse(SNMP6, FORWARDED_IPV6, &packets));
	assert_true(packets == UINT64_MAX);
}

static void what_is_not_counted_is_not_read(void **state)
{
	(void)state;
	uint64_t packets = 5;
	static const char *const TEXTS[] = {"", "Ip: ", "Ip: A B\nIp: 1 2\n",
		"Ip: A ForwDatagrams B\n", "Ip: A ForwDatagrams B\nIp: 1\n",
		"Ip: A ForwDatagrams B\nIp: 1 x 2\n"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		assert_false(forwarded_parse(TEXTS[i], FORWARDED_IPV4, &packets));
	}
	assert_false(forwarded_parse(SNMP, FORWARDED_IPV6, &packets));
	assert_false(
		forwarded_parse("Ip6OutForwDatagrams\nIp6", FORWARDED_IPV6, &packets));
}

static void the_kernel_at_hand_counts_both(void **state)
{
	(void)state;
	struct forwarded forwarded;
	uint64_t packets;
	forwarded_open(&forwarded);
	assert_true(forwarded_read(&forwarded, FORWARDED_IPV4, &packets));
	forwarded.files[FORWARDED_IPV6] = -1; /* a kernel without it */
	assert_false(forwarded_read(&forwarded, FORWARDED_IPV6, &packets));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_family_is_read_from_its_own_file),
		cmocka_unit_test(what_is_not_counted_is_not_read),
		cmocka_unit_test(the_kernel_at_hand_counts_both),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
