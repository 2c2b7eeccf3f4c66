#include "report/json_audit.h"

#include "report/json_parts.h"

#define DETAIL_BYTES 1600
#define PROCESS      "audit" /* of `sensor.process` */

static const char *const WORDS[AUDIT_STATES] = {
	[AUDIT_NO] = "no", [AUDIT_YES] = "yes", [AUDIT_UNASKED] = "unknown"};

const char *audit_state_word(enum audit_state state)
{
	return WORDS[state];
}

unsigned audit_state_of(const char *word)
{
	unsigned state = 0;
	while (state < AUDIT_STATES && strcmp(WORDS[state], word) != 0) {
		state++;
	}
	return state;
}

/* Whose answer an alert is about. */
struct audited_check {
	const char *subject;
	const char *check;
	enum audit_state state;
};

static void write_audited(struct json_writer *writer, const void *what)
{
	const struct audited_check *audited = what;
	json_object_open(writer, "audit");
	json_text(writer, "subject", audited->subject);
	json_text(writer, "check", audited->check);
	json_text(writer, "answer", WORDS[audited->state]);
	json_object_close(writer);
}

void json_audit_alert(FILE *out, const struct json_event *event, const char *subject,
	const struct json_audit_answer *answer, enum finding finding)
{
	char detail[DETAIL_BYTES];
	const struct audited_check audited = {subject, answer->check, answer->state};
	const struct json_sensor_alert alert = {.finding = finding,
		.severity = answer->severity,
		.process = PROCESS,
		.detail = detail,
		.count = 1,
		.more = write_audited,
		.what = &audited};
	(void)snprintf(detail, sizeof(detail), "%s: %s: %s%s%s", subject,
		answer->question, WORDS[answer->state], answer->why[0] ? ": " : "",
		answer->why);
	json_sensor_alert(out, event, &alert);
}

/* EVE has counters there. */
static void write_counts(struct json_writer *writer, const struct json_audit *audit)
{
	uint64_t counts[AUDIT_STATES] = {0};
	for (size_t i = 0; i < audit->count; i++) {
		counts[audit->answers[i].state]++;
	}
	json_object_open(writer, "stats");
	json_object_open(writer, "audit");
	json_number(writer, "yes", counts[AUDIT_YES]);
	json_number(writer, "no", counts[AUDIT_NO]);
	json_number(writer, "unknown", counts[AUDIT_UNASKED]);
	json_object_close(writer);
	json_object_close(writer);
}

static void write_answer(
	struct json_writer *writer, const struct json_audit_answer *answer)
{
	const bool is_fault = answer->severity != SEVERITY_NONE;
	json_object_open(writer, NULL);
	json_text(writer, "check", answer->check);
	json_text(writer, "question", answer->question);
	json_text(writer, "answer", WORDS[answer->state]);
	json_text(
		writer, "severity", is_fault ? severity_name(answer->severity) : NULL);
	json_text(writer, "why", answer->why);
	json_object_close(writer);
}

void json_audit(
	FILE *out, const struct json_event *event, const struct json_audit *audit)
{
	struct json_writer writer;
	json_begin(&writer, out);
	json_write_event(
		&writer, "stats", event->time_us, event->event_prefix, event->sequence);
	json_text(&writer, "host", event->host);
	write_counts(&writer, audit);
	json_object_open(&writer, "sensor");
	json_text(&writer, "process", PROCESS);
	json_object_close(&writer);
	json_object_open(&writer, "audit");
	json_text(&writer, "subject", audit->subject);
	json_text(&writer, "kind", audit->is_server ? "server" : "domain");
	json_bool(&writer, "whole", audit->is_whole);
	json_array_open(&writer, "answers");
	for (size_t i = 0; i < audit->count; i++) {
		write_answer(&writer, &audit->answers[i]);
	}
	json_array_close(&writer);
	json_object_close(&writer);
	json_object_close(&writer);
	json_line_end(&writer);
}
