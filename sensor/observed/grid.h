/*
 * observed/grid - who speaks with whom: what is declared across what was seen.
 *
 * In: a declared matrix and an observed one. Out: a cell for each pair of ends, an end
 * being a group, or what no group holds of a zone. Its state is one of four; where
 * several apply, the gravest. Borrows the matrix. Pure: no I/O, no clock.
 */
#pragma once

#include "observed/held.h"

enum grid_state {
	GRID_EMPTY = 0,  /* neither declared nor seen */
	GRID_USED,       /* declared and seen */
	GRID_UNUSED,     /* declared, never seen */
	GRID_UNDECLARED, /* seen, and no row allows it */
	GRID_FORBIDDEN,  /* tried, and no row could rightly allow it */
	GRID_STATES
};

struct grid_cell {
	uint32_t from; /* places of ends */
	uint32_t to;
	enum grid_state state;
	uint64_t flows[HELD_STANDINGS];
	uint64_t encrypted; /* of all flows, those under TLS */
	uint64_t last_us;   /* 0: never */
	/* the first flow that gave the state; 0: none did, a row alone */
	uint64_t since_us;
	uint32_t protocols;           /* seen; PROTOCOL_BIT of each */
	uint64_t reasons;             /* of what is forbidden, FINDING_BIT of each */
	uint64_t flow_id;             /* an example of what gave the state */
	uint32_t rows;                /* that join just these two ends */
	uint32_t rows_used;           /* of these, by whatever hosts */
	const struct matrix_row *row; /* the first of them, else one that allowed */
};

struct grid; /* opaque */

/* NULL: no memory. */
struct grid *grid_new(const struct matrix *matrix, const struct observed *observed);
void grid_free(struct grid *grid);

/* Groups as they are declared, then zones, the Internet last. */
size_t grid_ends(const struct grid *grid);
/* "relay", "internal (no group)", "internet". text holds SENTENCE_END_BYTES. */
const char *grid_end_name(const struct grid *grid, size_t end, char *text);
/* In some cell that is not empty. */
bool grid_end_is_used(const struct grid *grid, size_t end);

/* Those that are not empty, by from, then to. */
const struct grid_cell *grid_cells(const struct grid *grid, size_t *count);
enum grid_state grid_state(const struct grid *grid, size_t from, size_t to);

/* How many cells have this state. */
size_t grid_count(const struct grid *grid, enum grid_state state);

/* All flows of a cell. */
uint64_t grid_flows(const struct grid_cell *cell);

/* "+", "-", "?", "!"; "." for an empty one. */
char grid_sign(enum grid_state state);
/* "declared and seen" */
const char *grid_state_text(enum grid_state state);
/* For programs: "used", "unused", "undeclared", "forbidden". */
const char *grid_state_word(enum grid_state state);
