#include "dossier/dossier.h"

#include "dossier/making.h"
#include "judge/ends.h"

#include <stdlib.h>
#include <string.h>

/*
 * What depends on the matrix: of a record only judging it anew says so. All other findings
 * stand in the record alone, because other flows, certificates or text taught them.
 */
#define OF_MATRIX                                                     \
	(FINDING_BIT(FINDING_SENDER_ILLEGITIMATE) |                   \
		FINDING_BIT(FINDING_SENDER_ATTEMPT) |                 \
		FINDING_BIT(FINDING_FLOW_ILLEGITIMATE) |              \
		FINDING_BIT(FINDING_FLOW_ROLE_MISMATCH) |             \
		FINDING_BIT(FINDING_PORT_UNUSUAL) |                   \
		FINDING_BIT(FINDING_SMTPS_IMPLICIT) |                 \
		FINDING_BIT(FINDING_TLS_MISSING) |                    \
		FINDING_BIT(FINDING_TLS_VERSION_OBSOLETE) |           \
		FINDING_BIT(FINDING_TLS_CLIENT_CERTIFICATE_MISSING) | \
		FINDING_BIT(FINDING_ZONE_MAILBOX_MISPLACED) |         \
		FINDING_BIT(FINDING_ZONE_USER_ACCESS_EXPOSED) |       \
		FINDING_BIT(FINDING_TUNNEL_MAIL))

/* One notch milder where a row lets servers talk in clear. */
#define GRADED                                                       \
	(FINDING_BIT(FINDING_TLS_CIPHER_WEAK) |                      \
		FINDING_BIT(FINDING_TLS_CERTIFICATE_EXPIRED) |       \
		FINDING_BIT(FINDING_TLS_CERTIFICATE_EXPIRING) |      \
		FINDING_BIT(FINDING_TLS_CERTIFICATE_SELF_SIGNED) |   \
		FINDING_BIT(FINDING_TLS_CERTIFICATE_NAME_MISMATCH) | \
		FINDING_BIT(FINDING_TLS_CERTIFICATE_WEAK_KEY) |      \
		FINDING_BIT(FINDING_TLS_CERTIFICATE_CHANGING))

#define KEY_BYTES         64
#define CERTIFICATES_MOST 65536 /* servers and ports whose certificate's end is kept */

bool dossier_start(
	struct dossier *dossier, const struct matrix *matrix, struct reason *why)
{
	*dossier = (struct dossier){.matrix = matrix};
	dossier->making = calloc(1, sizeof(*dossier->making));
	dossier->conformity = conformity_new(matrix, why);
	if (!dossier->making || !dossier->conformity) {
		dossier_free(dossier);
		return reason_set(why, "no memory for the report");
	}
	return true;
}

void dossier_free(struct dossier *dossier)
{
	struct dossier_making *making = dossier->making;
	if (making) {
		name_table_free(&making->breaches);
		name_table_free(&making->places);
		name_table_free(&making->certificates);
		name_table_free(&making->reported);
		name_table_free(&making->processes);
		list_free(making->counted);
		list_free(making->certificate_ends);
		arena_free(&making->arena);
		free(making);
	}
	audited_free(&dossier->audited);
	conformity_free(dossier->conformity);
	grid_free(dossier->grid);
	list_free(dossier->breaches);
	list_free(dossier->accepted);
	list_free(dossier->offenders);
	list_free(dossier->servers);
	list_free(dossier->rows);
	list_free(dossier->days);
	list_free(dossier->reported.senders);
	list_free(dossier->reported.policies);
	list_free(dossier->gone);
	*dossier = (struct dossier){.matrix = NULL};
}

void dossier_source(struct dossier *dossier, const char *source)
{
	struct dossier_sight *sight = &dossier->sight;
	if (source[0] == '\0') {
		return;
	}
	for (size_t i = 0; i < sight->source_count; i++) { /* DOSSIER_SOURCES */
		if (strncmp(sight->sources[i], source, DOSSIER_SOURCE_BYTES - 1) == 0) {
			return;
		}
	}
	if (sight->source_count == DOSSIER_SOURCES) {
		sight->is_more_sources = true;
		return;
	}
	(void)snprintf(sight->sources[sight->source_count++], DOSSIER_SOURCE_BYTES,
		"%s", source);
}

static const char *certificate_key(
	const struct address *server, uint16_t port, char text[KEY_BYTES])
{
	char address[ADDRESS_TEXT_BYTES];
	(void)snprintf(text, KEY_BYTES, "%s %u", address_text(server, address), port);
	return text;
}

int64_t dossier_certificate(
	const struct dossier *dossier, const struct address *server, uint16_t port)
{
	char text[KEY_BYTES];
	const uint32_t place = name_table_find(
		&dossier->making->certificates, certificate_key(server, port, text));
	return place == NAME_NONE ? 0 : dossier->making->certificate_ends[place];
}

static void keep_certificate(struct dossier *dossier, const struct address *server,
	uint16_t port, int64_t end_s)
{
	char text[KEY_BYTES];
	struct dossier_making *making = dossier->making;
	(void)certificate_key(server, port, text);
	const uint32_t known = name_table_find(&making->certificates, text);
	if (known != NAME_NONE) {
		making->certificate_ends[known] = end_s;
	} else if (making->certificate_count < CERTIFICATES_MOST) {
		(void)name_table_add(&making->certificates,
			arena_text(&making->arena, text, strlen(text)),
			(uint32_t)making->certificate_count);
		making->certificate_ends = list_room(making->certificate_ends,
			making->certificate_count, sizeof(int64_t));
		making->certificate_ends[making->certificate_count++] = end_s;
	}
}

static void keep_certificate_of_record(
	struct dossier *dossier, const struct record *record)
{
	const struct observation *observation = record->observation;
	const struct facts *facts = observation->facts;
	if (facts && facts->session.server_certificate.visibility == FACTS_SEEN) {
		keep_certificate(dossier, &observation->server,
			observation->server_port,
			facts->session.server_certificate.not_after_s);
	}
}

void dossier_certificate_of(struct dossier *dossier, const struct sighting *sighting)
{
	if (sighting->certificate_end_s != 0 &&
		dossier_is_in_span(dossier, sighting->time_us)) {
		keep_certificate(dossier, &sighting->server, sighting->server_port,
			sighting->certificate_end_s);
	}
}

static void count_accepted(
	struct dossier *dossier, const struct judgement *judgement, uint64_t flows)
{
	uint64_t accepted = judgement->accepted;
	for (; accepted != 0; accepted &= accepted - 1) { /* FINDING_FLOW_COUNT */
		const enum finding finding = (enum finding)__builtin_ctzll(accepted);
		if (judgement->accepted_by[finding]) {
			breaches_accept(dossier, judgement->accepted_by[finding],
				finding, flows);
		}
	}
}

void dossier_mail(struct dossier *dossier, const struct record *record)
{
	if (!dossier_is_in_span(dossier, record->time_us)) {
		return;
	}
	conformity_mail(dossier->conformity, record);
	count_accepted(dossier, record->judgement, 1);
	days_add(dossier, record->start_us, DAY_FLOWS, 1);
	keep_certificate_of_record(dossier, record);
	dossier_source(dossier, record->pcap_filename ? record->pcap_filename : "");
}

void dossier_alert(struct dossier *dossier, const struct record *record,
	enum finding finding, const struct fold_count *count)
{
	char community_id[32] = "";
	if (!dossier_is_in_span(dossier, record->time_us)) {
		return;
	}
	conformity_alert(dossier->conformity, record, finding, count);
	record_community_id(record, community_id);
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		const uint32_t flows =
			i == (unsigned)finding ? count->count : count->of[i];
		/* an update has the newest flow, and what came since the last one */
		const struct breach_given given = {.record = record,
			.finding = (enum finding)i,
			.flows = flows,
			.first_us = record->time_us,
			.last_us = record->time_us,
			.start_us = record->start_us,
			.flow_id = record->flow_id,
			.source = record->pcap_filename,
			.community_id = community_id};
		if (flows > 0) {
			breaches_add(dossier, &given);
		}
	}
}

/* Of what the record alone knows: as the judge would have graded it. */
static uint8_t severity_of(
	const struct judgement *judgement, enum protocol protocol, enum finding finding)
{
	const uint8_t severity = (uint8_t)finding_row(finding)->severity;
	const struct matrix_row *row = judgement->row;
	const bool is_lenient = !row || row->tls == MATRIX_TLS_OFFERED ||
				row->tls == MATRIX_TLS_OPTIONAL;
	const bool is_graded =
		(GRADED & FINDING_BIT(finding)) != 0 && is_lenient &&
		judge_is_server_traffic(&judgement->from, &judgement->to, protocol);
	return is_graded && severity < SEVERITY_LOW ? severity + 1 : severity;
}

/* Of what does not depend on the matrix the record knows more than judging it anew. */
static void take_told(
	const struct sighting *sighting, bool is_claim, struct judgement *judgement)
{
	/* of what was accepted, what is found anew: as the matrix accepts it now */
	const uint64_t in_record =
		sighting->findings | (sighting->accepted & judgement->findings);
	uint64_t told = is_claim ? 0 : in_record & ~OF_MATRIX;
	judgement->findings = (judgement->findings & OF_MATRIX) | told;
	judgement->accepted &= judgement->findings;
	for (; told != 0; told &= told - 1) { /* 64 */
		const unsigned finding = (unsigned)__builtin_ctzll(told);
		if (finding < FINDING_FLOW_COUNT) {
			judgement->severity[finding] = severity_of(judgement,
				(enum protocol)sighting->protocol,
				(enum finding)finding);
		} else {
			judgement->findings &= ~FINDING_BIT(finding);
		}
	}
}

/* What judging does not ask, and conformity does. */
static void fill_seen(const struct sighting *sighting, struct facts *facts)
{
	facts->is_midstream = sighting->is_midstream;
	facts->session.has_server_hello = sighting->tls_version != 0;
	facts->auth_secret = sighting->clear_mechanisms;
	facts->is_clear_cut = (sighting->shown & SIGHTING_CLEAR_CUT) != 0;
	facts->rcpt_count = sighting->recipients;
	facts->messages = sighting->messages;
	facts->refusals = sighting->refusals;
	facts->deferrals = sighting->deferrals;
	facts->mail_from_domain[0] = sighting->has_sender ? '?' : '\0';
	facts->has_requiretls_clear =
		(sighting->findings & FINDING_BIT(FINDING_REQUIRETLS_CLEAR)) != 0;
}

static void add_findings(struct dossier *dossier, const struct record *record,
	const struct recorded *recorded)
{
	const struct sighting *sighting = recorded->sighting;
	uint64_t left = record->judgement->findings & ~record->judgement->accepted;
	for (; left != 0; left &= left - 1) { /* FINDING_FLOW_COUNT */
		const struct breach_given given = {.record = record,
			.finding = (enum finding)__builtin_ctzll(left),
			.flows = recorded->flows,
			.first_us = sighting->start_us > 0 ? sighting->start_us
							   : sighting->time_us,
			.last_us = sighting->time_us,
			.flow_id = sighting->flow_id,
			.event_id = sighting->event_id,
			.source = sighting->source,
			.community_id = sighting->community_id};
		struct fold_count count = {
			.count = recorded->flows > UINT32_MAX
					 ? UINT32_MAX
					 : (uint32_t)recorded->flows};
		conformity_alert(dossier->conformity, record, given.finding, &count);
		breaches_add(dossier, &given);
	}
}

/* What is inside a tunnel that nobody declared accuses who sent that (engine/alerts). */
static void blame_outer(const struct matrix *matrix, struct observation *observation,
	struct judgement *judgement)
{
	const struct way way = observation->way;
	judge_outer(&way, observation);
	judgement->from = matrix_locate(matrix, &observation->client);
	judgement->to = matrix_locate(matrix, &observation->server);
	judgement->row = judgement->nearest = NULL;
}

void dossier_recorded(struct dossier *dossier, const struct recorded *recorded)
{
	const struct sighting *sighting = recorded->sighting;
	struct rejudge_flow flow;
	struct judgement judgement;
	rejudge_fill(dossier->matrix, sighting, 0, &flow);
	const struct way *way = &flow.observation.way;
	const bool is_claim = way_is_foreign(way->tag);
	judge_flow_briefly(dossier->matrix, &flow.observation, &judgement);
	take_told(sighting, is_claim, &judgement);
	fill_seen(sighting, &flow.facts);
	const struct record record = {.time_us = sighting->time_us,
		.flow_id = sighting->flow_id,
		.observation = &flow.observation,
		.judgement = &judgement,
		.packets = {sighting->bytes[0] > 0 || sighting->packets[0] > 0,
			sighting->bytes[1] > 0 || sighting->packets[1] > 0},
		.start_us = sighting->start_us,
		.end_us = sighting->end_us};
	conformity_mails(dossier->conformity, &record, recorded->flows);
	count_accepted(dossier, &judgement, recorded->flows);
	if (!dossier->sight.is_of_sums) {
		days_add(dossier, record.start_us, DAY_FLOWS, recorded->flows);
	}
	if (is_claim && way->depth > 0) {
		blame_outer(dossier->matrix, &flow.observation, &judgement);
	}
	add_findings(dossier, &record, recorded);
	dossier_source(
		dossier, sighting->source[0] ? sighting->source : sighting->sensor);
}

void dossier_sighting(struct dossier *dossier, const struct sighting *sighting)
{
	const struct recorded recorded = {.sighting = sighting, .flows = 1};
	if (dossier_is_in_span(dossier, sighting->time_us)) {
		dossier_certificate_of(dossier, sighting);
		dossier_recorded(dossier, &recorded);
	}
}

void dossier_audit(struct dossier *dossier, const char *line, size_t len)
{
	audited_line(&dossier->audited, line, len);
}

bool dossier_finish(
	struct dossier *dossier, const struct observed *observed, bool is_of_sums)
{
	dossier->sight.is_of_sums = is_of_sums;
	if (!dossier_view(dossier, observed)) {
		return false;
	}
	dossier_sum_stats(dossier);
	audited_finish(&dossier->audited);
	breaches_sort(dossier);
	days_sort(dossier);
	reported_finish(dossier);
	dossier->sight.reach = conformity_reach(dossier->conformity);
	dossier->sight.blindness = *conformity_blindness(dossier->conformity);
	return true;
}
