#include "audit/dmarc_told.h"

#define US_PER_S UINT64_C(1000000)

static void write_times(struct json_writer *json, uint64_t begin_s, uint64_t end_s)
{
	json_time(json, "first", begin_s * US_PER_S);
	json_time(json, "last", end_s * US_PER_S);
}

static void write_reporter(
	struct json_writer *json, const char *reporter, bool is_told_by_several)
{
	json_text(json, "reporter", reporter);
	json_bool(json, "several_reporters", is_told_by_several);
}

void dmarc_source_json(struct json_writer *json, const struct dmarc_source *source)
{
	char text[ADDRESS_TEXT_BYTES];
	json_text(json, "source", address_text(&source->key.address, text));
	json_text(json, "domain", source->key.domain);
	json_text(json, "standing", dmarc_standing_word(dmarc_standing(source)));
	json_text(json, "class", dmarc_class_word(dmarc_class(source)));
	if (source->group) {
		json_text(json, "group", source->group->name);
	}
	json_number(json, "messages", source->messages);
	json_number(json, "aligned", source->aligned);
	json_number(json, "spf_aligned", source->spf_aligned);
	json_number(json, "dkim_aligned", source->dkim_aligned);
	json_number(json, "forwarded", source->forwarded);
	json_number(json, "quarantined", source->quarantined);
	json_number(json, "rejected", source->rejected);
	write_times(json, source->begin_s, source->end_s);
	write_reporter(json, source->reporter, source->is_told_by_several);
}

void tlsrpt_row_json(struct json_writer *json, const struct tlsrpt_row *row)
{
	json_text(json, "domain", row->key.domain);
	json_text(json, "policy", tlsrpt_policy_word(row->key.policy));
	if (row->key.failure != 0) {
		json_text(json, "failure", tlsrpt_failure_word(row->key.failure));
		json_text(json, "server", row->key.server);
	} else {
		json_number(json, "succeeded", row->succeeded);
	}
	if (row->group) {
		json_text(json, "group", row->group->name);
	}
	json_number(json, "failed", row->failed);
	write_times(json, row->begin_s, row->end_s);
	write_reporter(json, row->reporter, row->is_told_by_several);
}

static void write_totals(struct json_writer *json, const struct dmarc_told *told)
{
	const struct dmarc_totals *totals = &told->totals;
	const struct tlsrpt_totals *tls = &told->tlsrpt->totals;
	json_object_open(json, NULL);
	json_object_open(json, "totals");
	json_number(json, "dmarc_reports", totals->reports);
	json_number(json, "tls_reports", tls->reports);
	json_number(json, "repeated_reports", totals->repeated);
	json_number(json, "bad_rows", totals->rows_bad + tls->rows_bad);
	json_number(json, "other_rows", totals->rows_other + tls->rows_other);
	json_number(json, "messages", totals->messages);
	json_object_open(json, "classes");
	for (unsigned i = 0; i < DMARC_CLASSES; i++) {
		json_number(json, dmarc_class_word((enum dmarc_class)i),
			totals->classes[i]);
	}
	json_object_close(json);
	json_number(json, "lost_messages", totals->lost_messages);
	json_number(json, "lost_failures", tls->rows_lost);
	json_number(json, "sessions", tls->succeeded + tls->failed);
	json_number(json, "sessions_failed", tls->failed);
	if (totals->reports > 0) {
		write_times(json, totals->begin_s, totals->end_s);
	}
	json_object_close(json);
	json_object_close(json);
	json_line_end(json);
}

void dmarc_told_json(const struct dmarc_told *told, FILE *out)
{
	struct json_writer json = {.out = out};
	for (uint32_t i = 0; i < told->dmarc->sources.count; i++) {
		json_object_open(&json, NULL);
		dmarc_source_json(&json, told->sources[i]);
		json_object_close(&json);
		json_line_end(&json);
	}
	for (uint32_t i = 0; i < told->tlsrpt->rows.count; i++) {
		json_object_open(&json, NULL);
		tlsrpt_row_json(&json, told->rows[i]);
		json_object_close(&json);
		json_line_end(&json);
	}
	write_totals(&json, told);
}
