#include "engine_run.h"

#include "../analyze/rpc_maker.h"

enum {
	MAPPER_PORT = 135,
	MAPI_PORT = 6004,
	RPC_REQUEST = 0,
	RPC_RESPONSE = 2,
	RPC_BIND = 11,
	RPC_BIND_ACK = 12,
};

static const uint8_t ANY[4];

/* No protocol begins so. */
#define ODD "\x01\x02\x01\x02\x01\x02\x01\x02"

/* Somebody asks the server's mapper; it tells where this interface listens. */
static void ask_mapper(
	struct engine_run *run, const struct rpc_uuid *uuid, const uint8_t address[4])
{
	struct line line = open_line(run, MX_IN, 50000, MAILBOX, MAPPER_PORT);
	const struct rpc_uuid *const mapper = &UUID_MAPPER;
	struct rpc_made made = {.len = 0};
	rpc_bind(&made, RPC_BIND, &mapper, 1);
	rpc_end(&made, 0, 0);
	say_bytes(&line, CLIENT, made.bytes, made.len);
	made.len = 0;
	rpc_ack(&made, RPC_BIND_ACK, 1, 1);
	rpc_end(&made, 0, 0);
	say_bytes(&line, SERVER, made.bytes, made.len);
	made.len = 0;
	rpc_call(&made, RPC_REQUEST, 40);
	rpc_end(&made, 0, 0);
	say_bytes(&line, CLIENT, made.bytes, made.len);
	made.len = 0;
	rpc_begin(&made, RPC_RESPONSE);
	rpc_number(&made, 40, 4);
	rpc_number(&made, 0, 4);
	rpc_tower(&made, uuid, 0x07, MAPI_PORT, address);
	rpc_end(&made, 0, 0);
	say_bytes(&line, SERVER, made.bytes, made.len);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
}

/* Calls of a connection that was there before the capture: its bind was not seen. */
static struct line call_in_the_midst(struct engine_run *run, const char *server)
{
	struct line line = line_of(run, WORKSTATION, 40000, server, MAPI_PORT);
	for (unsigned i = 0; i < 2; i++) {
		struct rpc_made made = {.len = 0};
		rpc_call(&made, i == 0 ? RPC_REQUEST : RPC_RESPONSE, 64);
		rpc_end(&made, 10, 6);
		say_bytes(&line, i == 0 ? CLIENT : SERVER, made.bytes, made.len);
	}
	return line;
}

static void assert_mapi(const struct engine_run *run)
{
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_MAPI_RPC);
	assert_string_equal(run_last(run)->evidence, "endpoint mapper's answer");
}

static void a_bind_that_was_missed_is_named_by_what_the_mapper_told(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	ask_mapper(run, &UUID_EMSMDB, ANY);
	struct line line = call_in_the_midst(run, MAILBOX);
	hang_up(&line);
	assert_mapi(run);
	run_end(run);
}

static void without_the_mapper_it_is_no_mail(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = call_in_the_midst(run, MAILBOX);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

static void the_port_of_another_interface_names_nothing(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	ask_mapper(run, &UUID_WINREG, ANY);
	struct line line = call_in_the_midst(run, MAILBOX);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

static void the_address_in_the_tower_counts_as_well(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	const uint8_t relay[4] = {192, 0, 2, 25};
	ask_mapper(run, &UUID_EMSMDB, relay);
	struct line line = call_in_the_midst(run, RELAY);
	hang_up(&line);
	assert_mapi(run);
	run_end(run);
}

static void the_mapper_is_forgotten_in_time(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	ask_mapper(run, &UUID_EMSMDB, ANY);
	run->now_us += ENDPOINT_LIFETIME_US + SECOND_US;
	struct line line = call_in_the_midst(run, MAILBOX);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

/* In the middle of a PDU no signature holds: the port alone starts the dialogue. */
static void bytes_that_tell_nothing_at_mapis_port_are_followed(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	ask_mapper(run, &UUID_EMSMDB, ANY);
	struct line line = line_of(run, WORKSTATION, 40000, MAILBOX, MAPI_PORT);
	say_bytes(&line, CLIENT, ODD, sizeof(ODD) - 1);
	assert_int_equal(run->phase, CONVERSATION_DIALOGUE);
	hang_up(&line);
	assert_mapi(run);
	/* the same of a connection whose start was seen is something else */
	run->told_count = 0;
	line = open_line(run, WORKSTATION, 40001, MAILBOX, MAPI_PORT);
	say_bytes(&line, CLIENT, ODD, sizeof(ODD) - 1);
	say_bytes(&line, SERVER, ODD, sizeof(ODD) - 1);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bind_that_was_missed_is_named_by_what_the_mapper_told),
		TEST(without_the_mapper_it_is_no_mail),
		TEST(the_port_of_another_interface_names_nothing),
		TEST(the_address_in_the_tower_counts_as_well),
		TEST(the_mapper_is_forgotten_in_time),
		TEST(bytes_that_tell_nothing_at_mapis_port_are_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
