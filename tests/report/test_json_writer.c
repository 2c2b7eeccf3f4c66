#include "made_record.h"

#include "report/json_writer.h"

#include <inttypes.h>
#include <time.h>

/* value as a member k, without the braces. */
static void assert_written(const char *value, const char *wanted)
{
	struct made_output output;
	struct json_writer writer = {.out = made_open(&output)};
	json_text(&writer, NULL, value);
	json_line_end(&writer);
	const char *text = made_close(&output);
	assert_int_equal(strlen(text), strlen(wanted) + 1);
	assert_memory_equal(text, wanted, strlen(wanted));
	free(output.text);
}

static void quotes_controls_and_line_breaks_are_escaped(void **state)
{
	(void)state;
	assert_written("a\"b\\c", "\"a\\\"b\\\\c\"");
	assert_written("a\nb\r\t\x01\x7f", "\"a\\u000ab\\u000d\\u0009\\u0001\\u007f\"");
	assert_written("", "\"\"");
	assert_written(NULL, "null");
}

static void assert_escaped(size_t len, size_t at, unsigned byte)
{
	char text[] = "abcdefghijklmnopqrst";
	char escape[8] = {(char)byte};
	char wanted[40];
	if (byte == '"' || byte == '\\') {
		(void)snprintf(escape, sizeof(escape), "\\%c", byte);
	} else if (byte < ' ' || byte == 0x7f) {
		(void)snprintf(escape, sizeof(escape), "\\u%04x", byte);
	} else if (byte > 0x7f) {
		(void)snprintf(escape, sizeof(escape), "\\ufffd");
	}
	text[len] = '\0';
	(void)snprintf(wanted, sizeof(wanted), "\"%.*s%s%s\"", (int)at, text, escape,
		text + at + 1);
	text[at] = (char)byte;
	assert_written(text, wanted);
}

static void an_odd_byte_is_escaped_wherever_it_stands(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 20; len++) {
		for (size_t at = 0; at < len; at++) {
			for (unsigned byte = 1; byte <= UINT8_MAX; byte++) {
				assert_escaped(len, at, byte);
			}
		}
	}
}

static void a_number_has_all_its_digits(void **state)
{
	(void)state;
	for (uint64_t power = 1;; power *= 10) {
		for (unsigned i = 0; i < 3; i++) {
			const uint64_t number = power - 1 + i;
			struct made_output output;
			struct json_writer writer = {.out = made_open(&output)};
			char wanted[40];
			json_text_number(&writer, NULL, "a\n", number);
			json_line_end(&writer);
			(void)snprintf(wanted, sizeof(wanted),
				"\"a\\u000a-%" PRIu64 "\"\n", number);
			assert_string_equal(made_close(&output), wanted);
			free(output.text);
		}
		if (power > UINT64_MAX / 10) {
			break;
		}
	}
}

static void valid_utf_8_passes_and_the_rest_is_replaced(void **state)
{
	(void)state;
	assert_written("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7",
		"\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7\"");
	assert_written("\xff", "\"\\ufffd\"");
	assert_written("\xc0\xaf", "\"\\ufffd\\ufffd\"");            /* overlong */
	assert_written("\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\""); /* overlong */
	assert_written("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""); /* surrogate */
	assert_written("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	assert_written("\xe2\x82", "\"\\ufffd\\ufffd\""); /* cut at the end */
	assert_written("\xf0\x9f\x93", "\"\\ufffd\\ufffd\\ufffd\"");
	assert_written("\xc3(", "\"\\ufffd(\"");
}

static void commas_stand_between_members_on_every_level(void **state)
{
	(void)state;
	const char *volatile odd = "c\n"; /* no key that the compiler knows */
	struct made_output output;
	struct json_writer writer = {.out = made_open(&output)};
	json_object_open(&writer, NULL);
	json_array_open(&writer, "a");
	json_array_close(&writer);
	json_array_open(&writer, "b");
	json_number(&writer, NULL, 1);
	json_number(&writer, NULL, UINT64_MAX);
	json_array_close(&writer);
	json_object_open(&writer, odd);
	json_bool(&writer, "d", true);
	json_bool(&writer, "e", false);
	json_object_close(&writer);
	json_text(&writer, "f", NULL);
	json_object_close(&writer);
	json_line_end(&writer);
	json_number(&writer, NULL, 2);
	json_line_end(&writer);
	assert_string_equal(made_close(&output),
		"{\"a\":[],\"b\":[1,18446744073709551615],\"c\\u000a\":{\"d\":true,"
		"\"e\":false},\"f\":null}\n2\n");
	free(output.text);
}

static void times_are_utc_with_microseconds_and_impossible_ones_null(void **state)
{
	(void)state;
	struct made_output output;
	struct json_writer writer = {.out = made_open(&output)};
	json_time(&writer, NULL, 1);
	json_time(&writer, NULL, UINT64_MAX);
	json_date(&writer, NULL, 0);
	json_date(&writer, NULL, -1);
	json_date(&writer, NULL, INT64_MAX);
	json_line_end(&writer);
	assert_string_equal(made_close(&output),
		"\"1970-01-01T00:00:00.000001+0000\",null,\"1970-01-01T00:00:00\","
		"\"1969-12-31T23:59:59\",null\n");
	free(output.text);
}

static void a_fraction_is_rounded_to_one_digit(void **state)
{
	static const struct {
		double number;
		const char *text;
	} CASES[] = {{0, "0.0\n"}, {1, "1.0\n"}, {1.04, "1.0\n"}, {1.06, "1.1\n"},
		{9.96, "10.0\n"}, {0x1p70, "1844674407370955161.5\n"}};
	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct made_output output;
		struct json_writer writer = {.out = made_open(&output)};
		json_tenths(&writer, NULL, CASES[i].number);
		json_line_end(&writer);
		assert_string_equal(made_close(&output), CASES[i].text);
		free(output.text);
	}
}

static void texts_of_any_length_are_written_whole(void **state)
{
	(void)state;
	for (size_t len = JSON_WRITER_BYTES - 8; len < 3 * JSON_WRITER_BYTES; len++) {
		char text[3 * JSON_WRITER_BYTES + 1];
		char wanted[sizeof(text) + 2];
		for (size_t i = 0; i < len; i++) {
			text[i] = (char)('a' + i % 26);
		}
		text[len] = '\0';
		(void)snprintf(wanted, sizeof(wanted), "\"%s\"", text);
		assert_written(text, wanted);
	}
}

/* One second in every month from year 0 on, and both ends of the calendar. */
static void every_month_of_the_calendar_is_the_system_s(void **state)
{
	(void)state;
	static const int64_t START = INT64_C(-62167219200);
	static const int64_t END = INT64_C(253402300799);
	for (int64_t time_s = START; time_s <= END; time_s += 2592001) {
		struct made_output output;
		struct json_writer writer = {.out = made_open(&output)};
		char wanted[40];
		struct tm parts;
		const time_t system_time = (time_t)time_s;
		assert_non_null(gmtime_r(&system_time, &parts));
		(void)snprintf(wanted, sizeof(wanted),
			"\"%04d-%02d-%02dT%02d:%02d:%02d\"\n", parts.tm_year + 1900,
			parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
			parts.tm_sec);
		json_date(&writer, NULL, time_s);
		json_line_end(&writer);
		assert_string_equal(made_close(&output), wanted);
		free(output.text);
	}
	struct made_output output;
	struct json_writer writer = {.out = made_open(&output)};
	json_date(&writer, NULL, START - 1);
	json_date(&writer, NULL, START);
	json_date(&writer, NULL, END);
	json_date(&writer, NULL, END + 1);
	json_line_end(&writer);
	assert_string_equal(made_close(&output),
		"null,\"0000-01-01T00:00:00\",\"9999-12-31T23:59:59\",null\n");
	free(output.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_controls_and_line_breaks_are_escaped),
		cmocka_unit_test(an_odd_byte_is_escaped_wherever_it_stands),
		cmocka_unit_test(a_number_has_all_its_digits),
		cmocka_unit_test(valid_utf_8_passes_and_the_rest_is_replaced),
		cmocka_unit_test(commas_stand_between_members_on_every_level),
		cmocka_unit_test(a_fraction_is_rounded_to_one_digit),
		cmocka_unit_test(texts_of_any_length_are_written_whole),
		cmocka_unit_test(
			times_are_utc_with_microseconds_and_impossible_ones_null),
		cmocka_unit_test(every_month_of_the_calendar_is_the_system_s),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
