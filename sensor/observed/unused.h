/*
 * observed/unused - what is declared and not used: rows, groups, members; and rows that
 * are far wider than their use.
 *
 * In: a declared matrix, an observed one, how many days without a flow are too many. Out:
 * one item each, with how sure that is: nothing is called unused that was looked at for
 * fewer days, or whose file was edited within them. Days are counted back from the last
 * flow that was seen, so that a capture of last year answers as it did then. Pure: no
 * I/O, no clock; when a file was edited is asked of the caller.
 */
#pragma once

#include "matrix/members.h"
#include "matrix/network.h"
#include "observed/held.h"

enum unused_kind {
	UNUSED_ROW = 0, /* that is not over, and allowed nothing */
	UNUSED_GROUP,   /* no flow had it at an end */
	UNUSED_MEMBER,  /* of a group that is used */
	UNUSED_WIDE,    /* a row, and what it may be narrowed to */
	UNUSED_KINDS
};

enum unused_proof {
	UNUSED_PROVEN = 0,
	UNUSED_YOUNG,  /* traffic was not looked at for so many days */
	UNUSED_EDITED, /* what declares it was edited within them */
};

#define UNUSED_NARROW_MAX 4 /* networks that a narrower row has */

struct unused_item {
	enum unused_kind kind;
	enum unused_proof proof;
	uint64_t last_us;                   /* 0: never */
	const struct matrix_row *row;       /* of a row, or the one that is wide */
	bool is_whole_row;                  /* all its pairs of ends, not the one */
	const struct matrix_group *group;   /* of a group or a member */
	const struct matrix_member *member; /* borrowed from the struct unused */
	/* of a wide row: the end (0: from, 1: to) whose addresses may be these few */
	unsigned end;
	uint32_t hosts;   /* that used it */
	double addresses; /* that it admits */
	struct network narrow[UNUSED_NARROW_MAX];
	size_t narrow_count;       /* 0: of its ends nothing is too wide */
	uint32_t protocols;        /* of several: those that are used; 0: all are */
	struct matrix_place place; /* where it is declared */
};

struct unused_settings {
	unsigned days;
	/* microseconds since 1970, 0: not known */
	uint64_t (*edited_us)(void *context, const char *file);
	void *context;
};

struct unused {
	struct unused_item *items; /* by kind, then as they are declared */
	size_t count;
	size_t proven;
	uint64_t first_us; /* of what was looked at */
	uint64_t last_us;
	bool is_young; /* traffic was looked at for fewer days */
	bool is_partial; /* the observed matrix gave entries up: they may be what is missed */
	struct matrix_members members;
};

/* False: no memory. Borrows the matrix. */
bool unused_find(struct unused *unused, const struct matrix *matrix,
	const struct observed *observed, const struct unused_settings *settings);
void unused_free(struct unused *unused);

const char *unused_kind_word(enum unused_kind kind);
const char *unused_proof_word(enum unused_proof proof);
