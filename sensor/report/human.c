#include "report/human.h"

#include "matrix/acceptance.h"
#include "report/human_findings.h"

#include <inttypes.h>
#include <stdlib.h>

#define VERDICTS 3

struct human {
	struct human_style style;
	struct human_findings *findings;
	uint64_t flows[PROTOCOL_COUNT][VERDICTS];
	uint64_t accepted[FINDING_FLOW_COUNT]; /* flows whose finding was accepted */
	/* the first that did */
	const struct matrix_acceptance *accepted_by[FINDING_FLOW_COUNT];
};

struct human *human_new(const struct human_style *style, struct reason *why)
{
	struct human *human = calloc(1, sizeof(*human));
	struct human_findings *findings = human_findings_new(why);
	if (human == NULL || findings == NULL) {
		human_findings_free(findings);
		free(human);
		(void)reason_set(why, "no memory for the report");
		return NULL;
	}
	human->style = *style;
	human->findings = findings;
	return human;
}

void human_free(struct human *human)
{
	if (human != NULL) {
		human_findings_free(human->findings);
		free(human);
	}
}

void human_alert(struct human *human, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	human_findings_alert(human->findings, record, finding, count);
}

void human_sensor_alert(struct human *human, enum finding finding, const char *detail)
{
	human_findings_sensor(human->findings, finding, detail);
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

static void print_flow_row(
	const struct human *human, const char *name, const uint64_t flows[VERDICTS])
{
	(void)fprintf(human->style.out,
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
	(void)snprintf(heading, sizeof(heading), "\n%-22s %12s %12s %12s %12s\n",
		"Mail flows", "legitimate", "illegitimate", "undecided", "all");
	human_heading(heading, &human->style);
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
			human_heading(
				"\nAccepted by the matrix, no alerts\n", &human->style);
		}
		(void)fprintf(human->style.out, "  %-*s%-32s %12s %8" PRIu64 "\n",
			HUMAN_INDENT, "", finding_row((enum finding)i)->id, "",
			human->accepted[i]);
		if (by != told) {
			human_wrap(human->style.out, acceptance_text(by, text));
		}
		told = by;
	}
}

static void print_counters(const struct human *human, const struct json_stats *stats)
{
	human_heading("\nCounters that are not zero\n", &human->style);
	for (size_t i = 0; i < stats->counter_count; i++) {
		const struct counter *counter = &stats->counters[i];
		if (counter->value != 0) {
			(void)fprintf(human->style.out, "  %-40s %16" PRIu64 "\n",
				counter->name, counter->value);
		}
	}
}

void human_print(struct human *human, const struct json_stats *stats)
{
	human_findings_print(human->findings, &human->style);
	print_accepted(human);
	print_flows(human);
	if (human->style.is_verbose) {
		print_counters(human, stats);
	}
}
