#include "base/document.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_BYTES 64
#define PATH_BYTES 256
#define US_PER_S   UINT64_C(1000000)

bool document_parse(struct document *document, const char *text, size_t len)
{
	json_error_t error;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (root && !json_is_object(root)) {
		json_decref(root);
		root = NULL;
	}
	document->root = root;
	return root != NULL;
}

bool document_start(struct document *document)
{
	document->root = json_object();
	return document->root != NULL;
}

void document_free(struct document *document)
{
	json_decref(document->root);
	document->root = NULL;
}

/* The next name of a path into room; returns what is left of it, or NULL at its end. */
static const char *take_name(const char *path, char name[NAME_BYTES])
{
	const char *dot = strchr(path, '.');
	const size_t len = dot ? (size_t)(dot - path) : strlen(path);
	const size_t kept = len < NAME_BYTES ? len : NAME_BYTES - 1;
	memcpy(name, path, kept);
	name[kept] = '\0';
	return dot ? dot + 1 : NULL;
}

static json_t *find_value(const struct document *document, const char *path)
{
	json_t *value = document->root;
	char name[NAME_BYTES];
	while (path && value) {
		path = take_name(path, name);
		value = json_is_array(value)
				? json_array_get(value, strtoul(name, NULL, 10))
				: json_object_get(value, name);
	}
	return value;
}

const char *document_text(const struct document *document, const char *path)
{
	return json_string_value(find_value(document, path));
}

bool document_number(
	const struct document *document, const char *path, uint64_t *number)
{
	const json_t *value = find_value(document, path);
	if (!json_is_integer(value) || json_integer_value(value) < 0) {
		return false;
	}
	*number = (uint64_t)json_integer_value(value);
	return true;
}

bool document_flag(const struct document *document, const char *path, bool *is_true)
{
	const json_t *value = find_value(document, path);
	if (!json_is_boolean(value)) {
		return false;
	}
	*is_true = json_is_true(value);
	return true;
}

static uint64_t read_time(const char *text)
{
	struct tm parts = {.tm_isdst = 0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
	if (!rest || *rest != '.') {
		return 0;
	}
	uint64_t fraction_us = 0;
	unsigned digits = 0;
	for (rest++; *rest >= '0' && *rest <= '9' && digits < 6; rest++, digits++) {
		fraction_us = fraction_us * 10 + (uint64_t)(*rest - '0');
	}
	const time_t seconds = timegm(&parts);
	return digits == 6 && seconds >= 0 ? (uint64_t)seconds * US_PER_S + fraction_us
					   : 0;
}

uint64_t document_time(const struct document *document, const char *path)
{
	return read_time(document_text(document, path));
}

int64_t document_date(const struct document *document, const char *path)
{
	const char *text = document_text(document, path);
	struct tm parts = {.tm_isdst = 0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
	return rest && *rest == '\0' ? (int64_t)timegm(&parts) : 0;
}

bool document_has(const struct document *document, const char *path)
{
	return find_value(document, path) != NULL;
}

size_t document_count(const struct document *document, const char *path)
{
	return json_array_size(find_value(document, path));
}

const char *document_item(
	const struct document *document, const char *path, size_t index)
{
	return json_string_value(json_array_get(find_value(document, path), index));
}

struct visit {
	void (*number)(void *context, const char *path, const char *number);
	void *context;
};

/* NOLINTNEXTLINE(misc-no-recursion): bounded by the length of the path */
static void visit_below(const struct visit *visit, json_t *object, const char *path)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value)
	{
		char below[4 * NAME_BYTES];
		char number[24];
		(void)snprintf(below, sizeof(below), "%s%s%s", path,
			path[0] != '\0' ? "." : "", name);
		if (json_is_integer(value)) {
			(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
				json_integer_value(value));
			visit->number(visit->context, below, number);
		} else if (json_is_object(value) && strlen(below) < sizeof(below) / 2) {
			visit_below(visit, value, below); /* no deeper than that */
		}
	}
}

void document_visit_numbers(const struct document *document, const char *path,
	void (*visit)(void *context, const char *path, const char *number),
	void *context)
{
	const struct visit all = {.number = visit, .context = context};
	visit_below(&all, find_value(document, path), "");
}

void document_visit_members(const struct document *document, const char *path,
	void (*visit)(void *context, const char *name), void *context)
{
	const char *name;
	json_t *value;
	json_object_foreach(find_value(document, path), name, value)
	{
		visit(context, name);
	}
}

/* The object that holds the last name of the path; made where missing. */
static json_t *holder_of(struct document *document, const char *path, char *name)
{
	json_t *holder = document->root;
	for (path = take_name(path, name); path && holder;
		path = take_name(path, name)) {
		json_t *inner = json_object_get(holder, name);
		if (!inner) {
			inner = json_object();
			(void)json_object_set_new(holder, name, inner);
		}
		holder = inner;
	}
	return holder;
}

/* Without memory the member is missing. */
static void set_member(struct document *document, const char *path, json_t *value)
{
	char name[NAME_BYTES];
	json_t *holder = holder_of(document, path, name);
	(void)json_object_set_new(holder, name, value);
}

void document_set_text(struct document *document, const char *path, const char *text)
{
	if (text && text[0] != '\0') {
		set_member(document, path, json_string(text));
	}
}

void document_set_number(struct document *document, const char *path, uint64_t number)
{
	set_member(document, path, json_integer((json_int_t)number));
}

void document_set_flag(struct document *document, const char *path, bool is_true)
{
	set_member(document, path, json_boolean(is_true));
}

void document_remove(struct document *document, const char *path)
{
	char rest[PATH_BYTES];
	char name[NAME_BYTES];
	char *dot = rest;
	(void)snprintf(rest, sizeof(rest), "%s", path);
	while (dot) { /* no object stays empty: each turn takes a name off the path */
		json_t *holder = holder_of(document, rest, name);
		(void)json_object_del(holder, name);
		dot = json_object_size(holder) == 0 ? strrchr(rest, '.') : NULL;
		if (dot) {
			*dot = '\0';
		}
	}
}

void document_copy_within(struct document *document, const struct document *from,
	const char *const *paths, size_t size)
{
	for (; *paths; paths++) {
		document_copy(document, *paths, from, *paths);
		if (document_write(document, NULL, 0) > size) {
			document_remove(document, *paths);
		}
	}
}

void document_add_text(struct document *document, const char *path, const char *text)
{
	if (!text || text[0] == '\0') {
		return;
	}
	json_t *list = find_value(document, path);
	if (!list) {
		set_member(document, path, json_array());
		list = find_value(document, path);
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));
		if (item && strcmp(item, text) == 0) {
			return;
		}
	}
	(void)json_array_append_new(list, json_string(text));
}

void document_copy(struct document *document, const char *path,
	const struct document *from, const char *from_path)
{
	json_t *value = find_value(from, from_path);
	if (value && !json_is_null(value)) {
		set_member(document, path, json_deep_copy(value));
	}
}

struct sink {
	char *text;
	size_t size;
	size_t len; /* of all of it, whether it fits or not */
};

static void sink_put(struct sink *sink, const char *bytes, size_t len)
{
	if (sink->len <= sink->size && len <= sink->size - sink->len) {
		memcpy(sink->text + sink->len, bytes, len);
	}
	sink->len += len;
}

/* The library escapes C0 alone; what steers a terminal is escaped in the record, too. */
static int put_escaped(const char *bytes, size_t len, void *context)
{
	struct sink *sink = (struct sink *)context;
	size_t more;
	for (size_t at = 0; at < len;
		at += more) { /* whole characters, checked by it */
		char escape[16];
		uint32_t code = 0;
		more = utf8_read(bytes + at, &code);
		if (more == 0) {
			return -1;
		}
		if (code >= ' ' && utf8_is_control(code)) {
			(void)snprintf(escape, sizeof(escape), "\\u%04" PRIx32, code);
			sink_put(sink, escape, strlen(escape));
		} else {
			sink_put(sink, bytes + at, more);
		}
	}
	return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written through the struct */
size_t document_write(const struct document *document, char *text, size_t size)
{
	struct sink sink = {.text = text, .size = size};
	return json_dump_callback(document->root, put_escaped, &sink, JSON_COMPACT) == 0
		       ? sink.len
		       : 0;
}
