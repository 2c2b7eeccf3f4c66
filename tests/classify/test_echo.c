#include "fixture.h"

static const char *const LINES[] = {"220 mx.example.net ESMTP\r\n", "EHLO x\r\n",
	"250-mx.example.net\r\n250 SIZE 9\r\n", "MAIL FROM:<a@b.example>\r\n",
	"250 2.1.0 Ok\r\n", "RCPT TO:<c@d.example>\r\n", "250 2.1.5 Ok\r\n"};

/* Line by line, each of them said again by the server. */
static void say_and_repeat(struct talk *talk, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)talk_text(talk, CLIENT, LINES[i % COUNT(LINES)]);
		(void)talk_text(talk, SERVER, LINES[i % COUNT(LINES)]);
	}
}

static void what_repeats_its_client_is_no_mail_server(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct talk talk;
		talk_begin(&talk, i % 2 == 0 ? 7 : 25);
		talk.hint.is_client_known = i < 2;
		say_and_repeat(&talk, COUNT(LINES));
		assert_int_equal(talk.result.outcome, CLASSIFY_NOT_YET);
		say_and_repeat(&talk, 100); /* more than there is room for */
		assert_int_equal(talk.result.outcome,
			i < 2 ? CLASSIFY_NOT_YET : CLASSIFY_RULED_OUT);
		(void)talk_end(&talk);
		assert_false(protocol_row(talk.result.protocol)->is_mail);
	}
}

static void other_mail_is_repeated_alike(void **state)
{
	(void)state;
	static const char *const BURSTS[] = {
		"* OK IMAP4rev1\r\na LOGIN u p\r\na OK in\r\n",
		"+OK POP3 ready\r\nUSER u\r\n+OK\r\nPASS p\r\n+OK\r\n",
		"\"IMPLEMENTATION\" \"x\"\r\nOK \"ready\"\r\n"};
	for (size_t i = 0; i < COUNT(BURSTS); i++) {
		struct talk talk;
		talk_begin(&talk, 7);
		(void)talk_text(&talk, CLIENT, BURSTS[i]);
		(void)talk_text(&talk, SERVER, BURSTS[i]);
		(void)talk_end(&talk);
		assert_false(protocol_row(talk.result.protocol)->is_mail);
	}
}

/* A client that says its server's lines ahead of it hides nothing. */
static void a_server_that_goes_on_by_itself_is_heard(void **state)
{
	(void)state;
	for (size_t lines = 1; lines <= 40; lines += 13) {
		struct talk talk;
		talk_begin(&talk, 25);
		for (size_t i = 0; i < lines; i++) {
			const char *line = i == 0 ? LINES[0] : "502 5.5.2 Error\r\n";
			(void)talk_text(&talk, CLIENT, line);
			(void)talk_text(&talk, SERVER, line);
		}
		(void)talk_text(&talk, SERVER, "502 5.5.2 Error\r\n");
		(void)talk_text(&talk, CLIENT, "EHLO x\r\n");
		(void)talk_text(&talk, SERVER, LINES[2]);
		(void)talk_text(&talk, CLIENT, LINES[3]);
		(void)talk_text(&talk, SERVER, LINES[4]);
		(void)talk_end(&talk);
		assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	}
}

static void a_banner_that_both_ends_say_names_its_protocol(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 22);
	(void)talk_text(&talk, CLIENT, "SSH-2.0-x\r\n");
	(void)talk_text(&talk, SERVER, "SSH-2.0-x\r\n");
	(void)talk_end(&talk);
	assert_int_equal(talk.result.protocol, PROTOCOL_SSH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_repeats_its_client_is_no_mail_server),
		cmocka_unit_test(other_mail_is_repeated_alike),
		cmocka_unit_test(a_server_that_goes_on_by_itself_is_heard),
		cmocka_unit_test(a_banner_that_both_ends_say_names_its_protocol),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
