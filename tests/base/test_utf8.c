#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/reason.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *text;
	const char *printed;
} CASES[] = {
	{"", ""},
	{"plain ~text", "plain ~text"},
	{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7",
		"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7"},
	{"\x1b[31m", "?[31m"},
	{"a\nb\tc\rd\x7f", "a?b?c?d?"},
	{"\x9b"
	 "2J",
		"?2J"}, /* CSI as one byte */
	{"\xc2\x9b"
	 "2J",
		"?2J"}, /* and as UTF-8 */
	{"\xe2\x80\xae"
	 "x",
		"?x"}, /* right to left from here */
	{"\xe2\x81\xa6"
	 "x",
		"?x"},
	{"\xc0\xaf", "??"},           /* too long a form */
	{"\xed\xa0\x80", "???"},      /* a surrogate */
	{"\xf4\x90\x80\x80", "????"}, /* behind the last code point */
	{"\xe2\x82", "??"},           /* cut */
	{"\xf0", "?"},
};

/* On an exact heap copy, so that a look behind the end is seen. */
static void what_would_steer_a_terminal_becomes_a_question_mark(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		char *copy = strdup(CASES[i].text);
		assert_non_null(copy);
		utf8_make_printable(copy);
		assert_string_equal(copy, CASES[i].printed);
		utf8_make_printable(copy);
		assert_string_equal(copy, CASES[i].printed);
		free(copy);
	}
}

static void every_code_point_is_read_back(void **state)
{
	(void)state;
	uint32_t code = 0;
	assert_int_equal(utf8_read("A", &code), 1);
	assert_int_equal(code, 'A');
	assert_int_equal(utf8_read("\xc3\xa9", &code), 2);
	assert_int_equal(code, 0xe9);
	assert_int_equal(utf8_read("\xe2\x82\xac", &code), 3);
	assert_int_equal(code, 0x20ac);
	assert_int_equal(utf8_read("\xf0\x9f\x93\xa7", &code), 4);
	assert_int_equal(code, 0x1f4e7);
	assert_int_equal(utf8_read("", &code), 0);
}

static void letters_are_told_from_signs(void **state)
{
	(void)state;
	static const uint32_t LETTERS[] = {'a', 'Z', '0', 0xe8 /* e grave */,
		0x153 /* oe */, 0x301 /* accent */, 0x3a9, 0x416, 0x5d0, 0x639, 0x4e2d,
		0xac00};
	static const uint32_t OTHERS[] = {'-', ' ', '/', 0x7f, 0xa0, 0xab, 0xd7, 0x1680,
		0x2013, 0x200b, 0x202e, 0x2028, 0x3000, 0xfeff, 0x1f600};
	for (size_t i = 0; i < sizeof(LETTERS) / sizeof(LETTERS[0]); i++) {
		assert_true(utf8_is_letter(LETTERS[i]));
	}
	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++) {
		assert_false(utf8_is_letter(OTHERS[i]));
	}
}

static void a_text_is_cut_between_two_characters(void **state)
{
	(void)state;
	assert_int_equal(utf8_whole("ab\xe2\x82\xac", 9), 5);
	assert_int_equal(utf8_whole("ab\xe2\x82\xac", 5), 5);
	assert_int_equal(utf8_whole("ab\xe2\x82\xac", 4), 2);
	assert_int_equal(utf8_whole("ab\xe2\x82\xac", 3), 2);
	assert_int_equal(utf8_whole("ab\xe2\x82", 9), 2); /* cut before */
	assert_int_equal(utf8_whole("\xf0\x9f\x93\xa7", 3), 0);
	assert_int_equal(utf8_whole("abc", 2), 2);
	assert_int_equal(utf8_whole("", 2), 0);
}

static void a_reason_is_fit_to_be_printed(void **state)
{
	(void)state;
	struct reason why;
	(void)reason_set(&why, "%s: no such file", "\x1b]0;owned\x07.pcap");
	assert_string_equal(why.text, "?]0;owned?.pcap: no such file");
}

static void a_log_line_is_one_line(void **state)
{
	(void)state;
	char line[200] = "";
	int ends[2];
	const int error = dup(STDERR_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_line(LOG_LEVEL_ERROR, "test", "%s", "one\nmailwarden forged: \x1b[2J");
	assert_true(dup2(error, STDERR_FILENO) >= 0);
	assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(error);
	assert_non_null(strstr(line, "mailwarden test: one?mailwarden forged: ?[2J\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_steer_a_terminal_becomes_a_question_mark),
		cmocka_unit_test(every_code_point_is_read_back),
		cmocka_unit_test(letters_are_told_from_signs),
		cmocka_unit_test(a_text_is_cut_between_two_characters),
		cmocka_unit_test(a_reason_is_fit_to_be_printed),
		cmocka_unit_test(a_log_line_is_one_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
