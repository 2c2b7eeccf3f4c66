#include "base/document.h"
#include "dossier/making.h"

#include <string.h>

#define PORT_MAX 65535

/* Where they have no record of a mail flow. */
static const enum finding FINDINGS[] = {FINDING_PORT_FOREIGN, FINDING_SENDER_MX_LOOKUP};
#define FINDING_KINDS (sizeof(FINDINGS) / sizeof(FINDINGS[0]))

struct told {
	enum finding finding;
	struct observation observation;
	struct judgement judgement;
	uint64_t count;
};

/* Most lines are of something else: this look costs far less than parsing. */
static bool may_be_told(const char *line, size_t len)
{
	for (size_t i = 0; i < FINDING_KINDS; i++) {
		const char *id = finding_row(FINDINGS[i])->id;
		if (memmem(line, len, id, strlen(id))) {
			return true;
		}
	}
	return false;
}

/* Of a flow of mail its own record says so. */
static bool is_of_mail(const struct document *record)
{
	const char *name = document_text(record, "mail.protocol");
	return name && protocol_row(protocol_by_name(name))->is_mail;
}

static bool read_finding(const struct document *record, struct told *told)
{
	const char *type = document_text(record, "event_type");
	const char *id = document_text(record, "alert.metadata.finding");
	if (!type || !id || strcmp(type, "alert") != 0 || is_of_mail(record)) {
		return false;
	}
	for (size_t i = 0; i < FINDING_KINDS; i++) {
		if (strcmp(id, finding_row(FINDINGS[i])->id) == 0) {
			told->finding = FINDINGS[i];
			return true;
		}
	}
	return false;
}

static bool read_end(
	const struct document *record, const char *path, struct address *address)
{
	const char *text = document_text(record, path);
	return text && address_parse(text, address);
}

static uint16_t read_port(const struct document *record, const char *path)
{
	uint64_t port = 0;
	(void)document_number(record, path, &port);
	return port <= PORT_MAX ? (uint16_t)port : 0;
}

static bool read_told(const struct document *record, struct told *told)
{
	struct observation *observation = &told->observation;
	uint64_t severity = 0;
	if (!read_finding(record, told) ||
		!read_end(record, "src_ip", &observation->client) ||
		!read_end(record, "dest_ip", &observation->server) ||
		!document_number(record, "alert.severity", &severity) ||
		severity == 0 || severity > SEVERITY_LOW) {
		return false;
	}
	observation->client_port = read_port(record, "src_port");
	observation->server_port = read_port(record, "dest_port");
	observation->foreign_name = document_text(record, "app_proto");
	told->judgement.severity[told->finding] = (uint8_t)severity;
	told->judgement.findings = FINDING_BIT(told->finding);
	told->count = 1;
	(void)document_number(record, "alert.metadata.count", &told->count);
	return told->count > 0 && told->count <= UINT32_MAX;
}

static void add(
	struct dossier *dossier, const struct document *record, struct told *told)
{
	uint64_t flow_id = 0;
	const char *capture = document_text(record, "pcap_filename");
	(void)document_number(record, "flow_id", &flow_id);
	told->judgement.from =
		matrix_locate(dossier->matrix, &told->observation.client);
	told->judgement.to = matrix_locate(dossier->matrix, &told->observation.server);
	const struct record flow = {.time_us = document_time(record, "timestamp"),
		.flow_id = flow_id,
		.observation = &told->observation,
		.judgement = &told->judgement};
	const struct fold_count count = {.count = (uint32_t)told->count};
	const struct breach_given given = {.record = &flow,
		.finding = told->finding,
		.flows = told->count,
		.first_us = flow.time_us,
		.last_us = flow.time_us,
		.flow_id = flow_id,
		.event_id = document_text(record, "event_id"),
		.source = capture ? capture : document_text(record, "in_iface"),
		.community_id = document_text(record, "community_id")};
	conformity_alert(dossier->conformity, &flow, told->finding, &count);
	breaches_add(dossier, &given);
}

void dossier_told(struct dossier *dossier, const char *line, size_t len)
{
	struct document record;
	struct told told = {.count = 0};
	if (!may_be_told(line, len) || !document_parse(&record, line, len)) {
		return;
	}
	if (read_told(&record, &told) &&
		dossier_is_in_span(dossier, document_time(&record, "timestamp"))) {
		add(dossier, &record, &told);
	}
	document_free(&record);
}
