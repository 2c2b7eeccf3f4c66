#include "dossier/page.h"

#include "report/json_writer.h"

static void write_claim(struct json_writer *writer, const struct reported_claim *claim)
{
	if (claim->first_us > 0) {
		json_time(writer, "first", claim->first_us);
	}
	if (claim->last_us > 0) {
		json_time(writer, "last", claim->last_us);
	}
	json_text(writer, "reporter", claim->reporter);
	json_bool(writer, "several_reporters", claim->is_of_several);
	json_time(writer, "recorded", claim->told_us);
}

static void write_senders(struct json_writer *writer, const struct reported *reported)
{
	char text[ADDRESS_TEXT_BYTES];
	json_array_open(writer, "senders");
	for (size_t i = 0; i < reported->sender_count; i++) {
		const struct reported_sender *sender = &reported->senders[i];
		const struct finding_row *row = finding_row(sender->finding);
		json_object_open(writer, NULL);
		json_text(writer, "finding", row->id);
		json_text(writer, "severity", severity_name(row->severity));
		json_text(writer, "source", address_text(&sender->source, text));
		json_text(writer, "domain", sender->domain);
		json_text(writer, "group", sender->group);
		json_number(writer, "messages", sender->messages);
		json_number(writer, "aligned", sender->aligned);
		write_claim(writer, &sender->claim);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_policies(struct json_writer *writer, const struct reported *reported)
{
	json_array_open(writer, "tls_failing");
	for (size_t i = 0; i < reported->policy_count; i++) {
		const struct reported_policy *policy = &reported->policies[i];
		json_object_open(writer, NULL);
		json_text(writer, "domain", policy->domain);
		json_text(writer, "policy", policy->policy);
		json_number(writer, "succeeded", policy->succeeded);
		json_number(writer, "failed", policy->failed);
		write_claim(writer, &policy->claim);
		json_object_close(writer);
	}
	json_array_close(writer);
}

void page_json_reported(struct json_writer *writer, const struct reported *reported)
{
	if (reported->runs == 0) {
		return;
	}
	json_object_open(writer, "reported");
	json_number(writer, "dmarc_reports", reported->dmarc_reports);
	json_number(writer, "tls_reports", reported->tls_reports);
	json_object_open(writer, "messages");
	for (int i = 0; i < REPORTED_CLASSES; i++) {
		json_number(writer, reported_class_word((enum reported_class)i),
			reported->messages[i]);
	}
	json_number(writer, "lost", reported->lost_messages);
	json_object_close(writer);
	json_object_open(writer, "sessions");
	json_number(writer, "succeeded", reported->succeeded);
	json_number(writer, "failed", reported->failed);
	json_object_close(writer);
	write_senders(writer, reported);
	write_policies(writer, reported);
	json_number(writer, "declared_now", reported->declared);
	json_number(writer, "unkept_records", reported->unkept);
	json_object_close(writer);
}
