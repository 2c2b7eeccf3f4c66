#include "made_flow.h"

#include "judge/ends.h"

static struct matrix *office;

static int load_office(void **state)
{
	(void)state;
	office = made_matrix(MADE_OFFICE);
	return 0;
}

static int free_office(void **state)
{
	(void)state;
	matrix_free(office);
	return 0;
}

static struct matrix_end at(const char *text)
{
	const struct address address = made_address(text);
	return matrix_locate(office, &address);
}

static void an_undeclared_internet_host_is_outside_and_a_declared_one_is_not(
	void **state)
{
	(void)state;
	static const struct matrix_group PARTNER = {
		.name = "partner", .role = MATRIX_ROLE_RELAY};
	struct matrix_end end = at(INTERNET);
	assert_true(judge_is_internet(&end));
	assert_true(judge_is_outside(&end));
	assert_int_equal(judge_role(&end), MATRIX_ROLE_NONE);
	end.group = &PARTNER;
	assert_true(judge_is_internet(&end));
	assert_false(judge_is_outside(&end));
	end = at("192.0.2.200"); /* of the inside, in no group */
	assert_false(judge_is_outside(&end));
}

static void users_and_their_front_are_no_mail_servers(void **state)
{
	(void)state;
	const char *const servers[] = {MAILBOX, SUBMISSION, RELAY, MX_OUT, MX_IN};
	const char *const others[] = {WORKSTATION, FRONT, INTERNET, "192.0.2.200"};
	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++) {
		const struct matrix_end end = at(servers[i]);
		assert_true(judge_is_server(&end));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		const struct matrix_end end = at(others[i]);
		assert_false(judge_is_server(&end));
	}
}

static void a_server_is_exposed_by_its_role_or_by_what_it_took(void **state)
{
	(void)state;
	const struct matrix_end in = at(MX_IN);
	const struct matrix_end out = at(MX_OUT);
	const struct matrix_end relay = at(RELAY);
	const struct matrix_end outside = at(INTERNET);
	assert_true(judge_is_exposed(&in, 0));
	assert_true(judge_is_exposed(&out, 0));
	assert_false(judge_is_exposed(&relay, 0));
	assert_true(judge_is_exposed(&relay, 1));
	assert_false(judge_is_exposed(&outside, 1));
}

static void smtp_between_servers_is_theirs_and_the_rest_is_users(void **state)
{
	(void)state;
	const struct matrix_end relay = at(RELAY);
	const struct matrix_end out = at(MX_OUT);
	const struct matrix_end outside = at(INTERNET);
	const struct matrix_end user = at(WORKSTATION);
	const struct matrix_end submission = at(SUBMISSION);
	assert_true(judge_is_server_traffic(&relay, &out, PROTOCOL_SMTP));
	assert_true(judge_is_server_traffic(&out, &outside, PROTOCOL_SMTPS));
	assert_false(judge_is_server_traffic(&relay, &out, PROTOCOL_SUBMISSION));
	assert_false(judge_is_server_traffic(&relay, &out, PROTOCOL_IMAP));
	assert_false(judge_is_server_traffic(&user, &out, PROTOCOL_SMTP));
	assert_false(judge_is_server_traffic(&relay, &submission, PROTOCOL_SMTP));
}

static void the_gateway_is_misused_where_mail_goes_the_wrong_way(void **state)
{
	(void)state;
	const struct matrix_end in = at(MX_IN);
	const struct matrix_end out = at(MX_OUT);
	const struct matrix_end relay = at(RELAY);
	const struct matrix_end outside = at(INTERNET);
	assert_true(judge_is_gateway_misused(&in, &outside, PROTOCOL_SMTP));
	assert_true(judge_is_gateway_misused(&in, &outside, PROTOCOL_IMAP));
	assert_false(judge_is_gateway_misused(&in, &outside, PROTOCOL_ATTEMPT));
	assert_false(judge_is_gateway_misused(&in, &relay, PROTOCOL_SMTP));
	assert_true(judge_is_gateway_misused(&in, &out, PROTOCOL_SMTP));
	assert_true(judge_is_gateway_misused(&outside, &out, PROTOCOL_SMTP));
	assert_false(judge_is_gateway_misused(&relay, &out, PROTOCOL_SMTP));
	assert_false(judge_is_gateway_misused(&outside, &out, PROTOCOL_IMAP));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_undeclared_internet_host_is_outside_and_a_declared_one_is_not),
		cmocka_unit_test(users_and_their_front_are_no_mail_servers),
		cmocka_unit_test(a_server_is_exposed_by_its_role_or_by_what_it_took),
		cmocka_unit_test(smtp_between_servers_is_theirs_and_the_rest_is_users),
		cmocka_unit_test(the_gateway_is_misused_where_mail_goes_the_wrong_way),
	};
	return cmocka_run_group_tests(tests, load_office, free_office);
}
