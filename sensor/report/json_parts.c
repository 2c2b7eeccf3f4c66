#include "report/json_parts.h"

#include "analyze/tls.h"
#include "base/direction.h"
#include "base/format.h"
#include "judge/recommendation.h"
#include "matrix/acceptance.h"
#include "matrix/sentence.h"
#include "observed/sighting.h"

#include <string.h>

#define US_PER_S        1000000
#define REFERENCE_BYTES 128

void json_write_event(struct json_writer *writer, const char *type, uint64_t time_us,
	const char *prefix, uint64_t sequence)
{
	json_object_open(writer, NULL);
	json_time(writer, "timestamp", time_us);
	json_text_number(writer, "event_id", prefix, sequence);
	json_text(writer, "event_type", type);
}

/* As its heading is called by what shows the page: without its dots. */
static void write_page(struct json_writer *writer, const char *finding)
{
	char page[REFERENCE_BYTES] = "docs/findings.md#";
	size_t len = strlen(page);
	for (; *finding != '\0' && len + 1 < sizeof(page); finding++) {
		if (*finding != '.') {
			page[len++] = *finding;
		}
	}
	page[len] = '\0';
	json_text(writer, NULL, page);
}

void json_write_references(struct json_writer *writer, const struct finding_row *row,
	const char *const recommendations[RECOMMENDATIONS_MAX])
{
	json_array_open(writer, "references");
	write_page(writer, row->id);
	for (unsigned i = 0; i < RECOMMENDATIONS_MAX && recommendations[i]; i++) {
		char text[REFERENCE_BYTES];
		format_write(text, sizeof(text), "%s%s: %s",
			recommendations[i][0] == 'R' ? "ANSSI " : "",
			recommendations[i], recommendation_text(recommendations[i]));
		json_text(writer, NULL, text);
	}
	json_array_close(writer);
}

static void write_tactics(
	struct json_writer *writer, const char *key, const struct tactic *const list[4])
{
	if (!list[0]) {
		return;
	}
	json_array_open(writer, key);
	for (unsigned i = 0; i < 4 && list[i]; i++) {
		const bool is_id = strcmp(key, "mitre_tactic_id") == 0;
		json_text(writer, NULL, is_id ? list[i]->id : list[i]->name);
	}
	json_array_close(writer);
}

/* Each once, though several techniques serve it. */
static void tactics_of(const struct finding_row *row, const struct tactic *list[4])
{
	unsigned count = 0;
	for (unsigned i = 0; i < 4 && row->techniques[i]; i++) {
		const struct tactic *tactic = tactic_of(row->techniques[i]);
		bool is_new = tactic != NULL;
		for (unsigned j = 0; j < count && is_new; j++) {
			is_new = strcmp(list[j]->id, tactic->id) != 0;
		}
		if (is_new) {
			list[count++] = tactic;
		}
	}
}

void json_write_grading(struct json_writer *writer, const struct finding_row *row,
	enum severity severity)
{
	const struct tactic *tactics[4] = {NULL};
	json_array_open(writer, "signature_severity");
	json_text(writer, NULL, severity_name(severity));
	json_array_close(writer);
	json_array_open(writer, "mitre_technique_id");
	for (unsigned i = 0; i < 4 && row->techniques[i]; i++) {
		json_text(writer, NULL, row->techniques[i]);
	}
	json_array_close(writer);
	tactics_of(row, tactics);
	write_tactics(writer, "mitre_tactic_id", tactics);
	write_tactics(writer, "mitre_tactic_name", tactics);
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static const char *role_or_null(const struct matrix_end *end)
{
	return end->group != NULL ? matrix_role_name(end->group->role) : NULL;
}

/* What DNS called an address without a group. */
static void write_name(
	struct json_writer *writer, const char *key, const struct host_names *names)
{
	if (names->count > 0) {
		json_text(writer, key, names->text[0]);
	}
}

static void write_verdict(struct json_writer *writer, const struct record *record)
{
	const struct judgement *judgement = record->judgement;
	json_text(writer, "verdict", verdict_name(judgement->verdict));
	json_text(writer, "row", judgement->row != NULL ? judgement->row->id : NULL);
	json_text(writer, "nearest_row",
		judgement->nearest != NULL ? judgement->nearest->id : NULL);
	json_text(writer, "reason", or_null(judgement->reason));
	json_text(writer, "from_group", record_end_name(&judgement->from));
	json_text(writer, "to_group", record_end_name(&judgement->to));
	json_text(writer, "from_role", role_or_null(&judgement->from));
	json_text(writer, "to_role", role_or_null(&judgement->to));
	write_name(writer, "from_name", &record->observation->names[0]);
	write_name(writer, "to_name", &record->observation->names[1]);
}

/* What became of STARTTLS: accepted is a go-ahead that nothing followed. */
static const char *starttls_name(const struct record *record, const struct facts *facts)
{
	const uint64_t stripped = FINDING_BIT(FINDING_TLS_STARTTLS_STRIPPED);
	const bool is_failed = (facts->starttls & FACTS_STARTTLS_FAILED) != 0;
	if (facts->tls == FACTS_TLS_STARTTLS) {
		return is_failed ? "failed" : "used";
	}
	if ((record->judgement->findings & stripped) != 0) {
		return "stripped";
	}
	if ((facts->starttls & FACTS_STARTTLS_REFUSED) != 0) {
		return "refused";
	}
	if (is_failed) {
		return "failed";
	}
	const bool is_asked = (facts->starttls & FACTS_STARTTLS_REQUESTED) != 0;
	const bool is_dropped = (facts->starttls & FACTS_STARTTLS_CLEAR_AFTER) != 0;
	if (is_dropped || (facts->starttls_offered == FACTS_YES && !is_asked)) {
		return "unused";
	}
	return (facts->starttls & FACTS_STARTTLS_ACCEPTED) != 0 ? "accepted" : "none";
}

/* NULL when there is none. */
static const char *mechanism_names(unsigned flags, char *text)
{
	return flags != 0 ? facts_mechanism_names(flags, text) : NULL;
}

static void write_accepted(struct json_writer *writer, enum facts_answer accepted)
{
	if (accepted == FACTS_UNKNOWN) {
		json_text(writer, "auth_accepted", NULL);
	} else {
		json_bool(writer, "auth_accepted", accepted == FACTS_YES);
	}
}

/*
 * The client's side was not captured. One that came and said nothing is none of these:
 * then its packets were seen, and no reply is there that answers it.
 */
static bool is_client_missing(const struct record *record, const struct facts *facts)
{
	const unsigned told = FACTS_STARTTLS_ACCEPTED | FACTS_STARTTLS_REFUSED;
	const bool is_answered = facts_is_content_clear(facts) || facts->gaps > 0 ||
				 facts->has_answer_unasked ||
				 (facts->starttls & told) != 0;
	/* before the end the client may yet speak */
	return record->observation->is_ended && facts->has_server_bytes &&
	       !facts->has_client_bytes &&
	       (record->packets[DIRECTION_TO_SERVER] == 0 || is_answered);
}

static void write_dialogue(struct json_writer *writer, const struct record *record,
	const struct facts *facts)
{
	char names[FACTS_MECHANISMS_BYTES];
	json_text(writer, "tls", facts_tls_name(facts->tls));
	json_text(
		writer, "starttls_offered", facts_answer_name(facts->starttls_offered));
	json_text(writer, "starttls", starttls_name(record, facts));
	json_text(writer, "auth_mechanism", mechanism_names(facts->auth_tried, names));
	json_text(writer, "auth_clear", mechanism_names(facts->auth_secret, names));
	write_accepted(writer, facts->auth_accepted);
	json_text(writer, "helo", or_null(facts->helo));
	json_text(writer, "mail_from_domain", or_null(facts->mail_from_domain));
	json_number(writer, "rcpt_count", facts->rcpt_count);
	json_number(writer, "messages", facts->messages);
	if (facts->refusals > 0) {
		json_number(writer, "refusals", facts->refusals);
	}
	if (facts->deferrals > 0) {
		json_number(writer, "deferrals", facts->deferrals);
	}
	json_bool(writer, "midstream", facts->is_midstream);
	if (is_client_missing(record, facts)) {
		json_text(writer, "client_bytes", "missing");
	}
	if (facts->rpc_protection != 0) {
		json_text(writer, "rpc_protection",
			facts_rpc_level_name(facts->rpc_protection));
	}
}

static void write_if_seen(struct json_writer *writer, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0') {
		json_text(writer, key, text);
	}
}

static bool has_tls(const struct facts *facts)
{
	return facts &&
	       (facts->session.has_client_hello || facts->session.has_server_hello);
}

/* What EVE has no key of TLS for. */
static void write_session(struct json_writer *writer, const struct facts *facts)
{
	const struct facts_tls_session *session = &facts->session;
	const struct facts_certificate *certificate = &session->server_certificate;
	if (!has_tls(facts)) {
		return;
	}
	if (session->has_server_hello) {
		write_if_seen(
			writer, "tls_cipher", tls_cipher_name(session->cipher_suite));
	}
	json_text(
		writer, "certificate", facts_visibility_name(certificate->visibility));
	if (certificate->visibility == FACTS_SEEN) {
		write_if_seen(writer, "certificate_sha256", certificate->fingerprint);
	}
}

static void write_acceptance(
	struct json_writer *writer, const struct record *record, enum finding finding)
{
	const struct judgement *judgement = record->judgement;
	const struct matrix_acceptance *by = judgement->accepted_by[finding];
	json_object_open(writer, NULL);
	json_text(writer, "finding", finding_row(finding)->id);
	json_text(writer, "recommendation",
		recommendation_breached(
			judgement, record->observation->protocol, finding));
	json_text(writer, "detail", or_null(judgement->detail[finding]));
	json_text(writer, "by", by->by);
	json_text(writer, "owner", by->owner);
	json_text(writer, "reason", by->reason);
	if (by->until_s != 0) {
		char day[SENTENCE_DAY_BYTES];
		json_text(writer, "until", sentence_last_day(by->until_s, day));
	}
	json_object_close(writer);
}

/* What would be told, and is not; most flows have none. */
static void write_accepted_findings(
	struct json_writer *writer, const struct record *record)
{
	uint64_t accepted = record->judgement->accepted;
	if (accepted == 0) {
		return;
	}
	json_array_open(writer, "accepted");
	for (; accepted != 0; accepted &= accepted - 1) { /* FINDING_FLOW_COUNT */
		write_acceptance(
			writer, record, (enum finding)__builtin_ctzll(accepted));
	}
	json_array_close(writer);
}

/* Who really talks to whom through a proxy: these ends were judged. */
static void write_proxy(struct json_writer *writer, const struct record *record)
{
	const struct observation *judged = record->observation;
	char text[ADDRESS_TEXT_BYTES];
	json_text(writer, "proxied_by", record->proxied_by);
	json_text(writer, "judged_src_ip", address_text(&judged->client, text));
	json_number(writer, "judged_src_port", judged->client_port);
	json_text(writer, "judged_dest_ip", address_text(&judged->server, text));
	json_number(writer, "judged_dest_port", judged->server_port);
}

/* Of a summary: what it takes to judge the flow again, and what was found. */
static void write_sighting(struct json_writer *writer, const struct record *record)
{
	uint64_t findings = record->judgement->findings & ~record->judgement->accepted;
	unsigned shown = sighting_shown_of(record->observation);
	if (findings != 0) {
		json_array_open(writer, "findings");
		for (; findings != 0;
			findings &= findings - 1) { /* FINDING_FLOW_COUNT */
			const unsigned finding = (unsigned)__builtin_ctzll(findings);
			json_text(writer, NULL, finding_row((enum finding)finding)->id);
		}
		json_array_close(writer);
	}
	if (shown != 0) {
		json_array_open(writer, "shown");
		for (; shown != 0; shown &= shown - 1) { /* SIGHTING_SHOWN_COUNT */
			json_text(writer, NULL,
				sighting_shown_word((unsigned)__builtin_ctz(shown)));
		}
		json_array_close(writer);
	}
}

void json_write_mail(
	struct json_writer *writer, const struct record *record, bool is_summary)
{
	static const struct facts NO_FACTS;
	const struct facts *facts = record->observation->facts;
	json_object_open(writer, "mail");
	json_text(writer, "protocol", record_protocol_name(record));
	json_text(writer, "evidence", record->evidence);
	json_text(writer, "direction_confidence",
		direction_confidence_name(record->observation->confidence));
	write_verdict(writer, record);
	facts = facts ? facts : &NO_FACTS;
	write_dialogue(writer, record, facts);
	write_session(writer, facts);
	write_accepted_findings(writer, record);
	if (is_summary) {
		write_sighting(writer, record);
	}
	if (record->second_opinion != NULL) {
		json_text(writer, "second_opinion", record->second_opinion);
	}
	if (record->proxied_by != NULL) {
		write_proxy(writer, record);
	}
	json_object_close(writer);
}

static void write_hash(struct json_writer *writer, const char *key, const char *hash)
{
	if (hash[0] != '\0') {
		json_object_open(writer, key);
		json_text(writer, "hash", hash);
		json_object_close(writer);
	}
}

/* Those that there was room for. */
static void write_alternative_names(struct json_writer *writer, const char *names)
{
	char name[FACTS_NAME_BYTES];
	if (names[0] == '\0') {
		return;
	}
	json_array_open(writer, "subjectaltname");
	while (*names != '\0') {
		const size_t len = strcspn(names, ", ");
		const size_t kept = len < sizeof(name) ? len : sizeof(name) - 1;
		memcpy(name, names, kept);
		name[kept] = '\0';
		json_text(writer, NULL, name);
		names += len;
		names += strspn(names, ", ");
	}
	json_array_close(writer);
}

static void write_certificate(
	struct json_writer *writer, const struct facts_certificate *certificate)
{
	if (certificate->visibility != FACTS_SEEN) {
		return;
	}
	json_text(writer, "subject", certificate->subject);
	write_alternative_names(writer, certificate->names);
	json_text(writer, "issuerdn", certificate->issuer);
	json_date(writer, "notbefore", certificate->not_before_s);
	json_date(writer, "notafter", certificate->not_after_s);
	write_if_seen(writer, "fingerprint", certificate->sha1);
}

void json_write_tls(struct json_writer *writer, const struct record *record)
{
	const struct facts *facts = record->observation->facts;
	if (!has_tls(facts)) {
		return;
	}
	const struct facts_tls_session *session = &facts->session;
	json_object_open(writer, "tls");
	write_if_seen(writer, "version", tls_version_name(session->version));
	write_if_seen(writer, "sni", session->sni);
	write_certificate(writer, &session->server_certificate);
	write_hash(writer, "ja3", session->ja3);
	write_hash(writer, "ja3s", session->ja3s);
	write_if_seen(writer, "ja4", session->ja4);
	json_object_close(writer);
}

void json_write_flow(struct json_writer *writer, const struct record *record)
{
	const uint64_t age_us = record->end_us > record->start_us
					? record->end_us - record->start_us
					: 0;
	json_object_open(writer, "flow");
	json_number(writer, "pkts_toserver", record->packets[DIRECTION_TO_SERVER]);
	json_number(writer, "pkts_toclient", record->packets[DIRECTION_TO_CLIENT]);
	json_number(writer, "bytes_toserver", record->bytes[DIRECTION_TO_SERVER]);
	json_number(writer, "bytes_toclient", record->bytes[DIRECTION_TO_CLIENT]);
	json_time(writer, "start", record->start_us);
	json_time(writer, "end", record->end_us);
	json_number(writer, "age", age_us / US_PER_S);
	json_text(writer, "state", record->state);
	json_object_close(writer);
}
