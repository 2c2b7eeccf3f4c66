/* What errors of a Redis server mean, where redirections lead, which slot a key has. */
#include "ship/redis_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct redis_node ASKED = {.host = "192.0.2.1", .port = 7000};

static void errors_are_told_by_their_first_word(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum redis_error_kind kind;
		const char *word;
	} CASES[] = {
		{"NOPERM this user has no permissions", REDIS_ERROR_SETTINGS, "NOPERM"},
		{"NOAUTH Authentication required.", REDIS_ERROR_SETTINGS, "NOAUTH"},
		{"WRONGPASS invalid username-password pair", REDIS_ERROR_SETTINGS,
			"WRONGPASS"},
		{"LOADING Redis is loading the dataset", REDIS_ERROR_DOWN, "LOADING"},
		{"READONLY You can't write", REDIS_ERROR_DOWN, "READONLY"},
		{"MISCONF Redis is configured", REDIS_ERROR_DOWN, "MISCONF"},
		{"OOM command not allowed", REDIS_ERROR_DOWN, "OOM"},
		{"BUSY Redis is busy running a script", REDIS_ERROR_DOWN, "BUSY"},
		{"CLUSTERDOWN The cluster is down", REDIS_ERROR_DOWN, "CLUSTERDOWN"},
		{"TRYAGAIN Multiple keys request", REDIS_ERROR_SOON, "TRYAGAIN"},
		{"NOSCRIPT No matching script.", REDIS_ERROR_NO_SCRIPT, "NOSCRIPT"},
		{"MOVED 1 192.0.2.2:7001", REDIS_ERROR_MOVED, "MOVED"},
		{"ASK 1 192.0.2.2:7001", REDIS_ERROR_ASK, "ASK"},
		{"ERR value is not an integer", REDIS_ERROR_DOWN, NULL},
		{"BUSYGROUP no script at all", REDIS_ERROR_DOWN, NULL},
		{"OOM", REDIS_ERROR_DOWN, "OOM"},
		{"", REDIS_ERROR_DOWN, NULL},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const struct redis_error *error = redis_error_of(CASES[i].text);
		assert_int_equal(error->kind, CASES[i].kind);
		if (CASES[i].word) {
			assert_string_equal(error->word, CASES[i].word);
		} else {
			assert_null(error->word);
		}
	}
}

static void redirections_name_slot_and_node(void **state)
{
	(void)state;
	struct redis_node to;
	unsigned slot;
	assert_true(
		redis_redirect_read("MOVED 3999 127.0.0.1:6381", &ASKED, &to, &slot));
	assert_int_equal(slot, 3999);
	assert_string_equal(to.host, "127.0.0.1");
	assert_int_equal(to.port, 6381);
	assert_true(redis_redirect_read("ASK 0 2001:db8::1:6379", &ASKED, &to, &slot));
	assert_string_equal(to.host, "2001:db8::1");
	assert_int_equal(to.port, 6379);
}

static void a_node_that_does_not_know_its_host_is_the_one_that_was_asked(void **state)
{
	(void)state;
	const struct redis_node local = {.host = "/run/redis.sock", .port = 0};
	struct redis_node to;
	unsigned slot;
	assert_true(redis_redirect_read("MOVED 16383 :7002", &ASKED, &to, &slot));
	assert_string_equal(to.host, "192.0.2.1");
	assert_int_equal(to.port, 7002);
	assert_true(redis_redirect_read("MOVED 16383 ?:7002", &ASKED, &to, &slot));
	assert_string_equal(to.host, "192.0.2.1");
	/* a socket's path is no address */
	assert_false(redis_redirect_read("MOVED 16383 :7002", &local, &to, &slot));
}

static void what_is_no_redirection_leads_nowhere(void **state)
{
	(void)state;
	static const char *const CASES[] = {"", "MOVED", "MOVED ", "MOVED 1",
		"MOVED 1 ", "MOVED 1 host", "MOVED 1 host:", "MOVED 1 host:0",
		"MOVED 1 host:65536", "MOVED 1 host:12x", "MOVED 16384 host:1",
		"MOVED x host:1", "MOVED -1 host:1", "MOVED 1 host:-1"};
	struct redis_node to;
	unsigned slot;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		assert_false(redis_redirect_read(CASES[i], &ASKED, &to, &slot));
	}
	char longest[64 + REDIS_HOST_BYTES];
	(void)snprintf(longest, sizeof(longest), "MOVED 1 %0*d:1", REDIS_HOST_BYTES, 0);
	assert_false(redis_redirect_read(longest, &ASKED, &to, &slot));
}

static void a_redirection_cut_at_any_length_reads_nothing_behind_it(void **state)
{
	(void)state;
	static const char WHOLE[] = "MOVED 3999 192.0.2.77:6381";
	struct redis_node to;
	unsigned slot;
	for (size_t len = 0; len < sizeof(WHOLE); len++) {
		char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, WHOLE, len);
		copy[len] = '\0';
		/* the port may be shorter, no more than that is left out */
		assert_int_equal(redis_redirect_read(copy, &ASKED, &to, &slot),
			len > strlen("MOVED 3999 192.0.2.77:"));
		free(copy);
	}
}

static void slots_are_those_of_the_specification(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		unsigned slot;
	} CASES[] = {
		{"foo", 12182},
		{"bar", 5061},
		{"{s1}", 15224},
		{"s1", 15224},
		{"mailwarden:{s1}:totals", 15224},
		{"mailwarden:{s1}:hour:2026112400", 15224},
		{"123456789", 0x31c3},
		{"x{foo}{bar}", 12182},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		assert_int_equal(
			redis_slot(CASES[i].key, strlen(CASES[i].key)), CASES[i].slot);
	}
	/* an empty tag and one without an end are none */
	assert_int_not_equal(redis_slot("{}foo", 5), redis_slot("foo", 3));
	assert_int_not_equal(redis_slot("{foo", 4), redis_slot("foo", 3));
}

static void a_value_of_info_is_found_by_its_whole_name(void **state)
{
	(void)state;
	static const char INFO[] = "# Memory\r\nused_memory:1\r\nmaxmemory:0\r\n"
				   "maxmemory_policy:allkeys-lru\r\nempty:\r\n";
	char value[32];
	assert_true(redis_info_read(INFO, "maxmemory_policy", value, sizeof(value)));
	assert_string_equal(value, "allkeys-lru");
	assert_true(redis_info_read(INFO, "maxmemory_policy", value, 4));
	assert_string_equal(value, "all");
	assert_false(redis_info_read(INFO, "memory", value, sizeof(value)));
	assert_false(redis_info_read(INFO, "maxmemory_pol", value, sizeof(value)));
	assert_false(redis_info_read(NULL, "maxmemory", value, sizeof(value)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_told_by_their_first_word),
		cmocka_unit_test(redirections_name_slot_and_node),
		cmocka_unit_test(
			a_node_that_does_not_know_its_host_is_the_one_that_was_asked),
		cmocka_unit_test(what_is_no_redirection_leads_nowhere),
		cmocka_unit_test(
			a_redirection_cut_at_any_length_reads_nothing_behind_it),
		cmocka_unit_test(slots_are_those_of_the_specification),
		cmocka_unit_test(a_value_of_info_is_found_by_its_whole_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
