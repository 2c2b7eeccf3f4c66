#include "matrix/explanation.h"

#include "matrix/sentence.h"

static void say(struct matrix_result *result, const char *words)
{
	sentence_append(result->reason, sizeof(result->reason), "%s", words);
}

static void say_row(struct matrix_result *result, const struct matrix_row *row)
{
	char name[SENTENCE_ROW_BYTES];
	say(result, sentence_row(row, name));
}

void explain_allowed(struct matrix_result *result)
{
	if (!result->row) {
		say(result, "profile rfc8314 lets clients submit over implicit TLS");
		return;
	}
	say_row(result, result->row);
	say(result, " allows it");
}

static void say_name_wanted(struct matrix_result *result)
{
	const bool is_client = result->waits_for == MATRIX_CRITERION_FROM;
	const struct matrix_row *row = result->nearest;
	const struct matrix_group *server = row->to.group;
	const bool is_certificate_enough =
		!is_client && server && server->is_certificate_trusted;
	sentence_append(result->reason, sizeof(result->reason),
		" may allow it; no DNS answer%s was seen that makes the %s one of %s",
		is_certificate_enough ? " or certificate" : "",
		is_client ? "client" : "server",
		sentence_end_name(is_client ? &row->from : &row->to));
}

void explain_waiting(struct matrix_result *result)
{
	say_row(result, result->nearest);
	switch (result->waits_for) {
	case MATRIX_CRITERION_FROM:
	case MATRIX_CRITERION_TO:
		say_name_wanted(result);
		break;
	case MATRIX_CRITERION_PROBE:
		say(result, " allows it as long as nothing is sent");
		break;
	case MATRIX_CRITERION_TLS:
		say(result, " may allow it; its TLS is not seen yet");
		break;
	case MATRIX_CRITERION_MIN_TLS:
		say(result, " may allow it; its TLS version is not seen yet");
		break;
	case MATRIX_CRITERION_CLIENT_CERTIFICATE:
		say(result, " may allow it; no client certificate is seen yet");
		break;
	default:
		say(result, " may allow it; its protocol is not known yet");
		break;
	}
}

static const char *tls_wanted(enum matrix_tls tls)
{
	switch (tls) {
	case MATRIX_TLS_STARTTLS:
		return " wants STARTTLS; ";
	case MATRIX_TLS_IMPLICIT:
		return " wants TLS from the first byte; ";
	case MATRIX_TLS_OFFERED:
		return " wants TLS to be offered; ";
	default:
		return " wants TLS; ";
	}
}

static const char *tls_seen(
	const struct matrix_row *row, const struct matrix_question *question)
{
	if (row->tls == MATRIX_TLS_OFFERED) {
		return "this server did not offer it";
	}
	if (question->has_clear_content == MATRIX_YES) {
		return "this flow carried content in clear";
	}
	if (row->tls == MATRIX_TLS_STARTTLS && question->is_implicit == MATRIX_YES) {
		return "this flow is under TLS from the first byte";
	}
	if (row->tls == MATRIX_TLS_IMPLICIT && question->is_starttls == MATRIX_YES) {
		return "this flow uses STARTTLS";
	}
	return "this flow is in clear";
}

static void say_no_row(
	const struct matrix_question *question, struct matrix_result *result)
{
	char from[SENTENCE_END_BYTES];
	char to[SENTENCE_END_BYTES];
	char verb[SENTENCE_VERB_BYTES];
	sentence_append(result->reason, sizeof(result->reason), "no row lets %s %s %s",
		sentence_end(&question->from, from),
		sentence_verb(question->protocol, question->port, verb),
		sentence_end(&question->to, to));
	if (result->nearest) {
		say(result, "; nearest is ");
		say_row(result, result->nearest);
	}
}

static void say_protocol(
	const struct matrix_question *question, struct matrix_result *result)
{
	char list[SENTENCE_LIST_BYTES];
	sentence_append(result->reason, sizeof(result->reason), " allows %s, not %s",
		sentence_protocols(result->nearest->protocols, "and", list),
		protocol_name(question->protocol));
}

static void say_port(
	const struct matrix_question *question, struct matrix_result *result)
{
	char list[SENTENCE_LIST_BYTES];
	sentence_append(result->reason, sizeof(result->reason), " allows %s, not %u",
		sentence_ports(result->nearest, list), question->port);
}

static void say_expiry(struct matrix_result *result)
{
	char day[SENTENCE_DAY_BYTES];
	sentence_append(result->reason, sizeof(result->reason),
		" would allow it but its last day was %s",
		sentence_last_day(result->nearest->expires_s, day));
}

static void say_min_tls(
	const struct matrix_question *question, struct matrix_result *result)
{
	sentence_append(result->reason, sizeof(result->reason),
		" wants TLS %s or newer; this flow uses %s%s",
		sentence_tls_version(result->nearest->min_tls),
		question->tls_version >= 0x0301 ? "TLS " : "",
		question->tls_version >= 0x0301
			? sentence_tls_version(question->tls_version)
			: "SSL");
}

void explain_failed(
	const struct matrix_question *question, struct matrix_result *result)
{
	const struct matrix_row *row = result->nearest;
	if (!row || result->failed <= MATRIX_CRITERION_TO) {
		say_no_row(question, result);
		return;
	}
	say_row(result, row);
	switch (result->failed) {
	case MATRIX_CRITERION_PROTOCOL:
		say_protocol(question, result);
		break;
	case MATRIX_CRITERION_PORT:
		say_port(question, result);
		break;
	case MATRIX_CRITERION_EXPIRY:
		say_expiry(result);
		break;
	case MATRIX_CRITERION_PROBE:
		say(result, " is for probes; this flow did more than say hello");
		break;
	case MATRIX_CRITERION_TLS:
		say(result, tls_wanted(row->tls));
		say(result, tls_seen(row, question));
		break;
	case MATRIX_CRITERION_MIN_TLS:
		say_min_tls(question, result);
		break;
	default:
		say(result, " wants a client certificate; this flow showed none");
		break;
	}
}
