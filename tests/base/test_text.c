#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct text of(const char *word)
{
	return (struct text){(const uint8_t *)word, strlen(word)};
}

static void words_compare_without_case(void **state)
{
	(void)state;
	assert_true(text_is(of("eHlO"), "EHLO"));
	assert_false(text_is(of("EHLO "), "EHLO"));
	assert_true(text_starts(of("STARTTLS now"), "starttls"));
	assert_false(text_starts(of("START"), "STARTTLS"));
	assert_true(text_is(of("a[Z"), "A[z"));
	assert_false(text_is(of("a{Z"), "A[z")); /* no letters, one bit apart */
	assert_false(text_is(of("A`"), "A@"));
}

static void words_are_cut_off_at_blanks(void **state)
{
	(void)state;
	struct text rest = of("  AUTH\tPLAIN x");
	assert_true(text_is(text_word(&rest), "AUTH"));
	assert_true(text_is(text_word(&rest), "PLAIN"));
	assert_true(text_is(text_word(&rest), "x"));
	assert_int_equal(text_word(&rest).len, 0);
}

/* All bytes at all places of words of all lengths about those that are read at once. */
static void no_byte_but_a_blank_ends_a_word(void **state)
{
	(void)state;
	char bytes[20];
	for (size_t len = 1; len <= sizeof(bytes); len++) {
		for (size_t at = 0; at < len * 256; at++) {
			memset(bytes, '!', sizeof(bytes));
			bytes[at / 256] = (char)at;
			const bool is_blank = at % 256 == ' ' || at % 256 == '\t';
			struct text rest = {(const uint8_t *)bytes, len};
			const size_t word_len = text_word(&rest).len;
			if (is_blank && at / 256 > 0) {
				assert_int_equal(word_len, at / 256);
			} else {
				assert_int_equal(word_len, is_blank ? len - 1 : len);
			}
		}
	}
}

static void a_copied_field_cannot_forge_a_record(void **state)
{
	(void)state;
	char field[8];
	text_copy(field, sizeof(field), of("a\"b\\c\nd\x80zzz"));
	assert_string_equal(field, "a?b?c?d");
}

static const char *copied(const char *text)
{
	static char field[16];
	text_copy_letters(field, sizeof(field), of(text));
	return field;
}

static void letters_of_any_writing_are_kept_and_what_steers_a_reader_is_not(
	void **state)
{
	(void)state;
	assert_string_equal(copied("ex\xc3\xa4mple"), "ex\xc3\xa4mple");
	assert_string_equal(copied("\xf0\x9f\x93\xa7.org"), "\xf0\x9f\x93\xa7.org");
	assert_string_equal(copied("a\"b\\c\nd\x7f"), "a?b?c?d?");
	assert_string_equal(copied("a\xe2\x80\xaeg"), "a???g"); /* from right to left */
	assert_string_equal(copied("a\xc2\x9b"), "a??");
	assert_string_equal(copied("a\xc3"), "a?");
	assert_string_equal(copied("a\xe4z"), "a?z"); /* Latin 1 */
	assert_string_equal(copied("\xc0\xaf\xed\xa0\x80"), "?????");
}

static void no_letter_is_cut_apart(void **state)
{
	(void)state;
	assert_string_equal(copied("0123456789abcd\xc3\xa4"), "0123456789abcd");
	assert_string_equal(copied("0123456789abc\xc3\xa4"), "0123456789abc\xc3\xa4");
	assert_string_equal(copied("0123456789abcdef"), "0123456789abcde");
}

static void a_number_over_its_bound_is_refused(void **state)
{
	(void)state;
	uint64_t value = 0;
	assert_true(text_number(of("310 x"), 400, &value));
	assert_int_equal(value, 310);
	assert_false(text_number(of("401"), 400, &value));
	assert_false(text_number(of("99999999999999999999999"), UINT64_MAX, &value));
	assert_false(text_number(of("x1"), 400, &value));
	assert_false(text_number(of("7"), 5, &value));
}

static void a_hash_is_the_published_one(void **state)
{
	(void)state; /* test vectors of Fowler, Noll and Vo for 64 bits of FNV-1a */
	assert_true(text_hash(of("")) == UINT64_C(0xcbf29ce484222325));
	assert_true(text_hash(of("foobar")) == UINT64_C(0x85944171f73967e8));
	assert_true(text_hash(text_from("foobar")) == text_hash(of("foobar")));
}

static void a_hexadecimal_digit_has_either_case(void **state)
{
	(void)state;
	assert_int_equal(text_hex_digit('0'), 0);
	assert_int_equal(text_hex_digit('9'), 9);
	assert_int_equal(text_hex_digit('a'), 10);
	assert_int_equal(text_hex_digit('F'), 15);
	assert_int_equal(text_hex_digit('g'), -1);
	assert_int_equal(text_hex_digit('/'), -1);
	assert_int_equal(text_hex_digit('\x10'), -1); /* a digit but for bit 5 */
}

static void trimming_takes_blanks_and_line_ends(void **state)
{
	(void)state;
	assert_true(text_is(text_trim(of(" \tx y\r\n")), "x y"));
	assert_int_equal(text_trim(of(" \r\n")).len, 0);
}

static const struct text_word_row *const LISTS[TEXT_WORD_LISTS] = {
	[TEXT_WORD_LIST('E')] = TEXT_WORDS({"EHLO", 1}, {"EXPN", 2}),
	[TEXT_WORD_LIST('Q')] = TEXT_WORDS({"QUIT", 3}),
};

static void a_word_is_found_by_its_first_letter(void **state)
{
	(void)state;
	assert_int_equal(text_find(of("ehlo"), LISTS, 9), 1);
	assert_int_equal(text_find(of("EXPN"), LISTS, 9), 2);
	assert_int_equal(text_find(of("Quit"), LISTS, 9), 3);
	assert_int_equal(text_find(of("EHLOX"), LISTS, 9), 9);
	assert_int_equal(text_find(of("HELP"), LISTS, 9), 9);
	assert_int_equal(
		text_find(of("\x05HLO"), LISTS, 9), 9); /* the same five bits */
	assert_int_equal(text_find(of(""), LISTS, 9), 9);
}

static void a_lenient_word_lies_between_bytes_that_are_no_text(void **state)
{
	(void)state;
	static const char LINE[] = "\xef\xbb\xbf\0AUTH\0 \vPLAIN";
	struct text rest = {(const uint8_t *)LINE, sizeof(LINE) - 1};
	assert_true(text_is(text_word_lenient(&rest), "AUTH"));
	assert_true(text_is(text_word_lenient(&rest), "PLAIN"));
	assert_int_equal(text_word_lenient(&rest).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_compare_without_case),
		cmocka_unit_test(a_word_is_found_by_its_first_letter),
		cmocka_unit_test(words_are_cut_off_at_blanks),
		cmocka_unit_test(no_byte_but_a_blank_ends_a_word),
		cmocka_unit_test(a_copied_field_cannot_forge_a_record),
		cmocka_unit_test(
			letters_of_any_writing_are_kept_and_what_steers_a_reader_is_not),
		cmocka_unit_test(no_letter_is_cut_apart),
		cmocka_unit_test(a_number_over_its_bound_is_refused),
		cmocka_unit_test(a_hash_is_the_published_one),
		cmocka_unit_test(a_hexadecimal_digit_has_either_case),
		cmocka_unit_test(trimming_takes_blanks_and_line_ends),
		cmocka_unit_test(a_lenient_word_lies_between_bytes_that_are_no_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
