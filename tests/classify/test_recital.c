#include "fixture.h"

#define GREETED                                                                  \
	"220 mx.example.net ESMTP ready\r\n250-mx.example.net\r\n250-SIZE 9\r\n" \
	"250 AUTH PLAIN\r\n235 2.7.0 ok\r\n250 2.1.0 ok\r\n354 go on\r\n"        \
	"250 2.0.0 queued\r\n"
#define BURST \
	"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"

/* What a file may hold: the server's half of a dialogue, from the greeting or behind a title. */
static const char *const FILES[] = {
	GREETED,
	"A transcript:\r\n" GREETED,
	"220 store.example.net LMTP\r\n250-x\r\n250-DSN\r\n250 OK\r\n354 go\r\n250 "
	"ok\r\n",
	"* OK IMAP4rev1 ready\r\na OK in\r\n* 3 EXISTS\r\nb OK done\r\n",
	"A transcript:\r\n* 3 EXISTS\r\na OK done\r\n* 4 EXISTS\r\n",
	"+OK POP3 <1.2@example.org>\r\n+OK\r\n+OK in\r\n+OK 2 320\r\n",
	"A transcript:\r\n\"IMPLEMENTATION\" \"example\"\r\n\"SASL\" "
	"\"PLAIN\"\r\nOK\r\n",
};

/* Both ends are heard; who says nothing has been acknowledged nothing. */
static void hear(struct talk *talk, uint16_t port)
{
	talk_begin(talk, port);
	talk->hint.is_client_captured = talk->hint.is_server_captured = true;
	talk->hint.is_mute[CLIENT] = talk->hint.is_mute[SERVER] = true;
}

static void put(struct talk *talk, unsigned side, const char *text)
{
	talk->hint.is_mute[side] = false;
	(void)talk_text(talk, side, text);
}

static enum protocol name_of(struct talk *talk)
{
	(void)talk_end(talk);
	return talk->result.protocol;
}

static bool is_mail(struct talk *talk)
{
	return protocol_row(name_of(talk))->is_mail;
}

static void a_file_that_comes_unasked_is_no_dialogue(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(FILES); i++) {
		struct talk talk;
		for (unsigned side = 0; side < 2; side++) {
			hear(&talk, 50123);
			put(&talk, side, FILES[i]);
			assert_false(is_mail(&talk));
		}
		hear(&talk, 50123); /* longer than what is kept of it */
		for (size_t copies = 0; copies < 24; copies++) {
			put(&talk, SERVER, FILES[i]);
		}
		assert_false(is_mail(&talk));
	}
	struct talk talk; /* joined in mid-stream */
	hear(&talk, 50123);
	talk.hint.is_client_known = false;
	put(&talk, SERVER, GREETED);
	assert_false(is_mail(&talk));
}

static void a_file_that_is_asked_for_in_one_line_is_no_dialogue(void **state)
{
	(void)state;
	static const char *const REQUESTS[] = {"/mail.txt\r\n", "GET /mail.txt\r\n",
		"GET /mail.txt\r\n\r\n", "alice\n"};
	for (size_t i = 0; i < 6; i++) { /* sieve's greeting alone is one */
		for (size_t j = 0; j < COUNT(REQUESTS); j++) {
			struct talk talk;
			hear(&talk, 7070);
			put(&talk, CLIENT, REQUESTS[j]);
			put(&talk, SERVER, FILES[i]);
			assert_false(is_mail(&talk));
			hear(&talk, 7070);
			put(&talk, CLIENT, REQUESTS[j]);
			for (size_t copies = 0; copies < 24; copies++) {
				put(&talk, SERVER, FILES[i]);
			}
			assert_false(is_mail(&talk));
		}
	}
}

/* Nearly: whoever answers in a dialogue's order is a mail server, odd as its client may be. */
static void a_server_that_is_spoken_with_is_one(void **state)
{
	(void)state;
	struct talk talk;
	hear(&talk, 50123); /* no command that is known, and replies to each */
	put(&talk, SERVER, "220 mx.example.net\r\n");
	put(&talk, CLIENT,
		"\x01"
		"EHLO x\r\n");
	put(&talk, SERVER, "250-mx.example.net\r\n250 SIZE 9\r\n");
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
	hear(&talk, 50123); /* a request first, and then mail */
	put(&talk, CLIENT, "GET /x\r\n");
	put(&talk, SERVER, "220 mx.example.net\r\n500 what\r\n");
	put(&talk, CLIENT, "EHLO x\r\n");
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
	hear(&talk, 50123); /* several lines ahead of the greeting */
	put(&talk, CLIENT,
		"\x01"
		"EHLO x\r\n\x01"
		"MAIL FROM:<a@example.org>\r\n");
	put(&talk, SERVER, GREETED);
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
	hear(&talk, 50123); /* a greeting needs no question */
	put(&talk, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
	hear(&talk, 50123);
	put(&talk, SERVER, "* OK ready\r\n* BYE idle for too long\r\n");
	assert_int_equal(name_of(&talk), PROTOCOL_IMAP);
}

static void a_server_whose_client_is_not_seen_is_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(FILES); i++) {
		struct talk talk;
		hear(&talk, 50123);
		talk.hint.is_client_captured = talk.hint.is_mute[CLIENT] = false;
		put(&talk, SERVER, FILES[i]);
		assert_true(is_mail(&talk));
	}
	struct talk talk; /* on a port of mail nobody gives out files */
	hear(&talk, 25);
	put(&talk, SERVER, GREETED);
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
}

/* What is said to nobody: the other end takes it, and never says a word. */
static const char *const CLIENT_ALONE[] = {BURST, "EHLO x\r\n",
	"LHLO x\r\nMAIL FROM:<a@example.org>\r\n", "LHLO x\r\n",
	"a LOGIN x y\r\nb SELECT INBOX\r\n", "USER x\r\nPASS y\r\nSTAT\r\nRETR 1\r\n",
	"AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\nLISTSCRIPTS\r\n", "LISTSCRIPTS\r\n"};

static void commands_to_who_never_answers_are_no_dialogue(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(CLIENT_ALONE); i++) {
		struct talk talk;
		hear(&talk, 4242);
		put(&talk, CLIENT, CLIENT_ALONE[i]);
		assert_int_equal(talk.result.outcome, CLASSIFY_NOT_YET);
		assert_false(is_mail(&talk));
		hear(&talk, 4242); /* it was acknowledged what was not seen */
		talk.hint.is_mute[SERVER] = false;
		put(&talk, CLIENT, CLIENT_ALONE[i]);
		assert_true(is_mail(&talk));
		hear(&talk, 4242); /* its side is not captured */
		talk.hint.is_mute[SERVER] = talk.hint.is_server_captured = false;
		put(&talk, CLIENT, CLIENT_ALONE[i]);
		assert_true(is_mail(&talk));
	}
	struct talk talk; /* something of its was lost */
	hear(&talk, 4242);
	prefix_gap(&talk.prefix, SERVER);
	put(&talk, CLIENT, BURST);
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
	/* on a port of mail the attempt is told */
	hear(&talk, 25);
	put(&talk, CLIENT, BURST);
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
	hear(&talk, 4242); /* late, and an answer */
	put(&talk, CLIENT, BURST);
	put(&talk, SERVER, "220 x\r\n");
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
}

/* Whoever opened the connection says a server's lines: who takes them says no word of mail. */
static void lines_that_are_sent_to_a_listener_turn_no_roles(void **state)
{
	(void)state;
	struct talk talk;
	hear(&talk, 4242);
	put(&talk, CLIENT, GREETED);
	put(&talk, SERVER, "OK\r\n");
	put(&talk, CLIENT, GREETED);
	put(&talk, SERVER, "OK\r\n");
	assert_false(is_mail(&talk));
	hear(&talk, 4242); /* nearly: it may, in a way of its own */
	put(&talk, CLIENT, "220 x\r\n");
	put(&talk, SERVER,
		"\x01"
		"EHLO x\r\n");
	put(&talk, CLIENT, "250-x\r\n250-SIZE 9\r\n250 DSN\r\n");
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
	hear(&talk, 4242); /* nearly: it does */
	put(&talk, CLIENT, "220 mx.example.net\r\n");
	put(&talk, SERVER, "EHLO x\r\n");
	assert_int_equal(name_of(&talk), PROTOCOL_SMTP);
	assert_true(talk.result.is_turned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_comes_unasked_is_no_dialogue),
		cmocka_unit_test(a_file_that_is_asked_for_in_one_line_is_no_dialogue),
		cmocka_unit_test(a_server_that_is_spoken_with_is_one),
		cmocka_unit_test(a_server_whose_client_is_not_seen_is_one),
		cmocka_unit_test(commands_to_who_never_answers_are_no_dialogue),
		cmocka_unit_test(lines_that_are_sent_to_a_listener_turn_no_roles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
