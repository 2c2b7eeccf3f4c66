/* The proposal, loaded as a matrix: what it breaches, and each pair judged under it. */
#include "observed/learn_steps.h"

#include "matrix/architecture.h"
#include "observed/rejudge.h"

#include <stdlib.h>
#include <string.h>

#define PROOF   "proposal" /* its name in places */
#define SOURCES 64         /* declared files */

static char *text_of(struct learn *learn, bool is_joined, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	if (!out) {
		return NULL;
	}
	learn_print_proof(learn, out, is_joined);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* NULL: why. */
static struct matrix *load(struct learn *learn, bool is_joined, struct reason *why)
{
	const struct learn_settings *settings = learn->settings;
	struct matrix_source sources[SOURCES + 1];
	struct matrix_problems problems = {.list = NULL};
	size_t len = 0;
	if (settings->source_count > SOURCES) {
		(void)reason_set(why, "more than %d matrix files", SOURCES);
		return NULL;
	}
	char *text = text_of(learn, is_joined, &len);
	if (!text) {
		(void)reason_set(why, "no memory for the proposal");
		return NULL;
	}
	for (size_t i = 0; i < settings->source_count; i++) {
		sources[i] = settings->sources[i];
	}
	sources[settings->source_count] = (struct matrix_source){PROOF, text, len};
	struct matrix *matrix =
		matrix_load_sources(sources, settings->source_count + 1, &problems);
	if (!matrix) {
		(void)reason_set(why, "the proposal is no matrix: %s",
			problems.count > 0 ? problems.list[0].text : "");
	}
	matrix_problems_free(&problems);
	free(text);
	return matrix;
}

static const char *keep(struct learn *learn, const char *text)
{
	return arena_text(&learn->arena, text, strlen(text));
}

/* All of the row, or of a group's rows, that stands in this line of the proposal. */
static bool refuse_line(struct learn *learn, unsigned line, const char *recommendation,
	const char *reason)
{
	bool is_changed = false;
	for (size_t i = 0; i < learn->edge_count; i++) {
		struct learn_edge *edge = &learn->edges[i];
		if (edge->basket != LEARN_OPEN) {
			continue;
		}
		const struct learn_row *row = &learn->rows[edge->row];
		if (row->line == line || learn->groups[row->from].line == line ||
			learn->groups[row->to].line == line) {
			learn_put(edge, LEARN_REFUSED, recommendation, reason);
			is_changed = true;
		}
	}
	return is_changed;
}

/* "proposal:12: R35 row L-07: text"; of a declared row it begins with another file. */
static bool refuse_breach(struct learn *learn, const char *text)
{
	const size_t name = strlen(PROOF ":");
	char *at = NULL;
	if (strncmp(text, PROOF ":", name) != 0) {
		return false;
	}
	const unsigned long line = strtoul(text + name, &at, 10);
	at += strspn(at, ": ");
	const size_t len = strcspn(at, " :");
	const char *recommendation = arena_text(&learn->arena, at, len);
	const char *reason = strstr(at + len, ": ");
	return refuse_line(learn, (unsigned)line, recommendation,
		keep(learn, reason ? reason + 2 : at));
}

static bool refuse_breaches(struct learn *learn, const struct matrix *matrix)
{
	struct matrix_problems breaches = {.list = NULL};
	bool is_changed = false;
	architecture_breaches(matrix, learn->settings->today_s, &breaches, NULL);
	for (size_t i = 0; i < breaches.count; i++) {
		is_changed |= refuse_breach(learn, breaches.list[i].text);
	}
	matrix_problems_free(&breaches);
	return is_changed;
}

/* The gravest finding of medium severity or more; FINDING_COUNT: there is none. */
static enum finding gravest(const struct judgement *judgement)
{
	enum finding worst = FINDING_COUNT;
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		const bool is_raised = ((judgement->findings & ~judgement->accepted) &
					       FINDING_BIT(i)) != 0;
		if (is_raised && judgement->severity[i] <= SEVERITY_MEDIUM &&
			(worst == FINDING_COUNT ||
				judgement->severity[i] < judgement->severity[worst])) {
			worst = (enum finding)i;
		}
	}
	return worst;
}

static void judge(const struct learn *learn, const struct matrix *matrix,
	const struct learn_edge *edge, struct judgement *judgement)
{
	struct sighting sighting;
	observed_stand_in(learn->observed, edge->entry, &sighting);
	rejudge_sighting(matrix, &sighting,
		(uint64_t)learn->settings->today_s * 1000000, judgement);
}

bool learn_prove(struct learn *learn, bool *is_changed, struct reason *why)
{
	static struct judgement judgement; /* too large for the stack */
	*is_changed = false;
	if (learn->row_count == 0) {
		return true;
	}
	struct matrix *matrix = load(learn, false, why);
	if (!matrix) {
		return false;
	}
	*is_changed = refuse_breaches(learn, matrix);
	for (size_t i = 0; i < learn->edge_count; i++) {
		struct learn_edge *edge = &learn->edges[i];
		if (edge->basket != LEARN_OPEN) {
			continue;
		}
		judge(learn, matrix, edge, &judgement);
		const enum finding worst = gravest(&judgement);
		if (worst != FINDING_COUNT) {
			const struct finding_row *row = finding_row(worst);
			learn_put(
				edge, LEARN_REFUSED, row->recommendations[0], row->id);
		} else if (judgement.verdict != VERDICT_LEGITIMATE) {
			learn_put(edge, LEARN_ASK, NULL, "it stays undecided");
		}
		*is_changed = *is_changed || edge->basket != LEARN_OPEN;
	}
	matrix_free(matrix);
	return true;
}

/* Some row is proposed. */
static bool has_proposal(const struct learn *learn)
{
	for (size_t i = 0; i < learn->row_count; i++) {
		if (learn->rows[i].number > 0 && !learn->rows[i].is_merged) {
			return true;
		}
	}
	return false;
}

bool learn_settle(struct learn *learn, struct reason *why)
{
	static struct judgement judgement; /* too large for the stack */
	if (!has_proposal(learn)) {
		return true;
	}
	struct matrix *matrix = load(learn, true, why);
	if (!matrix) {
		return false;
	}
	for (size_t i = 0; i < learn->edge_count; i++) {
		struct learn_edge *edge = &learn->edges[i];
		if (edge->basket != LEARN_ASK || learn_is_mixed(edge)) {
			continue;
		}
		judge(learn, matrix, edge, &judgement);
		if (judgement.verdict == VERDICT_LEGITIMATE &&
			gravest(&judgement) == FINDING_COUNT) {
			learn_put(edge, LEARN_PROPOSED, NULL, "another row allows it");
		}
	}
	matrix_free(matrix);
	return true;
}
