#include "observed/observed.h"

#include "analyze/tls_hello.h"
#include "observed/table.h"

#include <string.h>

#define US_PER_S 1000000

static bool is_server(uint8_t role)
{
	return role != MATRIX_ROLE_NONE && role != MATRIX_ROLE_CLIENT &&
	       role != MATRIX_ROLE_APPLICATION;
}

/* The hosts of the Internet that a declared server speaks with are one. */
static bool is_folded(const struct sighting *sighting, unsigned end)
{
	return sighting->is_internet[end] && !sighting->is_internet[!end] &&
	       is_server(sighting->role[!end]);
}

static struct observed_key key_of(
	struct observed *observed, const struct sighting *sighting)
{
	struct observed_key key;
	memset(&key, 0, sizeof(key));
	if (!is_folded(sighting, 0)) {
		key.client = sighting->client;
	}
	if (!is_folded(sighting, 1)) {
		key.server = sighting->server;
	}
	key.port = sighting->port;
	key.way = table_way(observed, &sighting->way);
	key.protocol = sighting->protocol;
	key.tls = sighting->tls;
	return key;
}

static unsigned version_flag(uint16_t version)
{
	switch (version) {
	case 0:
		return 0;
	case TLS_VERSION_1_0:
		return OBSERVED_VERSION_1_0;
	case TLS_VERSION_1_1:
		return OBSERVED_VERSION_1_1;
	case TLS_VERSION_1_2:
		return OBSERVED_VERSION_1_2;
	case TLS_VERSION_1_3:
		return OBSERVED_VERSION_1_3;
	default:
		return OBSERVED_VERSION_OLDER;
	}
}

/* The best kind of name that any flow had; of one kind the first. */
static void take_name(struct observed *observed, struct observed_entry *entry,
	enum observed_name_kind kind, const char *text)
{
	const bool is_better =
		entry->name_kind == OBSERVED_NAME_NONE || kind < entry->name_kind;
	const uint32_t name =
		is_better && text[0] != '\0' ? texts_keep(&observed->names, text) : 0;
	if (name != 0) {
		entry->name = name;
		entry->name_kind = kind;
	}
}

static uint64_t end_of(const struct sighting *sighting)
{
	return sighting->end_us > 0 ? sighting->end_us : sighting->time_us;
}

/* Anybody may have written the record: nothing ends before it began. */
static uint64_t start_of(const struct sighting *sighting)
{
	const uint64_t end_us = end_of(sighting);
	const bool is_sound = sighting->start_us > 0 && sighting->start_us <= end_us;
	return is_sound ? sighting->start_us : end_us;
}

static void take_last(struct observed *observed, struct observed_entry *entry,
	const struct sighting *sighting)
{
	const char *row =
		sighting->row[0] != '\0' ? sighting->row : sighting->nearest_row;
	entry->last_us = end_of(sighting);
	entry->last_flow_id = sighting->flow_id;
	entry->last_verdict = sighting->verdict;
	entry->last_row = (uint16_t)texts_keep(&observed->rows, row);
}

static void take_times(struct observed *observed, struct observed_entry *entry,
	const struct sighting *sighting)
{
	const uint64_t end_us = end_of(sighting);
	const uint32_t start_s = (uint32_t)(start_of(sighting) / US_PER_S);
	if (entry->flows == 0) {
		entry->last_us = end_us;
		entry->first_s = start_s;
	}
	table_mark_day(entry, end_us / TABLE_DAY_US);
	entry->first_s = start_s < entry->first_s ? start_s : entry->first_s;
	if (end_us > entry->last_us ||
		(end_us == entry->last_us &&
			sighting->flow_id >= entry->last_flow_id)) {
		take_last(observed, entry, sighting);
	}
}

static void take_facts(struct observed_entry *entry, const struct sighting *sighting)
{
	const bool is_first = entry->flows == 0;
	const uint8_t level = sighting->rpc_protection;
	entry->findings |= sighting->findings;
	entry->accepted |= sighting->accepted;
	entry->mechanisms |= sighting->mechanisms;
	entry->clear_mechanisms |= sighting->clear_mechanisms;
	entry->shown_by_any |= sighting->shown;
	entry->shown_by_all =
		is_first ? sighting->shown : entry->shown_by_all & sighting->shown;
	entry->versions |= (uint8_t)version_flag(sighting->tls_version);
	entry->offered |= (uint8_t)(1U << sighting->starttls_offered);
	entry->verdicts |= (uint8_t)(1U << sighting->verdict);
	if (is_first || sighting->confidence < entry->confidence) {
		entry->confidence = sighting->confidence;
	}
	if (entry->rpc_protection == 0 ||
		(level > 0 && level < entry->rpc_protection)) {
		entry->rpc_protection = level;
	}
	entry->flags |= sighting_is_heard(sighting) ? OBSERVED_HEARD : 0;
	entry->flags |= sighting->is_internet[0] ? OBSERVED_CLIENT_INTERNET : 0;
	entry->flags |= sighting->is_internet[1] ? OBSERVED_SERVER_INTERNET : 0;
}

static void take_peer(struct observed *observed, struct observed_entry *entry,
	const struct sighting *sighting)
{
	const bool is_client = is_folded(sighting, 0);
	if (!is_client && !is_folded(sighting, 1)) {
		return;
	}
	if (entry->flows == 0) {
		table_count_peers(observed, entry);
	}
	struct peers *peers = table_peers(observed, entry);
	if (peers) {
		peers_add(peers, is_client ? &sighting->client : &sighting->server, 1);
	}
}

static void take_totals(struct observed_totals *totals, const struct sighting *sighting)
{
	const uint64_t start_us = start_of(sighting);
	const uint64_t end_us = end_of(sighting);
	totals->flows++;
	if (totals->first_us == 0 || start_us < totals->first_us) {
		totals->first_us = start_us;
	}
	totals->last_us = end_us > totals->last_us ? end_us : totals->last_us;
}

void observed_add(struct observed *observed, const struct sighting *sighting)
{
	const struct observed_key key = key_of(observed, sighting);
	struct observed_entry *entry = table_entry(observed, &key);
	take_peer(observed, entry, sighting);
	take_times(observed, entry, sighting);
	take_facts(entry, sighting);
	take_name(observed, entry, OBSERVED_NAME_SNI, sighting->sni);
	take_name(observed, entry, OBSERVED_NAME_DNS, sighting->names[1]);
	take_name(observed, entry, OBSERVED_NAME_HELO, sighting->helo);
	const uint32_t identity = (uint32_t)sighting_identity(sighting);
	(void)table_sample(entry->sample, identity != 0 ? identity : 1);
	entry->flows = table_sum(entry->flows, 1);
	entry->messages = table_sum(entry->messages, sighting->messages);
	entry->refusals = table_sum(entry->refusals, sighting->refusals);
	entry->deferrals = table_sum(entry->deferrals, sighting->deferrals);
	entry->bytes[0] += sighting->bytes[0];
	entry->bytes[1] += sighting->bytes[1];
	take_totals(&observed->totals, sighting);
}

static uint16_t oldest_version(uint8_t versions)
{
	static const uint16_t VERSIONS[] = {TLS_VERSION_SSL_3, TLS_VERSION_1_0,
		TLS_VERSION_1_1, TLS_VERSION_1_2, TLS_VERSION_1_3};
	return versions != 0 ? VERSIONS[__builtin_ctz(versions)] : 0;
}

/* What speaks against a flow if any had it, what speaks for it if all had. */
static uint16_t worst_shown(const struct observed_entry *entry)
{
	const unsigned against = SIGHTING_CONTENT_CLEAR | SIGHTING_TURNED |
				 SIGHTING_NO_CLIENT_CERTIFICATE |
				 SIGHTING_CERTIFICATE_SELF_SIGNED | SIGHTING_AMBIGUOUS |
				 SIGHTING_CLEAR_CUT;
	return (uint16_t)((entry->shown_by_any & against) | entry->shown_by_all);
}

static enum facts_answer worst_offer(uint8_t offered)
{
	if ((offered & 1U << FACTS_NO) != 0) {
		return FACTS_NO;
	}
	return (offered & 1U << FACTS_UNKNOWN) != 0 ? FACTS_UNKNOWN : FACTS_YES;
}

static void stand_in_name(const struct observed *observed,
	const struct observed_entry *entry, struct sighting *sighting)
{
	char *fields[] = {[OBSERVED_NAME_NONE] = NULL,
		[OBSERVED_NAME_SNI] = sighting->sni,
		[OBSERVED_NAME_DNS] = sighting->names[1],
		[OBSERVED_NAME_HELO] = sighting->helo};
	char *field = fields[entry->name_kind & 3];
	if (field) {
		(void)snprintf(field, SIGHTING_NAME_BYTES, "%s",
			observed_text(observed, entry->name));
	}
}

static void stand_in_ends(const struct observed *observed,
	const struct observed_entry *entry, struct sighting *sighting)
{
	struct peers_largest largest[PEERS_LARGEST];
	sighting->client = entry->key.client;
	sighting->server = entry->key.server;
	sighting->port = sighting->server_port = entry->key.port;
	if (observed_peers(observed, entry, largest) > 0) {
		const bool is_client = observed_is_folded(&entry->key.client);
		*(is_client ? &sighting->client : &sighting->server) =
			largest[0].address;
	}
	if ((entry->shown_by_any & SIGHTING_TURNED) != 0) {
		sighting->client_port = entry->key.port;
		sighting->server_port = 0;
	}
	sighting->is_internet[0] = (entry->flags & OBSERVED_CLIENT_INTERNET) != 0;
	sighting->is_internet[1] = (entry->flags & OBSERVED_SERVER_INTERNET) != 0;
	sighting->wire_client = sighting->client;
	sighting->wire_server = sighting->server;
	sighting->way = *observed_way(observed, entry->key.way);
}

void observed_stand_in(const struct observed *observed,
	const struct observed_entry *entry, struct sighting *sighting)
{
	const bool is_heard = (entry->flags & OBSERVED_HEARD) != 0;
	*sighting = (struct sighting){
		.protocol = entry->key.protocol,
		.confidence = entry->confidence,
		.tls = entry->key.tls,
		.tls_version = oldest_version(entry->versions),
		.starttls_offered = (uint8_t)worst_offer(entry->offered),
		.rpc_protection = entry->rpc_protection,
		.mechanisms = entry->mechanisms,
		.clear_mechanisms = entry->clear_mechanisms,
		.shown = worst_shown(entry),
		.time_us = entry->last_us,
		.start_us = entry->last_us,
		.end_us = entry->last_us,
		.bytes = {is_heard ? entry->bytes[0] : 0,
			is_heard ? entry->bytes[1] : 0},
		.messages = entry->messages,
		.refusals = entry->refusals,
		.deferrals = entry->deferrals,
		.verdict = entry->last_verdict,
		.findings = entry->findings,
		.accepted = entry->accepted,
		.flow_id = entry->last_flow_id,
	};
	stand_in_ends(observed, entry, sighting);
	stand_in_name(observed, entry, sighting);
	const char *row = observed_row(observed, entry->last_row);
	const bool is_allowed = entry->last_verdict == VERDICT_LEGITIMATE;
	(void)snprintf(is_allowed ? sighting->row : sighting->nearest_row,
		SIGHTING_ID_BYTES, "%s", row);
}
