#include "dossier/making.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)
#define DAY_US   UINT64_C(86400000000)

struct viewing {
	struct dossier *dossier;
	const struct observed *observed;
	const struct matrix_row *rows; /* the matrix's */
	size_t row_count;
	uint32_t *places; /* by row: its place among those of the report */
};

static const char *name_of(const struct viewing *viewing,
	const struct observed_entry *entry, enum observed_name_kind kind)
{
	const bool is_helo = entry->name_kind == OBSERVED_NAME_HELO;
	const bool is_wanted =
		kind == OBSERVED_NAME_HELO
			? is_helo
			: entry->name_kind != OBSERVED_NAME_NONE && !is_helo;
	return is_wanted ? observed_text(viewing->observed, entry->name) : "";
}

/* Each pair by itself; those of one host are put together afterwards. */
static void add_offender(struct viewing *viewing, const struct held *held)
{
	struct dossier *dossier = viewing->dossier;
	const struct observed_entry *entry = held->entry;
	if (held->standing != HELD_UNDECLARED && held->standing != HELD_FORBIDDEN) {
		return;
	}
	dossier->offenders = list_room(dossier->offenders, dossier->offender_total,
		sizeof(*dossier->offenders));
	struct dossier_offender *offender =
		&dossier->offenders[dossier->offender_total++];
	*offender = (struct dossier_offender){.client = entry->key.client,
		.group = record_end_name(&held->judgement->from),
		.flows = entry->flows,
		.reasons = held->judgement->findings & ~held->judgement->accepted,
		.first_us = entry->first_s * US_PER_S,
		.last_us = entry->last_us};
	(void)snprintf(offender->name, sizeof(offender->name), "%s",
		name_of(viewing, entry, OBSERVED_NAME_HELO));
}

static bool is_same_server(
	const struct dossier_server *server, const struct observed_key *key)
{
	return address_equal(&server->server, &key->server) &&
	       server->port == key->port && server->protocol == key->protocol;
}

static bool is_encrypted(const struct observed_entry *entry)
{
	return entry->key.tls == FACTS_TLS_STARTTLS ||
	       entry->key.tls == FACTS_TLS_IMPLICIT;
}

/* Entries come by server, port and protocol. */
static void add_server(struct viewing *viewing, const struct held *held)
{
	struct dossier *dossier = viewing->dossier;
	const struct observed_entry *entry = held->entry;
	const size_t count = dossier->server_total;
	if ((entry->flags & OBSERVED_SERVER_INTERNET) != 0 ||
		(entry->flags & OBSERVED_HEARD) == 0 ||
		entry->key.protocol == PROTOCOL_ATTEMPT) {
		return;
	}
	struct dossier_server *server = count > 0 ? &dossier->servers[count - 1] : NULL;
	if (!server || !is_same_server(server, &entry->key)) {
		dossier->servers =
			list_room(dossier->servers, count, sizeof(*dossier->servers));
		server = &dossier->servers[dossier->server_total++];
		*server = (struct dossier_server){.server = entry->key.server,
			.port = entry->key.port,
			.protocol = entry->key.protocol,
			.group = record_end_name(&held->judgement->to),
			.certificate_end_s = dossier_certificate(
				dossier, &entry->key.server, entry->key.port)};
	}
	server->flows += entry->flows;
	server->encrypted += is_encrypted(entry) ? entry->flows : 0;
	server->messages += entry->messages;
	server->refusals += entry->refusals;
	server->deferrals += entry->deferrals;
	server->versions |= entry->versions;
	server->offered |= entry->offered;
	server->last_us =
		entry->last_us > server->last_us ? entry->last_us : server->last_us;
	if (server->name[0] == '\0') {
		(void)snprintf(server->name, sizeof(server->name), "%s",
			name_of(viewing, entry, OBSERVED_NAME_SNI));
	}
}

static void add_use(struct viewing *viewing, const struct held *held)
{
	const struct matrix_row *row = held->judgement->row;
	if (!row || held->standing != HELD_ALLOWED) {
		return;
	}
	struct dossier_row *use =
		&viewing->dossier->rows[viewing->places[row - viewing->rows]];
	use->flows += held->entry->flows;
	use->last_us = held->entry->last_us > use->last_us ? held->entry->last_us
							   : use->last_us;
}

static void add_sums(struct viewing *viewing, const struct held *held)
{
	struct dossier_sight *sight = &viewing->dossier->sight;
	const uint64_t flows = held->entry->flows;
	sight->flows += flows;
	sight->attempts += held->entry->key.protocol == PROTOCOL_ATTEMPT ? flows : 0;
	sight->encrypted += is_encrypted(held->entry) ? flows : 0;
	sight->undecided += held->standing == HELD_OPEN ? flows : 0;
}

/* Of pairs only days are known: of the day in which a span begins the one before has it. */
static bool is_in_days(
	const struct dossier_span *span, const struct observed_entry *entry)
{
	const uint64_t first = span->from_us > 0 ? (span->from_us - 1) / DAY_US + 1 : 0;
	return span->until_us == 0 ||
	       observed_is_of_days(entry, first, (span->until_us - 1) / DAY_US);
}

static void take(void *context, const struct held *held)
{
	struct viewing *viewing = context;
	add_sums(viewing, held);
	add_offender(viewing, held);
	add_server(viewing, held);
	add_use(viewing, held);
	if (viewing->dossier->sight.is_of_sums &&
		is_in_days(&viewing->dossier->span, held->entry)) {
		struct sighting sighting = *held->sighting;
		sighting.start_us = held->entry->first_s * US_PER_S;
		const struct recorded recorded = {
			.sighting = &sighting, .flows = held->entry->flows};
		dossier_recorded(viewing->dossier, &recorded);
	}
}

static int by_host(const void *left, const void *right)
{
	const struct dossier_offender *one = left;
	const struct dossier_offender *other = right;
	const int order = memcmp(&one->client, &other->client, sizeof(one->client));
	if (order != 0) {
		return order;
	}
	return strcmp(one->name, other->name);
}

static int by_flows(const void *left, const void *right)
{
	const struct dossier_offender *one = left;
	const struct dossier_offender *other = right;
	if (one->flows != other->flows) {
		return one->flows > other->flows ? -1 : 1;
	}
	return memcmp(&one->client, &other->client, sizeof(one->client));
}

/* A later pair of the same host adds to it. */
static void join_offender(
	struct dossier_offender *into, const struct dossier_offender *more)
{
	into->flows += more->flows;
	into->reasons |= more->reasons;
	into->first_us =
		more->first_us < into->first_us ? more->first_us : into->first_us;
	into->last_us = more->last_us > into->last_us ? more->last_us : into->last_us;
	if (into->name[0] == '\0') {
		memcpy(into->name, more->name, sizeof(into->name));
	}
}

static void join_offenders(struct dossier *dossier)
{
	size_t hosts = 0;
	struct dossier_offender *list = dossier->offenders;
	if (dossier->offender_total == 0) {
		return;
	}
	qsort(list, dossier->offender_total, sizeof(*list), by_host);
	for (size_t i = 0; i < dossier->offender_total; i++) {
		if (hosts > 0 &&
			address_equal(&list[hosts - 1].client, &list[i].client)) {
			join_offender(&list[hosts - 1], &list[i]);
		} else {
			list[hosts++] = list[i];
		}
	}
	qsort(list, hosts, sizeof(*list), by_flows);
	dossier->offender_total = hosts;
	dossier->offender_count = hosts < DOSSIER_OFFENDERS ? hosts : DOSSIER_OFFENDERS;
}

/* Once for all pairs of ends that one row lists. */
static void list_rows(struct viewing *viewing)
{
	struct dossier *dossier = viewing->dossier;
	dossier->rows = list_new(viewing->row_count + 1, sizeof(*dossier->rows));
	viewing->places = list_new(viewing->row_count + 1, sizeof(*viewing->places));
	for (size_t i = 0; i < viewing->row_count; i++) {
		if (!viewing->rows[i].is_continued) {
			dossier->rows[dossier->row_count++].row = &viewing->rows[i];
		}
		viewing->places[i] = (uint32_t)(dossier->row_count - 1);
	}
}

static void look_for_ends(struct dossier *dossier, uint64_t last_us)
{
	const int64_t last_s = (int64_t)(last_us / US_PER_S);
	for (size_t i = 0; i < dossier->row_count; i++) {
		const int64_t end_s = dossier->rows[i].row->expires_s;
		dossier->rows[i].is_over = end_s > 0 && end_s <= last_s;
	}
}

bool dossier_view(struct dossier *dossier, const struct observed *observed)
{
	struct observed_totals totals;
	struct viewing viewing = {.dossier = dossier, .observed = observed};
	viewing.rows = matrix_rows(dossier->matrix, &viewing.row_count);
	observed_totals(observed, &totals);
	list_rows(&viewing);
	dossier->grid = grid_new(dossier->matrix, observed);
	const bool has_memory =
		dossier->grid && held_each(dossier->matrix, observed, take, &viewing);
	list_free(viewing.places);
	join_offenders(dossier);
	dossier->server_count = dossier->server_total < DOSSIER_SERVERS
					? dossier->server_total
					: DOSSIER_SERVERS;
	dossier->sight.first_us = totals.first_us;
	dossier->sight.last_us = totals.last_us;
	dossier->sight.given_up_pairs = totals.given_up_entries;
	look_for_ends(dossier, totals.last_us);
	return has_memory;
}
