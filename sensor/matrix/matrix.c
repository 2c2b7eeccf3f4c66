#include "matrix/matrix.h"

#include "matrix/compiled.h"

#include <stdlib.h>
#include <string.h>

static void sources_free(const struct matrix_sources *sources)
{
	if (sources->addresses) {
		struct lookup addresses = *sources->addresses;
		lookup_free(&addresses);
	}
}

static void domains_free(struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->domain_count; i++) {
		sources_free(&matrix->domains[i].senders);
		sources_free(&matrix->domains[i].forwarders);
	}
	sources_free(&matrix->forwarders);
	list_free(matrix->domains);
	name_table_free(&matrix->domain_names);
}

void matrix_free(struct matrix *matrix)
{
	if (!matrix) {
		return;
	}
	name_table_free(&matrix->zone_names);
	name_table_free(&matrix->group_names);
	name_table_free(&matrix->hosts);
	lookup_free(&matrix->zone_prefixes);
	lookup_free(&matrix->group_prefixes);
	list_free(matrix->zones);
	list_free(matrix->groups);
	list_free(matrix->group_zones);
	list_free(matrix->rows);
	for (size_t i = 0; i < matrix->tunnel_count; i++) {
		struct lookup ends = *matrix->tunnels[i].ends;
		lookup_free(&ends);
	}
	list_free(matrix->tunnels);
	domains_free(matrix);
	list_free(matrix->lists);
	list_free(matrix->by_from);
	list_free(matrix->by_to);
	arena_free(&matrix->arena);
	list_free(matrix);
}

void matrix_problems_free(struct matrix_problems *problems)
{
	list_free(problems->list);
	*problems = (struct matrix_problems){0};
}

enum matrix_profile matrix_profile(const struct matrix *matrix)
{
	return matrix->profile;
}

size_t matrix_declared_rows(const struct matrix *matrix)
{
	size_t count = 0;
	for (size_t i = 0; i < matrix->row_count; i++) {
		count += !matrix->rows[i].is_continued;
	}
	return count;
}

const struct matrix_row *matrix_rows(const struct matrix *matrix, size_t *count)
{
	*count = matrix->row_count;
	return matrix->rows;
}

const struct matrix_group *matrix_groups(const struct matrix *matrix, size_t *count)
{
	*count = matrix->group_count;
	return matrix->groups;
}

const struct matrix_zone *matrix_zones(const struct matrix *matrix, size_t *count)
{
	*count = matrix->zone_count;
	return matrix->zones;
}

struct matrix_end matrix_locate(
	const struct matrix *matrix, const struct address *address)
{
	struct matrix_end end = {.zone = &matrix->zones[0]};
	const struct lookup_prefix *prefix =
		lookup_find(&matrix->zone_prefixes, address);
	if (prefix) {
		end.zone = &matrix->zones[prefix->owner];
	} else if (address_is_loopback(address)) {
		end.zone = &matrix->loopback;
	}
	prefix = lookup_find(&matrix->group_prefixes, address);
	if (prefix) {
		end.group = &matrix->groups[prefix->owner];
	}
	return end;
}

const struct matrix_tunnel *matrix_tunnel_of(
	const struct matrix *matrix, const struct tunnel *tunnel)
{
	for (size_t i = 0; i < matrix->tunnel_count; i++) { /* as the admin wrote */
		const struct matrix_tunnel *declared = &matrix->tunnels[i];
		if ((uint8_t)declared->kind == tunnel->kind &&
			lookup_find(declared->ends, &tunnel->src) != NULL &&
			lookup_find(declared->ends, &tunnel->dst) != NULL) {
			return declared;
		}
	}
	return NULL;
}

const struct matrix_tunnel *matrix_tunnels(const struct matrix *matrix, size_t *count)
{
	*count = matrix->tunnel_count;
	return matrix->tunnels;
}

const struct matrix_list *matrix_lists(const struct matrix *matrix, size_t *count)
{
	*count = matrix->list_count;
	return matrix->lists;
}

static struct matrix_end end_of_group(
	const struct matrix *matrix, const struct matrix_group *group)
{
	const uint32_t zone = matrix->group_zones[group - matrix->groups];
	return (struct matrix_end){group, &matrix->zones[zone], !group->has_addresses};
}

bool matrix_find_end(const struct matrix *matrix, const char *text,
	struct matrix_end *end, struct reason *why)
{
	uint32_t index = name_table_find(&matrix->group_names, text);
	if (index != NAME_NONE) {
		*end = end_of_group(matrix, &matrix->groups[index]);
		return true;
	}
	index = name_table_find(&matrix->zone_names, text);
	if (index != NAME_NONE) {
		*end = (struct matrix_end){.zone = &matrix->zones[index]};
		return true;
	}
	struct address address;
	if (address_parse(text, &address)) {
		*end = matrix_locate(matrix, &address);
		return true;
	}
	const struct matrix_group *group = matrix_group_of_host(matrix, text);
	if (group) {
		*end = end_of_group(matrix, group);
		return true;
	}
	struct name_nearest search = {.wrong = text};
	name_nearest_offer_table(&search, &matrix->group_names);
	name_nearest_offer_table(&search, &matrix->zone_names);
	if (search.nearest) {
		return reason_set(why,
			"\"%.80s\" is no group, zone or address; did you mean \"%s\"?",
			text, search.nearest);
	}
	return reason_set(why, "\"%.80s\" is no group, zone or address", text);
}

const struct matrix_group *matrix_group_of_host(
	const struct matrix *matrix, const char *host)
{
	char name[256]; /* RFC 1035 section 2.3.4: 255 octets at most */
	const size_t whole = strlen(host);
	const size_t len = whole > 0 && host[whole - 1] == '.' ? whole - 1 : whole;
	if (len == 0 || whole > 253 ||
		(!(matrix->host_bits & matrix_host_bit(host, len)) &&
			!matrix->has_wild_hosts)) {
		return NULL;
	}
	for (size_t i = 0; i < len; i++) {
		const char c = host[i];
		name[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	name[len] = '\0';
	uint32_t index = name_table_find(&matrix->hosts, name);
	char *dot = matrix->has_wild_hosts ? strchr(name, '.') : NULL;
	for (; index == NAME_NONE && dot && dot > name; dot = strchr(dot + 1, '.')) {
		const char before = dot[-1];
		dot[-1] = '*';
		index = name_table_find(&matrix->hosts, dot - 1);
		dot[-1] = before;
	}
	return index == NAME_NONE ? NULL : &matrix->groups[index];
}

bool matrix_has_expected(const struct matrix *matrix)
{
	return matrix->has_expected;
}

bool matrix_has_names(const struct matrix *matrix)
{
	return matrix->hosts.count > 0;
}

bool matrix_has_resolvers(const struct matrix *matrix)
{
	return matrix->has_resolvers;
}

static bool is_below(const char *host, const char *domain)
{
	const size_t host_len = strlen(host);
	const size_t len = strlen(domain);
	return len > 0 && host_len >= len &&
	       strcmp(host + host_len - len, domain) == 0 &&
	       (host_len == len || host[host_len - len - 1] == '.');
}

bool matrix_has_host_below(const struct matrix *matrix, const char *domain)
{
	const struct name_table *hosts = &matrix->hosts;
	for (size_t i = 0; i < hosts->capacity; i++) { /* all that were declared */
		if (hosts->slots[i].name && is_below(hosts->slots[i].name, domain)) {
			return true;
		}
	}
	return false;
}

uint32_t matrix_end_key(const struct matrix *matrix, const struct matrix_end *end)
{
	return (uint32_t)(end->group ? matrix->zone_count +
					       (size_t)(end->group - matrix->groups)
				     : (size_t)(end->zone - matrix->zones));
}

size_t matrix_end_keys(
	const struct matrix *matrix, const struct matrix_end *end, uint32_t keys[2])
{
	size_t count = 0;
	if (end->group) {
		keys[count++] = (uint32_t)(matrix->zone_count +
					   (size_t)(end->group - matrix->groups));
	}
	if (end->zone && end->zone != &matrix->loopback) {
		keys[count++] = (uint32_t)(end->zone - matrix->zones);
	}
	return count;
}

static int key_order(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int from_order(const void *left, const void *right)
{
	const struct row_key *a = left;
	const struct row_key *b = right;
	int order = key_order(a->from, b->from);
	order = order ? order : key_order(a->to, b->to);
	return order ? order : key_order(a->row, b->row);
}

static int to_order(const void *left, const void *right)
{
	const struct row_key *a = left;
	const struct row_key *b = right;
	int order = key_order(a->to, b->to);
	order = order ? order : key_order(a->from, b->from);
	return order ? order : key_order(a->row, b->row);
}

void matrix_index_rows(struct matrix *matrix)
{
	const size_t count = matrix->row_count;
	for (size_t i = 0; i < count; i++) {
		const struct row_key key = {
			.from = matrix_end_key(matrix, &matrix->rows[i].from),
			.to = matrix_end_key(matrix, &matrix->rows[i].to),
			.row = (uint32_t)i,
		};
		matrix->by_from = list_room(matrix->by_from, i, sizeof(key));
		matrix->by_to = list_room(matrix->by_to, i, sizeof(key));
		matrix->by_from[i] = key;
		matrix->by_to[i] = key;
	}
	for (int i = 0; i < PROTOCOL_COUNT; i++) {
		matrix->allowed_as[i] = matrix_protocols_allowed_as((enum protocol)i);
	}
	if (count > 1) {
		qsort(matrix->by_from, count, sizeof(*matrix->by_from), from_order);
		qsort(matrix->by_to, count, sizeof(*matrix->by_to), to_order);
	}
}

/* The first key not below wanted. */
static const struct row_key *lower_bound(const struct row_key *keys, size_t count,
	const struct row_key *wanted, int (*order)(const void *, const void *))
{
	size_t low = 0;
	size_t high = count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (order(&keys[middle], wanted) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return keys + low;
}

struct row_range matrix_rows_from(
	const struct matrix *matrix, uint32_t from, uint32_t to)
{
	const struct row_key first = {from, to == NAME_NONE ? 0 : to, 0};
	const struct row_key *end = matrix->by_from + matrix->row_count;
	struct row_range range;
	range.at = lower_bound(matrix->by_from, matrix->row_count, &first, from_order);
	range.end = range.at;
	while (range.end < end && range.end->from == from &&
		(to == NAME_NONE || range.end->to == to)) {
		range.end++;
	}
	return range;
}

struct row_range matrix_rows_to(const struct matrix *matrix, uint32_t to)
{
	const struct row_key first = {0, to, 0};
	const struct row_key last = {NAME_NONE, to, NAME_NONE};
	return (struct row_range){
		lower_bound(matrix->by_to, matrix->row_count, &first, to_order),
		lower_bound(matrix->by_to, matrix->row_count, &last, to_order)};
}
