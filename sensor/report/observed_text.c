#include "report/observed_text.h"

#include "base/columns.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US_PER_S   UINT64_C(1000000)
#define LINE_BYTES 2048
#define INDENT     4

static const char *const VERSIONS[] = {
	"SSL", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};
#define VERSION_COUNT (sizeof(VERSIONS) / sizeof(VERSIONS[0]))

/* A line that grows, cut where it ends. */
struct line {
	char text[LINE_BYTES];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
say(struct line *line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	const int len = vsnprintf(line->text + line->len,
		sizeof(line->text) - line->len, format, arguments);
	va_end(arguments);
	const size_t left = sizeof(line->text) - 1 - line->len;
	line->len += len < 0 ? 0 : (size_t)len < left ? (size_t)len : left;
}

const char *observed_day(uint64_t time_us, char text[OBSERVED_DAY_BYTES])
{
	const time_t time_s = (time_t)(time_us / US_PER_S);
	struct tm parts;
	if (!gmtime_r(&time_s, &parts) ||
		strftime(text, OBSERVED_DAY_BYTES, "%Y-%m-%d", &parts) == 0) {
		memcpy(text, "?", sizeof("?"));
	}
	return text;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void say_end(struct line *line, const struct address *address)
{
	char text[ADDRESS_TEXT_BYTES];
	say(line, "%s", address_text(address, text));
}

/* Hosts of the Internet, where they are several. */
static void say_peers(struct line *line, uint32_t count,
	const struct peers_largest largest[PEERS_LARGEST])
{
	if (count > 1) {
		say(line, "internet (about %" PRIu32 " hosts)", count);
	} else {
		say_end(line, &largest[0].address);
		say(line, " (internet)");
	}
}

static void say_way(struct line *line, const struct way *way)
{
	char src[ADDRESS_TEXT_BYTES];
	char dst[ADDRESS_TEXT_BYTES];
	if (way->depth > 0) {
		say(line, ", in %s %s to %s",
			tunnel_kind_name((enum tunnel_kind)way->tunnel.kind),
			address_text(&way->tunnel.src, src),
			address_text(&way->tunnel.dst, dst));
	} else if (way->tag != 0) {
		say(line, ", in a tunnel");
	}
}

static void say_pair(struct line *line, const struct observed *observed,
	const struct observed_entry *entry)
{
	struct peers_largest largest[PEERS_LARGEST];
	const struct observed_key *key = &entry->key;
	const uint32_t peers = observed_peers(observed, entry, largest);
	const bool is_client = observed_is_folded(&key->client);
	if (peers > 0 && is_client) {
		say_peers(line, peers, largest);
	} else {
		say_end(line, &key->client);
	}
	say(line, " -> ");
	if (peers > 0 && !is_client) {
		say_peers(line, peers, largest);
	} else {
		say_end(line, &key->server);
	}
	say(line, " port %u: %s, %s", key->port,
		protocol_name((enum protocol)key->protocol),
		key->tls == FACTS_TLS_UNKNOWN ? "TLS not seen"
		: key->tls == FACTS_TLS_NONE
			? "clear"
			: facts_tls_name((enum facts_tls)key->tls));
	for (size_t i = 0; i < VERSION_COUNT; i++) {
		if ((entry->versions & 1U << i) != 0) {
			say(line, " %s", VERSIONS[i]);
		}
	}
	say_way(line, observed_way(observed, key->way));
	for (size_t i = 0; peers > 1 && i < PEERS_LARGEST && largest[i].flows > 0;
		i++) {
		char text[ADDRESS_TEXT_BYTES];
		say(line, "%s%s (%" PRIu32 ")", i == 0 ? "; most: " : ", ",
			address_text(&largest[i].address, text), largest[i].flows);
	}
}

static void say_amount(struct line *line, const struct observed_entry *entry)
{
	char first[OBSERVED_DAY_BYTES];
	char last[OBSERVED_DAY_BYTES];
	const unsigned days = observed_days(entry);
	say(line, "%" PRIu32 " flow%s, %" PRIu32 " message%s, %" PRIu64 " bytes, ",
		entry->flows, plural(entry->flows), entry->messages,
		plural(entry->messages), entry->bytes[0] + entry->bytes[1]);
	if (entry->refusals > 0 || entry->deferrals > 0) {
		say(line, "refused %" PRIu32 ", deferred %" PRIu32 ", ",
			entry->refusals, entry->deferrals);
	}
	observed_day(entry->first_s * US_PER_S, first);
	observed_day(entry->last_us, last);
	if (strcmp(first, last) == 0) {
		say(line, "on %s", first);
	} else {
		say(line, "%u day%s from %s to %s", days, plural(days), first, last);
	}
	if ((entry->flags & OBSERVED_HEARD) == 0) {
		say(line, ", one end not heard");
	}
}

static void say_mechanisms(struct line *line, const struct observed_entry *entry)
{
	for (unsigned flag = 1; flag <= FACTS_MECHANISM_OTHER; flag <<= 1) {
		if ((entry->mechanisms & flag) != 0) {
			say(line, "; sign-in %s%s", facts_mechanism_name(flag),
				(entry->clear_mechanisms & flag) != 0 ? " in clear"
								      : "");
		}
	}
}

static void say_findings(struct line *line, const struct observed_entry *entry)
{
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (((entry->findings | entry->accepted) & FINDING_BIT(i)) != 0) {
			say(line, "; %s%s", finding_row((enum finding)i)->id,
				(entry->findings & FINDING_BIT(i)) == 0 ? " (accepted)"
									: "");
		}
	}
}

static void say_verdict(struct line *line, const struct observed *observed,
	const struct observed_entry *entry)
{
	const char *row = observed_row(observed, entry->last_row);
	const char *name = observed_text(observed, entry->name);
	const bool is_allowed = entry->last_verdict == VERDICT_LEGITIMATE;
	say(line, "%s", verdict_name((enum verdict)entry->last_verdict));
	if (row[0] != '\0') {
		say(line, is_allowed ? " by row %s" : ", nearest is row %s", row);
	}
	if ((entry->verdicts & (entry->verdicts - 1)) != 0) {
		say(line, " (at last)");
	}
	say_findings(line, entry);
	say_mechanisms(line, entry);
	if (name[0] != '\0') {
		say(line, "; %s",
			entry->name_kind == OBSERVED_NAME_HELO ? "client says it is "
							       : "name ");
		say(line, "%s", name);
	}
}

static void print_line(FILE *out, const struct line *line, size_t indent)
{
	columns_blank(out, indent);
	columns_wrap(out, line->text, indent, indent == 0 ? INDENT : indent);
}

static void print_entry(
	FILE *out, const struct observed *observed, const struct observed_entry *entry)
{
	struct line pair = {.len = 0};
	struct line amount = {.len = 0};
	struct line verdict = {.len = 0};
	say_pair(&pair, observed, entry);
	say_amount(&amount, entry);
	say_verdict(&verdict, observed, entry);
	print_line(out, &pair, 0);
	print_line(out, &amount, INDENT);
	print_line(out, &verdict, INDENT);
}

bool observed_print(FILE *out, const struct observed *observed)
{
	struct observed_totals totals;
	const struct observed_list list = observed_sorted(observed);
	if (!list.entries) {
		return false;
	}
	for (size_t i = 0; i < list.count; i++) {
		print_entry(out, observed, list.entries[i]);
	}
	free(list.entries);
	observed_totals(observed, &totals);
	columns_say(out, 0, "%s%" PRIu64 " flow%s between %" PRIu32 " pair%s.\n",
		list.count > 0 ? "\n" : "", totals.flows, plural(totals.flows),
		totals.entries, plural(totals.entries));
	if (observed_is_partial(&totals)) {
		columns_say(out, 0,
			"Partial: %" PRIu64 " pair%s with %" PRIu64
			" flow%s were given up for want of room.\n",
			totals.given_up_entries, plural(totals.given_up_entries),
			totals.given_up_flows, plural(totals.given_up_flows));
	}
	return true;
}

static void write_end(struct json_writer *json, const char *key,
	const struct address *address, bool is_folded)
{
	char text[ADDRESS_TEXT_BYTES];
	json_text(json, key, is_folded ? "internet" : address_text(address, text));
}

static void write_peers(struct json_writer *json, uint32_t peers,
	const struct peers_largest largest[PEERS_LARGEST])
{
	char text[ADDRESS_TEXT_BYTES];
	if (peers == 0) {
		return;
	}
	json_object_open(json, "internet");
	json_number(json, "about", peers);
	json_object_open(json, "largest");
	for (size_t i = 0; i < PEERS_LARGEST && largest[i].flows > 0; i++) {
		json_number(json, address_text(&largest[i].address, text),
			largest[i].flows);
	}
	json_object_close(json);
	json_object_close(json);
}

static void write_way(struct json_writer *json, const struct way *way)
{
	char text[ADDRESS_TEXT_BYTES];
	if (way->tag == 0) {
		return;
	}
	json_object_open(json, "tunnel");
	if (way->depth == 0) {
		json_text(json, "kind", NULL);
	} else {
		json_text(json, "kind",
			tunnel_kind_name((enum tunnel_kind)way->tunnel.kind));
		json_number(json, "id", way->tunnel.id);
		json_array_open(json, "ends");
		json_text(json, NULL, address_text(&way->tunnel.src, text));
		json_text(json, NULL, address_text(&way->tunnel.dst, text));
		json_array_close(json);
	}
	json_object_close(json);
}

static void write_key(struct json_writer *json, const struct observed *observed,
	const struct observed_entry *entry)
{
	struct peers_largest largest[PEERS_LARGEST];
	const struct observed_key *key = &entry->key;
	const uint32_t peers = observed_peers(observed, entry, largest);
	const bool is_client = observed_is_folded(&key->client);
	write_end(json, "client", &key->client, peers > 0 && is_client);
	write_end(json, "server", &key->server, peers > 0 && !is_client);
	json_number(json, "port", key->port);
	json_text(json, "protocol", protocol_name((enum protocol)key->protocol));
	json_text(json, "tls", facts_tls_name((enum facts_tls)key->tls));
	write_way(json, observed_way(observed, key->way));
	write_peers(json, peers, largest);
}

static void write_amount(struct json_writer *json, const struct observed_entry *entry)
{
	json_number(json, "flows", entry->flows);
	json_number(json, "messages", entry->messages);
	json_number(json, "refusals", entry->refusals);
	json_number(json, "deferrals", entry->deferrals);
	json_number(json, "bytes_toserver", entry->bytes[0]);
	json_number(json, "bytes_toclient", entry->bytes[1]);
	json_time(json, "first", entry->first_s * US_PER_S);
	json_time(json, "last", entry->last_us);
	json_number(json, "days", observed_days(entry));
	json_bool(json, "heard", (entry->flags & OBSERVED_HEARD) != 0);
}

static void write_findings(struct json_writer *json, const char *key, uint64_t findings)
{
	if (findings == 0) {
		return;
	}
	json_array_open(json, key);
	for (; findings != 0; findings &= findings - 1) { /* FINDING_FLOW_COUNT */
		json_text(json, NULL,
			finding_row((enum finding)__builtin_ctzll(findings))->id);
	}
	json_array_close(json);
}

static void write_mechanisms(struct json_writer *json, const char *key, unsigned flags)
{
	if (flags == 0) {
		return;
	}
	json_array_open(json, key);
	for (; flags != 0; flags &= flags - 1) { /* 16 */
		json_text(json, NULL, facts_mechanism_name(flags & -flags));
	}
	json_array_close(json);
}

static void write_versions(struct json_writer *json, unsigned versions)
{
	if (versions == 0) {
		return;
	}
	json_array_open(json, "tls_versions");
	for (; versions != 0; versions &= versions - 1) { /* VERSION_COUNT */
		json_text(json, NULL, VERSIONS[__builtin_ctz(versions)]);
	}
	json_array_close(json);
}

static void write_shown(struct json_writer *json, const struct observed_entry *entry)
{
	write_versions(json, entry->versions);
	write_mechanisms(json, "auth_mechanisms", entry->mechanisms);
	write_mechanisms(json, "auth_clear", entry->clear_mechanisms);
	write_findings(json, "findings", entry->findings);
	write_findings(json, "accepted", entry->accepted);
}

static void write_last(struct json_writer *json, const struct observed *observed,
	const struct observed_entry *entry)
{
	static const char *const KINDS[] = {NULL, "sni", "dns", "helo"};
	const char *row = observed_row(observed, entry->last_row);
	const bool is_allowed = entry->last_verdict == VERDICT_LEGITIMATE;
	json_text(json, "verdict", verdict_name((enum verdict)entry->last_verdict));
	if (row[0] != '\0') {
		json_text(json, is_allowed ? "row" : "nearest_row", row);
	}
	json_number(json, "flow_id", entry->last_flow_id);
	if (entry->name_kind != OBSERVED_NAME_NONE) {
		json_object_open(json, "name");
		json_text(json, KINDS[entry->name_kind & 3],
			observed_text(observed, entry->name));
		json_object_close(json);
	}
}

void observed_json_totals(
	struct json_writer *json, const struct observed_totals *totals)
{
	json_number(json, "pairs", totals->entries);
	json_number(json, "flows", totals->flows);
	if (totals->flows > 0) {
		json_time(json, "first", totals->first_us);
		json_time(json, "last", totals->last_us);
	}
	json_bool(json, "partial", observed_is_partial(totals));
	json_number(json, "given_up_pairs", totals->given_up_entries);
	json_number(json, "given_up_flows", totals->given_up_flows);
}

static void write_totals(struct json_writer *json, const struct observed *observed)
{
	struct observed_totals totals;
	observed_totals(observed, &totals);
	json_object_open(json, NULL);
	json_object_open(json, "totals");
	observed_json_totals(json, &totals);
	json_object_close(json);
	json_object_close(json);
	json_line_end(json);
}

bool observed_json(FILE *out, const struct observed *observed)
{
	struct json_writer json = {.out = out};
	const struct observed_list list = observed_sorted(observed);
	if (!list.entries) {
		return false;
	}
	for (size_t i = 0; i < list.count; i++) {
		json_object_open(&json, NULL);
		write_key(&json, observed, list.entries[i]);
		write_amount(&json, list.entries[i]);
		write_shown(&json, list.entries[i]);
		write_last(&json, observed, list.entries[i]);
		json_object_close(&json);
		json_line_end(&json);
	}
	free(list.entries);
	write_totals(&json, observed);
	return true;
}
