#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_lists.h"

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(made_folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	char command[128];
	(void)snprintf(command, sizeof(command), "rm -r %s", made_folder);
	return system(command);
}

static void allow_outweighs_temporary_and_that_deny_and_then_the_longest(void **state)
{
	(void)state;
	made_write("deny", "203.0.113.0/24\n203.0.113.16/28\n203.0.113.17\n"
			   "2001:db8:9::/48\nbad.example\n198.51.100.1-198.51.100.6\n");
	made_write("temporary", "203.0.113.16/29\nnews.bad.example\n");
	made_write("allow", "203.0.113.18\n2001:db8:9:1::/64\ngood.bad.example\n");
	struct matrix *matrix = made_matrix("  d: {kind: deny, file: deny}\n"
					    "  t: {kind: temporary, file: temporary}\n"
					    "  a: {kind: allow, file: allow}\n");
	struct lists *lists = made_lists(matrix, NULL);
	static const struct {
		const char *asked;
		const char *answer;
	} CASES[] = {
		{"203.0.113.1", "d 203.0.113.0/24"},
		{"203.0.113.255", "d 203.0.113.0/24"},
		{"203.0.114.0", ""},
		{"203.0.112.255", ""},
		{"203.0.113.31", "d 203.0.113.16/28"},
		{"203.0.113.17", "t 203.0.113.16/29"},
		{"203.0.113.18", "a 203.0.113.18"},
		{"198.51.100.0", ""},
		{"198.51.100.1", "d 198.51.100.1"},
		{"198.51.100.3", "d 198.51.100.2/31"},
		{"198.51.100.6", "d 198.51.100.6"},
		{"198.51.100.7", ""},
		{"2001:db8:9::1", "d 2001:db8:9::/48"},
		{"2001:db8:9:1::1", "a 2001:db8:9:1::/64"},
		{"2001:db8:a::", ""},
		{"bad.example", "d bad.example"},
		{"mail.BAD.example.", "d bad.example"},
		{"notbad.example", ""},
		{"bad.example.org", ""},
		{"x.news.bad.example", "t news.bad.example"},
		{"x.good.bad.example", "a good.bad.example"},
		{"example", ""},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		assert_string_equal(
			made_answer(lists, CASES[i].asked), CASES[i].answer);
	}
	lists_free(lists);
	matrix_free(matrix);
}

static void an_entry_ends_at_its_second_and_the_wider_one_is_left(void **state)
{
	(void)state;
	made_write("deny", "203.0.113.0/24\n"
			   "203.0.113.9 expires=2026-12-01T00:00:00Z "
			   "added=2026-11-01 scans\n");
	struct matrix *matrix = made_matrix("  d: {kind: deny, file: deny}\n");
	struct lists *lists = made_lists(matrix, NULL);
	struct address address;
	struct lists_entry entry;
	assert_true(address_parse("203.0.113.9", &address));
	struct lists_match match = lists_find_address(lists, &address, 1796083199);
	lists_describe(lists, match.entry, &entry);
	assert_string_equal(entry.text, "203.0.113.9");
	assert_string_equal(entry.reason, "scans");
	assert_int_equal(entry.line, 2);
	assert_int_equal(entry.added_s, 1793491200);
	assert_int_equal(entry.expires_s, 1796083200);
	match = lists_find_address(lists, &address, 1796083200);
	lists_describe(lists, match.entry, &entry);
	assert_string_equal(entry.text, "203.0.113.0/24");
	lists_free(lists);
	matrix_free(matrix);
}

static void of_two_lists_of_a_kind_the_first_counts(void **state)
{
	(void)state;
	made_write("deny", "203.0.113.0/24\nbad.example\n");
	struct matrix *matrix = made_matrix("  one: {kind: deny, file: deny}\n"
					    "  two: {kind: deny, file: deny}\n");
	struct lists *lists = made_lists(matrix, NULL);
	assert_string_equal(made_answer(lists, "203.0.113.1"), "one 203.0.113.0/24");
	assert_string_equal(made_answer(lists, "bad.example"), "one bad.example");
	assert_int_equal(lists_entry_count(lists), 4);
	lists_free(lists);
	matrix_free(matrix);
}

static void each_look_up_agrees_with_a_walk_over_all_entries(void **state)
{
	(void)state;
	char text[65536] = "";
	size_t len = 0;
	uint32_t random = 1;
	for (unsigned i = 0; i < 1500; i++) {
		random = random * 1103515245 + 12345;
		const unsigned bits = 16 + (random >> 8) % 17;
		const uint32_t base = (0xc6330000U | random >> 16) &
				      ~(bits == 32 ? 0 : 0xffffffffU >> bits);
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%u.%u.%u.%u/%u\n", base >> 24, base >> 16 & 255,
			base >> 8 & 255, base & 255, bits);
	}
	made_write("deny", text);
	struct matrix *matrix = made_matrix("  d: {kind: deny, file: deny}\n");
	struct lists *lists = made_lists(matrix, NULL);
	for (unsigned i = 0; i < 3000; i++) {
		random = random * 1103515245 + 12345;
		const uint8_t bytes[4] = {0xc6, 0x33 + (i % 50 == 0),
			(uint8_t)(random >> 24), (uint8_t)(random >> 16)};
		const struct address address = address_from_ipv4(bytes);
		int longest = -1;
		for (uint32_t j = 0; j < lists_entry_count(lists); j++) {
			struct lists_entry entry;
			unsigned part[4];
			int bits = 32;
			lists_describe(lists, j, &entry);
			(void)sscanf(entry.text, "%u.%u.%u.%u/%d", &part[0], &part[1],
				&part[2], &part[3], &bits);
			const uint32_t base =
				part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3];
			const uint32_t asked = (uint32_t)bytes[0] << 24 |
					       (uint32_t)bytes[1] << 16 |
					       (uint32_t)bytes[2] << 8 | bytes[3];
			if ((base ^ asked) >> (32 - bits) == 0 && bits > longest) {
				longest = bits;
			}
		}
		const struct lists_match match =
			lists_find_address(lists, &address, MADE_NOW_S);
		assert_int_equal(match.entry == LISTS_NONE, longest < 0);
		if (longest >= 0) {
			struct lists_entry entry;
			lists_describe(lists, match.entry, &entry);
			const char *slash = strchr(entry.text, '/');
			assert_int_equal(slash ? atoi(slash + 1) : 32, longest);
		}
	}
	lists_free(lists);
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			allow_outweighs_temporary_and_that_deny_and_then_the_longest),
		cmocka_unit_test(an_entry_ends_at_its_second_and_the_wider_one_is_left),
		cmocka_unit_test(of_two_lists_of_a_kind_the_first_counts),
		cmocka_unit_test(each_look_up_agrees_with_a_walk_over_all_entries),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
