#include "engine_run.h"

static struct engine_run *run_inline(void)
{
	struct engine_run *run = run_new(MADE_OFFICE);
	run_enforce(run);
	run_start(run);
	return run;
}

static void assert_standing(const struct engine_run *run, enum engine_standing standing)
{
	assert_int_equal(run->passage.standing, standing);
}

static void a_flow_is_open_then_safe(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_true(run->passage.is_undecided);
	assert_true(run->passage.is_from_client);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_true(run->passage.is_undecided);
	assert_false(run->passage.is_from_client);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_false(run->passage.is_undecided);
	say(&line, SERVER, "250 mx.example.net\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	smtp_message(&line);
	assert_standing(run, ENGINE_STANDING_SAFE);
	hang_up(&line); /* an end is no verdict */
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_false(run->passage.is_undecided);
	run_end(run);
}

static void an_end_lets_nothing_by_and_no_more_does_one_that_is_false(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	segment(&line, CLIENT, TCP_RST, line.next[CLIENT] + 5, text_of(""));
	assert_standing(run, ENGINE_STANDING_OPEN);
	segment(&line, CLIENT, TCP_RST, line.next[CLIENT], text_of(""));
	assert_standing(run, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void nothing_passes_on_a_word_of_the_client_alone(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	acknowledge(&line, SERVER); /* joined in its midst */
	say(&line, CLIENT, "SSH-2.0-x\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	run_end(run);
}

static void what_passed_passes_on_but_for_its_end(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	say(&line, CLIENT, "SSH-2.0-x\r\n");
	say(&line, SERVER, "SSH-2.0-x\r\n");
	say(&line, CLIENT, "more");
	assert_standing(run, ENGINE_STANDING_PASSED);
	fin(&line, CLIENT);
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_false(run->passage.is_undecided);
	run_end(run);
}

static void say_otherwise(struct line *line, const char *before, const char *text)
{
	segment(line, CLIENT, TCP_ACK | TCP_PSH,
		line->next[CLIENT] - (uint32_t)strlen(before), text_of(text));
}

static void a_second_version_does_not_pass_while_a_flow_is_open(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	say_otherwise(&line, "EHLO host.example.org\r\n", "EHLO HOST");
	assert_standing(run, ENGINE_STANDING_ODD);
	say_otherwise(&line, "EHLO host.example.org\r\n", "EHLO host");
	assert_standing(run, ENGINE_STANDING_OPEN); /* sent again, as it was */
	say(&line, SERVER, "250 mx.example.net\r\n");
	smtp_message(&line);
	assert_standing(run, ENGINE_STANDING_SAFE);
	say(&line, CLIENT, "NOOP\r\n");
	say_otherwise(&line, "NOOP\r\n", "QUIT\r\n");
	assert_standing(run, ENGINE_STANDING_SAFE); /* it is decided */
	run_end(run);
}

static void where_nothing_is_enforced_a_second_version_passes(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run_start(run);
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	say_otherwise(&line, "EHLO host.example.org\r\n", "EHLO HOST");
	assert_int_not_equal(run->passage.standing, ENGINE_STANDING_ODD);
	run_end(run);
}

static void crowd(struct engine_run *run)
{
	for (uint16_t i = 0; i < 20; i++) {
		struct line other = open_line(
			run, WORKSTATION, (uint16_t)(50000 + i), INTERNET, 8080);
		say(&other, CLIENT, "N");
	}
}

static void what_is_pushed_out_is_judged_by_what_it_showed(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	crowd(run);
	assert_int_equal(run_counter(run, "flow.unwatched"), 5);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_true(run_last(run)->is_blocked);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_true(run->passage.is_first_blocked);
	run_end(run);
}

static void what_showed_nothing_yet_is_picked_up_again(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 4242);
	say(&line, SERVER, "220 mx.example.net\r\n");
	crowd(run);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_true(run->passage.is_undecided);
	say(&line, SERVER, "250 mx.example.net\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void the_numbers_to_reset_by_are_told(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	const uint32_t first = line.next[CLIENT];
	say(&line, CLIENT, "EHL");
	acknowledge(&line, SERVER);
	line.next[CLIENT] = first;
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_true(run->passage.received.is_known);
	assert_int_equal(run->passage.received.acknowledged, first + 3);
	assert_int_equal(run->passage.given.next, line.next[SERVER]);
	run_end(run);
}

static void what_the_rules_drop_is_answered_and_makes_no_flow(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	run->is_ended_by_rules = true;
	say(&line, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	assert_standing(run, ENGINE_STANDING_ENDED);
	assert_null(run->passage.flow);
	assert_int_equal(engine_flows(run->engine), 0);
	run_end(run);
}

static void what_is_known_of_an_ended_flow_answers_for_it(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	run->is_ended_by_rules = true;
	say(&line, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_false(run->passage.is_first_blocked);
	greet(&line); /* and its ports again, as long as the rules drop it */
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void who_heard_its_server_is_proven(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, "192.0.2.200", 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_true(run->passage.is_proven);
	assert_false(run->passage.is_declared);
	run_end(run);
}

/* RFC 5246 section 7.4.1: without any extension. */
static void tls_hello(struct line *line, enum side from)
{
	static const uint8_t OF_CLIENT[] = {
		0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, [45] = 2, 0xc0, 0x2f, 1, 0};
	static const uint8_t OF_SERVER[] = {
		0x16, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3, [44] = 0xc0, 0x2f, 0};
	if (from == CLIENT) {
		say_bytes(line, from, OF_CLIENT, sizeof(OF_CLIENT));
	} else {
		say_bytes(line, from, OF_SERVER, sizeof(OF_SERVER));
	}
}

/* It speaks first, and the server answers: so that one had its acknowledgement. */
static void who_is_answered_with_tls_is_proven(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, "192.0.2.200", 40000, INTERNET, 465);
	tls_hello(&line, CLIENT);
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_false(run->passage.is_proven);
	tls_hello(&line, SERVER);
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_true(run->passage.is_proven);
	run_end(run);
}

/* With somebody else's address: the numbers of its server never come to it. */
static void nobody_is_proven_by_what_others_may_send(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line blind = line_of(run, RELAY, 40000, INTERNET, 25);
	say(&blind, CLIENT, "EHLO x\r\nMAIL FROM:<a@example.org>\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_false(run->passage.is_proven);
	blind = line_of(run, RELAY, 40001, INTERNET, 25);
	segment(&blind, CLIENT, TCP_SYN, blind.next[CLIENT] - 1, text_of(""));
	segment(&blind, SERVER, TCP_SYN | TCP_ACK, blind.next[SERVER] - 1, text_of(""));
	say(&blind, SERVER, "220 mx.example.net ESMTP\r\n");
	blind.next[SERVER] -= 100; /* it guesses */
	say(&blind, CLIENT, "EHLO x\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_false(run->passage.is_proven);
	struct line midst = line_of(run, RELAY, 40002, INTERNET, 25);
	say(&midst, SERVER, "220 mx.example.net ESMTP\r\n"); /* nobody saw it begin */
	say(&midst, CLIENT, "EHLO x\r\n");
	assert_true(run->passage.is_first_blocked);
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_false(run->passage.is_proven);
	run_end(run);
}

static void whom_a_row_speaks_of_is_declared(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, RELAY, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_true(run->passage.is_declared);
	run_end(run);
}

static void who_is_banned_is_refused_and_recorded(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run->banned = WORKSTATION;
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	assert_standing(run, ENGINE_STANDING_BANNED);
	assert_int_equal(run_mails(run), 1);
	assert_string_equal(run_last(run)->evidence, "banned");
	assert_true(run_last(run)->is_blocked);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_ATTEMPT);
	run_end(run);
}

static void a_ban_is_of_mail_ports_alone_and_stops_no_row(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	run->banned = WORKSTATION;
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 80);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	assert_standing(run, ENGINE_STANDING_OPEN);
	line = line_of(run, WORKSTATION, 40001, SUBMISSION, 587);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	assert_standing(run, ENGINE_STANDING_OPEN);
	line = line_of(run, "192.0.2.71", 40002, INTERNET, 25);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	assert_standing(run, ENGINE_STANDING_OPEN);
	run_end(run);
}

/* A TCP header that says it is shorter than one can be, and what an IPv6 host would take. */
static void what_cannot_be_decoded_is_told(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	struct frame_bytes frame;
	make_segment(&frame, &line, CLIENT, TCP_ACK, 1, text_of("EHLO x\r\n"));
	frame_at(&frame)[20 + 12] = 0x40;
	give(run, &frame);
	assert_standing(run, ENGINE_STANDING_UNDECODED);
	assert_null(run->passage.packet);
	enum { HEADERS = 200, OPTIONS = 60 };
	uint8_t deep[40 + HEADERS * 8] = {0x60, [6] = OPTIONS, [7] = 64};
	put16(deep + 4, HEADERS * 8);
	for (size_t i = 0; i < HEADERS; i++) {
		deep[40 + i * 8] = OPTIONS;
	}
	frame.len = 0;
	wrap(&frame, deep, sizeof(deep));
	run->passage.standing = ENGINE_STANDING_OPEN;
	give(run, &frame);
	assert_standing(run, ENGINE_STANDING_UNDECODED);
	run_end(run);
}

/* By what it showed so far its row would not let it, and it is not over. */
static void what_a_row_lets_goes_on_when_it_was_pushed_out(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, SUBMISSION, 587);
	smtp_greeting(&line);
	crowd(run);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 0);
	say(&line, CLIENT, "STARTTLS\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	say(&line, SERVER, "220 go on\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	run_end(run);
}

static void what_is_looked_at_no_more_has_passed(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	assert_standing(run, ENGINE_STANDING_OPEN); /* no byte was looked at yet */
	say(&line, CLIENT, "SSH-2.0-x\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	say(&line, SERVER, "SSH-2.0-x\r\n");
	assert_standing(run, ENGINE_STANDING_PASSED);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	run_end(run);
}

/* The next request may open the way to a mail server, and a copy would come too late. */
static void pages_of_the_web_wait_where_mail_may_be_blocked(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	say(&line, CLIENT, "GET / HTTP/1.1\r\n\r\n");
	say(&line, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_false(run->passage.is_undecided);
	assert_int_equal(run->phase, CONVERSATION_GONE); /* it rests */
	say(&line, CLIENT, "GET /more HTTP/1.1\r\n\r\n");
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_false(run->passage.is_undecided); /* its server is known */
	say(&line, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	say(&line, CLIENT, "CONNECT mx.example.net:25 HTTP/1.1\r\n\r\n");
	say(&line, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void pages_of_the_web_are_watched_on_as_copies(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run_enforce(run);
	run->actions.is_enforcing = false;
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	say(&line, CLIENT, "GET / HTTP/1.1\r\n\r\n");
	assert_false(run->passage.is_undecided); /* its server has to answer it */
	say(&line, SERVER, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_standing(run, ENGINE_STANDING_SAFE);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	say(&line, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	assert_standing(run, ENGINE_STANDING_SAFE);
	assert_int_equal(run->phase, CONVERSATION_GONE); /* it rests */
	run_end(run);
}

static void say_bulk(struct line *line)
{
	static const char KIBI[1025] = {[0 ... 1023] = '0'};
	for (unsigned i = 0; i < 17; i++) {
		say(line, CLIENT, i < 16 ? KIBI : KIBI + 1);
	}
}

static void bulk_to_a_server_that_is_silent_need_not_wait(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	say_bulk(&line);
	assert_standing(run, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "0");
	assert_standing(run, ENGINE_STANDING_SILENT);
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	run_end(run);
}

static void what_a_silent_server_says_after_all_is_judged(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	say_bulk(&line);
	say(&line, CLIENT, "0");
	assert_standing(run, ENGINE_STANDING_SILENT);
	line.next[CLIENT] += 3000000000; /* unseen */
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void the_end_of_bulk_that_was_not_seen_is_one(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	say_bulk(&line);
	say(&line, CLIENT, "0");
	assert_standing(run, ENGINE_STANDING_SILENT);
	line.next[CLIENT] += 3000000000; /* unseen */
	hang_up(&line);
	assert_int_equal(run->passage.flow->state, FLOW_STATE_CLOSED);
	run_end(run);
}

static void nobody_ends_what_he_goes_on_with_unseen(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	say_bulk(&line);
	say(&line, CLIENT, "0");
	segment(&line, CLIENT, TCP_RST, line.next[CLIENT] + 50000, text_of(""));
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	say(&line, SERVER, "250 mx.example.net\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void bulk_goes_on_as_copies_until_its_server_has_spoken_twice(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	say(&line, SERVER, "hello\r\n");
	say_bulk(&line);
	assert_standing(run, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "0");
	assert_standing(run, ENGINE_STANDING_SAFE);
	say(&line, SERVER, "what?\r\n");
	say(&line, CLIENT, "0");
	assert_standing(run, ENGINE_STANDING_PASSED);
	run_end(run);
}

static void a_dialogue_that_may_not_be_mail_is_undecided(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 80);
	say(&line, CLIENT, "GET /owa/ HTTP/1.1\r\nHost: www.example.net\r\n\r\n");
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	assert_standing(run, ENGINE_STANDING_OPEN);
	assert_true(run->passage.is_undecided);
	run_end(run);
}

static void a_settled_dialogue_has_passed(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, MAILBOX, 143);
	say(&line, SERVER, "* OK IMAP4rev1 ready\r\n");
	say(&line, CLIENT, "a COMPRESS DEFLATE\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	say(&line, SERVER, "a OK go on\r\n");
	assert_standing(run, ENGINE_STANDING_PASSED);
	assert_int_equal(run->phase, CONVERSATION_SETTLED);
	run_end(run);
}

/* The server's word on the log-in is what we kept from coming. */
static void the_end_that_is_ours_adds_no_finding(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\nAUTH PLAIN AHUAcA==\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TLS_CREDENTIALS_CLEAR), 0);
	run_end(run);
}

static void what_no_row_lets_is_blocked_from_the_packet_that_showed_it(void **state)
{
	(void)state;
	struct engine_run *run = run_inline();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_standing(run, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_int_equal(run->passage.action, ACTION_REFUSE);
	assert_true(run->passage.is_first_blocked);
	assert_true(run->passage.is_sender_blocked);
	/* its end is ours: recorded at once, and what it did not do is nobody's fault */
	assert_int_equal(run_mails(run), 1);
	assert_true(run_last(run)->is_blocked);
	assert_string_equal(run_last(run)->state, "reset");
	const size_t told = run->told_count;
	say(&line, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_false(run->passage.is_first_blocked);
	assert_int_equal(run->told_count, told);
	run_end(run);
}

static void a_dropped_flow_goes_on_and_is_looked_at_no_more(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run_enforce(run);
	struct reason why;
	assert_true(action_table_set(&run->actions, "sender.illegitimate=drop", &why));
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	smtp_greeting(&line);
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	assert_int_equal(run->passage.action, ACTION_DROP);
	assert_int_equal(run_mails(run), 0);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	const size_t told = run->told_count;
	say(&line, CLIENT, "AUTH PLAIN AGEAYg==\r\n");
	say(&line, SERVER, "235 ok\r\n");
	smtp_message(&line);
	assert_int_equal(run->told_count, told);
	assert_standing(run, ENGINE_STANDING_BLOCKED);
	engine_drain(run->engine);
	assert_int_equal(run_mails(run), 1);
	run_end(run);
}

static void who_only_audits_blocks_nothing(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run_enforce(run);
	run->actions.is_enforcing = false;
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	smtp_greeting(&line);
	assert_standing(run, ENGINE_STANDING_OPEN);
	smtp_message(&line);
	assert_standing(run, ENGINE_STANDING_SAFE);
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_false(run_last(run)->is_blocked);
	assert_true(run_last(run)->is_audited);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_flow_is_open_then_safe),
		TEST(a_second_version_does_not_pass_while_a_flow_is_open),
		TEST(where_nothing_is_enforced_a_second_version_passes),
		TEST(an_end_lets_nothing_by_and_no_more_does_one_that_is_false),
		TEST(nothing_passes_on_a_word_of_the_client_alone),
		TEST(what_passed_passes_on_but_for_its_end),
		TEST(what_is_pushed_out_is_judged_by_what_it_showed),
		TEST(what_showed_nothing_yet_is_picked_up_again),
		TEST(who_heard_its_server_is_proven),
		TEST(who_is_answered_with_tls_is_proven),
		TEST(nobody_is_proven_by_what_others_may_send),
		TEST(whom_a_row_speaks_of_is_declared),
		TEST(who_is_banned_is_refused_and_recorded),
		TEST(a_ban_is_of_mail_ports_alone_and_stops_no_row),
		TEST(what_cannot_be_decoded_is_told),
		TEST(the_numbers_to_reset_by_are_told),
		TEST(what_the_rules_drop_is_answered_and_makes_no_flow),
		TEST(what_is_known_of_an_ended_flow_answers_for_it),
		TEST(what_a_row_lets_goes_on_when_it_was_pushed_out),
		TEST(what_is_looked_at_no_more_has_passed),
		TEST(pages_of_the_web_wait_where_mail_may_be_blocked),
		TEST(pages_of_the_web_are_watched_on_as_copies),
		TEST(bulk_to_a_server_that_is_silent_need_not_wait),
		TEST(what_a_silent_server_says_after_all_is_judged),
		TEST(the_end_of_bulk_that_was_not_seen_is_one),
		TEST(nobody_ends_what_he_goes_on_with_unseen),
		TEST(bulk_goes_on_as_copies_until_its_server_has_spoken_twice),
		TEST(a_dialogue_that_may_not_be_mail_is_undecided),
		TEST(a_settled_dialogue_has_passed),
		TEST(what_no_row_lets_is_blocked_from_the_packet_that_showed_it),
		TEST(the_end_that_is_ours_adds_no_finding),
		TEST(a_dropped_flow_goes_on_and_is_looked_at_no_more),
		TEST(who_only_audits_blocks_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
