#include "made_record.h"

static const struct fold_count ONCE = {.first_us = UINT64_C(1790000000000000),
	.last_us = UINT64_C(1790000000000000),
	.count = 1};

static void a_mail_event_holds_the_keys_in_their_order(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	json_mail(made_open(&output), &made.record);
	assert_string_equal(made_close(&output),
		"{\"timestamp\":\"2026-09-21T14:13:20.000007+0000\","
		"\"event_id\":\"replay-0-12\",\"event_type\":\"mail\",\"host\":"
		"\"sensor1\",\"flow_id\":2251799813685247,"
		"\"pcap_filename\":\"traffic.pcap\","
		"\"src_ip\":\"192.0.2.70\",\"src_port\":49152,\"dest_ip\":\"203.0.113."
		"25\","
		"\"dest_port\":25,\"proto\":\"TCP\",\"app_proto\":\"smtp\","
		"\"community_id\":\"1:qaIyfzzdO9vopHkz0JdQpZu58ho=\","
		"\"mail\":{\"protocol\":\"smtp\",\"evidence\":\"220 greeting + ehlo\","
		"\"direction_confidence\":\"syn\",\"verdict\":\"illegitimate\",\"row\":"
		"null,"
		"\"nearest_row\":\"M-04\",\"reason\":\"no row lets workstations send "
		"smtp to "
		"the "
		"Internet\",\"from_group\":\"workstations\",\"to_group\":\"internet\","
		"\"from_role\":\"client\",\"to_role\":null,\"tls\":\"none\","
		"\"starttls_offered\":\"yes\",\"starttls\":\"unused\","
		"\"auth_mechanism\":\"PLAIN+CRAM-MD5\",\"auth_clear\":\"PLAIN\","
		"\"auth_accepted\":false,\"helo\":\"pc.example.org\","
		"\"mail_from_domain\":\"example.org\",\"rcpt_count\":2,\"messages\":1,"
		"\"midstream\":false,\"findings\":[\"sender.illegitimate\"],"
		"\"shown\":[\"content-clear\"]},"
		"\"flow\":{\"pkts_toserver\":10,\"pkts_toclient\":9,\"bytes_toserver\":"
		"1000,"
		"\"bytes_toclient\":900,\"start\":\"2026-09-21T14:13:10.000000+0000\","
		"\"end\":\"2026-09-21T14:13:20.000000+0000\",\"age\":10,"
		"\"state\":\"closed\"}}\n");
	free(output.text);
}

static void the_tls_object_is_written_as_eve_has_it(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made_tls(&made);
	json_mail(made_open(&output), &made.record);
	const char *text = made_close(&output);
	assert_has(text,
		"\"tls\":{\"version\":\"TLS 1.2\",\"sni\":\"mail.example.org\","
		"\"subject\":\"CN=mail.example.org\",\"issuerdn\":\"CN=Example "
		"Authority\","
		"\"notbefore\":\"2026-01-01T00:00:00\",\"notafter\":\"2026-12-31T23:59:"
		"59\","
		"\"fingerprint\":\"00:fe\","
		"\"ja3\":{\"hash\":\"f0afc10cc58ed040bf1d6c12e93af5ef\"},"
		"\"ja3s\":{\"hash\":\"cce84e7a8b742462e40afb585a3e3ccc\"},"
		"\"ja4\":\"t13d020400_c1929292aa6b_9a0586ea5dd0\"}");
	assert_has(text, "\"tls_cipher\":\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\","
			 "\"certificate\":\"seen\",\"certificate_sha256\":\"00ff\","
			 "\"findings\"");
	assert_has(text, "\"starttls\":\"used\"");
	free(output.text);
}

static void a_certificate_hidden_by_tls_1_3_is_not_visible(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made_tls(&made);
	made.facts.session.version = 0x0304;
	made.facts.session.server_certificate.visibility = FACTS_NOT_VISIBLE;
	json_mail(made_open(&output), &made.record);
	const char *text = made_close(&output);
	assert_has(text, "\"version\":\"TLS 1.3\"");
	assert_has(text, "\"certificate\":\"not_visible\",\"findings\"");
	assert_has_not(text, "\"subject\"");
	free(output.text);
}

static void an_alert_holds_the_catalogue_s_row_and_the_count(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	strcpy(made.judgement.detail[FINDING_SENDER_ILLEGITIMATE], "what \"was\" seen");
	json_alert(
		made_open(&output), &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	const char *text = made_close(&output);
	assert_has(text, "\"event_type\":\"alert\"");
	assert_has(text,
		"\"alert\":{\"signature_id\":3700001,\"rev\":1,\"gid\":3725,"
		"\"signature\":\"Mail sent by a host that no row lets send\","
		"\"category\":\"Mail flow outside the matrix\",\"severity\":2,"
		"\"action\":\"allowed\",\"references\":[\"docs/findings.md#"
		"senderillegitimate\",\"ANSSI R37: mail protocols only between "
		"legitimate mail infrastructures\"],\"metadata\":{\"finding\":"
		"\"sender.illegitimate\",\"recommendation\":[\"R37\"],"
		"\"signature_severity\":[\"high\"],"
		"\"mitre_technique_id\":[\"T1071.003\"],"
		"\"mitre_tactic_id\":[\"TA0011\"],"
		"\"mitre_tactic_name\":[\"Command and Control\"],"
		"\"detail\":\"what \\\"was\\\" seen\",\"count\":1,"
		"\"first\":\"2026-09-21T14:13:20.000000+0000\","
		"\"last\":\"2026-09-21T14:13:20.000000+0000\"}}");
	assert_has(text, "\"mail\":{");
	assert_has(text, "\"flow\":{");
	free(output.text);
}

static void what_nobody_could_name_has_the_words_that_eve_has_for_it(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.observation.protocol = PROTOCOL_OTHER;
	made.observation.foreign_name = "OpenVPN";
	made.observation.facts = NULL;
	json_alert(made_open(&output), &made.record, FINDING_PORT_FOREIGN, &ONCE);
	const char *text = made_close(&output);
	assert_has(text, "\"app_proto\":\"failed\"");
	assert_has(text, "\"protocol\":\"OpenVPN\"");
	assert_has(text, "\"tls\":\"unknown\"");
	free(output.text);
}

static const char *application_of(
	enum protocol protocol, uint64_t bytes, struct made_output *output)
{
	struct made_record made;
	made_record(&made);
	made.observation.protocol = protocol;
	made.observation.foreign_name = "TLS";
	made.observation.facts = NULL;
	made.record.bytes[0] = 0;
	made.record.bytes[1] = bytes;
	json_mail(made_open(output), &made.record);
	return made_close(output);
}

static void a_flow_that_said_nothing_is_unknown_and_one_with_a_name_has_it(void **state)
{
	(void)state;
	struct made_output output;
	assert_has(application_of(PROTOCOL_ATTEMPT, 0, &output),
		"\"app_proto\":\"unknown\"");
	free(output.text);
	assert_has(application_of(PROTOCOL_ATTEMPT, 1, &output),
		"\"app_proto\":\"failed\"");
	free(output.text);
	assert_has(application_of(PROTOCOL_FTP, 1, &output), "\"app_proto\":\"ftp\"");
	free(output.text);
}

static void a_query_is_written_as_eve_has_it(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.observation.lookup = "MX";
	made.observation.lookup_name = "example.org";
	json_alert(made_open(&output), &made.record, FINDING_SENDER_MX_LOOKUP, &ONCE);
	assert_has(made_close(&output),
		"\"dns\":{\"version\":2,\"type\":\"query\",\"rrname\":\"example.org\","
		"\"rrtype\":\"MX\"}");
	free(output.text);
	made.observation.lookup_name = NULL; /* of an update */
	json_alert(made_open(&output), &made.record, FINDING_SENDER_MX_LOOKUP, &ONCE);
	assert_has(made_close(&output),
		"\"dns\":{\"version\":2,\"type\":\"query\",\"rrtype\":\"MX\"}");
	free(output.text);
}

static void tags_proxies_and_second_opinions_appear_only_when_there(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.record.vlan_count = 2;
	made.record.vlan[0] = 100;
	made.record.vlan[1] = 7;
	made.record.second_opinion = "SMTP";
	made.record.proxied_by = "socks to 192.0.2.1:25";
	made.record.pcap_filename = NULL;
	made.record.in_iface = "eth0";
	json_mail(made_open(&output), &made.record);
	const char *text = made_close(&output);
	assert_has(text, "\"vlan\":[100,7],\"mail\"");
	assert_has(text, "\"second_opinion\":\"SMTP\",\"proxied_by\":\"socks to");
	assert_has(text, "\"in_iface\":\"eth0\"");
	assert_has_not(text, "pcap_filename");
	free(output.text);
}

/* The server answers by another router. */
static void an_alert_has_the_addresses_of_a_frame_and_a_flow_all_of_them(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	const struct fold_count once = {.count = 1};
	const struct record_ether there = {true, {2, 0, 0x5e, 0, 0x53, 1}, {2, 0xff}};
	const struct record_ether back = {true, {2, 0xfe}, {2, 0, 0x5e, 0, 0x53, 1}};
	made_record(&made);
	made.record.ether[DIRECTION_TO_SERVER] = there;
	made.record.ether[DIRECTION_TO_CLIENT] = back;
	json_mail(made_open(&output), &made.record);
	assert_has(made_close(&output),
		"\"ether\":{\"src_macs\":[\"02:00:5e:00:53:01\"],\"dest_macs\":"
		"[\"02:ff:00:00:00:00\",\"02:fe:00:00:00:00\"]},\"mail\"");
	free(output.text);
	json_alert(
		made_open(&output), &made.record, FINDING_SENDER_ILLEGITIMATE, &once);
	assert_has(made_close(&output),
		"\"ether\":{\"src_mac\":\"02:00:5e:00:53:01\",\"dest_mac\":"
		"\"02:ff:00:00:00:00\"},\"alert\"");
	free(output.text);
	made.record.ether[DIRECTION_TO_SERVER].is_known = false;
	json_alert(
		made_open(&output), &made.record, FINDING_SENDER_ILLEGITIMATE, &once);
	assert_has(made_close(&output),
		"\"ether\":{\"src_mac\":\"02:00:5e:00:53:01\",\"dest_mac\":"
		"\"02:fe:00:00:00:00\"},\"alert\"");
	free(output.text);
	made.record.ether[DIRECTION_TO_CLIENT].is_known = false;
	json_mail(made_open(&output), &made.record);
	assert_has_not(made_close(&output), "ether");
	free(output.text);
}

static void a_tunnel_is_named_and_its_outer_packet_may_have_no_ports(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.observation.way = (struct way){.tag = WAY_FOREIGN | 7,
		.depth = 2,
		.tunnel = {.src = made_address("192.0.2.71"),
			.dst = made_address("203.0.113.9"),
			.id = 7,
			.kind = TUNNEL_GRE}};
	json_mail(made_open(&output), &made.record);
	assert_has(made_close(&output),
		"\"tunnel\":{\"kind\":\"gre\",\"id\":7,\"src_ip\":\"192.0.2.71\","
		"\"dest_ip\":\"203.0.113.9\",\"depth\":2},\"mail\"");
	assert_has(output.text, "\"src_port\":49152");
	free(output.text);
	judge_outer(&made.observation.way, &made.observation);
	json_mail(made_open(&output), &made.record);
	assert_has(made_close(&output),
		"\"src_ip\":\"192.0.2.71\",\"dest_ip\":\"203.0.113.9\",\"proto\":"
		"\"GRE\"");
	free(output.text);
	made.observation.way.depth = 0; /* forgotten */
	json_mail(made_open(&output), &made.record);
	assert_has(made_close(&output), "\"tunnel\":{\"kind\":null}");
	free(output.text);
}

static void both_of_pop3_s_words_are_one_mechanism(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.facts.auth_tried = FACTS_MECHANISM_USER_PASS;
	made.facts.auth_secret = FACTS_MECHANISM_USER_PASS;
	made.facts.auth_accepted = FACTS_UNKNOWN;
	json_mail(made_open(&output), &made.record);
	assert_has(made_close(&output), "\"auth_mechanism\":\"USER/PASS\","
					"\"auth_clear\":\"USER/PASS\","
					"\"auth_accepted\":null");
	free(output.text);
}

static void every_state_of_starttls_has_its_word(void **state)
{
	(void)state;
	static const struct {
		enum facts_tls tls;
		unsigned starttls;
		enum facts_answer offered;
		uint64_t findings;
		const char *word;
	} CASES[] = {
		{FACTS_TLS_STARTTLS, FACTS_STARTTLS_REQUESTED, FACTS_YES, 0, "used"},
		{FACTS_TLS_NONE, FACTS_STARTTLS_REFUSED, FACTS_YES, 0, "refused"},
		{FACTS_TLS_NONE, FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED,
			FACTS_YES, 0, "accepted"},
		{FACTS_TLS_NONE,
			FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED |
				FACTS_STARTTLS_CLEAR_AFTER | FACTS_STARTTLS_FAILED,
			FACTS_YES, 0, "failed"},
		{FACTS_TLS_STARTTLS, FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_FAILED,
			FACTS_YES, 0, "failed"},
		{FACTS_TLS_NONE, FACTS_STARTTLS_MASKED, FACTS_NO,
			1U << FINDING_TLS_STARTTLS_STRIPPED, "stripped"},
		{FACTS_TLS_NONE, 0, FACTS_YES, 0, "unused"},
		{FACTS_TLS_NONE, FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_CLEAR_AFTER,
			FACTS_YES, 0, "unused"},
		{FACTS_TLS_NONE, 0, FACTS_NO, 0, "none"},
		{FACTS_TLS_IMPLICIT, 0, FACTS_UNKNOWN, 0, "none"},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct made_record made;
		struct made_output output;
		char wanted[32];
		made_record(&made);
		made.facts.tls = CASES[i].tls;
		made.facts.starttls = (uint16_t)CASES[i].starttls;
		made.facts.starttls_offered = CASES[i].offered;
		made.judgement.findings = CASES[i].findings;
		json_mail(made_open(&output), &made.record);
		(void)snprintf(
			wanted, sizeof(wanted), "\"starttls\":\"%s\"", CASES[i].word);
		assert_has(made_close(&output), wanted);
		free(output.text);
	}
}

static void counters_nest_by_their_dots(void **state)
{
	(void)state;
	static const struct counter COUNTERS[] = {{"packets", 5}, {"tcp.resets", 1},
		{"tcp.overlap.same", 2}, {"tcp.overlap.other", 3}, {"tcp.last", 4},
		{"alerts", 6}};
	const struct json_stats stats = {.time_us = UINT64_C(1790000000000000),
		.host = "sensor1",
		.sequence = 3,
		.event_prefix = "replay-0",
		.counters = COUNTERS,
		.counter_count = sizeof(COUNTERS) / sizeof(*COUNTERS)};
	struct made_output output;
	json_stats(made_open(&output), &stats);
	assert_string_equal(made_close(&output),
		"{\"timestamp\":\"2026-09-21T14:13:20.000000+0000\","
		"\"event_id\":\"replay-0-3\",\"event_type\":\"stats\",\"host\":"
		"\"sensor1\","
		"\"stats\":{\"packets\":5,\"tcp\":{\"resets\":1,\"overlap\":{\"same\":"
		"2,"
		"\"other\":3},\"last\":4},\"alerts\":6}}\n");
	free(output.text);
}

static void the_same_record_is_written_the_same_twice(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output first;
	struct made_output second;
	made_record(&made);
	made_tls(&made);
	json_alert(made_open(&first), &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	json_alert(
		made_open(&second), &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	assert_string_equal(made_close(&first), made_close(&second));
	free(first.text);
	free(second.text);
}

static bool is_told_missing(struct made_record *made)
{
	struct made_output output;
	json_mail(made_open(&output), &made->record);
	const bool is_told =
		strstr(made_close(&output), "\"client_bytes\":\"missing\"") != NULL;
	free(output.text);
	return is_told;
}

static void a_record_says_that_the_client_s_bytes_are_missing(void **state)
{
	(void)state;
	struct made_record made;
	made_record(&made);
	made.record.packets[DIRECTION_TO_SERVER] = 0;
	made.observation.is_ended = true;
	made.facts.has_content_clear = false;
	made.facts.has_server_bytes = true;
	made.facts.has_client_bytes = false;
	assert_true(is_told_missing(&made));
	made.observation.is_ended = false;
	assert_false(is_told_missing(&made));
	made.observation.is_ended = true;
	made.facts.has_client_bytes = true;
	assert_false(is_told_missing(&made));
}

static void a_client_that_said_nothing_misses_no_bytes(void **state)
{
	(void)state;
	struct made_record made;
	made_record(&made);
	made.record.packets[DIRECTION_TO_SERVER] = 3;
	made.observation.is_ended = true;
	made.facts.has_content_clear = false;
	made.facts.has_server_bytes = true;
	made.facts.has_client_bytes = false;
	made.facts.starttls = 0;
	made.facts.auth_secret = 0;
	made.facts.auth_accepted = FACTS_UNKNOWN;
	made.facts.gaps = 0;
	assert_false(is_told_missing(&made));
	made.facts.has_answer_unasked = true;
	assert_true(is_told_missing(&made));
	made.facts.has_answer_unasked = false;
	made.facts.starttls = FACTS_STARTTLS_ACCEPTED;
	assert_true(is_told_missing(&made));
	made.facts.starttls = 0;
	made.facts.gaps = 1;
	assert_true(is_told_missing(&made));
	made.facts.gaps = 0;
	made.facts.has_content_clear = true;
	assert_true(is_told_missing(&made));
}

static void what_is_accepted_stands_in_the_record_with_by_whom_and_why(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made_accepted(&made, FINDING_SMTPS_IMPLICIT, SEVERITY_MEDIUM);
	strcpy(made.judgement.detail[FINDING_SMTPS_IMPLICIT], "port 465");
	json_mail(made_open(&output), &made.record);
	assert_has(made_close(&output),
		"\"midstream\":false,\"accepted\":[{\"finding\":\"smtps.implicit\","
		"\"recommendation\":\"R42\",\"detail\":\"port 465\",\"by\":\"row "
		"M-04\",\"owner\":\"it\",\"reason\":\"an old "
		"\\\"appliance\\\"\",\"until\":\"2027-06-30\"}],\"findings\":");
	free(output.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_written_as_eve_has_it),
		cmocka_unit_test(
			what_is_accepted_stands_in_the_record_with_by_whom_and_why),
		cmocka_unit_test(a_mail_event_holds_the_keys_in_their_order),
		cmocka_unit_test(the_tls_object_is_written_as_eve_has_it),
		cmocka_unit_test(a_certificate_hidden_by_tls_1_3_is_not_visible),
		cmocka_unit_test(an_alert_holds_the_catalogue_s_row_and_the_count),
		cmocka_unit_test(
			what_nobody_could_name_has_the_words_that_eve_has_for_it),
		cmocka_unit_test(
			a_flow_that_said_nothing_is_unknown_and_one_with_a_name_has_it),
		cmocka_unit_test(
			tags_proxies_and_second_opinions_appear_only_when_there),
		cmocka_unit_test(
			an_alert_has_the_addresses_of_a_frame_and_a_flow_all_of_them),
		cmocka_unit_test(
			a_tunnel_is_named_and_its_outer_packet_may_have_no_ports),
		cmocka_unit_test(both_of_pop3_s_words_are_one_mechanism),
		cmocka_unit_test(every_state_of_starttls_has_its_word),
		cmocka_unit_test(counters_nest_by_their_dots),
		cmocka_unit_test(the_same_record_is_written_the_same_twice),
		cmocka_unit_test(a_record_says_that_the_client_s_bytes_are_missing),
		cmocka_unit_test(a_client_that_said_nothing_misses_no_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
