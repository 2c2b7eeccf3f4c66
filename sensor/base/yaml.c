#include "base/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct reader {
	struct arena *arena;
	struct yaml_error *error;
	struct yaml_node *open[YAML_DEPTH_MAX]; /* containers not yet closed */
	unsigned depth;
	unsigned nodes;
	unsigned documents;
	struct yaml_node *root;
};

static bool fail_at(struct yaml_error *error, const yaml_mark_t *mark,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail_at(
	struct yaml_error *error, const yaml_mark_t *mark, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	error->line = (unsigned)mark->line + 1;
	error->column = (unsigned)mark->column + 1;
	return false;
}

static bool node_add(struct reader *reader, enum yaml_kind kind,
	const yaml_event_t *event, struct yaml_node **out)
{
	const yaml_mark_t *mark = &event->start_mark;
	if (++reader->nodes > YAML_NODES_MAX) {
		return fail_at(reader->error, mark, "more than %u values in one file",
			YAML_NODES_MAX);
	}
	struct yaml_node *node = arena_take(reader->arena, sizeof(*node));
	node->kind = kind;
	node->line = (unsigned)mark->line + 1;
	node->column = (unsigned)mark->column + 1;
	struct yaml_node *parent =
		reader->depth ? reader->open[reader->depth - 1] : NULL;
	if (!parent) {
		reader->root = node;
	} else if (parent->last) {
		parent->last->next = node;
		parent->last = node;
	} else {
		parent->first = node;
		parent->last = node;
	}
	*out = node;
	return true;
}

static bool container_open(
	struct reader *reader, enum yaml_kind kind, const yaml_event_t *event)
{
	if (reader->depth == YAML_DEPTH_MAX) {
		return fail_at(reader->error, &event->start_mark,
			"nested deeper than %u levels; a matrix needs four",
			YAML_DEPTH_MAX);
	}
	struct yaml_node *node = NULL;
	if (!node_add(reader, kind, event, &node)) {
		return false;
	}
	reader->open[reader->depth++] = node;
	return true;
}

static bool scalar_add(struct reader *reader, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	const size_t len = event->data.scalar.length;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f) {
			return fail_at(reader->error, &event->start_mark,
				"a value with a line break or control character");
		}
	}
	struct yaml_node *node = NULL;
	if (!node_add(reader, YAML_SCALAR, event, &node)) {
		return false;
	}
	node->text = arena_text(reader->arena, value, len);
	node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return true;
}

static bool has_mark_up(struct reader *reader, const yaml_event_t *event,
	const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor) {
		(void)fail_at(reader->error, &event->start_mark,
			"anchor \"&%.60s\" is refused: write the value out",
			(const char *)anchor);
	} else if (tag) {
		(void)fail_at(reader->error, &event->start_mark,
			"tag \"%.60s\" is refused: write the plain value",
			(const char *)tag);
	}
	return anchor || tag;
}

static bool document_start(struct reader *reader, const yaml_event_t *event)
{
	if (++reader->documents > 1) {
		return fail_at(reader->error, &event->start_mark,
			"a second document starts here; put it into a file of its own");
	}
	return true;
}

static bool event_take(struct reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return document_start(reader, event);
	case YAML_ALIAS_EVENT:
		return fail_at(reader->error, &event->start_mark,
			"alias \"*%.60s\" is refused: write the value out",
			(const char *)event->data.alias.anchor);
	case YAML_SCALAR_EVENT:
		return !has_mark_up(reader, event, event->data.scalar.anchor,
			       event->data.scalar.tag) &&
		       scalar_add(reader, event);
	case YAML_SEQUENCE_START_EVENT:
		return !has_mark_up(reader, event, event->data.sequence_start.anchor,
			       event->data.sequence_start.tag) &&
		       container_open(reader, YAML_SEQUENCE, event);
	case YAML_MAPPING_START_EVENT:
		return !has_mark_up(reader, event, event->data.mapping_start.anchor,
			       event->data.mapping_start.tag) &&
		       container_open(reader, YAML_MAPPING, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		reader->depth--;
		return true;
	default:
		return true;
	}
}

/* Of the byte at this offset, as an editor counts whose file is in Latin-1. */
static yaml_mark_t mark_of(const char *bytes, size_t offset, bool is_behind)
{
	yaml_mark_t mark = {0};
	/* the parser names the byte that does not go on a letter begun before */
	for (size_t i = 0; is_behind && i < 3 && offset > 0; i++) {
		if ((unsigned char)bytes[--offset] >= 0xc0) {
			break;
		}
	}
	for (size_t i = 0; i < offset; i++) {
		mark.column++;
		if (bytes[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

/* What stands at the mark, whose column counts characters; "" behind the end. */
static const char *text_at(const char *bytes, size_t len, const yaml_mark_t *mark)
{
	const char *at = bytes;
	const char *const end = bytes + len;
	for (size_t line = 0; line < mark->line && at < end; line++) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		at = next ? next + 1 : end;
	}
	for (size_t column = 0; column < mark->column && at < end; column++) {
		do {
			at++;
		} while (at < end && ((unsigned char)*at & 0xc0) == 0x80);
	}
	return at < end ? at : "";
}

/* What the parser could not know; NULL: nothing. */
static const char *hint_at(const char *bytes, size_t len, const yaml_mark_t *mark)
{
	const char *at = text_at(bytes, len, mark);
	if (*at == '\t') {
		return "a tab, where YAML wants spaces";
	}
	return *at == ':' ? "a value that begins with \":\", as an IPv6 address may, "
			    "belongs in quotes"
			  : NULL;
}

static bool parser_failed(const yaml_parser_t *parser, struct yaml_error *error,
	const char *bytes, size_t len)
{
	const char *problem = parser->problem ? parser->problem : "not YAML";
	const char *hint = hint_at(bytes, len, &parser->problem_mark);
	if (parser->error == YAML_READER_ERROR) {
		const size_t offset =
			parser->problem_offset < len ? parser->problem_offset : len;
		const yaml_mark_t mark =
			mark_of(bytes, offset, strstr(problem, "trailing") != NULL);
		(void)fail_at(error, &mark,
			"not text in UTF-8 (is it Latin-1? save it as UTF-8): %s",
			problem);
	} else if (hint) {
		(void)fail_at(error, &parser->problem_mark, "not YAML: %s", hint);
	} else {
		(void)fail_at(error, &parser->problem_mark, "not YAML: %s%s%s", problem,
			parser->context ? " " : "",
			parser->context ? parser->context : "");
	}
	return false;
}

static bool read_events(
	yaml_parser_t *parser, struct reader *reader, const char *bytes, size_t len)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event)) {
			return parser_failed(parser, reader->error, bytes, len);
		}
		const bool is_end = event.type == YAML_STREAM_END_EVENT;
		const bool is_good = event_take(reader, &event);
		yaml_event_delete(&event);
		if (is_end || !is_good) {
			return is_good;
		}
	}
}

static struct yaml_node *empty_document(struct arena *arena)
{
	struct yaml_node *root = arena_take(arena, sizeof(*root));
	root->line = 1;
	root->column = 1;
	root->text = "";
	return root;
}

struct yaml_node *yaml_read(
	struct arena *arena, const char *bytes, size_t len, struct yaml_error *error)
{
	static const yaml_mark_t start = {0};
	yaml_parser_t parser;
	if (len > YAML_BYTES_MAX) {
		(void)fail_at(error, &start, "larger than %zu MB",
			YAML_BYTES_MAX / 1024 / 1024);
		return NULL;
	}
	if (!yaml_parser_initialize(&parser)) {
		(void)fail_at(error, &start, "no memory to read it");
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
	struct reader reader = {.arena = arena, .error = error};
	const bool is_good = read_events(&parser, &reader, bytes, len);
	yaml_parser_delete(&parser);
	if (!is_good) {
		return NULL;
	}
	return reader.root ? reader.root : empty_document(arena);
}

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && !node->is_quoted &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
		       strcmp(node->text, "null") == 0);
}

const char *yaml_kind_name(enum yaml_kind kind)
{
	static const char *const NAMES[] = {
		[YAML_SCALAR] = "a value",
		[YAML_SEQUENCE] = "a list",
		[YAML_MAPPING] = "a mapping",
	};
	return NAMES[kind];
}
