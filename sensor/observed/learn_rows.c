/* Rows between groups with the strictest TLS that all their flows kept, in baskets by age. */
#include "observed/learn_steps.h"

#include "analyze/tls_hello.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_S 1000000

static bool is_internet(const struct learn_row *row)
{
	return row->from == LEARN_INTERNET || row->to == LEARN_INTERNET;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By row: both groups, protocol, in clear or not; and by pair. */
static int compare_edges(const void *a, const void *b, void *context)
{
	const struct learn *learn = context;
	const struct learn_edge *one = *(const struct learn_edge *const *)a;
	const struct learn_edge *other = *(const struct learn_edge *const *)b;
	const bool is_clear_one =
		one->entry->key.tls == FACTS_TLS_NONE && !learn_is_internet(one);
	const bool is_clear_other =
		other->entry->key.tls == FACTS_TLS_NONE && !learn_is_internet(other);
	const int order[] = {
		compare_numbers(learn->hosts[one->client].group,
			learn->hosts[other->client].group),
		compare_numbers(learn->hosts[one->server].group,
			learn->hosts[other->server].group),
		compare_numbers(one->entry->key.protocol, other->entry->key.protocol),
		compare_numbers(is_clear_one, is_clear_other),
		compare_numbers(one->client, other->client),
		compare_numbers(one->server, other->server),
		one < other ? -1 : one > other,
	};
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (order[i] != 0) {
			return order[i];
		}
	}
	return 0;
}

static bool is_same_row(const struct learn *learn, const struct learn_edge *a,
	const struct learn_edge *b)
{
	const struct learn_host *hosts = learn->hosts;
	return hosts[a->client].group == hosts[b->client].group &&
	       hosts[a->server].group == hosts[b->server].group &&
	       a->entry->key.protocol == b->entry->key.protocol &&
	       (learn_is_internet(a) || (a->entry->key.tls == FACTS_TLS_NONE) ==
						(b->entry->key.tls == FACTS_TLS_NONE));
}

static void gather(struct learn_row *row, const struct observed_entry *entry)
{
	const bool is_first = row->flows == 0;
	row->flows += entry->flows;
	row->versions |= entry->versions;
	row->offered |= entry->offered;
	row->states |= (uint8_t)(1U << entry->key.tls);
	if (is_first || entry->first_s < row->first_s) {
		row->first_s = entry->first_s;
	}
	if (entry->last_us > row->last_us) {
		row->last_us = entry->last_us;
	}
	learn_days_add_entry(&row->days, entry);
}

static enum matrix_tls strictest(const struct learn_row *row)
{
	const bool is_offered = (row->offered & 1U << FACTS_YES) != 0 &&
				(row->offered & 1U << FACTS_NO) == 0;
	const bool is_mapi = row->protocols == PROTOCOL_BIT(PROTOCOL_MAPI_RPC);
	if (row->states == 1U << FACTS_TLS_IMPLICIT) {
		return MATRIX_TLS_IMPLICIT;
	}
	if (is_internet(row)) { /* RFC 3207, section 4: nobody may be forced */
		return is_offered ? MATRIX_TLS_OFFERED : MATRIX_TLS_OPTIONAL;
	}
	if (row->states == 1U << FACTS_TLS_STARTTLS) {
		return MATRIX_TLS_STARTTLS;
	}
	return (row->states & 1U << FACTS_TLS_NONE) != 0 && !is_mapi
		       ? MATRIX_TLS_OPTIONAL
		       : MATRIX_TLS_REQUIRED;
}

bool learn_row_is_clear(const struct learn_row *row)
{
	return row->tls == MATRIX_TLS_OPTIONAL && !is_internet(row);
}

static uint16_t oldest(const struct learn_row *row)
{
	const unsigned before = row->versions & ~(unsigned)(OBSERVED_VERSION_1_2 |
							    OBSERVED_VERSION_1_3);
	if (is_internet(row) || before != 0 || row->versions == 0) {
		return 0;
	}
	return (row->versions & OBSERVED_VERSION_1_2) != 0 ? TLS_VERSION_1_2
							   : TLS_VERSION_1_3;
}

unsigned learn_row_days(const struct learn_row *row)
{
	return learn_days_count(&row->days);
}

static void ask(struct learn_row *row, const char *reason)
{
	row->basket = LEARN_ASK;
	row->reason = reason;
}

/* Our end of what goes to or comes from the Internet is nobody's declared gateway. */
static bool is_past_all_gateways(const struct learn *learn, const struct learn_row *row)
{
	const uint32_t ours = row->from == LEARN_INTERNET ? row->to : row->from;
	return is_internet(row) && !learn_has_gateway(learn) &&
	       !learn->groups[ours].declared;
}

static void weigh(const struct learn *learn, struct learn_row *row)
{
	const struct learn_settings *settings = learn->settings;
	const struct learn_group *from = &learn->groups[row->from];
	const unsigned days = learn_row_days(row);
	row->basket = LEARN_PROPOSED;
	if (days < settings->min_days) {
		ask(row, days == 1 ? "one day" : "young: too few days");
	} else if (row->flows < settings->min_sessions) {
		ask(row, "too few sessions");
	} else if (row->from != LEARN_INTERNET && row->clients == 1 &&
		   !from->declared && !learn_is_server(from->role)) {
		ask(row, "one host alone");
	} else if (learn_is_unwitnessed(&learn->hosts[learn->groups[row->to].first])) {
		ask(row, "its server was seen to serve hardly anybody");
	} else if (is_past_all_gateways(learn, row)) {
		ask(row, "which networks are the gateway's is not said");
	}
}

/* Marks of the row that a host was last counted for. */
struct seen {
	uint32_t *client;
	uint32_t *server;
};

static void count_ends(struct learn *learn, struct learn_row *row,
	const struct learn_edge *edge, struct seen *seen)
{
	const uint32_t mark = (uint32_t)(row - learn->rows) + 1;
	row->clients += seen->client[edge->client] != mark;
	row->servers += seen->server[edge->server] != mark;
	seen->client[edge->client] = mark;
	seen->server[edge->server] = mark;
}

static void fill_rows(struct learn *learn, struct learn_edge **order, size_t count)
{
	struct seen seen = {list_new(learn->host_count, sizeof(uint32_t)),
		list_new(learn->host_count, sizeof(uint32_t))};
	for (size_t i = 0; i < count; i++) {
		struct learn_edge *edge = order[i];
		const struct learn_edge *before = i > 0 ? order[i - 1] : NULL;
		const bool is_new = !before || !is_same_row(learn, before, edge);
		if (is_new) {
			learn->rows[learn->row_count++] = (struct learn_row){
				.from = learn->hosts[edge->client].group,
				.to = learn->hosts[edge->server].group,
				.protocols = PROTOCOL_BIT(edge->entry->key.protocol)};
		}
		struct learn_row *row = &learn->rows[learn->row_count - 1];
		row->pairs += is_new || before->client != edge->client ||
			      before->server != edge->server;
		edge->row = (uint32_t)(learn->row_count - 1);
		gather(row, edge->entry);
		count_ends(learn, row, edge, &seen);
	}
	list_free(seen.client);
	list_free(seen.server);
}

void learn_find_rows(struct learn *learn)
{
	struct learn_edge **order =
		list_new(learn->edge_count + 1, sizeof(struct learn_edge *));
	size_t count = 0;
	for (size_t i = 0; i < learn->edge_count; i++) {
		learn->edges[i].row = LEARN_NONE;
		if (learn->edges[i].basket == LEARN_OPEN) {
			order[count++] = &learn->edges[i];
		}
	}
	qsort_r(order, count, sizeof(struct learn_edge *), compare_edges, learn);
	learn->row_count = 0;
	fill_rows(learn, order, count);
	list_free(order);
	for (size_t i = 0; i < learn->row_count; i++) {
		struct learn_row *row = &learn->rows[i];
		row->tls = (uint8_t)strictest(row);
		row->min_tls = oldest(row);
		weigh(learn, row);
	}
}

static bool is_alike(const struct learn_row *a, const struct learn_row *b)
{
	return a->from == b->from && a->to == b->to && a->basket == b->basket &&
	       a->tls == b->tls && (a->min_tls == 0) == (b->min_tls == 0) &&
	       (a->reason == b->reason ||
		       (a->reason && b->reason && strcmp(a->reason, b->reason) == 0));
}

static void join(struct learn_row *into, const struct learn_row *row)
{
	into->protocols |= row->protocols;
	into->flows += row->flows;
	into->pairs = row->pairs > into->pairs ? row->pairs : into->pairs;
	into->clients = row->clients > into->clients ? row->clients : into->clients;
	into->servers = row->servers > into->servers ? row->servers : into->servers;
	into->first_s = row->first_s < into->first_s ? row->first_s : into->first_s;
	into->last_us = row->last_us > into->last_us ? row->last_us : into->last_us;
	into->min_tls = row->min_tls < into->min_tls ? row->min_tls : into->min_tls;
	learn_days_add(&into->days, &row->days);
}

/* A number that no declared row has in its id. */
static unsigned free_number(const struct learn *learn)
{
	size_t count = 0;
	unsigned most = 0;
	const struct matrix_row *rows =
		learn->settings->matrix ? matrix_rows(learn->settings->matrix, &count)
					: NULL;
	for (size_t i = 0; i < count; i++) {
		if (strncmp(rows[i].id, "L-", 2) == 0) {
			const unsigned long number = strtoul(rows[i].id + 2, NULL, 10);
			most = number > most && number < UINT32_MAX / 2
				       ? (unsigned)number
				       : most;
		}
	}
	return most + 1;
}

static void answer(const struct learn *learn, struct learn_row *row)
{
	char *key = learn_row_key(learn, row);
	switch (answers_find(learn->settings->answers, key)) {
	case ANSWER_ACCEPT:
		row->basket = LEARN_PROPOSED;
		break;
	case ANSWER_IGNORE:
		ask(row, "an answer leaves it aside");
		break;
	case ANSWER_DENY: /* learn_denied.c */
	case ANSWER_NONE:
		break;
	}
	free(key);
}

/* Those of the same ends stand side by side: as many as there are protocols. */
static void join_alike(struct learn *learn, size_t index)
{
	struct learn_row *row = &learn->rows[index];
	for (size_t j = index + 1; j < learn->row_count; j++) {
		struct learn_row *other = &learn->rows[j];
		if (other->from != row->from || other->to != row->to) {
			return;
		}
		if (!other->is_merged && is_alike(row, other)) {
			join(row, other);
			other->is_merged = true;
			other->number = (unsigned)index; /* for its edges */
		}
	}
}

static void number_rows(struct learn *learn)
{
	unsigned number = free_number(learn);
	for (size_t i = 0; i < learn->row_count; i++) {
		struct learn_row *row = &learn->rows[i];
		if (row->is_merged) {
			continue;
		}
		if (learn->settings->answers) {
			answer(learn, row);
		}
		if (row->basket == LEARN_PROPOSED) {
			row->number = number++;
			learn->groups[row->from].is_proposed = true;
			learn->groups[row->to].is_proposed = true;
		}
	}
}

void learn_join_rows(struct learn *learn)
{
	for (size_t i = 0; i < learn->row_count; i++) {
		if (!learn->rows[i].is_merged) {
			join_alike(learn, i);
		}
	}
	number_rows(learn);
	for (size_t i = 0; i < learn->edge_count; i++) {
		struct learn_edge *edge = &learn->edges[i];
		if (edge->basket != LEARN_OPEN) {
			continue;
		}
		const struct learn_row *row = &learn->rows[edge->row];
		if (row->is_merged) {
			edge->row = row->number;
			row = &learn->rows[edge->row];
		}
		learn_put(edge, (enum learn_basket)row->basket, row->recommendation,
			row->reason);
	}
}

double learn_permissiveness(const struct learn *learn, const struct learn_row *row)
{
	const double from =
		row->from == LEARN_INTERNET ? 1 : learn->groups[row->from].addresses;
	const double to =
		row->to == LEARN_INTERNET ? 1 : learn->groups[row->to].addresses;
	const double pairs =
		(row->from == LEARN_INTERNET || row->to == LEARN_INTERNET)
			? (double)(row->from == LEARN_INTERNET ? row->servers
							       : row->clients)
			: (double)row->pairs;
	return pairs > 0 ? from * to / pairs : 0;
}
