/*
 * base/schema - settings as a table of keys: what a mapping of the file may say.
 *
 * One row per key with its kind and bounds. Reading gives values as checked texts, or
 * mistakes with their places; an unknown key is one, with the nearest known. A secret
 * is never in the file: NAME_file or NAME_env say where it is, NAME itself is refused.
 */
#pragma once

#include "base/arena.h"
#include "base/problems.h"

#include <stdint.h>

#define SCHEMA_KEYS_MAX   32 /* of a table */
#define SCHEMA_TEXTS_MAX  64 /* items of one list */
#define SCHEMA_SECRET_MAX 4096

enum schema_kind {
	SCHEMA_TEXT = 0,
	SCHEMA_NUMBER, /* least to most, or its standard */
	SCHEMA_YES_NO,
	SCHEMA_WORD,   /* one of words */
	SCHEMA_LIST,   /* one value or a list of them; of words, where there are any */
	SCHEMA_MAP,    /* a mapping from names to words */
	SCHEMA_SECRET, /* by NAME_file or NAME_env */
};

struct schema_key { /* a table ends with a row without a name */
	const char *name;
	const char *help;     /* one line, for the manual and --help */
	const char *standard; /* value when not given; NULL: none */
	uint64_t least;
	uint64_t most;
	const char *const *words; /* NULL behind the last */
	const char *const *names; /* of a map; NULL behind the last */
	enum schema_kind kind;
	bool is_required;
};

struct schema_value {
	const char *const *texts; /* of a map: name, word, name, word ... */
	size_t count;             /* 0: not given */
};

struct schema_values {
	const struct schema_key *keys;
	struct schema_value list[SCHEMA_KEYS_MAX]; /* as keys */
};

struct schema_reader {
	struct arena *arena; /* takes copies of nothing but lists */
	struct problems *problems;
	const char *what; /* in mistakes: "output siem" */
};

/*
 * Read a mapping into values of one or two tables, whose keys are set and whose lists
 * are zeroed; own: NULL where there is only one. Texts are borrowed from the nodes.
 */
void schema_read(const struct schema_reader *reader, const struct yaml_node *mapping,
	struct schema_values *common, struct schema_values *own);

/*
 * What was given, else what is standard. A name that is not in the table is our bug,
 * and so is the wrong kind.
 */
const char *schema_text(const struct schema_values *values, const char *name);
uint64_t schema_number(const struct schema_values *values, const char *name);
bool schema_is(const struct schema_values *values, const char *name);

/* Items of a list as given; the standard (one text) where it was not. */
size_t schema_count(const struct schema_values *values, const char *name);
const char *schema_item(
	const struct schema_values *values, const char *name, size_t index);

/* The word a map gives to that name; NULL: none was given. */
const char *schema_mapped(
	const struct schema_values *values, const char *name, const char *from);

/*
 * Read a secret into size bytes: the first line of its file, or the variable. "" where
 * none was given. False with a reason (which names the place, never the secret).
 */
bool schema_secret(const struct schema_values *values, const char *name, char *secret,
	size_t size, struct reason *why);

/* Take those that are in variables out of the environment: base/environment. */
bool schema_take_secrets(const struct schema_values *values, struct reason *why);
