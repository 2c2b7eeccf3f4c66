#include "commands/planned.h"

#include "matrix/words.h"

#include <stdlib.h>
#include <string.h>

/* What the flow would be: planned, so nothing of its TLS is known. */
static bool read_protocol(
	const char *text, struct matrix_question *question, struct reason *why)
{
	char name[32];
	const char *colon = strchr(text, ':');
	const size_t len = colon ? (size_t)(colon - text) : strlen(text);
	if (len >= sizeof(name)) {
		return reason_set(why, "\"%.60s\" is no mail protocol", text);
	}
	memcpy(name, text, len);
	name[len] = '\0';
	question->protocol = protocol_by_name(name);
	if (question->protocol == PROTOCOL_UNKNOWN ||
		!protocol_row(question->protocol)->is_mail) {
		return reason_set(why,
			"\"%s\" is no mail protocol (smtp, submission, submissions, "
			"lmtp, imap, imaps, pop3, pop3s, sieve, mapi-http, ...)",
			name);
	}
	question->port = protocol_row(question->protocol)->ports[0];
	if (colon) {
		char *end = NULL;
		const unsigned long port = strtoul(colon + 1, &end, 10);
		if (colon[1] < '1' || colon[1] > '9' || *end || port > 65535) {
			return reason_set(
				why, "\"%.40s\" is no port from 1 to 65535", colon + 1);
		}
		question->port = (uint16_t)port;
	} else if (question->protocol == PROTOCOL_ATTEMPT) {
		return reason_set(why, "an attempt needs a port: attempt:25");
	}
	return true;
}

/*
 * The row is asked whether it could allow the flow: take TLS as the row wants it,
 * and say the condition in the answer.
 */
static void assume_best_tls(struct matrix_question *question)
{
	const bool is_implicit = protocol_row(question->protocol)->is_implicit_tls ||
				 (question->protocol >= PROTOCOL_MAPI_HTTP &&
					 question->protocol <= PROTOCOL_EXCHANGE_HTTPS);
	question->is_encrypted = MATRIX_YES;
	question->is_implicit = is_implicit ? MATRIX_YES : MATRIX_NO;
	question->is_starttls = is_implicit ? MATRIX_NO : MATRIX_YES;
	question->is_tls_offered = MATRIX_YES;
	question->has_clear_content = MATRIX_NO;
	question->has_client_certificate = MATRIX_YES;
	question->tls_version = 0x0304;
}

bool planned_read(const struct matrix *matrix, const char *const *words,
	struct planned *planned, struct reason *why)
{
	struct matrix_question *question = &planned->question;
	if (!matrix_find_end(matrix, words[0], &question->from, why) ||
		!matrix_find_end(matrix, words[1], &question->to, why) ||
		!read_protocol(words[2], question, why)) {
		return false;
	}
	assume_best_tls(question);
	return true;
}

bool planned_set_tls(struct planned *planned, const char *word)
{
	struct matrix_question *question = &planned->question;
	const bool is_starttls = strcmp(word, "starttls") == 0;
	int version;
	if (strcmp(word, "clear") == 0) {
		question->is_encrypted = MATRIX_NO;
		question->is_starttls = MATRIX_NO;
		question->is_implicit = MATRIX_NO;
		question->has_clear_content = MATRIX_YES;
		question->has_client_certificate = MATRIX_NO;
		question->tls_version = 0;
		return true;
	}
	if (is_starttls || strcmp(word, "implicit") == 0) {
		question->is_starttls = is_starttls ? MATRIX_YES : MATRIX_NO;
		question->is_implicit = is_starttls ? MATRIX_NO : MATRIX_YES;
		return true;
	}
	if (word_find(words_of_versions(), word, &version)) {
		question->tls_version = (uint16_t)version;
		return true;
	}
	return false;
}

void planned_ask(const struct matrix *matrix, struct planned *planned)
{
	const struct matrix_result *result = &planned->result;
	matrix_ask(matrix, &planned->question, &planned->result);
	if (result->allowed == MATRIX_YES) {
		planned->answer = PLANNED_ALLOWED;
	} else if (result->allowed == MATRIX_NO) {
		planned->answer = PLANNED_REFUSED;
	} else {
		planned->answer = result->waits_for == MATRIX_CRITERION_PROBE
					  ? PLANNED_PROBE
					  : PLANNED_UNDECIDED;
	}
}

const char *planned_answer_name(enum planned_answer answer)
{
	static const char *const NAMES[] = {
		[PLANNED_ALLOWED] = "allowed",
		[PLANNED_PROBE] = "probe",
		[PLANNED_UNDECIDED] = "undecided",
		[PLANNED_REFUSED] = "not-allowed",
	};
	return NAMES[answer];
}
