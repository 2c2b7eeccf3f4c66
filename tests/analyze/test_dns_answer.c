#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns_maker.h"

#include <stdlib.h>

enum { QUERY = 0x0100, ANSWER = 0x8180, NAME_ERROR = 0x8183, CUT = 0x8380 };

/* On an exact heap copy, so that reads beyond it are seen. */
static bool read_bytes(const uint8_t *bytes, size_t len, struct dns_asked *asked,
	size_t *record_count, struct dns_record *last)
{
	uint8_t *copy = malloc(len + (len == 0));
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	struct dns_records records;
	struct dns_record record;
	const bool is_read = dns_read_asked((struct text){copy, len}, asked, &records);
	*record_count = 0;
	while (is_read && dns_next_record(&records, &record)) {
		*last = record;
		(*record_count)++;
	}
	free(copy);
	return is_read;
}

static bool read_made(const struct dns_made *made, struct dns_asked *asked,
	size_t *record_count, struct dns_record *last)
{
	return read_bytes(made->bytes, made->len, asked, record_count, last);
}

static struct dns_made whole_answer(void)
{
	struct dns_made made = dns_made(0x1234, ANSWER, "Mail.Example.org", DNS_TYPE_A);
	dns_put_target(
		&made, "mail.example.org", DNS_TYPE_CNAME, 60, "pool.example.net");
	dns_put_target(&made, "pool.example.net", DNS_TYPE_MX, 61, "mx.example.net");
	dns_put_address(&made, "pool.example.net", 62, "2001:db8::25");
	dns_put_address(&made, "POOL.example.net", 300, "203.0.113.25");
	return made;
}

static void a_query_says_what_is_asked_and_how(void **state)
{
	(void)state;
	struct dns_made made = dns_made(0x1234, QUERY, "Mail.Example.org", DNS_TYPE_A);
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	assert_true(read_made(&made, &asked, &count, &last));
	assert_false(asked.is_answer);
	assert_false(asked.is_iterative);
	assert_int_equal(asked.id, 0x1234);
	assert_int_equal(asked.type, DNS_TYPE_A);
	assert_string_equal(asked.name, "mail.example.org");
	assert_int_equal(count, 0);
	made.bytes[2] = 0;
	assert_true(read_made(&made, &asked, &count, &last));
	assert_true(asked.is_iterative);
}

static void an_answer_gives_its_records_one_by_one(void **state)
{
	(void)state;
	const struct dns_made made = whole_answer();
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	char text[ADDRESS_TEXT_BYTES];
	assert_true(read_made(&made, &asked, &count, &last));
	assert_true(asked.is_answer);
	assert_int_equal(count, 4);
	assert_int_equal(last.type, DNS_TYPE_A);
	assert_int_equal(last.ttl_s, 300);
	assert_string_equal(last.owner, "pool.example.net");
	assert_string_equal(address_text(&last.address, text), "203.0.113.25");
}

static void a_pointer_leads_back_and_never_on(void **state)
{
	(void)state;
	struct dns_made made = dns_made(1, ANSWER, "mail.example.org", DNS_TYPE_A);
	const uint8_t record[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 9};
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	const size_t at = made.len;
	made.bytes[7] = 1;
	memcpy(made.bytes + at, record, sizeof(record));
	made.len += sizeof(record);
	assert_true(read_made(&made, &asked, &count, &last));
	assert_int_equal(count, 1);
	assert_string_equal(last.owner, "mail.example.org");
	made.bytes[at + 1] = (uint8_t)at; /* to itself */
	assert_true(read_made(&made, &asked, &count, &last));
	assert_int_equal(count, 0);
	made.bytes[at + 1] = (uint8_t)(at + 2); /* onwards */
	assert_true(read_made(&made, &asked, &count, &last));
	assert_int_equal(count, 0);
}

static void errors_and_cut_answers_say_nothing(void **state)
{
	(void)state;
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	const unsigned flags[] = {NAME_ERROR, CUT, ANSWER | 0x0800};
	for (size_t i = 0; i < 3; i++) {
		struct dns_made made =
			dns_made(1, flags[i], "a.example.org", DNS_TYPE_A);
		dns_put_address(&made, "a.example.org", 60, "203.0.113.25");
		assert_false(read_made(&made, &asked, &count, &last));
	}
	struct dns_made made = dns_made(1, QUERY, "a.example.org", 16);
	assert_false(read_made(&made, &asked, &count, &last));
	made = dns_made(1, QUERY, "a.example.org", DNS_TYPE_A);
	made.bytes[5] = 2; /* questions */
	assert_false(read_made(&made, &asked, &count, &last));
}

static void a_ttl_with_its_first_bit_set_is_none(void **state)
{
	(void)state;
	struct dns_made made = dns_made(1, ANSWER, "a.example.org", DNS_TYPE_A);
	dns_put_address(&made, "a.example.org", 0x80000001, "203.0.113.25");
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	assert_true(read_made(&made, &asked, &count, &last));
	assert_int_equal(last.ttl_s, 0);
}

static void a_name_longer_than_names_are_is_refused(void **state)
{
	(void)state;
	struct dns_made made = {.len = 0};
	const unsigned header[] = {1, QUERY, 1, 0, 0, 0};
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	for (size_t i = 0; i < 6; i++) {
		dns_put16(&made, header[i]);
	}
	for (size_t i = 0; i < 5; i++) { /* 5 times 64 bytes */
		made.bytes[made.len++] = 63;
		memset(made.bytes + made.len, 'a', 63);
		made.len += 63;
	}
	made.bytes[made.len++] = 0;
	dns_put16(&made, DNS_TYPE_A);
	dns_put16(&made, 1);
	assert_false(read_made(&made, &asked, &count, &last));
}

static void of_more_records_than_are_read_the_first_are(void **state)
{
	(void)state;
	struct dns_made made = dns_made(1, ANSWER, "a.example.org", DNS_TYPE_A);
	for (size_t i = 0; i < DNS_RECORDS_MAX + 4; i++) {
		dns_put_address(&made, "a.example.org", 60, "203.0.113.25");
	}
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	assert_true(read_made(&made, &asked, &count, &last));
	assert_int_equal(count, DNS_RECORDS_MAX);
}

static void no_length_of_a_message_is_read_beyond(void **state)
{
	(void)state;
	const struct dns_made made = whole_answer();
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	for (size_t len = 0; len < made.len; len++) {
		(void)read_bytes(made.bytes, len, &asked, &count, &last);
		assert_true(count < 4);
	}
}

/* As they were sent, where nothing in them steers whoever reads them. */
static void letters_of_any_writing_stay(void **state)
{
	(void)state;
	struct dns_made made = dns_made(0x1234, ANSWER,
		"b\xc3\xbc"
		"cher.net",
		DNS_TYPE_A);
	dns_put_target(&made,
		"b\xc3\xbc"
		"cher.net",
		DNS_TYPE_CNAME, 60, "a\xe2\x80\xae.\xed\xa0\x80.net");
	struct dns_asked asked;
	struct dns_record last;
	size_t count;
	assert_true(read_made(&made, &asked, &count, &last));
	assert_string_equal(asked.name, "b\xc3\xbc"
					"cher.net");
	assert_int_equal(count, 1);
	assert_string_equal(last.owner, "b\xc3\xbc"
					"cher.net");
	assert_string_equal(last.target, "a?.???.net");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_of_any_writing_stay),
		cmocka_unit_test(a_query_says_what_is_asked_and_how),
		cmocka_unit_test(an_answer_gives_its_records_one_by_one),
		cmocka_unit_test(a_pointer_leads_back_and_never_on),
		cmocka_unit_test(errors_and_cut_answers_say_nothing),
		cmocka_unit_test(a_ttl_with_its_first_bit_set_is_none),
		cmocka_unit_test(a_name_longer_than_names_are_is_refused),
		cmocka_unit_test(of_more_records_than_are_read_the_first_are),
		cmocka_unit_test(no_length_of_a_message_is_read_beyond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
