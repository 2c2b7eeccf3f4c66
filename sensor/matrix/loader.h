/*
 * matrix/loader - reading a tree of nodes with every error told where it stands.
 *
 * Helpers of the load files: located errors, mappings with a fixed table of keys,
 * words of a table, lists. An error never stops the reading, so all are found.
 */
#pragma once

#include "base/yaml.h"
#include "matrix/acceptance.h"
#include "matrix/compiled.h"
#include "matrix/words.h"

#define LOADER_ERRORS_MAX      10000 /* then one last error says that there are more */
#define LOADER_SUGGESTIONS_MAX 200   /* did-you-mean searches: they cost */

struct loader_error {
	uint32_t file;
	uint32_t line;
	uint32_t column;
	uint32_t sequence;
	struct matrix_problem problem;
};

/* One item of an address list as written: from first to last. */
struct loader_span {
	struct address first;
	struct address last;
	uint32_t owner;
	uint32_t file;
	uint32_t line;
	uint32_t column;
};

struct loader_spans {
	struct loader_span *list; /* malloced */
	size_t count;
};

/* Hosts while they are read; both lists are malloced. */
struct loader_sources {
	struct lookup addresses;
	const struct matrix_group **groups;
	size_t group_count;
};

struct loader {
	struct matrix *matrix;
	struct arena trees;
	uint32_t file; /* the one being read: index into matrix->files */
	struct loader_error *errors;
	size_t error_count;
	size_t suggestion_count;
	const struct yaml_node **row_lists;    /* per file, or NULL */
	const struct yaml_node **tunnel_lists; /* same */
	const struct yaml_node **domain_lists; /* same */
	const struct yaml_node **expect_lists; /* same */
	bool is_profile_declared;
	struct matrix_place profile_place;
	struct name_table row_ids;
	struct loader_spans zone_spans;
	struct loader_spans group_spans;
	struct loader_sources forwarders; /* of all domains */
};

/* Located at the node; NULL: at the start of the file. */
void loader_fail(struct loader *loader, const struct yaml_node *at, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/* An error of the whole file, without a line. */
void loader_fail_file(struct loader *loader, const char *text);

struct matrix_place loader_place(
	const struct loader *loader, const struct yaml_node *at);

/* One key a mapping may have. */
struct loader_key {
	const char *name;
	bool is_required;
	void (*read)(struct loader *loader, const struct yaml_node *value, void *into);
};

#define LOADER_KEYS_MAX 20

/* Read a mapping by its table (ended by a NULL name); what names it in errors: "row M-01". */
void loader_mapping(struct loader *loader, const struct yaml_node *node,
	const struct loader_key *keys, const char *what, void *into);

/* The text of a scalar that has a value, or NULL with an error said. */
const char *loader_text(
	struct loader *loader, const struct yaml_node *node, const char *what);

/* A name: letters, digits, "-", "_", ".", at most 63. NULL with an error said. */
const char *loader_name(
	struct loader *loader, const struct yaml_node *node, const char *what);

/* A day such as 2027-06-30: the first second behind it, in UTC. Unchanged with an error said. */
void loader_date(struct loader *loader, const struct yaml_node *node, const char *what,
	int64_t *end_s);

/* A text for people, kept as the matrix is. Unchanged with an error said. */
void loader_note(struct loader *loader, const struct yaml_node *node, const char *what,
	const char **note);

/* One word of a table into *value. */
bool loader_word(struct loader *loader, const struct yaml_node *node,
	const struct word *table, const char *what, int *value);

/* Every scalar of a list; one scalar alone counts as a list of one. */
struct loader_items {
	const char *what; /* in errors: "addresses" */
	void (*read)(struct loader *loader, const struct yaml_node *item, void *into);
};
void loader_list(struct loader *loader, const struct yaml_node *node,
	const struct loader_items *items, void *into);

/* ` ; did you mean "x"?` or "", for a search that found or not. text holds 96 bytes. */
#define LOADER_HINT_BYTES 96
const char *loader_hint(const char *nearest, char *text);

/* Whose addresses are read, and where to. */
struct loader_owner {
	const char *what; /* in errors: "an address" */
	struct lookup *lookup;
	uint32_t index;
};

/* One text: its prefixes, which are added to the owner's. Their number; 0 after a mistake. */
size_t loader_networks(struct loader *loader, const struct yaml_node *item,
	const struct loader_owner *owner, struct network list[NETWORK_RANGE_MAX]);

/*
 * load_acceptance.c: the keys owner, accepts, reason and until of a row or a group, whose
 * draft begins with this.
 */
struct loader_acceptance {
	struct matrix_acceptance acceptance;
	const struct yaml_node *accepts; /* their values, or NULL */
	const struct yaml_node *reason;
	const struct yaml_node *until;
	char what[1024]; /* every name there is has room */
};
void loader_owner_note(
	struct loader *loader, const struct yaml_node *value, void *into);
void loader_accepts(struct loader *loader, const struct yaml_node *value, void *into);
void loader_reason(struct loader *loader, const struct yaml_node *value, void *into);
void loader_until(struct loader *loader, const struct yaml_node *value, void *into);

/* Behind them: what is accepted, or NULL. what: "row M-06". */
const struct matrix_acceptance *loader_acceptance(
	struct loader *loader, struct loader_acceptance *draft, const char *what);

/* load_groups.c */
void loader_zones(struct loader *loader, const struct yaml_node *node, void *unused);
void loader_groups(struct loader *loader, const struct yaml_node *node, void *unused);
void loader_finish_groups(struct loader *loader);

/* load_domains.c, as the groups are known: the header fields that they leave. */
void loader_expects(struct loader *loader, const struct yaml_node *node);

/* RFC 1123 section 2.1, "_" as it is met in practice, or "*." in front of one. */
bool loader_is_host_name(const char *text);

/*
 * load_overlaps.c: no address may belong to two owners by prefixes of one length,
 * nor by ranges that cross; a narrower one inside a wider one is fine. Prefixes sorted.
 */
void loader_span_add(struct loader_spans *spans, const struct loader_span *span);
void loader_find_overlaps(
	struct loader *loader, const struct lookup *lookup, struct loader_spans *spans);

/* load_tunnels.c */
void loader_tunnels(struct loader *loader, const struct yaml_node *node);

/* load_domains.c */
void loader_domains(struct loader *loader, const struct yaml_node *node);
void loader_finish_domains(struct loader *loader);
/* load_lists.c */
void loader_lists(struct loader *loader, const struct yaml_node *node, void *unused);

/* load_rows.c */
void loader_rows(struct loader *loader, const struct yaml_node *node);
