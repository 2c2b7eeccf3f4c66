#include "engine_run.h"

/* A hole is believed when enough stands behind it. */
static void say_slowly(struct line *line, enum side from, const char *text)
{
	for (; *text != '\0'; text++) {
		say_bytes(line, from, text, 1);
	}
}

static void bytes_that_are_lost_are_a_gap_in_the_dialogue(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	smtp_greeting(&line);
	lose(&line, CLIENT, 27); /* MAIL FROM */
	say(&line, SERVER, "250 ok\r\n");
	say_slowly(&line, CLIENT, "RCPT TO:<b@example.net>\r\n");
	say(&line, SERVER, "250 ok\r\n");
	assert_int_equal(run_counter(run, "tcp.gap_bytes"), 27);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->gaps, 1);
	run_end(run);
}

static void a_start_that_is_lost_is_a_gap_in_the_prefix(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	lose(&line, SERVER, 7); /* "220 mx." */
	say_slowly(&line, SERVER, "example.net ESMTP\r\n");
	acknowledge(&line, CLIENT);
	assert_int_equal(run_counter(run, "tcp.gap_bytes"), 7);
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	say(&line, SERVER, "250-mx.example.net\r\n250 SIZE\r\n");
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_SMTP);
	assert_int_equal(run_last(run)->gaps, 1);
	run_end(run);
}

/*
 * More than is kept of a side comes before its server speaks: how much, so that what stands
 * behind it is known to be octets of the message still.
 */
static void what_did_not_fit_is_a_gap_of_its_length_in_the_dialogue(void **state)
{
	(void)state;
	static const char BURST[] = "EHLO host.example.org\r\n"
				    "MAIL FROM:<a@example.org>\r\n"
				    "RCPT TO:<b@example.net>\r\nBDAT 6000 LAST\r\n";
	char octets[6000];
	memset(octets, 'x', sizeof(octets));
	static const char LINE[] = "\r\nRCPT TO:<c@example.org>\r\n";
	memcpy(octets + 5000, LINE, sizeof(LINE) - 1);
	struct engine_run *run = run_begin();
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	say(&line, CLIENT, BURST);
	say_bytes(&line, CLIENT, octets, 5000);
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say(&line, SERVER,
		"220 mx.example.net ESMTP\r\n250-mx.example.net\r\n"
		"250 CHUNKING\r\n250 ok\r\n250 ok\r\n");
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	say_bytes(&line, CLIENT, octets + 5000, 1000);
	say(&line, SERVER, "250 queued\r\n");
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->gaps, 1);
	assert_int_equal(run_last(run)->recipients, 1);
	run_end(run);
}

/*
 * A port of nobody's, and a server that answers; of its client nothing is there but, perhaps,
 * how far it was acknowledged.
 */
static size_t mails_of_half(uint32_t command_len, bool is_client_heard)
{
	static const char *const REPLIES[] = {"220 mx.example.net ESMTP\r\n",
		"250-mx.example.net\r\n250 SIZE\r\n", "250 2.1.0 ok\r\n",
		"250 2.1.5 ok\r\n", "354 go on\r\n", "250 2.0.0 queued\r\n"};
	struct engine_run *run = run_begin();
	struct line line = line_of(run, MX_OUT, 40000, INTERNET, 50123);
	if (is_client_heard) {
		greet(&line);
	} else {
		segment(&line, SERVER, TCP_SYN | TCP_ACK, line.next[SERVER] - 1,
			text_of(""));
	}
	for (size_t i = 0; i < sizeof(REPLIES) / sizeof(REPLIES[0]); i++) {
		say(&line, SERVER, REPLIES[i]);
		if (is_client_heard) {
			acknowledge(&line, CLIENT);
		}
		lose(&line, CLIENT, command_len);
	}
	segment(&line, SERVER, TCP_FIN | TCP_ACK, line.next[SERVER], text_of(""));
	engine_drain(run->engine);
	const size_t mails = run_mails(run);
	run_end(run);
	return mails;
}

static void who_is_acknowledged_has_spoken_though_nobody_saw_it(void **state)
{
	(void)state;
	assert_int_equal(mails_of_half(20, false), 1);
	assert_int_equal(mails_of_half(20, true), 1);
	/* nearly: it never said a byte, and the lines are those of a file */
	assert_int_equal(mails_of_half(0, false), 0);
	assert_int_equal(mails_of_half(0, true), 0);
}

/* The same of a client that says a whole mail, and whose server is half there. */
static size_t mails_of_burst(uint32_t reply_len, uint16_t port)
{
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, port);
	say(&line, CLIENT, "EHLO host.example.org\r\nMAIL FROM:<a@example.org>\r\n");
	lose(&line, SERVER, reply_len);
	acknowledge(&line, SERVER);
	say(&line, CLIENT, "RCPT TO:<b@example.net>\r\nDATA\r\nhello\r\n.\r\n");
	acknowledge(&line, SERVER);
	hang_up(&line);
	engine_drain(run->engine);
	const size_t mails = run_mails(run);
	run_end(run);
	return mails;
}

static void who_never_answers_receives_no_mail(void **state)
{
	(void)state;
	assert_int_equal(mails_of_burst(0, 4242), 0);
	assert_int_equal(mails_of_burst(30, 4242), 1); /* nearly: it did, unseen */
	assert_int_equal(mails_of_burst(0, 25), 1);
}

/* A service of the web, or RPC, asked of a listener; reply_len bytes of its were not seen. */
static size_t mails_of_request(const char *request, uint32_t reply_len)
{
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 80);
	say(&line, CLIENT, request);
	lose(&line, SERVER, reply_len);
	acknowledge(&line, SERVER);
	acknowledge(&line, CLIENT);
	engine_drain(run->engine);
	const size_t mails = run_mails(run);
	run_end(run);
	return mails;
}

static void a_service_asked_of_who_never_answers_is_none(void **state)
{
	(void)state;
	static const char *const REQUESTS[] = {
		"POST /EWS/Exchange.asmx HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
		"POST /mapi/emsmdb/ HTTP/1.1\r\n\r\n",
		"RPC_IN_DATA /rpc/rpcproxy.dll?x:6001 HTTP/1.1\r\n\r\n"};
	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++) {
		assert_int_equal(mails_of_request(REQUESTS[i], 0), 0);
		assert_int_equal(mails_of_request(REQUESTS[i], 30), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_that_are_lost_are_a_gap_in_the_dialogue),
		cmocka_unit_test(a_start_that_is_lost_is_a_gap_in_the_prefix),
		cmocka_unit_test(
			what_did_not_fit_is_a_gap_of_its_length_in_the_dialogue),
		cmocka_unit_test(who_is_acknowledged_has_spoken_though_nobody_saw_it),
		cmocka_unit_test(who_never_answers_receives_no_mail),
		cmocka_unit_test(a_service_asked_of_who_never_answers_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
