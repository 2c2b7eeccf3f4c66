#include "audit/server_visit.h"

#include "analyze/tls.h"
#include "base/clock.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUSY_TRIES 3
#define LATE_MOST  2
#define US_PER_MS  UINT64_C(1000)

static void tell(struct server_visit *visit, struct server_answer *answer,
	const char *format, va_list arguments)
{
	struct reason why;
	const struct server_target *target = visit->target;
	(void)vsnprintf(answer->why, sizeof(answer->why), format, arguments);
	(void)reason_set(&why, "%s", answer->why); /* fit to be printed */
	(void)snprintf(answer->why, sizeof(answer->why), "%.*s",
		(int)sizeof(answer->why) - 1, why.text);
	answer->address = target->address;
	answer->port = target->port;
	answer->protocol = target->protocol;
	(void)snprintf(answer->key, sizeof(answer->key), "%s", visit->key);
	visit->asking->told(visit->asking->context, answer);
}

void server_tell(struct server_visit *visit, enum server_question question,
	enum audit_state state, const char *format, ...)
{
	const enum severity severity =
		server_severity(question, visit->target->is_between);
	struct server_answer answer = {.question = (uint8_t)question,
		.state = (uint8_t)state,
		.severity = state == AUDIT_NO ? (uint8_t)severity : SEVERITY_NONE};
	va_list arguments;
	va_start(arguments, format);
	tell(visit, &answer, format, arguments);
	va_end(arguments);
}

void server_tell_no(struct server_visit *visit, enum server_question question,
	enum severity severity, const char *format, ...)
{
	struct server_answer answer = {.question = (uint8_t)question,
		.state = AUDIT_NO,
		.severity = (uint8_t)severity};
	va_list arguments;
	va_start(arguments, format);
	tell(visit, &answer, format, arguments);
	va_end(arguments);
}

static bool is_time_over(const struct server_visit *visit)
{
	return clock_monotonic_us() >= visit->patience.end_us;
}

bool server_visit_is_over(const struct server_visit *visit)
{
	return visit->late >= LATE_MOST || is_time_over(visit);
}

static void rest(const struct server_visit *visit, uint64_t pause_us)
{
	const uint64_t now_us = clock_monotonic_us();
	const uint64_t left_us =
		visit->patience.end_us > now_us ? visit->patience.end_us - now_us : 0;
	(void)poll(
		NULL, 0, (int)((pause_us < left_us ? pause_us : left_us) / US_PER_MS));
}

/* The name to ask for (SNI): the first that is one. */
static const char *name_of(const struct server_target *target)
{
	for (size_t i = 0; i < target->group->name_count; i++) {
		if (target->group->names[i][0] != '*') {
			return target->group->names[i];
		}
	}
	return NULL;
}

static enum probe_result start_tls(struct server_visit *visit, enum tls_offer offer)
{
	return probe_link_start_tls(&visit->link, visit->asking->offers, offer,
		visit->host ? visit->host : name_of(visit->target));
}

static enum probe_result greet_and_list(
	struct server_visit *visit, enum server_stage stage)
{
	enum probe_result result =
		probe_greeting(visit->words, &visit->link, &visit->offer);
	if (result == PROBE_DONE && stage > SERVER_STAGE_GREETING) {
		result = probe_list(visit->words, &visit->link, &visit->offer);
	}
	return result;
}

/* Up to TLS where it comes first; else through the words before it. */
static enum probe_result go(
	struct server_visit *visit, enum server_stage stage, enum tls_offer offer)
{
	if (server_visit_is_implicit(visit)) {
		const enum probe_result result = start_tls(visit, offer);
		return result != PROBE_DONE || stage == SERVER_STAGE_TLS
			       ? result
			       : greet_and_list(visit, stage);
	}
	enum probe_result result = greet_and_list(visit, stage);
	if (result == PROBE_DONE && stage == SERVER_STAGE_TLS) {
		result = probe_starttls(visit->words, &visit->link);
		if (result == PROBE_DONE) {
			result = start_tls(visit, offer);
		} else if (result == PROBE_REFUSED) {
			result = PROBE_BUSY; /* it takes STARTTLS, but not now */
		}
	}
	return result;
}

static enum probe_result open_once(
	struct server_visit *visit, enum server_stage stage, enum tls_offer offer)
{
	const struct server_target *target = visit->target;
	enum probe_result result = probe_link_open(
		&visit->link, &target->address, target->port, &visit->patience);
	if (result == PROBE_DONE) {
		result = go(visit, stage, offer);
	}
	if (result != PROBE_DONE) {
		probe_link_close(&visit->link);
	}
	return result;
}

enum probe_result server_visit_open(
	struct server_visit *visit, enum server_stage stage, enum tls_offer offer)
{
	enum probe_result result = PROBE_LATE;
	uint64_t pause_us = visit->asking->patience.pause_us;
	uint64_t busy_us = visit->asking->patience.busy_us;
	(void)reason_set(&visit->link.why, "the time for all is over");
	for (unsigned i = 0; i < BUSY_TRIES && !is_time_over(visit); i++) {
		rest(visit, pause_us);
		result = open_once(visit, stage, offer);
		if (result != PROBE_BUSY) {
			break;
		}
		pause_us = busy_us;
		busy_us *= 2;
	}
	visit->late += result == PROBE_LATE;
	return result;
}

void server_visit_leave(struct server_visit *visit)
{
	if (server_visit_is_implicit(visit)) { /* nobody speaks before the server */
		(void)probe_greeting(visit->words, &visit->link, &visit->offer);
	}
	probe_leave(visit->words, &visit->link);
}

/* What the wire showed of STARTTLS says whose doing it is that it is not there. */
static void tell_no_starttls(struct server_visit *visit)
{
	const struct ledger_server *seen = visit->target->observed;
	const bool was_offered = seen && seen->offered > 0;
	const bool is_grave =
		visit->target->is_tls_asked || was_offered || visit->offer.is_masked;
	server_tell_no(visit, SERVER_STARTTLS, is_grave ? SEVERITY_HIGH : SEVERITY_LOW,
		"it is not offered%s%s",
		visit->offer.is_masked ? "; a word is overwritten: a middlebox" : "",
		was_offered ? "; the wire showed it offered: a middlebox between here "
			      "and the server, or a change"
			    : "");
}

static void tell_starttls(struct server_visit *visit)
{
	const struct ledger_server *seen = visit->target->observed;
	server_tell(visit, SERVER_STARTTLS, AUDIT_YES, "%s", "");
	if (seen && seen->offered > 0) {
		server_tell(visit, SERVER_STARTTLS_OBSERVED, AUDIT_YES, "in %u flows",
			seen->offered);
	} else if (seen && seen->not_offered > 0) {
		server_tell(visit, SERVER_STARTTLS_OBSERVED, AUDIT_NO,
			"the wire showed it missing in %u flows: a middlebox between "
			"the "
			"clients and the server, or a change",
			seen->not_offered);
	}
}

/* What is said before TLS. False: there is no way to TLS. */
static bool ask_in_clear(struct server_visit *visit)
{
	const struct probe_offer *offer = &visit->offer;
	const enum probe_result result =
		probe_list(visit->words, &visit->link, &visit->offer);
	if (result == PROBE_REFUSED) {
		server_tell(visit, SERVER_STARTTLS, AUDIT_NO,
			"the server gives no list of what it has: %.120s",
			visit->link.why.text);
		return false;
	}
	if (result != PROBE_DONE) {
		server_tell(visit, SERVER_STARTTLS, AUDIT_UNASKED, "%s",
			visit->link.why.text);
		visit->late += result == PROBE_LATE;
		return false;
	}
	visit->is_listed = true;
	if (offer->is_preauthenticated) {
		server_tell(visit, SERVER_SIGN_IN_CLEAR, AUDIT_NO,
			"it takes whoever connects for one who signed in (PREAUTH)");
	} else if (offer->sign_in[0] != '\0') {
		server_tell(visit, SERVER_SIGN_IN_CLEAR, AUDIT_NO, "it offers %s",
			offer->sign_in);
	} else {
		server_tell(visit, SERVER_SIGN_IN_CLEAR, AUDIT_YES, "%s", "");
	}
	if (!offer->has_starttls) {
		tell_no_starttls(visit);
		return false;
	}
	tell_starttls(visit);
	return true;
}

static void tell_suite(struct server_visit *visit)
{
	struct tls_shown shown;
	tls_wire_shown(visit->link.wire, &shown);
	const enum tls_grade grade =
		tls_grade(shown.version, shown.suite, shown.dh_bits);
	const char *suite = tls_cipher_name(shown.suite);
	const char *letter = grade == TLS_GRADE_UNKNOWN ? "?"
			     : grade == TLS_GRADE_A     ? "A"
			     : grade == TLS_GRADE_B     ? "B"
			     : grade == TLS_GRADE_C     ? "C"
							: "F";
	server_tell(
		visit, SERVER_TLS, AUDIT_YES, "%s", tls_version_name(shown.version));
	server_tell(visit, SERVER_SUITE,
		grade == TLS_GRADE_UNKNOWN ? AUDIT_UNASKED
		: grade == TLS_GRADE_A     ? AUDIT_YES
					   : AUDIT_NO,
		"%s, grade %s", suite ? suite : "a suite without a name here", letter);
}

static bool is_smtp(const struct server_visit *visit)
{
	return protocol_row(visit->target->protocol)->family == PROTOCOL_SMTP;
}

/* What SMTP lists inside TLS. was_in_clear: REQUIRETLS was listed before, too. */
static void ask_inside(struct server_visit *visit, bool was_in_clear)
{
	enum probe_result result = PROBE_DONE;
	if (server_visit_is_implicit(visit)) {
		result = probe_greeting(visit->words, &visit->link, &visit->offer);
	}
	if (result == PROBE_DONE) {
		result = probe_list(visit->words, &visit->link, &visit->offer);
	}
	if (result != PROBE_DONE) {
		server_tell(visit, SERVER_GREETING, AUDIT_UNASKED, "inside TLS: %.180s",
			visit->link.why.text);
		visit->late += result == PROBE_LATE;
		return;
	}
	visit->is_listed = true;
	if (server_visit_is_implicit(visit)) {
		server_tell(visit, SERVER_GREETING, AUDIT_YES, "%s", "");
	}
	if (!is_smtp(visit)) {
		return;
	}
	if (was_in_clear) {
		server_tell_no(visit, SERVER_REQUIRETLS, SEVERITY_LOW,
			"it is offered in clear: misconfigured, or not the server");
	} else {
		server_tell(visit, SERVER_REQUIRETLS,
			visit->offer.has_requiretls ? AUDIT_YES : AUDIT_NO, "%s", "");
	}
	server_tell(visit, SERVER_CHUNKING,
		visit->offer.has_chunking ? AUDIT_YES : AUDIT_NO, "%s", "");
}

static void tell_unreachable(struct server_visit *visit, enum probe_result result)
{
	const bool is_odd = result == PROBE_ODD;
	server_tell(visit, is_odd ? SERVER_GREETING : SERVER_CONNECTION,
		is_odd ? AUDIT_NO : AUDIT_UNASKED, "%s", visit->link.why.text);
}

/* TLS on the connection at hand, and what is behind it. */
static bool ask_tls(struct server_visit *visit, enum probe_result result)
{
	const bool was_in_clear =
		!server_visit_is_implicit(visit) && visit->offer.has_requiretls;
	if (result == PROBE_DONE && !server_visit_is_implicit(visit)) {
		result = probe_starttls(visit->words, &visit->link);
		result =
			result == PROBE_DONE ? start_tls(visit, TLS_OFFER_ANY) : result;
	}
	if (result == PROBE_DONE) {
		tell_suite(visit);
		ask_inside(visit, was_in_clear);
		return true;
	}
	server_tell(visit, SERVER_TLS,
		result == PROBE_REFUSED ? AUDIT_NO : AUDIT_UNASKED, "%s",
		visit->link.why.text);
	visit->late += result == PROBE_LATE;
	return false;
}

/* The first connection: all that can be seen on one. False: there is no TLS. */
static bool ask_first(struct server_visit *visit)
{
	const bool is_first_tls = server_visit_is_implicit(visit);
	const enum probe_result result = server_visit_open(visit,
		is_first_tls ? SERVER_STAGE_TLS : SERVER_STAGE_GREETING, TLS_OFFER_ANY);
	if (result != PROBE_DONE && !(is_first_tls && result == PROBE_REFUSED)) {
		tell_unreachable(visit, result);
		visit->late = LATE_MOST; /* nothing more can be asked */
		return false;
	}
	bool has_tls = is_first_tls;
	if (!is_first_tls) {
		server_tell(visit, SERVER_GREETING, AUDIT_YES, "%s", "");
		has_tls = ask_in_clear(visit);
	}
	has_tls = has_tls && ask_tls(visit, result);
	if (visit->link.file >= 0) {
		probe_leave(visit->words, &visit->link);
	}
	return has_tls;
}

/* STARTTLS and a word behind it in one segment. *what: it is not dropped, else NULL. */
static enum probe_result inject(struct server_visit *visit, const char **what)
{
	struct probe_link *link = &visit->link;
	bool is_answered = false;
	*what = NULL;
	enum probe_result result =
		server_visit_open(visit, SERVER_STAGE_LIST, TLS_OFFER_ANY);
	if (result != PROBE_DONE) {
		return result;
	}
	result = probe_starttls_and_more(visit->words, link);
	if (result == PROBE_DONE && probe_link_has_more(link)) {
		*what = "it says more in clear behind its go-ahead";
	} else if (result == PROBE_DONE) {
		result = start_tls(visit, TLS_OFFER_ANY);
		if (result ==
			PROBE_REFUSED) { /* as it would not be without that word */
			probe_link_close(link);
			return PROBE_DONE;
		}
	}
	if (result == PROBE_DONE && !*what) {
		result = probe_look_for_more(visit->words, link, &is_answered);
		*what = is_answered ? "a command in clear was answered inside TLS"
				    : NULL;
	}
	probe_link_close(link);
	return result;
}

static void ask_injection(struct server_visit *visit)
{
	const char *what = NULL;
	if (inject(visit, &what) == PROBE_DONE) {
		server_tell(visit, SERVER_STARTTLS_INJECTION,
			what ? AUDIT_NO : AUDIT_YES, "%s", what ? what : "");
	} else {
		server_tell(visit, SERVER_STARTTLS_INJECTION, AUDIT_UNASKED, "%s",
			visit->link.why.text);
	}
}

static void ask_bare_lf(struct server_visit *visit)
{
	bool is_taken = false;
	enum probe_result result =
		server_visit_open(visit, SERVER_STAGE_LIST, TLS_OFFER_ANY);
	if (result == PROBE_DONE) {
		result = probe_bare_lf(visit->words, &visit->link, &is_taken);
		probe_link_close(&visit->link);
	}
	if (result == PROBE_DONE) {
		server_tell(visit, SERVER_BARE_LF, is_taken ? AUDIT_NO : AUDIT_YES,
			"%s",
			is_taken ? "two commands were answered; whether mail ends so, "
				   "too, "
				   "cannot be asked without mail"
				 : "");
	} else {
		server_tell(visit, SERVER_BARE_LF, AUDIT_UNASKED, "%s",
			visit->link.why.text);
	}
}

static void ask_behind_tls(struct server_visit *visit)
{
	server_ask_versions(visit);
	server_ask_weak_suites(visit);
	if (!server_visit_is_implicit(visit) && !server_visit_is_over(visit)) {
		ask_injection(visit);
	}
}

void server_visit_run(struct server_visit *visit, const struct server_target *target)
{
	visit->target = target;
	visit->words = probe_words_of(target->protocol);
	visit->late = 0;
	visit->is_listed = false;
	visit->key = "";
	if (target->is_ambiguous) {
		server_tell(visit, SERVER_CONNECTION, AUDIT_UNASKED,
			"the matrix has several protocols at this port");
		return;
	}
	const bool has_tls = ask_first(visit);
	if (has_tls) {
		ask_behind_tls(visit);
	}
	if (visit->is_listed && probe_has_bare_lf(visit->words) &&
		!server_visit_is_over(visit)) {
		ask_bare_lf(visit);
	}
	if (has_tls) {
		server_ask_certificates(visit); /* last: of each kind its own answers */
		server_ask_hosts(visit);
	}
}
