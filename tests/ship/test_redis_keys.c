/* Which counters an event moves, and how many commands that takes. */
#include "ship/redis_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char MAIL[] =
	"{\"timestamp\":\"2026-01-31T12:59:59.000001+0000\",\"event_type\":\"mail\","
	"\"src_ip\":\"192.0.2.70\",\"dest_ip\":\"203.0.113.25\",\"dest_port\":25,"
	"\"mail\":{\"protocol\":\"smtp\",\"verdict\":\"illegitimate\",\"messages\":2,"
	"\"from_group\":\"workstations\",\"to_group\":null,\"tls\":\"none\","
	"\"starttls_offered\":\"no\",\"starttls\":\"none\"},"
	"\"flow\":{\"bytes_toserver\":100,\"bytes_toclient\":11}}";
static const char ALERT[] =
	"{\"timestamp\":\"2026-01-31T13:00:00.000001+0000\",\"event_type\":\"alert\","
	"\"src_ip\":\"192.0.2.70\",\"alert\":{\"severity\":2,\"action\":\"blocked\","
	"\"metadata\":{\"finding\":\"sender.illegitimate\",\"count\":7}}}";

static struct redis_delta delta;
static struct redis_keys keys;

static int start(void **state)
{
	(void)state;
	keys = (struct redis_keys){.stream_kinds = EVENT_ALERT,
		.stream_most = 1000,
		.hours_s = 7200,
		.servers_s = 86400};
	redis_delta_clear(&delta);
	return redis_keys_name(&keys, "mailwarden", "s1") ? 0 : -1;
}

static void add_line(const char *text)
{
	struct event event;
	const struct journal_line line = {.text = text, .len = strlen(text)};
	assert_true(event_read(&event, &line));
	redis_keys_add(&keys, &delta, &event);
	event_free(&event);
}

/* The entry as a text: "HINCRBY mailwarden:{s1}:totals flows 1" */
static const char *text_of(const struct redis_entry *entry)
{
	static char text[4096];
	struct redis_words words;
	redis_delta_words(entry, &words);
	words.texts[1] = delta.keys[entry->key].name;
	words.lens[1] = delta.keys[entry->key].len;
	text[0] = '\0';
	for (size_t i = 0; i < words.count; i++) {
		const size_t len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, "%s%.*s",
			i > 0 ? " " : "", (int)words.lens[i], words.texts[i]);
	}
	return text;
}

static size_t place_of(const char *wanted)
{
	for (size_t i = 0; i < delta.count; i++) {
		if (strcmp(text_of(&delta.entries[i]), wanted) == 0) {
			return i;
		}
	}
	print_error("no such command: %s\n", wanted);
	for (size_t i = 0; i < delta.count; i++) {
		print_error("  %s\n", text_of(&delta.entries[i]));
	}
	fail();
	return 0;
}

#define KEY "mailwarden:{s1}:"

static void a_mail_flow_moves_its_counters(void **state)
{
	(void)state;
	static const char *const WANTED[] = {
		"HINCRBY " KEY "totals 1 records",
		"HINCRBY " KEY "totals 1 flows",
		"HINCRBY " KEY "totals 1 illegitimate",
		"HINCRBY " KEY "totals 2 messages",
		"HINCRBY " KEY "totals 111 bytes",
		"HINCRBY " KEY "hour:2026013112 1 flows",
		"HINCRBY " KEY "hour:2026013112 1 illegitimate",
		"EXPIRE " KEY "hour:2026013112 7200",
		"HINCRBY " KEY "matrix 1 workstations|-|smtp|illegitimate",
		"PFADD " KEY "senders 192.0.2.70",
		"ZINCRBY " KEY "senders:illegitimate 1 192.0.2.70",
		"HINCRBY " KEY "server:203.0.113.25|25 1 flows",
		"HINCRBY " KEY "server:203.0.113.25|25 1 illegitimate",
		"HINCRBY " KEY "server:203.0.113.25|25 1 offered:no",
		"HINCRBY " KEY "server:203.0.113.25|25 1 starttls:none",
		"HINCRBY " KEY "server:203.0.113.25|25 1 tls:none",
		"HSET " KEY "server:203.0.113.25|25 last 1769864399",
		"EXPIRE " KEY "server:203.0.113.25|25 86400",
		"ZADD " KEY "servers GT 1769864399 203.0.113.25|25",
	};
	add_line(MAIL);
	for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); i++) {
		(void)place_of(WANTED[i]);
	}
	assert_int_equal(delta.count, sizeof(WANTED) / sizeof(WANTED[0]));
}

static void who_reads_mail_is_a_client_too_and_what_counted_nothing_has_no_field(
	void **state)
{
	(void)state;
	add_line("{\"timestamp\":\"2026-01-31T12:59:59.000001+0000\","
		 "\"event_type\":\"mail\",\"src_ip\":\"192.0.2.71\","
		 "\"dest_ip\":\"203.0.113.25\",\"dest_port\":143,"
		 "\"mail\":{\"protocol\":\"imap\",\"verdict\":\"illegitimate\"}}");
	(void)place_of("PFADD " KEY "senders 192.0.2.71");
	(void)place_of("ZINCRBY " KEY "senders:illegitimate 1 192.0.2.71");
	for (size_t i = 0; i < delta.count; i++) {
		assert_null(strstr(text_of(&delta.entries[i]), "undecided"));
		assert_null(strstr(text_of(&delta.entries[i]), "blocked"));
	}
}

static void an_alert_moves_its_counters_and_goes_into_the_stream(void **state)
{
	(void)state;
	static const char *const WANTED[] = {
		"HINCRBY " KEY "totals 1 records",
		"HINCRBY " KEY "totals 1 alerts",
		"HINCRBY " KEY "totals 1 alerts:high",
		"HINCRBY " KEY "totals 1 blocked",
		"HINCRBY " KEY "findings 1 sender.illegitimate",
		"HINCRBY " KEY "occurrences 7 sender.illegitimate",
		"HINCRBY " KEY "hour:2026013113 1 alerts",
		"HINCRBY " KEY "hour:2026013113 1 finding:sender.illegitimate",
		"EXPIRE " KEY "hour:2026013113 7200",
	};
	add_line(ALERT);
	for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); i++) {
		(void)place_of(WANTED[i]);
	}
	char stream[sizeof(ALERT) + 128];
	(void)snprintf(stream, sizeof(stream),
		"XADD " KEY "alerts 1000 1769864400000 %s", ALERT);
	(void)place_of(stream);
	assert_int_equal(delta.count, sizeof(WANTED) / sizeof(WANTED[0]) + 1);
}

static void what_an_alert_tells_besides_is_counted_as_flows_and_as_no_alert(
	void **state)
{
	(void)state;
	add_line("{\"timestamp\":\"2026-01-31T13:00:00.000001+0000\",\"event_type\":"
		 "\"alert\",\"alert\":{\"severity\":1,\"metadata\":{\"finding\":"
		 "\"tls.credentials-clear\",\"count\":7,\"also\":[{\"finding\":"
		 "\"tls.missing\",\"count\":6},{\"finding\":\"tls.starttls-unused\","
		 "\"count\":2}]}}}");
	(void)place_of("HINCRBY " KEY "totals 1 alerts");
	(void)place_of("HINCRBY " KEY "findings 1 tls.credentials-clear");
	(void)place_of("HINCRBY " KEY "occurrences 7 tls.credentials-clear");
	(void)place_of("HINCRBY " KEY "occurrences 6 tls.missing");
	(void)place_of("HINCRBY " KEY "occurrences 2 tls.starttls-unused");
	for (size_t i = 0; i < delta.count; i++) {
		assert_null(
			strstr(text_of(&delta.entries[i]), "findings 1 tls.missing"));
	}
}

static void an_alert_that_tells_of_all_there_is_has_room(void **state)
{
	(void)state;
	static char line[40000];
	size_t len = (size_t)snprintf(line, sizeof(line),
		"{\"event_type\":\"alert\",\"alert\":{\"metadata\":{\"finding\":"
		"\"%0600d\",\"also\":[{\"finding\":\"x\"}",
		1);
	for (int i = 0; i < 60; i++) {
		len += (size_t)snprintf(line + len, sizeof(line) - len,
			",{\"finding\":\"%d%0600d\"}", i, i);
	}
	(void)snprintf(line + len, sizeof(line) - len, "]}}}");
	add_line(line);
	assert_true(delta.count > 16 && delta.count <= REDIS_EVENT_ROWS);
	assert_true(delta.text_len <= REDIS_EVENT_BYTES);
}

static void what_repeats_is_added_up_and_every_alert_is_in_the_stream(void **state)
{
	(void)state;
	size_t streamed = 0;
	add_line(MAIL);
	const size_t once = delta.count;
	for (int i = 0; i < 99; i++) {
		add_line(MAIL);
	}
	assert_int_equal(delta.count, once);
	(void)place_of("HINCRBY " KEY "totals 11100 bytes");
	(void)place_of("ZINCRBY " KEY "senders:illegitimate 100 192.0.2.70");
	(void)place_of("ZADD " KEY "servers GT 1769864399 203.0.113.25|25");
	for (int i = 0; i < 3; i++) {
		add_line(ALERT);
	}
	for (size_t i = 0; i < delta.count; i++) {
		streamed += delta.entries[i].verb == REDIS_VERB_APPEND;
	}
	assert_int_equal(streamed, 3);
	(void)place_of("HINCRBY " KEY "totals 103 records");
}

static void a_key_expires_behind_what_makes_it(void **state)
{
	(void)state;
	add_line(MAIL);
	assert_true(place_of("EXPIRE " KEY "hour:2026013112 7200") >
		    place_of("HINCRBY " KEY "hour:2026013112 1 flows"));
	assert_true(place_of("EXPIRE " KEY "server:203.0.113.25|25 86400") >
		    place_of("HINCRBY " KEY "server:203.0.113.25|25 1 flows"));
}

static void an_attempt_makes_no_server(void **state)
{
	(void)state;
	add_line("{\"event_type\":\"mail\",\"dest_ip\":\"203.0.113.1\",\"mail\":{"
		 "\"protocol\":\"attempt\",\"verdict\":\"illegitimate\"}}");
	for (size_t i = 0; i < delta.key_count; i++) {
		assert_null(strstr(delta.keys[i].name, "server"));
	}
}

static void a_record_without_members_still_fits_the_model(void **state)
{
	(void)state;
	add_line("{\"event_type\":\"mail\"}");
	add_line("{\"event_type\":\"alert\"}");
	add_line("{\"event_type\":\"stats\"}");
	(void)place_of("HINCRBY " KEY "totals 3 records");
	(void)place_of("HINCRBY " KEY "matrix 1 -|-|-|-");
	(void)place_of("HINCRBY " KEY "findings 1 -");
}

static void one_event_never_needs_more_room_than_is_asked_for(void **state)
{
	(void)state;
	static char line[6 * 3000];
	char name[3000];
	unsigned added = 0;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (; redis_delta_has_room(&delta); added++) {
		const size_t keys_before = delta.key_count;
		const size_t count = delta.count;
		const size_t text = delta.text_len;
		/* each one different, so that nothing is merged */
		(void)snprintf(line, sizeof(line),
			"{\"event_type\":\"mail\",\"src_ip\":\"%u%s\",\"dest_ip\":"
			"\"192.0.2.%u\",\"mail\":{\"protocol\":\"%u%s\",\"from_group\":"
			"\"%u%s\",\"tls\":\"%u%s\",\"verdict\":\"%u%s\"}}",
			added, name, added, added, name, added, name, added, name,
			added, name);
		add_line(line);
		assert_true(delta.key_count - keys_before <= REDIS_EVENT_KEYS);
		assert_true(delta.count - count <= REDIS_EVENT_ROWS);
		assert_true(delta.text_len - text <= REDIS_EVENT_BYTES);
	}
	assert_true(added > 20);
}

static void names_cannot_leave_their_hash_tag(void **state)
{
	(void)state;
	assert_true(redis_keys_name(&keys, "mailwarden", "a}b*c[d e\n"));
	assert_string_equal(keys.prefix, "mailwarden:{a_b_c_d_e_}:");
	assert_false(redis_keys_name(&keys, "mail{warden", "s1"));
	assert_false(redis_keys_name(&keys, "", "s1"));
	assert_false(redis_keys_name(&keys, "mailwarden", ""));
	char longest[65];
	memset(longest, 'x', 64);
	longest[64] = '\0';
	assert_false(redis_keys_name(&keys, "mailwarden", longest));
	assert_true(redis_keys_name(&keys, "mailwarden", longest + 1));
	assert_false(redis_keys_name(&keys, longest, longest + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			what_an_alert_tells_besides_is_counted_as_flows_and_as_no_alert,
			start),
		cmocka_unit_test_setup(
			an_alert_that_tells_of_all_there_is_has_room, start),
		cmocka_unit_test_setup(a_mail_flow_moves_its_counters, start),
		cmocka_unit_test_setup(
			who_reads_mail_is_a_client_too_and_what_counted_nothing_has_no_field,
			start),
		cmocka_unit_test_setup(
			an_alert_moves_its_counters_and_goes_into_the_stream, start),
		cmocka_unit_test_setup(
			what_repeats_is_added_up_and_every_alert_is_in_the_stream,
			start),
		cmocka_unit_test_setup(a_key_expires_behind_what_makes_it, start),
		cmocka_unit_test_setup(an_attempt_makes_no_server, start),
		cmocka_unit_test_setup(
			a_record_without_members_still_fits_the_model, start),
		cmocka_unit_test_setup(
			one_event_never_needs_more_room_than_is_asked_for, start),
		cmocka_unit_test_setup(names_cannot_leave_their_hash_tag, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
