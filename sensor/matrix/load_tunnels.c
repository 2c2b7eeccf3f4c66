#include "matrix/loader.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct tunnel_draft {
	struct matrix_tunnel tunnel;
	struct lookup ends;
};

static void read_kind(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct tunnel_draft *draft = into;
	int kind;
	if (loader_word(loader, value, words_of_tunnels(), "kind", &kind)) {
		draft->tunnel.kind = (enum tunnel_kind)kind;
	}
}

static void read_end(struct loader *loader, const struct yaml_node *item, void *into)
{
	struct tunnel_draft *draft = into;
	const struct loader_owner owner = {"an end of a tunnel", &draft->ends, 0};
	struct network list[NETWORK_RANGE_MAX];
	(void)loader_networks(loader, item, &owner, list);
}

static void read_ends(struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items ENDS = {"ends", read_end};
	loader_list(loader, value, &ENDS, into);
}

static void read_zone(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct tunnel_draft *draft = into;
	const struct matrix *matrix = loader->matrix;
	const char *text = loader_text(loader, value, "zone");
	if (!text) {
		return;
	}
	const uint32_t index = name_table_find(&matrix->zone_names, text);
	if (index != NAME_NONE) {
		draft->tunnel.zone = &matrix->zones[index];
		return;
	}
	struct name_nearest search = {.wrong = text};
	if (loader->suggestion_count++ < LOADER_SUGGESTIONS_MAX) {
		name_nearest_offer_table(&search, &matrix->zone_names);
	}
	char hint[LOADER_HINT_BYTES];
	loader_fail(loader, value, "\"%.63s\" is no declared zone%s", text,
		loader_hint(search.nearest, hint));
}

static const struct loader_key TUNNEL_KEYS[] = {
	{"kind", true, read_kind},
	{"ends", true, read_ends},
	{"zone", false, read_zone},
	{NULL, false, NULL},
};

static bool is_name_free(struct loader *loader, const struct yaml_node *key)
{
	const struct matrix *matrix = loader->matrix;
	for (size_t i = 0; i < matrix->tunnel_count; i++) {
		const struct matrix_tunnel *earlier = &matrix->tunnels[i];
		if (strcmp(earlier->name, key->text) == 0) {
			loader_fail(loader, key,
				"tunnel \"%s\" is already declared (%s:%u)",
				earlier->name, earlier->place.file,
				earlier->place.line);
			return false;
		}
	}
	return true;
}

static void keep(struct matrix *matrix, struct tunnel_draft *draft)
{
	lookup_sort(&draft->ends);
	lookup_compile(&draft->ends);
	struct lookup *ends =
		arena_array(&matrix->arena, 1, sizeof(*ends)); /* a steady place */
	*ends = draft->ends;
	draft->tunnel.ends = ends;
	matrix->tunnels = list_room(
		matrix->tunnels, matrix->tunnel_count, sizeof(*matrix->tunnels));
	matrix->tunnels[matrix->tunnel_count++] = draft->tunnel;
}

void loader_tunnels(struct loader *loader, const struct yaml_node *node)
{
	if (node->kind != YAML_MAPPING) {
		loader_fail(loader, node,
			"\"tunnels\" must be a mapping of names, not %s",
			yaml_kind_name(node->kind));
		return;
	}
	for (const struct yaml_node *key = node->first; key; key = key->next->next) {
		struct tunnel_draft draft = {.tunnel.place = loader_place(loader, key)};
		const char *name = loader_name(loader, key, "tunnel");
		const bool is_free = name && is_name_free(loader, key);
		char what[80];
		(void)snprintf(what, sizeof(what), "tunnel %.63s", name ? name : "");
		loader_mapping(loader, key->next, TUNNEL_KEYS, what, &draft);
		if (is_free) {
			draft.tunnel.name = name;
			draft.tunnel.name_hash = text_hash(text_from(name));
			keep(loader->matrix, &draft);
		} else {
			lookup_free(&draft.ends);
		}
	}
}
