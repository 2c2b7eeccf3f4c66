/*
 * matrix/compiled - what a loaded matrix holds, for the files of this folder.
 */
#pragma once

#include "base/arena.h"
#include "base/name_table.h"
#include "matrix/domains.h"
#include "matrix/lookup.h"
#include "matrix/matrix.h"

/*
 * A row under the key of its two ends. An end's key is its zone's index, or
 * zone_count + its group's index.
 */
struct row_key {
	uint32_t from;
	uint32_t to;
	uint32_t row;
};

struct matrix {
	struct arena arena; /* all texts and small arrays */
	const char **files;
	size_t file_count;
	enum matrix_profile profile;
	struct matrix_zone *zones; /* zone 0 is internet; malloced as all lists here */
	size_t zone_count;
	struct matrix_zone loopback; /* in no list: no row can name it */
	struct matrix_group *groups;
	uint32_t *group_zones; /* zone of each group's first address */
	size_t group_count;
	bool has_resolvers;
	bool has_expected;
	struct matrix_row *rows;
	size_t row_count;
	struct matrix_tunnel *tunnels; /* .ends lie in the arena */
	size_t tunnel_count;
	struct matrix_domain *domains; /* their addresses as well */
	size_t domain_count;
	bool has_own_domains;
	struct matrix_sources forwarders; /* of all domains */
	struct name_table domain_names;
	struct matrix_list *lists;
	size_t list_count;
	struct row_key *by_from; /* sorted by from, to, row */
	struct row_key *by_to;   /* sorted by to, from, row */
	struct name_table zone_names;
	struct name_table group_names;
	struct name_table hosts;             /* declared DNS name -> group */
	uint64_t host_bits;                  /* matrix_host_bit of each */
	uint32_t allowed_as[PROTOCOL_COUNT]; /* matrix_protocols_allowed_as of each */
	bool has_wild_hosts;                 /* one of them is "*.example.org" */
	struct lookup zone_prefixes;
	struct lookup group_prefixes;
};

/* By the length and the first letter of a name, in whatever case: most are told apart by it. */
static inline uint64_t matrix_host_bit(const char *name, size_t len)
{
	const size_t first = (uint8_t)name[0] | 0x20U;
	return UINT64_C(1) << (len ^ first * 5) % 64;
}

/* Sort the rows under their ends; after all rows are there. */
void matrix_index_rows(struct matrix *matrix);

/*
 * Protocols of a row under which a flow of this one is allowed. What is no mail is allowed
 * as nothing; an attempt may have been anything.
 */
uint32_t matrix_protocols_allowed_as(enum protocol protocol);

uint32_t matrix_end_key(const struct matrix *matrix, const struct matrix_end *end);

/* The keys a located end matches: its group's, if any, and its zone's. Returns how many. */
size_t matrix_end_keys(
	const struct matrix *matrix, const struct matrix_end *end, uint32_t keys[2]);

/* Rows of keys[0..count) with this first key (and second, unless NAME_NONE). */
struct row_range {
	const struct row_key *at;
	const struct row_key *end;
};
struct row_range matrix_rows_from(
	const struct matrix *matrix, uint32_t from, uint32_t to);
struct row_range matrix_rows_to(const struct matrix *matrix, uint32_t to);
