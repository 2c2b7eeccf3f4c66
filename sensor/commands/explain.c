#include "commands/explain_json.h"
#include "commands/matrices.h"

#include "base/columns.h"
#include "judge/recommendation.h"
#include "matrix/acceptance.h"
#include "matrix/criteria.h"
#include "matrix/sentence.h"

#include <stdio.h>
#include <time.h>

static void print_flow(const struct matrix_question *question, const char *may)
{
	char from[SENTENCE_END_BYTES];
	char to[SENTENCE_END_BYTES];
	char verb[SENTENCE_VERB_BYTES];
	(void)printf("%s %s %s %s", sentence_end(&question->from, from), may,
		sentence_verb(question->protocol, question->port, verb),
		sentence_end(&question->to, to));
	if (question->protocol != PROTOCOL_ATTEMPT && question->port != 0) {
		(void)printf(" on port %u", question->port);
	}
}

static void print_row_notes(const struct matrix_row *row)
{
	char day[SENTENCE_DAY_BYTES];
	if (row->owner) {
		(void)printf(" Its owner is %s", row->owner);
		(void)printf(row->ticket ? ", its ticket %s." : ".", row->ticket);
	} else if (row->ticket) {
		(void)printf(" Its ticket is %s.", row->ticket);
	}
	if (row->expires_s) {
		(void)printf(
			" Its last day is %s.", sentence_last_day(row->expires_s, day));
	} else {
		(void)printf(" It does not expire.");
	}
	if (row->mode == MATRIX_MODE_AUDIT) {
		(void)printf(
			" It is in audit mode: a breach is reported, never blocked.");
	}
}

/* Its addresses are what DNS says of them; then the sensor waits until it has seen that. */
static void print_named(const struct matrix_end *end)
{
	const struct matrix_group *group = end->group;
	if (!end->is_named || !group) {
		return;
	}
	(void)printf(
		"Hosts of %s are known by name (%s%s): by DNS answers that the sensor "
		"sees%s%s. Before that the flow is undecided.\n",
		group->name, group->names[0], group->name_count > 1 ? " ..." : "",
		group->is_certificate_trusted ? ", or by the certificate" : "",
		group->is_sni_trusted ? ", or by the name asked for in TLS" : "");
}

static void print_by(const struct matrix_row *row)
{
	char name[SENTENCE_ROW_BYTES];
	(void)printf("By %s, %s:%u.", sentence_row(row, name), row->place.file,
		row->place.line);
	print_row_notes(row);
	(void)printf("\n");
}

static void print_allowed(
	const struct matrix_question *question, const struct matrix_result *result)
{
	const struct matrix_row *row = result->row;
	char condition[SENTENCE_LIST_BYTES];
	(void)printf("Allowed: ");
	print_flow(question, "may");
	if (!row) {
		(void)printf(", under TLS from the first byte.\n"
			     "No row is needed: %s.\n",
			result->reason);
		return;
	}
	(void)printf(", %s.\n", sentence_condition(row, condition));
	print_by(row);
	print_named(&question->from);
	print_named(&question->to);
}

static void print_undecided(
	const struct matrix_question *question, const struct matrix_result *result)
{
	const struct matrix_row *row = result->nearest;
	(void)printf("Undecided: ");
	print_flow(question, "may or may not");
	(void)printf(".\n%s:%u: %s.", row->place.file, row->place.line, result->reason);
	print_row_notes(row);
	(void)printf("\n");
}

/* What the row allows for sure; the rest is for the findings behind it to say. */
static void print_probe(
	const struct matrix_question *question, const struct matrix_result *result)
{
	char from[SENTENCE_END_BYTES];
	char to[SENTENCE_END_BYTES];
	(void)printf("Allowed for probes: %s may probe %s of %s on port %u, and send "
		     "nothing.\n",
		sentence_end(&question->from, from), protocol_name(question->protocol),
		sentence_end(&question->to, to), question->port);
	print_by(result->nearest);
}

static void print_first_failure(const struct matrix_result *result)
{
	char name[SENTENCE_ROW_BYTES];
	const struct matrix_row *row = result->nearest;
	if (!row) {
		(void)printf("No row comes near: none joins these two ends, and none "
			     "has one of them with this protocol.\n");
		return;
	}
	(void)printf("The nearest row, %s:%u, fails first on \"%s\": ", row->place.file,
		row->place.line, matrix_criterion_name(result->failed));
	if (result->failed == MATRIX_CRITERION_FROM) {
		(void)printf("%s is for %s only.\n", sentence_row(row, name),
			sentence_end_name(&row->from));
	} else if (result->failed == MATRIX_CRITERION_TO) {
		(void)printf("%s reaches %s only.\n", sentence_row(row, name),
			sentence_end_name(&row->to));
	} else {
		(void)printf("%s.\n", result->reason);
	}
}

static void print_finding(
	const struct judgement *judgement, enum protocol protocol, enum finding finding)
{
	const char *list[RECOMMENDATIONS_MAX];
	const struct finding_row *row = finding_row(finding);
	const bool is_accepted = (judgement->accepted & FINDING_BIT(finding)) != 0;
	recommendations_of(judgement, protocol, finding, list);
	(void)printf("he sensor would %s %s",
		is_accepted ? "record as accepted" : "raise", row->id);
	for (size_t i = 0; i < RECOMMENDATIONS_MAX && list[i]; i++) {
		(void)printf("%s%s", i == 0 ? " (" : ", ", list[i]);
	}
	(void)printf("%s: %s.\n", list[0] ? ")" : "", row->signature);
}

/* Allowed or not: some findings are told though a row declares the flow. */
static void print_findings(const struct matrix *matrix,
	const struct matrix_question *question, bool is_probe)
{
	struct judgement judgement;
	explain_judge(matrix, question, &judgement);
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (judgement.findings & FINDING_BIT(i)) {
			(void)printf(is_probe ? "Once something is sent t" : "T");
			print_finding(&judgement, question->protocol, (enum finding)i);
		}
	}
}

static void print_acceptance(const struct matrix_acceptance *acceptance, int64_t now_s)
{
	char text[ACCEPTANCE_TEXT_BYTES];
	if (acceptance) {
		(void)printf("%s: %s, by %s.\n",
			acceptance_is_in_force(acceptance, now_s) ? "Accepted"
								  : "No more accepted",
			acceptance->what, acceptance_text(acceptance, text));
	}
}

/* By the row that allows it, and of their own hosts by the groups of its ends. */
static void print_acceptances(
	const struct matrix_question *question, const struct matrix_result *result)
{
	const struct matrix_group *from = question->from.group;
	const struct matrix_group *to = question->to.group;
	if (result->allowed == MATRIX_YES && result->row) {
		print_acceptance(result->row->acceptance, question->now_s);
	}
	if (from) {
		print_acceptance(from->acceptance, question->now_s);
	}
	if (to && to != from) {
		print_acceptance(to->acceptance, question->now_s);
	}
}

static void print_answer(const struct matrix *matrix, const struct planned *planned)
{
	const struct matrix_question *question = &planned->question;
	const struct matrix_result *result = &planned->result;
	switch (planned->answer) {
	case PLANNED_ALLOWED:
		print_allowed(question, result);
		break;
	case PLANNED_PROBE:
		print_probe(question, result);
		break;
	case PLANNED_UNDECIDED:
		print_undecided(question, result);
		break;
	case PLANNED_REFUSED:
		(void)printf("Not allowed: ");
		print_flow(question, "may not");
		(void)printf(".\n");
		print_first_failure(result);
		break;
	}
	print_findings(matrix, question, planned->answer == PLANNED_PROBE);
	print_acceptances(question, result);
}

struct explain {
	struct option_list matrices;
	bool is_json;
	bool is_exit_code_wanted;
};

static int answer(const struct explain *explain, const struct matrix *matrix,
	const char *const *words)
{
	struct planned planned = {.question = {.now_s = (int64_t)time(NULL)}};
	struct reason why;
	struct columns columns;
	if (!planned_read(matrix, words, &planned, &why)) {
		return command_misused(&COMMAND_EXPLAIN, "%s", why.text);
	}
	planned_ask(matrix, &planned);
	if (explain->is_json) {
		explain_json(matrix, words, &planned);
	} else {
		columns_begin(&columns, &stdout);
		print_answer(matrix, &planned);
		columns_end(&columns, 2);
	}
	return explain->is_exit_code_wanted && planned.answer != PLANNED_ALLOWED
		       ? COMMAND_VIOLATIONS
		       : COMMAND_OK;
}

static int explain_run(int argc, char **argv)
{
	struct explain explain = {.matrices = {.count = 0}};
	struct option_words words;
	int code = options_read(&COMMAND_EXPLAIN, argc, argv, &explain, &words);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	struct matrix *matrix = matrices_load(&explain.matrices);
	code = matrix ? answer(&explain, matrix, words.list) : COMMAND_USAGE;
	matrix_free(matrix);
	return code;
}

static const char ABOUT[] =
	"Would the matrix allow this flow, by which row, and on what condition? If\n"
	"not: which row comes nearest, and what fails first?\n"
	"\n"
	"  FROM, TO         an address, a group, a declared DNS name, a zone, or "
	"internet\n"
	"  PROTOCOL[:PORT]  smtp, submission, submissions, imaps, ... on its own\n"
	"                   port, or on another: smtp:2525\n";

static const char EXAMPLES[] =
	"  mailwarden explain -m matrix.yaml relay mx-out smtp\n"
	"      Allowed: it names the row, its owner and what TLS it asks for.\n"
	"  mailwarden explain -m matrix.yaml 192.0.2.70 internet smtp\n"
	"      A workstation that sends directly: not allowed, R37.\n"
	"  mailwarden explain -m matrix.yaml relay mx-out smtp:2525\n"
	"      Right hosts, wrong port.\n";

static const struct option_row OPTIONS[] = {
	{OPTION_MATRICES(
		 struct explain, "flow matrix; repeat it to join several, - is stdin"),
		.is_required = true},
	{.name = "json",
		.letter = 'j',
		.help = "one JSON object: from, to, protocol, port, answer, row\n"
			"or nearest, failed, reason, findings, acceptances",
		.set = option_set_flag,
		.field = offsetof(struct explain, is_json)},
	{.name = "exit-code",
		.help = "exit 1 when it is not allowed, or not for sure",
		.set = option_set_flag,
		.field = offsetof(struct explain, is_exit_code_wanted)},
	{.name = NULL},
};

const struct command COMMAND_EXPLAIN = {
	.name = "explain",
	.summary = "explain whether and why a flow would be allowed",
	.usage = "-m MATRIX [OPTION...] FROM TO PROTOCOL[:PORT]",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = "0 an answer was given (allowed or not), 1 it is not allowed for sure "
		 "and\n--exit-code was given, 2 usage or matrix in error.\n",
	.options = OPTIONS,
	.words = "FROM TO PROTOCOL[:PORT]",
	.words_least = 3,
	.words_most = 3,
	.run = explain_run,
};
