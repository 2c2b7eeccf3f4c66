/*
 * matrix/members - the addresses of groups, one by one as they were written.
 *
 * In: a loaded matrix. Out: its members, numbered as they stand in the files: a host, a
 * network or a range each. Of names, which have no addresses, there are none here.
 */
#pragma once

#include "matrix/matrix.h"

struct matrix_member {
	const struct matrix_group *group;
	struct address first;
	struct address last;
	struct matrix_place place;
	uint32_t column; /* one line may have several */
};

struct matrix_members {
	struct matrix_member *list;
	uint32_t *of_prefix; /* private: by place among the prefixes of groups */
	size_t count;
	const struct matrix *matrix;
};

/* False: no memory. */
bool matrix_members_make(struct matrix_members *members, const struct matrix *matrix);
void matrix_members_free(struct matrix_members *members);

/* The member that puts the address into its group: of several the narrowest; NULL: none does. */
const struct matrix_member *matrix_member_of(
	const struct matrix_members *members, const struct address *address);

/* "192.0.2.0/26", "192.0.2.1", "192.0.2.1-192.0.2.9"; text holds MATRIX_MEMBER_BYTES. */
#define MATRIX_MEMBER_BYTES ((size_t)2 * ADDRESS_TEXT_BYTES + 8)
const char *matrix_member_text(const struct matrix_member *member, char *text);

/* How many addresses a row's end admits; of the Internet, infinity. */
double matrix_end_addresses(
	const struct matrix_members *members, const struct matrix_end *end);
