#include "commands/explain_json.h"

#include "judge/recommendation.h"
#include "matrix/acceptance.h"
#include "matrix/sentence.h"
#include "report/json_writer.h"

#define US_PER_S               1000000
#define TLS_AES_128_GCM_SHA256 0x1301 /* RFC 8446 section B.4 */

void explain_judge(const struct matrix *matrix, const struct matrix_question *question,
	struct judgement *judgement)
{
	const struct matrix_end ends[] = {question->from, question->to};
	struct facts facts = {.protocol = question->protocol,
		.tls = question->is_implicit == MATRIX_YES ? FACTS_TLS_IMPLICIT
							   : FACTS_TLS_STARTTLS,
		.starttls_offered = FACTS_YES,
		.has_client_bytes = true,
		.has_server_bytes = true,
		.session = {.version = question->tls_version,
			.cipher_suite = TLS_AES_128_GCM_SHA256,
			.client_certificate = FACTS_YES,
			.has_client_hello = true,
			.has_server_hello = true,
			.is_established = true}};
	const struct observation observation = {
		.facts = question->protocol == PROTOCOL_ATTEMPT ? NULL : &facts,
		.protocol = question->protocol,
		.how_far = "not tried",
		.server_port = question->port,
		.confidence = DIRECTION_CONFIDENCE_SYN,
		.is_ended = true,
		.ends = ends,
		.now_us = (uint64_t)question->now_s * US_PER_S};
	judge_flow_briefly(matrix, &observation, judgement);
}

static void write_end(struct json_writer *writer, const char *key, const char *word,
	const struct matrix_end *end)
{
	json_object_open(writer, key);
	json_text(writer, "asked", word);
	if (end->group) {
		json_text(writer, "group", end->group->name);
		json_text(writer, "role", matrix_role_name(end->group->role));
	}
	if (end->zone) {
		json_text(writer, "zone", end->zone->name);
	}
	json_bool(writer, "named", end->is_named);
	json_object_close(writer);
}

static void write_row(
	struct json_writer *writer, const char *key, const struct matrix_row *row)
{
	char text[SENTENCE_LIST_BYTES];
	if (!row) {
		return;
	}
	json_object_open(writer, key);
	json_text(writer, "id", row->id);
	json_text(writer, "file", row->place.file);
	json_number(writer, "line", row->place.line);
	json_text(writer, "from", sentence_end_name(&row->from));
	json_text(writer, "to", sentence_end_name(&row->to));
	json_text(writer, "condition", sentence_condition(row, text));
	json_text(writer, "mode", row->mode == MATRIX_MODE_AUDIT ? "audit" : "enforce");
	if (row->expires_s != 0) {
		json_text(writer, "until", sentence_last_day(row->expires_s, text));
	}
	if (row->owner) {
		json_text(writer, "owner", row->owner);
	}
	if (row->ticket) {
		json_text(writer, "ticket", row->ticket);
	}
	json_object_close(writer);
}

static void write_finding(struct json_writer *writer, const struct judgement *judgement,
	enum protocol protocol, enum finding finding)
{
	const char *list[RECOMMENDATIONS_MAX];
	json_object_open(writer, NULL);
	json_text(writer, "finding", finding_row(finding)->id);
	json_text(writer, "signature", finding_row(finding)->signature);
	json_bool(
		writer, "accepted", (judgement->accepted & FINDING_BIT(finding)) != 0);
	recommendations_of(judgement, protocol, finding, list);
	json_array_open(writer, "recommendations");
	for (size_t i = 0; i < RECOMMENDATIONS_MAX && list[i]; i++) {
		json_text(writer, NULL, list[i]);
	}
	json_array_close(writer);
	json_object_close(writer);
}

static void write_findings(struct json_writer *writer, const struct matrix *matrix,
	const struct matrix_question *question)
{
	struct judgement judgement;
	explain_judge(matrix, question, &judgement);
	json_array_open(writer, "findings");
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (judgement.findings & FINDING_BIT(i)) {
			write_finding(writer, &judgement, question->protocol,
				(enum finding)i);
		}
	}
	json_array_close(writer);
}

static void write_acceptance(struct json_writer *writer,
	const struct matrix_acceptance *acceptance, int64_t now_s)
{
	char day[SENTENCE_DAY_BYTES];
	if (!acceptance) {
		return;
	}
	json_object_open(writer, NULL);
	json_text(writer, "what", acceptance->what);
	json_text(writer, "by", acceptance->by);
	json_bool(writer, "in_force", acceptance_is_in_force(acceptance, now_s));
	if (acceptance->until_s != 0) {
		json_text(writer, "until", sentence_last_day(acceptance->until_s, day));
	}
	json_object_close(writer);
}

/* Of the row that allows it, and of the groups of its ends. */
static void write_acceptances(struct json_writer *writer, const struct planned *planned)
{
	const struct matrix_question *question = &planned->question;
	const struct matrix_result *result = &planned->result;
	const struct matrix_group *from = question->from.group;
	const struct matrix_group *to = question->to.group;
	json_array_open(writer, "acceptances");
	if (result->allowed == MATRIX_YES && result->row) {
		write_acceptance(writer, result->row->acceptance, question->now_s);
	}
	if (from) {
		write_acceptance(writer, from->acceptance, question->now_s);
	}
	if (to && to != from) {
		write_acceptance(writer, to->acceptance, question->now_s);
	}
	json_array_close(writer);
}

void explain_json(const struct matrix *matrix, const char *const *words,
	const struct planned *planned)
{
	const struct matrix_question *question = &planned->question;
	const struct matrix_result *result = &planned->result;
	struct json_writer writer = {.out = stdout};
	json_object_open(&writer, NULL);
	write_end(&writer, "from", words[0], &question->from);
	write_end(&writer, "to", words[1], &question->to);
	json_text(&writer, "protocol", protocol_name(question->protocol));
	json_number(&writer, "port", question->port);
	json_text(&writer, "answer", planned_answer_name(planned->answer));
	write_row(&writer, "row", result->row);
	write_row(&writer, "nearest", result->nearest);
	if (planned->answer == PLANNED_REFUSED && result->nearest) {
		json_text(&writer, "failed", matrix_criterion_name(result->failed));
	}
	json_text(&writer, "reason", result->reason);
	write_findings(&writer, matrix, question);
	write_acceptances(&writer, planned);
	json_object_close(&writer);
	json_line_end(&writer);
}
