#include "fixture.h"

#include "classify/traits.h"

struct beginning {
	const char *bytes;
	size_t len; /* 0: a text */
	enum opening opening;
};

static const struct beginning BEGINNINGS[] = {
	{"GET / HTTP/1.0\r\n", 0, OPENING_HTTP},
	{"SSH-2.0-x\r\n", 0, OPENING_SSH},
	{"OPTIONS * RTSP/1.0\r\n", 0, OPENING_RTSP_OR_SIP},
	{"*1\r\n", 0, OPENING_REDIS},
	{"PING\r\n", 0, OPENING_REDIS},
	{"stats\r\n", 0, OPENING_MEMCACHED},
	{"USER x\r\n", 0, OPENING_FTP},
	{"FEAT\r\n", 0, OPENING_FTP},
	{"GROUP a.b\r\n", 0, OPENING_NNTP},
	{"NICK x\r\n", 0, OPENING_IRC},
	{"hello\r\n", 0, OPENING_LINE},
	{"\0", 1, OPENING_BYTES},
	{"ab\x80", 3, OPENING_BYTES},
	{"\xff\xfe\r\n", 0, OPENING_NONE},
	{"\r\nGET", 0, OPENING_NONE},
	{"  \r\n", 0, OPENING_NONE},
	{"CAPABILITY\r\n", 0, OPENING_NONE},
};

static void what_comes_ahead_of_a_greeting_has_a_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(BEGINNINGS); i++) {
		struct talk talk;
		const struct beginning *at = &BEGINNINGS[i];
		talk_begin(&talk, 25);
		(void)talk_bytes(&talk, CLIENT, at->bytes,
			at->len > 0 ? at->len : strlen(at->bytes));
		(void)talk_text(&talk, SERVER, "220 x ESMTP\r\n500 what\r\n");
		(void)talk_text(&talk, CLIENT, "\r\nEHLO x\r\n");
		assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
		assert_string_equal(opening_name(classify_opening(&talk.result)),
			opening_name(at->opening));
	}
}

static void behind_the_greeting_it_is_a_bad_line(void **state)
{
	(void)state;
	struct talk talk;
	talk_begin(&talk, 25);
	(void)talk_text(&talk, SERVER, "220 x ESMTP\r\n");
	(void)talk_text(&talk, CLIENT, "GET / HTTP/1.0\r\nEHLO x\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	assert_int_equal(classify_opening(&talk.result), OPENING_NONE);
}

/* A page's line in front of a dialogue whose server's first word was lost, or a later one. */
static enum opening opening_around_a_hole(bool is_first, bool is_ahead)
{
	struct talk talk;
	talk_begin(&talk, 25);
	talk.result.is_ahead = is_ahead;
	(void)talk_text(&talk, CLIENT, "GET / HTTP/1.0\r\n");
	if (is_first) {
		prefix_gap(&talk.prefix, SERVER);
	}
	(void)talk_text(&talk, SERVER, "220 x ESMTP\r\n");
	if (!is_first) {
		prefix_gap(&talk.prefix, SERVER);
	}
	(void)talk_text(&talk, SERVER, "500 what\r\n");
	(void)talk_text(&talk, CLIENT, "EHLO x\r\n");
	assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
	return classify_opening(&talk.result);
}

static void where_the_server_s_first_word_was_lost_nobody_is_early(void **state)
{
	(void)state;
	assert_int_equal(opening_around_a_hole(true, false), OPENING_NONE);
	assert_int_equal(opening_around_a_hole(true, true), OPENING_HTTP);
	assert_int_equal(opening_around_a_hole(false, false), OPENING_HTTP);
}

/* A command of one protocol is none of another. */
static void each_protocol_has_commands_of_its_own(void **state)
{
	(void)state;
	assert_true(opening_is_mail(CLIENT_USER, PROTOCOL_POP3));
	assert_false(opening_is_mail(CLIENT_USER, PROTOCOL_SMTP));
	assert_true(opening_is_mail(CLIENT_EHLO, PROTOCOL_SMTP));
	assert_true(opening_is_mail(CLIENT_LHLO, PROTOCOL_LMTP));
	assert_false(opening_is_mail(CLIENT_EHLO, PROTOCOL_IMAP));
	assert_true(opening_is_mail(CLIENT_IMAP, PROTOCOL_IMAP));
	assert_true(opening_is_mail(CLIENT_SIEVE, PROTOCOL_SIEVE));
	assert_false(opening_is_mail(CLIENT_IMAP, PROTOCOL_SIEVE));
	/* those without a greeting have no early talkers */
	assert_true(opening_is_mail(0, PROTOCOL_EWS));
	assert_true(opening_is_mail(0, PROTOCOL_SMTPS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_ahead_of_a_greeting_has_a_word),
		cmocka_unit_test(behind_the_greeting_it_is_a_bad_line),
		cmocka_unit_test(
			where_the_server_s_first_word_was_lost_nobody_is_early),
		cmocka_unit_test(each_protocol_has_commands_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
