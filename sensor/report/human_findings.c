#include "report/human_findings.h"

#include "base/columns.h"
#include "base/text.h"
#include "report/human_text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#define ENTRIES       1024 /* what has no room in them is counted */
#define HOSTS         8    /* of an entry that are named */
#define HOSTS_OF_ENDS 2    /* the first and the last name these */
#define INDENT        6    /* of what stands below an entry */
#define BEHIND        8    /* of its lines but the first */

/* One flow that had it. */
struct sight {
	uint64_t time_us;
	const char *capture; /* borrowed, or NULL */
	char ends[HUMAN_ENDS_BYTES];
};

struct hosts {
	struct address list[HOSTS];
	uint32_t count;
	bool is_more; /* there were others */
};

struct entry {
	enum finding finding;
	const char *from; /* names of groups or zones: pointers tell them apart */
	const char *to;
	char protocol[40]; /* "": it concerns the capture itself */
	uint32_t number;   /* in the order they came */
	uint64_t flows;
	struct sight first;
	struct sight last;
	struct hosts clients;
	struct hosts servers;
	/* of the gravest */
	uint8_t severity; /* enum severity */
	bool is_audit;    /* its row is no more than watched */
	char *words;      /* why, and what else; lines, indented */
};

struct human_findings {
	uint64_t alerts[FINDING_COUNT];
	uint64_t flows[FINDING_COUNT];
	uint8_t gravest[FINDING_COUNT];     /* enum severity */
	uint64_t at_gravest[FINDING_COUNT]; /* alerts of that severity */
	uint64_t crowded[FINDING_COUNT];    /* flows without an entry */
	struct entry *entries[ENTRIES];
	uint32_t entry_count;
};

struct human_findings *human_findings_new(struct reason *why)
{
	struct human_findings *findings = calloc(1, sizeof(*findings));
	if (findings == NULL) {
		(void)reason_set(why, "no memory for what is found");
	}
	return findings;
}

void human_findings_free(struct human_findings *findings)
{
	for (uint32_t i = 0; findings != NULL && i < findings->entry_count; i++) {
		free(findings->entries[i]->words);
		free(findings->entries[i]);
	}
	free(findings);
}

static void count_finding(struct human_findings *findings, enum finding finding,
	uint8_t severity, uint32_t count)
{
	findings->flows[finding] += count;
	if (findings->gravest[finding] == SEVERITY_NONE ||
		severity < findings->gravest[finding]) {
		findings->gravest[finding] = severity;
		findings->at_gravest[finding] = 0;
	}
	findings->at_gravest[finding] += severity == findings->gravest[finding];
}

/* One alert; those of the same cause that it lists have their flows. */
static void count_alert(struct human_findings *findings,
	const struct judgement *judgement, enum finding finding,
	const struct fold_count *count)
{
	findings->alerts[finding]++;
	count_finding(findings, finding, judgement->severity[finding], count->count);
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (i != (unsigned)finding && count->of[i] > 0) {
			count_finding(findings, (enum finding)i, judgement->severity[i],
				count->of[i]);
		}
	}
}

static bool is_audit(const struct judgement *judgement)
{
	const struct matrix_row *row =
		judgement->row != NULL ? judgement->row : judgement->nearest;
	return row != NULL && row->mode == MATRIX_MODE_AUDIT;
}

static bool is_of_entry(const struct entry *entry, const struct entry *key)
{
	return entry->finding == key->finding && entry->from == key->from &&
	       entry->to == key->to && strcmp(entry->protocol, key->protocol) == 0;
}

/* That of the key, a new one where there is none; NULL: there is no room. */
static struct entry *find_entry(
	struct human_findings *findings, const struct entry *key)
{
	for (uint32_t i = 0; i < findings->entry_count; i++) { /* ENTRIES */
		if (is_of_entry(findings->entries[i], key)) {
			return findings->entries[i];
		}
	}
	struct entry *entry =
		findings->entry_count < ENTRIES ? malloc(sizeof(*entry)) : NULL;
	if (entry != NULL) {
		*entry = *key;
		entry->number = findings->entry_count;
		findings->entries[findings->entry_count++] = entry;
	}
	return entry;
}

static void note_host(struct hosts *hosts, const struct address *host)
{
	for (uint32_t i = 0; i < hosts->count; i++) {
		if (address_equal(&hosts->list[i], host)) {
			return;
		}
	}
	if (hosts->count == HOSTS) {
		hosts->is_more = true;
		return;
	}
	hosts->list[hosts->count++] = *host;
}

/* Where hosts of a group are one alert, it names some of them, and no server. */
static void note_hosts(struct entry *entry, const struct observation *observation,
	const struct fold_count *count)
{
	for (unsigned i = count->example_count; i > 0; i--) {
		note_host(&entry->clients, &count->examples[i - 1]);
	}
	note_host(&entry->clients, &observation->client);
	entry->clients.is_more |= count->hosts > entry->clients.count;
	if (count->hosts == 0) {
		note_host(&entry->servers, &observation->server);
	}
}

static void note_sights(struct entry *entry, const struct record *record,
	const struct fold_count *count)
{
	struct sight sight = {
		.time_us = count->first_us, .capture = record->pcap_filename};
	human_ends(record->observation, sight.ends);
	if (entry->flows == 0) {
		entry->first = sight; /* alerts come in time; repeats, late */
	}
	sight.time_us = count->last_us;
	if (sight.time_us >= entry->last.time_us) {
		entry->last = sight;
	}
}

/* Why, and what else has the same cause, each with what was seen; NULL: no memory. */
static char *words_of(const struct judgement *judgement, enum finding finding,
	const struct fold_count *count)
{
	char why[HUMAN_WHY_BYTES];
	char *words = NULL;
	size_t len;
	FILE *out = open_memstream(&words, &len);
	if (out == NULL) {
		return NULL;
	}
	human_why(judgement, finding, why);
	(void)fprintf(out, "%*s%s\n", INDENT, "", why);
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		const char *detail = judgement->detail[i];
		if (i != (unsigned)finding && count->of[i] > 0) {
			(void)fprintf(out, "%*salso %s%s%s\n", INDENT, "",
				finding_row((enum finding)i)->id,
				detail[0] != '\0' ? ": " : "", detail);
		}
	}
	(void)fclose(out);
	return words;
}

void human_findings_alert(struct human_findings *findings, const struct record *record,
	enum finding finding, const struct fold_count *count)
{
	const struct judgement *judgement = record->judgement;
	const uint8_t severity = judgement->severity[finding];
	struct entry key = {.finding = finding,
		.from = record_end_name(&judgement->from),
		.to = record_end_name(&judgement->to)};
	count_alert(findings, judgement, finding, count);
	(void)snprintf(
		key.protocol, sizeof(key.protocol), "%s", record_protocol_name(record));
	struct entry *entry = find_entry(findings, &key);
	if (entry == NULL) {
		findings->crowded[finding] += count->count;
		return;
	}
	note_sights(entry, record, count);
	note_hosts(entry, record->observation, count);
	if (entry->flows == 0 || severity < entry->severity) {
		free(entry->words);
		entry->words = words_of(judgement, finding, count);
		entry->severity = severity;
		entry->is_audit = is_audit(judgement);
	}
	entry->flows += count->count;
}

void human_findings_sensor(
	struct human_findings *findings, enum finding finding, const char *detail)
{
	const uint8_t severity = (uint8_t)finding_row(finding)->severity;
	const struct entry key = {.finding = finding, .severity = severity};
	findings->alerts[finding]++;
	count_finding(findings, finding, severity, 1);
	struct entry *entry = find_entry(findings, &key);
	if (entry == NULL) {
		findings->crowded[finding]++;
		return;
	}
	free(entry->words);
	if (asprintf(&entry->words, "%*s%s\n", INDENT, "", detail) < 0) {
		entry->words = NULL;
	}
}

static void print_sight(const struct sight *sight, const char *which, FILE *out)
{
	char time[HUMAN_TIME_BYTES];
	char capture[PATH_MAX] = "";
	if (sight->capture != NULL) {
		text_copy_letters(capture, sizeof(capture), text_from(sight->capture));
	}
	columns_say(out, BEHIND, "%*s%s%s at %s UTC%s%s\n", INDENT, "", which,
		sight->ends, human_time(sight->time_us, time),
		capture[0] != '\0' ? " in " : "", capture);
}

/* "from 192.0.2.70, 192.0.2.71, 192.0.2.72 and others" */
static void print_hosts(const struct hosts *hosts, const char *which, FILE *out)
{
	char text[HOSTS * (ADDRESS_TEXT_BYTES + sizeof(", "))] = "";
	char address[ADDRESS_TEXT_BYTES];
	size_t len = 0;
	if (hosts->count <= HOSTS_OF_ENDS && !hosts->is_more) {
		return;
	}
	for (uint32_t i = 0; i < hosts->count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
			i > 0 ? ", " : "", address_text(&hosts->list[i], address));
	}
	columns_say(out, BEHIND, "%*s%s %s%s\n", INDENT, "", which, text,
		hosts->is_more ? " and others" : "");
}

/* Its first line: whom it concerns, and where it is not as grave as the finding's. */
static void print_whom(const struct entry *entry, uint8_t gravest, FILE *out)
{
	columns_say(out, INDENT, "    %s -> %s, %s, %" PRIu64 " flow%s%s%s%s\n",
		entry->from != NULL ? entry->from : "?",
		entry->to != NULL ? entry->to : "?", entry->protocol, entry->flows,
		entry->flows == 1 ? "" : "s", entry->is_audit ? ", audit" : "",
		entry->severity == gravest ? "" : ", ",
		entry->severity == gravest
			? ""
			: severity_name((enum severity)entry->severity));
}

static void print_entry(const struct entry *entry, uint8_t gravest, FILE *out)
{
	const bool is_of_flows = entry->protocol[0] != '\0';
	if (is_of_flows) {
		print_whom(entry, gravest, out);
	}
	if (entry->words != NULL) {
		columns_say(out, BEHIND, "%s", entry->words);
	}
	if (!is_of_flows) {
		return;
	}
	if (entry->first.time_us == entry->last.time_us) {
		print_sight(&entry->first, "", out);
		return;
	}
	print_sight(&entry->first, "first ", out);
	print_sight(&entry->last, "last ", out);
	print_hosts(&entry->clients, "from", out);
	print_hosts(&entry->servers, "to", out);
}

static void print_entries(
	const struct human_findings *findings, enum finding finding, FILE *out)
{
	if (findings->alerts[finding] == 0) {
		(void)fputs(
			"    shown as \"also\" of findings with the same cause\n", out);
	}
	for (uint32_t i = 0; i < findings->entry_count; i++) {
		if (findings->entries[i]->finding == finding) {
			print_entry(
				findings->entries[i], findings->gravest[finding], out);
		}
	}
	if (findings->crowded[finding] > 0) {
		(void)fprintf(out, "    and %" PRIu64 " more in flows of others\n",
			findings->crowded[finding]);
	}
}

static void print_finding(const struct human_findings *findings, enum finding finding,
	const struct human_style *style)
{
	const struct finding_row *row = finding_row(finding);
	char recommendations[24];
	char alerts[48];
	const uint64_t all = findings->alerts[finding];
	const uint64_t gravest = findings->at_gravest[finding];
	human_recommendations(
		row->recommendations, recommendations, sizeof(recommendations));
	(void)snprintf(alerts, sizeof(alerts), "%" PRIu64, all);
	if (gravest < all) {
		(void)snprintf(alerts, sizeof(alerts), "%" PRIu64 " of %" PRIu64,
			gravest, all);
	}
	(void)fputs("  ", style->out);
	human_severity((enum severity)findings->gravest[finding], style);
	(void)fprintf(style->out, "%-30s %12s %8" PRIu64 "  %s\n", row->id, alerts,
		findings->flows[finding], recommendations);
}

/* By finding, then the gravest first, then in time. */
static int by_order(const void *left, const void *right)
{
	const struct entry *const a = *(const struct entry *const *)left;
	const struct entry *const b = *(const struct entry *const *)right;
	if (a->finding != b->finding) {
		return a->finding < b->finding ? -1 : 1;
	}
	if (a->severity != b->severity) {
		return a->severity < b->severity ? -1 : 1;
	}
	if (a->first.time_us != b->first.time_us) {
		return a->first.time_us < b->first.time_us ? -1 : 1;
	}
	return a->number < b->number ? -1 : 1;
}

static bool is_any(const struct human_findings *findings)
{
	for (int finding = 0; finding < FINDING_COUNT; finding++) {
		if (findings->alerts[finding] > 0) {
			return true;
		}
	}
	return false;
}

/* In the catalogue's order. */
static void print_findings_of(const struct human_findings *findings, int severity,
	const struct human_style *style)
{
	for (int i = 0; i < FINDING_COUNT; i++) {
		const enum finding finding = (enum finding)i;
		if (findings->gravest[finding] != severity) {
			continue;
		}
		print_finding(findings, finding, style);
		if (!style->is_summary) {
			print_entries(findings, finding, style->out);
		}
	}
}

void human_findings_print(
	struct human_findings *findings, const struct human_style *style)
{
	char heading[96];
	if (!is_any(findings)) {
		(void)fputs("\nNo findings.\n", style->out);
		return;
	}
	qsort(findings->entries, findings->entry_count, sizeof(struct entry *),
		by_order);
	(void)snprintf(heading, sizeof(heading), "\n  %-*s%-30s %12s %8s\n",
		HUMAN_INDENT, "Severity", "Finding", "alerts", "flows");
	human_heading(heading, style);
	for (int severity = SEVERITY_CRITICAL; severity <= SEVERITY_LOW; severity++) {
		print_findings_of(findings, severity, style);
	}
}
