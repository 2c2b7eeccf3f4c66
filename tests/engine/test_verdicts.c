#include "engine_run.h"

#define GUESS "AUTH PLAIN AGEAYg==\r\n"

/* A login at the relay, whose client begins at this port. */
static struct line log_in(struct engine_run *run, uint16_t port, const char *answer)
{
	struct line line = open_line(run, WORKSTATION, port, SUBMISSION, 587);
	smtp_greeting(&line);
	say(&line, CLIENT, GUESS);
	say(&line, SERVER, answer);
	return line;
}

static size_t logins_told(const struct engine_run *run)
{
	return run_told(run, TOLD_ALERT, FINDING_TLS_CREDENTIALS_CLEAR);
}

static void a_login_behind_a_guess_on_one_connection_is_told_as_well(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = log_in(run, 40000, "535 no\r\n");
	assert_int_equal(logins_told(run), 1);
	say(&line, CLIENT, GUESS);
	say(&line, SERVER, "535 no\r\n");
	assert_int_equal(logins_told(run), 1);
	say(&line, CLIENT, GUESS);
	say(&line, SERVER, "235 in\r\n");
	assert_int_equal(logins_told(run), 2);
	say(&line, CLIENT, GUESS);
	say(&line, SERVER, "535 no\r\n");
	hang_up(&line);
	assert_int_equal(logins_told(run), 2);
	run_end(run);
}

static void a_password_in_clear_is_one_alert_with_why_it_was(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, SUBMISSION, 587);
	smtp_greeting(&line);
	say(&line, CLIENT, GUESS);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TLS_MISSING), 0);
	say(&line, SERVER, "535 no\r\n");
	assert_int_equal(logins_told(run), 1);
	assert_true(run_last(run)->findings & FINDING_BIT(FINDING_TLS_MISSING));
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TLS_MISSING), 0);
	run_end(run);
}

/* No answer comes: at the flow's end it is told all the same. */
static void a_password_that_nobody_answers_is_told_at_the_end(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, SUBMISSION, 587);
	smtp_greeting(&line);
	say(&line, CLIENT, GUESS);
	hang_up(&line);
	assert_int_equal(logins_told(run), 1);
	run_end(run);
}

static void a_probe_is_an_attempt_and_told_at_its_end(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	smtp_greeting(&line);
	say(&line, CLIENT, "QUIT\r\n");
	say(&line, SERVER, "221 bye\r\n");
	assert_int_equal(run->told_count, 0);
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ATTEMPT), 1);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 0);
	run_end(run);
}

/* Its end is ours: no answer will come that could be told of. */
static void a_password_that_is_kept_from_the_server_is_told_at_once(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	struct reason why;
	run_enforce(run);
	assert_true(action_table_set(&run->actions, "tls.missing=drop", &why));
	run_start(run);
	struct line line = open_line(run, WORKSTATION, 40000, SUBMISSION, 587);
	smtp_greeting(&line);
	say(&line, CLIENT, GUESS);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TLS_MISSING), 1);
	assert_true(run_last(run)->is_blocked);
	run_end(run);
}

static void guesses_of_other_connections_do_not_fold_a_login_away(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	for (uint16_t i = 0; i < 3; i++) {
		struct line guess = log_in(run, 40000 + i, "535 no\r\n");
		hang_up(&guess);
	}
	assert_int_equal(logins_told(run), 1);
	struct line first = log_in(run, 40010, "235 in\r\n");
	hang_up(&first);
	assert_int_equal(logins_told(run), 2);
	struct line second = log_in(run, 40011, "235 in\r\n");
	hang_up(&second);
	assert_int_equal(logins_told(run), 2);
	engine_drain(run->engine); /* two guesses and a login in one update */
	assert_int_equal(logins_told(run), 3);
	assert_int_equal(run_last(run)->count, 3);
	run_end(run);
}

/* Mail to server, at it or, with request, through it as a proxy: lessons about servers. */
static size_t lessons_of(const char *server, const char *request)
{
	struct engine_run *run = run_begin();
	struct line line =
		open_line(run, MAILBOX, 40000, server, request != NULL ? 3128 : 25);
	if (request != NULL) {
		say(&line, CLIENT, request);
		say(&line, SERVER, "HTTP/1.1 200 Connection established\r\n\r\n");
	}
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	const size_t lessons = run->lessons;
	run_end(run);
	return lessons;
}

static void what_a_client_says_of_its_target_teaches_nobody(void **state)
{
	(void)state;
	static const char BY_ADDRESS[] = "CONNECT 203.0.113.9:25 HTTP/1.1\r\n\r\n";
	static const char BY_NAME[] = "CONNECT mx.example.net:25 HTTP/1.1\r\n\r\n";
	assert_int_equal(lessons_of(RELAY, NULL), 1);
	assert_int_equal(lessons_of(FRONT, BY_ADDRESS), 1);
	assert_int_equal(lessons_of(FRONT, BY_NAME), 0);
	assert_int_equal(lessons_of(INTERNET, BY_ADDRESS), 0);
}

/* The roles are turned: who was connected to sends. */
static void a_turned_dialogue_teaches_nobody_what_a_server_offers(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, RELAY, 40000, MAILBOX, 25);
	say(&line, CLIENT, "220 relay.example.org ESMTP\r\n");
	say(&line, SERVER, "EHLO mail.example.org\r\n");
	say(&line, CLIENT, "250-relay.example.org\r\n250 SIZE\r\n");
	say(&line, SERVER, "MAIL FROM:<a@example.org>\r\n");
	say(&line, CLIENT, "250 ok\r\n");
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run->lessons, 0);
	run_end(run);
}

/* Does the outbound server count as one that takes mail from outside, too? */
static size_t mixed_behind(const char *request)
{
	struct engine_run *run = run_new(MADE_OFFICE
		"  - {id: M-09, from: internet, to: mx-out, protocols: [smtp], "
		"tls: optional}\n");
	run_start(run);
	struct line in =
		open_line(run, INTERNET, 40000, MX_OUT, request != NULL ? 3128 : 25);
	if (request != NULL) {
		say(&in, CLIENT, request);
		say(&in, SERVER, "HTTP/1.1 200 Connection established\r\n\r\n");
	}
	smtp_greeting(&in);
	smtp_message(&in);
	hang_up(&in);
	struct line out = open_line(run, MX_OUT, 40001, "203.0.113.77", 25);
	smtp_greeting(&out);
	smtp_message(&out);
	hang_up(&out);
	const size_t told =
		run_told(run, TOLD_ALERT, FINDING_GATEWAY_SEND_RECEIVE_MIXED);
	run_end(run);
	return told;
}

static void mail_through_a_proxy_to_a_name_is_none_that_the_proxy_took(void **state)
{
	(void)state;
	assert_int_equal(mixed_behind(NULL), 1);
	assert_int_equal(mixed_behind("CONNECT mx.example.net:25 HTTP/1.1\r\n\r\n"), 0);
}

/* One login in clear at a server whose row has these keys, and what was told of it. */
static struct engine_run *run_accepting(const char *keys)
{
	char text[4096];
	(void)snprintf(text, sizeof(text),
		MADE_HEAD " - {id: r, from: workstations, to: submission, protocols: "
			  "submission, owner: it, reason: why, %s}\n",
		keys);
	return run_new(text);
}

static void log_in_once(struct engine_run *run)
{
	run_start(run);
	struct line line = log_in(run, 40000, "535 no\r\n");
	hang_up(&line);
}

#define ALL "accepts: R41"
#define CLEAR                                                            \
	(BIT(FINDING_TLS_CREDENTIALS_CLEAR) | BIT(FINDING_TLS_MISSING) | \
		BIT(FINDING_TLS_STARTTLS_NOT_OFFERED))

static void what_the_matrix_accepts_is_in_the_record_and_no_alert(void **state)
{
	(void)state;
	struct engine_run *run = run_accepting(ALL);
	log_in_once(run);
	assert_int_equal(run->told_count, 1);
	assert_int_equal(run_last(run)->kind, TOLD_MAIL);
	assert_true(run_last(run)->accepted == CLEAR);
	assert_int_equal(run_counter(run, "alerts.accepted"), 3);
	run_end(run);
}

static void what_it_does_not_accept_of_the_same_flow_is_an_alert(void **state)
{
	(void)state;
	struct engine_run *run = run_accepting("accepts: tls.missing");
	log_in_once(run);
	assert_int_equal(logins_told(run), 1);
	assert_true(run->told[0].findings == (CLEAR & ~BIT(FINDING_TLS_MISSING)));
	assert_true(run_last(run)->accepted == BIT(FINDING_TLS_MISSING));
	run_end(run);
}

static void what_is_or_would_be_blocked_is_told_whoever_accepts_it(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		bool is_enforcing;
		size_t told;
	} CASES[] = {
		{ALL, true, 1},
		{ALL, false, 1},
		{ALL ", mode: audit", true, 0},
		{ALL ", mode: audit", false, 0},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct engine_run *run = run_accepting(CASES[i].keys);
		run_enforce(run);
		run->actions.is_enforcing = CASES[i].is_enforcing;
		run->actions.of[FINDING_TLS_CREDENTIALS_CLEAR] = ACTION_REJECT;
		log_in_once(run);
		assert_int_equal(logins_told(run), CASES[i].told);
		assert_int_equal(run_last(run)->accepted == 0, CASES[i].told == 1);
		run_end(run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_matrix_accepts_is_in_the_record_and_no_alert),
		cmocka_unit_test(what_it_does_not_accept_of_the_same_flow_is_an_alert),
		cmocka_unit_test(
			what_is_or_would_be_blocked_is_told_whoever_accepts_it),
		cmocka_unit_test(
			a_login_behind_a_guess_on_one_connection_is_told_as_well),
		cmocka_unit_test(a_password_in_clear_is_one_alert_with_why_it_was),
		cmocka_unit_test(a_password_that_nobody_answers_is_told_at_the_end),
		cmocka_unit_test(
			a_password_that_is_kept_from_the_server_is_told_at_once),
		cmocka_unit_test(a_probe_is_an_attempt_and_told_at_its_end),
		cmocka_unit_test(guesses_of_other_connections_do_not_fold_a_login_away),
		cmocka_unit_test(what_a_client_says_of_its_target_teaches_nobody),
		cmocka_unit_test(a_turned_dialogue_teaches_nobody_what_a_server_offers),
		cmocka_unit_test(
			mail_through_a_proxy_to_a_name_is_none_that_the_proxy_took),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
