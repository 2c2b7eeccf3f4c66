#include "matrix/loader.h"

#include <stdio.h>
#include <string.h>

static const struct word KINDS[] = {
	{"allow", MATRIX_LIST_ALLOW},
	{"temporary", MATRIX_LIST_TEMPORARY},
	{"deny", MATRIX_LIST_DENY},
	{NULL, 0},
};

static const struct word FORMATS[] = {
	{"plain", MATRIX_LIST_FORMAT_PLAIN},
	{"csv", MATRIX_LIST_FORMAT_CSV},
	{"ndjson", MATRIX_LIST_FORMAT_NDJSON},
	{"hosts", MATRIX_LIST_FORMAT_HOSTS},
	{"ipset", MATRIX_LIST_FORMAT_IPSET},
	{"nft", MATRIX_LIST_FORMAT_NFT},
	{NULL, 0},
};

/* As EVE numbers them. */
static const struct word SEVERITIES[] = {
	{"critical", 1},
	{"high", 2},
	{"medium", 3},
	{"low", 4},
	{NULL, 0},
};

#define SEVERITY_OF_DENY      2
#define SEVERITY_OF_TEMPORARY 3

struct list_draft {
	struct matrix_list list;
	const struct yaml_node *severity; /* its value; NULL without */
};

const char *matrix_list_kind_name(enum matrix_list_kind kind)
{
	return word_name(KINDS, (int)kind);
}

static void read_kind(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct list_draft *draft = into;
	int kind;
	if (loader_word(loader, value, KINDS, "kind", &kind)) {
		draft->list.kind = (enum matrix_list_kind)kind;
	}
}

/* From the folder of the matrix that names it. */
static void read_file(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct list_draft *draft = into;
	struct matrix *matrix = loader->matrix;
	const char *text = loader_text(loader, value, "file");
	const char *of = matrix->files[loader->file];
	const char *slash = strrchr(of, '/');
	char path[512];
	if (!text) {
		return;
	}
	const int folder = text[0] == '/' || !slash ? 0 : (int)(slash - of) + 1;
	const int len = snprintf(path, sizeof(path), "%.*s%s", folder, of, text);
	if (len >= 256) {
		loader_fail(loader, value, "the file's path is longer than 255");
		return;
	}
	draft->list.file = arena_text(&matrix->arena, path, (size_t)len);
}

static void read_format(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct list_draft *draft = into;
	int format;
	if (loader_word(loader, value, FORMATS, "format", &format)) {
		draft->list.format = (enum matrix_list_format)format;
	}
}

static void read_severity(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct list_draft *draft = into;
	int severity;
	if (loader_word(loader, value, SEVERITIES, "severity", &severity)) {
		draft->list.severity = (uint8_t)severity;
		draft->severity = value;
	}
}

static void read_shrinks(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct word ANSWERS[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
	struct list_draft *draft = into;
	int answer;
	if (loader_word(loader, value, ANSWERS, "shrinks", &answer)) {
		draft->list.may_shrink = answer == 1;
	}
}

static const struct loader_key LIST_KEYS[] = {
	{"kind", true, read_kind},
	{"file", false, read_file},
	{"format", false, read_format},
	{"severity", false, read_severity},
	{"shrinks", false, read_shrinks},
	{NULL, false, NULL},
};

static bool is_name_free(struct loader *loader, const struct yaml_node *key)
{
	const struct matrix *matrix = loader->matrix;
	if (matrix->list_count == MATRIX_LISTS_MAX) {
		loader_fail(
			loader, key, "there are more than %d lists", MATRIX_LISTS_MAX);
		return false;
	}
	for (size_t i = 0; i < matrix->list_count; i++) {
		const struct matrix_list *earlier = &matrix->lists[i];
		if (strcmp(earlier->name, key->text) == 0) {
			loader_fail(loader, key,
				"list \"%s\" is already declared (%s:%u)",
				earlier->name, earlier->place.file,
				earlier->place.line);
			return false;
		}
	}
	return true;
}

static void finish(struct loader *loader, struct list_draft *draft)
{
	struct matrix *matrix = loader->matrix;
	struct matrix_list *list = &draft->list;
	if (list->kind == MATRIX_LIST_ALLOW && draft->severity) {
		loader_fail(loader, draft->severity,
			"a list of kind allow raises no alert, so it has no "
			"severity");
	} else if (list->kind != MATRIX_LIST_ALLOW && !draft->severity) {
		list->severity = list->kind == MATRIX_LIST_DENY ? SEVERITY_OF_DENY
								: SEVERITY_OF_TEMPORARY;
	}
	matrix->lists =
		list_room(matrix->lists, matrix->list_count, sizeof(*matrix->lists));
	matrix->lists[matrix->list_count++] = *list;
}

void loader_lists(struct loader *loader, const struct yaml_node *node, void *unused)
{
	(void)unused;
	if (node->kind != YAML_MAPPING) {
		loader_fail(loader, node,
			"\"lists\" must be a mapping of names, not %s",
			yaml_kind_name(node->kind));
		return;
	}
	for (const struct yaml_node *key = node->first; key; key = key->next->next) {
		struct list_draft draft = {.list.place = loader_place(loader, key)};
		const char *name = loader_name(loader, key, "list");
		const bool is_free = name && is_name_free(loader, key);
		char what[80];
		(void)snprintf(what, sizeof(what), "list %.63s", name ? name : "");
		loader_mapping(loader, key->next, LIST_KEYS, what, &draft);
		if (is_free) {
			draft.list.name = name;
			finish(loader, &draft);
		}
	}
}
