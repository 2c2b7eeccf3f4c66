/* Renderings of hostile records, at every length that a receiver may allow. */
#include "ship/rendering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char LINE[] =
	"{\"timestamp\":\"2026-11-24T06:42:25.775324+0000\",\"event_id\":\"s-1-2\","
	"\"event_type\":\"alert\",\"host\":\"a b\\u0007c\",\"src_ip\":\"2001:db8::1\","
	"\"src_port\":53856,\"dest_ip\":\"203.0.113.25\",\"dest_port\":25,\"proto\":"
	"\"TCP\",\"app_proto\":\"smtp\",\"alert\":{\"signature_id\":3700001,"
	"\"signature\":\"a|b\\\\c\\n\",\"severity\":2,\"action\":\"blocked\","
	"\"metadata\":{\"finding\":\"sender.illegitimate\",\"recommendation\":[\"R37\"]"
	","
	"\"count\":1}},\"mail\":{\"verdict\":\"illegitimate\",\"row\":null,"
	"\"reason\":\"] \\\" \\\\ = | \\r\\n <0>1 - forged\",\"from_group\":\"x=]y\","
	"\"helo\":\"\\u001b[2J\\u007f\\t\"}}";

static struct event event;
static struct rendering_settings settings = {.facility = 20,
	.levels = {6, 1, 3, 4, 5},
	.enterprise = 32473,
	.now_us = 1,
	.process_id = 4711};

static int start(void **state)
{
	(void)state;
	const struct journal_line line = {.text = LINE,
		.len = sizeof(LINE) - 1,
		.position = 0,
		.end = sizeof(LINE)};
	return event_read(&event, &line) ? 0 : 1;
}

static int end(void **state)
{
	(void)state;
	event_free(&event);
	return 0;
}

/* RFC 5424 section 6.3: elements follow each other; quotes are closed. */
static bool is_structured_data_whole(const char *text, size_t len)
{
	bool is_quoted = false;
	unsigned depth = 0;
	for (size_t i = 0; i < len; i++) {
		if (is_quoted && text[i] == '\\') {
			i++;
		} else if (text[i] == '"') {
			is_quoted = !is_quoted;
		} else if (!is_quoted && text[i] == '[') {
			depth++;
		} else if (!is_quoted && text[i] == ']' && --depth == 0 &&
			   (i + 1 == len || text[i + 1] != '[')) {
			return true;
		}
	}
	return false;
}

static bool is_json(const char *text, size_t len)
{
	struct document document;
	if (!document_parse(&document, text, len)) {
		return false;
	}
	document_free(&document);
	return true;
}

static void check_form(const struct rendering *rendering, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		assert_true((unsigned char)text[i] >= 0x20);
	}
	if (strcmp(rendering->name, "rfc5424") == 0) {
		assert_true(is_structured_data_whole(text, len));
	} else if (strcmp(rendering->name, "cee") == 0) {
		assert_memory_equal(text, "@cee: ", 6);
		assert_true(is_json(text + 6, len - 6));
	} else if (strcmp(rendering->name, "cef") != 0 &&
		   strcmp(rendering->name, "kv") != 0) {
		assert_true(is_json(text, len));
	}
}

/* At most so long; wants so many bytes of each form where there is room. */
static void check_lengths(const struct event *of, size_t most, size_t wanted)
{
	const struct rendering *rendering;
	for (size_t i = 0; (rendering = rendering_at(i)) != NULL; i++) {
		size_t longest = 0;
		for (size_t size = 0; size < most; size++) {
			char *text = malloc(size > 0 ? size : 1); /* exact */
			assert_non_null(text);
			const size_t len = rendering->write(of, &settings, text, size);
			assert_true(len <= size);
			assert_true(len > 0 || size < RENDERING_BYTES_MIN);
			if (len > 0) {
				check_form(rendering, text, len);
			}
			longest = len > longest ? len : longest;
			free(text);
		}
		assert_true(longest > wanted);
	}
}

static void every_form_is_whole_at_every_length(void **state)
{
	(void)state;
	check_lengths(&event, 3000, 200);
}

/* Nothing of it has a bound, and each letter is six or a question mark. */
static void a_record_that_is_too_long_in_every_part_still_gets_out(void **state)
{
	(void)state;
	static const char *const PARTS[] = {"{\"event_type\":\"alert\",\"host\":\"",
		"\",\"event_id\":\"", "\",\"timestamp\":\"", "\",\"src_ip\":\"",
		"\",\"dest_ip\":\"", "\",\"proto\":\"",
		"\",\"alert\":{\"severity\":1,\"signature\":\"",
		"\",\"signature_id\":\"", "\",\"category\":\"",
		"\",\"metadata\":{\"finding\":\"", "\",\"detail\":\"",
		"\"}},\"mail\":{\"reason\":\"", "\",\"from_group\":\"", "\"}}"};
	const size_t count = sizeof(PARTS) / sizeof(PARTS[0]);
	static char text[RENDERING_BYTES_MAX];
	char *at = text;
	for (size_t i = 0; i < count; i++) {
		at = stpcpy(at, PARTS[i]);
		for (unsigned letter = 0; letter < 500 && i + 1 < count; letter++) {
			at = stpcpy(at, letter % 2 == 0 ? "\\u0007" : "x");
		}
	}
	const struct journal_line line = {.text = text, .len = (size_t)(at - text)};
	struct event long_one;
	assert_true(event_read(&long_one, &line));
	check_lengths(&long_one, 600, 10);
	event_free(&long_one);
}

/* By its name as a value of the key, and so that somebody finds it. */
static void every_form_can_be_chosen(void **state)
{
	(void)state;
	static const struct schema_key KEYS[] = {RENDERING_KEYS("eve"), {.name = NULL}};
	const struct rendering *rendering;
	size_t count = 0;
	assert_string_equal(KEYS[0].name, "form");
	while ((rendering = rendering_at(count)) != NULL) {
		assert_non_null(RENDERING_NAMES[count]);
		assert_string_equal(RENDERING_NAMES[count], rendering->name);
		assert_non_null(strstr(KEYS[0].help, rendering->name));
		count++;
	}
	assert_null(RENDERING_NAMES[count]);
}

static void what_does_not_fit_is_left_out_from_the_end(void **state)
{
	(void)state;
	static char text[RENDERING_BYTES_MAX];
	settings.limit = 120;
	const size_t len =
		rendering_write(rendering_find("kv"), &event, &settings, text);
	settings.limit = 0;
	assert_true(len <= 120);
	assert_memory_equal(text,
		"event=alert finding=sender.illegitimate severity=high "
		"src=2001:db8::1 ",
		70);
}

static void the_priority_is_facility_and_level(void **state)
{
	(void)state;
	assert_int_equal(rendering_priority(&settings, &event), 20 * 8 + 3);
}

static void an_event_that_is_no_alert_has_the_level_of_others(void **state)
{
	(void)state;
	static const char OTHER[] =
		"{\"event_type\":\"stats\",\"stats\":{\"a\":{\"b\":1}}}";
	const struct journal_line line = {.text = OTHER, .len = sizeof(OTHER) - 1};
	struct event stats;
	char text[200];
	assert_true(event_read(&stats, &line));
	assert_int_equal(rendering_priority(&settings, &stats), 20 * 8 + 6);
	const size_t len = rendering_kv(&stats, &settings, text, sizeof(text));
	assert_int_equal(len, strlen("event=stats a.b=1"));
	assert_memory_equal(text, "event=stats a.b=1", len);
	const size_t header = rendering_rfc5424(&stats, &settings, text, sizeof(text));
	assert_true(header > 0);
	assert_memory_equal(text, "<166>1 - - mailwarden 4711 stats [origin ", 41);
	event_free(&stats);
}

static void a_message_of_another_form_has_the_header_of_rfc_5424_and_only_one(
	void **state)
{
	(void)state;
	static char message[RENDERING_MESSAGE_BYTES];
	static char form[RENDERING_BYTES_MAX];
	static const char HEADER[] = "<163>1 2026-11-24T06:42:25.775324Z a?b?c "
				     "mailwarden 4711 sender.illegitimate - ";
	const struct rendering *rendering;
	for (size_t i = 0; (rendering = rendering_at(i)) != NULL; i++) {
		const bool is_own = strcmp(rendering->name, "rfc5424") == 0;
		const size_t before = is_own ? 0 : sizeof(HEADER) - 1;
		const size_t len = rendering_write(rendering, &event, &settings, form);
		assert_int_equal(
			rendering_message(rendering, &event, &settings, message),
			before + len);
		assert_memory_equal(message, HEADER, before);
		assert_memory_equal(message + before, form, len);
	}
}

/* RFC 3164 with nothing between host and body, as the guide of CEF has it. */
static void before_cef_stand_time_and_host_alone(void **state)
{
	(void)state;
	char text[300];
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
	settings.has_bsd_header = true;
	const size_t len = rendering_header(&event, &settings, text, sizeof(text));
	assert_int_equal(rendering_header(&event, &settings, text, 20), 0);
	settings.has_bsd_header = false;
	assert_int_equal(len, strlen("<163>Nov 24 06:42:25 a?b?c "));
	assert_memory_equal(text, "<163>Nov 24 06:42:25 a?b?c ", 20);
	const size_t other = rendering_header(&event, &settings, text, sizeof(text));
	assert_true(other > 8);
	assert_memory_equal(text, "<163>1 2026-", 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_whole_at_every_length),
		cmocka_unit_test(
			a_record_that_is_too_long_in_every_part_still_gets_out),
		cmocka_unit_test(every_form_can_be_chosen),
		cmocka_unit_test(what_does_not_fit_is_left_out_from_the_end),
		cmocka_unit_test(the_priority_is_facility_and_level),
		cmocka_unit_test(an_event_that_is_no_alert_has_the_level_of_others),
		cmocka_unit_test(
			a_message_of_another_form_has_the_header_of_rfc_5424_and_only_one),
		cmocka_unit_test(before_cef_stand_time_and_host_alone),
	};
	return cmocka_run_group_tests(tests, start, end);
}
