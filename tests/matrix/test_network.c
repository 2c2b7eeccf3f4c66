#include "matrix/network.h"

#include "made_matrix.h"

static void assert_networks(const char *text, const char *wanted)
{
	struct network list[NETWORK_RANGE_MAX];
	struct reason why;
	const size_t count = network_parse(text, list, &why);
	char all[1024] = "";
	for (size_t i = 0; i < count; i++) {
		char one[NETWORK_TEXT_BYTES];
		(void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			i ? " " : "", network_text(&list[i], one));
	}
	assert_string_equal(count ? all : why.text, wanted);
}

static void a_range_becomes_the_fewest_prefixes(void **state)
{
	(void)state;
	assert_networks(
		"192.0.2.128-192.0.2.140", "192.0.2.128/29 192.0.2.136/30 192.0.2.140");
	assert_networks("192.0.2.0-192.0.2.255", "192.0.2.0/24");
	assert_networks("0.0.0.0-255.255.255.255", "0.0.0.0/0");
	assert_networks("192.0.2.7-192.0.2.7", "192.0.2.7");
	assert_networks("192.0.2.8 - 192.0.2.11", "192.0.2.8/30");
	assert_networks("192.0.2.8  -192.0.2.11", "192.0.2.8/30");
	assert_networks("255.255.255.254-255.255.255.255", "255.255.255.254/31");
	assert_networks(
		"2001:db8::1-2001:db8::4", "2001:db8::1 2001:db8::2/127 2001:db8::4");
	assert_networks("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:"
			"ffff:ffff:ffff:ffff",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127");
}

static void the_longest_range_fits_its_list(void **state)
{
	(void)state;
	struct network list[NETWORK_RANGE_MAX];
	struct reason why;
	assert_int_equal(network_parse("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
				 list, &why),
		NETWORK_RANGE_MAX);
	assert_int_equal(network_parse("0.0.0.1-255.255.255.254", list, &why), 62);
}

static void host_bits_are_refused_with_the_right_network(void **state)
{
	(void)state;
	assert_networks("192.0.2.1/24", "\"192.0.2.1/24\" has bits set behind its "
					"prefix; the network is 192.0.2.0/24");
	assert_networks("2001:db8::1/64", "\"2001:db8::1/64\" has bits set behind its "
					  "prefix; the network is 2001:db8::/64");
}

static void what_is_no_address_is_refused(void **state)
{
	(void)state;
	static const char *const BAD[] = {"", "any", "*", "192.0.2", "192.0.2.1/33",
		"192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/ 8", "192.0.2.0/24x",
		"192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "192.0.2.1-",
		"-192.0.2.1", "2001:db8::/129", "mail.example.org"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
		struct network list[NETWORK_RANGE_MAX];
		struct reason why = {""};
		if (network_parse(BAD[i], list, &why) != 0) {
			fail_msg("\"%s\" was taken", BAD[i]);
		}
		assert_true(why.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_becomes_the_fewest_prefixes),
		cmocka_unit_test(the_longest_range_fits_its_list),
		cmocka_unit_test(host_bits_are_refused_with_the_right_network),
		cmocka_unit_test(what_is_no_address_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
