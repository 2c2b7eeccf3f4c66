#include "fixture.h"

#include <stdlib.h>

/* A ClientHello and a ServerHello, as long as their lengths say. */
static const uint8_t CLIENT_HELLO[] = {0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, 'r', 'r',
	'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r',
	'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 0, 0, 2,
	0x13, 1, 1, 0};
static const uint8_t SERVER_HELLO[] = {0x16, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3, 'r', 'r',
	'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r',
	'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 'r', 0, 0x13,
	1, 0};
static const uint8_t OLD_HELLO[] = {0x80, 28, 1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 5, 'c',
	'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c'};

#define NDR                                                                           \
	0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, \
		0x10, 0x48, 0x60, 2, 0, 0, 0

/* Two contexts: the endpoint mapper, then NSPI. Little endian. */
static const uint8_t BIND[] = {5, 0, 11, 3, 0x10, 0, 0, 0, 116, 0, 0, 0, 1, 0, 0, 0, 0,
	16, 0, 16, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0x08, 0x83, 0xaf, 0xe1, 0x1f,
	0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa, 3, 0, 0, 0,
	NDR, 1, 0, 1, 0, 0x18, 0x5a, 0xcc, 0xf5, 0x64, 0x42, 0x1a, 0x10, 0x8c, 0x59,
	0x08, 0x00, 0x2b, 0x2f, 0x84, 0x26, 56, 0, 0, 0, NDR};

/* One context, EMSMDB, big endian: numbers and the first fields of the UUID turned. */
static const uint8_t BIG_BIND[] = {5, 0, 11, 3, 0, 0, 0, 0, 0, 72, 0, 0, 0, 0, 0, 1, 16,
	0, 16, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0xa4, 0xf1, 0xdb, 0x00, 0xca,
	0x47, 0x10, 0x67, 0xb3, 0x1f, 0x00, 0xdd, 0x01, 0x06, 0x62, 0xda, 0, 0, 0, 81,
	NDR};

static void a_hello_answered_by_a_hello_is_tls(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, (const char *)CLIENT_HELLO, sizeof(CLIENT_HELLO)},
		{SERVER, (const char *)SERVER_HELLO, sizeof(SERVER_HELLO)}};
	assert_talk(&talk, turns, 2, PROTOCOL_TLS);
	assert_true(talk.result.client_side_is_sure);
	assert_talk(&talk, turns, 1, PROTOCOL_TLS);
	assert_talk(&talk, &turns[1], 1, PROTOCOL_TLS);
	assert_int_equal(talk.result.client_side, CLIENT);
}

/* The hello in records of piece bytes each, behind some empty ones. */
static size_t cut_hello(uint8_t *out, size_t piece, unsigned empty, uint8_t minor)
{
	const size_t head = 5;
	size_t used = 0;
	for (unsigned i = 0; i < empty; i++) {
		memcpy(out + used, (const uint8_t[]){0x16, 3, minor, 0, 0}, head);
		used += head;
	}
	for (size_t at = head; at < sizeof(CLIENT_HELLO); at += piece) {
		const size_t left = sizeof(CLIENT_HELLO) - at;
		const size_t len = left < piece ? left : piece;
		memcpy(out + used, (const uint8_t[]){0x16, 3, minor, 0, (uint8_t)len},
			head);
		memcpy(out + used + head, CLIENT_HELLO + at, len);
		used += head + len;
	}
	return used;
}

/* OpenSSL answers each of these with its ServerHello. */
static void a_change_of_cipher_in_front_of_a_hello_counts_for_nothing(void **state)
{
	(void)state;
	static const char CHANGE[] = "\x14\x03\x03\x00\x01\x01";
	struct talk talk;
	talk_begin(&talk, 4242);
	(void)talk_bytes(&talk, CLIENT, CLIENT_HELLO, sizeof(CLIENT_HELLO));
	(void)talk_bytes(&talk, SERVER, CHANGE, 6);
	(void)talk_bytes(&talk, SERVER, SERVER_HELLO, sizeof(SERVER_HELLO));
	assert_int_equal(talk.result.protocol, PROTOCOL_TLS);
	talk_begin(&talk, 4242);
	(void)talk_bytes(&talk, SERVER, CHANGE, 6);
	(void)talk_bytes(&talk, SERVER, SERVER_HELLO, sizeof(SERVER_HELLO));
	(void)talk_end(&talk);
	assert_string_equal(talk.result.evidence, "tls server hello");
}

static void a_hello_is_tls_however_it_is_cut_into_records(void **state)
{
	(void)state;
	static const struct {
		size_t piece;
		unsigned empty;
		uint8_t minor;
	} CUTS[] = {
		{1, 0, 1}, {2, 0, 3}, {3, 0, 1}, {45, 20, 1}, {45, 0, 0xff}, {1, 4, 5}};
	for (size_t i = 0; i < sizeof(CUTS) / sizeof(CUTS[0]); i++) {
		uint8_t bytes[PREFIX_BYTES];
		struct talk talk;
		const struct turn turns[] = {
			{CLIENT, (const char *)bytes,
				cut_hello(bytes, CUTS[i].piece, CUTS[i].empty,
					CUTS[i].minor)},
			{SERVER, (const char *)SERVER_HELLO, sizeof(SERVER_HELLO)}};
		assert_talk(&talk, turns, 2, PROTOCOL_TLS);
		assert_int_equal(talk.result.client_side, CLIENT);
	}
}

static void the_old_form_of_a_client_hello_is_tls(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, (const char *)OLD_HELLO, sizeof(OLD_HELLO)}};
	assert_talk(&talk, turns, 1, PROTOCOL_TLS);
}

static void a_client_hello_waits_for_what_the_server_says(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 465);
	assert_int_equal(talk_bytes(&talk, CLIENT, CLIENT_HELLO, sizeof(CLIENT_HELLO)),
		CLASSIFY_NOT_YET);
	assert_int_equal(talk_text(&talk, SERVER, "220 mail.example.org ESMTP\r\n"),
		CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	talk_begin(&talk, 993);
	(void)talk_bytes(&talk, CLIENT, CLIENT_HELLO, sizeof(CLIENT_HELLO));
	(void)talk_text(&talk, SERVER, "* OK hello\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_IMAP);
	talk_begin(&talk, 995);
	(void)talk_bytes(&talk, CLIENT, CLIENT_HELLO, sizeof(CLIENT_HELLO));
	(void)talk_text(&talk, SERVER, "+OK POP3 ready\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_POP3);
}

static void a_hello_longer_than_the_prefix_is_tls_at_once(void **state)
{
	(void)state;
	struct talk talk;
	uint8_t hello[PREFIX_BYTES] = {0};
	memcpy(hello, CLIENT_HELLO, sizeof(CLIENT_HELLO));
	hello[3] = 6; /* record and message grow together */
	hello[7] = 6;
	talk_begin(&talk, 443);
	assert_int_equal(
		talk_bytes(&talk, CLIENT, hello, sizeof(hello)), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_TLS);
}

static void records_without_a_hello_need_two_heads(void **state)
{
	(void)state;
	static const char RECORD[] = "\x17\x03\x03\x00\x02xx";
	const struct turn two[] = {
		{CLIENT, "\x17\x03\x03\x00\x02xx\x17\x03\x03\x00\x05", 12}};
	const struct turn both[] = {{CLIENT, "\x17\x03\x03\x40\x00xx", 7},
		{SERVER, "\x17\x03\x03\x40\x00xx", 7}};
	struct talk talk;
	assert_talk(&talk, two, 1, PROTOCOL_TLS);
	assert_talk(&talk, both, 2, PROTOCOL_TLS);
	assert_false(talk.result.client_side_is_sure);
	talk_begin(&talk, 4242);
	assert_int_equal(talk_bytes(&talk, CLIENT, RECORD, 7), CLASSIFY_NOT_YET);
	assert_int_equal(talk_end(&talk), CLASSIFY_DECIDED);
	assert_int_equal(talk.result.protocol, PROTOCOL_TLS);
	talk_begin(&talk, 4242);
	(void)talk_bytes(&talk, CLIENT, "\x17\x03\x03\x40\x00xx", 7);
	(void)talk_end(&talk);
	assert_int_not_equal(talk.result.protocol, PROTOCOL_TLS);
}

static void a_lying_record_is_not_tls(void **state)
{
	(void)state;
	static const char *const HEADS[] = {"\x17\x03\x05\x00\x20",
		"\x16\x03\x01\x60\x00", "\x17\x03\x03\x00\x00", "\x14\x03\x03\x00\x02",
		"\x16\x02\x01\x00\x20"};
	for (size_t i = 0; i < COUNT(HEADS); i++) {
		struct talk talk;
		talk_begin(&talk, 4242);
		assert_int_equal(
			talk_bytes(&talk, SERVER, HEADS[i], 5), CLASSIFY_RULED_OUT);
	}
}

static void every_context_of_a_bind_is_read(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT, (const char *)BIND, sizeof(BIND)}};
	assert_talk(&talk, turns, 1, PROTOCOL_MAPI_RPC);
	uint8_t other[sizeof(BIND)];
	memcpy(other, BIND, sizeof(BIND));
	other[32 + 44] ^= 1;
	const struct turn foreign[] = {{CLIENT, (const char *)other, sizeof(other)}};
	assert_talk(&talk, foreign, 1, PROTOCOL_DCERPC);
	/* not a byte before the last context is in */
	talk_begin(&talk, 4242);
	assert_int_equal(
		talk_bytes(&talk, CLIENT, BIND, sizeof(BIND) - 25), CLASSIFY_NOT_YET);
}

static void a_big_endian_bind_is_read(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, (const char *)BIG_BIND, sizeof(BIG_BIND)}};
	assert_talk(&talk, turns, 1, PROTOCOL_MAPI_RPC);
}

static void a_bind_acknowledged_alone_is_dcerpc(void **state)
{
	(void)state;
	struct talk talk;
	uint8_t ack[sizeof(BIND)];
	memcpy(ack, BIND, sizeof(BIND));
	ack[2] = 12;
	const struct turn turns[] = {{SERVER, (const char *)ack, sizeof(ack)}};
	assert_talk(&talk, turns, 1, PROTOCOL_DCERPC);
	assert_int_equal(talk.result.client_side, CLIENT);
}

/* On an exact copy in the heap, so that a byte read too far is seen. */
static void no_truncation_is_read_past_its_end(void **state)
{
	(void)state;
	const struct turn messages[] = {
		{CLIENT, (const char *)CLIENT_HELLO, sizeof(CLIENT_HELLO)},
		{SERVER, (const char *)SERVER_HELLO, sizeof(SERVER_HELLO)},
		{CLIENT, (const char *)OLD_HELLO, sizeof(OLD_HELLO)},
		{CLIENT, (const char *)BIND, sizeof(BIND)},
		{CLIENT, (const char *)BIG_BIND, sizeof(BIG_BIND)},
		{SERVER, "220-x ESMTP\r\n250-x\r\n250-SIZE\r\n", 30},
		{CLIENT, "a1 LOGIN x y\r\nMAIL FROM:<>\r\n", 28},
	};
	for (size_t i = 0; i < COUNT(messages); i++) {
		for (size_t len = 0; len <= messages[i].len; len++) {
			uint8_t *copy = malloc(len ? len : 1);
			assert_non_null(copy);
			memcpy(copy, messages[i].bytes, len);
			struct talk talk;
			talk_begin(&talk, 4242);
			(void)talk_bytes(&talk, messages[i].side, copy, len);
			free(copy);
			assert_int_not_equal(talk_end(&talk), CLASSIFY_NOT_YET);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_answered_by_a_hello_is_tls),
		cmocka_unit_test(the_old_form_of_a_client_hello_is_tls),
		cmocka_unit_test(a_client_hello_waits_for_what_the_server_says),
		cmocka_unit_test(a_hello_longer_than_the_prefix_is_tls_at_once),
		cmocka_unit_test(records_without_a_hello_need_two_heads),
		cmocka_unit_test(a_lying_record_is_not_tls),
		cmocka_unit_test(every_context_of_a_bind_is_read),
		cmocka_unit_test(a_big_endian_bind_is_read),
		cmocka_unit_test(a_bind_acknowledged_alone_is_dcerpc),
		cmocka_unit_test(no_truncation_is_read_past_its_end),
		cmocka_unit_test(
			a_change_of_cipher_in_front_of_a_hello_counts_for_nothing),
		cmocka_unit_test(a_hello_is_tls_however_it_is_cut_into_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
