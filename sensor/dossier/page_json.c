#include "dossier/page.h"

#include "base/version.h"
#include "dossier/page_audit.h"
#include "matrix/acceptance.h"
#include "report/conformity_print.h"
#include "report/json_writer.h"

#include <string.h>

#define DAY_S INT64_C(86400)

static const char *const CHANGES[DOSSIER_CHANGES] = {
	[DOSSIER_CHANGE_NONE] = NULL,
	[DOSSIER_CHANGE_NEW] = "new",
	[DOSSIER_CHANGE_STILL] = "still",
	[DOSSIER_CHANGE_FIXED] = "fixed",
	[DOSSIER_CHANGE_UNSEEN] = "no_longer_observable",
};

static void write_time(struct json_writer *writer, const char *key, uint64_t time_us)
{
	if (time_us > 0) {
		json_time(writer, key, time_us);
	}
}

static void write_text(struct json_writer *writer, const char *key, const char *text)
{
	if (text && text[0] != '\0') {
		json_text(writer, key, text);
	}
}

static void write_address(
	struct json_writer *writer, const char *key, const struct address *address)
{
	char text[ADDRESS_TEXT_BYTES];
	json_text(writer, key,
		observed_is_folded(address) ? NULL : address_text(address, text));
}

static void write_findings(struct json_writer *writer, const char *key, uint64_t set)
{
	json_array_open(writer, key);
	for (; set != 0; set &= set - 1) { /* FINDING_FLOW_COUNT */
		json_text(writer, NULL,
			finding_row((enum finding)__builtin_ctzll(set))->id);
	}
	json_array_close(writer);
}

static void write_head(struct json_writer *writer, const struct dossier *dossier)
{
	static const char *const KINDS[DOSSIER_INPUTS] = {
		[DOSSIER_INPUT_CAPTURE] = "capture",
		[DOSSIER_INPUT_JOURNAL] = "journal",
		[DOSSIER_INPUT_LINES] = "eve",
		[DOSSIER_INPUT_OBSERVED] = "observed",
		[DOSSIER_INPUT_MATRIX] = "matrix",
	};
	const struct dossier_head *head = &dossier->head;
	json_number(writer, "report", 1); /* of this form */
	json_text(writer, "program", "mailwarden " MAILWARDEN_VERSION);
	write_text(writer, "title", head->title);
	write_text(writer, "organisation", head->organisation);
	write_text(writer, "author", head->author);
	json_array_open(writer, "inputs");
	for (size_t i = 0; i < head->input_count; i++) {
		json_object_open(writer, NULL);
		json_text(writer, "name", head->inputs[i].name);
		json_text(writer, "kind", KINDS[head->inputs[i].kind]);
		write_text(writer, "sha256", head->inputs[i].digest);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_sight(struct json_writer *writer, const struct dossier_sight *sight)
{
	json_object_open(writer, "seen");
	write_time(writer, "start", sight->reach.first_us);
	write_time(writer, "end", sight->reach.last_us);
	json_array_open(writer, "places");
	for (size_t i = 0; i < sight->source_count; i++) {
		json_text(writer, NULL, sight->sources[i]);
	}
	json_array_close(writer);
	json_number(writer, "flows", sight->reach.flows);
	json_number(writer, "attempts", sight->attempts);
	json_number(writer, "both_directions", sight->reach.both_way);
	json_number(writer, "tls_flows", sight->encrypted);
	json_number(writer, "undecided", sight->undecided);
	json_number(writer, "given_up", sight->reach.given_up);
	json_number(writer, "pairs_given_up", sight->given_up_pairs);
	if (sight->has_frames) {
		json_number(writer, "frames", sight->blindness.all.frames);
		json_number(writer, "frames_not_decoded",
			blindness_total(&sight->blindness).frames);
	}
	write_text(writer, "incomplete", sight->lacking);
	json_bool(writer, "of_sums", sight->is_of_sums);
	json_object_close(writer);
}

static const char *verdict_word(enum conformity_verdict verdict)
{
	static const char *const WORDS[] = {
		[CONFORMITY_NOT_OBSERVABLE] = "not_observable",
		[CONFORMITY_CONFORM] = "conform",
		[CONFORMITY_BREACHED] = "breached",
		[CONFORMITY_ACCEPTED] = "accepted",
	};
	return WORDS[verdict];
}

static void write_verdict(struct json_writer *writer, const struct dossier *dossier,
	enum conformity_subject subject)
{
	const struct conformity *conformity = dossier->conformity;
	const struct conformity_line line = conformity_line(conformity, subject);
	const enum conformity_verdict verdict = conformity_verdict(conformity, subject);
	json_object_open(writer, NULL);
	json_text(writer, "recommendation", conformity_name(subject));
	json_text(writer, "text", texts_of_subject(TEXTS_ENGLISH, subject, TEXTS_ASKS));
	json_text(
		writer, "text_fr", texts_of_subject(TEXTS_FRENCH, subject, TEXTS_ASKS));
	json_text(writer, "verdict", verdict_word(verdict));
	json_text(writer, "must_be_seen",
		texts_of_subject(TEXTS_ENGLISH, subject, TEXTS_MUST_SEE));
	if (verdict == CONFORMITY_NOT_OBSERVABLE) {
		json_text(writer, "reason", conformity_missing(conformity, subject));
	}
	json_number(writer, "flows", line.observed);
	json_object_open(writer, "unseen");
	for (int i = SEEN_ENOUGH + 1; i < SEEN_COUNT; i++) {
		json_number(writer, seen_key((enum seen)i), line.unseen[i]);
	}
	json_object_close(writer);
	json_number(writer, "breaches", line.breaches);
	json_number(writer, "notices", line.notices);
	json_number(writer, "accepted", line.accepted);
	if (subject == CONFORMITY_R36) {
		json_conformity_policy(writer, conformity);
	}
	json_text(writer, "remedy",
		texts_of_subject(TEXTS_ENGLISH, subject, TEXTS_REMEDY));
	json_object_close(writer);
}

static void write_example(
	struct json_writer *writer, const struct dossier_example *example)
{
	json_object_open(writer, "example");
	write_time(writer, "timestamp", example->time_us);
	write_address(writer, "src_ip", &example->client);
	json_number(writer, "src_port", example->client_port);
	write_address(writer, "dest_ip", &example->server);
	json_number(writer, "dest_port", example->server_port);
	json_text(writer, "app_proto", example->protocol);
	write_text(writer, "source", example->source);
	json_number(writer, "flow_id", example->flow_id);
	write_text(writer, "community_id", example->community_id);
	write_text(writer, "event_id", example->event_id);
	if (example->packet > 0) {
		json_number(writer, "packet", example->packet);
	}
	json_object_close(writer);
}

static void write_breach(
	struct json_writer *writer, const struct dossier_breach *breach)
{
	json_object_open(writer, NULL);
	json_text(writer, "fingerprint", breach->fingerprint);
	json_text(writer, "finding", finding_row(breach->finding)->id);
	json_text(writer, "severity", severity_name((enum severity)breach->severity));
	json_bool(writer, "notice", breach->is_notice);
	json_array_open(writer, "recommendations");
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		if (dossier_is_of(breach, (enum conformity_subject)i)) {
			json_text(writer, NULL,
				conformity_name((enum conformity_subject)i));
		}
	}
	json_array_close(writer);
	json_text(writer, "row", breach->row);
	json_text(writer, "nearest_row", breach->nearest);
	json_text(writer, "from_group", breach->from);
	json_text(writer, "to_group", breach->to);
	json_number(writer, "flows", breach->flows);
	write_time(writer, "first", breach->first_us);
	write_time(writer, "last", breach->last_us);
	write_example(writer, &breach->example);
	write_text(writer, "change", CHANGES[breach->change]);
	json_object_close(writer);
}

static void write_gone(struct json_writer *writer, const struct dossier *dossier)
{
	if (!dossier->has_baseline) {
		return;
	}
	json_array_open(writer, "gone");
	for (size_t i = 0; i < dossier->gone_count; i++) {
		const struct dossier_breach *gone = &dossier->gone[i];
		json_object_open(writer, NULL);
		json_text(writer, "fingerprint", gone->fingerprint);
		json_text(writer, "finding", finding_row(gone->finding)->id);
		json_text(writer, "row", gone->row);
		json_text(writer, "from_group", gone->from);
		json_text(writer, "to_group", gone->to);
		json_text(writer, "change", CHANGES[gone->change]);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_accepted(struct json_writer *writer, const struct dossier *dossier)
{
	json_array_open(writer, "accepted");
	for (size_t i = 0; i < dossier->accepted_count; i++) {
		const struct dossier_accepted *accepted = &dossier->accepted[i];
		json_object_open(writer, NULL);
		json_text(writer, "by", accepted->by->by);
		json_text(writer, "finding", finding_row(accepted->finding)->id);
		json_number(writer, "flows", accepted->flows);
		json_text(writer, "owner", accepted->by->owner);
		json_text(writer, "reason", accepted->by->reason);
		if (accepted->by->until_s > 0) {
			json_date(writer, "until", accepted->by->until_s);
		}
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_cells(struct json_writer *writer, const struct grid *grid)
{
	char name[SENTENCE_END_BYTES];
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(grid, &count);
	json_array_open(writer, "grid");
	for (size_t i = 0; i < count; i++) {
		json_object_open(writer, NULL);
		json_text(writer, "from", grid_end_name(grid, cells[i].from, name));
		json_text(writer, "to", grid_end_name(grid, cells[i].to, name));
		json_text(writer, "state", grid_state_word(cells[i].state));
		json_text(writer, "row", cells[i].row ? cells[i].row->id : NULL);
		json_number(writer, "flows", grid_flows(&cells[i]));
		json_number(writer, "tls_flows", cells[i].encrypted);
		write_time(writer, "last", cells[i].last_us);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_offenders(struct json_writer *writer, const struct dossier *dossier)
{
	json_number(writer, "offenders_total", dossier->offender_total);
	json_array_open(writer, "offenders");
	for (size_t i = 0; i < dossier->offender_count; i++) {
		const struct dossier_offender *offender = &dossier->offenders[i];
		json_object_open(writer, NULL);
		write_address(writer, "ip", &offender->client);
		json_text(writer, "group", offender->group);
		write_text(writer, "helo", offender->name);
		json_number(writer, "flows", offender->flows);
		write_findings(writer, "findings", offender->reasons);
		write_time(writer, "last", offender->last_us);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_versions(struct json_writer *writer, uint8_t versions)
{
	static const char *const NAMES[] = {"older", "1.0", "1.1", "1.2", "1.3"};
	json_array_open(writer, "tls_versions");
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		if ((versions & (1U << i)) != 0) {
			json_text(writer, NULL, NAMES[i]);
		}
	}
	json_array_close(writer);
}

static void write_servers(struct json_writer *writer, const struct dossier *dossier)
{
	json_number(writer, "servers_total", dossier->server_total);
	json_array_open(writer, "servers");
	for (size_t i = 0; i < dossier->server_count; i++) {
		const struct dossier_server *server = &dossier->servers[i];
		json_object_open(writer, NULL);
		write_address(writer, "ip", &server->server);
		json_number(writer, "port", server->port);
		json_text(writer, "protocol",
			protocol_name((enum protocol)server->protocol));
		json_text(writer, "group", server->group);
		write_text(writer, "name", server->name);
		json_number(writer, "flows", server->flows);
		json_number(writer, "tls_flows", server->encrypted);
		json_number(writer, "messages", server->messages);
		json_number(writer, "refusals", server->refusals);
		json_number(writer, "deferrals", server->deferrals);
		json_bool(writer, "starttls_offered",
			(server->offered & (1U << FACTS_YES)) != 0);
		write_versions(writer, server->versions);
		if (server->certificate_end_s > 0) {
			json_date(writer, "certificate_end", server->certificate_end_s);
		}
		write_time(writer, "last", server->last_us);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_rows(struct json_writer *writer, const struct dossier *dossier)
{
	json_array_open(writer, "rows");
	for (size_t i = 0; i < dossier->row_count; i++) {
		const struct dossier_row *use = &dossier->rows[i];
		json_object_open(writer, NULL);
		json_text(writer, "id", use->row->id);
		json_text(writer, "from", sentence_end_name(&use->row->from));
		json_text(writer, "to", sentence_end_name(&use->row->to));
		json_number(writer, "flows", use->flows);
		write_time(writer, "last", use->last_us);
		if (use->row->expires_s > 0) {
			json_date(writer, "expires", use->row->expires_s);
		}
		json_bool(writer, "over", use->is_over);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_days(struct json_writer *writer, const struct dossier *dossier)
{
	json_array_open(writer, "days");
	for (size_t i = 0; i < dossier->day_count; i++) {
		const struct dossier_day *day = &dossier->days[i];
		json_object_open(writer, NULL);
		json_date(writer, "day", day->day * DAY_S);
		json_number(writer, "flows", day->flows);
		json_number(writer, "breaches", day->breaches);
		json_number(writer, "notices", day->notices);
		json_object_close(writer);
	}
	json_array_close(writer);
}

void page_write_json(FILE *out, const struct dossier *dossier)
{
	struct json_writer writer = {.out = out};
	json_object_open(&writer, NULL);
	write_head(&writer, dossier);
	write_sight(&writer, &dossier->sight);
	json_array_open(&writer, "conformity");
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		write_verdict(&writer, dossier, (enum conformity_subject)i);
	}
	json_array_close(&writer);
	page_audit_json(&writer, dossier);
	json_array_open(&writer, "findings");
	for (size_t i = 0; i < dossier->breach_count; i++) {
		write_breach(&writer, &dossier->breaches[i]);
	}
	json_array_close(&writer);
	write_gone(&writer, dossier);
	write_accepted(&writer, dossier);
	write_cells(&writer, dossier->grid);
	write_offenders(&writer, dossier);
	write_servers(&writer, dossier);
	write_rows(&writer, dossier);
	write_days(&writer, dossier);
	page_json_reported(&writer, &dossier->reported);
	json_object_close(&writer);
	json_line_end(&writer);
}
