#include "report/json.h"

#include "judge/recommendation.h"
#include "report/json_parts.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define COUNTER_DEPTH 4

/* As EVE has them. */
static const char *transport_name(uint8_t transport)
{
	switch (transport) {
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_GRE:
		return "GRE";
	case IPPROTO_IPIP:
		return "IP-ENCAP";
	case IPPROTO_IPV6:
		return "IPv6";
	case IPPROTO_MPLS:
		return "MPLS-IN-IP";
	case 97: /* RFC 3378 */
		return "ETHERIP";
	default:
		return "TCP";
	}
}

/* The tunnel that it came in by; of one that is forgotten only that there was one. */
static void write_tunnel(struct json_writer *writer, const struct way *way)
{
	char text[ADDRESS_TEXT_BYTES];
	const struct tunnel *tunnel = &way->tunnel;
	json_object_open(writer, "tunnel");
	if (way->depth > 0) {
		json_text(writer, "kind",
			tunnel_kind_name((enum tunnel_kind)tunnel->kind));
		json_number(writer, "id", tunnel->id);
		json_text(writer, "src_ip", address_text(&tunnel->src, text));
		json_text(writer, "dest_ip", address_text(&tunnel->dst, text));
		json_number(writer, "depth", way->depth);
	} else {
		json_text(writer, "kind", NULL);
	}
	json_object_close(writer);
}

static void write_mac(struct json_writer *writer, const char *key,
	const uint8_t mac[RECORD_ETHER_BYTES])
{
	static const char DIGITS[] = "0123456789abcdef";
	char text[3 * RECORD_ETHER_BYTES];
	for (size_t i = 0; i < RECORD_ETHER_BYTES;
		i++) { /* a printf costs a record dear */
		text[3 * i] = DIGITS[mac[i] >> 4];
		text[3 * i + 1] = DIGITS[mac[i] & 0xf];
		text[3 * i + 2] = ':';
	}
	text[sizeof(text) - 1] = '\0';
	json_text(writer, key, text);
}

/* From one end to the other, by their frames: theirs that sent, then as it was answered. */
static void write_macs(struct json_writer *writer, const char *key,
	const uint8_t *there, const uint8_t *back)
{
	json_array_open(writer, key);
	if (there) {
		write_mac(writer, NULL, there);
	}
	if (back && (!there || memcmp(there, back, RECORD_ETHER_BYTES) != 0)) {
		write_mac(writer, NULL, back);
	}
	json_array_close(writer);
}

/* As EVE has them: of an alert those of a frame, of a flow all. */
static void write_ether(
	struct json_writer *writer, const struct record *record, bool is_alert)
{
	const struct record_ether *there = &record->ether[DIRECTION_TO_SERVER];
	const struct record_ether *back = &record->ether[DIRECTION_TO_CLIENT];
	if (!there->is_known && !back->is_known) {
		return;
	}
	json_object_open(writer, "ether");
	if (is_alert) {
		write_mac(writer, "src_mac", there->is_known ? there->src : back->dst);
		write_mac(writer, "dest_mac", there->is_known ? there->dst : back->src);
	} else {
		write_macs(writer, "src_macs", there->is_known ? there->src : NULL,
			back->is_known ? back->dst : NULL);
		write_macs(writer, "dest_macs", there->is_known ? there->dst : NULL,
			back->is_known ? back->src : NULL);
	}
	json_object_close(writer);
}

/* Tags and tunnels around the packets: nothing on the wire itself. */
static void write_way(struct json_writer *writer, const struct record *record)
{
	if (record->vlan_count > 0) {
		json_array_open(writer, "vlan");
		for (unsigned i = 0; i < record->vlan_count && i < 2; i++) {
			json_number(writer, NULL, record->vlan[i]);
		}
		json_array_close(writer);
	}
	if (record->observation->way.tag != 0) {
		write_tunnel(writer, &record->observation->way);
	}
}

/*
 * EVE's words for what nobody could name, and for a flow that said nothing; what nDPI calls
 * it, and an attempt, are below mail.
 */
static const char *application_name(const struct record *record)
{
	const enum protocol protocol = record->observation->protocol;
	if (protocol != PROTOCOL_ATTEMPT && protocol != PROTOCOL_OTHER &&
		protocol != PROTOCOL_UNKNOWN) {
		return protocol_name(protocol);
	}
	return record->bytes[0] + record->bytes[1] > 0 ? "failed" : "unknown";
}

/* The keys that mail and alert events have in common. */
static void write_common(
	struct json_writer *writer, const char *type, const struct record *record)
{
	const struct observation *observation = record_wire(record);
	char text[ADDRESS_TEXT_BYTES];
	json_write_event(
		writer, type, record->time_us, record->event_prefix, record->sequence);
	json_text(writer, "host", record->host);
	json_number(writer, "flow_id", record->flow_id);
	if (record->in_iface != NULL) {
		json_text(writer, "in_iface", record->in_iface);
	}
	if (record->pcap_filename != NULL) {
		json_text(writer, "pcap_filename", record->pcap_filename);
	}
	const bool has_ports = record_has_ports(observation);
	json_text(writer, "src_ip", address_text(&observation->client, text));
	if (has_ports) {
		json_number(writer, "src_port", observation->client_port);
	}
	json_text(writer, "dest_ip", address_text(&observation->server, text));
	if (has_ports) {
		json_number(writer, "dest_port", observation->server_port);
	}
	json_text(writer, "proto", transport_name(observation->transport));
	json_text(writer, "app_proto", application_name(record));
	record_community_id(record, text);
	json_text(writer, "community_id", text);
	write_ether(writer, record, strcmp(type, "alert") == 0);
	write_way(writer, record);
}

/* As EVE has it; an update of a folded finding no longer knows the name. */
static void write_dns(struct json_writer *writer, const struct observation *observation)
{
	if (observation->lookup == NULL) {
		return;
	}
	json_object_open(writer, "dns");
	json_number(writer, "version", 2);
	json_text(writer, "type", "query");
	if (observation->lookup_name) {
		json_text(writer, "rrname", observation->lookup_name);
	}
	json_text(writer, "rrtype", observation->lookup);
	json_object_close(writer);
}

static void write_details(
	struct json_writer *writer, const struct record *record, bool is_summary)
{
	json_write_mail(writer, record, is_summary);
	write_dns(writer, record->observation);
	json_write_tls(writer, record);
	json_write_flow(writer, record);
	json_object_close(writer);
	json_line_end(writer);
}

void json_mail(FILE *out, const struct record *record)
{
	struct json_writer writer;
	json_begin(&writer, out);
	write_common(&writer, "mail", record);
	write_details(&writer, record, true);
}

bool json_mail_sighting(const struct record *record, struct sighting *sighting)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);
	if (!out) {
		return false;
	}
	json_mail(out, record);
	const bool is_read =
		fclose(out) == 0 && sighting_read_line(sighting, line, len);
	free(line);
	return is_read;
}

static void write_list(
	struct json_writer *writer, const char *key, const char *const list[4])
{
	json_array_open(writer, key);
	for (unsigned i = 0; i < 4 && list[i] != NULL; i++) {
		json_text(writer, NULL, list[i]);
	}
	json_array_close(writer);
}

static const char *detail_of(const struct record *record, enum finding finding)
{
	const char *detail = record->judgement->detail[finding];
	return detail[0] != '\0' ? detail : NULL;
}

static void write_recommendations(
	struct json_writer *writer, const struct record *record, enum finding finding)
{
	const char *list[RECOMMENDATIONS_MAX];
	recommendations_of(
		record->judgement, record->observation->protocol, finding, list);
	write_list(writer, "recommendation", list);
}

/* What else has the same cause. */
static void write_also(struct json_writer *writer, const struct record *record,
	enum finding finding, const struct fold_count *count)
{
	if (!fold_count_has_also(count, finding)) {
		return;
	}
	json_array_open(writer, "also");
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (i != finding && count->of[i] > 0) {
			json_object_open(writer, NULL);
			json_text(writer, "finding", finding_row((enum finding)i)->id);
			json_text(writer, "detail", detail_of(record, (enum finding)i));
			write_recommendations(writer, record, (enum finding)i);
			json_number(writer, "count", count->of[i]);
			json_object_close(writer);
		}
	}
	json_array_close(writer);
}

/* The prefix or the group, once it is more than one host. */
static void write_hosts(struct json_writer *writer, const struct record *record,
	const struct fold_count *count)
{
	char text[ADDRESS_TEXT_BYTES + 4];
	if (count->hosts < 2) {
		return;
	}
	json_number(writer, "hosts", count->hosts);
	json_text(writer, "prefix", record_prefix(record, text));
	json_array_open(writer, "examples");
	for (unsigned i = 0; i < count->example_count; i++) {
		json_text(writer, NULL, address_text(&count->examples[i], text));
	}
	json_array_close(writer);
}

static void write_alert(struct json_writer *writer, const struct record *record,
	enum finding finding, const struct fold_count *count)
{
	const struct finding_row *row = finding_row(finding);
	const struct judgement *judgement = record->judgement;
	json_object_open(writer, "alert");
	json_number(writer, "signature_id", row->signature_id);
	json_number(writer, "rev", row->revision);
	json_number(writer, "gid", CATALOGUE_GENERATOR_ID);
	json_text(writer, "signature", row->signature);
	json_text(writer, "category", finding_category(finding));
	json_number(writer, "severity", judgement->severity[finding]);
	json_text(writer, "action", record->is_blocked ? "blocked" : "allowed");
	const char *list[RECOMMENDATIONS_MAX];
	recommendations_of(judgement, record->observation->protocol, finding, list);
	json_write_references(writer, row, list);
	json_object_open(writer, "metadata");
	json_text(writer, "finding", row->id);
	if (record->is_audited) {
		json_bool(writer, "would_block", true);
	}
	write_list(writer, "recommendation", list);
	json_write_grading(writer, row, (enum severity)judgement->severity[finding]);
	json_text(writer, "detail", detail_of(record, finding));
	write_also(writer, record, finding, count);
	write_hosts(writer, record, count);
	if (record->is_repeat) {
		json_bool(writer, "update", true);
	}
	json_number(writer, "count", count->count);
	json_time(writer, "first", count->first_us);
	json_time(writer, "last", count->last_us);
	json_object_close(writer);
	json_object_close(writer);
}

void json_alert(FILE *out, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	struct json_writer writer;
	json_begin(&writer, out);
	write_common(&writer, "alert", record);
	write_alert(&writer, record, finding, count);
	write_details(&writer, record, false);
}

/* Parts of a dotted name: "tcp.overlaps" is overlaps in tcp. */
struct counter_path {
	const char *parts[COUNTER_DEPTH];
	size_t lens[COUNTER_DEPTH];
	size_t count;
};

static struct counter_path path_of(const char *name)
{
	struct counter_path path = {.count = 0};
	while (path.count < COUNTER_DEPTH - 1) {
		const char *dot = strchr(name, '.');
		if (dot == NULL) {
			break;
		}
		path.parts[path.count] = name;
		path.lens[path.count++] = (size_t)(dot - name);
		name = dot + 1;
	}
	path.parts[path.count] = name;
	path.lens[path.count++] = strlen(name);
	return path;
}

/* Objects that both names lie in. */
static size_t shared_depth(const struct counter_path *a, const struct counter_path *b)
{
	size_t depth = 0;
	while (depth + 1 < a->count && depth + 1 < b->count &&
		a->lens[depth] == b->lens[depth] &&
		memcmp(a->parts[depth], b->parts[depth], a->lens[depth]) == 0) {
		depth++;
	}
	return depth;
}

/* Open the objects of path below depth, then write its value. */
static void write_counter(struct json_writer *writer, const struct counter_path *path,
	size_t depth, uint64_t value)
{
	char part[64] = "";
	for (; depth < path->count; depth++) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)path->lens[depth],
			path->parts[depth]);
		if (depth + 1 < path->count) {
			json_object_open(writer, part);
		}
	}
	json_number(writer, part, value);
}

static void close_objects(struct json_writer *writer, size_t count)
{
	for (; count > 0; count--) {
		json_object_close(writer);
	}
}

/* What most networks have none of. */
static bool is_seldom(const char *name)
{
	static const char *const NAMES[] = {"blind.", "dns.", "tcp.set_aside",
		"tcp.not_taken", "tcp.ambiguous", "alerts.accepted"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		if (strncmp(name, NAMES[i], strlen(NAMES[i])) == 0) {
			return true;
		}
	}
	return false;
}

static void write_counters(struct json_writer *writer, const struct json_stats *stats)
{
	struct counter_path open = {.count = 1};
	for (size_t i = 0; i < stats->counter_count; i++) {
		const struct counter *counter = &stats->counters[i];
		if (counter->value == 0 && is_seldom(counter->name)) {
			continue;
		}
		const struct counter_path path = path_of(stats->counters[i].name);
		const size_t shared = shared_depth(&open, &path);
		close_objects(writer, open.count - 1 - shared);
		write_counter(writer, &path, shared, stats->counters[i].value);
		open = path;
	}
	close_objects(writer, open.count - 1);
}

void json_stats(FILE *out, const struct json_stats *stats)
{
	struct json_writer writer;
	json_begin(&writer, out);
	json_write_event(
		&writer, "stats", stats->time_us, stats->event_prefix, stats->sequence);
	json_text(&writer, "host", stats->host);
	json_object_open(&writer, "stats");
	write_counters(&writer, stats);
	json_object_close(&writer);
	if (stats->process) {
		json_object_open(&writer, "sensor");
		json_text(&writer, "process", stats->process);
		json_object_close(&writer);
	}
	json_object_close(&writer);
	json_line_end(&writer);
}
