#include "matrix/loader.h"

#include <stdlib.h>
#include <string.h>

struct owners {
	struct loader *loader;
	bool are_zones;
};

static const char *owner_name(const struct owners *owners, uint32_t owner)
{
	const struct matrix *matrix = owners->loader->matrix;
	return owners->are_zones ? matrix->zones[owner].name
				 : matrix->groups[owner].name;
}

static int compare(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static void tell(struct owners *owners, const struct loader_span *earlier,
	const struct loader_span *later, const char *what)
{
	struct loader *loader = owners->loader;
	const struct yaml_node at = {.line = later->line, .column = later->column};
	loader->file = later->file;
	loader_fail(loader, &at, "%s is in two %s: %s (%s:%u) and %s", what,
		owners->are_zones ? "zones" : "groups",
		owner_name(owners, earlier->owner),
		loader->matrix->files[earlier->file], earlier->line,
		owner_name(owners, later->owner));
}

static struct loader_span span_of(const struct lookup_prefix *prefix)
{
	return (struct loader_span){.owner = prefix->owner,
		.file = prefix->file,
		.line = prefix->line,
		.column = prefix->column};
}

/* Equal prefixes are neighbours; one range is told once, not per prefix of it. */
static void find_equal(struct owners *owners, const struct lookup *lookup)
{
	struct loader_span told = {.line = 0};
	for (size_t i = 1; i < lookup->prefix_count; i++) {
		const struct lookup_prefix *a = &lookup->prefixes[i - 1];
		const struct lookup_prefix *b = &lookup->prefixes[i];
		const bool is_told = told.file == b->file && told.line == b->line &&
				     told.column == b->column;
		if (a->owner == b->owner || a->network.bits != b->network.bits ||
			compare(&a->network.base, &b->network.base) != 0 || is_told) {
			continue;
		}
		char text[NETWORK_TEXT_BYTES];
		const struct loader_span earlier = span_of(a);
		told = span_of(b);
		tell(owners, &earlier, &told, network_text(&b->network, text));
	}
}

static int span_order(const void *left, const void *right)
{
	const struct loader_span *a = left;
	const struct loader_span *b = right;
	const int order = compare(&a->first, &b->first);
	return order ? order : compare(&b->last, &a->last);
}

/*
 * Spans sorted by their start, wider first. Going along, around[] holds the spans
 * that are open; one that ends inside the next crosses it.
 */
static void find_crossing(struct owners *owners, const struct loader_spans *spans)
{
	const struct loader_span **around =
		calloc(spans->count + 1, sizeof(const struct loader_span *));
	if (!around) {
		abort();
	}
	size_t depth = 0;
	for (size_t i = 0; i < spans->count; i++) {
		const struct loader_span *span = &spans->list[i];
		while (depth > 0 &&
			compare(&around[depth - 1]->last, &span->first) < 0) {
			depth--;
		}
		const struct loader_span *outer = depth ? around[depth - 1] : NULL;
		if (outer && compare(&outer->last, &span->last) < 0 &&
			outer->owner != span->owner) {
			char text[ADDRESS_TEXT_BYTES];
			tell(owners, outer, span, address_text(&span->first, text));
		}
		around[depth++] = span;
	}
	free(around);
}

void loader_span_add(struct loader_spans *spans, const struct loader_span *span)
{
	spans->list = list_room(spans->list, spans->count, sizeof(*spans->list));
	spans->list[spans->count++] = *span;
}

void loader_find_overlaps(
	struct loader *loader, const struct lookup *lookup, struct loader_spans *spans)
{
	struct owners owners = {loader, spans == &loader->zone_spans};
	find_equal(&owners, lookup);
	if (spans->count > 1) {
		qsort(spans->list, spans->count, sizeof(*spans->list), span_order);
		find_crossing(&owners, spans);
	}
}
