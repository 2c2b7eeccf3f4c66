/* A record of a mail flow, read back; and judged again where its members decide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observed/rejudge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLOW                                                 \
	"\"flow\":{\"pkts_toserver\":9,\"pkts_toclient\":8," \
	"\"bytes_toserver\":700,\"bytes_toclient\":800,"     \
	"\"start\":\"2026-11-29T07:00:00.000001+0000\","     \
	"\"end\":\"2026-11-29T07:00:02.000000+0000\",\"age\":2,\"state\":\"closed\"}"
#define ENDS                                                                       \
	"\"src_ip\":\"192.0.2.70\",\"src_port\":40000,\"dest_ip\":\"192.0.2.25\"," \
	"\"dest_port\":25,\"proto\":\"TCP\",\"community_id\":\"1:a+b/c=\","
#define HEAD                                                                          \
	"{\"timestamp\":\"2026-11-29T07:00:03.000000+0000\",\"event_type\":\"mail\"," \
	"\"event_id\":\"a-1-9\","                                                     \
	"\"host\":\"sensor-a\",\"flow_id\":7,\"in_iface\":\"eth1\"," ENDS
#define RECORD                                                                        \
	HEAD "\"vlan\":[12,34],\"tunnel\":{\"kind\":\"vxlan\",\"id\":5,"              \
	     "\"src_ip\":\"198.51.100.8\",\"dest_ip\":\"198.51.100.9\",\"depth\":2}," \
	     "\"mail\":{\"protocol\":\"smtp\",\"direction_confidence\":\"syn-ack\","  \
	     "\"verdict\":\"illegitimate\",\"row\":null,\"nearest_row\":\"M-02\","    \
	     "\"from_group\":\"internet\",\"to_group\":\"relay\",\"from_role\":null," \
	     "\"to_role\":\"relay\",\"to_name\":\"mx.example.org\",\"tls\":"          \
	     "\"starttls\","                                                          \
	     "\"starttls_offered\":\"yes\",\"auth_mechanism\":\"PLAIN+CRAM-MD5\","    \
	     "\"auth_clear\":\"PLAIN\",\"auth_accepted\":false,\"helo\":"             \
	     "\"h\\u00e9lo\","                                                        \
	     "\"mail_from_domain\":\"a.example\","                                    \
	     "\"rcpt_count\":2,\"messages\":3,\"midstream\":true,"                    \
	     "\"certificate\":\"seen\",\"rpc_protection\":\"call\","                  \
	     "\"accepted\":[{\"finding\":\"tls.cipher-weak\"}],"                      \
	     "\"findings\":[\"tls.missing\",\"of.the-future\",\"smtp.smuggling\"],"   \
	     "\"shown\":[\"content-clear\",\"what is this\",\"ambiguous\","           \
	     "\"bytes-missing\"]},"                                                   \
	     "\"tls\":{\"version\":\"TLS 1.2\",\"sni\":\"mx.example.org\","           \
	     "\"notafter\":\"2026-12-31T23:59:59\","                                  \
	     "\"subjectaltname\":[\"a.example\",\"b.example\"]}," FLOW "}"

static struct sighting sighting;

static bool read_line(const char *line)
{
	return sighting_read_line(&sighting, line, strlen(line));
}

static void every_member_of_a_record_is_read(void **state)
{
	char text[ADDRESS_TEXT_BYTES];
	(void)state;
	assert_true(read_line(RECORD));
	assert_string_equal(address_text(&sighting.client, text), "192.0.2.70");
	assert_string_equal(address_text(&sighting.wire_server, text), "192.0.2.25");
	assert_int_equal(sighting.client_port, 40000);
	assert_int_equal(sighting.port, 25);
	assert_false(sighting.is_proxied);
	assert_true(sighting.is_internet[0]);
	assert_false(sighting.is_internet[1]);
	assert_int_equal(sighting.role[1], MATRIX_ROLE_RELAY);
	assert_int_equal(sighting.protocol, PROTOCOL_SMTP);
	assert_int_equal(sighting.confidence, DIRECTION_CONFIDENCE_SYN_ACK);
	assert_int_equal(sighting.tls, FACTS_TLS_STARTTLS);
	assert_int_equal(sighting.tls_version, 0x0303);
	assert_int_equal(sighting.starttls_offered, FACTS_YES);
	assert_int_equal(sighting.auth_accepted, FACTS_NO);
	assert_int_equal(sighting.certificate, FACTS_SEEN);
	assert_int_equal(sighting.certificate_end_s, INT64_C(1798761599));
	assert_int_equal(sighting.rpc_protection, 3);
	assert_true(sighting.is_midstream);
	assert_int_equal(
		sighting.mechanisms, FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_CRAM_MD5);
	assert_int_equal(sighting.clear_mechanisms, FACTS_MECHANISM_PLAIN);
	assert_int_equal(sighting.shown,
		SIGHTING_CONTENT_CLEAR | SIGHTING_AMBIGUOUS | SIGHTING_CLEAR_CUT);
	assert_int_equal(sighting.way.tunnel.kind, TUNNEL_VXLAN);
	assert_int_equal(sighting.way.tunnel.id, 5);
	assert_int_equal(sighting.way.depth, 2);
	assert_int_equal(sighting.vlan_count, 2);
	assert_int_equal(sighting.vlan[1], 34);
	assert_int_equal(sighting.start_us % 1000000, 1);
	assert_int_equal(sighting.end_us - sighting.start_us, 1999999);
	assert_int_equal(sighting.packets[DIRECTION_TO_SERVER], 9);
	assert_int_equal(sighting.bytes[DIRECTION_TO_CLIENT], 800);
	assert_int_equal(sighting.messages, 3);
	assert_int_equal(sighting.recipients, 2);
	assert_true(sighting.has_sender);
	assert_int_equal(sighting.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(sighting.findings,
		FINDING_BIT(FINDING_TLS_MISSING) | FINDING_BIT(FINDING_SMTP_SMUGGLING));
	assert_int_equal(sighting.accepted, FINDING_BIT(FINDING_TLS_CIPHER_WEAK));
	assert_string_equal(sighting.row, "");
	assert_string_equal(sighting.nearest_row, "M-02");
	assert_string_equal(sighting.groups[1], "relay");
	assert_string_equal(sighting.names[1], "mx.example.org");
	assert_string_equal(sighting.sni, "mx.example.org");
	assert_string_equal(sighting.helo, "h\xc3\xa9lo");
	assert_string_equal(sighting.certificate_names, "a.example,b.example");
	assert_int_equal(sighting.flow_id, 7);
	assert_string_equal(sighting.event_id, "a-1-9");
	assert_string_equal(sighting.sensor, "sensor-a");
	assert_string_equal(sighting.source, "eth1");
}

static void a_turned_flow_is_of_the_port_that_was_opened(void **state)
{
	(void)state;
	assert_true(read_line(
		HEAD "\"mail\":{\"protocol\":\"smtp\",\"shown\":[\"turned\"]}}"));
	assert_int_equal(sighting.port, 40000);
}

static void behind_a_proxy_the_judged_ends_are_the_sighting_s(void **state)
{
	char text[ADDRESS_TEXT_BYTES];
	(void)state;
	assert_true(read_line(
		HEAD "\"mail\":{\"protocol\":\"smtp\",\"proxied_by\":\"socks to x:26\","
		     "\"judged_src_ip\":\"192.0.2.70\",\"judged_src_port\":40000,"
		     "\"judged_dest_ip\":\"203.0.113.9\",\"judged_dest_port\":26}}"));
	assert_string_equal(address_text(&sighting.server, text), "203.0.113.9");
	assert_string_equal(address_text(&sighting.wire_server, text), "192.0.2.25");
	assert_int_equal(sighting.port, 26);
	assert_int_equal(sighting.wire_server_port, 25);
	assert_false(read_line(
		HEAD "\"mail\":{\"protocol\":\"smtp\",\"proxied_by\":\"socks\"}}"));
}

static void a_forgotten_tunnel_is_still_one(void **state)
{
	(void)state;
	assert_true(read_line(
		HEAD "\"tunnel\":{\"kind\":null},\"mail\":{\"protocol\":\"smtp\"}}"));
	assert_int_equal(sighting.way.depth, 0);
	assert_int_equal(sighting.way.tag, 1);
	assert_true(read_line(HEAD "\"mail\":{\"protocol\":\"smtp\"}}"));
	assert_int_equal(sighting.way.tag, 0);
}

static void what_is_no_record_of_a_mail_flow_is_no_sighting(void **state)
{
	static const char *const LINES[] = {"", "{}", "nonsense",
		"{\"event_type\":\"alert\"," ENDS "\"mail\":{\"protocol\":\"smtp\"}}",
		"{\"event_type\":\"alert\",\"a\":{\"event_type\":\"mail\"}," ENDS
		"\"mail\":{}}",
		"{\"event_type\":\"mail\",\"mail\":{\"protocol\":\"smtp\"}}",
		"{\"event_type\":\"mail\",\"src_ip\":\"x\",\"dest_ip\":\"192.0.2.1\"}"};
	(void)state;
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		assert_false(read_line(LINES[i]));
	}
}

static void a_record_cut_at_any_byte_is_no_sighting(void **state)
{
	static const char LINE[] = RECORD;
	(void)state;
	for (size_t len = 0; len + 1 < sizeof(LINE); len++) {
		char *cut = malloc(len + 1);
		assert_non_null(cut);
		memcpy(cut, LINE, len);
		assert_false(sighting_read_line(&sighting, cut, len));
		free(cut);
	}
}

static void two_sensors_give_one_flow_one_identity(void **state)
{
	(void)state;
	assert_true(read_line(RECORD));
	const struct sighting first = sighting;
	sighting.start_us += 2000;
	sighting.flow_id = 8;
	(void)snprintf(sighting.sensor, sizeof(sighting.sensor), "sensor-b");
	assert_true(sighting_identity(&sighting) == sighting_identity(&first));
	sighting.start_us += 20000000;
	assert_false(sighting_identity(&sighting) == sighting_identity(&first));
	sighting = first;
	sighting.community_id[2] = 'x';
	assert_false(sighting_identity(&sighting) == sighting_identity(&first));
}

static struct matrix *load(const char *text)
{
	char path[] = "/tmp/test-sighting-XXXXXX";
	const char *const files[] = {path};
	struct matrix_problems problems = {.count = 0};
	const int id = mkstemp(path);
	assert_true(id >= 0);
	assert_int_equal(write(id, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(id);
	struct matrix *matrix = matrix_load(files, 1, &problems);
	(void)unlink(path);
	assert_non_null(matrix);
	matrix_problems_free(&problems);
	return matrix;
}

#define ZONES "schema: 1\nzones: {internal: [192.0.2.0/24]}\n"
#define CLIENTS \
	"  clients: {role: client, service: office, addresses: [192.0.2.64/26]}\n"

static struct judgement judgement;

static const char *row_under(const char *text)
{
	static char row[SIGHTING_ID_BYTES];
	struct matrix *matrix = load(text);
	rejudge_sighting(matrix, &sighting, 0, &judgement);
	(void)snprintf(row, sizeof(row), "%s",
		judgement.row ? judgement.row->id : verdict_name(judgement.verdict));
	matrix_free(matrix);
	return row;
}

static void inside_a_declared_tunnel_its_zone_holds_what_no_other_does(void **state)
{
	static const char TEXT[] = ZONES
		"  \ngroups:\n"
		"  server: {role: mailbox, service: office, addresses: [192.0.2.25]}\n"
		"tunnels:\n"
		"  mirror: {kind: vxlan, ends: [198.51.100.8, 198.51.100.9], zone: "
		"internal}\n"
		"rows:\n"
		"- {id: T, from: internal, to: server, protocols: [imap], tls: "
		"optional}\n";
	(void)state;
	assert_true(read_line(RECORD));
	sighting.protocol = PROTOCOL_IMAP;
	sighting.server_port = sighting.port = 143;
	assert_true(address_parse("203.0.113.70", &sighting.client));
	assert_string_equal(row_under(TEXT), "T");
	sighting.way = (struct way){.tag = 0};
	assert_string_equal(row_under(TEXT), "illegitimate");
}

static void who_is_the_client_may_have_been_a_guess(void **state)
{
	static const char TEXT[] = ZONES
		"groups:\n" CLIENTS
		"  server: {role: relay, service: office, addresses: [192.0.2.25]}\n"
		"rows:\n"
		"- {id: G, from: server, to: clients, protocols: [smtp], tls: "
		"optional, "
		"ports: [40000]}\n";
	(void)state;
	assert_true(read_line(RECORD));
	sighting.way = (struct way){.tag = 0};
	sighting.confidence = DIRECTION_CONFIDENCE_PORT;
	assert_string_equal(row_under(TEXT), "G");
	sighting.confidence = DIRECTION_CONFIDENCE_SYN;
	assert_string_equal(row_under(TEXT), "illegitimate");
}

static void a_row_that_ended_since_is_over_at_the_time_asked_for(void **state)
{
	static const char TEXT[] = ZONES
		"groups:\n" CLIENTS
		"  server: {role: mailbox, service: office, addresses: [192.0.2.25]}\n"
		"rows:\n"
		"- {id: E, from: clients, to: server, protocols: [imap], tls: "
		"optional, "
		"expires: 2026-12-01}\n";
	(void)state;
	assert_true(read_line(RECORD));
	sighting.way = (struct way){.tag = 0};
	sighting.protocol = PROTOCOL_IMAP;
	sighting.server_port = sighting.port = 143;
	assert_string_equal(row_under(TEXT), "E");
	struct matrix *matrix = load(TEXT);
	rejudge_sighting(
		matrix, &sighting, sighting.time_us + 9 * 86400000000, &judgement);
	assert_int_equal(judgement.verdict, VERDICT_ILLEGITIMATE);
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_of_a_record_is_read),
		cmocka_unit_test(a_turned_flow_is_of_the_port_that_was_opened),
		cmocka_unit_test(behind_a_proxy_the_judged_ends_are_the_sighting_s),
		cmocka_unit_test(a_forgotten_tunnel_is_still_one),
		cmocka_unit_test(what_is_no_record_of_a_mail_flow_is_no_sighting),
		cmocka_unit_test(a_record_cut_at_any_byte_is_no_sighting),
		cmocka_unit_test(two_sensors_give_one_flow_one_identity),
		cmocka_unit_test(
			inside_a_declared_tunnel_its_zone_holds_what_no_other_does),
		cmocka_unit_test(who_is_the_client_may_have_been_a_guess),
		cmocka_unit_test(a_row_that_ended_since_is_over_at_the_time_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
