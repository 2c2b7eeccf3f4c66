/*
 * matrix/difference - what two matrices allow differently, by meaning.
 *
 * In: two matrices and the second for which they are compared. Out: connections that
 * only one allows, or both on other conditions, each with its ends, its rows and what
 * is different of protocol, port, TLS, last day and mode. Rows in another order, another
 * id, a group of another name or a prefix in two halves are no difference.
 *
 * Exact: the addresses (and declared names) are parted into classes that each matrix
 * sees alike, the ports into ranges, TLS into its states; of each pair of classes that
 * some row joins both matrices are asked. No address is listed. A host known by name is
 * taken to stand in the Internet, and told apart where it has more or less than that.
 *
 * Beside connections: whose mail may come and go (domains), what header fields hops must
 * leave (expects), who is allowed or denied by lists. What is in a list's file is not
 * compared. Nor are roles, acceptances, tunnels (what only findings go by), and what is
 * undecided while a name is not known.
 */
#pragma once

#include "base/arena.h"
#include "matrix/matrix.h"

enum difference_side { DIFFERENCE_OLD = 0, DIFFERENCE_NEW };

enum difference_kind {
	DIFFERENCE_GAINED = 0, /* the old matrix allows nothing of it */
	DIFFERENCE_LOST,       /* the new one does not */
	DIFFERENCE_CHANGED,    /* both do, on other conditions */
	/* only lines: breaches are no more blocked but told (mode: audit), or again blocked */
	DIFFERENCE_LOOSENED,
	DIFFERENCE_TIGHTENED,
};

/* Addresses, or hosts by their name, that stand alike in each matrix. */
struct difference_class {
	struct matrix_end ends[2]; /* by side */
	const char *host;          /* a declared name of them; NULL: by address */
};

/* Addresses side by side of one class. */
struct difference_span {
	struct address first;
	struct address last;
	uint32_t class;
};

struct difference_ports {
	uint16_t first;
	uint16_t last;
};

/* Rows that allow, none of which allows no more than another; as declared. */
struct difference_rows {
	const struct matrix_row *const *list;
	size_t count;
	bool is_profile; /* allowed without a row as well */
};

struct difference_line {
	enum difference_kind kind;
	bool is_wider; /* something is allowed, or let by, that was not; or longer */
	bool is_narrower;
	uint32_t protocols;
	const struct difference_ports *ports; /* ascending */
	size_t port_count;
	/* by side; of LOOSENED and TIGHTENED the row in audit mode */
	struct difference_rows rows[2];
};

/* Each class of from with each of to. */
struct difference_entry {
	/* GAINED, LOST or CHANGED, of all between these ends */
	enum difference_kind kind;
	bool is_wider;
	bool is_narrower;
	const uint32_t *from; /* indexes of classes */
	size_t from_count;
	const uint32_t *to;
	size_t to_count;
	const struct difference_line *lines;
	size_t line_count;
};

/* What is told of mail, or no more, beside connections. */
struct difference_term {
	const char *key;  /* "domains", "expects", "lists" */
	const char *name; /* of the domain, the group, the list; "" of all domains */
	const char *text; /* what is different; hosts behind it, if there are any */
	const struct difference_span *spans; /* .class means nothing here */
	size_t span_count;
	const char *const *hosts; /* by name, as well */
	size_t host_count;
	bool is_wider; /* less is told or denied; both where nobody can know */
	bool is_narrower;
};

struct difference {
	struct arena arena;
	struct difference_class *classes;
	size_t class_count;
	struct difference_span *spans; /* all addresses, ascending */
	size_t span_count;
	struct difference_entry *entries; /* by kind, then by the names of their ends */
	size_t entry_count;
	struct difference_term *terms; /* by key, as they are declared */
	size_t term_count;
	bool is_partial; /* too large: not all was compared */
};

/* Both matrices are borrowed until difference_free. */
void difference_find(struct difference *difference, const struct matrix *old_matrix,
	const struct matrix *new_matrix, int64_t now_s);
void difference_free(struct difference *difference);

/* Somebody may do what was not allowed before. */
bool difference_is_wider(const struct difference *difference);
