#include "engine/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENT_PORT = 40001, SERVER_PORT = 25, CLIENT_AT = 1000, SERVER_AT = 7000 };

static struct packet packet_of(bool is_from_client, uint32_t len, uint8_t flags)
{
	struct packet packet = {.tcp_flags = flags,
		.payload_wire_len = len,
		.src_port = is_from_client ? CLIENT_PORT : SERVER_PORT,
		.dst_port = is_from_client ? SERVER_PORT : CLIENT_PORT,
		.sequence = is_from_client ? CLIENT_AT : SERVER_AT,
		.acknowledgement = is_from_client ? SERVER_AT : CLIENT_AT};
	(void)address_parse(is_from_client ? "192.0.2.70" : "203.0.113.5", &packet.src);
	(void)address_parse(is_from_client ? "203.0.113.5" : "192.0.2.70", &packet.dst);
	return packet;
}

static struct answers answer(
	const struct packet *packet, enum action action, bool is_first)
{
	const struct engine_passage passage = {.packet = packet,
		.standing = ENGINE_STANDING_BLOCKED,
		.action = action,
		.is_first_blocked = is_first,
		.is_from_client = packet->src_port == CLIENT_PORT};
	struct answers answers;
	answer_block(&passage, packet->sequence, &answers);
	return answers;
}

static const struct inject_segment *toward(const struct answers *answers, uint16_t port)
{
	for (size_t i = 0; i < answers->count; i++) {
		if (answers->list[i].dst_port == port) {
			return &answers->list[i];
		}
	}
	return NULL;
}

static void a_greeting_gives_way_to_554_and_the_server_is_reset(void **state)
{
	(void)state;
	const struct packet banner = packet_of(false, 30, TCP_ACK | TCP_PSH);
	const struct answers answers = answer(&banner, ACTION_REFUSE, true);
	const struct inject_segment *client = toward(&answers, CLIENT_PORT);
	const struct inject_segment *server = toward(&answers, SERVER_PORT);
	assert_int_equal(answers.count, 2);
	assert_int_equal(strncmp(client->text, "554 5.7.1 ", 10), 0);
	assert_int_equal(client->flags, TCP_FIN | TCP_PSH | TCP_ACK);
	assert_int_equal(client->sequence, SERVER_AT);
	assert_int_equal(client->acknowledgement, CLIENT_AT);
	assert_int_equal(server->flags, TCP_RST | TCP_ACK);
	assert_int_equal(server->sequence, CLIENT_AT);
	assert_int_equal(server->acknowledgement, SERVER_AT + 30);
}

static void who_may_come_again_later_is_told_451(void **state)
{
	(void)state;
	const struct packet banner = packet_of(false, 30, TCP_ACK | TCP_PSH);
	const struct engine_passage passage = {.packet = &banner,
		.standing = ENGINE_STANDING_BLOCKED,
		.action = ACTION_REFUSE,
		.is_first_blocked = true,
		.is_temporary = true};
	struct answers answers;
	answer_block(&passage, banner.sequence, &answers);
	const struct inject_segment *client = toward(&answers, CLIENT_PORT);
	assert_int_equal(strncmp(client->text, "451 4.7.1 ", 10), 0);
}

static void a_command_is_answered_by_554_and_acknowledged(void **state)
{
	(void)state;
	const struct packet command = packet_of(true, 12, TCP_ACK | TCP_PSH);
	const struct answers answers = answer(&command, ACTION_REFUSE, true);
	const struct inject_segment *client = toward(&answers, CLIENT_PORT);
	const struct inject_segment *server = toward(&answers, SERVER_PORT);
	assert_non_null(client->text);
	assert_int_equal(client->sequence, SERVER_AT);
	assert_int_equal(client->acknowledgement, CLIENT_AT + 12);
	/* the server never got the command: its next number is where that began */
	assert_int_equal(server->sequence, CLIENT_AT);
	assert_int_equal(server->flags, TCP_RST | TCP_ACK);
}

static void a_server_that_missed_held_bytes_is_reset_where_they_began(void **state)
{
	(void)state;
	const struct packet command = packet_of(true, 12, TCP_ACK);
	const struct engine_passage passage = {.packet = &command,
		.action = ACTION_REJECT,
		.is_first_blocked = true,
		.is_from_client = true};
	struct answers answers;
	answer_block(&passage, CLIENT_AT - 5, &answers);
	assert_int_equal(toward(&answers, SERVER_PORT)->sequence, CLIENT_AT - 5);
}

static void rejecting_resets_both_ends(void **state)
{
	(void)state;
	const struct packet hello = packet_of(true, 200, TCP_ACK);
	const struct answers answers = answer(&hello, ACTION_REJECT, true);
	assert_int_equal(answers.count, 2);
	assert_true(toward(&answers, CLIENT_PORT)->flags & TCP_RST);
	assert_true(toward(&answers, SERVER_PORT)->flags & TCP_RST);
	assert_null(toward(&answers, CLIENT_PORT)->text);
}

static void a_refused_client_may_close_in_peace(void **state)
{
	(void)state;
	const struct packet fin = packet_of(true, 0, TCP_FIN | TCP_ACK);
	struct answers answers = answer(&fin, ACTION_REFUSE, false);
	assert_int_equal(answers.count, 1);
	assert_int_equal(answers.list[0].flags, TCP_ACK);
	assert_int_equal(answers.list[0].acknowledgement, CLIENT_AT + 1);
	const struct packet ack = packet_of(true, 0, TCP_ACK);
	answers = answer(&ack, ACTION_REFUSE, false);
	assert_int_equal(answers.count, 0);
}

static void whoever_goes_on_is_reset_again_but_no_reset_is_answered(void **state)
{
	(void)state;
	const struct packet data = packet_of(false, 10, TCP_ACK);
	assert_int_equal(
		answer(&data, ACTION_REFUSE, false).list[0].flags, TCP_RST | TCP_ACK);
	const struct packet rst = packet_of(false, 0, TCP_RST | TCP_ACK);
	assert_int_equal(answer(&rst, ACTION_REFUSE, false).count, 0);
	assert_int_equal(answer(&rst, ACTION_REJECT, false).count, 0);
}

static void dropping_says_nothing(void **state)
{
	(void)state;
	const struct packet data = packet_of(true, 10, TCP_ACK);
	assert_int_equal(answer(&data, ACTION_DROP, true).count, 0);
	assert_int_equal(answer(&data, ACTION_DROP, false).count, 0);
}

static void a_syn_is_answered_as_by_a_closed_port(void **state)
{
	(void)state;
	struct packet syn = packet_of(true, 0, TCP_SYN);
	syn.acknowledgement = 0;
	struct answers answers;
	answer_reset(&syn, &answers);
	assert_int_equal(answers.count, 1);
	assert_int_equal(answers.list[0].flags, TCP_RST | TCP_ACK);
	assert_int_equal(answers.list[0].sequence, 0);
	assert_int_equal(answers.list[0].acknowledgement, CLIENT_AT + 1);
	assert_int_equal(answers.list[0].dst_port, CLIENT_PORT);
}

/* How many resets toward this port have this number. */
static unsigned resets(const struct answers *answers, uint16_t port, uint32_t sequence)
{
	unsigned count = 0;
	for (size_t i = 0; i < answers->count; i++) {
		const struct inject_segment *segment = &answers->list[i];
		count += segment->dst_port == port && segment->flags & TCP_RST &&
			 segment->sequence == sequence;
	}
	return count;
}

/* It sent an old number again: what the server has is what it acknowledged. */
static void a_server_is_reset_by_the_number_that_it_acknowledged_too(void **state)
{
	(void)state;
	const struct packet command = packet_of(true, 12, TCP_ACK);
	struct engine_passage passage = {.packet = &command,
		.action = ACTION_REFUSE,
		.is_first_blocked = true,
		.is_from_client = true,
		.received = {.is_known = true, .acknowledged = CLIENT_AT + 3}};
	struct answers answers;
	answer_block(&passage, CLIENT_AT, &answers);
	assert_int_equal(resets(&answers, SERVER_PORT, CLIENT_AT), 1);
	assert_int_equal(resets(&answers, SERVER_PORT, CLIENT_AT + 3), 1);
	passage.received.acknowledged = CLIENT_AT;
	answer_block(&passage, CLIENT_AT, &answers);
	assert_int_equal(resets(&answers, SERVER_PORT, CLIENT_AT), 1);
	assert_int_equal(answers.count, 2);
}

/* More was let on to it since it sent this. */
static void a_server_that_speaks_is_reset_by_the_number_it_may_have_by_now(void **state)
{
	(void)state;
	const struct packet reply = packet_of(false, 30, TCP_ACK);
	struct engine_passage passage = {.packet = &reply,
		.action = ACTION_REJECT,
		.is_first_blocked = true,
		.given = {.is_known = true, .next = CLIENT_AT + 8}};
	struct answers answers;
	answer_block(&passage, SERVER_AT, &answers);
	assert_int_equal(resets(&answers, SERVER_PORT, CLIENT_AT), 1);
	assert_int_equal(resets(&answers, SERVER_PORT, CLIENT_AT + 8), 1);
	assert_int_equal(resets(&answers, CLIENT_PORT, SERVER_AT), 1);
	assert_int_equal(answers.count, 3);
}

static void a_server_is_reset_again_by_each_word_of_a_client_that_goes_on(void **state)
{
	(void)state;
	const struct packet command = packet_of(true, 12, TCP_ACK);
	struct answers answers = answer(&command, ACTION_REFUSE, false);
	assert_int_equal(resets(&answers, SERVER_PORT, CLIENT_AT), 1);
	assert_int_equal(toward(&answers, CLIENT_PORT)->flags, TCP_ACK);
	answers = answer(&command, ACTION_REJECT, false);
	assert_int_equal(resets(&answers, SERVER_PORT, CLIENT_AT), 1);
	assert_int_equal(resets(&answers, CLIENT_PORT, SERVER_AT), 1);
}

static void what_went_on_already_is_reset_whatever_the_action(void **state)
{
	(void)state;
	const struct packet command = packet_of(true, 12, TCP_ACK);
	const struct engine_passage passage = {.packet = &command,
		.action = ACTION_DROP,
		.is_first_blocked = true,
		.is_from_client = true};
	struct answers answers;
	answer_block_behind(&passage, &answers);
	assert_int_equal(resets(&answers, SERVER_PORT, CLIENT_AT + 12), 1);
	assert_int_equal(resets(&answers, CLIENT_PORT, SERVER_AT), 1);
}

static void what_went_on_already_is_reset_behind_itself(void **state)
{
	(void)state;
	const struct packet command = packet_of(true, 12, TCP_ACK | TCP_FIN);
	const struct engine_passage passage = {.packet = &command,
		.standing = ENGINE_STANDING_BLOCKED,
		.action = ACTION_REFUSE,
		.is_first_blocked = true,
		.is_from_client = true};
	struct answers answers;
	answer_block_behind(&passage, &answers);
	assert_int_equal(answers.count, 2);
	const struct inject_segment *client = toward(&answers, CLIENT_PORT);
	const struct inject_segment *server = toward(&answers, SERVER_PORT);
	assert_null(client->text);
	assert_int_equal(client->flags, TCP_RST | TCP_ACK);
	assert_int_equal(client->acknowledgement, CLIENT_AT + 12 + 1);
	assert_int_equal(server->flags, TCP_RST | TCP_ACK);
	assert_int_equal(server->sequence, CLIENT_AT + 12 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_greeting_gives_way_to_554_and_the_server_is_reset),
		cmocka_unit_test(who_may_come_again_later_is_told_451),
		cmocka_unit_test(a_command_is_answered_by_554_and_acknowledged),
		cmocka_unit_test(
			a_server_that_missed_held_bytes_is_reset_where_they_began),
		cmocka_unit_test(rejecting_resets_both_ends),
		cmocka_unit_test(a_refused_client_may_close_in_peace),
		cmocka_unit_test(
			whoever_goes_on_is_reset_again_but_no_reset_is_answered),
		cmocka_unit_test(dropping_says_nothing),
		cmocka_unit_test(
			a_server_is_reset_by_the_number_that_it_acknowledged_too),
		cmocka_unit_test(
			a_server_that_speaks_is_reset_by_the_number_it_may_have_by_now),
		cmocka_unit_test(
			a_server_is_reset_again_by_each_word_of_a_client_that_goes_on),
		cmocka_unit_test(what_went_on_already_is_reset_whatever_the_action),
		cmocka_unit_test(a_syn_is_answered_as_by_a_closed_port),
		cmocka_unit_test(what_went_on_already_is_reset_behind_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
