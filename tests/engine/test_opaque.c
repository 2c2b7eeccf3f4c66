/* What flows go on as and nobody looks into is counted by kind, once. */
#include "engine_run.h"

#include "engine/opaque.h"

#define PROXY "203.0.113.99"

static void assert_counts(const struct engine_run *run, unsigned socks,
	unsigned websocket, unsigned http2, unsigned compressed)
{
	assert_int_equal(run_counter(run, "blind.socks"), socks);
	assert_int_equal(run_counter(run, "blind.websocket"), websocket);
	assert_int_equal(run_counter(run, "blind.http2"), http2);
	assert_int_equal(run_counter(run, "blind.compressed"), compressed);
}

static void switch_to(struct line *line, const char *protocol)
{
	char text[200];
	(void)snprintf(text, sizeof(text),
		"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n",
		protocol);
	say(line, CLIENT, text);
	(void)snprintf(text, sizeof(text),
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\n\r\n", protocol);
	say(line, SERVER, text);
}

static void websocket_frames_are_counted_and_other_upgrades_are_not(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, PROXY, 80);
	switch_to(&line, "websocket");
	say_bytes(&line, CLIENT,
		"\x81\x85"
		"abcd"
		"\x09\x07\x0f\x08\x0e",
		11);
	say_bytes(&line, SERVER, "\x81\x05hello", 7);
	hang_up(&line);
	assert_counts(run, 0, 1, 0, 0);
	line = open_line(run, WORKSTATION, 40001, PROXY, 80);
	switch_to(&line, "smtp");
	smtp_greeting(&line);
	hang_up(&line);
	assert_counts(run, 0, 1, 0, 0);
	run_end(run);
}

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static void http2_without_tls_is_counted_on_any_port(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {80, 25};
	for (size_t i = 0; i < 2; i++) {
		struct engine_run *run = run_begin();
		struct line line = open_line(run, WORKSTATION, 40000, PROXY, PORTS[i]);
		say_bytes(&line, CLIENT, PREFACE "\0\0\0\4\0\0\0\0", 32);
		say_bytes(&line, SERVER, "\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0", 18);
		hang_up(&line);
		assert_counts(run, 0, 0, 1, 0);
		assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_FOREIGN), i);
		run_end(run);
	}
}

static void encapsulated_socks_is_counted_and_socks_in_clear_is_not(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, PROXY, 1080);
	say_bytes(&line, CLIENT, "\5\1\1", 3);
	say_bytes(&line, SERVER, "\5\1", 2);
	say_bytes(&line, CLIENT, "\1\1\0\4TICK", 8);
	say_bytes(&line, SERVER, "\1\1\0\4TOCK", 8);
	say_bytes(&line, CLIENT,
		"\1\3\0\4"
		"wrap",
		8);
	hang_up(&line);
	assert_counts(run, 1, 0, 0, 0);
	line = open_line(run, WORKSTATION, 40001, PROXY, 1080);
	say_bytes(&line, CLIENT, "\5\1\0", 3);
	say_bytes(&line, SERVER, "\5\0", 2);
	say_bytes(&line, CLIENT, "\5\1\0\1\xcb\0\x71\x19\0\x19", 10);
	say_bytes(&line, SERVER, "\5\1\0\1\0\0\0\0\0\0", 10);
	hang_up(&line);
	assert_counts(run, 1, 0, 0, 0);
	run_end(run);
}

/* In clear, whoever reads it: what comes behind it is content all the same. */
static void compressed_imap_is_counted_and_is_content_in_clear(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, MAILBOX, 143);
	say(&line, SERVER, "* OK IMAP4rev1 ready\r\n");
	say(&line, CLIENT, "a COMPRESS DEFLATE\r\n");
	say(&line, SERVER, "a OK active\r\n");
	assert_int_equal(run->phase, CONVERSATION_SETTLED);
	say_bytes(&line, CLIENT, "\x4a\x04\0\0", 4);
	hang_up(&line);
	assert_counts(run, 0, 0, 0, 1);
	line = open_line(run, WORKSTATION, 40001, MAILBOX, 143);
	say(&line, SERVER, "* OK IMAP4rev1 ready\r\n");
	say(&line, CLIENT, "a COMPRESS DEFLATE\r\n");
	say(&line, SERVER, "a NO not here\r\n");
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	assert_counts(run, 0, 0, 0, 1);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(websocket_frames_are_counted_and_other_upgrades_are_not),
		TEST(http2_without_tls_is_counted_on_any_port),
		TEST(encapsulated_socks_is_counted_and_socks_in_clear_is_not),
		TEST(compressed_imap_is_counted_and_is_content_in_clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
