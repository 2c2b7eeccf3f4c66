#include "commands/diff_print.h"
#include "commands/diff_words.h"
#include "matrix/sentence.h"
#include "report/json_writer.h"

#include <stdio.h>

#define SPANS_MAX 64 /* of one class; then "more" says how many are left out */

static void write_spans(
	struct json_writer *writer, const struct difference *difference, uint32_t class)
{
	char text[DIFF_TEXT_BYTES];
	size_t count = 0;
	json_array_open(writer, "addresses");
	for (size_t i = 0; i < difference->span_count; i++) {
		if (difference->spans[i].class == class && count++ < SPANS_MAX) {
			json_text(writer, NULL, diff_span(&difference->spans[i], text));
		}
	}
	json_array_close(writer);
	if (count > SPANS_MAX) {
		json_number(writer, "more", count - SPANS_MAX);
	}
}

static void write_classes(struct json_writer *writer, const char *key,
	const struct difference *difference, const uint32_t *classes, size_t count)
{
	json_array_open(writer, key);
	for (size_t i = 0; i < count; i++) {
		const struct difference_class *class = &difference->classes[classes[i]];
		json_object_open(writer, NULL);
		json_text(writer, "old", diff_name(class, DIFFERENCE_OLD));
		json_text(writer, "new", diff_name(class, DIFFERENCE_NEW));
		if (class->host) {
			json_text(writer, "host", class->host);
		} else {
			write_spans(writer, difference, classes[i]);
		}
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_rows(
	struct json_writer *writer, const char *key, const struct difference_rows *rows)
{
	char text[SENTENCE_LIST_BYTES];
	json_array_open(writer, key);
	for (size_t i = 0; i < rows->count; i++) {
		const struct matrix_row *row = rows->list[i];
		json_object_open(writer, NULL);
		json_text(writer, "row", row->id);
		json_text(writer, "file", row->place.file);
		json_number(writer, "line", row->place.line);
		json_text(writer, "condition", sentence_condition(row, text));
		json_text(writer, "mode",
			row->mode == MATRIX_MODE_AUDIT ? "audit" : "enforce");
		if (row->expires_s != 0) {
			json_text(writer, "until",
				sentence_last_day(row->expires_s, text));
		}
		json_object_close(writer);
	}
	if (rows->is_profile) {
		json_object_open(writer, NULL);
		json_text(writer, "profile", "rfc8314");
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_line(struct json_writer *writer, const struct difference_line *line)
{
	char text[16];
	json_object_open(writer, NULL);
	json_text(writer, "kind", DIFF_KINDS[line->kind]);
	json_bool(writer, "wider", line->is_wider);
	json_bool(writer, "narrower", line->is_narrower);
	json_array_open(writer, "protocols");
	for (uint32_t left = line->protocols; left; left &= left - 1) {
		json_text(writer, NULL,
			protocol_name((enum protocol)__builtin_ctz(left)));
	}
	json_array_close(writer);
	json_array_open(writer, "ports");
	for (size_t i = 0; i < line->port_count; i++) {
		const struct difference_ports *ports = &line->ports[i];
		(void)snprintf(text, sizeof(text),
			ports->first == ports->last ? "%u" : "%u-%u", ports->first,
			ports->last);
		json_text(writer, NULL, text);
	}
	json_array_close(writer);
	write_rows(writer, "old", &line->rows[DIFFERENCE_OLD]);
	write_rows(writer, "new", &line->rows[DIFFERENCE_NEW]);
	json_object_close(writer);
}

static void write_entry(struct json_writer *writer, const struct difference *difference,
	const struct difference_entry *entry)
{
	json_object_open(writer, NULL);
	json_text(writer, "kind", DIFF_KINDS[entry->kind]);
	json_bool(writer, "wider", entry->is_wider);
	json_bool(writer, "narrower", entry->is_narrower);
	write_classes(writer, "from", difference, entry->from, entry->from_count);
	write_classes(writer, "to", difference, entry->to, entry->to_count);
	json_array_open(writer, "lines");
	for (size_t i = 0; i < entry->line_count; i++) {
		write_line(writer, &entry->lines[i]);
	}
	json_array_close(writer);
	json_object_close(writer);
}

static void write_term(struct json_writer *writer, const struct difference_term *term)
{
	char text[DIFF_TEXT_BYTES];
	json_object_open(writer, NULL);
	json_text(writer, "key", term->key);
	json_text(writer, "name", term->name[0] != '\0' ? term->name : NULL);
	json_text(writer, "text", term->text);
	json_bool(writer, "wider", term->is_wider);
	json_bool(writer, "narrower", term->is_narrower);
	json_array_open(writer, "addresses");
	for (size_t i = 0; i < term->span_count && i < SPANS_MAX; i++) {
		json_text(writer, NULL, diff_span(&term->spans[i], text));
	}
	json_array_close(writer);
	if (term->span_count > SPANS_MAX) {
		json_number(writer, "more", term->span_count - SPANS_MAX);
	}
	json_array_open(writer, "hosts");
	for (size_t i = 0; i < term->host_count; i++) {
		json_text(writer, NULL, term->hosts[i]);
	}
	json_array_close(writer);
	json_object_close(writer);
}

void diff_print_json(const struct diff_print *print)
{
	const struct difference *difference = print->difference;
	struct json_writer writer = {.out = stdout};
	json_object_open(&writer, NULL);
	json_text(&writer, "old", print->files[DIFFERENCE_OLD]);
	json_text(&writer, "new", print->files[DIFFERENCE_NEW]);
	json_bool(&writer, "partial", difference->is_partial);
	json_bool(&writer, "wider", difference_is_wider(difference));
	for (int i = 0; i < 3; i++) {
		json_number(&writer, DIFF_KINDS[i], print->counts[i]);
	}
	json_array_open(&writer, "differences");
	for (size_t i = 0; i < difference->entry_count; i++) {
		write_entry(&writer, difference, &difference->entries[i]);
	}
	json_array_close(&writer);
	json_array_open(&writer, "terms");
	for (size_t i = 0; i < difference->term_count; i++) {
		write_term(&writer, &difference->terms[i]);
	}
	json_array_close(&writer);
	if (print->traffic) {
		diff_traffic_json(&writer, print->traffic);
	}
	json_object_close(&writer);
	json_line_end(&writer);
}
