#include "engine_run.h"

/* What nobody allows, as far as it is known for what it is. */
static struct line illegitimate(struct engine_run *run, uint16_t client_port)
{
	struct line line = open_line(run, WORKSTATION, client_port, INTERNET, 25);
	smtp_sender(&line);
	return line;
}

/* ---- ends ---- */

static void a_flow_is_told_while_it_runs_and_recorded_at_its_end(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = illegitimate(run, 40000);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_int_equal(run_mails(run), 0);
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_int_equal(run_mails(run), 1);
	assert_string_equal(run_last(run)->state, "closed");
	assert_int_equal(run_last(run)->verdict, VERDICT_ILLEGITIMATE);
	run_end(run);
}

static void a_reset_ends_a_flow(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = illegitimate(run, 40000);
	rst(&line, SERVER);
	fall_silent(run);
	assert_int_equal(run_mails(run), 1);
	assert_string_equal(run_last(run)->state, "reset");
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	run_end(run);
}

static void what_a_row_allows_is_recorded_with_it(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 0);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->verdict, VERDICT_LEGITIMATE);
	assert_string_equal(run_last(run)->row, "M-04");
	assert_int_equal(run->lessons, 1);
	run_end(run);
}

static void what_anybody_can_make_up_teaches_nothing(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line one = line_of(run, MX_OUT, 40000, INTERNET, 25);
	smtp_greeting(&one); /* both sides, and no handshake */
	hang_up(&one);
	struct line other = open_line(run, MX_OUT, 40001, INTERNET, 25);
	say(&other, SERVER, "220 mx.example.net ESMTP\r\n250-x\r\n250 STARTTLS\r\n");
	rst(&other, SERVER);
	fall_silent(run);
	assert_int_equal(run_mails(run), 2);
	assert_int_equal(run->lessons, 0);
	run_end(run);
}

static void two_versions_of_a_line_are_told_once(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	smtp_greeting(&line);
	const uint32_t at = line.next[CLIENT];
	say(&line, CLIENT, "NOOP\r\n");
	segment(&line, CLIENT, TCP_ACK, at, text_of("MAIL\r\n"));
	segment(&line, CLIENT, TCP_ACK, at, text_of("RSET\r\n"));
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_EVASION_AMBIGUOUS), 1);
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_EVASION_AMBIGUOUS), 1);
	assert_int_equal(run_last(run)->verdict, VERDICT_LEGITIMATE);
	run_end(run);
}

static void two_versions_of_what_is_no_mail_are_nobodys_business(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	const uint32_t at = line.next[CLIENT];
	say(&line, CLIENT, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	segment(&line, CLIENT, TCP_ACK, at, text_of("PUT / HTTP/1.1\r\n"));
	say(&line, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	hang_up(&line);
	engine_drain(run->engine);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_EVASION_AMBIGUOUS), 0);
	run_end(run);
}

static void a_drain_ends_what_runs_oldest_first(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	(void)illegitimate(run, 40000);
	run->now_us += SECOND_US;
	(void)illegitimate(run, 40001);
	assert_int_equal(engine_flows(run->engine), 2);
	run->told_count = 0;
	engine_drain(run->engine);
	assert_int_equal(run_mails(run), 2);
	assert_int_equal(run->told[0].client_port, 40000);
	assert_int_equal(run->told[1].client_port, 40001);
	assert_int_equal(run_counter(run, "flow.drained"), 2);
	run_end(run);
}

static void a_drain_tells_what_was_folded(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	for (uint16_t i = 0; i < 3; i++) {
		struct line line = illegitimate(run, (uint16_t)(40000 + i));
		hang_up(&line);
	}
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	engine_drain(run->engine);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 2);
	bool is_seen = false;
	for (size_t i = 0; i < run->told_count; i++) {
		const struct told *told = &run->told[i];
		if (told->is_repeat && told->finding == FINDING_SENDER_ILLEGITIMATE) {
			assert_int_equal(told->count, 2);
			is_seen = true;
		}
	}
	assert_true(is_seen);
	run_end(run);
}

/* What a client says of its target is no knowledge of a server. */
static void a_server_teaches_and_a_name_behind_a_proxy_does_not(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	smtp_greeting(&line);
	hang_up(&line);
	assert_int_equal(run->lessons, 1);
	line = open_line(run, MX_OUT, 40001, INTERNET, 3128);
	say(&line, CLIENT, "CONNECT mail.example.net:25 HTTP/1.1\r\n\r\n");
	say(&line, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	smtp_greeting(&line);
	hang_up(&line);
	assert_int_equal(run_mails(run), 2);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_SMTP);
	assert_int_equal(run->lessons, 1);
	run_end(run);
}

static void a_dial_that_is_refused_is_an_attempt(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	segment(&line, SERVER, TCP_RST | TCP_ACK, 0, text_of(""));
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ATTEMPT), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_ATTEMPT);
	assert_string_equal(run_last(run)->evidence, "reset");
	run_end(run);
}

/* ---- a full table ---- */

static void a_full_table_gives_up_the_flow_idle_longest_and_records_it(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run->settings.flows = 2;
	run->settings.watched = 2;
	run_start(run);
	struct line first = illegitimate(run, 40000);
	run->now_us += SECOND_US;
	struct line second = illegitimate(run, 40001);
	run->now_us += SECOND_US;
	say(&first, CLIENT, "NOOP\r\n"); /* now the second is idle longest */
	run->now_us += SECOND_US;
	(void)illegitimate(run, 40002);
	assert_int_equal(run_counter(run, "flow.evicted"), 1);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(engine_flows(run->engine), 2);
	for (size_t i = 0; i < run->told_count; i++) {
		if (run->told[i].kind == TOLD_MAIL) {
			assert_int_equal(run->told[i].client_port, 40001);
		}
	}
	(void)second;
	run_end(run);
}

static void an_evicted_flow_without_a_byte_is_no_attempt(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run->settings.flows = 1;
	run_start(run);
	(void)open_line(run, WORKSTATION, 40000, INTERNET, 25);
	(void)open_line(run, WORKSTATION, 40001, INTERNET, 25);
	assert_int_equal(run_counter(run, "flow.evicted"), 1);
	assert_int_equal(run_counter(run, "mail.attempts"), 0);
	run_end(run);
}

/* ---- another matrix ---- */

#define ALLOWED                                                                \
	MADE_OFFICE                                                            \
	"  - {id: M-99, from: workstations, to: internet, protocols: [smtp], " \
	"tls: optional}\n"

static void behind_a_swap_the_new_matrix_judges(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct matrix *old = run->matrix;
	struct line line = illegitimate(run, 40000);
	run->matrix = made_matrix(ALLOWED);
	engine_set_matrix(run->engine, run->matrix);
	matrix_free(old); /* nothing may point into it any more */
	smtp_message(&line);
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->verdict, VERDICT_LEGITIMATE);
	assert_string_equal(run_last(run)->row, "M-99");
	engine_drain(run->engine);
	run_end(run);
}

static void what_was_folded_is_told_before_a_swap(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct matrix *old = run->matrix;
	(void)illegitimate(run, 40000);
	(void)illegitimate(run, 40001);
	run->told_count = 0;
	run->matrix = made_matrix(ALLOWED);
	engine_set_matrix(run->engine, run->matrix);
	matrix_free(old);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_true(run->told[0].is_repeat);
	assert_int_equal(run->told[0].count, 1);
	const size_t told = run->told_count;
	engine_set_matrix(run->engine, run->matrix);
	assert_int_equal(run->told_count, told);
	run_end(run);
}

static void behind_a_swap_a_finding_is_told_at_once_again(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	(void)illegitimate(run, 40000);
	engine_set_matrix(run->engine, run->matrix);
	run->told_count = 0;
	(void)illegitimate(run, 40001);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_false(run->told[0].is_repeat);
	run_end(run);
}

/* ---- clocks ---- */

static void refused_dial(struct engine_run *run, const char *client)
{
	struct line line = line_of(run, client, 40000, INTERNET, 25);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	rst(&line, SERVER);
}

static void what_was_folded_is_told_before_its_place_goes_to_another(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	size_t repeats = 0;
	refused_dial(run, WORKSTATION);
	refused_dial(run, WORKSTATION); /* folded */
	for (unsigned i = 0; i < 1U << 15 && repeats == 0; i++) {
		char client[24];
		(void)snprintf(client, sizeof(client), "10.%u.%u.1", i >> 8, i & 0xff);
		run->told_count = 0;
		refused_dial(run, client);
		for (size_t at = 0; at < run->told_count; at++) {
			repeats += run->told[at].is_repeat;
		}
	}
	assert_int_equal(repeats, 1);
	run->told_count = 0;
	run_end(run);
}

static void the_frames_clock_stands_still_while_the_engines_goes_on(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	assert_int_equal(engine_taken_us(run->engine), 0);
	struct line line = illegitimate(run, 40000);
	assert_int_equal(engine_taken_us(run->engine), NOW_US);
	assert_int_equal(engine_now_us(run->engine), NOW_US);
	engine_idle(run->engine, NOW_US + 5 * SECOND_US);
	assert_int_equal(engine_taken_us(run->engine), NOW_US);
	assert_int_equal(engine_now_us(run->engine), NOW_US + 5 * SECOND_US);
	engine_idle(run->engine, NOW_US); /* never back */
	assert_int_equal(engine_now_us(run->engine), NOW_US + 5 * SECOND_US);
	run->now_us += SECOND_US;
	acknowledge(&line, CLIENT);
	assert_int_equal(engine_taken_us(run->engine), NOW_US + SECOND_US);
	assert_int_equal(engine_now_us(run->engine), NOW_US + SECOND_US);
	run_end(run);
}

static void idle_time_ends_flows_and_tells_what_was_folded(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	(void)illegitimate(run, 40000);
	(void)illegitimate(run, 40001);
	run->told_count = 0;
	engine_idle(run->engine, NOW_US + FOLD_WINDOW_US - 1);
	assert_int_equal(run->told_count, 0);
	engine_idle(run->engine, NOW_US + FOLD_WINDOW_US);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_int_equal(run_mails(run), 0);
	engine_idle(run->engine, NOW_US + 7200 * SECOND_US);
	assert_int_equal(run_mails(run), 2);
	assert_int_equal(run_counter(run, "flow.idle"), 2);
	run_end(run);
}

/* ---- several frames at once ---- */

/* Of each packet its own time, although all were decoded before the first had its turn. */
static void frames_given_at_once_keep_their_times_and_order(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	enum { COUNT = ENGINE_FRAMES_AT_ONCE + 4 };
	static struct frame_bytes made[COUNT];
	struct frame frames[COUNT];
	const char *const turns[] = {"220 mx.example.net ESMTP\r\n",
		"EHLO host.example.org\r\n", "250 mx.example.net\r\n",
		"MAIL FROM:<a@example.org>\r\n"};
	for (unsigned i = 0; i < COUNT; i++) {
		const enum side from = i % 2 ? CLIENT : SERVER;
		const char *turn = i < 4 ? turns[i] : i % 2 ? "NOOP\r\n" : "250 ok\r\n";
		make_segment(
			&made[i], &line, from, TCP_ACK, line.next[from], text_of(turn));
		line.next[from] += (uint32_t)strlen(turn);
		frames[i] = (struct frame){.time_us = NOW_US + i * SECOND_US,
			.bytes = frame_at(&made[i]),
			.captured_len = (uint32_t)made[i].len,
			.wire_len = (uint32_t)made[i].len,
			.link_type = LINK_RAW_IP};
	}
	run->passages = 0;
	engine_frames(run->engine, frames, COUNT);
	assert_int_equal(run->passages, COUNT);
	assert_int_equal(run->passage.frame, COUNT - 1);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	/* with MAIL it sends: the fourth frame */
	assert_int_equal(run->told[0].time_us, NOW_US + 3 * SECOND_US);
	assert_int_equal(engine_now_us(run->engine), NOW_US + (COUNT - 1) * SECOND_US);
	run_end(run);
}

/* ---- counters ---- */

static void counters_have_names_of_their_own(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = illegitimate(run, 40000);
	hang_up(&line);
	struct counter list[ENGINE_COUNTERS_MAX];
	const size_t count = engine_counters(run->engine, list);
	assert_in_range(count, 1, ENGINE_COUNTERS_MAX);
	for (size_t i = 0; i < count; i++) {
		for (size_t other = 0; other < i; other++) {
			assert_string_not_equal(list[i].name, list[other].name);
		}
	}
	assert_int_equal(run_counter(run, "frames"), 11);
	assert_int_equal(run_counter(run, "flow.closed"), 1);
	assert_int_equal(run_counter(run, "mail.flows"), 1);
	assert_int_equal(
		run_counter(run, "alerts.given"), engine_alert_count(run->engine));
	run_end(run);
}

static void a_frame_that_is_no_packet_changes_nothing_but_counters(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	const uint8_t odd[] = {0x45, 0, 0};
	const struct frame frame = {.time_us = NOW_US,
		.bytes = odd,
		.captured_len = sizeof(odd),
		.wire_len = sizeof(odd),
		.link_type = LINK_RAW_IP};
	engine_frames(run->engine, &frame, 1);
	assert_int_equal(run_counter(run, "frames"), 1);
	assert_int_equal(run_counter(run, "decode.truncated"), 1);
	assert_int_equal(engine_taken_us(run->engine), NOW_US);
	assert_int_equal(engine_flows(run->engine), 0);
	assert_int_equal(run->passages, 0);
	run_end(run);
}

/* A flow is 128 bytes and a bucket of 4; one that is looked into at most 4 KiB all told. */
static void what_an_engine_takes_at_most_goes_by_its_flows(void **state)
{
	(void)state;
	const uint64_t million = UINT64_C(1) << 20;
	const uint64_t shared = engine_bytes(1024, 0) - 1024 * (128 + 4);
	assert_int_equal(shared, 64 * million);
	assert_int_equal(engine_bytes(1U << 20, 0) - shared, million * (128 + 4));
	/* one more flow needs twice the buckets */
	assert_int_equal(engine_bytes((1U << 20) + 1, 0) - engine_bytes(1U << 20, 0),
		128 + 4 * million);
	const uint64_t watched =
		engine_bytes(1U << 20, 1000) - engine_bytes(1U << 20, 0);
	assert_in_range(
		watched, 1000 * sizeof(struct conversation), 1000 * (4096 - (128 + 4)));
}

static void event_numbers_never_come_twice(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = illegitimate(run, 40000);
	hang_up(&line);
	(void)illegitimate(run, 40001);
	engine_drain(run->engine);
	for (size_t i = 0; i < run->told_count; i++) {
		assert_int_equal(run->told[i].sequence, i + 1);
	}
	assert_int_equal(engine_next_sequence(run->engine), run->told_count + 1);
	run_end(run);
}

/* ---- packets that go back to where they came from ---- */

static struct engine_run *run_inline(bool is_enforcing)
{
	struct engine_run *run = run_new(MADE_OFFICE);
	run_enforce(run);
	run->actions.is_enforcing = is_enforcing;
	run_start(run);
	return run;
}

/* From the end, or as if from it: the standing of a reset whose number is right. */
static enum engine_standing standing_of_reset(struct line *line, enum side from)
{
	struct engine_run *run = line->run;
	run->is_returned = true;
	segment(line, from, TCP_RST | TCP_ACK, line->next[from], text_of(""));
	run->is_returned = false;
	return run->passage.standing;
}

static void a_neighbour_speaks_for_nobody_on_the_other_link(void **state)
{
	(void)state;
	struct engine_run *run = run_inline(true);
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 3128);
	assert_int_equal(standing_of_reset(&line, SERVER), ENGINE_STANDING_ODD);
	assert_int_equal(run->passage.flow->packets[1], 1);
	run->is_returned = true;
	say(&line, SERVER, "SSH-2.0-x\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_ODD);
	run->is_returned = false;
	line.next[SERVER] -= 11;
	assert_int_equal(standing_of_reset(&line, CLIENT), ENGINE_STANDING_ODD);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void nor_does_one_who_answers_before_the_server(void **state)
{
	(void)state;
	struct engine_run *run = run_inline(true);
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 3128);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	run->is_returned = true;
	segment(&line, SERVER, TCP_SYN | TCP_ACK, 77, text_of(""));
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	run->is_returned = false;
	segment(&line, SERVER, TCP_SYN | TCP_ACK, line.next[SERVER] - 1, text_of(""));
	assert_int_equal(standing_of_reset(&line, SERVER), ENGINE_STANDING_ODD);
	run_end(run);
}

/* Two hosts of one link behind one router, or a server whose answers come by the clients' link. */
static void who_is_on_that_link_speaks_for_itself(void **state)
{
	(void)state;
	struct engine_run *run = run_inline(true);
	run->is_returned = true;
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 3128);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_OPEN);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_int_equal(run->passage.standing, ENGINE_STANDING_BLOCKED);
	line = line_of(run, WORKSTATION, 40001, INTERNET, 3128);
	run->is_returned = false;
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	run->is_returned = true;
	segment(&line, SERVER, TCP_SYN | TCP_ACK, line.next[SERVER] - 1, text_of(""));
	assert_int_equal(standing_of_reset(&line, SERVER), ENGINE_STANDING_OPEN);
	run_end(run);
}

static void who_only_audits_keeps_nobody_from_speaking(void **state)
{
	(void)state;
	struct engine_run *run = run_inline(false);
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 3128);
	assert_int_equal(standing_of_reset(&line, SERVER), ENGINE_STANDING_OPEN);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_flow_is_told_while_it_runs_and_recorded_at_its_end),
		TEST(a_reset_ends_a_flow),
		TEST(what_a_row_allows_is_recorded_with_it),
		TEST(what_anybody_can_make_up_teaches_nothing),
		TEST(two_versions_of_a_line_are_told_once),
		TEST(two_versions_of_what_is_no_mail_are_nobodys_business),
		TEST(a_drain_ends_what_runs_oldest_first),
		TEST(a_drain_tells_what_was_folded),
		TEST(a_server_teaches_and_a_name_behind_a_proxy_does_not),
		TEST(a_dial_that_is_refused_is_an_attempt),
		TEST(a_full_table_gives_up_the_flow_idle_longest_and_records_it),
		TEST(an_evicted_flow_without_a_byte_is_no_attempt),
		TEST(behind_a_swap_the_new_matrix_judges),
		TEST(what_was_folded_is_told_before_a_swap),
		TEST(behind_a_swap_a_finding_is_told_at_once_again),
		TEST(what_was_folded_is_told_before_its_place_goes_to_another),
		TEST(the_frames_clock_stands_still_while_the_engines_goes_on),
		TEST(idle_time_ends_flows_and_tells_what_was_folded),
		TEST(frames_given_at_once_keep_their_times_and_order),
		TEST(counters_have_names_of_their_own),
		TEST(a_frame_that_is_no_packet_changes_nothing_but_counters),
		TEST(what_an_engine_takes_at_most_goes_by_its_flows),
		TEST(event_numbers_never_come_twice),
		TEST(a_neighbour_speaks_for_nobody_on_the_other_link),
		TEST(nor_does_one_who_answers_before_the_server),
		TEST(who_is_on_that_link_speaks_for_itself),
		TEST(who_only_audits_keeps_nobody_from_speaking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
