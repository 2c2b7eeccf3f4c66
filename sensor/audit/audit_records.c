#include "audit/audit_records.h"

#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static_assert(AUDITED_ANSWERS_MAX >= AUDIT_ANSWERS_MAX,
	"what a run was answered is known to the next one");

#define WHY_BYTES  400 /* of a record; a longer one is cut */
#define MORE_BYTES 64

/* By the first that the check begins with. */
static const struct {
	const char *begin;
	enum finding finding;
} FINDINGS[] = {
	{"spf.published", FINDING_AUDIT_SENDER_UNPUBLISHED},
	{"spf.declared", FINDING_AUDIT_SENDER_UNDECLARED},
	{"spf.", FINDING_AUDIT_SPF},
	{"dkim.", FINDING_AUDIT_DKIM},
	{"dmarc.", FINDING_AUDIT_DMARC},
	{"mx.declared", FINDING_AUDIT_MX_UNDECLARED},
	{"mx.published", FINDING_AUDIT_MX_UNPUBLISHED},
	{"mx.", FINDING_AUDIT_MX},
	{"dnssec.", FINDING_AUDIT_TLS_POLICY},
	{"dane.", FINDING_AUDIT_TLS_POLICY},
	{"mtasts.", FINDING_AUDIT_TLS_POLICY},
	{"tlsrpt.", FINDING_AUDIT_TLS_POLICY},
	{"server.dane", FINDING_AUDIT_TLS_POLICY},
	{"server.certificate-mtasts", FINDING_AUDIT_TLS_POLICY},
	{"server.certificate-observed", FINDING_AUDIT_CERTIFICATE_DIFFERS},
	{"server.certificate", FINDING_AUDIT_CERTIFICATE},
	{"server.starttls-injection", FINDING_AUDIT_STARTTLS_INJECTION},
	{"server.starttls", FINDING_AUDIT_STARTTLS},
	{"server.tls", FINDING_AUDIT_TLS},
	{"server.suite", FINDING_AUDIT_TLS},
	{"server.requiretls", FINDING_AUDIT_REQUIRETLS},
	{"server.sign-in-clear", FINDING_AUDIT_SIGN_IN_CLEAR},
	{"", FINDING_AUDIT_ANSWER},
};

enum finding audit_finding(const char *check)
{
	size_t i = 0;
	while (strncmp(check, FINDINGS[i].begin, strlen(FINDINGS[i].begin)) != 0) {
		i++; /* the last one fits any */
	}
	return FINDINGS[i].finding;
}

struct records {
	const struct audit_run *run;
	FILE *(*next)(void *context);
	void *context;
	struct json_event event;
	uint64_t alerts; /* told */
	uint64_t news;   /* to be told */
};

/* As a record has it; its texts are borrowed, .why of text. */
static struct json_audit_answer answer_of(
	const struct audit_answer *answer, char text[WHY_BYTES])
{
	(void)snprintf(text, WHY_BYTES, "%s", answer->why);
	text[utf8_whole(text, strlen(text))] = '\0';
	return (struct json_audit_answer){.check = answer->check->id,
		.question = answer->check->question,
		.state = answer->state,
		.severity = audit_is_fault(answer) ? answer->check->severity
						   : SEVERITY_NONE,
		.why = text};
}

/* One server may be several MX hosts; its answers to these say which. */
static bool names_host(const char *check)
{
	return strcmp(check, "server.dane") == 0 ||
	       strcmp(check, "server.certificate-mtasts") == 0;
}

/*
 * Days left are no news of a server, nor why nothing could be had; who else may send is, and which MX host is at
 * fault.
 */
static bool has_same_words(
	const struct json_audit_answer *answer, const char *why, bool is_server)
{
	return answer->state == AUDIT_UNASKED ||
	       (is_server && !names_host(answer->check)) ||
	       strcmp(answer->why, why) == 0;
}

static uint64_t count_told(const struct audit_run *run, const char *subject,
	bool is_server, const struct json_audit_answer *answer)
{
	uint64_t count = 0;
	const struct audited_subject *before = audited_find(run->before, subject);
	for (size_t i = 0; before && i < before->count; i++) { /* AUDITED_ANSWERS_MAX */
		const struct audited_answer *told = &before->answers[i];
		count += told->state == answer->state &&
			 told->severity == answer->severity &&
			 strcmp(told->check, answer->check) == 0 &&
			 has_same_words(answer, told->why, is_server);
	}
	return count;
}

/* Of this run, up to a place. */
static uint64_t count_same(const struct audit_run *run, size_t place,
	const struct json_audit_answer *answer)
{
	uint64_t count = 0;
	char text[WHY_BYTES];
	const bool is_server = place >= run->domain_count;
	const struct audit_answer *list = run->answers->list;
	for (size_t i = is_server ? run->domain_count : 0; i <= place; i++) {
		if (list[i].state != answer->state ||
			strcmp(list[i].check->id, answer->check) != 0 ||
			strcmp(list[i].subject, list[place].subject) != 0) {
			continue;
		}
		const struct json_audit_answer other = answer_of(&list[i], text);
		count += other.severity == answer->severity &&
			 has_same_words(answer, other.why, is_server);
	}
	return count;
}

static bool is_news(const struct audit_run *run, size_t place)
{
	char text[WHY_BYTES];
	const struct audit_answer *answer = &run->answers->list[place];
	const struct json_audit_answer told = answer_of(answer, text);
	return (answer->state == AUDIT_UNASKED || audit_is_fault(answer)) &&
	       count_same(run, place, &told) > count_told(run, answer->subject,
						       place >= run->domain_count,
						       &told);
}

/* The last one of a run says how many there would be. */
static void tell(struct records *records, const struct audit_answer *answer)
{
	char text[WHY_BYTES];
	char why[WHY_BYTES + MORE_BYTES];
	struct json_audit_answer told = answer_of(answer, text);
	if (records->alerts == AUDIT_ALERTS_MAX) {
		return;
	}
	if (++records->alerts == AUDIT_ALERTS_MAX && records->news > AUDIT_ALERTS_MAX) {
		(void)snprintf(why, sizeof(why), "%s; and %" PRIu64 " answers more",
			text, records->news - AUDIT_ALERTS_MAX);
		told.why = why;
	}
	json_audit_alert(records->next(records->context), &records->event,
		answer->subject, &told,
		answer->state == AUDIT_UNASKED ? FINDING_AUDIT_NOT_ASKED
					       : audit_finding(told.check));
	records->event.sequence++;
}

static void tell_news(struct records *records)
{
	const struct audit_answers *answers = records->run->answers;
	for (size_t i = 0; i < answers->count; i++) {
		records->news += is_news(records->run, i);
	}
	for (size_t i = 0; i < answers->count; i++) {
		if (is_news(records->run, i)) {
			tell(records, &answers->list[i]);
		}
	}
}

static bool is_of(
	const struct audit_answers *answers, size_t place, const char *subject)
{
	return strcmp(answers->list[place].subject, subject) == 0;
}

/* Answers of one subject stand together (audit_answers_gather). Returns the first place behind what was written. */
static size_t write_part(struct records *records, size_t first)
{
	char texts[JSON_AUDIT_ANSWERS][WHY_BYTES];
	const struct audit_run *run = records->run;
	const struct audit_answers *answers = run->answers;
	struct json_audit part = {.subject = answers->list[first].subject,
		.is_server = first >= run->domain_count};
	size_t place = first;
	part.is_whole = part.is_server ? run->has_all_servers : run->has_all_domains;
	while (place < answers->count && part.count < JSON_AUDIT_ANSWERS &&
		is_of(answers, place, part.subject)) {
		part.answers[part.count] =
			answer_of(&answers->list[place], texts[part.count]);
		part.count++;
		place++;
	}
	json_audit(records->next(records->context), &records->event, &part);
	records->event.sequence++;
	return place;
}

void audit_records(const struct audit_run *run, FILE *(*next)(void *context),
	void *context, const struct json_event *event)
{
	struct records records = {
		.run = run, .next = next, .context = context, .event = *event};
	tell_news(&records);
	for (size_t place = 0; place < run->answers->count;) {
		place = write_part(&records, place);
	}
}
