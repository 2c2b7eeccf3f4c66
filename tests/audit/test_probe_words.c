#include "audit/probe_words.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A server that has said all it will, and left. */
struct asked {
	struct probe_link link;
	struct probe_patience patience;
	struct probe_offer offer;
	int server;
};

static struct asked *asked_new(const char *says, size_t len)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	int ends[2];
	assert_non_null(asked);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(write(ends[1], says, len), len);
	assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
	asked->patience.answer_us = 5000000;
	asked->server = ends[1];
	asked->link = (struct probe_link){.file = ends[0],
		.patience = &asked->patience,
		.end_us = clock_monotonic_us() + 5000000};
	return asked;
}

static void asked_free(struct asked *asked)
{
	probe_link_close(&asked->link);
	(void)close(asked->server);
	free(asked);
}

/* Its greeting, and what it has; *offer is what it told. */
static enum probe_result listed(
	enum protocol protocol, const char *says, struct probe_offer *offer)
{
	const struct probe_words *words = probe_words_of(protocol);
	struct asked *asked = asked_new(says, strlen(says));
	enum probe_result result = probe_greeting(words, &asked->link, &asked->offer);
	if (result == PROBE_DONE) {
		result = probe_list(words, &asked->link, &asked->offer);
	}
	*offer = asked->offer;
	asked_free(asked);
	return result;
}

static void smtp_tells_what_it_has_behind_its_name(void **state)
{
	(void)state;
	struct probe_offer offer;
	assert_int_equal(
		listed(PROTOCOL_SMTP,
			"220-mx\r\n220 ESMTP\r\n250-STARTTLS\r\n250-REQUIRETLS\r\n"
			"250-chunking\r\n250 AUTH PLAIN CRAM-MD5 login\r\n",
			&offer),
		PROBE_DONE);
	assert_false(offer.has_starttls); /* that is a server's name */
	assert_true(offer.has_requiretls);
	assert_true(offer.has_chunking);
	assert_string_equal(offer.sign_in, "PLAIN LOGIN");
	assert_int_equal(
		listed(PROTOCOL_SUBMISSION,
			"220 a\r\n250-mx\r\n250-AUTH=XOAUTH2\r\n250 STARTTLS\r\n",
			&offer),
		PROBE_DONE);
	assert_true(offer.has_starttls);
	assert_string_equal(offer.sign_in, "XOAUTH2");
}

static void a_word_that_was_overwritten_is_told(void **state)
{
	(void)state;
	struct probe_offer offer;
	assert_int_equal(
		listed(PROTOCOL_SMTP, "220 mx\r\n250-mx\r\n250 XXXXXXXA\r\n", &offer),
		PROBE_DONE);
	assert_true(offer.is_masked);
	assert_int_equal(
		listed(PROTOCOL_SMTP, "220 *******\r\n250 mx\r\n", &offer), PROBE_DONE);
	assert_true(offer.is_masked);
	assert_int_equal(
		listed(PROTOCOL_SMTP, "220 mx\r\n250-mx\r\n250 XCLIENT\r\n", &offer),
		PROBE_DONE);
	assert_false(offer.is_masked);
}

static void a_server_that_is_busy_is_none_that_refuses(void **state)
{
	(void)state;
	struct probe_offer offer;
	assert_int_equal(listed(PROTOCOL_SMTP, "421 later\r\n", &offer), PROBE_BUSY);
	assert_int_equal(listed(PROTOCOL_SMTP, "554 no\r\n", &offer), PROBE_REFUSED);
	assert_int_equal(
		listed(PROTOCOL_SMTP, "220 mx\r\n502 no\r\n", &offer), PROBE_REFUSED);
	assert_int_equal(listed(PROTOCOL_IMAP, "* BYE full\r\n", &offer), PROBE_BUSY);
	assert_int_equal(listed(PROTOCOL_POP3, "-ERR full\r\n", &offer), PROBE_BUSY);
	assert_int_equal(
		listed(PROTOCOL_SIEVE, "BYE \"full\"\r\n", &offer), PROBE_BUSY);
}

static void who_speaks_another_protocol_is_told(void **state)
{
	(void)state;
	static const enum protocol ALL[] = {PROTOCOL_SMTP, PROTOCOL_LMTP, PROTOCOL_IMAP,
		PROTOCOL_POP3, PROTOCOL_SIEVE};
	struct probe_offer offer;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(ALL[0]); i++) {
		assert_int_equal(
			listed(ALL[i], "SSH-2.0-OpenSSH_9.2\r\n", &offer), PROBE_ODD);
	}
	assert_int_equal(listed(PROTOCOL_SMTP, "2200 mx\r\n", &offer), PROBE_ODD);
	assert_int_equal(listed(PROTOCOL_SMTP, "100 mx\r\n", &offer), PROBE_ODD);
}

static void imap_lets_log_in_unless_it_says_that_it_does_not(void **state)
{
	(void)state;
	struct probe_offer offer;
	assert_int_equal(listed(PROTOCOL_IMAP,
				 "* OK hi\r\n* CAPABILITY IMAP4rev1 STARTTLS "
				 "LOGINDISABLED\r\na1 OK done\r\n",
				 &offer),
		PROBE_DONE);
	assert_true(offer.has_starttls);
	assert_string_equal(offer.sign_in, "");
	assert_int_equal(
		listed(PROTOCOL_IMAP,
			"* OK hi\r\n* CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-1\r\n"
			"a1 OK done\r\n",
			&offer),
		PROBE_DONE);
	assert_false(offer.has_starttls);
	assert_string_equal(offer.sign_in, "LOGIN");
	assert_int_equal(
		listed(PROTOCOL_IMAP,
			"* PREAUTH hi\r\n* CAPABILITY IMAP4rev1\r\na1 OK\r\n", &offer),
		PROBE_DONE);
	assert_true(offer.is_preauthenticated);
}

static void pop3_and_sieve_tell_theirs(void **state)
{
	(void)state;
	struct probe_offer offer;
	assert_int_equal(
		listed(PROTOCOL_POP3,
			"+OK hi\r\n+OK\r\nSTLS\r\nUSER\r\nSASL PLAIN\r\n.\r\n", &offer),
		PROBE_DONE);
	assert_true(offer.has_starttls);
	assert_string_equal(offer.sign_in, "USER PLAIN");
	assert_int_equal(
		listed(PROTOCOL_SIEVE,
			"\"SASL\" \"PLAIN SCRAM-SHA-1\"\r\n\"STARTTLS\"\r\nOK\r\n",
			&offer),
		PROBE_DONE);
	assert_true(offer.has_starttls);
	assert_string_equal(offer.sign_in, "PLAIN");
	assert_int_equal(
		listed(PROTOCOL_SIEVE, "\"SASL\" \"\"\r\nOK\r\n", &offer), PROBE_DONE);
	assert_string_equal(offer.sign_in, "");
}

/* Behind the handshake; the library of TLS apart, the lines are the same in clear. */
static bool is_answered(enum protocol protocol, const char *says)
{
	struct asked *asked = asked_new(says, strlen(says));
	bool is_more = false;
	assert_int_equal(
		probe_look_for_more(probe_words_of(protocol), &asked->link, &is_more),
		PROBE_DONE);
	asked_free(asked);
	return is_more;
}

static void one_answer_too_many_tells_of_a_command_that_was_kept(void **state)
{
	(void)state;
	assert_false(is_answered(PROTOCOL_SMTP, "221-bye\r\n221 bye\r\n"));
	assert_true(is_answered(PROTOCOL_SMTP, "250 ok\r\n221 bye\r\n"));
	assert_false(is_answered(PROTOCOL_IMAP, "* BYE out\r\na1 OK\r\n"));
	assert_true(is_answered(PROTOCOL_IMAP, "b2 BAD no\r\n* BYE out\r\na1 OK\r\n"));
	assert_false(is_answered(PROTOCOL_POP3, "+OK bye\r\n"));
	assert_true(is_answered(PROTOCOL_POP3, "-ERR no\r\n+OK bye\r\n"));
	assert_false(is_answered(PROTOCOL_SIEVE, "\"SASL\" \"\"\r\nOK\r\nOK bye\r\n"));
	assert_true(is_answered(PROTOCOL_SIEVE,
		"\"SASL\" \"\"\r\nOK\r\nOK (TAG \"b2\")\r\nOK bye\r\n"));
}

static void what_is_said_without_end_is_not_listened_to(void **state)
{
	(void)state;
	struct probe_offer offer;
	static char lines[64 * 1024];
	size_t len = (size_t)snprintf(lines, sizeof(lines), "220 mx\r\n");
	while (len + 16 < sizeof(lines)) {
		len += (size_t)snprintf(
			lines + len, sizeof(lines) - len, "250-LINE\r\n");
	}
	assert_int_equal(listed(PROTOCOL_SMTP, lines, &offer), PROBE_ODD);
	memset(lines, 'A', sizeof(lines) - 1);
	memcpy(lines, "220 ", 4);
	assert_int_equal(listed(PROTOCOL_SMTP, lines, &offer), PROBE_ODD);
	lines[PROBE_LINE_BYTES - 2] = '\r'; /* the longest that is read */
	lines[PROBE_LINE_BYTES - 1] = '\n';
	lines[PROBE_LINE_BYTES] = '\0';
	assert_int_equal(listed(PROTOCOL_SMTP, lines, &offer), PROBE_LOST);
}

static void an_answer_cut_anywhere_is_no_answer(void **state)
{
	(void)state;
	static const char ALL[] = "220 mx\r\n250-mx\r\n250 STARTTLS\r\n";
	for (size_t len = 0; len < sizeof(ALL) - 1; len++) {
		char *cut = malloc(len + 1);
		struct probe_offer offer;
		assert_non_null(cut);
		memcpy(cut, ALL, len);
		cut[len] = '\0';
		assert_int_equal(listed(PROTOCOL_SMTP, cut, &offer), PROBE_LOST);
		free(cut);
	}
}

static void what_steers_a_terminal_is_never_quoted(void **state)
{
	(void)state;
	static const char SAYS[] = "554 \x1b[2J\xff\x07 no\r\n";
	struct asked *asked = asked_new(SAYS, sizeof(SAYS) - 1);
	assert_int_equal(probe_greeting(probe_words_of(PROTOCOL_SMTP), &asked->link,
				 &asked->offer),
		PROBE_REFUSED);
	assert_string_equal(asked->link.why.text, "554 ?[2J?? no");
	asked_free(asked);
}

static void a_protocol_without_words_is_not_asked(void **state)
{
	(void)state;
	for (enum protocol one = 0; one < PROTOCOL_COUNT; one++) {
		const enum protocol family = protocol_row(one)->family;
		const bool is_asked =
			family == PROTOCOL_SMTP || family == PROTOCOL_LMTP ||
			family == PROTOCOL_IMAP || family == PROTOCOL_POP3 ||
			family == PROTOCOL_SIEVE;
		assert_int_equal(probe_words_of(one) != NULL, is_asked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smtp_tells_what_it_has_behind_its_name),
		cmocka_unit_test(a_word_that_was_overwritten_is_told),
		cmocka_unit_test(a_server_that_is_busy_is_none_that_refuses),
		cmocka_unit_test(who_speaks_another_protocol_is_told),
		cmocka_unit_test(imap_lets_log_in_unless_it_says_that_it_does_not),
		cmocka_unit_test(pop3_and_sieve_tell_theirs),
		cmocka_unit_test(one_answer_too_many_tells_of_a_command_that_was_kept),
		cmocka_unit_test(what_is_said_without_end_is_not_listened_to),
		cmocka_unit_test(an_answer_cut_anywhere_is_no_answer),
		cmocka_unit_test(what_steers_a_terminal_is_never_quoted),
		cmocka_unit_test(a_protocol_without_words_is_not_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
