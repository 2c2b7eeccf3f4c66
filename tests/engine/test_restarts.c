#include "engine_run.h"

#include "../analyze/talk.h"

#define CLIENT_HELLO TALK_CLIENT_HELLO
#define SERVER_HELLO TALK_SERVER_HELLO
#define BURST                                                    \
	"EHLO host.example.org\r\nMAIL FROM:<a@example.org>\r\n" \
	"RCPT TO:<b@example.net>\r\n"

/* A workstation that dials out; the port says what is expected there. */
static struct line dial(struct engine_run *run, uint16_t port)
{
	return open_line(run, WORKSTATION, 40000, INTERNET, port);
}

#define PAGE   "GET / HTTP/1.1\r\nHost: www.example.net\r\n\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void the_pages_of_a_web_server_are_told_of_nowhere(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8080);
	for (unsigned i = 0; i < 100; i++) {
		say(&line, CLIENT, PAGE);
		say(&line, SERVER, ANSWER);
		assert_int_equal(run->phase, CONVERSATION_GONE); /* it rests */
	}
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

static void a_page_that_is_not_over_is_followed(void **state)
{
	(void)state;
	static const char *const TURNS[][2] = {
		{PAGE PAGE, ANSWER}, /* the second answer is due */
		{"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", ANSWER},
		{PAGE, "HTTP/1.1 100 Continue\r\n\r\n"},
		{PAGE, "HTTP/1.1"},
	};
	for (size_t i = 0; i < sizeof(TURNS) / sizeof(TURNS[0]); i++) {
		struct engine_run *run = run_begin();
		struct line line = dial(run, 8080);
		say(&line, CLIENT, TURNS[i][0]);
		say(&line, SERVER, TURNS[i][1]);
		assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
		run_end(run);
	}
}

/* No word of HTTP said that the connection is to be another one. */
static void mail_behind_pages_is_told(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8080);
	say(&line, CLIENT, PAGE);
	say(&line, SERVER, ANSWER);
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_SMTP);
	run_end(run);
}

/* However many pages were asked for before, and though the server knew none of some. */
static void a_later_request_for_mail_is_told(void **state)
{
	(void)state;
	static const char SYNC_REQUEST[] =
		"POST /Microsoft-Server-ActiveSync?Cmd=Sync HTTP/1.1\r\n"
		"Authorization: Basic YTpi\r\nContent-Length: 0\r\n\r\n";
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8080);
	for (unsigned i = 0; i < 100; i++) {
		say(&line, CLIENT, PAGE);
		say(&line, SERVER, ANSWER);
	}
	say(&line, CLIENT, "POST /EWS/x HTTP/1.1\r\n\r\n");
	say(&line, SERVER, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(run->told_count, 0);
	say(&line, CLIENT, PAGE PAGE);
	say(&line, CLIENT, SYNC_REQUEST);
	say(&line, SERVER, ANSWER ANSWER);
	assert_int_equal(run->told_count, 0);
	say(&line, SERVER, ANSWER);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_EAS);
	assert_string_equal(run_last(run)->evidence, "a later http request");
	run_end(run);
}

#define CONNECT "CONNECT mx.example.net:25 HTTP/1.1\r\nHost: x\r\n\r\n"
#define OPENED  "HTTP/1.1 200 Connection established\r\n\r\n"
#define REFUSED \
	"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"

/* Mail behind what the proxy was asked for. */
static size_t mails_behind(const char *const *turns, size_t count)
{
	struct engine_run *run = run_begin();
	struct line line = dial(run, 3128);
	for (size_t i = 0; i < count; i++) {
		say(&line, i % 2 == 0 ? CLIENT : SERVER, turns[i]);
	}
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	const size_t mails = run_mails(run);
	run_end(run);
	return mails;
}

static void mail_behind_a_proxy_is_told_however_the_way_was_opened(void **state)
{
	(void)state;
	static const char *const WAYS[][4] = {
		{CONNECT, OPENED},
		{CONNECT, REFUSED, CONNECT, OPENED},
		{PAGE, ANSWER, CONNECT, OPENED},
		{"connect mx.example.net:25 HTTP/1.1\r\n\r\n", OPENED},
		{"\r\n\r\n" CONNECT, OPENED},
		{CONNECT, "HTTP/1.1 100 Continue\r\n\r\n" OPENED},
		{"GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
	};
	for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
		assert_int_equal(mails_behind(WAYS[i], WAYS[i][2] ? 4 : 2), 1);
	}
	/* no way was opened: then it is the proxy that takes the mail */
	static const char *const REFUSALS[][4] = {
		{CONNECT, REFUSED}, {PAGE, ANSWER, CONNECT, REFUSED}};
	assert_int_equal(mails_behind(REFUSALS[0], 2), 1);
	assert_int_equal(mails_behind(REFUSALS[1], 4), 1);
}

static void a_long_head_of_a_connect_hides_nothing(void **state)
{
	(void)state;
	static char request[9000];
	memset(request, 'x', sizeof(request) - 1);
	static const char START[] = "CONNECT mx.example.net:25 HTTP/1.1\r\nCookie: ";
	memcpy(request, START, sizeof(START) - 1);
	memcpy(request + sizeof(request) - 5, "\r\n\r\n", 4);
	const char *const turns[] = {request, OPENED};
	assert_int_equal(mails_behind(turns, 2), 1);
}

/* More lines than are read of one piece: the head is asked all the same. */
static const char *of_many_lines(const char *request)
{
	static char head[5000];
	(void)snprintf(head, sizeof(head), "%s", request);
	size_t len = strlen(head);
	for (; len < 4000; len += 6) {
		memcpy(head + len, "A: b\r\n", 6);
	}
	memcpy(head + len, "\r\n", 3);
	return head;
}

static void a_head_of_many_short_lines_hides_nothing(void **state)
{
	(void)state;
	const char *const connect[] = {
		of_many_lines("CONNECT mx.example.net:25 HTTP/1.1\r\n"), OPENED};
	assert_int_equal(mails_behind(connect, 2), 1);
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8080);
	say(&line, CLIENT, of_many_lines("POST /EWS/x HTTP/1.1\r\n"));
	say(&line, SERVER, ANSWER);
	hang_up(&line);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_EWS);
	run_end(run);
	run = run_begin();
	line = dial(run, 8080);
	say(&line, CLIENT, of_many_lines("GET / HTTP/1.1\r\n"));
	say(&line, SERVER, ANSWER);
	say(&line, CLIENT, PAGE);
	say(&line, SERVER, ANSWER);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	assert_int_equal(run_mails(run), 0);
	run_end(run);
}

/* A request that is answered as mail answers was none. */
static void a_request_that_a_mail_server_answers_is_heard_anew(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8080);
	say(&line, CLIENT, "POST /EWS/x HTTP/1.1\r\n\r\n");
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_SMTP);
	run_end(run);
}

static size_t told_early(uint16_t port, const char *first, const char *answer)
{
	struct engine_run *run = run_begin();
	struct line line = dial(run, port);
	say(&line, CLIENT, first);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, SERVER, answer);
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_SMTP);
	const size_t told = run_told(run, TOLD_ALERT, FINDING_EVASION_AMBIGUOUS);
	run_end(run);
	return told;
}

/* Also where the request was first followed as HTTP (EWS), and where it was forgotten. */
static void what_is_no_mail_ahead_of_the_greeting_is_told_once(void **state)
{
	(void)state;
	static char noise[20000];
	memset(noise, 'Z', sizeof(noise) - 2);
	noise[sizeof(noise) - 2] = '\n';
	const char *const firsts[] = {"GET / HTTP/1.0\r\n",
		"POST /EWS/x HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n", "USER anonymous\r\n",
		"\x01\x02\r\n", noise};
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		assert_int_equal(told_early(25, firsts[i], "500 5.5.2 Error\r\n"), 1);
		assert_int_equal(told_early(8080, firsts[i], "500 5.5.2 Error\r\n"), 1);
	}
}

static void mail_commands_ahead_of_the_greeting_are_nothing_to_tell(void **state)
{
	(void)state;
	const char *const firsts[] = {"EHLO x\r\n", "NOOP\r\n", "\r\n",
		"\xff\xfd\x01\xff\xfb\x1f", "PROXY UNKNOWN\r\n",
		"PROXY TCP4 192.0.2.99 192.0.2.25 4000 25\r\n"};
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		assert_int_equal(told_early(25, firsts[i], "250 ok\r\n"), 0);
	}
}

/* Who dials in says 220, and the workstation EHLO: it is the one that sends. */
static void who_plays_the_client_is_told_whoever_dialled(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, INTERNET, 40000, WORKSTATION, 8025);
	say(&line, CLIENT, "220 mx.example.net ESMTP\r\n");
	say(&line, SERVER, "EHLO host.example.org\r\n");
	say(&line, CLIENT, "250 mx.example.net\r\n");
	say(&line, SERVER, "MAIL FROM:<a@example.org>\r\n");
	say(&line, CLIENT, "250 ok\r\n");
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	for (size_t i = 0; i < run->told_count; i++) {
		assert_string_equal(run->told[i].source, WORKSTATION);
	}
	run_end(run);
}

/* What was told of the one is no word about the other. */
static void behind_a_turn_the_other_end_is_told_as_well(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, INTERNET, 40000, WORKSTATION, 25);
	smtp_greeting(&line);
	say(&line, CLIENT, "TURN\r\n");
	say(&line, SERVER, "250 ok\r\n");
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_string_equal(run->told[0].source, INTERNET);
	say(&line, SERVER, "MAIL FROM:<a@example.org>\r\n");
	say(&line, CLIENT, "250 ok\r\n");
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 2);
	assert_string_equal(run_last(run)->source, WORKSTATION);
	run_end(run);
}

static void tls_behind_a_proxy_is_named_by_the_port_it_was_asked_for(void **state)
{
	(void)state;
	static const char TARGET[] = "CONNECT mx.example.net:465 HTTP/1.1\r\n\r\n";
	for (unsigned i = 0; i < 2; i++) {
		struct engine_run *run = run_begin();
		struct line line = dial(run, 3128);
		if (i == 1) { /* asked for a login first */
			say(&line, CLIENT, TARGET);
			say(&line, SERVER, REFUSED);
		}
		say(&line, CLIENT, TARGET);
		say(&line, SERVER, OPENED);
		say_bytes(&line, CLIENT, CLIENT_HELLO, sizeof(CLIENT_HELLO) - 1);
		say_bytes(&line, SERVER, SERVER_HELLO, sizeof(SERVER_HELLO) - 1);
		hang_up(&line);
		assert_int_equal(run_mails(run), 1);
		assert_int_equal(run_last(run)->protocol, PROTOCOL_SMTPS);
		run_end(run);
	}
}

static void a_burst_that_a_web_server_answers_accuses_nobody(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8025);
	say(&line, CLIENT, BURST);
	assert_int_equal(run->told_count, 0);
	say(&line, SERVER, ANSWER);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	/* where the server's side is not captured the client's has to do */
	line = line_of(run, WORKSTATION, 40001, INTERNET, 8025);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	say(&line, CLIENT, BURST);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	run_end(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pages_of_a_web_server_are_told_of_nowhere),
		cmocka_unit_test(a_later_request_for_mail_is_told),
		cmocka_unit_test(
			mail_behind_a_proxy_is_told_however_the_way_was_opened),
		cmocka_unit_test(a_long_head_of_a_connect_hides_nothing),
		cmocka_unit_test(a_head_of_many_short_lines_hides_nothing),
		cmocka_unit_test(a_request_that_a_mail_server_answers_is_heard_anew),
		cmocka_unit_test(
			tls_behind_a_proxy_is_named_by_the_port_it_was_asked_for),
		cmocka_unit_test(a_burst_that_a_web_server_answers_accuses_nobody),
		cmocka_unit_test(a_page_that_is_not_over_is_followed),
		cmocka_unit_test(mail_behind_pages_is_told),
		cmocka_unit_test(what_is_no_mail_ahead_of_the_greeting_is_told_once),
		cmocka_unit_test(
			mail_commands_ahead_of_the_greeting_are_nothing_to_tell),
		cmocka_unit_test(who_plays_the_client_is_told_whoever_dialled),
		cmocka_unit_test(behind_a_turn_the_other_end_is_told_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
