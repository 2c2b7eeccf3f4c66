#include "../report/made_record.h"

struct vector {
	const char *client;
	uint16_t client_port;
	const char *server;
	uint16_t server_port;
	const char *id;
};

/* From the baseline of the Community ID specification, and three of our own. */
static const struct vector VECTORS[] = {
	{"1.2.3.4", 1122, "5.6.7.8", 3344, "1:wCb3OG7yAFWelaUydu0D+125CLM="},
	{"128.232.110.120", 34855, "66.35.250.204", 80,
		"1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
	{"2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25,
		"1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
	{"192.0.2.10", 49152, "198.51.100.25", 25, "1:RzDnnE7xf3zea0xSdR9S8QLoGxY="},
	{"2001:db8::10", 49152, "2001:db8::25", 25, "1:T5cbaiCKkgAujiArouiWlxSYOm8="},
	{"10.0.0.1", 1122, "10.0.0.1", 3344, "1:J1rd4IrTIH34H+/DB8Md19QOWkg="},
};

static void the_published_vectors_hold_in_both_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(VECTORS) / sizeof(*VECTORS); i++) {
		const struct vector *vector = &VECTORS[i];
		struct made_record made;
		char text[32];
		made_record(&made);
		made.observation.client = made_address(vector->client);
		made.observation.client_port = vector->client_port;
		made.observation.server = made_address(vector->server);
		made.observation.server_port = vector->server_port;
		record_community_id(&made.record, text);
		assert_string_equal(text, vector->id);
		made.observation.client = made_address(vector->server);
		made.observation.client_port = vector->server_port;
		made.observation.server = made_address(vector->client);
		made.observation.server_port = vector->client_port;
		record_community_id(&made.record, text);
		assert_string_equal(text, vector->id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_hold_in_both_directions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
