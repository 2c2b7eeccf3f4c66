#include "ship/rendering.h"

#include "ship/rendering_text.h"

#include <string.h>

/* Bare where a reader cannot misread it, else in quotes. */
static void put_pair(struct rendering_text *out, const char *name, const char *value)
{
	const size_t mark = out->len;
	rendering_put(out, out->len > 0 ? " " : "");
	rendering_put(out, name);
	rendering_put(out, "=");
	const bool is_quoted = value[0] == '\0' || strpbrk(value, " \"'=\\") != NULL;
	rendering_put(out, is_quoted ? "\"" : "");
	rendering_put_value(out, value, "\"\\");
	rendering_put(out, is_quoted ? "\"" : "");
	(void)rendering_keep(out, mark);
}

struct leaves {
	struct rendering_text *out;
};

static void put_leaf(void *context, const char *path, const char *value)
{
	const struct leaves *leaves = (const struct leaves *)context;
	put_pair(leaves->out, path, value);
}

/* NOLINTBEGIN(readability-non-const-parameter): written through the struct */
size_t rendering_kv(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
/* NOLINTEND(readability-non-const-parameter) */
{
	struct rendering_text out = {.text = text, .size = size};
	char room[RENDERING_VALUE_BYTES];
	(void)settings;
	for (const struct rendering_field *field = RENDERING_FIELDS; field->name;
		field++) {
		const char *value = rendering_value(event, field->path, room);
		if (value) {
			put_pair(&out, field->name, value);
		}
	}
	if (event->kind == EVENT_STATS) {
		struct leaves leaves = {.out = &out};
		document_visit_numbers(&event->document, "stats", put_leaf, &leaves);
	}
	return out.len;
}
