#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lists/reading.h"

static struct reading reading; /* too large for the stack */

#define WRITTEN_S INT64_C(1796000000)

/* Every item as "value|reason;", a bad line as "!LINE;". */
static const char *read_all(const char *bytes, enum matrix_list_format format)
{
	static char told[4096];
	struct reading_item item;
	enum reading_result result;
	FILE *in = fmemopen((void *)bytes, strlen(bytes), "r");
	assert_non_null(in);
	told[0] = '\0';
	reading_start(&reading, in, format, WRITTEN_S);
	while ((result = reading_next(&reading, &item)) != READING_END) {
		const size_t len = strlen(told);
		if (result == READING_BAD) {
			(void)snprintf(
				told + len, sizeof(told) - len, "!%u;", item.line);
		} else {
			(void)snprintf(told + len, sizeof(told) - len, "%s|%s;",
				item.value, item.reason);
		}
	}
	(void)fclose(in);
	return told;
}

static const struct {
	const char *bytes;
	enum matrix_list_format format; /* that is guessed */
	const char *told;
} FORMS[] = {
	{"; Spamhaus DROP List\n1.4.0.0/17 ; SBL256893\n\n203.0.113.9\n",
		MATRIX_LIST_FORMAT_PLAIN, "1.4.0.0/17|SBL256893;203.0.113.9|;"},
	{"# of ours\r\n*.example.org # bulk\r\n192.0.2.1-192.0.2.3 scans\r\n",
		MATRIX_LIST_FORMAT_PLAIN,
		"example.org|bulk;192.0.2.1-192.0.2.3|scans;"},
	{"# x\n\"first_seen\",\"dst_ip\",\"port\"\n"
	 "\"2026-11-16 19:49:33\",\"203.0.113.7\",\"443\"\n\"nothing\",\"here\"\n",
		MATRIX_LIST_FORMAT_CSV, "203.0.113.7|?443?;!4;"},
	{"203.0.113.0/24,12,99\nsome.example.org, bad\n", MATRIX_LIST_FORMAT_CSV,
		"203.0.113.0/24|12,99;some.example.org|bad;"},
	{"{\"cidr\":\"198.51.100.0/24\",\"sblid\":\"SBL1\",\"rir\":\"ripencc\"}\n"
	 "{\"type\":\"metadata\",\"size\":1}\n{\"what\":1}\nnot json\n",
		MATRIX_LIST_FORMAT_NDJSON, "198.51.100.0/24|SBL1;!3;!4;"},
	{"127.0.0.1 localhost\n0.0.0.0 ads.example.com t.example.net # two\n::1 "
	 "ip6-x\n",
		MATRIX_LIST_FORMAT_HOSTS, "ads.example.com|;t.example.net|;"},
	{"create bad hash:net family inet\nadd bad 203.0.113.0/24\n"
	 "add bad 198.51.100.7 timeout 60 comment \"port scan\"\n"
	 "add bad 198.51.100.8 nomatch\nadd bad 192.0.2.5,tcp:25\n",
		MATRIX_LIST_FORMAT_IPSET,
		"203.0.113.0/24|;198.51.100.7|port scan;!4;192.0.2.5|;"},
	{"table inet f {\n\tset bad {\n\t\ttype ipv4_addr\n\t\tflags interval\n"
	 "\t\telements = { 203.0.113.0/24, 198.51.100.7 timeout 1h expires 30m,\n"
	 "\t\t\t     192.0.2.1-192.0.2.9 comment \"x\" }\n\t}\n}\n",
		MATRIX_LIST_FORMAT_NFT,
		"203.0.113.0/24|;198.51.100.7|;192.0.2.1-192.0.2.9|x;"},
};

static void each_form_is_read_and_guessed_by_its_first_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
		assert_string_equal(
			read_all(FORMS[i].bytes, FORMS[i].format), FORMS[i].told);
		assert_string_equal(
			read_all(FORMS[i].bytes, MATRIX_LIST_FORMAT_GUESSED),
			FORMS[i].told);
		assert_int_equal(reading.format, FORMS[i].format);
	}
}

static void times_are_read_where_a_line_has_them(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		int64_t added_s;
		int64_t expires_s;
	} TIMES[] = {
		{"192.0.2.1 expires=2026-12-01 added=2026-11-30 bulk", 1795996800,
			1796169600},
		{"192.0.2.1 bulk", 0, 0},
		{"{\"ip\":\"192.0.2.1\",\"expires\":\"2026-12-01T00:00:01Z\"}", 0,
			1796083201},
		{"add x 192.0.2.1 timeout 61", 0, WRITTEN_S + 61},
		{"elements = { 192.0.2.1 timeout 2d expires 1d2h3m4s5ms }", 0,
			WRITTEN_S + 93784},
		{"elements = { 192.0.2.1 timeout 1h }", 0, WRITTEN_S + 3600},
	};
	for (size_t i = 0; i < sizeof(TIMES) / sizeof(TIMES[0]); i++) {
		struct reading_item item;
		FILE *in =
			fmemopen((void *)TIMES[i].bytes, strlen(TIMES[i].bytes), "r");
		reading_start(&reading, in, MATRIX_LIST_FORMAT_GUESSED, WRITTEN_S);
		assert_int_equal(reading_next(&reading, &item), READING_ITEM);
		assert_string_equal(item.value, "192.0.2.1");
		assert_int_equal(item.added_s, TIMES[i].added_s);
		assert_int_equal(item.expires_s, TIMES[i].expires_s);
		assert_null(strstr(item.reason, "="));
		(void)fclose(in);
	}
	assert_int_equal(reading_time("2026-13-01"), 0);
	assert_int_equal(reading_time("tomorrow"), 0);
}

static void a_line_that_is_too_long_is_one_bad_line(void **state)
{
	(void)state;
	char *bytes = malloc(READING_LINE_BYTES * 2 + 32);
	assert_non_null(bytes);
	memset(bytes, 'a', READING_LINE_BYTES * 2);
	memcpy(bytes + READING_LINE_BYTES * 2, "\n192.0.2.1\n", 12);
	assert_string_equal(
		read_all(bytes, MATRIX_LIST_FORMAT_PLAIN), "!1;192.0.2.1|;");
	free(bytes);
}

/* Every length of every form, on a copy that ends where it ends. */
static void a_file_cut_anywhere_is_read_to_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
		for (size_t len = 1; len < strlen(FORMS[i].bytes); len++) {
			char *copy = strndup(FORMS[i].bytes, len);
			assert_non_null(read_all(copy, MATRIX_LIST_FORMAT_GUESSED));
			assert_non_null(read_all(copy, FORMS[i].format));
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_read_and_guessed_by_its_first_line),
		cmocka_unit_test(times_are_read_where_a_line_has_them),
		cmocka_unit_test(a_line_that_is_too_long_is_one_bad_line),
		cmocka_unit_test(a_file_cut_anywhere_is_read_to_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
