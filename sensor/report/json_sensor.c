#include "report/json_sensor.h"

#include "report/json_parts.h"

static void write_event(
	struct json_writer *writer, const char *type, const struct json_event *event)
{
	json_write_event(
		writer, type, event->time_us, event->event_prefix, event->sequence);
	json_text(writer, "host", event->host);
}

void json_sensor_alert(FILE *out, const struct json_event *event,
	const struct json_sensor_alert *alert)
{
	struct json_writer writer = {.out = out};
	const struct finding_row *row = finding_row(alert->finding);
	write_event(&writer, "sensor", event);
	json_object_open(&writer, "alert");
	json_number(&writer, "signature_id", row->signature_id);
	json_number(&writer, "rev", row->revision);
	json_number(&writer, "gid", CATALOGUE_GENERATOR_ID);
	json_text(&writer, "signature", row->signature);
	json_text(&writer, "category", finding_category(alert->finding));
	json_number(&writer, "severity", row->severity);
	json_text(&writer, "action", "allowed");
	json_write_references(&writer, row, row->recommendations);
	json_object_open(&writer, "metadata");
	json_text(&writer, "finding", row->id);
	json_write_grading(&writer, row, row->severity);
	json_text(&writer, "detail", alert->detail);
	json_number(&writer, "count", alert->count);
	json_object_close(&writer);
	json_object_close(&writer);
	json_object_open(&writer, "sensor");
	json_text(&writer, "process", alert->process);
	json_object_close(&writer);
	if (alert->more) {
		alert->more(&writer, alert->what);
	}
	json_object_close(&writer);
	json_line_end(&writer);
}

static void write_count(
	struct json_writer *writer, const char *key, struct decode_blind_count count)
{
	json_object_open(writer, key);
	json_number(writer, "frames", count.frames);
	json_number(writer, "bytes", count.bytes);
	json_object_close(writer);
}

void json_blindness(struct json_writer *writer, const struct blindness *blindness)
{
	const struct decode_blind_count total = blindness_total(blindness);
	json_object_open(writer, "blind");
	json_number(writer, "frames", total.frames);
	json_number(writer, "bytes", total.bytes);
	write_count(writer, "of", blindness->all);
	json_object_open(writer, "kinds");
	for (size_t i = 0; i < DECODE_BLIND_COUNT; i++) {
		if (blindness->kinds[i].frames > 0) {
			write_count(writer, blindness_kind_name((enum decode_blind)i),
				blindness->kinds[i]);
		}
	}
	json_object_close(writer);
	json_object_close(writer);
}

static const char *action_of(const struct json_matrix *matrix)
{
	if (matrix->list) {
		return matrix->is_removed ? "list-entry-removed" : "list-entry-added";
	}
	return matrix->is_loaded ? "loaded" : "rejected";
}

void json_matrix(
	FILE *out, const struct json_event *event, const struct json_matrix *matrix)
{
	struct json_writer writer = {.out = out};
	write_event(&writer, "matrix", event);
	json_object_open(&writer, "matrix");
	json_text(&writer, "action", action_of(matrix));
	json_number(&writer, "generation", matrix->generation);
	if (matrix->is_loaded) {
		json_number(&writer, "rows", matrix->rows);
		json_number(&writer, "groups", matrix->groups);
	}
	if (matrix->list) {
		json_text(&writer, "list", matrix->list);
		json_text(&writer, "entry", matrix->entry);
		json_text(&writer, "reason", matrix->reason);
	}
	if (matrix->problem) {
		json_text(&writer, "problem", matrix->problem);
	}
	json_object_close(&writer);
	json_object_close(&writer);
	json_line_end(&writer);
}
