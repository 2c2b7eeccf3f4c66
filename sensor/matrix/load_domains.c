#include "matrix/loader.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct domain_draft {
	struct matrix_domain domain;
	const char **selectors; /* malloced */
	struct loader_sources senders;
	struct loader_sources forwarders;
	const struct yaml_node *of_own; /* what only an own domain has, or NULL */
};

static void group_add(struct loader_sources *draft, const struct matrix_group *group)
{
	for (size_t i = 0; i < draft->group_count; i++) {
		if (draft->groups[i] == group) {
			return;
		}
	}
	// NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers
	const size_t size = sizeof(*draft->groups);
	draft->groups = list_room(draft->groups, draft->group_count, size);
	draft->groups[draft->group_count++] = group;
}

static void read_source(struct loader *loader, const struct yaml_node *item,
	struct loader_sources *draft)
{
	const struct matrix *matrix = loader->matrix;
	const char *text = loader_text(loader, item, "who may send");
	struct network list[NETWORK_RANGE_MAX];
	struct reason why;
	if (!text) {
		return;
	}
	if (network_parse(text, list, &why) > 0) {
		const struct loader_owner owner = {"an address", &draft->addresses, 0};
		(void)loader_networks(loader, item, &owner, list);
		return;
	}
	const uint32_t index = name_table_find(&matrix->group_names, text);
	if (index != NAME_NONE) {
		group_add(draft, &matrix->groups[index]);
		return;
	}
	struct name_nearest search = {.wrong = text};
	if (loader->suggestion_count++ < LOADER_SUGGESTIONS_MAX) {
		name_nearest_offer_table(&search, &matrix->group_names);
	}
	char hint[LOADER_HINT_BYTES];
	loader_fail(loader, item,
		"\"%.63s\" is neither a declared group nor addresses%s", text,
		loader_hint(search.nearest, hint));
}

static void read_sender(struct loader *loader, const struct yaml_node *item, void *into)
{
	struct domain_draft *draft = into;
	read_source(loader, item, &draft->senders);
}

static void read_senders(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items SENDERS = {"senders", read_sender};
	struct domain_draft *draft = into;
	draft->of_own = value;
	loader_list(loader, value, &SENDERS, into);
}

static void read_forwarder(
	struct loader *loader, const struct yaml_node *item, void *into)
{
	struct domain_draft *draft = into;
	read_source(loader, item, &draft->forwarders);
}

static void read_forwarders(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items FORWARDERS = {"forwarders", read_forwarder};
	struct domain_draft *draft = into;
	draft->of_own = value;
	loader_list(loader, value, &FORWARDERS, into);
}

static void read_selector(
	struct loader *loader, const struct yaml_node *item, void *into)
{
	struct domain_draft *draft = into;
	const char *text = loader_text(loader, item, "a selector");
	if (!text) {
		return;
	}
	if (!loader_is_host_name(text) || text[0] == '*') {
		loader_fail(loader, item,
			"\"%.80s\" is no selector of DKIM: labels of letters, digits "
			"and "
			"\"-\"",
			text);
		return;
	}
	// NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers
	const size_t size = sizeof(*draft->selectors);
	draft->selectors =
		list_room(draft->selectors, draft->domain.selector_count, size);
	draft->selectors[draft->domain.selector_count++] =
		arena_text(&loader->matrix->arena, text, strlen(text));
}

static void read_selectors(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items SELECTORS = {"selectors", read_selector};
	struct domain_draft *draft = into;
	draft->of_own = value;
	loader_list(loader, value, &SELECTORS, into);
}

static void read_own(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct domain_draft *draft = into;
	int answer;
	if (loader_word(loader, value, words_of_answers(), "own", &answer)) {
		draft->domain.is_own = answer != 0;
	}
}

static const struct loader_key DOMAIN_KEYS[] = {
	{"own", false, read_own},
	{"selectors", false, read_selectors},
	{"senders", false, read_senders},
	{"forwarders", false, read_forwarders},
	{NULL, false, NULL},
};

/* In lower case, or NULL with an error said. */
static const char *domain_name(struct loader *loader, const struct yaml_node *key)
{
	const char *text = loader_text(loader, key, "a domain");
	if (!text) {
		return NULL;
	}
	const size_t len = strlen(text);
	if (!loader_is_host_name(text) || text[0] == '*' || !strchr(text, '.') ||
		len >= MATRIX_DOMAIN_BYTES) {
		loader_fail(loader, key,
			"\"%.80s\" is no mail domain such as example.org, of at most "
			"%d "
			"bytes",
			text, MATRIX_DOMAIN_BYTES - 1);
		return NULL;
	}
	char *lower = arena_take(&loader->matrix->arena, len + 1);
	for (size_t i = 0; i <= len; i++) {
		lower[i] = (char)tolower((unsigned char)text[i]);
	}
	return lower;
}

static bool is_domain_free(
	struct loader *loader, const struct yaml_node *key, const char *name)
{
	const struct matrix *matrix = loader->matrix;
	const uint32_t earlier = name_table_find(&matrix->domain_names, name);
	if (earlier == NAME_NONE) {
		return true;
	}
	const struct matrix_place *place = &matrix->domains[earlier].place;
	loader_fail(loader, key, "domain \"%s\" is already declared (%s:%u)", name,
		place->file, place->line);
	return false;
}

/* To a steady place; what was malloced belongs to the matrix, or is given up. */
static struct matrix_sources sources_keep(
	struct matrix *matrix, struct loader_sources *draft)
{
	struct matrix_sources sources = {.group_count = draft->group_count};
	if (draft->addresses.prefix_count > 0) {
		struct lookup *addresses =
			arena_array(&matrix->arena, 1, sizeof(*addresses));
		lookup_sort(&draft->addresses);
		lookup_compile(&draft->addresses);
		*addresses = draft->addresses;
		sources.addresses = addresses;
	}
	if (draft->group_count > 0) {
		// NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers
		const size_t size = sizeof(*draft->groups);
		const struct matrix_group **groups =
			arena_array(&matrix->arena, draft->group_count, size);
		memcpy(groups, draft->groups, draft->group_count * size);
		sources.groups = groups;
	}
	list_free(draft->groups);
	return sources;
}

static void forwarders_add(
	struct loader_sources *all, const struct loader_sources *some)
{
	for (size_t i = 0; i < some->addresses.prefix_count; i++) {
		lookup_add(&all->addresses, &some->addresses.prefixes[i]);
	}
	for (size_t i = 0; i < some->group_count; i++) {
		group_add(all, some->groups[i]);
	}
}

static void selectors_keep(struct matrix *matrix, struct domain_draft *draft)
{
	const size_t count = draft->domain.selector_count;
	if (count > 0) {
		// NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers
		const size_t size = sizeof(*draft->selectors);
		const char **kept = arena_array(&matrix->arena, count, size);
		memcpy(kept, draft->selectors, count * size);
		draft->domain.selectors = kept;
	}
	list_free(draft->selectors);
}

static void read_domain(struct loader *loader, const struct yaml_node *key)
{
	struct matrix *matrix = loader->matrix;
	const struct yaml_node *value = key->next;
	struct domain_draft draft = {
		.domain = {.is_own = true, .place = loader_place(loader, key)}};
	const char *name = domain_name(loader, key);
	const bool is_kept = name && is_domain_free(loader, key, name);
	draft.domain.name = name ? name : "";
	char what[80];
	(void)snprintf(what, sizeof(what), "domain %.63s", draft.domain.name);
	/* else nothing more is said of it */
	if (!yaml_is_null(value) && (!value->text || value->text[0] != '\0')) {
		loader_mapping(loader, value, DOMAIN_KEYS, what, &draft);
	}
	if (draft.of_own && !draft.domain.is_own) {
		loader_fail(loader, draft.of_own,
			"%s is not our own: selectors, senders and forwarders are its "
			"owner's matter",
			what);
	}
	forwarders_add(&loader->forwarders, &draft.forwarders);
	selectors_keep(matrix, &draft);
	draft.domain.senders = sources_keep(matrix, &draft.senders);
	draft.domain.forwarders = sources_keep(matrix, &draft.forwarders);
	matrix->domains = list_room(
		matrix->domains, matrix->domain_count, sizeof(*matrix->domains));
	matrix->domains[matrix->domain_count] = draft.domain;
	matrix->has_own_domains |= draft.domain.is_own;
	if (is_kept) {
		(void)name_table_add(
			&matrix->domain_names, name, (uint32_t)matrix->domain_count);
	}
	matrix->domain_count++;
}

void loader_domains(struct loader *loader, const struct yaml_node *node)
{
	if (node->kind != YAML_MAPPING) {
		loader_fail(loader, node,
			"\"domains\" must be a mapping of names, not %s",
			yaml_kind_name(node->kind));
		return;
	}
	for (const struct yaml_node *key = node->first; key; key = key->next->next) {
		read_domain(loader, key);
	}
}

void loader_finish_domains(struct loader *loader)
{
	loader->matrix->forwarders = sources_keep(loader->matrix, &loader->forwarders);
}
