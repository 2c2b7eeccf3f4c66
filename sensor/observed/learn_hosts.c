/* Zones, hosts by address, and an edge for each entry of the observed matrix. */
#include "observed/learn_steps.h"

#include <stdlib.h>
#include <string.h>

static void add_zone(struct learn *learn, const char *name,
	const struct network *networks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct lookup_prefix prefix = {
			.network = networks[i], .owner = (uint32_t)learn->zone_count};
		lookup_add(&learn->lookup, &prefix);
	}
	learn->zones[learn->zone_count++] = (struct learn_zone){name, networks, count};
}

static void read_zones(struct learn *learn)
{
	const struct learn_settings *settings = learn->settings;
	size_t declared = 0;
	const struct matrix_zone *zones =
		settings->matrix ? matrix_zones(settings->matrix, &declared) : NULL;
	learn->zones = arena_array(&learn->arena, declared + 3, sizeof(*learn->zones));
	if (declared > 0) {
		for (size_t i = 0; i < declared; i++) {
			learn->zones[i].name = zones[i].name;
		}
		learn->zone_count = declared;
		return;
	}
	add_zone(learn, "internet", NULL, 0);
	add_zone(learn, "internal", settings->internal, settings->internal_count);
	if (settings->gateway_count > 0) {
		add_zone(learn, "gateway", settings->gateway, settings->gateway_count);
	}
	lookup_sort(&learn->lookup);
	lookup_compile(&learn->lookup);
}

/* Its zone; LEARN_INTERNET: none holds it. */
static uint32_t zone_of(const struct learn *learn, const struct address *address,
	const struct matrix_group **group)
{
	*group = NULL;
	if (observed_is_folded(address)) {
		return LEARN_INTERNET;
	}
	if (!learn->settings->matrix) {
		const struct lookup_prefix *prefix =
			lookup_find(&learn->lookup, address);
		return prefix ? prefix->owner : LEARN_INTERNET;
	}
	const struct matrix_end end = matrix_locate(learn->settings->matrix, address);
	*group = end.group;
	for (uint32_t i = 0; i < learn->zone_count; i++) { /* declared zones */
		if (strcmp(learn->zones[i].name, end.zone->name) == 0) {
			return i;
		}
	}
	return LEARN_INTERNET;
}

static int compare_addresses(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct address));
}

/* A declared group may stand in no zone. */
static bool is_ours(const struct learn *learn, const struct address *address)
{
	const struct matrix_group *group;
	return zone_of(learn, address, &group) != LEARN_INTERNET || group;
}

/* Each of ours once, in order. Returns how many. */
static size_t gather(const struct learn *learn, struct address *list)
{
	size_t count = 0;
	for (size_t i = 0; i < 2 * learn->list.count; i++) {
		const struct observed_key *key = &learn->list.entries[i / 2]->key;
		const struct address *end = i % 2 == 0 ? &key->client : &key->server;
		if (is_ours(learn, end)) {
			list[count++] = *end;
		}
	}
	qsort(list, count, sizeof(*list), compare_addresses);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !address_equal(&list[kept - 1], &list[i])) {
			list[kept++] = list[i];
		}
	}
	return kept;
}

static int compare_host(const void *key, const void *host)
{
	return memcmp(key, &((const struct learn_host *)host)->address,
		sizeof(struct address));
}

static uint32_t find_host(const struct learn *learn, const struct address *address)
{
	const struct learn_host *host = bsearch(address, learn->hosts + 1,
		learn->host_count - 1, sizeof(*learn->hosts), compare_host);
	return host ? (uint32_t)(host - learn->hosts) : LEARN_INTERNET;
}

static void make_hosts(struct learn *learn)
{
	struct address *list =
		list_new(2 * learn->list.count + 1, sizeof(struct address));
	const size_t count = gather(learn, list);
	learn->host_count = count + 1;
	learn->hosts = arena_array(&learn->arena, count + 1, sizeof(*learn->hosts));
	for (size_t i = 0; i < count; i++) {
		struct learn_host *host = &learn->hosts[i + 1];
		host->address = list[i];
		host->zone = zone_of(learn, &list[i], &host->declared);
		host->role = host->declared ? (uint8_t)host->declared->role : 0;
	}
	list_free(list);
}

void learn_read(struct learn *learn)
{
	read_zones(learn);
	make_hosts(learn);
	learn->edges = arena_array(
		&learn->arena, learn->list.count + 1, sizeof(*learn->edges));
	learn->edge_count = learn->list.count;
	/* as many as there can be, for every round of the proof */
	learn->groups =
		arena_array(&learn->arena, learn->host_count, sizeof(*learn->groups));
	learn->rows =
		arena_array(&learn->arena, learn->list.count + 1, sizeof(*learn->rows));
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct observed_entry *entry = learn->list.entries[i];
		learn->edges[i] = (struct learn_edge){
			.entry = entry,
			.client = find_host(learn, &entry->key.client),
			.server = find_host(learn, &entry->key.server),
			.row = LEARN_NONE,
		};
		learn->flows += entry->flows;
	}
}
