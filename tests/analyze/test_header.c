#include "analyze/header.h"

#include "talk.h"

#include <stdio.h>

#define TEXT(words) ((struct text){(const uint8_t *)(words), sizeof(words) - 1})

/* Facts of one message, read in pieces of piece octets, each an exact heap copy. */
static struct facts read_pieces(
	struct header *header, struct text message, bool is_stuffed, size_t piece)
{
	struct facts facts = {0};
	header_start(header, is_stuffed, true);
	for (size_t at = 0; at < message.len; at += piece) {
		const size_t len = message.len - at < piece ? message.len - at : piece;
		uint8_t *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, message.at + at, len);
		header_bytes(header, &facts, (struct text){copy, len});
		free(copy);
	}
	header_end(header, &facts);
	return facts;
}

static struct facts read_whole(struct text message)
{
	struct header header;
	return read_pieces(&header, message, true, message.len);
}

static void assert_address(const struct facts *facts, uint8_t index, const char *text)
{
	char seen[ADDRESS_TEXT_BYTES];
	assert_true(index < facts->headers.address_count);
	assert_string_equal(address_text(&facts->headers.addresses[index], seen), text);
}

#define WHOLE                                                               \
	"Received: from pc70.example.org (pc70 [192.0.2.70])\r\n"           \
	"\tby relay.example.org (Postfix) with ESMTP id 4F1B2C; Tue\r\n"    \
	"Received: from [IPv6:2001:db8:1::7] (helo=x) by y (192.0.2.9)\r\n" \
	" id 77\r\n"                                                        \
	"X-Originating-IP: 192.0.2.71\r\n"                                  \
	"dkim-signature : v=1; d=example.org; b=[192.0.2.99]\r\n"           \
	"Authentication-Results: mx-in.example.org; spf=pass\r\n"           \
	"Subject: from (192.0.2.98)\r\n"                                    \
	" [192.0.2.97]\r\n"                                                 \
	"\r\n"                                                              \
	"Received: from x ([192.0.2.96])\r\nDKIM-Signature: no\r\n.\r\n"

static void counts_and_addresses_are_those_of_the_header_alone(void **state)
{
	(void)state;
	struct header header;
	const struct facts facts =
		read_pieces(&header, TEXT(WHOLE), true, sizeof(WHOLE));
	assert_int_equal(facts.headers.messages, 1);
	assert_int_equal(facts.headers.without_dkim_signature, 0);
	assert_int_equal(facts.headers.without_authentication_results, 0);
	assert_int_equal(facts.headers.address_count, 4);
	assert_address(&facts, 0, "192.0.2.70");
	assert_address(&facts, 1, "2001:db8:1::7");
	assert_address(&facts, 2, "192.0.2.9");
	assert_address(&facts, 3, "192.0.2.71");
	assert_int_equal(header.received_id, header_word_hash(TEXT("4f1b2c")));
	assert_int_equal(
		header.received_from, header_word_hash(TEXT("PC70.example.org")));
}

static void wherever_it_is_cut_it_teaches_the_same(void **state)
{
	(void)state;
	struct header header;
	const struct facts whole =
		read_pieces(&header, TEXT(WHOLE), true, sizeof(WHOLE));
	for (size_t piece = 1; piece < 80; piece++) {
		const struct facts facts =
			read_pieces(&header, TEXT(WHOLE), true, piece);
		assert_memory_equal(
			&facts.headers, &whole.headers, sizeof(whole.headers));
		assert_int_equal(header.received_id, header_word_hash(TEXT("4F1B2C")));
	}
	for (size_t len = 0; len < sizeof(WHOLE); len++) {
		(void)read_pieces(
			&header, (struct text){(const uint8_t *)WHOLE, len}, true, 80);
	}
}

static void what_is_missing_is_counted_once_for_each_message(void **state)
{
	(void)state;
	struct facts facts =
		read_whole(TEXT("Subject: x\r\n\r\nDKIM-Signature: x\r\n"));
	assert_int_equal(facts.headers.messages, 1);
	assert_int_equal(facts.headers.without_dkim_signature, 1);
	assert_int_equal(facts.headers.without_authentication_results, 1);
	facts = read_whole(TEXT("X-DKIM-Signature: x\r\nDKIM-Signatures: x\r\n\r\n"));
	assert_int_equal(facts.headers.without_dkim_signature, 1);
	facts = read_whole(TEXT(" DKIM-Signature: folded\r\nSubject: x\r\n"
				" DKIM-Signature: folded too\r\n\r\n"));
	assert_int_equal(facts.headers.without_dkim_signature, 1);
}

static void other_traces_of_a_check_count_as_results(void **state)
{
	(void)state;
	struct facts facts = read_whole(TEXT("Received-SPF: pass\r\n\r\n"));
	assert_int_equal(facts.headers.without_authentication_results, 0);
	facts = read_whole(TEXT("ARC-Authentication-Results: i=1; x\r\n\r\n"));
	assert_int_equal(facts.headers.without_authentication_results, 0);
	assert_int_equal(facts.headers.without_dkim_signature, 1);
}

static void a_bounce_need_not_be_signed(void **state)
{
	(void)state;
	struct header header;
	struct facts facts = {0};
	header_start(&header, true, false);
	header_bytes(&header, &facts, TEXT("Subject: x\r\n\r\n"));
	assert_false(header_is_open(&header));
	assert_int_equal(facts.headers.messages, 1);
	assert_int_equal(facts.headers.without_dkim_signature, 0);
	assert_int_equal(facts.headers.without_authentication_results, 0);
}

static void only_what_is_an_address_is_one(void **state)
{
	(void)state;
	struct facts facts = read_whole(TEXT(
		"Received: from x (8.14.4/8.14.4) by y (Exim 4.96) id 192.0.2.1\r\n"
		"Received: from [192.0.2.300] ([fe80::1%12]) by (192.0.2.1\r\n"
		"Received: from (192.0.2.1 x) [ 192.0.2.1 ] [192.0.2.1\r\n ]\r\n"
		"Received: "
		"[192.0.2.1192.0.2.1192.0.2.1192.0.2.1192.0.2.1192.0.2.11]\r\n"
		"X-Originating-IP: unknown 192.0.2.1\r\n\r\n"));
	assert_int_equal(facts.headers.address_count, 0);
	facts = read_whole(TEXT("x-originating-ip:\r\n [192.0.2.1]\r\n"
				"X-Originating-IP: 192.0.2.2"));
	assert_int_equal(facts.headers.address_count, 2);
	assert_address(&facts, 1, "192.0.2.2");
}

static void the_first_different_addresses_are_kept(void **state)
{
	(void)state;
	char message[1024] = "Received: ";
	for (int i = 0; i < 20; i++) {
		char literal[32];
		(void)snprintf(literal, sizeof(literal), "[192.0.2.%d]", i / 2);
		strcat(message, literal);
	}
	const struct facts facts =
		read_whole((struct text){(const uint8_t *)message, strlen(message)});
	assert_int_equal(facts.headers.address_count, FACTS_HEADER_ADDRESSES);
	assert_address(&facts, 7, "192.0.2.7");
}

static void a_dot_in_front_of_a_line_is_of_the_transport(void **state)
{
	(void)state;
	struct header header;
	struct facts facts = read_whole(TEXT(".DKIM-Signature: x\r\n\r\n"));
	assert_int_equal(facts.headers.without_dkim_signature, 0);
	facts = read_whole(TEXT("Subject: x\r\n.\r\nDKIM-Signature: x\r\n"));
	assert_int_equal(facts.headers.without_dkim_signature, 1);
	facts = read_pieces(&header, TEXT(".DKIM-Signature: x\r\n\r\n"), false, 5);
	assert_int_equal(facts.headers.without_dkim_signature, 1);
}

static void lines_that_end_in_a_bare_lf_are_read_alike(void **state)
{
	(void)state;
	const struct facts facts =
		read_whole(TEXT("Received: from x ([192.0.2.1])\nSubject: x\n\n"
				"DKIM-Signature: x\n"));
	assert_int_equal(facts.headers.address_count, 1);
	assert_int_equal(facts.headers.without_dkim_signature, 1);
}

static void a_header_without_end_accuses_nobody(void **state)
{
	(void)state;
	struct header header;
	struct facts facts = {0};
	header_start(&header, true, true);
	for (int i = 0; i < 20000 && header_is_open(&header); i++) {
		header_bytes(&header, &facts, TEXT("X-Filler: yes\r\n"));
	}
	assert_false(header_is_open(&header));
	header_end(&header, &facts);
	assert_int_equal(facts.headers.messages, 0);
	assert_int_equal(facts.headers.without_dkim_signature, 0);
}

/* The way there: DATA, pipelining, BDAT, gaps. */

#define HELLO S("220 x\r\n"), C("EHLO c.example\r\n"), S("250-x\r\n250 CHUNKING\r\n")
#define ENVELOPE \
	C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d>\r\n"), S("250 ok\r\n250 ok\r\n")

static void messages_of_data_are_read_to_their_answer(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		HELLO,
		ENVELOPE,
		C("DATA\r\n"),
		S("354 go\r\n"),
		C("Received: from h ([192.0.2.7])\r\n id ab\r\n\r\nx\r\n.\r\n"),
		S("250 2.0.0 Ok: queued as 4F1B\r\n"),
		C("MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n"),
		C("Subject: bounce\r\n\r\n.\r\n"),
		S("554 no\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.headers.messages, 2);
	assert_int_equal(facts.headers.without_dkim_signature, 1);
	assert_int_equal(facts.headers.address_count, 1);
	assert_int_equal(facts.transaction_count, 1);
	const struct facts_transaction *transaction = &facts.transactions[0];
	assert_int_equal(transaction->queue_id, header_word_hash(TEXT("4f1b")));
	assert_int_equal(transaction->received_id, header_word_hash(TEXT("ab")));
	assert_int_equal(transaction->received_from, header_word_hash(TEXT("h")));
	assert_int_equal(transaction->bytes, 48);
	assert_int_equal(transaction->recipients, 1);
	talk_sweep(PROTOCOL_SMTP, STEPS(STEP));
}

static void chunks_make_one_message(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		HELLO,
		ENVELOPE,
		C("BDAT 9\r\nReceived:"),
		S("250 ok\r\n"),
		C("BDAT 19\r\n (192.0.2.7)\r\n.\r\n\r\n"),
		S("250 ok\r\n"),
		C("BDAT 0 LAST\r\n"),
		S("250 OK id=1abc-02\r\n"),
	};
	static const struct talk_step LAST[] = {
		HELLO,
		ENVELOPE,
		C("BDAT 12 LAST\r\nSubject: x\r\n"),
		S("250 77A Message accepted for delivery\r\n"),
	};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.headers.messages, 1);
	assert_int_equal(facts.headers.address_count, 1);
	assert_int_equal(facts.transaction_count, 1);
	assert_int_equal(facts.transactions[0].bytes, 28);
	assert_int_equal(
		facts.transactions[0].queue_id, header_word_hash(TEXT("1abc-02")));
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LAST));
	assert_int_equal(facts.headers.messages, 1);
	assert_int_equal(facts.transactions[0].queue_id, header_word_hash(TEXT("77A")));
	talk_sweep(PROTOCOL_SMTP, STEPS(STEP));
}

static void lost_octets_leave_a_header_uncounted(void **state)
{
	(void)state;
	static const struct talk_step DATA[] = {
		HELLO,
		ENVELOPE,
		C("DATA\r\n"),
		S("354 go\r\n"),
		C("Subject: x\r\n"),
		CLIENT_GAP(100),
		C("To: y\r\n\r\n.\r\n"),
	};
	static const struct talk_step CHUNK[] = {
		HELLO,
		ENVELOPE,
		C("BDAT 112 LAST\r\nSubject: x\r\n"),
		CLIENT_GAP(90),
		C("To: y\r\n\r\nz"),
		S("250 ok\r\n"),
	};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(DATA));
	assert_int_equal(facts.headers.messages, 0);
	assert_int_equal(facts.headers.without_dkim_signature, 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(CHUNK));
	assert_int_equal(facts.headers.messages, 0);
	assert_int_equal(facts.transaction_count, 0);
}

static bool has_field(const struct facts *facts, const char *name, const char *value)
{
	return facts_has_field(facts->headers.fields,
		header_field_hash(text_from(name), text_from(value)));
}

static void fields_are_known_by_name_and_some_by_a_value(void **state)
{
	(void)state;
	const struct facts facts = read_whole(TEXT(
		"X-Virus-Scanned: y\r\n"
		"DKIM-Signature: v=1; a=rsa-sha256;\r\n d = Example.ORG;s=k1; b=x\r\n"
		"DKIM2-Signature: i=1; s=k; d=two.example\r\n"
		"ARC-Seal: i=1; b=d=no.example;\r\n\td=arc.example; cv=none\r\n"
		"ARC-Authentication-Results: i=1; gate.example; spf=pass\r\n"
		"Authentication-Results:\r\n mx-in.example.org 1;\r\n spf=pass "
		"smtp.mailfrom=other.example\r\n"
		"X-Spam-Status: No\r\n\r\nX-Body: x\r\n"));
	assert_int_equal(facts.headers.senders, 1);
	assert_true(has_field(&facts, "x-virus-SCANNED", ""));
	assert_true(has_field(&facts, "X-Spam-Status", ""));
	assert_true(has_field(&facts, "DKIM-Signature", ""));
	assert_true(has_field(&facts, "DKIM-Signature", "example.org"));
	assert_true(has_field(&facts, "DKIM2-Signature", "two.example"));
	assert_true(has_field(&facts, "ARC-Seal", "arc.example"));
	assert_true(has_field(&facts, "ARC-Authentication-Results", "gate.example"));
	assert_true(has_field(&facts, "Authentication-Results", "MX-in.example.org"));
	static const char *const MISSING[][2] = {{"X-Virus", ""}, {"X-Body", ""},
		{"X-Spam-Status", "No"}, {"DKIM-Signature", "two.example"},
		{"DKIM-Signature", "rg"}, {"ARC-Seal", "no.example"},
		{"Authentication-Results", "1"},
		{"Authentication-Results", "other.example"},
		{"ARC-Authentication-Results", "i=1"}};
	for (size_t i = 0; i < sizeof(MISSING) / sizeof(*MISSING); i++) {
		assert_false(has_field(&facts, MISSING[i][0], MISSING[i][1]));
	}
}

static void what_one_message_lacks_not_all_have(void **state)
{
	(void)state;
	static const char *const MESSAGES[] = {"X-A: 1\r\nX-B: 1\r\n\r\n",
		"X-B: 1\r\nX-A: 1\r\n\r\n", "X-B: 1\r\nX-C: 1\r\n\r\n"};
	static const struct {
		bool has_a;
		uint32_t changes;
	} WANTED[] = {{true, 1}, {true, 1}, {false, 2}};
	struct facts facts = {0};
	struct header header;
	for (size_t i = 0; i < 3; i++) {
		header_start(&header, false, true);
		header_bytes(&header, &facts, text_from(MESSAGES[i]));
		assert_int_equal(has_field(&facts, "X-A", ""), WANTED[i].has_a);
		assert_int_equal(facts.headers.field_changes, WANTED[i].changes);
		assert_true(has_field(&facts, "X-B", ""));
		assert_false(has_field(&facts, "X-C", ""));
	}
	header_start(&header, false, false); /* a bounce is not asked */
	header_bytes(&header, &facts, text_from("\r\n"));
	assert_int_equal(facts.headers.senders, 3);
	assert_true(has_field(&facts, "X-B", ""));
}

static void assert_author(const char *from, const char *domain)
{
	char message[256];
	struct header header;
	(void)snprintf(
		message, sizeof(message), "Subject: a@b.example\r\n%s\r\n", from);
	(void)read_pieces(&header, text_from(message), false, strlen(message));
	assert_string_equal(header.author, domain);
	(void)read_pieces(&header, text_from(message), false, 1);
	assert_string_equal(header.author, domain);
}

static void the_author_is_known_by_the_domain_of_from(void **state)
{
	(void)state;
	assert_author("From: a@Example.ORG\r\n", "example.org");
	assert_author("FROM : The boss <boss@example.org>\r\n", "example.org");
	assert_author(
		"From: \"boss@example.org\" <x@other.example>\r\n", "other.example");
	assert_author("From: boss@example.org <x@other.example>\r\n", "other.example");
	assert_author(
		"From: x (boss@example.org) <x@other.example>\r\n", "other.example");
	assert_author(
		"From: =?utf-8?q?boss?=\r\n\t<x@other.example>\r\n", "other.example");
	assert_author("From: a@one.example, b@two.example\r\n", "one.example");
	assert_author("From: a@one.example\r\nFrom: b@two.example\r\n", "one.example");
	assert_author("From: undisclosed\r\n", "");
	assert_author("From: a@\r\n", "");
	assert_author("Resent-From: a@one.example\r\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_addresses_are_those_of_the_header_alone),
		cmocka_unit_test(wherever_it_is_cut_it_teaches_the_same),
		cmocka_unit_test(what_is_missing_is_counted_once_for_each_message),
		cmocka_unit_test(other_traces_of_a_check_count_as_results),
		cmocka_unit_test(a_bounce_need_not_be_signed),
		cmocka_unit_test(only_what_is_an_address_is_one),
		cmocka_unit_test(the_first_different_addresses_are_kept),
		cmocka_unit_test(a_dot_in_front_of_a_line_is_of_the_transport),
		cmocka_unit_test(lines_that_end_in_a_bare_lf_are_read_alike),
		cmocka_unit_test(a_header_without_end_accuses_nobody),
		cmocka_unit_test(messages_of_data_are_read_to_their_answer),
		cmocka_unit_test(chunks_make_one_message),
		cmocka_unit_test(lost_octets_leave_a_header_uncounted),
		cmocka_unit_test(fields_are_known_by_name_and_some_by_a_value),
		cmocka_unit_test(what_one_message_lacks_not_all_have),
		cmocka_unit_test(the_author_is_known_by_the_domain_of_from),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
