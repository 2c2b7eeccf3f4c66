#include "observed/sighting.h"

#include "analyze/rpc_pdus.h"
#include "analyze/tls.h"
#include "analyze/tls_hello.h"
#include "base/direction.h"
#include "base/hash.h"
#include "judge/evidence.h"

#include <stdio.h>
#include <string.h>

static const char *const SHOWN[SIGHTING_SHOWN_COUNT] = {"content-clear", "probe",
	"turned", "by-name", "established", "client-certificate",
	"no-client-certificate", "certificate-fits", "certificate-self-signed",
	"client-name-asked", "server-name-asked", "ambiguous", "bytes-missing",
	"other-talk"};

const char *sighting_shown_word(unsigned index)
{
	return index < SIGHTING_SHOWN_COUNT ? SHOWN[index] : NULL;
}

static unsigned flag_if(bool is_so, enum sighting_shown flag)
{
	return is_so ? (unsigned)flag : 0;
}

static unsigned shown_of_session(const struct facts *facts)
{
	const struct facts_tls_session *session = &facts->session;
	const struct facts_certificate *certificate = &session->server_certificate;
	return flag_if(session->is_established, SIGHTING_ESTABLISHED) |
	       flag_if(session->client_certificate == FACTS_YES,
		       SIGHTING_CLIENT_CERTIFICATE) |
	       flag_if(judge_is_client_certificate_absent(facts),
		       SIGHTING_NO_CLIENT_CERTIFICATE) |
	       flag_if(certificate->name_matches == FACTS_YES,
		       SIGHTING_CERTIFICATE_FITS) |
	       flag_if(certificate->is_self_signed, SIGHTING_CERTIFICATE_SELF_SIGNED);
}

unsigned sighting_shown_of(const struct observation *observation)
{
	const struct facts *facts = observation->facts;
	const bool is_ambiguous = observation->ambiguity != NULL;
	unsigned shown = flag_if(observation->is_mail_by_name, SIGHTING_BY_NAME) |
			 flag_if(is_ambiguous, SIGHTING_AMBIGUOUS) |
			 flag_if((observation->names[0].asked & 1) != 0,
				 SIGHTING_CLIENT_NAME_ASKED) |
			 flag_if((observation->names[1].asked & 1) != 0,
				 SIGHTING_SERVER_NAME_ASKED);
	if (facts) {
		shown |=
			flag_if(facts_is_content_clear(facts), SIGHTING_CONTENT_CLEAR) |
			flag_if(!is_ambiguous && judge_is_probe(facts),
				SIGHTING_PROBE) |
			flag_if(!is_ambiguous && judge_is_other_talk(facts),
				SIGHTING_OTHER_TALK) |
			flag_if(facts->is_turned, SIGHTING_TURNED) |
			flag_if(facts->is_clear_cut, SIGHTING_CLEAR_CUT) |
			shown_of_session(facts);
	}
	return shown;
}

static void copy_text(char *field, size_t size, const char *text)
{
	text_copy_letters(field, size, text_from(text ? text : ""));
}

/* Which of the names it is; otherwise: none. */
static unsigned word_of(const char *text, const char *(*name)(unsigned), unsigned count,
	unsigned otherwise)
{
	for (unsigned i = 0; text && i < count; i++) {
		const char *known = name(i);
		if (known && strcmp(known, text) == 0) {
			return i;
		}
	}
	return otherwise;
}

static const char *name_of_tls(unsigned value)
{
	return facts_tls_name((enum facts_tls)value);
}

static const char *name_of_answer(unsigned value)
{
	return facts_answer_name((enum facts_answer)value);
}

static const char *name_of_visibility(unsigned value)
{
	return facts_visibility_name((enum facts_visibility)value);
}

static const char *name_of_confidence(unsigned value)
{
	return direction_confidence_name((enum direction_confidence)value);
}

static const char *name_of_verdict(unsigned value)
{
	return verdict_name((enum verdict)value);
}

static const char *name_of_role(unsigned value)
{
	return matrix_role_name((enum matrix_role)value);
}

static const char *name_of_tunnel(unsigned value)
{
	return tunnel_kind_name((enum tunnel_kind)value);
}

static const char *name_of_finding(unsigned value)
{
	return finding_row((enum finding)value)->id;
}

static uint8_t word_at(const struct document *record, const char *path,
	const char *(*name)(unsigned), unsigned count)
{
	return (uint8_t)word_of(document_text(record, path), name, count, 0);
}

static uint64_t number_at(const struct document *record, const char *path)
{
	uint64_t number = 0;
	return document_number(record, path, &number) ? number : 0;
}

static uint32_t count_at(const struct document *record, const char *path)
{
	const uint64_t number = number_at(record, path);
	return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static uint16_t port_at(const struct document *record, const char *path)
{
	const uint64_t number = number_at(record, path);
	return number <= UINT16_MAX ? (uint16_t)number : 0;
}

static bool address_at(
	const struct document *record, const char *path, struct address *address)
{
	const char *text = document_text(record, path);
	return text && address_parse(text, address);
}

static unsigned mechanism_of(const char *text, size_t len)
{
	for (unsigned flag = 1; flag <= FACTS_MECHANISM_OTHER; flag <<= 1) {
		const char *name = facts_mechanism_name(flag);
		if (strlen(name) == len && memcmp(name, text, len) == 0) {
			return flag;
		}
	}
	return 0;
}

/* "PLAIN+LOGIN" */
static uint16_t mechanisms_at(const struct document *record, const char *path)
{
	const char *text = document_text(record, path);
	unsigned flags = 0;
	while (text && *text != '\0') {
		const size_t len = strcspn(text, "+");
		flags |= mechanism_of(text, len);
		text += len + (text[len] == '+' ? 1 : 0);
	}
	return (uint16_t)flags;
}

static uint16_t version_at(const struct document *record)
{
	static const uint16_t VERSIONS[] = {TLS_VERSION_SSL_2, TLS_VERSION_SSL_3,
		TLS_VERSION_1_0, TLS_VERSION_1_1, TLS_VERSION_1_2, TLS_VERSION_1_3};
	const char *text = document_text(record, "tls.version");
	for (size_t i = 0; text && i < sizeof(VERSIONS) / sizeof(VERSIONS[0]); i++) {
		if (strcmp(text, tls_version_name(VERSIONS[i])) == 0) {
			return VERSIONS[i];
		}
	}
	return 0;
}

static void read_flow(struct sighting *sighting, const struct document *record)
{
	sighting->time_us = document_time(record, "timestamp");
	sighting->start_us = document_time(record, "flow.start");
	sighting->end_us = document_time(record, "flow.end");
	sighting->packets[DIRECTION_TO_SERVER] =
		number_at(record, "flow.pkts_toserver");
	sighting->packets[DIRECTION_TO_CLIENT] =
		number_at(record, "flow.pkts_toclient");
	sighting->bytes[DIRECTION_TO_SERVER] = number_at(record, "flow.bytes_toserver");
	sighting->bytes[DIRECTION_TO_CLIENT] = number_at(record, "flow.bytes_toclient");
	sighting->messages = count_at(record, "mail.messages");
	sighting->recipients = count_at(record, "mail.rcpt_count");
	sighting->refusals = count_at(record, "mail.refusals");
	sighting->deferrals = count_at(record, "mail.deferrals");
	sighting->has_sender = document_text(record, "mail.mail_from_domain") != NULL;
	sighting->flow_id = number_at(record, "flow_id");
	copy_text(sighting->event_id, sizeof(sighting->event_id),
		document_text(record, "event_id"));
	copy_text(sighting->community_id, sizeof(sighting->community_id),
		document_text(record, "community_id"));
	copy_text(sighting->sensor, sizeof(sighting->sensor),
		document_text(record, "host"));
	const char *interface = document_text(record, "in_iface");
	copy_text(sighting->source, sizeof(sighting->source),
		interface ? interface : document_text(record, "pcap_filename"));
}

/* Of a tunnel that is forgotten the record has nothing but that there was one. */
static void read_way(struct sighting *sighting, const struct document *record)
{
	struct way *way = &sighting->way;
	struct tunnel *tunnel = &way->tunnel;
	sighting->vlan_count = (uint8_t)(document_count(record, "vlan") < 2
						 ? document_count(record, "vlan")
						 : 2);
	sighting->vlan[0] = port_at(record, "vlan.0");
	sighting->vlan[1] = port_at(record, "vlan.1");
	const char *kind = document_text(record, "tunnel.kind");
	const unsigned known =
		word_of(kind, name_of_tunnel, TUNNEL_KIND_COUNT, TUNNEL_KIND_COUNT);
	const uint64_t depth = number_at(record, "tunnel.depth");
	way->tag = document_has(record, "tunnel") ? 1 : 0;
	if (known < TUNNEL_KIND_COUNT &&
		address_at(record, "tunnel.src_ip", &tunnel->src) &&
		address_at(record, "tunnel.dest_ip", &tunnel->dst)) {
		tunnel->kind = (uint8_t)known;
		tunnel->id = count_at(record, "tunnel.id");
		way->depth = (uint8_t)(depth > 0 && depth < UINT8_MAX ? depth : 1);
		return;
	}
	*tunnel = (struct tunnel){.kind = 0};
}

static bool read_ends(struct sighting *sighting, const struct document *record)
{
	if (!address_at(record, "src_ip", &sighting->wire_client) ||
		!address_at(record, "dest_ip", &sighting->wire_server)) {
		return false;
	}
	sighting->wire_client_port = port_at(record, "src_port");
	sighting->wire_server_port = port_at(record, "dest_port");
	sighting->client = sighting->wire_client;
	sighting->server = sighting->wire_server;
	sighting->client_port = sighting->wire_client_port;
	sighting->server_port = sighting->wire_server_port;
	sighting->is_proxied = document_text(record, "mail.proxied_by") != NULL;
	if (!sighting->is_proxied) {
		return true;
	}
	sighting->client_port = port_at(record, "mail.judged_src_port");
	sighting->server_port = port_at(record, "mail.judged_dest_port");
	return address_at(record, "mail.judged_src_ip", &sighting->client) &&
	       address_at(record, "mail.judged_dest_ip", &sighting->server);
}

/* The set of words in a list. */
static uint64_t set_at(const struct document *record, const char *path,
	const char *(*name)(unsigned), unsigned count)
{
	uint64_t set = 0;
	for (size_t i = 0; i < document_count(record, path); i++) {
		const unsigned word =
			word_of(document_item(record, path, i), name, count, count);
		set |= word < count ? UINT64_C(1) << word : 0;
	}
	return set;
}

static uint64_t accepted_at(const struct document *record)
{
	uint64_t set = 0;
	char path[48];
	for (size_t i = 0; i < document_count(record, "mail.accepted"); i++) {
		(void)snprintf(path, sizeof(path), "mail.accepted.%zu.finding", i);
		const unsigned finding = word_of(document_text(record, path),
			name_of_finding, FINDING_FLOW_COUNT, FINDING_FLOW_COUNT);
		set |= finding < FINDING_FLOW_COUNT ? FINDING_BIT(finding) : 0;
	}
	return set;
}

static void read_end(struct sighting *sighting, const struct document *record,
	unsigned end, const char *const paths[3])
{
	const char *group = document_text(record, paths[0]);
	copy_text(sighting->groups[end], sizeof(sighting->groups[end]), group);
	sighting->role[end] =
		word_at(record, paths[1], name_of_role, MATRIX_ROLE_RESOLVER + 1);
	sighting->is_internet[end] = sighting->role[end] == MATRIX_ROLE_NONE && group &&
				     strcmp(group, "internet") == 0;
	copy_text(sighting->names[end], sizeof(sighting->names[end]),
		document_text(record, paths[2]));
}

static void read_judgement(struct sighting *sighting, const struct document *record)
{
	static const char *const FROM[] = {
		"mail.from_group", "mail.from_role", "mail.from_name"};
	static const char *const TO[] = {
		"mail.to_group", "mail.to_role", "mail.to_name"};
	read_end(sighting, record, 0, FROM);
	read_end(sighting, record, 1, TO);
	sighting->verdict = word_at(
		record, "mail.verdict", name_of_verdict, VERDICT_ILLEGITIMATE + 1);
	copy_text(sighting->row, sizeof(sighting->row),
		document_text(record, "mail.row"));
	copy_text(sighting->nearest_row, sizeof(sighting->nearest_row),
		document_text(record, "mail.nearest_row"));
	sighting->findings =
		set_at(record, "mail.findings", name_of_finding, FINDING_FLOW_COUNT);
	sighting->accepted = accepted_at(record);
}

static void read_dialogue(struct sighting *sighting, const struct document *record)
{
	bool is_accepted = false;
	sighting->confidence = word_at(record, "mail.direction_confidence",
		name_of_confidence, DIRECTION_CONFIDENCE_SYN + 1);
	sighting->tls =
		word_at(record, "mail.tls", name_of_tls, FACTS_TLS_IMPLICIT + 1);
	sighting->tls_version = version_at(record);
	sighting->starttls_offered =
		word_at(record, "mail.starttls_offered", name_of_answer, FACTS_YES + 1);
	if (document_flag(record, "mail.auth_accepted", &is_accepted)) {
		sighting->auth_accepted = is_accepted ? FACTS_YES : FACTS_NO;
	}
	sighting->certificate = word_at(
		record, "mail.certificate", name_of_visibility, FACTS_UNREADABLE + 1);
	sighting->certificate_end_s = document_date(record, "tls.notafter");
	const char *level = document_text(record, "mail.rpc_protection");
	sighting->rpc_protection =
		(uint8_t)word_of(level, facts_rpc_level_name, RPC_LEVEL_PRIVACY + 1, 0);
	(void)document_flag(record, "mail.midstream", &sighting->is_midstream);
	sighting->mechanisms = mechanisms_at(record, "mail.auth_mechanism");
	sighting->clear_mechanisms = mechanisms_at(record, "mail.auth_clear");
	sighting->shown = (uint16_t)set_at(
		record, "mail.shown", sighting_shown_word, SIGHTING_SHOWN_COUNT);
	copy_text(
		sighting->sni, sizeof(sighting->sni), document_text(record, "tls.sni"));
	copy_text(sighting->helo, sizeof(sighting->helo),
		document_text(record, "mail.helo"));
}

static void read_certificate_names(
	struct sighting *sighting, const struct document *record)
{
	char *names = sighting->certificate_names;
	const size_t size = sizeof(sighting->certificate_names);
	const size_t count = document_count(record, "tls.subjectaltname");
	size_t len = 0;
	for (size_t i = 0; i < count && len + 2 < size; i++) {
		const char *name = document_item(record, "tls.subjectaltname", i);
		names[len] = ',';
		const size_t at = len > 0 ? len + 1 : 0;
		copy_text(names + at, size - at, name);
		len = at + strlen(names + at);
	}
}

bool sighting_read(struct sighting *sighting, const struct document *record)
{
	const char *type = document_text(record, "event_type");
	*sighting = (struct sighting){.protocol = PROTOCOL_UNKNOWN};
	if (!type || strcmp(type, "mail") != 0 || !read_ends(sighting, record)) {
		return false;
	}
	const char *protocol = document_text(record, "mail.protocol");
	sighting->protocol =
		(uint8_t)(protocol ? protocol_by_name(protocol) : PROTOCOL_UNKNOWN);
	read_flow(sighting, record);
	read_way(sighting, record);
	read_judgement(sighting, record);
	read_dialogue(sighting, record);
	read_certificate_names(sighting, record);
	const bool is_turned = (sighting->shown & SIGHTING_TURNED) != 0;
	sighting->port = is_turned ? sighting->client_port : sighting->server_port;
	return true;
}

bool sighting_read_line(struct sighting *sighting, const char *line, size_t len)
{
	/*
	 * Lines of other event types cost far more to parse than this look; between name and
	 * value of the type a program that passed them on may have put blanks.
	 */
	static const char TYPE[] = "\"mail\"";
	struct document record;
	if (!memmem(line, len, TYPE, sizeof(TYPE) - 1) ||
		!document_parse(&record, line, len)) {
		return false;
	}
	const bool is_read = sighting_read(sighting, &record);
	document_free(&record);
	return is_read;
}

#define CLOCKS_US UINT64_C(10000000) /* as far apart as two sensors' may be */

uint64_t sighting_identity(const struct sighting *sighting)
{
	static const struct hash_seed OPEN; /* two sensors give the same */
	uint64_t words[sizeof(sighting->community_id) / 8 + 1];
	memcpy(words, sighting->community_id, sizeof(sighting->community_id));
	words[sizeof(sighting->community_id) / 8] = sighting->start_us / CLOCKS_US;
	const uint64_t identity =
		hash_words(&OPEN, words, sizeof(words) / sizeof(words[0]));
	return identity != 0 ? identity : 1;
}
