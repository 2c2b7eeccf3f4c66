#include "dmarc/tlsrpt.h"

#include "base/document.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PATH_BYTES   128
#define SESSIONS_MAX UINT32_MAX

/* RFC 8460 section 4.3 */
static const char *const FAILURES[TLSRPT_FAILURES] = {
	NULL,
	"other",
	"starttls-not-supported",
	"certificate-host-mismatch",
	"certificate-expired",
	"certificate-not-trusted",
	"validation-failure",
	"tlsa-invalid",
	"dnssec-invalid",
	"dane-required",
	"sts-policy-fetch-error",
	"sts-policy-invalid",
	"sts-webpki-invalid",
};
#define FAILURE_OTHER 1

static const char *const POLICIES[] = {"sts", "tlsa", "no-policy-found"};

struct reading {
	struct tlsrpt *tlsrpt;
	const struct document *document;
	char reporter[DMARC_NAME_BYTES];
	uint64_t begin_s;
	uint64_t end_s;
	size_t items;
};

bool tlsrpt_start(struct tlsrpt *tlsrpt, struct dmarc *dmarc, struct reason *why)
{
	*tlsrpt = (struct tlsrpt){.dmarc = dmarc};
	return dmarc_table_start(&tlsrpt->rows, sizeof(struct tlsrpt_row),
		sizeof(struct tlsrpt_key), TLSRPT_ROWS_MAX, why);
}

void tlsrpt_free(struct tlsrpt *tlsrpt)
{
	dmarc_table_free(&tlsrpt->rows);
}

const char *tlsrpt_policy_word(uint32_t policy)
{
	return POLICIES[policy];
}

const char *tlsrpt_failure_word(uint32_t failure)
{
	return FAILURES[failure];
}

bool tlsrpt_is_failing(const struct tlsrpt_row *row)
{
	return row->key.failure == 0 && row->failed > 0 &&
	       row->failed >= (row->succeeded + row->failed) / 100;
}

/* "2026-11-29T00:00:00Z"; an offset from UTC is passed over. 0: none. */
static uint64_t read_time(const struct document *document, const char *path)
{
	struct tm parts = {.tm_mday = 0};
	const char *text = document_text(document, path);
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
	const time_t time = end ? timegm(&parts) : 0;
	return time > 0 ? (uint64_t)time : 0;
}

static struct tlsrpt_row *row_of(struct reading *reading, const struct tlsrpt_key *key)
{
	struct tlsrpt *tlsrpt = reading->tlsrpt;
	struct tlsrpt_row *row = dmarc_table_find(&tlsrpt->rows, key);
	if (!row) {
		row = dmarc_table_add(&tlsrpt->rows, key);
		if (!row) {
			tlsrpt->totals.rows_lost++;
			return NULL;
		}
		memcpy(row->reporter, reading->reporter, sizeof(row->reporter));
		row->begin_s = reading->begin_s;
	}
	row->is_told_by_several = row->is_told_by_several ||
				  strcmp(row->reporter, reading->reporter) != 0;
	row->begin_s =
		reading->begin_s < row->begin_s ? reading->begin_s : row->begin_s;
	row->end_s = reading->end_s > row->end_s ? reading->end_s : row->end_s;
	return row;
}

static uint64_t sessions(
	const struct reading *reading, const char *path, const char *member)
{
	char whole[2 * PATH_BYTES];
	uint64_t number = 0;
	(void)snprintf(whole, sizeof(whole), "%s.%s", path, member);
	(void)document_number(reading->document, whole, &number);
	return number < SESSIONS_MAX ? number : SESSIONS_MAX;
}

static const char *text_at(
	const struct reading *reading, const char *path, const char *member)
{
	char whole[2 * PATH_BYTES];
	(void)snprintf(whole, sizeof(whole), "%s.%s", path, member);
	const char *text = document_text(reading->document, whole);
	return text ? text : "";
}

static uint32_t word_of(const char *text, const char *const *words, uint32_t count)
{
	uint32_t i = 0;
	while (i < count && (!words[i] || strcmp(words[i], text) != 0)) {
		i++;
	}
	return i;
}

/* Which server: its name, else its address. */
static const struct matrix_group *find_server(
	const struct reading *reading, const char *path, struct tlsrpt_key *key)
{
	const struct matrix *matrix = reading->tlsrpt->dmarc->settings.matrix;
	const char *address = text_at(reading, path, "receiving-ip");
	struct address receiver;
	const bool has_address = address_parse(address, &receiver);
	const struct matrix_group *group = NULL;
	if (dmarc_domain_read(
		    text_from(text_at(reading, path, "receiving-mx-hostname")),
		    key->server)) {
		group = matrix_group_of_host(matrix, key->server);
	} else if (has_address) {
		(void)address_text(&receiver, key->server);
	}
	return group || !has_address ? group : matrix_locate(matrix, &receiver).group;
}

static void add_failure(
	struct reading *reading, const char *path, const struct tlsrpt_key *policy)
{
	struct tlsrpt_key key = *policy;
	const uint32_t failure = word_of(
		text_at(reading, path, "result-type"), FAILURES, TLSRPT_FAILURES);
	key.failure = failure < TLSRPT_FAILURES ? failure : FAILURE_OTHER;
	const struct matrix_group *group = find_server(reading, path, &key);
	struct tlsrpt_row *row = row_of(reading, &key);
	if (row) {
		row->failed += sessions(reading, path, "failed-session-count");
		row->group = group;
	}
}

static void add_failures(
	struct reading *reading, const char *path, const struct tlsrpt_key *policy)
{
	char item[PATH_BYTES];
	(void)snprintf(item, sizeof(item), "%s.failure-details", path);
	const size_t count = document_count(reading->document, item);
	for (size_t i = 0; i < count; i++) { /* TLSRPT_ITEMS_MAX */
		if (reading->items++ >= TLSRPT_ITEMS_MAX) {
			reading->tlsrpt->totals.rows_bad++;
			return;
		}
		(void)snprintf(item, sizeof(item), "%s.failure-details.%zu", path, i);
		add_failure(reading, item, policy);
	}
}

static void add_policy(struct reading *reading, const char *path)
{
	struct tlsrpt *tlsrpt = reading->tlsrpt;
	const struct dmarc_settings *settings = &tlsrpt->dmarc->settings;
	struct tlsrpt_key key;
	memset(&key, 0, sizeof(key));
	if (!dmarc_domain_read(
		    text_from(text_at(reading, path, "policy.policy-domain")),
		    key.domain)) {
		tlsrpt->totals.rows_bad++;
		return;
	}
	if (!dmarc_is_asked(settings, key.domain)) {
		tlsrpt->totals.rows_other++;
		return;
	}
	const uint32_t policy = word_of(text_at(reading, path, "policy.policy-type"),
		POLICIES, TLSRPT_NO_POLICY);
	key.policy = policy;
	struct tlsrpt_row *row = row_of(reading, &key);
	const uint64_t succeeded =
		sessions(reading, path, "summary.total-successful-session-count");
	const uint64_t failed =
		sessions(reading, path, "summary.total-failure-session-count");
	tlsrpt->totals.succeeded += succeeded;
	tlsrpt->totals.failed += failed;
	if (row) {
		row->succeeded += succeeded;
		row->failed += failed;
		add_failures(reading, path, &key);
	}
}

static void add_policies(struct reading *reading)
{
	char path[32];
	const size_t count = document_count(reading->document, "policies");
	for (size_t i = 0; i < count; i++) { /* TLSRPT_ITEMS_MAX */
		if (reading->items++ >= TLSRPT_ITEMS_MAX) {
			reading->tlsrpt->totals.rows_bad++;
			return;
		}
		(void)snprintf(path, sizeof(path), "policies.%zu", i);
		add_policy(reading, path);
	}
}

static bool add_report(struct reading *reading, struct reason *why)
{
	const struct document *document = reading->document;
	struct dmarc *dmarc = reading->tlsrpt->dmarc;
	const char *id = document_text(document, "report-id");
	const char *organization = document_text(document, "organization-name");
	reading->begin_s = read_time(document, "date-range.start-datetime");
	reading->end_s = read_time(document, "date-range.end-datetime");
	if (document_count(document, "policies") == 0) {
		return reason_set(why, "it is no TLS report");
	}
	if (!dmarc_span_is_possible(reading->begin_s, reading->end_s,
		    (uint64_t)dmarc->settings.now_s)) {
		return reason_set(why, "its dates cannot be");
	}
	text_copy_letters(reading->reporter, sizeof(reading->reporter),
		text_from(organization ? organization : ""));
	if (dmarc_is_new(
		    dmarc, reading->reporter, id ? id : "", "TLS", reading->begin_s)) {
		reading->tlsrpt->totals.reports++;
		add_policies(reading);
	}
	return true;
}

bool tlsrpt_add(struct tlsrpt *tlsrpt, struct text json, struct reason *why)
{
	struct document document;
	if (json.len > TLSRPT_JSON_MAX) {
		return reason_set(why, "it is too large");
	}
	if (!document_parse(&document, (const char *)json.at, json.len)) {
		return reason_set(why, "it is no JSON");
	}
	struct reading reading = {.tlsrpt = tlsrpt, .document = &document};
	const bool is_report = add_report(&reading, why);
	document_free(&document);
	return is_report;
}

/* The sums have failure 0 and come first. */
static int compare(const void *left, const void *right)
{
	const struct tlsrpt_row *a = *(const void *const *)left;
	const struct tlsrpt_row *b = *(const void *const *)right;
	int order = strcmp(a->key.domain, b->key.domain);
	if (order == 0 && a->key.policy != b->key.policy) {
		order = a->key.policy < b->key.policy ? -1 : 1;
	}
	if (order == 0 && (a->key.failure == 0) != (b->key.failure == 0)) {
		order = a->key.failure == 0 ? -1 : 1;
	}
	if (order == 0 && a->failed != b->failed) {
		order = a->failed > b->failed ? -1 : 1;
	}
	return order != 0 ? order : memcmp(&a->key, &b->key, sizeof(a->key));
}

const void **tlsrpt_sorted(const struct tlsrpt *tlsrpt)
{
	return dmarc_table_sorted(&tlsrpt->rows, compare);
}
