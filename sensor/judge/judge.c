#include "judge/judge.h"

#include "base/format.h"
#include "judge/acceptance.h"
#include "judge/asked.h"
#include "judge/findings.h"
#include "judge/named.h"

#include <stdarg.h>
#include <stdio.h>

#define US_PER_S 1000000

static const struct facts NO_FACTS;

static enum matrix_answer answer(bool is_yes, bool is_known)
{
	if (is_yes) {
		return MATRIX_YES;
	}
	return is_known ? MATRIX_NO : MATRIX_UNKNOWN;
}

static enum matrix_answer answer_of_facts(enum facts_answer facts)
{
	return answer(facts == FACTS_YES, facts == FACTS_NO);
}

/* What the flow has shown of TLS; what it may still show stays unknown. */
static void ask_about_tls(
	struct matrix_question *question, const struct facts *facts, bool is_ended)
{
	const bool is_starttls = facts->tls == FACTS_TLS_STARTTLS;
	const bool is_implicit = facts->tls == FACTS_TLS_IMPLICIT;
	const bool is_clear = facts->tls == FACTS_TLS_NONE;
	const bool has_content = facts_is_content_clear(facts);
	/* RPC's own encryption: as good as TLS, but no kind of it (docs/policy.md) */
	const bool is_private = judge_is_rpc_private(facts);

	question->is_encrypted =
		answer(is_starttls || is_implicit || is_private, has_content);
	question->is_starttls = answer(is_starttls, is_implicit || has_content);
	question->is_implicit = answer(is_implicit, is_starttls || is_clear);
	question->is_tls_offered = is_starttls || is_implicit || is_private
					   ? MATRIX_YES
					   : answer_of_facts(facts->starttls_offered);
	question->has_clear_content = answer(has_content,
		is_starttls || is_implicit || is_private || (is_clear && is_ended));
	question->has_client_certificate =
		judge_is_client_certificate_absent(facts)
			? MATRIX_NO
			: answer(facts->session.client_certificate == FACTS_YES, false);
	question->tls_version = facts->session.version;
}

static struct matrix_question question_of(const struct judge_case *judged)
{
	const struct observation *observation = judged->observation;
	struct matrix_question question = {
		.from = judged->from,
		.to = judged->to,
		.from_named = judged->from_named,
		.to_named = judged->to_named,
		.protocol = observation->protocol,
		.port = judged->port,
		.now_s = (int64_t)(observation->now_us / US_PER_S),
		.is_brief = true,
	};
	question.is_probe = answer(judge_is_mere_probe(judged),
		observation->is_ended || observation->ambiguity != NULL ||
			!judge_is_probe(judged->facts));
	ask_about_tls(&question, judged->facts, observation->is_ended);
	return question;
}

static void ask_forward(const struct matrix *matrix, const struct judge_case *judged,
	struct matrix_result *result)
{
	const struct matrix_question question = question_of(judged);
	struct asked *asked = judged->observation->asked;
	if (asked) {
		asked_matrix(asked, matrix, &question, result);
	} else {
		matrix_ask(matrix, &question, result);
	}
}

/* What a row allows is told in words of our own. */
static void explain(const struct judge_case *judged, struct matrix_result *result)
{
	if (!judged->is_brief && (result->allowed != MATRIX_YES || !result->row)) {
		const struct matrix_question question = question_of(judged);
		matrix_explain(&question, result);
	}
}

/* Who is the client is only a guess: before accusing, see if the other way is allowed. */
static void ask_backward(const struct matrix *matrix, struct judge_case *judged,
	struct matrix_result *result)
{
	struct judge_case backward = *judged;
	backward.from = judged->to;
	backward.to = judged->from;
	backward.from_named = judged->to_named;
	backward.to_named = judged->from_named;
	backward.port = judged->observation->client_port;
	backward.is_backward = true;
	struct matrix_result answered;
	ask_forward(matrix, &backward, &answered);
	if (answered.allowed != MATRIX_NO && !matrix_waits_for_name(&answered)) {
		*judged = backward;
		*result = answered;
	}
}

static void ask(const struct matrix *matrix, struct judge_case *judged,
	struct matrix_result *result)
{
	ask_forward(matrix, judged, result);
	if (result->allowed == MATRIX_NO &&
		judged->observation->confidence == DIRECTION_CONFIDENCE_PORT) {
		ask_backward(matrix, judged, result);
	}
	explain(judged, result);
}

/* Of several groups that names put it into the row's. */
static void name_end(struct matrix_end *end, const struct matrix_end *of_row)
{
	if (end->is_named && of_row->group) {
		end->group = of_row->group;
	}
}

static void name_ends(struct judge_case *judged)
{
	const struct matrix_row *row = judged->result->row;
	if (row) {
		name_end(&judged->from, &row->from);
		name_end(&judged->to, &row->to);
	}
}

/* The row whose TLS conditions are this flow's: both ends and the protocol fit it. */
static const struct matrix_row *governing_row(const struct matrix_result *result)
{
	if (matrix_waits_for_name(result)) {
		return NULL;
	}
	if (result->allowed != MATRIX_NO) {
		return result->row != NULL ? result->row : result->nearest;
	}
	return result->failed >= MATRIX_CRITERION_PORT ? result->nearest : NULL;
}

/* What an ended flow never showed, where a row fits in everything that it did show. */
static const char *never_seen(const struct judge_case *judged)
{
	const struct facts *facts = judged->facts;
	const struct matrix_row *row = judged->row;
	if (judged->observation->protocol == PROTOCOL_ATTEMPT) {
		return "no payload was seen";
	}
	if (facts->tls == FACTS_TLS_UNKNOWN) {
		return "its TLS state was not seen";
	}
	if (facts->tls == FACTS_TLS_NONE) {
		return row->tls == MATRIX_TLS_OFFERED
			       ? "no list of capabilities was seen"
			       : "no content crossed in clear";
	}
	if (facts->session.version == 0) {
		return "the TLS version was not seen";
	}
	return "the client certificate is not visible";
}

static const char *end_name(const struct matrix_end *end)
{
	if (end->group != NULL) {
		return end->group->name;
	}
	return end->zone != NULL ? end->zone->name : "?";
}

static void __attribute__((format(printf, 3, 4)))
reason_write(const struct judge_case *judged, struct judgement *judgement,
	const char *format, ...)
{
	if (judged->is_brief) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	format_write_list(
		judgement->reason, sizeof(judgement->reason), format, arguments);
	va_end(arguments);
}

static void say_allowed(const struct judge_case *judged, struct judgement *judgement)
{
	const bool is_waiting = judged->result->allowed == MATRIX_UNKNOWN;
	if (judged->row == NULL) {
		reason_write(judged, judgement, "%s", judged->result->reason);
		return;
	}
	const char *back = judged->port == judged->observation->server_port
				   ? ""
				   : ", in the other direction than guessed";
	reason_write(judged, judgement, "row %s allows %s from %s to %s%s%s%s",
		judged->row->id, protocol_name(judged->observation->protocol),
		end_name(&judged->from), end_name(&judged->to), back,
		is_waiting ? "; " : "", is_waiting ? never_seen(judged) : "");
}

/* Without the name nobody would have looked at it: it is never told for it. */
static void decide_by_name(struct judgement *judgement)
{
	if (judgement->verdict == VERDICT_ILLEGITIMATE) {
		judgement->verdict = VERDICT_UNDECIDED;
	}
}

static void decide(const struct judge_case *judged, struct judgement *judgement)
{
	const struct matrix_result *result = judged->result;
	const struct observation *observation = judged->observation;
	const bool is_attempt = observation->protocol == PROTOCOL_ATTEMPT;
	if (result->allowed == MATRIX_NO) {
		judgement->verdict = VERDICT_ILLEGITIMATE;
		judgement->nearest = result->nearest;
		judgement->is_expired = result->failed == MATRIX_CRITERION_EXPIRY;
	} else if (result->allowed == MATRIX_YES ||
		   (judged->row != NULL && (observation->is_ended || is_attempt))) {
		judgement->verdict = VERDICT_LEGITIMATE;
		judgement->row = judged->row;
	} else {
		judgement->verdict = VERDICT_UNDECIDED;
	}
	if (judgement->verdict == VERDICT_LEGITIMATE) {
		say_allowed(judged, judgement);
	} else {
		reason_write(judged, judgement, "%s", result->reason);
	}
}

/* Not mail: the matrix has nothing to say, except that a mail port is for mail. */
static void decide_foreign(const struct judge_case *judged, struct judgement *judgement)
{
	if (judged->observation->lookup != NULL) {
		reason_write(judged, judgement,
			"only mail servers and resolvers need to know where mail goes");
		return;
	}
	if (!judged->is_foreign) {
		reason_write(judged, judgement,
			"what the flow carries is not known to be mail");
		return;
	}
	judgement->verdict = VERDICT_ILLEGITIMATE;
	reason_write(judged, judgement, "port %u is %s's and carries something else",
		judged->port, protocol_name(protocol_of_port(judged->port)));
}

/* What names say of an end that no address puts into a group. */
static const struct matrix_named *ask_names_of(const struct judge_case *judged,
	struct matrix_end *end, const struct facts_tls_session *session,
	struct matrix_named *named)
{
	if (end->group) {
		return NULL;
	}
	judge_named(judged->matrix, &judged->observation->names[session != NULL],
		session, named);
	if (named->count > 0) {
		end->group = named->groups[0];
		end->is_named = true;
	}
	return named;
}

/* Where none is declared they say nothing. */
static void ask_names(struct judge_case *judged, struct matrix_named named[2])
{
	if (matrix_has_names(judged->matrix)) {
		judged->from_named =
			ask_names_of(judged, &judged->from, NULL, &named[0]);
		judged->to_named = ask_names_of(
			judged, &judged->to, &judged->facts->session, &named[1]);
	}
}

struct matrix_end judge_locate(const struct matrix *matrix,
	const struct observation *observation, const struct address *address)
{
	const struct matrix_zone *inside = observation->zone_inside;
	struct matrix_end end =
		observation->asked ? asked_locate(observation->asked, matrix, address)
				   : matrix_locate(matrix, address);
	if (inside && judge_is_internet(&end)) {
		end.zone = inside;
	}
	return end;
}

static void judge(const struct matrix *matrix, const struct observation *observation,
	struct judgement *judgement, bool is_brief)
{
	struct matrix_named named[2]; /* filled where one is wanted */
	struct matrix_result result;
	struct judge_case judged = {
		.matrix = matrix,
		.observation = observation,
		.facts = observation->facts != NULL ? observation->facts : &NO_FACTS,
		.result = &result,
		.from = observation->ends != NULL ? observation->ends[0]
						  : judge_locate(matrix, observation,
							    &observation->client),
		.to = observation->ends != NULL
			      ? observation->ends[1]
			      : judge_locate(matrix, observation, &observation->server),
		.port = observation->server_port,
		.profile = matrix_profile(matrix),
		.is_brief = is_brief,
	};
	matrix_result_clear(&result);
	if (judged.facts->is_turned) {
		judged.port = observation->client_port; /* the one that was opened */
	}
	judgement->verdict = VERDICT_UNDECIDED;
	judgement->row = NULL;
	judgement->nearest = NULL;
	judgement->is_expired = false;
	judgement->findings = 0;
	judgement->accepted = 0;
	judgement->reason[0] = '\0';
	judged.is_foreign = judge_is_foreign(observation->protocol, judged.port);
	judged.is_web_inside = judge_is_web_inside(
		observation->protocol, judged.port, &judged.facts->session);
	if (!protocol_row(observation->protocol)->is_mail || judged.is_foreign) {
		decide_foreign(&judged, judgement);
		judged.facts =
			&NO_FACTS; /* its TLS and banners are no concern of mail */
	} else {
		ask_names(&judged, named);
		ask(matrix, &judged, &result);
		name_ends(&judged);
		judged.row = governing_row(&result);
		decide(&judged, judgement);
	}
	listed_find(&judged, &judgement->listed);
	judged.listed = &judgement->listed;
	judgement->from = judged.is_backward ? judged.to : judged.from;
	judgement->to = judged.is_backward ? judged.from : judged.to;
	if (observation->is_mail_by_name) {
		decide_by_name(judgement);
	} else {
		findings_test(&judged, judgement);
		acceptance_judge(&judged, judgement);
	}
}

void judge_flow(const struct matrix *matrix, const struct observation *observation,
	struct judgement *judgement)
{
	judge(matrix, observation, judgement, false);
}

void judge_flow_briefly(const struct matrix *matrix,
	const struct observation *observation, struct judgement *judgement)
{
	judge(matrix, observation, judgement, true);
}

void judge_outer(const struct way *way, struct observation *outer)
{
	outer->client = way->tunnel.src;
	outer->server = way->tunnel.dst;
	outer->names[0].count = outer->names[1].count = 0; /* those inside */
	outer->client_port = way->tunnel.src_port;
	outer->server_port = way->tunnel.dst_port;
	outer->transport = tunnel_transport((enum tunnel_kind)way->tunnel.kind);
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const NAMES[] = {
		[VERDICT_UNDECIDED] = "undecided",
		[VERDICT_LEGITIMATE] = "legitimate",
		[VERDICT_ILLEGITIMATE] = "illegitimate",
	};
	return NAMES[verdict];
}

const char *direction_confidence_name(enum direction_confidence confidence)
{
	static const char *const NAMES[] = {
		[DIRECTION_CONFIDENCE_PORT] = "port",
		[DIRECTION_CONFIDENCE_BANNER] = "banner",
		[DIRECTION_CONFIDENCE_SYN_ACK] = "syn-ack",
		[DIRECTION_CONFIDENCE_SYN] = "syn",
	};
	return NAMES[confidence];
}
