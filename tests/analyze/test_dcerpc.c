#include "analyze/dcerpc.h"
#include "rpc_maker.h"
#include "talk.h"

static const struct rpc_uuid *const EMSMDB[] = {&UUID_EMSMDB};
static const struct rpc_uuid *const WINREG[] = {&UUID_WINREG};
static const struct rpc_uuid *const MAPPER[] = {&UUID_MAPPER};
static const struct rpc_uuid *const MANY[] = {
	&UUID_WINREG, &UUID_MAPPER, &UUID_NSPI, &UUID_WINREG};

/* Both ways of a conversation, PDU by PDU. */
struct script {
	struct rpc_made made[16];
	struct talk_step steps[16];
	size_t count;
	bool is_big;
};

static struct rpc_made *script_pdu(struct script *script, enum talk_who who)
{
	script->steps[script->count].who = who;
	struct rpc_made *made = &script->made[script->count++];
	*made = (struct rpc_made){.is_big = script->is_big};
	return made;
}

static const struct talk_step *script_steps(struct script *script)
{
	for (size_t i = 0; i < script->count; i++) {
		script->steps[i].text = (const char *)script->made[i].bytes;
		script->steps[i].len = script->made[i].len;
	}
	return script->steps;
}

static struct facts script_facts(struct script *script, bool is_midstream)
{
	return talk_facts(
		PROTOCOL_DCERPC, is_midstream, script_steps(script), script->count);
}

static void add_bind(struct script *script, const struct rpc_uuid *const *uuids,
	unsigned count, unsigned level)
{
	struct rpc_made *made = script_pdu(script, TALK_CLIENT);
	rpc_bind(made, RPC_TYPE_BIND, uuids, count);
	rpc_end(made, 10, level);
}

static void add_ack(struct script *script, unsigned granted, unsigned count)
{
	struct rpc_made *made = script_pdu(script, TALK_SERVER);
	rpc_ack(made, RPC_TYPE_BIND_ACK, granted, count);
	rpc_end(made, 10, 0);
}

static void add_call(struct script *script, unsigned type, unsigned level)
{
	struct rpc_made *made = script_pdu(
		script, type == RPC_TYPE_REQUEST ? TALK_CLIENT : TALK_SERVER);
	rpc_call(made, type, 40);
	rpc_end(made, 10, level);
}

static void make_session(struct script *script, unsigned bind, unsigned call)
{
	add_bind(script, EMSMDB, 1, bind);
	add_ack(script, 1, 1);
	add_call(script, RPC_TYPE_REQUEST, call);
	add_call(script, RPC_TYPE_RESPONSE, call);
}

static void a_granted_exchange_interface_is_mapi(void **state)
{
	(void)state;
	for (int is_big = 0; is_big < 2; is_big++) {
		struct script script = {.is_big = is_big == 1};
		make_session(&script, 0, 0);
		const struct facts facts = script_facts(&script, false);
		assert_int_equal(facts.protocol, PROTOCOL_MAPI_RPC);
		assert_false(facts.is_unanswered);
		assert_int_equal(facts.rpc_protection, RPC_LEVEL_NONE);
		assert_true(facts.has_content_clear);
		assert_int_equal(facts.tls, FACTS_TLS_NONE);
	}
}

static void privacy_hides_the_content_and_lower_levels_do_not(void **state)
{
	(void)state;
	for (unsigned level = RPC_LEVEL_NONE; level <= RPC_LEVEL_PRIVACY; level++) {
		struct script script = {.count = 0};
		make_session(&script, level, level);
		const struct facts facts = script_facts(&script, false);
		assert_int_equal(facts.rpc_protection, level);
		assert_int_equal(facts.has_content_clear, level != RPC_LEVEL_PRIVACY);
		assert_int_equal(facts.auth_tried, FACTS_MECHANISM_NTLM);
		assert_int_equal(facts.auth_accepted, FACTS_UNKNOWN);
	}
}

static void one_bare_call_behind_private_ones_is_content_in_clear(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	make_session(&script, RPC_LEVEL_PRIVACY, RPC_LEVEL_PRIVACY);
	add_call(&script, RPC_TYPE_REQUEST, 0);
	const struct facts facts = script_facts(&script, false);
	assert_int_equal(facts.rpc_protection, RPC_LEVEL_NONE);
	assert_true(facts.has_content_clear);
}

static void a_fault_without_protection_is_no_content(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	make_session(&script, RPC_LEVEL_PRIVACY, RPC_LEVEL_PRIVACY);
	struct rpc_made *made = script_pdu(&script, TALK_SERVER);
	rpc_call(made, RPC_TYPE_FAULT, 8);
	rpc_end(made, 10, 0);
	assert_false(script_facts(&script, false).has_content_clear);
}

static void every_context_of_a_bind_is_read(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	add_bind(&script, MANY, 4, 0);
	add_ack(&script, 1U << 2, 4);
	assert_int_equal(script_facts(&script, false).protocol, PROTOCOL_MAPI_RPC);
}

static void an_interface_that_is_refused_is_no_mail(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	add_bind(&script, MANY, 4, 0);
	add_ack(&script, 1U << 0 | 1U << 1 | 1U << 3, 4);
	struct facts facts = script_facts(&script, false);
	assert_int_equal(facts.protocol, PROTOCOL_DCERPC);
	assert_false(facts.is_unanswered);

	struct script nak = {.count = 0};
	add_bind(&nak, EMSMDB, 1, 0);
	struct rpc_made *made = script_pdu(&nak, TALK_SERVER);
	rpc_begin(made, RPC_TYPE_BIND_NAK);
	rpc_number(made, 0, 2);
	rpc_end(made, 0, 0);
	facts = script_facts(&nak, false);
	assert_int_equal(facts.protocol, PROTOCOL_DCERPC);
}

static void a_bind_without_an_answer_stays_a_claim(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	add_bind(&script, EMSMDB, 1, 0);
	const struct facts facts = script_facts(&script, false);
	assert_int_equal(facts.protocol, PROTOCOL_MAPI_RPC);
	assert_true(facts.is_unanswered);
}

static void an_alter_context_can_turn_a_flow_into_mapi(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	add_bind(&script, WINREG, 1, 0);
	add_ack(&script, 1, 1);
	add_call(&script, RPC_TYPE_REQUEST, 0);
	struct rpc_made *made = script_pdu(&script, TALK_CLIENT);
	rpc_bind(made, RPC_TYPE_ALTER_CONTEXT, EMSMDB, 1);
	rpc_end(made, 10, RPC_LEVEL_PRIVACY);
	made = script_pdu(&script, TALK_SERVER);
	rpc_ack(made, RPC_TYPE_ALTER_RESPONSE, 1, 1);
	rpc_end(made, 10, RPC_LEVEL_PRIVACY);
	const struct facts facts = script_facts(&script, false);
	assert_int_equal(facts.protocol, PROTOCOL_MAPI_RPC);
	assert_false(facts.has_content_clear);
}

static void another_interface_is_given_up_after_some_requests(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	struct talk talk;
	add_bind(&script, WINREG, 1, 0);
	add_call(&script, RPC_TYPE_REQUEST, 0);
	const struct talk_step *steps = script_steps(&script);
	talk_open(&talk, PROTOCOL_DCERPC, false);
	talk_step(&talk, &steps[0], SIZE_MAX, SIZE_MAX);
	unsigned requests = 0;
	while (talk.result == DIALOGUE_GO_ON && requests < 1000) {
		talk_step(&talk, &steps[1], SIZE_MAX, SIZE_MAX);
		requests++;
	}
	talk_close(&talk);
	assert_int_equal(talk.result, DIALOGUE_NOT_MINE);
	assert_int_equal(talk.dialogue.facts.protocol, PROTOCOL_DCERPC);
	assert_int_equal(requests, 256);
}

static void several_pdus_in_one_piece_are_told_apart(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	struct rpc_made *made = script_pdu(&script, TALK_CLIENT);
	rpc_bind(made, RPC_TYPE_BIND, WINREG, 1);
	rpc_end(made, 10, RPC_LEVEL_CONNECT);
	rpc_bind(made, RPC_TYPE_ALTER_CONTEXT, EMSMDB, 1);
	rpc_end(made, 10, RPC_LEVEL_PRIVACY);
	rpc_call(made, RPC_TYPE_REQUEST, 3);
	rpc_end(made, 10, RPC_LEVEL_PRIVACY);
	const struct facts facts = script_facts(&script, false);
	assert_int_equal(facts.protocol, PROTOCOL_MAPI_RPC);
	assert_int_equal(facts.rpc_protection, RPC_LEVEL_PRIVACY);
}

static void every_cut_of_a_session_is_read(void **state)
{
	(void)state;
	for (int is_big = 0; is_big < 2; is_big++) {
		struct script script = {.is_big = is_big == 1};
		add_bind(&script, MANY, 4, RPC_LEVEL_PRIVACY);
		add_ack(&script, 1U << 2, 4);
		add_call(&script, RPC_TYPE_REQUEST, RPC_LEVEL_PRIVACY);
		add_call(&script, RPC_TYPE_RESPONSE, RPC_LEVEL_PRIVACY);
		talk_sweep(PROTOCOL_DCERPC, script_steps(&script), script.count);
	}
}

static void bytes_of_something_else_are_not_followed(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("\x05\x00\x0b\x03 this is no PDU at all")};
	struct talk talk;
	talk_open(&talk, PROTOCOL_DCERPC, false);
	talk_step(&talk, &STEP[0], SIZE_MAX, SIZE_MAX);
	talk_close(&talk);
	assert_int_equal(talk.result, DIALOGUE_NOT_MINE);
}

static void the_next_pdu_is_found_behind_lost_bytes(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	add_bind(&script, EMSMDB, 1, RPC_LEVEL_PRIVACY);
	add_ack(&script, 1, 1);
	add_call(&script, RPC_TYPE_REQUEST, RPC_LEVEL_PRIVACY);
	const struct talk_step *steps = script_steps(&script);
	static const struct talk_step LOST[] = {
		CLIENT_GAP(500), C("the end of a PDU whose beginning is lost")};
	struct talk talk;
	talk_open(&talk, PROTOCOL_DCERPC, false);
	talk_step(&talk, &steps[0], SIZE_MAX, SIZE_MAX);
	talk_step(&talk, &steps[1], SIZE_MAX, SIZE_MAX);
	talk_step(&talk, &LOST[0], SIZE_MAX, SIZE_MAX);
	talk_step(&talk, &LOST[1], SIZE_MAX, SIZE_MAX);
	talk_step(&talk, &steps[2], SIZE_MAX, SIZE_MAX);
	talk_close(&talk);
	assert_int_equal(talk.dialogue.facts.rpc_protection, RPC_LEVEL_PRIVACY);
}

static void calls_without_a_bind_are_told(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	struct talk talk;
	add_call(&script, RPC_TYPE_REQUEST, RPC_LEVEL_PRIVACY);
	talk_open(&talk, PROTOCOL_DCERPC, true);
	assert_false(dcerpc_is_bind_missed(talk.dialogue.state));
	talk_step(&talk, &script_steps(&script)[0], SIZE_MAX, SIZE_MAX);
	assert_true(dcerpc_is_bind_missed(talk.dialogue.state));
	talk_close(&talk);
}

static void the_greeting_of_the_http_flavour_is_passed(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	struct rpc_made *made = script_pdu(&script, TALK_SERVER);
	rpc_bytes(made, "ncacn_http/1.0", 14);
	make_session(&script, 0, 0);
	const struct facts facts = script_facts(&script, false);
	assert_int_equal(facts.protocol, PROTOCOL_MAPI_RPC);
	assert_false(facts.is_unanswered);
}

static const uint8_t SERVER[4] = {192, 0, 2, 10};
static const uint8_t ANY[4];

static void make_lookup(struct script *script)
{
	add_bind(script, MAPPER, 1, 0);
	add_ack(script, 1, 1);
	add_call(script, RPC_TYPE_REQUEST, 0);
	struct rpc_made *made = script_pdu(script, TALK_SERVER);
	rpc_begin(made, RPC_TYPE_RESPONSE);
	rpc_number(made, 400, 4);
	rpc_number(made, 0, 4);
	rpc_bytes(made, "pointers and counts of NDR...", 29);
	rpc_tower(made, &UUID_EMSMDB, 0x07, 0xc001, SERVER);
	rpc_bytes(made, "\0\0\0", 3);
	rpc_tower(made, &UUID_WINREG, 0x07, 0xc002, ANY);
	rpc_tower(made, &UUID_NSPI, 0x1f, 6004, ANY);
	rpc_tower(made, &UUID_NSPI, 0x08, 6005, ANY); /* UDP: not of interest */
	rpc_end(made, 0, 0);
}

static void assert_endpoint(
	struct talk *talk, unsigned port, bool is_exchange, bool has_address)
{
	struct rpc_endpoint endpoint;
	assert_true(dcerpc_take_endpoint(talk->dialogue.state, &endpoint));
	assert_int_equal(endpoint.port, port);
	assert_int_equal(endpoint.is_exchange, is_exchange);
	assert_int_equal(endpoint.has_address, has_address);
}

static void the_mappers_towers_are_read_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 300; piece += 7) {
		struct script script = {.count = 0};
		struct talk talk;
		struct rpc_endpoint endpoint;
		make_lookup(&script);
		const struct talk_step *steps = script_steps(&script);
		talk_open(&talk, PROTOCOL_DCERPC, false);
		for (size_t i = 0; i < script.count; i++) {
			talk_step(&talk, &steps[i], SIZE_MAX, piece);
		}
		assert_endpoint(&talk, 6004, true, false);
		assert_endpoint(&talk, 0xc002, false, false);
		assert_endpoint(&talk, 0xc001, true, true);
		assert_false(dcerpc_take_endpoint(talk.dialogue.state, &endpoint));
		assert_int_equal(talk.dialogue.facts.protocol, PROTOCOL_DCERPC);
		talk_close(&talk);
	}
}

static void every_cut_of_the_mappers_answer_is_read(void **state)
{
	(void)state;
	struct script script = {.count = 0};
	make_lookup(&script);
	talk_sweep(PROTOCOL_DCERPC, script_steps(&script), script.count);
}

static void towers_of_other_interfaces_give_way_to_those_of_exchange(void **state)
{
	(void)state;
	static uint8_t kept[RPC_TOWERS_BYTES];
	static struct rpc_towers towers = {.bytes = kept};
	static struct rpc_made made;
	for (unsigned i = 0; i < RPC_TOWERS_FOUND + 4; i++) {
		rpc_tower(&made, &UUID_WINREG, 0x07, 1000 + i, ANY);
	}
	rpc_tower(&made, &UUID_EMSMDB, 0x07, 2000, ANY);
	rpc_towers_bytes(&towers, (struct text){.at = made.bytes, .len = made.len});
	assert_int_equal(towers.count, RPC_TOWERS_FOUND);
	assert_int_equal(towers.found[0].port, 2000);
}

static void the_last_of_many_contexts_is_read_as_well(void **state)
{
	(void)state;
	const struct rpc_uuid *uuids[70];
	for (size_t i = 0; i < 70; i++) {
		uuids[i] = i < 69 ? &UUID_WINREG : &UUID_EMSMDB;
	}
	struct script script = {.count = 0};
	add_bind(&script, uuids, 70, 0);
	const struct facts facts = script_facts(&script, false);
	assert_int_equal(facts.protocol, PROTOCOL_MAPI_RPC);
	assert_true(facts.is_unanswered);
	script.count = 0;
	add_bind(&script, uuids, 69, 0);
	assert_int_equal(script_facts(&script, false).protocol, PROTOCOL_DCERPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_granted_exchange_interface_is_mapi),
		cmocka_unit_test(privacy_hides_the_content_and_lower_levels_do_not),
		cmocka_unit_test(one_bare_call_behind_private_ones_is_content_in_clear),
		cmocka_unit_test(a_fault_without_protection_is_no_content),
		cmocka_unit_test(every_context_of_a_bind_is_read),
		cmocka_unit_test(an_interface_that_is_refused_is_no_mail),
		cmocka_unit_test(a_bind_without_an_answer_stays_a_claim),
		cmocka_unit_test(an_alter_context_can_turn_a_flow_into_mapi),
		cmocka_unit_test(another_interface_is_given_up_after_some_requests),
		cmocka_unit_test(several_pdus_in_one_piece_are_told_apart),
		cmocka_unit_test(every_cut_of_a_session_is_read),
		cmocka_unit_test(bytes_of_something_else_are_not_followed),
		cmocka_unit_test(the_next_pdu_is_found_behind_lost_bytes),
		cmocka_unit_test(calls_without_a_bind_are_told),
		cmocka_unit_test(the_greeting_of_the_http_flavour_is_passed),
		cmocka_unit_test(the_mappers_towers_are_read_however_they_are_cut),
		cmocka_unit_test(every_cut_of_the_mappers_answer_is_read),
		cmocka_unit_test(
			towers_of_other_interfaces_give_way_to_those_of_exchange),
		cmocka_unit_test(the_last_of_many_contexts_is_read_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
