#include "audit/dmarc.h"

#include "matrix/senders.h"

#include <string.h>

#define FAILING_MAX (DMARC_SOURCES_MAX / 4 * 3)

struct report_key {
	char organization[DMARC_NAME_BYTES];
	char id[DMARC_NAME_BYTES];
	char subject[256];
	uint64_t begin_s;
};

bool dmarc_start(
	struct dmarc *dmarc, const struct dmarc_settings *settings, struct reason *why)
{
	*dmarc = (struct dmarc){.settings = *settings};
	if (!dmarc_table_start(&dmarc->sources, sizeof(struct dmarc_source),
		    sizeof(struct dmarc_key), DMARC_SOURCES_MAX, why)) {
		return false;
	}
	if (!dmarc_table_start(&dmarc->reports, sizeof(uint64_t), sizeof(uint64_t),
		    DMARC_REPORTS_MAX, why)) {
		dmarc_free(dmarc);
		return false;
	}
	return true;
}

void dmarc_free(struct dmarc *dmarc)
{
	dmarc_table_free(&dmarc->sources);
	dmarc_table_free(&dmarc->reports);
}

static void copy(char *to, const char *from, size_t size)
{
	memcpy(to, from, strnlen(from, size - 1));
}

bool dmarc_is_new(struct dmarc *dmarc, const char *organization, const char *id,
	const char *subject, uint64_t begin_s)
{
	struct report_key key;
	uint64_t words[sizeof(key) / sizeof(uint64_t)];
	memset(&key, 0, sizeof(key));
	copy(key.organization, organization, sizeof(key.organization));
	copy(key.id, id, sizeof(key.id));
	copy(key.subject, subject, sizeof(key.subject));
	key.begin_s = begin_s;
	memcpy(words, &key, sizeof(words));
	const uint64_t hash = hash_words(
		&dmarc->sources.seed, words, sizeof(words) / sizeof(words[0]));
	if (dmarc_table_find(&dmarc->reports, &hash)) {
		dmarc->totals.repeated++;
		return false;
	}
	(void)dmarc_table_add(&dmarc->reports, &hash);
	return true;
}

static bool is_at_or_below(const char *domain, const char *parent)
{
	const size_t len = strlen(domain);
	const size_t parent_len = strlen(parent);
	return len >= parent_len && strcmp(domain + len - parent_len, parent) == 0 &&
	       (len == parent_len || domain[len - parent_len - 1] == '.');
}

bool dmarc_is_asked(const struct dmarc_settings *settings, const char *domain)
{
	for (size_t i = 0; i < settings->domain_count; i++) { /* OPTIONS_LIST_MAX */
		if (is_at_or_below(domain, settings->domains[i])) {
			return true;
		}
	}
	if (settings->domain_count > 0 || !matrix_has_own_domains(settings->matrix)) {
		return settings->domain_count == 0;
	}
	const struct matrix_domain *entry = matrix_domain_of(settings->matrix, domain);
	return entry && entry->is_own;
}

static bool is_forwarder(const struct dmarc_settings *settings,
	const struct address *address, const struct matrix_end *end)
{
	for (size_t i = 0; i < settings->forwarder_count; i++) {
		const struct network *network = &settings->forwarders[i];
		const struct address last = network_last(network);
		if (memcmp(network->base.bytes, address->bytes, 16) <= 0 &&
			memcmp(address->bytes, last.bytes, 16) <= 0) {
			return true;
		}
	}
	return matrix_is_forwarder(settings->matrix, address, end);
}

static struct dmarc_source *add_source(
	struct dmarc *dmarc, const struct dmarc_key *key, bool is_aligned)
{
	const struct matrix_end end =
		matrix_locate(dmarc->settings.matrix, &key->address);
	const bool is_ours = matrix_may_send(dmarc->settings.matrix, key->domain,
		&key->address, dmarc->settings.now_s);
	const bool is_failing = !is_aligned && !is_ours;
	if (is_failing && dmarc->failing == FAILING_MAX) {
		return NULL;
	}
	struct dmarc_source *source = dmarc_table_add(&dmarc->sources, key);
	if (source) {
		dmarc->failing += is_failing;
		source->group = end.group;
		source->is_declared = is_ours;
		source->is_forwarder =
			is_forwarder(&dmarc->settings, &key->address, &end);
	}
	return source;
}

static void add_row(struct dmarc_source *source, const struct dmarc_report *report,
	const struct dmarc_row *row)
{
	const bool is_aligned = row->is_spf_aligned || row->is_dkim_aligned;
	if (source->messages == 0) {
		copy(source->reporter, report->organization, sizeof(source->reporter));
		source->begin_s = report->begin_s;
	} else if (strcmp(source->reporter, report->organization) != 0) {
		source->is_told_by_several = true;
	}
	source->messages += row->count;
	source->aligned += is_aligned ? row->count : 0;
	source->spf_aligned += row->is_spf_aligned ? row->count : 0;
	source->dkim_aligned += row->is_dkim_aligned ? row->count : 0;
	source->forwarded += row->is_forwarded ? row->count : 0;
	source->quarantined += row->disposition == DMARC_QUARANTINE ? row->count : 0;
	source->rejected += row->disposition == DMARC_REJECT ? row->count : 0;
	if (report->begin_s < source->begin_s) {
		source->begin_s = report->begin_s;
	}
	if (report->end_s > source->end_s) {
		source->end_s = report->end_s;
	}
}

static void on_row(
	void *context, const struct dmarc_report *report, const struct dmarc_row *row)
{
	struct dmarc *dmarc = context;
	const struct dmarc_settings *settings = &dmarc->settings;
	if (!is_at_or_below(row->domain, report->domain) ||
		!dmarc_is_asked(settings, row->domain)) {
		dmarc->totals.rows_other++;
		return;
	}
	struct dmarc_key key;
	memset(&key, 0, sizeof(key));
	key.address = row->source;
	copy(key.domain, row->domain, sizeof(key.domain));
	struct dmarc_source *source = dmarc_table_find(&dmarc->sources, &key);
	if (!source) {
		source = add_source(
			dmarc, &key, row->is_spf_aligned || row->is_dkim_aligned);
	}
	dmarc->totals.messages += row->count;
	if (!source) {
		dmarc->totals.lost_messages += row->count;
		return;
	}
	add_row(source, report, row);
}

bool dmarc_add(struct dmarc *dmarc, struct text xml, struct reason *why)
{
	struct dmarc_report report;
	struct dmarc_totals *totals = &dmarc->totals;
	if (!dmarc_xml_read(xml, (uint64_t)dmarc->settings.now_s, &report, why)) {
		return false;
	}
	if (!dmarc_is_new(dmarc, report.organization, report.id, report.domain,
		    report.begin_s)) {
		return true;
	}
	totals->reports++;
	totals->rows_bad += report.bad_rows;
	if (totals->begin_s == 0 || report.begin_s < totals->begin_s) {
		totals->begin_s = report.begin_s;
	}
	if (report.end_s > totals->end_s) {
		totals->end_s = report.end_s;
	}
	return dmarc_xml_rows(xml, &report, on_row, dmarc, why);
}

enum dmarc_standing dmarc_standing(const struct dmarc_source *source)
{
	return source->is_declared       ? DMARC_DECLARED
	       : source->is_forwarder    ? DMARC_FORWARDER
	       : source->spf_aligned > 0 ? DMARC_IN_SPF
					 : DMARC_UNKNOWN;
}

/* Forwarding breaks SPF and keeps signatures: only SPF says that the domain let it send. */
enum dmarc_class dmarc_class(const struct dmarc_source *source)
{
	switch (dmarc_standing(source)) {
	case DMARC_DECLARED:
		return DMARC_CLASS_DECLARED;
	case DMARC_FORWARDER:
		return DMARC_CLASS_FORWARDER;
	case DMARC_IN_SPF:
		return DMARC_CLASS_RELAY;
	default:
		return source->forwarded == source->messages ? DMARC_CLASS_FORWARDED
		       : source->aligned > 0                 ? DMARC_CLASS_SIGNER
							     : DMARC_CLASS_SPOOFING;
	}
}

const char *dmarc_standing_word(enum dmarc_standing standing)
{
	static const char *const WORDS[] = {
		"declared", "forwarder", "in-spf", "unknown"};
	return WORDS[standing];
}

const char *dmarc_class_word(enum dmarc_class class)
{
	static const char *const WORDS[DMARC_CLASSES] = {"undeclared-relay",
		"undeclared-signer", "declared", "forwarder", "forwarded", "spoofing"};
	return WORDS[class];
}

static int compare(const void *left, const void *right)
{
	const struct dmarc_source *a = *(const void *const *)left;
	const struct dmarc_source *b = *(const void *const *)right;
	if (dmarc_class(a) != dmarc_class(b)) {
		return dmarc_class(a) < dmarc_class(b) ? -1 : 1;
	}
	if (a->messages != b->messages) {
		return a->messages > b->messages ? -1 : 1;
	}
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

const void **dmarc_sorted(const struct dmarc *dmarc)
{
	return dmarc_table_sorted(&dmarc->sources, compare);
}

void dmarc_totals(const struct dmarc *dmarc, struct dmarc_totals *totals)
{
	*totals = dmarc->totals;
	for (uint32_t i = 0; i < dmarc->sources.count; i++) {
		const struct dmarc_source *source =
			dmarc_table_entry(&dmarc->sources, i);
		totals->classes[dmarc_class(source)] += source->messages;
	}
}
