#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/dns.h"

#include <stdlib.h>
#include <string.h>

enum { MX = 15, TXT = 16, SRV = 33, TLSA = 52, A = 1 };

static uint8_t kept[DNS_QUERY_BYTES];

struct query {
	uint8_t bytes[300];
	size_t len;
};

/* A query as stub resolvers write it; name: labels with dots between them. */
static struct query query_of(const char *name, uint8_t type)
{
	struct query query = {
		.bytes = {0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0}, .len = 12};
	while (*name != '\0') {
		const size_t len = strcspn(name, ".");
		query.bytes[query.len++] = (uint8_t)len;
		memcpy(query.bytes + query.len, name, len);
		query.len += len;
		name += len + (name[len] == '.' ? 1 : 0);
	}
	const uint8_t end[] = {0, 0, type, 0, 1};
	memcpy(query.bytes + query.len, end, sizeof(end));
	query.len += sizeof(end);
	return query;
}

static bool read_query(const struct query *query, struct dns_question *question)
{
	return dns_read_question((struct text){query->bytes, query->len}, question);
}

static const char *type_of(const char *name, uint8_t type)
{
	const struct query query = query_of(name, type);
	struct dns_question question;
	return read_query(&query, &question) ? question.type : "none";
}

static void an_mx_query_is_told_with_its_name_in_lower_case(void **state)
{
	(void)state;
	const struct query query = query_of("ExaMple.NET", MX);
	struct dns_question question;
	assert_true(read_query(&query, &question));
	assert_string_equal(question.type, "MX");
	assert_string_equal(question.name, "example.net");
	assert_string_equal(type_of("example.net", 255), "ANY");
	assert_string_equal(type_of("example.net", 254), "none");
}

static void only_names_of_mail_make_txt_and_tlsa_of_interest(void **state)
{
	(void)state;
	assert_string_equal(type_of("_dmarc.example.net", TXT), "TXT");
	assert_string_equal(type_of("k1._domainkey.example.net", TXT), "TXT");
	assert_string_equal(type_of("_mta-sts.example.net", TXT), "TXT");
	assert_string_equal(type_of("_smtp._tls.example.net", TXT), "TXT");
	assert_string_equal(type_of("_spf.example.net", TXT), "TXT");
	assert_string_equal(type_of("_25._tcp.mx.example.net", TLSA), "TLSA");
	assert_string_equal(type_of("example.net", TXT), "none");
	assert_string_equal(type_of("my_dmarc.example.net", TXT), "none");
	assert_string_equal(type_of("a_domainkey.example.net", TXT), "none");
	assert_string_equal(type_of("_443._tcp.www.example.net", TLSA), "none");
	assert_string_equal(type_of("_dmarc.example.net", A), "none");
	assert_string_equal(type_of("example.net", A), "none");
}

static void srv_is_of_interest_for_services_of_mail(void **state)
{
	(void)state;
	assert_string_equal(type_of("_submission._tcp.example.net", SRV), "SRV");
	assert_string_equal(type_of("_SUBMISSIONS._TCP.example.net", SRV), "SRV");
	assert_string_equal(type_of("_imaps._tcp.example.net", SRV), "SRV");
	assert_string_equal(type_of("_pop3._tcp.example.net", SRV), "SRV");
	assert_string_equal(type_of("_autodiscover._tcp.example.net", SRV), "SRV");
	assert_string_equal(type_of("_ldap._tcp.dc._msdcs.example.net", SRV), "none");
	assert_string_equal(type_of("_sip._tcp.example.net", SRV), "none");
	assert_string_equal(type_of("_xmpp-client._tcp.example.net", SRV), "none");
	assert_string_equal(type_of("_imaps._tcp.example.net", A), "none");
}

/* Add a question; name: NULL for a pointer to the first one's. */
static void add_question(struct query *query, const char *name, uint8_t type)
{
	const uint8_t pointer[] = {0xc0, 12, 0, type, 0, 1};
	const struct query more = query_of(name ? name : "", type);
	const uint8_t *bytes = name ? more.bytes + 12 : pointer;
	const size_t len = name ? more.len - 12 : sizeof(pointer);
	memcpy(query->bytes + query->len, bytes, len);
	query->len += len;
	query->bytes[5]++;
}

static void a_later_question_counts_as_well(void **state)
{
	(void)state;
	struct dns_question question;
	struct query query = query_of("example.net", A);
	add_question(&query, "www.example.net", A);
	assert_false(read_query(&query, &question));
	add_question(&query, "example.org", MX);
	assert_true(read_query(&query, &question));
	assert_string_equal(question.name, "example.org");
	query = query_of("example.net", A);
	add_question(&query, NULL, MX);
	assert_true(read_query(&query, &question));
	assert_string_equal(question.name, "example.net");
	query = query_of("example.net", A);
	for (unsigned i = 0; i < 7; i++) {
		add_question(&query, NULL, A);
	}
	add_question(&query, NULL, MX); /* the ninth */
	assert_false(read_query(&query, &question));
}

static void a_query_without_the_wish_for_recursion_says_so(void **state)
{
	(void)state;
	struct dns_question question;
	struct query query = query_of("example.net", MX);
	assert_true(read_query(&query, &question));
	assert_false(question.is_iterative);
	query.bytes[2] = 0x00;
	assert_true(read_query(&query, &question));
	assert_true(question.is_iterative);
}

static void answers_and_other_operations_are_passed_over(void **state)
{
	(void)state;
	struct dns_question question;
	struct query query = query_of("example.net", MX);
	query.bytes[2] = 0x81; /* an answer */
	assert_false(read_query(&query, &question));
	query.bytes[2] = 0x21; /* NOTIFY */
	assert_false(read_query(&query, &question));
	query = query_of("example.net", MX);
	query.bytes[7] = 1; /* an answer in it */
	assert_false(read_query(&query, &question));
	query = query_of("example.net", MX);
	query.bytes[query.len - 1] = 3; /* CHAOS */
	assert_false(read_query(&query, &question));
	query.bytes[query.len - 1] = 255; /* any class */
	assert_true(read_query(&query, &question));
}

static void compression_and_long_labels_are_no_query(void **state)
{
	(void)state;
	struct dns_question question;
	struct query query = query_of("example.net", MX);
	query.bytes[12] = 0xc0; /* points to itself */
	query.bytes[13] = 12;
	assert_false(read_query(&query, &question));
	query = query_of("example.net", MX);
	query.bytes[12] = 64;
	assert_false(read_query(&query, &question));
}

static void odd_letters_become_question_marks(void **state)
{
	(void)state;
	struct dns_question question;
	const struct query query = query_of("a b\n\"\x80.net", MX);
	assert_true(read_query(&query, &question));
	assert_string_equal(question.name, "a?b???.net");
}

/* UTF-8 in German, then a mark that turns the direction, a surrogate, and half a letter. */
static void letters_of_any_writing_stay_and_what_steers_a_terminal_does_not(
	void **state)
{
	(void)state;
	struct dns_question question;
	struct query query = query_of("b\xc3\xbc"
				      "cher.example.net",
		MX);
	assert_true(read_query(&query, &question));
	assert_string_equal(question.name, "b\xc3\xbc"
					   "cher.example.net");
	query = query_of("a\xe2\x80\xae.\xed\xa0\x80.b\xc3.\xc2\x9b.net", MX);
	assert_true(read_query(&query, &question));
	assert_string_equal(question.name, "a?.???.b?.?.net");
}

static void a_long_name_is_cut_behind_a_whole_letter(void **state)
{
	(void)state;
	struct dns_question question;
	char name[202];
	for (size_t i = 0; i < sizeof(name) - 1; i++) {
		name[i] = i % 51 == 50 ? '.' : i % 51 % 2 == 0 ? '\xc3' : '\xbc';
	}
	name[sizeof(name) - 1] = '\0';
	const struct query query = query_of(name, MX);
	assert_true(read_query(&query, &question));
	assert_int_equal(strlen(question.name), DNS_NAME_BYTES - 2);
	assert_memory_equal(question.name, name, DNS_NAME_BYTES - 2);
}

static void a_long_name_is_cut(void **state)
{
	(void)state;
	struct dns_question question;
	char name[250];
	for (size_t i = 0; i < sizeof(name) - 1; i++) {
		name[i] = i % 50 == 49 ? '.' : 'x';
	}
	name[sizeof(name) - 1] = '\0';
	const struct query query = query_of(name, MX);
	assert_true(read_query(&query, &question));
	assert_int_equal(strlen(question.name), DNS_NAME_BYTES - 1);
}

static void the_root_has_an_empty_name(void **state)
{
	(void)state;
	struct dns_question question;
	const struct query query = query_of("", MX);
	assert_true(read_query(&query, &question));
	assert_string_equal(question.name, "");
}

static void no_cut_query_is_read_past_its_end(void **state)
{
	(void)state;
	const struct query query = query_of("k1._domainkey.example.net", TXT);
	for (size_t len = 0; len <= query.len; len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);
		assert_non_null(copy);
		memcpy(copy, query.bytes, len);
		struct dns_question question;
		assert_int_equal(dns_read_question((struct text){copy, len}, &question),
			len == query.len);
		free(copy);
	}
}

static void messages_of_a_stream_come_one_by_one(void **state)
{
	(void)state;
	const struct query query = query_of("example.net", MX);
	const size_t framed = query.len + 2;
	for (size_t len = 0; len <= 2 * framed; len++) {
		uint8_t *copy = calloc(1, 2 * framed);
		assert_non_null(copy);
		for (size_t i = 0; i < 2; i++) {
			copy[i * framed + 1] = (uint8_t)query.len;
			memcpy(copy + i * framed + 2, query.bytes, query.len);
		}
		uint8_t *cut = malloc(len > 0 ? len : 1);
		assert_non_null(cut);
		memcpy(cut, copy, len);
		struct dns_stream stream = {.seen = 0};
		struct text bytes = {cut, len};
		struct text message;
		size_t count = 0;
		while (dns_stream_take(&stream, kept, sizeof(kept), &bytes, &message) ==
			DNS_STREAM_MESSAGE) {
			assert_int_equal(message.len, query.len);
			assert_memory_equal(message.at, query.bytes, query.len);
			count++;
		}
		assert_int_equal(count, len / framed);
		assert_int_equal(bytes.len, 0);
		free(cut);
		free(copy);
	}
}

static void a_stream_of_something_else_is_odd(void **state)
{
	(void)state;
	static const char *const STARTS[] = {"GET / HTTP/1.1\r\n",
		"\0\x0b...............", "\0\x20..\x81\x80\0\1..........",
		"\0\x20..\0\0\0\x09.........."}; /* text; short; an answer; nine questions */
	for (size_t i = 0; i < sizeof(STARTS) / sizeof(STARTS[0]); i++) {
		struct dns_stream stream = {.seen = 0};
		struct text message;
		struct text bytes = {(const uint8_t *)STARTS[i], 16};
		assert_int_equal(
			dns_stream_take(&stream, kept, sizeof(kept), &bytes, &message),
			DNS_STREAM_ODD);
	}
}

/* However long a message is, its questions are read and the next one is found. */
static void a_long_message_is_passed_by_its_length(void **state)
{
	(void)state;
	const struct query query = query_of("example.net", MX);
	uint8_t bytes[2 * (2 + 3000)] = {0};
	for (size_t i = 0; i < 2; i++) {
		bytes[i * 3002] = 3000 >> 8;
		bytes[i * 3002 + 1] = 3000 & 0xff;
		memcpy(bytes + i * 3002 + 2, query.bytes, query.len);
	}
	struct dns_stream stream = {.seen = 0};
	struct text message;
	unsigned count = 0;
	for (size_t at = 0; at < sizeof(bytes); at++) {
		struct text byte = {bytes + at, 1};
		struct dns_question question;
		if (dns_stream_take(&stream, kept, sizeof(kept), &byte, &message) ==
			DNS_STREAM_MESSAGE) {
			assert_int_equal(message.len, sizeof(kept) - 2);
			assert_true(dns_read_question(message, &question));
			count++;
		}
	}
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_mx_query_is_told_with_its_name_in_lower_case),
		cmocka_unit_test(only_names_of_mail_make_txt_and_tlsa_of_interest),
		cmocka_unit_test(answers_and_other_operations_are_passed_over),
		cmocka_unit_test(srv_is_of_interest_for_services_of_mail),
		cmocka_unit_test(a_later_question_counts_as_well),
		cmocka_unit_test(a_query_without_the_wish_for_recursion_says_so),
		cmocka_unit_test(a_long_message_is_passed_by_its_length),
		cmocka_unit_test(compression_and_long_labels_are_no_query),
		cmocka_unit_test(odd_letters_become_question_marks),
		cmocka_unit_test(
			letters_of_any_writing_stay_and_what_steers_a_terminal_does_not),
		cmocka_unit_test(a_long_name_is_cut_behind_a_whole_letter),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(the_root_has_an_empty_name),
		cmocka_unit_test(no_cut_query_is_read_past_its_end),
		cmocka_unit_test(messages_of_a_stream_come_one_by_one),
		cmocka_unit_test(a_stream_of_something_else_is_odd),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
