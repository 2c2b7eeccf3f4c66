/* What is not mail on a port of mail, and the mail behind it. */
#include "engine_run.h"

#include "engine/mail_port.h"

#define PROXY "203.0.113.99"

#define CONNECT "CONNECT mx.example.net:25 HTTP/1.1\r\nHost: x\r\n\r\n"
#define OPENED  "HTTP/1.1 200 Connection established\r\n\r\n"
#define PAGE    "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define ANSWER  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define UPGRADE "GET / HTTP/1.1\r\nUpgrade: smtp\r\nConnection: Upgrade\r\n\r\n"
#define TURNED  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: smtp\r\n\r\n"

#define TURNS_MAX 6

static const char REFUSED[] =
	"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";

/* What is told of mail behind these turns, the client's first; NULL ends them. */
static struct engine_run *mail_behind(uint16_t port, const char *const *turns)
{
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, PROXY, port);
	for (size_t i = 0; i < TURNS_MAX && turns[i]; i++) {
		say(&line, i % 2 == 0 ? CLIENT : SERVER, turns[i]);
	}
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	return run;
}

static void mail_behind_a_proxy_on_a_port_of_mail_is_told(void **state)
{
	(void)state;
	static const char *const WAYS[][TURNS_MAX] = {
		{CONNECT, OPENED},
		{CONNECT, REFUSED, CONNECT, OPENED},
		{CONNECT, REFUSED, CONNECT, REFUSED, CONNECT, OPENED},
		{"connect mx.example.net:25 HTTP/1.1\r\n\r\n", OPENED},
		{"\r\n" CONNECT, OPENED},
		{"CONNECT\tmx.example.net:25\tHTTP/1.1\r\n\r\n", OPENED},
		{CONNECT, "HTTP/1.1 100 Continue\r\n\r\n" OPENED},
		{UPGRADE, TURNED},
		{PAGE, ANSWER, CONNECT, OPENED},
	};
	static const uint16_t PORTS[] = {25, 465, 587, 110, 993};
	for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
		for (size_t at = 0; at < sizeof(PORTS) / sizeof(PORTS[0]); at++) {
			struct engine_run *run = mail_behind(PORTS[at], WAYS[i]);
			assert_int_equal(
				run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE),
				1);
			/* a refusal or a page is all that the port carries, so far */
			assert_int_equal(
				run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN),
				strcmp(WAYS[i][1], REFUSED) == 0 ||
					strcmp(WAYS[i][1], ANSWER) == 0);
			assert_int_equal(run_mails(run), 1);
			run_end(run);
		}
	}
}

/* Nothing is behind it: what it is on such a port is told once, however often it is asked. */
static void a_proxy_on_a_port_of_mail_that_refuses_is_foreign(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, PROXY, 25);
	for (unsigned i = 0; i < 3; i++) {
		say(&line, CLIENT, CONNECT);
		say(&line, SERVER, REFUSED);
	}
	hang_up(&line);
	assert_int_equal(run->told_count, 1);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), 1);
	assert_int_equal(run_counter(run, "alerts.folded"), 0);
	run_end(run);
	run = run_begin();
	line = open_line(run, WORKSTATION, 40000, PROXY, 3128);
	say(&line, CLIENT, CONNECT);
	say(&line, SERVER, REFUSED);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

/* A head that outgrows what is kept for the naming: a ticket of Kerberos. */
static void a_long_head_on_a_port_of_mail_is_read(void **state)
{
	(void)state;
	static const char START[] = "CONNECT mx.example.net:25 HTTP/1.1\r\nCookie: ";
	char request[5000];
	memset(request, 'x', sizeof(request));
	memcpy(request, START, sizeof(START) - 1);
	memcpy(request + sizeof(request) - 5, "\r\n\r\n", 5);
	const char *const turns[][TURNS_MAX] = {{request, OPENED},
		/* the first bytes of an answer may come ahead of it */
		{"CONN", "HT", request + 4, "TP/1.1 200 OK\r\n\r\n"}};
	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		struct engine_run *run = mail_behind(25, turns[i]);
		assert_int_equal(
			run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
		run_end(run);
	}
}

/* The client asks on before it is answered: which answer is whose is counted. */
static void a_way_asked_for_behind_pipelined_pages_is_followed(void **state)
{
	(void)state;
	char requests[1100] = "";
	char answers[1100] = "";
	for (unsigned i = 0; i < 20; i++) {
		strcat(requests, PAGE);
		strcat(answers, ANSWER);
	}
	strcat(requests, CONNECT);
	strcat(answers, OPENED);
	const char *const at_once[TURNS_MAX] = {requests, answers};
	struct engine_run *run = mail_behind(3128, at_once);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	run_end(run);
	/* the second answer begins inside a segment, where none is looked for */
	const char *const mixed[TURNS_MAX] = {PAGE,
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", PAGE,
		"and more" ANSWER, CONNECT, OPENED};
	run = mail_behind(3128, mixed);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	run_end(run);
}

/* HTTP that asks for no way is what it was: foreign at once. */
static void pages_on_a_port_of_mail_are_foreign_and_read_on(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, PROXY, 25);
	say(&line, CLIENT, PAGE);
	say(&line, SERVER, ANSWER);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), 1);
	say(&line, CLIENT, PAGE);
	say(&line, SERVER, ANSWER);
	hang_up(&line);
	assert_int_equal(run->told_count, 1);
	assert_int_equal(run_counter(run, "alerts.folded"), 0);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mail_behind_a_proxy_on_a_port_of_mail_is_told),
		TEST(a_proxy_on_a_port_of_mail_that_refuses_is_foreign),
		TEST(a_long_head_on_a_port_of_mail_is_read),
		TEST(a_way_asked_for_behind_pipelined_pages_is_followed),
		TEST(pages_on_a_port_of_mail_are_foreign_and_read_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
