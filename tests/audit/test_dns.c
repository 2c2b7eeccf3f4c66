/* Data of records, as a name server sent it: read whole, or not at all. */
#include "made_zone.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

static void names_are_labels_of_at_most_63_bytes(void **state)
{
	(void)state;
	char label[66];
	memset(label, 'a', sizeof(label));
	label[63] = '\0';
	assert_true(rr_name_is_valid(label));
	label[63] = 'a';
	label[64] = '\0';
	assert_false(rr_name_is_valid(label));
	assert_true(rr_name_is_valid("a.example."));
	assert_false(rr_name_is_valid("a.example.."));
	assert_false(rr_name_is_valid(".a"));
	assert_false(rr_name_is_valid(""));
	assert_false(rr_name_is_valid("."));
}

static void a_clean_name_is_lower_case_without_a_dot_behind(void **state)
{
	(void)state;
	char clean[RR_NAME_BYTES];
	assert_true(rr_name_clean(clean, "Mail.Example.ORG."));
	assert_string_equal(clean, "mail.example.org");
	assert_false(rr_name_clean(clean, "a..b"));
}

static void below_is_by_whole_labels(void **state)
{
	(void)state;
	assert_true(rr_name_is_below("a.example.org", "example.org"));
	assert_true(rr_name_is_below("Example.org.", "example.ORG"));
	assert_false(rr_name_is_below("badexample.org", "example.org"));
	assert_false(rr_name_is_below("org", "example.org"));
}

/* Each length of it, on an exact heap copy. */
static void data_cut_anywhere_is_no_record(void **state)
{
	(void)state;
	static const uint8_t MX[] =
		"\0\012\004mail\007example\003org"; /* and its NUL */
	static const uint8_t TXT[] = "\002ab\003cde\001f";
	struct arena arena = {NULL};
	char name[RR_NAME_BYTES];
	size_t text_len = 0;
	for (size_t len = 0; len <= sizeof(MX); len++) {
		uint8_t *copy = malloc(len + (len == 0));
		assert_non_null(copy);
		memcpy(copy, MX, len);
		const struct rr_data data = {copy, len};
		assert_int_equal(
			rr_data_name(&data, RR_TYPE_MX, name), len == sizeof(MX));
		assert_int_equal(rr_data_preference(&data), len < 2 ? 0 : 10);
		free(copy);
	}
	assert_string_equal(name, "mail.example.org");
	for (size_t len = 0; len < sizeof(TXT); len++) {
		uint8_t *copy = malloc(len + (len == 0));
		assert_non_null(copy);
		memcpy(copy, TXT, len);
		const struct rr_data data = {copy, len};
		const char *text = rr_data_text(&arena, &data, &text_len);
		const bool is_whole = len == 0 || len == 3 || len == 7 || len == 9;
		assert_int_equal(text != NULL, is_whole);
		if (len == 9) {
			assert_string_equal(text, "abcdef");
		}
		free(copy);
	}
	arena_free(&arena);
}

static void what_text_cannot_say_is_no_name(void **state)
{
	(void)state;
	static const uint8_t DOT[] = "\003a.b\003org";
	static const uint8_t LONG_LABEL[] =
		"\100aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const uint8_t BEHIND[] = "\001a\0x";
	static const uint8_t ROOT[] = "";
	char name[RR_NAME_BYTES];
	assert_false(
		rr_data_name(&(struct rr_data){DOT, sizeof(DOT)}, RR_TYPE_PTR, name));
	assert_false(rr_data_name(
		&(struct rr_data){LONG_LABEL, sizeof(LONG_LABEL)}, RR_TYPE_PTR, name));
	assert_false(rr_data_name(
		&(struct rr_data){BEHIND, sizeof(BEHIND) - 1}, RR_TYPE_PTR, name));
	assert_true(rr_data_name(&(struct rr_data){ROOT, 1}, RR_TYPE_PTR, name));
	assert_string_equal(name, "");
}

static void an_address_has_4_bytes_or_16(void **state)
{
	(void)state;
	static const uint8_t BYTES[17] = {192, 0, 2, 1};
	struct address address;
	for (size_t len = 0; len <= sizeof(BYTES); len++) {
		assert_int_equal(
			rr_data_address(&(struct rr_data){BYTES, len}, &address),
			len == 4 || len == 16);
	}
}

static void addresses_are_asked_about_backwards(void **state)
{
	(void)state;
	char name[RR_REVERSE_BYTES];
	struct address address;
	assert_true(address_parse("192.0.2.1", &address));
	rr_reverse_name(&address, name);
	assert_string_equal(name, "1.2.0.192.in-addr.arpa");
	assert_true(address_parse("2001:db8::567:89ab", &address));
	rr_reverse_name(&address, name);
	assert_string_equal(name,
		"b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1."
		"0.0.2.ip6.arpa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_labels_of_at_most_63_bytes),
		cmocka_unit_test(a_clean_name_is_lower_case_without_a_dot_behind),
		cmocka_unit_test(below_is_by_whole_labels),
		cmocka_unit_test(data_cut_anywhere_is_no_record),
		cmocka_unit_test(what_text_cannot_say_is_no_name),
		cmocka_unit_test(an_address_has_4_bytes_or_16),
		cmocka_unit_test(addresses_are_asked_about_backwards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
