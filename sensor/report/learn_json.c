#include "report/learn_json.h"

#include "matrix/sentence.h"
#include "report/json_writer.h"

#include <stdlib.h>

#define DAY_S    86400
#define US_PER_S 1000000

static const char *const BASKETS[LEARN_BASKETS] = {[LEARN_COVERED] = "covered",
	[LEARN_PROPOSED] = "proposed",
	[LEARN_ASK] = "ask",
	[LEARN_REFUSED] = "refused"};

/* "2026-11-29" */
static void write_day(struct json_writer *writer, const char *key, int64_t time_s)
{
	char text[SENTENCE_DAY_BYTES];
	json_text(writer, key, sentence_last_day((time_s / DAY_S + 1) * DAY_S, text));
}

static void write_networks(
	struct json_writer *writer, const struct network *networks, size_t count)
{
	char text[NETWORK_TEXT_BYTES];
	json_array_open(writer, "addresses");
	for (size_t i = 0; i < count; i++) {
		json_text(writer, NULL, network_text(&networks[i], text));
	}
	json_array_close(writer);
}

static void write_head(struct json_writer *writer, const struct learn *learn)
{
	struct observed_totals totals;
	observed_totals(learn->observed, &totals);
	write_day(writer, "learned", learn->settings->today_s);
	write_day(writer, "first", (int64_t)(totals.first_us / US_PER_S));
	write_day(writer, "last", (int64_t)(totals.last_us / US_PER_S));
	json_bool(writer, "partial", observed_is_partial(&totals));
	json_number(writer, "flows", learn->flows);
	for (int i = LEARN_COVERED; i < LEARN_BASKETS; i++) {
		json_number(writer, BASKETS[i], learn->flows_in[i]);
	}
}

/* A declared matrix has its own. */
static void write_zones(struct json_writer *writer, const struct learn *learn)
{
	json_array_open(writer, "zones");
	for (size_t i = 1; !learn->settings->matrix && i < learn->zone_count; i++) {
		const struct learn_zone *zone = &learn->zones[i];
		json_object_open(writer, NULL);
		json_text(writer, "name", zone->name);
		write_networks(writer, zone->networks, zone->network_count);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_groups(struct json_writer *writer, const struct learn *learn)
{
	json_array_open(writer, "groups");
	for (size_t i = 1; i < learn->group_count; i++) {
		const struct learn_group *group = &learn->groups[i];
		if (group->declared || group->network_count == 0) {
			continue;
		}
		json_object_open(writer, NULL);
		json_text(writer, "name", group->name);
		json_text(writer, "role",
			matrix_role_name((enum matrix_role)group->role));
		json_text(writer, "zone", learn->zones[group->zone].name);
		json_bool(writer, "proposed", group->is_proposed);
		json_number(writer, "hosts", group->member_count);
		write_networks(writer, group->networks, group->network_count);
		json_object_close(writer);
	}
	json_array_close(writer);
}

static void write_terms(struct json_writer *writer, const struct learn_row *row)
{
	json_array_open(writer, "protocols");
	for (uint32_t left = row->protocols; left; left &= left - 1) {
		json_text(writer, NULL,
			protocol_name((enum protocol)__builtin_ctz(left)));
	}
	json_array_close(writer);
	json_text(writer, "tls", matrix_tls_name((enum matrix_tls)row->tls));
	if (row->min_tls != 0) {
		json_text(writer, "min_tls", sentence_tls_version(row->min_tls));
	}
}

static void write_evidence(struct json_writer *writer, const struct learn *learn,
	const struct learn_row *row)
{
	json_object_open(writer, "evidence");
	json_number(writer, "flows", row->flows);
	json_number(writer, "clients", row->clients);
	json_number(writer, "servers", row->servers);
	json_number(writer, "days", learn_row_days(row));
	write_day(writer, "first", row->first_s);
	write_day(writer, "last", (int64_t)(row->last_us / US_PER_S));
	json_tenths(writer, "permissiveness", learn_permissiveness(learn, row));
	json_object_close(writer);
}

static void write_row(struct json_writer *writer, const struct learn *learn,
	const struct learn_row *row)
{
	char id[16];
	char *key = learn_row_key(learn, row);
	const int64_t today_s = learn->settings->today_s;
	json_object_open(writer, NULL);
	json_text(writer, "basket", BASKETS[row->basket]);
	json_text(writer, "answer_to", key);
	json_text(writer, "from", learn->groups[row->from].name);
	json_text(writer, "to", learn->groups[row->to].name);
	write_terms(writer, row);
	if (row->number > 0) {
		(void)snprintf(id, sizeof(id), "L-%02u", row->number);
		json_text(writer, "id", id);
		json_text(writer, "mode", "audit");
		write_day(writer, "learned", today_s);
		write_day(
			writer, "expires", today_s + (int64_t)LEARN_KEPT_DAYS * DAY_S);
	} else {
		json_text(writer, "reason", row->reason);
	}
	write_evidence(writer, learn, row);
	json_object_close(writer);
	free(key);
}

static void write_rows(struct json_writer *writer, const struct learn *learn)
{
	json_array_open(writer, "rows");
	for (size_t i = 0; i < learn->row_count; i++) {
		const struct learn_row *row = &learn->rows[i];
		if (!row->is_merged && (row->number > 0 || row->basket == LEARN_ASK)) {
			write_row(writer, learn, row);
		}
	}
	json_array_close(writer);
}

static void write_host(
	struct json_writer *writer, const char *key, const struct address *address)
{
	char text[ADDRESS_TEXT_BYTES];
	json_text(writer, key,
		observed_is_folded(address) ? "internet" : address_text(address, text));
}

static void write_pair(struct json_writer *writer, const struct learn_edge *edge)
{
	const struct observed_key *key = &edge->entry->key;
	json_object_open(writer, NULL);
	json_text(writer, "basket", BASKETS[edge->basket]);
	write_host(writer, "client", &key->client);
	write_host(writer, "server", &key->server);
	json_number(writer, "port", key->port);
	json_text(writer, "protocol", protocol_name((enum protocol)key->protocol));
	json_number(writer, "flows", edge->entry->flows);
	if (edge->recommendation) {
		json_text(writer, "recommendation", edge->recommendation);
	}
	json_text(writer, "reason", edge->reason);
	json_object_close(writer);
}

static void write_pairs(struct json_writer *writer, const struct learn *learn)
{
	json_array_open(writer, "pairs");
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		if (edge->basket == LEARN_REFUSED ||
			(edge->basket == LEARN_ASK && edge->row == LEARN_NONE)) {
			write_pair(writer, edge);
		}
	}
	json_array_close(writer);
}

void learn_print_json(const struct learn *learn, FILE *out)
{
	struct json_writer writer = {.out = out};
	json_object_open(&writer, NULL);
	write_head(&writer, learn);
	write_zones(&writer, learn);
	write_groups(&writer, learn);
	write_rows(&writer, learn);
	write_pairs(&writer, learn);
	json_object_close(&writer);
	json_line_end(&writer);
}
