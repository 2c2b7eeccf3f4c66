#include "report/human.h"

#include "base/columns.h"
#include "matrix/acceptance.h"
#include "report/human_text.h"

#include <inttypes.h>
#include <stdlib.h>

#define VERDICTS 3

/* The flow of the last alert printed, and its reason. */
struct told {
	struct address client;
	struct address server;
	uint16_t client_port;
	uint16_t server_port;
	char reason[JUDGEMENT_REASON_BYTES];
};

struct human {
	FILE *out;      /* borrowed */
	size_t columns; /* of it */
	bool use_colour;
	bool is_summary;
	uint64_t flows[PROTOCOL_COUNT][VERDICTS];
	uint64_t alerts[FINDING_COUNT];
	uint64_t occurrences[FINDING_COUNT];
	uint8_t gravest[FINDING_COUNT];        /* enum severity */
	uint64_t at_gravest[FINDING_COUNT];    /* alerts of that severity */
	uint64_t accepted[FINDING_FLOW_COUNT]; /* flows whose finding was accepted */
	/* the first that did */
	const struct matrix_acceptance *accepted_by[FINDING_FLOW_COUNT];
	struct told told;
};

struct human *human_new(FILE *out, bool use_colour, bool is_summary, struct reason *why)
{
	struct human *human = calloc(1, sizeof(*human));
	if (human == NULL) {
		(void)reason_set(why, "no memory for the summary");
		return NULL;
	}
	human->out = out;
	human->columns = columns_of(out);
	human->use_colour = use_colour;
	human->is_summary = is_summary;
	return human;
}

void human_free(struct human *human)
{
	free(human);
}

static const char *colour_of(enum severity severity)
{
	static const char *const COLOURS[] = {
		[SEVERITY_NONE] = "",
		[SEVERITY_CRITICAL] = "\x1b[1;31m",
		[SEVERITY_HIGH] = "\x1b[31m",
		[SEVERITY_MEDIUM] = "\x1b[33m",
		[SEVERITY_LOW] = "\x1b[36m",
	};
	return COLOURS[severity];
}

static void print_severity(const struct human *human, enum severity severity)
{
	char name[16];
	human_upper(severity_name(severity), name, sizeof(name));
	(void)fputs(human->use_colour ? colour_of(severity) : "", human->out);
	(void)fputs(name, human->out);
	columns_blank(human->out, HUMAN_INDENT - strlen(name));
	(void)fputs(human->use_colour ? "\x1b[0m" : "", human->out);
}

/* In lines of their own. */
static void print_text(const struct human *human, const char *text)
{
	if (*text != '\0') {
		columns_blank(human->out, HUMAN_INDENT);
		columns_wrap_in(
			human->out, human->columns, text, HUMAN_INDENT, HUMAN_INDENT);
	}
}

static void count_finding(
	struct human *human, enum finding finding, uint8_t severity, uint32_t count)
{
	human->occurrences[finding] += count;
	if (human->gravest[finding] == SEVERITY_NONE ||
		severity < human->gravest[finding]) {
		human->gravest[finding] = severity;
		human->at_gravest[finding] = 0;
	}
	human->at_gravest[finding] += severity == human->gravest[finding];
}

/* One alert; those of the same cause that it lists have their flows. */
static void count_alert(struct human *human, const struct judgement *judgement,
	enum finding finding, const struct fold_count *count)
{
	human->alerts[finding]++;
	count_finding(human, finding, judgement->severity[finding], count->count);
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (i != (unsigned)finding && count->of[i] > 0) {
			count_finding(human, (enum finding)i, judgement->severity[i],
				count->of[i]);
		}
	}
}

/* What else has the same cause: each with what was seen. */
static void print_also(const struct human *human, const struct judgement *judgement,
	enum finding finding, const struct fold_count *count)
{
	char text[JUDGEMENT_DETAIL_BYTES + 64];
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (i == (unsigned)finding || count->of[i] == 0) {
			continue;
		}
		const char *detail = judgement->detail[i];
		(void)snprintf(text, sizeof(text), "also %s%s%s",
			finding_row((enum finding)i)->id, detail[0] != '\0' ? ": " : "",
			detail);
		print_text(human, text);
	}
}

/* The group or prefix, once it is more than one host. */
static void print_hosts(const struct human *human, const struct record *record,
	const struct fold_count *count)
{
	char prefix[ADDRESS_TEXT_BYTES + 4];
	char text[128];
	if (count->hosts < 2) {
		return;
	}
	const char *name = record_prefix(record, prefix);
	name = name != NULL ? name : record_end_name(&record->judgement->from);
	(void)snprintf(text, sizeof(text), "%u hosts of %.80s by now", count->hosts,
		name != NULL ? name : "?");
	print_text(human, text);
}

/* On the first line where they fit, else on one or two lines of their own. */
static void print_ends(const struct human *human, const struct human_alert_text *text)
{
	const size_t ends = strlen(text->from) + strlen(text->to) + strlen(" -> ");
	const size_t room = human->columns - HUMAN_INDENT;
	char line[sizeof(text->from) + sizeof(text->to) + sizeof(" -> ")];
	if (strlen(text->head) + ends + strlen(text->tail) <= room) {
		const char *const parts[] = {
			text->head, text->from, " -> ", text->to, text->tail, "\n"};
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
			(void)fputs(parts[i], human->out);
		}
		return;
	}
	(void)snprintf(
		line, sizeof(line), "%s%s", text->head, text->tail + strlen("  "));
	columns_wrap_in(human->out, human->columns, line, HUMAN_INDENT, HUMAN_INDENT);
	if (ends <= room) {
		(void)snprintf(line, sizeof(line), "%s -> %s", text->from, text->to);
		print_text(human, line);
		return;
	}
	print_text(human, text->from);
	(void)snprintf(line, sizeof(line), "-> %s", text->to);
	print_text(human, line);
}

/* Whether the alert before was of this flow and gave this reason; remembers this one. */
static bool tell_reason(struct told *told, const struct record *record)
{
	const struct observation *observation = record->observation;
	const char *reason = record->judgement->reason;
	const bool is_told = address_equal(&told->client, &observation->client) &&
			     address_equal(&told->server, &observation->server) &&
			     told->client_port == observation->client_port &&
			     told->server_port == observation->server_port &&
			     reason[0] != '\0' && strcmp(told->reason, reason) == 0;
	told->client = observation->client;
	told->server = observation->server;
	told->client_port = observation->client_port;
	told->server_port = observation->server_port;
	(void)snprintf(told->reason, sizeof(told->reason), "%s", reason);
	return is_told;
}

void human_alert(struct human *human, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	const struct judgement *judgement = record->judgement;
	const uint8_t severity = judgement->severity[finding];
	struct human_alert_text text = {.head = ""};
	count_alert(human, judgement, finding, count);
	if ((record->is_repeat && !count->is_grown) || human->is_summary) {
		return; /* the summary has the number */
	}
	const struct human_repeat repeat = {
		.count = count->count,
		.is_reason_told = tell_reason(&human->told, record),
	};
	human_alert_text(&text, record, finding, &repeat);

	print_severity(human, (enum severity)severity);
	print_ends(human, &text);
	print_text(human, text.why);
	print_also(human, judgement, finding, count);
	print_hosts(human, record, count);
}

void human_sensor_alert(struct human *human, enum finding finding, const char *detail)
{
	const struct finding_row *row = finding_row(finding);
	human->alerts[finding]++;
	count_finding(human, finding, (uint8_t)row->severity, 1);
	if (human->is_summary) {
		return;
	}
	print_severity(human, row->severity);
	(void)fprintf(human->out, "%s\n", row->id);
	print_text(human, detail);
}

void human_mail(struct human *human, const struct record *record)
{
	const struct judgement *judgement = record->judgement;
	human->flows[record->observation->protocol][judgement->verdict]++;
	for (uint64_t left = judgement->accepted; left != 0; left &= left - 1) {
		const unsigned i = (unsigned)__builtin_ctzll(left);
		if (human->accepted[i]++ == 0) {
			human->accepted_by[i] = judgement->accepted_by[i];
		}
	}
}

static void print_heading(const struct human *human, const char *heading)
{
	(void)fprintf(human->out, "%s%s%s", human->use_colour ? "\x1b[1m" : "", heading,
		human->use_colour ? "\x1b[0m" : "");
}

static void print_flow_row(
	const struct human *human, const char *name, const uint64_t flows[VERDICTS])
{
	(void)fprintf(human->out,
		"  %-20s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n",
		name, flows[VERDICT_LEGITIMATE], flows[VERDICT_ILLEGITIMATE],
		flows[VERDICT_UNDECIDED],
		flows[VERDICT_LEGITIMATE] + flows[VERDICT_ILLEGITIMATE] +
			flows[VERDICT_UNDECIDED]);
}

static void print_flows(const struct human *human)
{
	uint64_t total[VERDICTS] = {0};
	char heading[96];
	(void)snprintf(heading, sizeof(heading), "%-22s %12s %12s %12s %12s\n",
		"Mail flows", "legitimate", "illegitimate", "undecided", "all");
	print_heading(human, heading);
	for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
		const uint64_t *flows = human->flows[protocol];
		if (flows[0] + flows[1] + flows[2] == 0) {
			continue;
		}
		for (int i = 0; i < VERDICTS; i++) {
			total[i] += flows[i];
		}
		print_flow_row(human, protocol_name((enum protocol)protocol), flows);
	}
	print_flow_row(human, "all", total);
}

static void print_finding_row(const struct human *human, enum finding finding)
{
	const struct finding_row *row = finding_row(finding);
	char recommendations[24];
	human_recommendations(
		row->recommendations, recommendations, sizeof(recommendations));
	char alerts[48];
	const uint64_t all = human->alerts[finding];
	const uint64_t gravest = human->at_gravest[finding];
	if (gravest < all) {
		(void)snprintf(alerts, sizeof(alerts), "%" PRIu64 " of %" PRIu64,
			gravest, all);
	} else {
		(void)snprintf(alerts, sizeof(alerts), "%" PRIu64, all);
	}
	(void)fputs("  ", human->out);
	print_severity(human, (enum severity)human->gravest[finding]);
	(void)fprintf(human->out, "%-30s %12s %8" PRIu64 "  %s\n", row->id, alerts,
		human->occurrences[finding], recommendations);
}

/* In the catalogue's order. */
static void print_findings_of(const struct human *human, enum severity severity)
{
	for (int finding = 0; finding < FINDING_COUNT; finding++) {
		if (human->gravest[finding] == severity) {
			print_finding_row(human, (enum finding)finding);
		}
	}
}

/* The gravest first. */
static void print_findings(const struct human *human, bool is_any)
{
	char heading[96];
	if (!is_any) {
		(void)fputs("\nNo findings.\n", human->out);
		return;
	}
	(void)snprintf(heading, sizeof(heading), "\n  %-*s%-30s %12s %8s\n",
		HUMAN_INDENT, "Severity", "Finding", "alerts", "flows");
	print_heading(human, heading);
	for (int severity = SEVERITY_CRITICAL; severity <= SEVERITY_LOW; severity++) {
		print_findings_of(human, (enum severity)severity);
	}
}

/* What raised no alert; why, where it is not why of the one above. */
static void print_accepted(const struct human *human)
{
	const struct matrix_acceptance *told = NULL;
	char text[ACCEPTANCE_TEXT_BYTES];
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		const struct matrix_acceptance *by = human->accepted_by[i];
		if (!by) {
			continue;
		}
		if (!told) {
			print_heading(human, "\nAccepted by the matrix, no alerts\n");
		}
		(void)fprintf(human->out, "  %-*s%-32s %12s %8" PRIu64 "\n",
			HUMAN_INDENT, "", finding_row((enum finding)i)->id, "",
			human->accepted[i]);
		if (by != told) {
			print_text(human, acceptance_text(by, text));
		}
		told = by;
	}
}

static void print_counters(const struct human *human, const struct json_stats *stats)
{
	print_heading(human, "\nCounters that are not zero\n");
	for (size_t i = 0; i < stats->counter_count; i++) {
		const struct counter *counter = &stats->counters[i];
		if (counter->value != 0) {
			(void)fprintf(human->out, "  %-40s %16" PRIu64 "\n",
				counter->name, counter->value);
		}
	}
}

void human_summary(struct human *human, const struct json_stats *stats)
{
	uint64_t alerts = 0;
	for (int finding = 0; finding < FINDING_COUNT; finding++) {
		alerts += human->alerts[finding];
	}
	if (alerts > 0 && !human->is_summary) {
		(void)fputc('\n', human->out);
	}
	print_flows(human);
	print_findings(human, alerts > 0);
	print_accepted(human);
	print_counters(human, stats);
}
