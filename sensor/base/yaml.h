/*
 * base/yaml - one YAML document as a tree of located nodes.
 *
 * In: bytes of a file. Out: a tree in an arena, every node with its line and
 * column, bounded in depth, nodes and size. Refuses what no file of ours needs and
 * what makes YAML dangerous to read: anchors, aliases, tags, a second document.
 * Knows nothing of matrices. The only file that speaks to libyaml.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

#define YAML_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define YAML_NODES_MAX 2000000u
#define YAML_DEPTH_MAX 32u

enum yaml_kind { YAML_SCALAR = 0, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	bool is_quoted;          /* scalar: written in quotes or as a block */
	unsigned line;           /* from 1 */
	unsigned column;         /* from 1, in characters */
	const char *text;        /* scalar: its value, no NUL inside */
	struct yaml_node *first; /* children; of a mapping: key, value, key, value */
	struct yaml_node *last;
	struct yaml_node *next;
};

struct yaml_error {
	unsigned line;
	unsigned column;
	char text[200];
};

/* The root; NULL with *error set when the bytes are no acceptable document. An empty document has a root that is an empty scalar. */
struct yaml_node *yaml_read(
	struct arena *arena, const char *bytes, size_t len, struct yaml_error *error);

/* No value: absent, "~" or "null". */
bool yaml_is_null(const struct yaml_node *node);

/* "a value", "a list" or "a mapping". */
const char *yaml_kind_name(enum yaml_kind kind);
