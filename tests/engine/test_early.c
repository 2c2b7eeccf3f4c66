#include "engine_run.h"

static struct engine_run *run_inline(void)
{
	struct engine_run *run =
		run_new(MADE_OFFICE "  - {id: M-07, from: relay, to: internet, "
				    "protocols: [smtp], ports: [2525, "
				    "465], tls: optional}\n"
				    "  - {id: M-08, from: front, to: internet, "
				    "protocols: [smtp], tls: optional, "
				    "mode: audit, expires: 2020-01-01}\n");
	run_enforce(run);
	return run;
}

/* The standing of this client's first word, before the server said any. */
static enum engine_standing standing_of(
	struct engine_run *run, const char *client, uint16_t port, const char *text)
{
	static uint16_t client_port = 40000;
	struct line line = open_line(run, client, ++client_port, INTERNET, port);
	say(&line, CLIENT, text);
	return run->passage.standing;
}

static void who_may_not_send_waits_for_the_greeting_and_is_then_blocked(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	const uint32_t first = line.next[CLIENT];
	for (unsigned i = 0; i < 3; i++) { /* the kernel sends it again and again */
		line.next[CLIENT] = first;
		say(&line, CLIENT, "SSH-2.0-x\r\nMAIL FROM:<a@example.org>\r\n");
		assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
		assert_true(run->passage.is_from_client);
		assert_int_equal(
			run->passage.flow->bytes[0] + run->passage.flow->bytes[1], 0);
	}
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	line.next[CLIENT] = first;
	say(&line, CLIENT, "SSH-2.0-x\r\nMAIL FROM:<a@example.org>\r\n");
	say(&line, SERVER, "502 5.5.2 what\r\n250 2.1.0 Ok\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void whom_a_row_lets_may_speak_early(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	assert_int_equal(
		standing_of(run, MX_OUT, 25, "EHLO x\r\n"), ENGINE_STANDING_OPEN);
	assert_int_equal(
		standing_of(run, RELAY, 2525, "EHLO x\r\n"), ENGINE_STANDING_OPEN);
	run_end(run);
}

static void what_only_a_row_in_audit_mode_speaks_of_does_not_wait(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	assert_int_equal(
		standing_of(run, FRONT, 25, "SSH-2.0-x\r\n"), ENGINE_STANDING_OPEN);
	run_end(run);
}

static void ports_of_the_matrix_are_ports_of_mail_too(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	assert_int_equal(
		standing_of(run, WORKSTATION, 2525, "x"), ENGINE_STANDING_EARLY);
	assert_int_equal(
		standing_of(run, WORKSTATION, 110, "x"), ENGINE_STANDING_EARLY);
	assert_int_equal(
		standing_of(run, WORKSTATION, 2526, "x"), ENGINE_STANDING_OPEN);
	run_end(run);
}

static void where_the_client_speaks_first_nobody_waits(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	assert_int_equal(standing_of(run, WORKSTATION, 465, "\x16\x03\x01"),
		ENGINE_STANDING_OPEN);
	assert_int_equal(standing_of(run, WORKSTATION, 993, "\x16\x03\x01"),
		ENGINE_STANDING_OPEN);
	assert_int_equal(
		standing_of(run, WORKSTATION, 80, "GET / HT"), ENGINE_STANDING_OPEN);
	run_end(run);
}

static void who_would_not_be_blocked_does_not_wait(void **state)
{
	(void)state;
	struct reason why;
	struct engine_run *run = run_inline();
	assert_true(action_table_set(&run->actions, "flow.illegitimate=accept", &why));
	run_start(run);
	assert_int_equal(standing_of(run, WORKSTATION, 110, "x"), ENGINE_STANDING_OPEN);
	assert_int_equal(standing_of(run, WORKSTATION, 25, "x"), ENGINE_STANDING_EARLY);
	run_end(run);
	run = run_inline();
	run->actions.is_enforcing = false;
	run_start(run);
	assert_int_equal(standing_of(run, WORKSTATION, 25, "x"), ENGINE_STANDING_OPEN);
	run_end(run);
}

/* Where the server's packets go another way its first word never comes by here. */
static void a_view_of_one_direction_keeps_nobody_waiting(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	acknowledge(&line, CLIENT);
	say(&line, CLIENT, "SSH-2.0-x\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	run_end(run);
}

static void a_flow_joined_in_its_midst_keeps_nobody_waiting(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	acknowledge(&line, SERVER);
	say(&line, CLIENT, "SSH-2.0-x\r\n");
	assert_int_not_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	run_end(run);
}

static void another_matrix_has_other_ports(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct matrix *other = made_matrix(MADE_OFFICE);
	run_start(run);
	engine_set_matrix(run->engine, other);
	assert_int_equal(
		standing_of(run, WORKSTATION, 2525, "x"), ENGINE_STANDING_OPEN);
	assert_int_equal(standing_of(run, WORKSTATION, 25, "x"), ENGINE_STANDING_EARLY);
	run_end(run);
	matrix_free(other);
}

/* The standing of an opening that says something. */
static enum engine_standing standing_of_opening(
	struct engine_run *run, const char *client, uint16_t port)
{
	static uint16_t client_port = 50000;
	const struct line line = line_of(run, client, ++client_port, INTERNET, port);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1,
		text_of("EHLO x\r\nMAIL FROM:<a@example.org>\r\n"));
	return run->passage.standing;
}

/* TCP Fast Open: a server that does it would have read them by then. */
static void words_in_an_opening_wait_too(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	assert_int_equal(
		standing_of_opening(run, WORKSTATION, 25), ENGINE_STANDING_EARLY);
	assert_int_equal(
		standing_of_opening(run, WORKSTATION, 2525), ENGINE_STANDING_EARLY);
	assert_int_equal(standing_of_opening(run, MX_OUT, 25), ENGINE_STANDING_OPEN);
	assert_int_equal(
		standing_of_opening(run, WORKSTATION, 443), ENGINE_STANDING_OPEN);
	open_line(run, WORKSTATION, 40000, INTERNET, 25);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	run_end(run);
}

#define SOCKS_ANSWER "\x05\0\0\x01\0\0\0\0\0\0"
#define SOCKS_HEAD   "\x05\x01\0\x01\xcb\0\x71\x05\0"
#define WORDS        "EHLO x\r\nMAIL FROM:<a@example.org>\r\n"
#define OPENED       "HTTP/1.1 200 OK\r\n\r\n"

/* A proxy was asked for a way and may have opened it: the standing of the first word then. */
static enum engine_standing standing_behind(
	struct line *line, bool is_answered, bool is_socks, uint16_t port)
{
	char asked[64];
	if (is_socks) {
		const size_t len = sizeof(SOCKS_HEAD) - 1;
		memcpy(asked, SOCKS_HEAD, len);
		asked[len - 1] = (char)(port >> 8);
		asked[len] = (char)port;
		say_bytes(line, CLIENT, "\x05\x01\0", 3);
		say_bytes(line, SERVER, "\x05\0", 2);
		say_bytes(line, CLIENT, asked, len + 1);
	} else {
		snprintf(asked, sizeof(asked),
			"CONNECT 203.0.113.5:%u HTTP/1.1\r\n\r\n", port);
		say(line, CLIENT, asked);
	}
	assert_int_equal(line->run->passage.standing, ENGINE_STANDING_OPEN);
	if (is_answered) {
		say_bytes(line, SERVER, is_socks ? SOCKS_ANSWER : OPENED,
			is_socks ? sizeof(SOCKS_ANSWER) - 1 : sizeof(OPENED) - 1);
	}
	say(line, CLIENT, WORDS);
	return line->run->passage.standing;
}

static void behind_a_proxy_they_wait_for_the_greeting_of_its_target(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	for (unsigned i = 0; i < 2; i++) {
		struct line line = open_line(
			run, WORKSTATION, (uint16_t)(41000 + i), INTERNET, 3128);
		assert_int_equal(standing_behind(&line, true, i == 1, 25),
			ENGINE_STANDING_EARLY);
		line.next[CLIENT] -= (uint32_t)strlen(WORDS); /* they never came */
		say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
		assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
		say(&line, CLIENT, WORDS);
		assert_int_equal(run->passage.standing, ENGINE_STANDING_BLOCKED);
	}
	run_end(run);
}

/* The request itself may come again, and does not wait. */
static void nor_do_they_pass_while_the_proxy_has_not_answered(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 41002, INTERNET, 1080);
	assert_int_equal(
		standing_behind(&line, false, true, 25), ENGINE_STANDING_EARLY);
	line = open_line(run, WORKSTATION, 41003, INTERNET, 3128);
	const uint32_t first = line.next[CLIENT];
	assert_int_equal(
		standing_behind(&line, false, false, 25), ENGINE_STANDING_EARLY);
	line.next[CLIENT] = first;
	say(&line, CLIENT, "CONNECT 203.0.113.5:25 HTTP/1.1\r\n\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	line = open_line(run, WORKSTATION, 41005, INTERNET, 1080);
	say_bytes(
		&line, CLIENT, "\x05\x01\0", 3); /* and no ear for the method either */
	say_bytes(&line, CLIENT, "\x05\x01\0\x01\xcb\0\x71\x05\0\x19", 10);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "EHLO x\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	line = open_line(run, WORKSTATION, 41004, INTERNET, 1080);
	say_bytes(&line, CLIENT, "\x04\x01\0\x19\xcb\0\x71\x05", 9); /* SOCKS 4 */
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "EHLO x\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	run_end(run);
}

/* What is heard of its answer is not all of it, as where the client has no window for the rest. */
static void nor_while_it_has_not_answered_in_whole(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 41010, INTERNET, 3128);
	say(&line, CLIENT, "CONNECT 203.0.113.5:25 HTTP/1.1\r\n\r\n");
	say(&line, SERVER, "HTTP/1.1 200 OK\r\n");
	const uint32_t words = line.next[CLIENT];
	say(&line, CLIENT, WORDS);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	say(&line, SERVER, "\r\n220 mx.example.net ESMTP\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	line.next[CLIENT] = words;
	say(&line, CLIENT, WORDS);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_BLOCKED);
	line = open_line(run, WORKSTATION, 41011, INTERNET, 1080);
	say_bytes(&line, CLIENT, "\x05\x01\0", 3);
	say_bytes(&line, SERVER, "\x05", 1);
	say_bytes(&line, CLIENT, "\x05\x01\0\x01\xcb\0\x71\x05\0\x19", 10);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "EHLO x\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	line = open_line(run, WORKSTATION, 41012, INTERNET, 1080);
	say_bytes(&line, CLIENT, "\x05\x02\0\x02", 4); /* by a password */
	say_bytes(&line, SERVER, "\x05\x02", 2);
	say_bytes(&line, CLIENT, "\x01\x01u\x01p", 5);
	say_bytes(&line, SERVER, "\x01", 1);
	say_bytes(&line, CLIENT, "\x05\x01\0\x01\xcb\0\x71\x05\0\x19", 10);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "EHLO x\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	line = open_line(run, WORKSTATION, 41013, INTERNET, 1080);
	say_bytes(&line, CLIENT, "\x05\x01\0", 3);
	say_bytes(&line, SERVER, "\x05\0", 2);
	say_bytes(&line, CLIENT, "\x05\x01\0\x01\xcb\0\x71\x05\0\x19", 10);
	say_bytes(&line, SERVER, "\x05\0", 2);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "EHLO x\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	run_end(run);
}

static void nor_in_one_go_with_the_request(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 41020, INTERNET, 3128);
	say(&line, CLIENT, "CONNECT 203.0.113.5:25 HTTP/1.1\r\n\r\n" WORDS);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	line = open_line(run, MX_OUT, 41021, INTERNET, 3128);
	say(&line, CLIENT,
		"CONNECT 203.0.113.5:25 HTTP/1.1\r\n\r\n"
		"EHLO x\r\nMAIL FROM:<a@example.org>\r\n");
	assert_int_not_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	run_end(run);
}

/* Who has had an answer goes on as a dialogue of HTTP, in which what is no request goes by. */
static void nor_behind_another_request(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 41030, INTERNET, 3128);
	say(&line, CLIENT, "CONNECT 203.0.113.5:25 HTTP/1.1\r\n\r\n");
	say(&line, SERVER, "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n");
	say(&line, CLIENT, "CONNECT 203.0.113.5:25 HTTP/1.1\r\n\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	const uint32_t words = line.next[CLIENT];
	say(&line, CLIENT, WORDS);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	say(&line, SERVER, OPENED);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	line.next[CLIENT] = words;
	say(&line, CLIENT, WORDS);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	line.next[CLIENT] = words;
	say(&line, CLIENT, WORDS);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_BLOCKED);
	line = open_line(run, WORKSTATION, 41031, INTERNET, 3128);
	say(&line, CLIENT, "CONNECT 203.0.113.5:25 HTTP/1.1\r\n\r\n");
	say(&line, SERVER, "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n");
	say(&line, CLIENT, "CONNECT 203.0.113.5:443 HTTP/1.1\r\n\r\n");
	say(&line, CLIENT, "EHLO x\r\n");
	assert_int_not_equal(run->passage.standing, ENGINE_STANDING_EARLY);
	run_end(run);
}

/* Of a head of more lines than are read at once the end is found, whether it is here or not. */
static void nor_behind_a_head_of_many_lines(void **state)
{
	(void)state;
	static char head[4096];
	const size_t lines = 600;
	for (unsigned i = 0; i < 4;
		i++) { /* the last bytes, in a packet of their own */
		struct engine_run *run = run_inline();
		run_start(run);
		struct line line = open_line(run, WORKSTATION, 41040, INTERNET, 3128);
		size_t len = (size_t)snprintf(
			head, sizeof(head), "CONNECT 203.0.113.5:25 HTTP/1.1\r\n");
		for (size_t j = 0; j < lines; j++) {
			memcpy(head + len, "A: b\r\n", 6);
			len += 6;
		}
		memcpy(head + len, "\r\n", 2);
		len += 2;
		say_bytes(&line, CLIENT, head, len - i);
		assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
		if (i > 0) {
			say_bytes(&line, CLIENT, head + len - i, i);
			assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
		}
		say(&line, CLIENT, WORDS);
		assert_int_equal(run->passage.standing, ENGINE_STANDING_EARLY);
		run_end(run);
	}
}

static void behind_a_proxy_whom_a_row_lets_need_not_wait(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run_start(run);
	for (unsigned i = 0; i < 2; i++) {
		struct line line =
			open_line(run, MX_OUT, (uint16_t)(42000 + i), INTERNET, 3128);
		assert_int_not_equal(standing_behind(&line, true, i == 1, 25),
			ENGINE_STANDING_EARLY);
		line = open_line(
			run, WORKSTATION, (uint16_t)(42002 + i), INTERNET, 3128);
		assert_int_not_equal(standing_behind(&line, true, i == 1, 443),
			ENGINE_STANDING_EARLY);
		line = open_line(run, MX_OUT, (uint16_t)(42004 + i), INTERNET, 3128);
		assert_int_not_equal(standing_behind(&line, false, i == 1, 25),
			ENGINE_STANDING_EARLY);
		line = open_line(
			run, WORKSTATION, (uint16_t)(42006 + i), INTERNET, 3128);
		assert_int_not_equal(standing_behind(&line, false, i == 1, 443),
			ENGINE_STANDING_EARLY);
	}
	run_end(run);
}

static const char GREETING[] = "220 mx.example.net ESMTP\r\n";

static void say_mail(struct line *line)
{
	say(line, SERVER, "500 what\r\n");
	say(line, CLIENT, "EHLO x\r\n");
	say(line, SERVER, "250 mx.example.net\r\n");
	say(line, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	say(line, SERVER, "250 2.1.0 Ok\r\n");
	hang_up(line);
}

/* How often an early talker was told of so far. */
static size_t early_talkers(struct engine_run *run)
{
	return run_told(run, TOLD_ALERT, FINDING_EVASION_AMBIGUOUS);
}

static void whoever_acknowledged_the_greeting_was_not_early(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, MX_OUT, 41000, INTERNET, 25);
	lose(&line, SERVER, sizeof(GREETING) - 1);
	say(&line, CLIENT, "foo bar\r\n");
	say_mail(&line);
	/* two ports of a TAP: the greeting is seen behind what answers it */
	line = open_line(run, MX_OUT, 41001, INTERNET, 25);
	const uint32_t greeting = line.next[SERVER];
	lose(&line, SERVER, sizeof(GREETING) - 1);
	say(&line, CLIENT, "foo bar\r\n");
	segment(&line, SERVER, TCP_ACK | TCP_PSH, greeting, text_of(GREETING));
	say_mail(&line);
	engine_drain(run->engine);
	assert_int_equal(run_mails(run), 2);
	assert_int_equal(early_talkers(run), 0);
	run_end(run);
}

static void whoever_had_heard_nothing_was_early_although_the_greeting_was_lost(
	void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, MX_OUT, 41000, INTERNET, 25);
	say(&line, CLIENT, "foo bar\r\n");
	say(&line, SERVER, GREETING);
	say_mail(&line);
	line = open_line(run, RELAY, 41001, INTERNET, 25);
	say(&line, CLIENT, "foo bar\r\n");
	lose(&line, SERVER, sizeof(GREETING) - 1);
	say_mail(&line);
	engine_drain(run->engine);
	assert_int_equal(run_mails(run), 2);
	assert_int_equal(early_talkers(run), 2);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_may_not_send_waits_for_the_greeting_and_is_then_blocked),
		TEST(whom_a_row_lets_may_speak_early),
		TEST(what_only_a_row_in_audit_mode_speaks_of_does_not_wait),
		TEST(ports_of_the_matrix_are_ports_of_mail_too),
		TEST(where_the_client_speaks_first_nobody_waits),
		TEST(who_would_not_be_blocked_does_not_wait),
		TEST(a_view_of_one_direction_keeps_nobody_waiting),
		TEST(a_flow_joined_in_its_midst_keeps_nobody_waiting),
		TEST(another_matrix_has_other_ports),
		TEST(words_in_an_opening_wait_too),
		TEST(behind_a_proxy_they_wait_for_the_greeting_of_its_target),
		TEST(nor_do_they_pass_while_the_proxy_has_not_answered),
		TEST(nor_while_it_has_not_answered_in_whole),
		TEST(nor_in_one_go_with_the_request),
		TEST(nor_behind_another_request),
		TEST(nor_behind_a_head_of_many_lines),
		TEST(behind_a_proxy_whom_a_row_lets_need_not_wait),
		TEST(whoever_acknowledged_the_greeting_was_not_early),
		TEST(whoever_had_heard_nothing_was_early_although_the_greeting_was_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
