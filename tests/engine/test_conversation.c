#include "engine_run.h"

#include "../analyze/hello_maker.h"
#include "../analyze/rpc_maker.h"

/* A server's SSH greeting and the client's: what speaks on a mail port is no mail. */
#define SSH "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"

static struct engine_run *run_with_opinion(void)
{
	struct engine_run *run = run_new(MADE_OFFICE);
	run->settings.is_second_opinion_wanted = true;
	run_start(run);
	return run;
}

/* A workstation that dials out; the port says what is expected there. */
static struct line dial(struct engine_run *run, uint16_t port)
{
	return open_line(run, WORKSTATION, 40000, INTERNET, port);
}

/* ---- classify ---- */

static void nothing_is_watched_before_the_first_byte(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	(void)dial(run, 25);
	assert_int_equal(run->passages, 3);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	run_end(run);
}

static void bytes_that_may_be_mail_are_kept_until_they_tell(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 25);
	say(&line, SERVER, "22");
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say(&line, SERVER, "0 mx.example.net ESMTP\r\n");
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	run_end(run);
}

static void what_was_kept_is_played_to_the_dialogue(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 25);
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_SMTP);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	run_end(run);
}

static void another_protocol_off_the_mail_ports_is_given_up_untold(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8080);
	say(&line, CLIENT, SSH);
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say(&line, SERVER, SSH);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

static void without_a_second_opinion_the_foreign_is_told_at_once(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 25);
	say(&line, SERVER, SSH);
	say(&line, CLIENT, SSH);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), 1);
	hang_up(&line);
	assert_int_equal(run->told_count, 1);
	run_end(run);
}

static void too_much_of_nothing_known_is_an_attempt(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 25);
	static char blanks[18000];
	memset(blanks, ' ', sizeof(blanks));
	/* a client may say anything until its server has spoken */
	say_bytes(&line, CLIENT, blanks, 18000);
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	hang_up(&line);
	line = open_line(run, WORKSTATION, 40001, INTERNET, 25);
	say(&line, SERVER, " ");
	say_bytes(&line, CLIENT, blanks, 16000);
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say_bytes(&line, CLIENT, blanks, 2000);
	assert_int_equal(
		run->phase, CONVERSATION_CLASSIFY); /* inline, once is not enough */
	say(&line, SERVER, " ");
	say_bytes(&line, CLIENT, blanks, 1);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run_counter(run, "mail.attempts"), 2);
	run_end(run);
}

static void a_greeting_alone_becomes_a_dialogue_at_its_end(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_SMTP);
	run_end(run);
}

static void a_few_odd_bytes_are_foreign_at_their_end(void **state)
{
	(void)state;
	struct engine_run *run = run_with_opinion();
	struct line line = dial(run, 25);
	say(&line, CLIENT, "\x01\x02\x03\x04");
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), 1);
	assert_string_equal(run_last(run)->opinion, "");
	run_end(run);
}

static void a_few_known_letters_off_the_mail_ports_end_untold(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8080);
	say(&line, CLIENT, "EH");
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	hang_up(&line);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

/* ---- foreign ---- */

static void a_foreign_one_waits_for_its_name(void **state)
{
	(void)state;
	struct engine_run *run = run_with_opinion();
	struct line line = dial(run, 25);
	say(&line, SERVER, SSH);
	say(&line, CLIENT, SSH);
	assert_int_equal(run->phase, CONVERSATION_FOREIGN);
	for (unsigned i = 0; i < 32 && run->phase == CONVERSATION_FOREIGN; i++) {
		assert_int_equal(run->told_count, 0);
		say(&line, i % 2 ? CLIENT : SERVER, "0123456789");
	}
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), 1);
	assert_string_equal(run_last(run)->opinion, "SSH");
	hang_up(&line);
	assert_int_equal(run->told_count, 1);
	run_end(run);
}

static void a_foreign_one_that_ends_is_told_with_what_is_known(void **state)
{
	(void)state;
	struct engine_run *run = run_with_opinion();
	struct line line = dial(run, 25);
	say(&line, SERVER, SSH);
	say(&line, CLIENT, SSH);
	assert_int_equal(run->phase, CONVERSATION_FOREIGN);
	hang_up(&line);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), 1);
	assert_string_equal(run_last(run)->opinion, "SSH");
	run_end(run);
}

static void of_a_server_the_first_flows_are_asked_about_and_then_some(void **state)
{
	(void)state;
	struct engine_run *run = run_with_opinion();
	for (uint16_t i = 0; i <= OPINIONS_ASKED_EVERY; i++) {
		struct line line = open_line(run, MAILBOX, 40000 + i, INTERNET, 25);
		smtp_greeting(&line);
		smtp_message(&line);
		hang_up(&line);
		const bool is_asked =
			i < OPINIONS_ASKED_FIRST || i == OPINIONS_ASKED_EVERY;
		assert_string_equal(run_last(run)->opinion, is_asked ? "SMTP" : "");
		run->told_count = 0;
	}
	run_end(run);
}

static void of_many_servers_in_a_second_so_many_are_asked_about(void **state)
{
	(void)state;
	struct engine_run *run = run_with_opinion();
	for (unsigned i = 0; i <= OPINIONS_A_SECOND + 1; i++) {
		char server[16];
		(void)snprintf(
			server, sizeof(server), "198.18.%u.%u", i / 200, i % 200);
		run->now_us += i > OPINIONS_A_SECOND ? SECOND_US : 0;
		struct line line = open_line(run, MAILBOX, 40000, server, 25);
		smtp_greeting(&line);
		smtp_message(&line);
		hang_up(&line);
		assert_string_equal(
			run_last(run)->opinion, i != OPINIONS_A_SECOND ? "SMTP" : "");
		run->told_count = 0;
	}
	run_end(run);
}

/* ---- dialogue, settled ---- */

/* IMAP in clear up to COMPRESS, behind which nothing can be read any more. */
static void imap_compress(struct line *line)
{
	say(line, SERVER, "* OK IMAP4rev1 ready\r\n");
	say(line, CLIENT, "a LOGIN x y\r\n");
	say(line, SERVER, "a OK done\r\n");
	assert_int_equal(line->run->phase, CONVERSATION_DIALOGUE);
	say(line, CLIENT, "b COMPRESS DEFLATE\r\n");
	say(line, SERVER, "b OK go on\r\n");
}

static void final_facts_settle_a_dialogue(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, MAILBOX, 143);
	imap_compress(&line);
	assert_int_equal(run->phase, CONVERSATION_SETTLED);
	const size_t told = run->told_count;
	say(&line, CLIENT, "c STARTTLS\r\n");
	assert_int_equal(run->phase, CONVERSATION_SETTLED);
	assert_int_equal(run->told_count, told);
	hang_up(&line);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_IMAP);
	run_end(run);
}

static void what_settles_within_the_prefix_is_told_once(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, MAILBOX, 143);
	/* all in one segment: what follows the end is dropped with it */
	say(&line, SERVER, "* OK IMAP4rev1 ready\r\n");
	say(&line, CLIENT, "a COMPRESS DEFLATE\r\n");
	say(&line, SERVER, "a OK go on\r\n\x01\x02\x03\x04");
	assert_int_equal(run->phase, CONVERSATION_SETTLED);
	say(&line, SERVER, "\x01\x02\x03\x04");
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	run_end(run);
}

/* One message: its header, and the server's answer to it. */
static void smtp_pass(struct line *line, const char *header, const char *answer)
{
	say(line, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	say(line, SERVER, "250 ok\r\n");
	say(line, CLIENT, "RCPT TO:<b@example.net>\r\n");
	say(line, SERVER, "250 ok\r\n");
	say(line, CLIENT, "DATA\r\n");
	say(line, SERVER, "354 go on\r\n");
	say(line, CLIENT, header);
	say(line, CLIENT, "Subject: x\r\n\r\nx\r\n.\r\n");
	say(line, SERVER, answer);
}

/* The relay passes on at once what it is still being given. */
static void what_a_relay_is_given_is_known_message_by_message(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line in = open_line(run, MX_IN, 40000, RELAY, 25);
	smtp_greeting(&in);
	smtp_pass(&in, "", "250 2.0.0 Ok: queued as 4QFirst01\r\n");
	for (unsigned i = 0; i < 2 * FACTS_TRANSACTIONS; i++) {
		smtp_pass(&in, "", "250 2.0.0 Ok: queued as 4QLater02\r\n");
	}
	struct line out = open_line(run, RELAY, 40001, MAILBOX, 25);
	smtp_greeting(&out);
	smtp_pass(&out,
		"Received: from mx.example.org (mx.example.org [198.51.100.3])\r\n"
		"\tby relay.example.org (Postfix) with ESMTP id 4QFirst01\r\n"
		"\tfor <b@example.net>; Mon, 21 Sep 2026 14:13:20 +0000\r\n",
		"250 ok\r\n");
	hang_up(&out);
	size_t chained = 0;
	for (size_t i = 0; i < run->told_count; i++) {
		chained += run->told[i].kind == TOLD_ALERT &&
			   run->told[i].finding == FINDING_RELAY_CHAINED &&
			   run->told[i].client_port == 40001;
	}
	assert_int_equal(chained, 1);
	run_end(run);
}

/* One handshake message in a record of its own. */
static void say_message(
	struct line *line, enum side from, void (*put_message)(struct script *))
{
	static struct script messages;
	static struct script records;
	messages.len = 0;
	records.len = 0;
	put_message(&messages);
	put_records(&records, &messages, messages.len);
	say_bytes(line, from, records.bytes, records.len);
}

static void put_server_hello_1_2(struct script *messages)
{
	put_server_hello(messages, 0xc02f, NULL, 0);
}

static void put_server_hello_1_3(struct script *messages)
{
	put_server_hello(messages, 0x1301, EXTENSIONS_1_3, EXTENSIONS_1_3_BYTES);
}

static void web_inside_tls_on_a_mail_port_turns_foreign_and_gets_its_name(void **state)
{
	(void)state;
	struct engine_run *run = run_with_opinion();
	struct line line = dial(run, 993);
	say_message(&line, CLIENT, put_client_hello_1_2); /* offers HTTP */
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say_message(&line, SERVER, put_server_hello_1_3);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_TLS);
	assert_string_not_equal(run_last(run)->opinion, "");
	hang_up(&line);
	assert_int_equal(run->told_count, 1);
	run_end(run);
}

/* The client's hello is the first of two turns that were kept, and tells enough. */
static void a_flow_given_up_while_its_prefix_is_played_gets_none_of_the_rest(
	void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8443);
	say_bytes(&line, CLIENT, KNOWN_HELLO, KNOWN_HELLO_BYTES);
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say_message(&line, SERVER, put_server_hello_1_3);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

/* The server's hello is a place of the shared memory while it is put together. */
static void what_a_dialogue_holds_is_given_back_where_it_turns_foreign(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8443);
	say_bytes(&line, SERVER, "\x16\x03\x03\x00\x40\x02\x00\x00\x3c\x03\x03", 11);
	say_bytes(&line, CLIENT, KNOWN_HELLO, KNOWN_HELLO_BYTES);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run->engine->tls.handshakes.used, 0);
	run_end(run);
}

static void what_a_dialogue_holds_is_given_back_where_it_ends(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 993);
	say_bytes(&line, CLIENT, KNOWN_HELLO, KNOWN_HELLO_BYTES);
	say_bytes(&line, SERVER, "\x16\x03\x03\x00\x40\x02\x00\x00\x3c\x03\x03", 11);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	assert_int_equal(run->engine->tls.handshakes.used, 1);
	rst(&line, CLIENT);
	fall_silent(run);
	assert_int_equal(run->engine->tls.handshakes.used, 0);
	run_end(run);
}

/* The go-ahead for it was not captured: on a port that has STARTTLS it was one. */
static void tls_behind_a_lost_beginning_is_named_by_its_port(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 143);
	lose(&line, CLIENT, 27);
	for (size_t i = 0; i < KNOWN_HELLO_BYTES; i++) {
		say_bytes(&line, CLIENT, KNOWN_HELLO + i, 1);
	}
	acknowledge(&line, SERVER);
	assert_int_equal(run_counter(run, "tcp.gap_bytes"), 27);
	say_message(&line, SERVER, put_server_hello_1_3);
	hang_up(&line);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_IMAP);
	assert_string_equal(run_last(run)->evidence, "tls on a port of starttls");
	run_end(run);
}

static void tls_that_asks_for_a_declared_name_is_mail_on_any_port(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8443);
	say_message(&line, CLIENT, put_client_hello_1_2); /* offers HTTP */
	say_message(&line, SERVER, put_server_hello_1_3);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_EXCHANGE_HTTPS);
	assert_string_equal(run_last(run)->evidence, "declared server name");
	run_end(run);
}

static void tls_without_a_name_is_no_mail_at_its_end(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 8443);
	say_message(&line, SERVER, put_server_hello_1_2);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

static void tls_on_its_own_port_is_named_in_the_dialogue(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, MAILBOX, 993);
	say_bytes(&line, CLIENT, KNOWN_HELLO, KNOWN_HELLO_BYTES);
	say_message(&line, SERVER, put_server_hello_1_2);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	rst(&line, SERVER);
	fall_silent(run);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_IMAPS);
	assert_string_equal(run_last(run)->state, "reset");
	run_end(run);
}

static void a_service_never_served_on_a_mail_port_is_foreign_at_its_end(void **state)
{
	(void)state;
	struct engine_run *run = run_with_opinion();
	struct line line = dial(run, 25);
	say(&line, CLIENT, "GET /owa/ HTTP/1.1\r\nHost: www.example.net\r\n\r\n");
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run_mails(run), 0);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_HTTP);
	run_end(run);
}

static void rpc_that_is_not_mapi_ends_untold(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, MAILBOX, 135);
	struct rpc_made made = {.len = 0};
	const struct rpc_uuid *const winreg = &UUID_WINREG;
	rpc_bind(&made, 11, &winreg, 1);
	rpc_end(&made, 0, 0);
	say_bytes(&line, CLIENT, made.bytes, made.len);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

/* A hole is believed when enough stands behind it. */
static void what_is_gone_is_only_counted(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = dial(run, 25);
	say(&line, SERVER, SSH);
	say(&line, CLIENT, SSH);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	const size_t told = run->told_count;
	smtp_greeting(&line);
	smtp_message(&line);
	lose(&line, SERVER, 100);
	acknowledge(&line, CLIENT);
	say(&line, SERVER, "250 ok\r\n");
	assert_int_equal(run->phase, CONVERSATION_GONE);
	hang_up(&line);
	assert_int_equal(run->told_count, told);
	run_end(run);
}

/* Out of order: the last piece is delivered behind the one that ends the conversation. */
static void a_flow_given_up_while_its_bytes_come_gets_none_of_the_rest(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run->settings.watched = 1;
	run_start(run);
	struct line line = dial(run, 8080);
	const char *const pieces[] = {
		"SSH-2.0-x\r\n", "220 host ESMTP\r\n", "250-host\r\n250 SIZE\r\n"};
	uint32_t at = line.next[SERVER];
	const uint32_t first = at;
	at += (uint32_t)strlen(pieces[0]);
	for (unsigned i = 1; i < 3; i++) {
		segment(&line, SERVER, TCP_ACK, at, text_of(pieces[i]));
		at += (uint32_t)strlen(pieces[i]);
	}
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	segment(&line, SERVER, TCP_ACK, first, text_of(pieces[0]));
	assert_int_equal(run->phase, CONVERSATION_GONE);
	/* its area is another's at once, and that one starts from nothing */
	struct line next = open_line(run, MX_OUT, 40001, INTERNET, 25);
	smtp_greeting(&next);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	hang_up(&next);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->client_port, 40001);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_watched_before_the_first_byte),
		TEST(bytes_that_may_be_mail_are_kept_until_they_tell),
		TEST(what_was_kept_is_played_to_the_dialogue),
		TEST(another_protocol_off_the_mail_ports_is_given_up_untold),
		TEST(without_a_second_opinion_the_foreign_is_told_at_once),
		TEST(too_much_of_nothing_known_is_an_attempt),
		TEST(a_greeting_alone_becomes_a_dialogue_at_its_end),
		TEST(a_few_odd_bytes_are_foreign_at_their_end),
		TEST(a_few_known_letters_off_the_mail_ports_end_untold),
		TEST(a_foreign_one_waits_for_its_name),
		TEST(a_foreign_one_that_ends_is_told_with_what_is_known),
		TEST(of_a_server_the_first_flows_are_asked_about_and_then_some),
		TEST(of_many_servers_in_a_second_so_many_are_asked_about),
		TEST(final_facts_settle_a_dialogue),
		TEST(what_settles_within_the_prefix_is_told_once),
		TEST(what_a_relay_is_given_is_known_message_by_message),
		TEST(web_inside_tls_on_a_mail_port_turns_foreign_and_gets_its_name),
		TEST(a_flow_given_up_while_its_prefix_is_played_gets_none_of_the_rest),
		TEST(what_a_dialogue_holds_is_given_back_where_it_turns_foreign),
		TEST(what_a_dialogue_holds_is_given_back_where_it_ends),
		TEST(tls_behind_a_lost_beginning_is_named_by_its_port),
		TEST(tls_that_asks_for_a_declared_name_is_mail_on_any_port),
		TEST(tls_without_a_name_is_no_mail_at_its_end),
		TEST(tls_on_its_own_port_is_named_in_the_dialogue),
		TEST(a_service_never_served_on_a_mail_port_is_foreign_at_its_end),
		TEST(rpc_that_is_not_mapi_ends_untold),
		TEST(what_is_gone_is_only_counted),
		TEST(a_flow_given_up_while_its_bytes_come_gets_none_of_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
