#include "matrix/loader.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct address_owner {
	struct loader_owner owner;
	struct loader_spans *spans;
};

static void read_address(
	struct loader *loader, const struct yaml_node *item, void *into)
{
	const struct address_owner *owner = into;
	struct network list[NETWORK_RANGE_MAX];
	const size_t count = loader_networks(loader, item, &owner->owner, list);
	if (count > 0) {
		const struct loader_span span = {list[0].base,
			network_last(&list[count - 1]), owner->owner.index,
			loader->file, item->line, item->column};
		loader_span_add(owner->spans, &span);
	}
}

static const struct loader_items ADDRESSES = {"addresses", read_address};

/* Zones and groups share one space of names: a row's end is one word. */
static bool name_is_free(struct loader *loader, const struct yaml_node *key,
	const char *name, const char *what)
{
	const struct matrix *matrix = loader->matrix;
	const struct matrix_place *place = NULL;
	const char *kind = "zone";
	uint32_t index = name_table_find(&matrix->zone_names, name);
	if (index != NAME_NONE) {
		place = &matrix->zones[index].place;
	} else {
		index = name_table_find(&matrix->group_names, name);
		place = index != NAME_NONE ? &matrix->groups[index].place : NULL;
		kind = "group";
	}
	if (strcmp(name, "internet") == 0) {
		loader_fail(loader, key,
			"%s \"internet\" is reserved: it is every address that no zone "
			"holds",
			what);
	} else if (place) {
		loader_fail(loader, key,
			"%s \"%s\" is already the name of a %s (%s:%u)", what, name,
			kind, place->file, place->line);
	}
	return !place && strcmp(name, "internet") != 0;
}

static const char *end_name(
	struct loader *loader, const struct yaml_node *key, const char *what)
{
	const char *name = loader_name(loader, key, what);
	struct address address;
	if (name && address_parse(name, &address)) {
		loader_fail(loader, key, "%s \"%s\" looks like an address", what, name);
		return NULL;
	}
	return name;
}

static bool is_mapping_of(
	struct loader *loader, const struct yaml_node *node, const char *what)
{
	if (node->kind != YAML_MAPPING && !yaml_is_null(node)) {
		loader_fail(loader, node, "\"%s\" must be a mapping of names, not %s",
			what, yaml_kind_name(node->kind));
	}
	return node->kind == YAML_MAPPING;
}

static void read_zone(struct loader *loader, const struct yaml_node *key)
{
	struct matrix *matrix = loader->matrix;
	const char *name = end_name(loader, key, "zone");
	const uint32_t index = (uint32_t)matrix->zone_count;
	if (name && name_is_free(loader, key, name, "zone")) {
		(void)name_table_add(&matrix->zone_names, name, index);
	}
	matrix->zones = list_room(matrix->zones, index, sizeof(*matrix->zones));
	matrix->zones[index] =
		(struct matrix_zone){name ? name : "", loader_place(loader, key)};
	matrix->zone_count++;
	struct address_owner owner = {
		{"an address", &matrix->zone_prefixes, index}, &loader->zone_spans};
	if (yaml_is_null(key->next)) {
		loader_fail(loader, key, "zone \"%.60s\" has no addresses",
			name ? name : "");
	} else {
		loader_list(loader, key->next, &ADDRESSES, &owner);
	}
}

void loader_zones(struct loader *loader, const struct yaml_node *node, void *unused)
{
	(void)unused;
	if (!is_mapping_of(loader, node, "zones")) {
		return;
	}
	for (const struct yaml_node *key = node->first; key; key = key->next->next) {
		read_zone(loader, key);
	}
}

struct group_draft {
	struct loader_acceptance accepted; /* first: see there */
	struct matrix_group group;
	uint32_t index;
	const char **names;            /* malloced while it grows */
	const struct yaml_node *trust; /* of a name that TLS shows, or NULL */
};

static void read_role(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct group_draft *draft = into;
	int role;
	if (loader_word(loader, value, words_of_roles(), "role", &role)) {
		draft->group.role = (enum matrix_role)role;
	}
}

static void read_service(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct group_draft *draft = into;
	int service;
	if (loader_word(loader, value, words_of_services(), "service", &service)) {
		draft->group.service = (enum matrix_service)service;
	}
}

static void read_addresses(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct group_draft *draft = into;
	struct address_owner owner = {
		{"an address", &loader->matrix->group_prefixes, draft->index},
		&loader->group_spans};
	draft->group.has_addresses = true;
	loader_list(loader, value, &ADDRESSES, &owner);
}

/* Letters, digits and hyphens, labels of 1 to 63. */
bool loader_is_host_name(const char *text)
{
	size_t label = 0;
	if (text[0] == '*' && text[1] == '.') {
		text += 2;
	}
	if (strlen(text) > 253) {
		return false;
	}
	for (; *text; text++) {
		const bool is_dot = *text == '.';
		const bool is_good = isalnum((unsigned char)*text) || *text == '-' ||
				     *text == '_' || is_dot;
		if (!is_good || (is_dot && label == 0) || label > 62 + (size_t)is_dot) {
			return false;
		}
		label = is_dot ? 0 : label + 1;
	}
	return label > 0;
}

static void read_host(struct loader *loader, const struct yaml_node *item, void *into)
{
	struct group_draft *draft = into;
	struct matrix *matrix = loader->matrix;
	const char *text = loader_text(loader, item, "a name");
	if (!text) {
		return;
	}
	if (!loader_is_host_name(text)) {
		loader_fail(loader, item,
			"\"%.80s\" is no DNS name (mail.example.org or *.example.org)",
			text);
		return;
	}
	char *lower = arena_take(&matrix->arena, strlen(text) + 1);
	for (size_t i = 0; text[i]; i++) {
		lower[i] = (char)tolower((unsigned char)text[i]);
	}
	const uint32_t earlier = name_table_add(&matrix->hosts, lower, draft->index);
	if (earlier != NAME_NONE) {
		const char *other = earlier == draft->index
					    ? "this group"
					    : matrix->groups[earlier].name;
		loader_fail(loader, item, "name \"%.80s\" is already declared by %s",
			lower, other);
		return;
	}
	matrix->host_bits |= matrix_host_bit(lower, strlen(lower));
	matrix->has_wild_hosts = matrix->has_wild_hosts || lower[0] == '*';
	draft->names =
		list_room(draft->names, draft->group.name_count, sizeof(*draft->names));
	draft->names[draft->group.name_count++] = lower;
}

static void read_hosts(struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items HOSTS = {"names", read_host};
	loader_list(loader, value, &HOSTS, into);
}

static bool read_trust(struct loader *loader, const struct yaml_node *value,
	const char *key, struct group_draft *draft)
{
	int trust;
	draft->trust = value;
	return loader_word(loader, value, words_of_trust(), key, &trust) && trust != 0;
}

static void read_sni(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct group_draft *draft = into;
	draft->group.is_sni_trusted = read_trust(loader, value, "sni", draft);
}

static void read_certificate(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct group_draft *draft = into;
	draft->group.is_certificate_trusted =
		read_trust(loader, value, "certificate", draft);
}

static void read_comment(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct group_draft *draft = into;
	loader_note(loader, value, "comment", &draft->group.comment);
}

static const struct loader_key GROUP_KEYS[] = {
	{"role", true, read_role},
	{"service", false, read_service},
	{"addresses", false, read_addresses},
	{"names", false, read_hosts},
	{"sni", false, read_sni},
	{"certificate", false, read_certificate},
	{"owner", false, loader_owner_note},
	{"comment", false, read_comment},
	{"accepts", false, loader_accepts},
	{"reason", false, loader_reason},
	{"until", false, loader_until},
	{NULL, false, NULL},
};

static void keep_names(struct matrix *matrix, struct group_draft *draft)
{
	const size_t count = draft->group.name_count;
	if (count > 0) {
		const char **kept = arena_array(&matrix->arena, count, sizeof(*kept));
		memcpy(kept, draft->names, count * sizeof(*kept));
		draft->group.names = kept;
	}
	list_free(draft->names);
}

static void read_group(struct loader *loader, const struct yaml_node *key)
{
	struct matrix *matrix = loader->matrix;
	const char *name = end_name(loader, key, "group");
	struct group_draft draft = {.index = (uint32_t)matrix->group_count};
	draft.group.name = name ? name : "";
	draft.group.is_certificate_trusted = true;
	draft.group.place = loader_place(loader, key);
	if (name && name_is_free(loader, key, name, "group")) {
		(void)name_table_add(&matrix->group_names, name, draft.index);
	}
	matrix->groups =
		list_room(matrix->groups, matrix->group_count, sizeof(*matrix->groups));
	matrix->groups[matrix->group_count++] = draft.group;
	char what[80];
	(void)snprintf(what, sizeof(what), "group %s", draft.group.name);
	loader_mapping(loader, key->next, GROUP_KEYS, what, &draft);
	draft.group.owner = draft.accepted.acceptance.owner;
	draft.group.acceptance = loader_acceptance(loader, &draft.accepted, what);
	if (key->next->kind == YAML_MAPPING && !draft.group.has_addresses &&
		draft.group.name_count == 0) {
		loader_fail(loader, key, "%s has no \"addresses\"", what);
	}
	if (draft.trust && draft.group.name_count == 0) {
		loader_fail(loader, draft.trust,
			"%s has no \"names\" that TLS could show", what);
	}
	matrix->has_resolvers |= draft.group.role == MATRIX_ROLE_RESOLVER;
	keep_names(matrix, &draft);
	matrix->groups[draft.index] = draft.group;
}

void loader_groups(struct loader *loader, const struct yaml_node *node, void *unused)
{
	(void)unused;
	if (!is_mapping_of(loader, node, "groups")) {
		return;
	}
	for (const struct yaml_node *key = node->first; key; key = key->next->next) {
		read_group(loader, key);
	}
}

/* A group stands in the zone of its first address. */
static void place_groups(struct matrix *matrix)
{
	const struct lookup *groups = &matrix->group_prefixes;
	matrix->group_zones = list_new(matrix->group_count + 1, sizeof(uint32_t));
	for (size_t i = groups->prefix_count; i-- > 0;) {
		const struct lookup_prefix *prefix = &groups->prefixes[i];
		const struct lookup_prefix *zone =
			lookup_find(&matrix->zone_prefixes, &prefix->network.base);
		matrix->group_zones[prefix->owner] = zone ? zone->owner : 0;
	}
}

void loader_finish_groups(struct loader *loader)
{
	struct matrix *matrix = loader->matrix;
	lookup_sort(&matrix->zone_prefixes);
	lookup_sort(&matrix->group_prefixes);
	loader_find_overlaps(loader, &matrix->zone_prefixes, &loader->zone_spans);
	loader_find_overlaps(loader, &matrix->group_prefixes, &loader->group_spans);
	lookup_compile(&matrix->zone_prefixes);
	lookup_compile(&matrix->group_prefixes);
	place_groups(matrix);
}
