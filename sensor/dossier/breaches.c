#include "dossier/making.h"
#include "matrix/acceptance.h"

#include <stdlib.h>
#include <string.h>

#define FINGERPRINT_BYTES 640

/* Behind conditions that rows share stands the first of their pairs of ends. */
static const char *row_id(const struct matrix_row *row)
{
	return row ? row->id : NULL;
}

static const char *fingerprint_of(
	const struct breach_given *given, char text[FINGERPRINT_BYTES])
{
	const struct judgement *judgement = given->record->judgement;
	const char *row = row_id(judgement->row);
	const char *from = record_end_name(&judgement->from);
	const char *to = record_end_name(&judgement->to);
	(void)snprintf(text, FINGERPRINT_BYTES, "%s|%s|%s|%s",
		finding_row(given->finding)->id, row ? row : "", from ? from : "",
		to ? to : "");
	return text;
}

static void fill_example(
	struct dossier_example *example, const struct breach_given *given)
{
	const struct observation *observation = given->record->observation;
	*example = (struct dossier_example){.time_us = given->first_us,
		.start_us = given->start_us,
		.flow_id = given->flow_id,
		.client = observation->client,
		.server = observation->server,
		.client_port = observation->client_port,
		.server_port = observation->server_port};
	(void)snprintf(example->protocol, sizeof(example->protocol), "%s",
		record_protocol_name(given->record));
	(void)snprintf(example->source, sizeof(example->source), "%s",
		given->source ? given->source : "");
	(void)snprintf(example->community_id, sizeof(example->community_id), "%s",
		given->community_id ? given->community_id : "");
	(void)snprintf(example->event_id, sizeof(example->event_id), "%s",
		given->event_id ? given->event_id : "");
}

/* Of equals the one that no order of input changes. */
static bool is_better(const struct dossier_breach *breach, uint8_t severity,
	const struct breach_given *given)
{
	if (severity != breach->severity) {
		return severity < breach->severity;
	}
	if (given->first_us != breach->example.time_us) {
		return given->first_us < breach->example.time_us;
	}
	return given->flow_id < breach->example.flow_id;
}

static struct dossier_breach *find_breach(
	struct dossier *dossier, const struct breach_given *given)
{
	char text[FINGERPRINT_BYTES];
	struct dossier_making *making = dossier->making;
	const uint32_t known =
		name_table_find(&making->breaches, fingerprint_of(given, text));
	if (known != NAME_NONE) {
		return &dossier->breaches[known];
	}
	const struct judgement *judgement = given->record->judgement;
	const char *fingerprint = arena_text(&making->arena, text, strlen(text));
	(void)name_table_add(
		&making->breaches, fingerprint, (uint32_t)dossier->breach_count);
	dossier->breaches = list_room(
		dossier->breaches, dossier->breach_count, sizeof(*dossier->breaches));
	struct dossier_breach *breach = &dossier->breaches[dossier->breach_count++];
	*breach = (struct dossier_breach){
		.fingerprint = fingerprint,
		.finding = given->finding,
		.severity = SEVERITY_LOW + 1, /* milder than any */
		.row = row_id(judgement->row),
		.nearest = judgement->row ? NULL : row_id(judgement->nearest),
		.from = record_end_name(&judgement->from),
		.to = record_end_name(&judgement->to),
		.first_us = given->first_us,
		.last_us = given->last_us,
	};
	return breach;
}

/* Access that a row opens to the Internet is declared, hence low, and open. */
static bool is_mild(uint32_t subjects, uint8_t severity)
{
	return conformity_is_notice((subjects & (1U << CONFORMITY_EXPOSURE)) != 0
					    ? CONFORMITY_EXPOSURE
					    : CONFORMITY_R37,
		severity);
}

void breaches_add(struct dossier *dossier, const struct breach_given *given)
{
	const uint8_t severity = given->record->judgement->severity[given->finding];
	const uint32_t subjects = conformity_subjects_of(given->record, given->finding);
	struct dossier_breach *breach = find_breach(dossier, given);
	if (is_better(breach, severity, given)) {
		fill_example(&breach->example, given);
	}
	breach->subjects |= subjects;
	breach->severity = severity < breach->severity ? severity : breach->severity;
	breach->is_notice = is_mild(breach->subjects, breach->severity);
	breach->flows += given->flows;
	if (given->first_us < breach->first_us) {
		breach->first_us = given->first_us;
	}
	if (given->last_us > breach->last_us) {
		breach->last_us = given->last_us;
	}
	if (!dossier->sight.is_of_sums) {
		days_add(dossier, given->first_us,
			is_mild(subjects, severity) ? DAY_NOTICES : DAY_BREACHES,
			given->flows);
	}
}

static int by_gravity(const void *left, const void *right)
{
	const struct dossier_breach *one = left;
	const struct dossier_breach *other = right;
	if (one->severity != other->severity) {
		return one->severity < other->severity ? -1 : 1;
	}
	return strcmp(one->fingerprint, other->fingerprint);
}

static int by_acceptance(const void *left, const void *right)
{
	const struct dossier_accepted *one = left;
	const struct dossier_accepted *other = right;
	const int order = strcmp(one->by->by, other->by->by);
	return order != 0 ? order : (int)one->finding - (int)other->finding;
}

void breaches_sort(struct dossier *dossier)
{
	if (dossier->breach_count > 0) {
		qsort(dossier->breaches, dossier->breach_count,
			sizeof(*dossier->breaches), by_gravity);
	}
	if (dossier->accepted_count > 0) {
		qsort(dossier->accepted, dossier->accepted_count,
			sizeof(*dossier->accepted), by_acceptance);
	}
}

/* As many as the matrix accepts kinds of, at most. */
void breaches_accept(struct dossier *dossier, const struct matrix_acceptance *by,
	enum finding finding, uint64_t flows)
{
	for (size_t i = 0; i < dossier->accepted_count; i++) {
		struct dossier_accepted *accepted = &dossier->accepted[i];
		if (accepted->by == by && accepted->finding == finding) {
			accepted->flows += flows;
			return;
		}
	}
	dossier->accepted = list_room(
		dossier->accepted, dossier->accepted_count, sizeof(*dossier->accepted));
	dossier->accepted[dossier->accepted_count++] =
		(struct dossier_accepted){.by = by, .finding = finding, .flows = flows};
}

size_t dossier_count_change(const struct dossier *dossier, enum dossier_change change)
{
	size_t count = 0;
	for (size_t i = 0; i < dossier->breach_count; i++) {
		const struct dossier_breach *breach = &dossier->breaches[i];
		count += !breach->is_notice && breach->change == change;
	}
	for (size_t i = 0; i < dossier->gone_count; i++) {
		count += dossier->gone[i].change == change;
	}
	return count;
}
