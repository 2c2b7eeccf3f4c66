#include "report/conformity.h"

#include "judge/ends.h"
#include "judge/recommendation.h"

#include <stdlib.h>
#include <string.h>

struct conformity {
	const struct matrix_row *rows; /* of the matrix */
	size_t row_count;
	uint32_t *row_breaches; /* by subject, then row */
	struct conformity_line lines[CONFORMITY_SUBJECTS];
	bool is_sent_to_internet;
	bool is_taken_from_internet;
	struct blindness blindness;
	struct conformity_reach reach;
	struct conformity_policy policy;
	uint64_t from_internet; /* mail flows that came from there */
	uint64_t weight;        /* flows that the record at hand stands for */
};

static const struct subject {
	const char *name;
	const char *missing;
} SUBJECTS[CONFORMITY_SUBJECTS] = {
	[CONFORMITY_R34] = {"R34",
		"no flow of a mailbox server was seen in both directions"},
	[CONFORMITY_R35] = {"R35",
		"no mail to or from an internal relay was seen in both directions"},
	[CONFORMITY_R36] = {"R36",
		"mail sent to the Internet and mail taken from it were not both seen"},
	[CONFORMITY_R37] = {"R37", "no mail flow was seen in both directions"},
	[CONFORMITY_R41] = {"R41",
		"no flow of users was seen far enough to tell its TLS"},
	[CONFORMITY_R42] = {"R42",
		"no flow between servers was seen far enough to tell its TLS"},
	[CONFORMITY_R42_PLUS] = {"R42+",
		"no MAIL command crossed in clear, and TLS hides it"},
	[CONFORMITY_EXPOSURE] = {"exposure",
		"no users reading mail were seen, or nothing from the Internet"},
};

const char *conformity_name(enum conformity_subject subject)
{
	return SUBJECTS[subject].name;
}

struct conformity *conformity_new(const struct matrix *matrix, struct reason *why)
{
	struct conformity *conformity = calloc(1, sizeof(*conformity));
	if (conformity != NULL) {
		conformity->rows = matrix_rows(matrix, &conformity->row_count);
		conformity->row_breaches = calloc(conformity->row_count + 1,
			sizeof(uint32_t[CONFORMITY_SUBJECTS]));
	}
	if (conformity == NULL || conformity->row_breaches == NULL) {
		conformity_free(conformity);
		(void)reason_set(why, "no memory for the recommendations");
		return NULL;
	}
	return conformity;
}

void conformity_free(struct conformity *conformity)
{
	if (conformity != NULL) {
		free(conformity->row_breaches);
		free(conformity);
	}
}

static enum conformity_subject subject_named(const char *recommendation)
{
	for (int i = 0; recommendation != NULL && i < CONFORMITY_EXPOSURE; i++) {
		if (strcmp(recommendation, SUBJECTS[i].name) == 0) {
			return (enum conformity_subject)i;
		}
	}
	return CONFORMITY_SUBJECTS;
}

static enum conformity_subject subject_of(
	const struct record *record, enum finding finding)
{
	return finding == FINDING_ZONE_USER_ACCESS_EXPOSED
		       ? CONFORMITY_EXPOSURE
		       : subject_named(recommendation_breached(record->judgement,
				 record->observation->protocol, finding));
}

static void keep_example(struct conformity_example *example,
	const struct record *record, enum finding finding)
{
	const struct observation *observation = record->observation;
	const struct judgement *judgement = record->judgement;
	*example = (struct conformity_example){
		.finding = finding,
		.severity = (enum severity)judgement->severity[finding],
		.time_us = record->time_us,
		.client = observation->client,
		.server = observation->server,
		.client_port = observation->client_port,
		.server_port = observation->server_port,
		.from = record_end_name(&judgement->from),
		.to = record_end_name(&judgement->to),
	};
	(void)snprintf(example->protocol, sizeof(example->protocol), "%s",
		record_protocol_name(record));
}

static void count_row(struct conformity *conformity, enum conformity_subject subject,
	const struct judgement *judgement, uint32_t count)
{
	const struct matrix_row *row =
		judgement->row != NULL ? judgement->row : judgement->nearest;
	struct conformity_line *line = &conformity->lines[subject];
	if (row == NULL || conformity->row_count == 0) {
		return;
	}
	while (row->is_continued) { /* all pairs of ends are one row */
		row--;
	}
	uint32_t *breaches =
		&conformity->row_breaches[(size_t)subject * conformity->row_count +
					  (size_t)(row - conformity->rows)];
	*breaches = count < UINT32_MAX - *breaches ? *breaches + count : UINT32_MAX;
	if (*breaches > line->worst_breaches) {
		line->worst_breaches = *breaches;
		line->worst = row;
	}
}

/* Access that a row opens to the Internet is declared, hence low, and open. */
bool conformity_is_notice(enum conformity_subject subject, uint8_t severity)
{
	return severity == SEVERITY_LOW && subject != CONFORMITY_EXPOSURE;
}

static void count_alert(struct conformity *conformity, enum conformity_subject subject,
	const struct record *record, enum finding finding, uint32_t count)
{
	const uint8_t severity = record->judgement->severity[finding];
	struct conformity_line *line = &conformity->lines[subject];
	if (!protocol_row(record->observation->protocol)->is_mail) {
		line->observed += count; /* these flows have no mail record */
	}
	if (conformity_is_notice(subject, severity)) {
		line->notices += count;
		return;
	}
	line->breaches += count;
	count_row(conformity, subject, record->judgement, count);
	if (line->example.severity == SEVERITY_NONE ||
		severity < line->example.severity) {
		keep_example(&line->example, record, finding);
	}
}

uint32_t conformity_subjects_of(const struct record *record, enum finding finding)
{
	const struct judgement *judgement = record->judgement;
	const enum conformity_subject subject = subject_of(record, finding);
	uint32_t subjects = subject == CONFORMITY_SUBJECTS ? 0 : 1U << subject;
	/* no row has it (R37), and the gateway's servers do each other's work */
	if (finding == FINDING_FLOW_ROLE_MISMATCH &&
		judge_is_gateway_misused(&judgement->from, &judgement->to,
			record->observation->protocol)) {
		subjects |= 1U << CONFORMITY_R36;
	}
	return subjects;
}

static void count_finding(struct conformity *conformity, const struct record *record,
	enum finding finding, uint32_t count)
{
	uint32_t subjects = conformity_subjects_of(record, finding);
	for (; subjects != 0; subjects &= subjects - 1) { /* CONFORMITY_SUBJECTS */
		count_alert(conformity,
			(enum conformity_subject)__builtin_ctz(subjects), record,
			finding, count);
	}
}

void conformity_alert(struct conformity *conformity, const struct record *record,
	enum finding finding, const struct fold_count *count)
{
	count_finding(conformity, record, finding, count->count);
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (i != (unsigned)finding && count->of[i] > 0) {
			count_finding(
				conformity, record, (enum finding)i, count->of[i]);
		}
	}
}

/* What is accepted raised no alert: the records have it, each flow's once. */
static void count_accepted(struct conformity *conformity, const struct record *record)
{
	const struct judgement *judgement = record->judgement;
	uint64_t accepted = judgement->accepted;
	for (; accepted != 0; accepted &= accepted - 1) { /* FINDING_FLOW_COUNT */
		const enum finding finding = (enum finding)__builtin_ctzll(accepted);
		const enum conformity_subject subject = subject_of(record, finding);
		if (subject == CONFORMITY_SUBJECTS ||
			conformity_is_notice(subject, judgement->severity[finding])) {
			continue;
		}
		struct conformity_line *line = &conformity->lines[subject];
		line->accepted += conformity->weight;
		line->accepted_by = line->accepted_by ? line->accepted_by
						      : judgement->accepted_by[finding];
	}
}

/* The ends did what TLS is for, or said how they would go about it. */
static bool is_tls_told(const struct facts *facts)
{
	return facts->tls == FACTS_TLS_STARTTLS || facts->tls == FACTS_TLS_IMPLICIT ||
	       facts->starttls_offered != FACTS_UNKNOWN || facts->has_content_clear ||
	       facts->auth_secret != 0;
}

static void observe(
	struct conformity *conformity, enum conformity_subject subject, enum seen seen)
{
	struct conformity_line *line = &conformity->lines[subject];
	if (seen == SEEN_ENOUGH) {
		line->observed += conformity->weight;
	} else {
		line->unseen[seen] += conformity->weight;
	}
}

/* Of several flows the facts have the sums. */
static void note_policy(struct conformity *conformity, const struct facts *facts)
{
	conformity->policy.messages += facts->messages;
	conformity->policy.refusals += facts->refusals;
	conformity->policy.deferrals += facts->deferrals;
}

static void observe_sending(
	struct conformity *conformity, const struct record *record, enum seen seen)
{
	const struct judgement *judgement = record->judgement;
	const enum matrix_role from = judge_role(&judgement->from);
	const enum matrix_role to = judge_role(&judgement->to);
	if (from == MATRIX_ROLE_RELAY || to == MATRIX_ROLE_RELAY) {
		observe(conformity, CONFORMITY_R35, seen);
	}
	if (judge_is_server(&judgement->from) && judge_is_internet(&judgement->to)) {
		conformity->is_sent_to_internet |= seen == SEEN_ENOUGH;
		observe(conformity, CONFORMITY_R36, seen);
	} else if (judge_is_server(&judgement->to) &&
		   judge_is_internet(&judgement->from)) {
		conformity->is_taken_from_internet |= seen == SEEN_ENOUGH;
		observe(conformity, CONFORMITY_R36, seen);
		if (seen != SEEN_ONE_WAY) { /* what a reply refuses is not known then */
			note_policy(conformity, record->observation->facts);
		}
	}
}

/* Who speaks with whom: R34 to R37, and users' access. */
static void observe_ends(struct conformity *conformity, const struct record *record)
{
	const struct judgement *judgement = record->judgement;
	const enum seen seen = seen_ends(record);
	const enum matrix_role to = judge_role(&judgement->to);
	if (judge_role(&judgement->from) == MATRIX_ROLE_MAILBOX ||
		to == MATRIX_ROLE_MAILBOX) {
		observe(conformity, CONFORMITY_R34, seen);
	}
	if (protocol_row(record->observation->protocol)->is_sending) {
		observe_sending(conformity, record, seen);
	} else if (to == MATRIX_ROLE_MAILBOX || to == MATRIX_ROLE_PROXY) {
		observe(conformity, CONFORMITY_EXPOSURE, seen);
	}
	if (seen == SEEN_ENOUGH && judge_is_internet(&judgement->from)) {
		conformity->from_internet += conformity->weight;
	}
}

/* R41 and R42: what nobody could look at may have told as much as what was. */
static void observe_tls(struct conformity *conformity, enum conformity_subject subject,
	const struct record *record)
{
	struct conformity_line *line = &conformity->lines[subject];
	const struct facts *facts = record->observation->facts;
	const enum seen seen = seen_tls(record);
	if (seen == SEEN_ENOUGH && !is_tls_told(facts)) {
		return; /* it was over before that came up */
	}
	observe(conformity, subject, seen);
	if (seen == SEEN_ENOUGH && facts->session.has_server_hello) {
		const bool is_shown =
			facts->session.server_certificate.visibility == FACTS_SEEN;
		line->in_tls += conformity->weight;
		line->certificates += is_shown ? conformity->weight : 0;
	}
}

/* R42+: inside TLS it is hidden, and there it is no breach. */
static void observe_requiretls(
	struct conformity *conformity, const struct record *record)
{
	const struct facts *facts = record->observation->facts;
	const bool has_mail = facts->rcpt_count > 0 ||
			      facts->mail_from_domain[0] != '\0' ||
			      facts->has_requiretls_clear;
	if (has_mail) {
		observe(conformity, CONFORMITY_R42_PLUS, seen_text(record));
	}
}

/* An attempt has nothing but its ends: it counts where both of them were heard. */
static bool is_answered(const struct record *record)
{
	return record->packets[0] > 0 && record->packets[1] > 0;
}

static void note_reach(struct conformity *conformity, const struct record *record)
{
	struct conformity_reach *reach = &conformity->reach;
	reach->flows += conformity->weight;
	reach->both_way += seen_ends(record) != SEEN_ONE_WAY ? conformity->weight : 0;
	if (reach->first_us == 0 || record->start_us < reach->first_us) {
		reach->first_us = record->start_us;
	}
	if (record->end_us > reach->last_us) {
		reach->last_us = record->end_us;
	}
}

void conformity_mail(struct conformity *conformity, const struct record *record)
{
	conformity_mails(conformity, record, 1);
}

void conformity_mails(
	struct conformity *conformity, const struct record *record, uint64_t flows)
{
	const struct facts *facts = record->observation->facts;
	const enum protocol protocol = record->observation->protocol;
	conformity->weight = flows;
	if (protocol == PROTOCOL_ATTEMPT || facts == NULL) {
		if (is_answered(record)) {
			observe(conformity, CONFORMITY_R37, SEEN_ENOUGH);
		}
		return;
	}
	note_reach(conformity, record);
	count_accepted(conformity, record);
	observe(conformity, CONFORMITY_R37, seen_ends(record));
	if (way_is_foreign(record->observation->way.tag)) {
		return; /* a claim inside a tunnel excuses nobody */
	}
	observe_ends(conformity, record);
	observe_tls(conformity,
		subject_named(recommendation_of_tls(record->judgement, protocol)),
		record);
	observe_requiretls(conformity, record);
}

struct conformity_policy conformity_policy(const struct conformity *conformity)
{
	return conformity->policy;
}

struct conformity_reach conformity_reach(const struct conformity *conformity)
{
	return conformity->reach;
}

void conformity_blind(struct conformity *conformity, const struct blindness *blindness)
{
	conformity->blindness = *blindness;
}

const struct blindness *conformity_blindness(const struct conformity *conformity)
{
	return &conformity->blindness;
}

void conformity_given_up(struct conformity *conformity, uint64_t flows)
{
	conformity->reach.given_up = flows;
}

bool conformity_is_blind(const struct conformity *conformity)
{
	return blindness_is_told(&conformity->blindness, BLINDNESS_SHARE_STANDARD,
		BLINDNESS_LEAST_OF_WHOLE);
}

uint64_t conformity_unseen(const struct conformity_line *line)
{
	uint64_t sum = 0;
	for (int i = 0; i < SEEN_COUNT; i++) {
		sum += line->unseen[i];
	}
	return sum;
}

static bool is_too_little(uint64_t observed, uint64_t unseen)
{
	return unseen * 100 >= (observed + unseen) * CONFORMITY_UNSEEN_SHARE;
}

/* Traffic that can show it went by. */
static bool is_met(const struct conformity *conformity, enum conformity_subject subject)
{
	if (subject == CONFORMITY_R36 && !(conformity->is_sent_to_internet &&
						 conformity->is_taken_from_internet)) {
		return false;
	}
	return conformity->lines[subject].observed > 0 &&
	       (subject != CONFORMITY_EXPOSURE || conformity->from_internet > 0);
}

bool conformity_is_observable(
	const struct conformity *conformity, enum conformity_subject subject)
{
	const struct conformity_line *line = &conformity->lines[subject];
	const uint64_t unseen = conformity_unseen(line) + conformity->reach.given_up;
	return is_met(conformity, subject) && !conformity_is_blind(conformity) &&
	       !is_too_little(line->observed, unseen);
}

enum conformity_lack conformity_lack(
	const struct conformity *conformity, enum conformity_subject subject)
{
	if (!is_met(conformity, subject)) {
		return CONFORMITY_LACK_TRAFFIC;
	}
	if (conformity_is_blind(conformity)) {
		return CONFORMITY_LACK_SIGHT;
	}
	const struct conformity_line *line = &conformity->lines[subject];
	return is_too_little(line->observed, conformity_unseen(line))
		       ? CONFORMITY_LACK_DEPTH
		       : CONFORMITY_LACK_ROOM;
}

const char *conformity_missing(
	const struct conformity *conformity, enum conformity_subject subject)
{
	static const char *const WORDS[CONFORMITY_LACKS] = {
		[CONFORMITY_LACK_SIGHT] =
			"too much of the traffic could not be looked into",
		[CONFORMITY_LACK_DEPTH] =
			"fewer than nine in ten of its flows were seen far enough",
		[CONFORMITY_LACK_ROOM] =
			"too many flows were given up for want of room",
	};
	const enum conformity_lack lack = conformity_lack(conformity, subject);
	return lack == CONFORMITY_LACK_TRAFFIC ? SUBJECTS[subject].missing
					       : WORDS[lack];
}

enum conformity_verdict conformity_verdict(
	const struct conformity *conformity, enum conformity_subject subject)
{
	if (conformity->lines[subject].breaches > 0) {
		return CONFORMITY_BREACHED;
	}
	if (conformity->lines[subject].accepted > 0) {
		return CONFORMITY_ACCEPTED;
	}
	return conformity_is_observable(conformity, subject)
		       ? CONFORMITY_CONFORM
		       : CONFORMITY_NOT_OBSERVABLE;
}

struct conformity_line conformity_line(
	const struct conformity *conformity, enum conformity_subject subject)
{
	return conformity->lines[subject];
}
