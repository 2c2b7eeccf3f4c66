/*
 * lists/lists - who is allowed, denied, or denied for a time, by files that others write.
 *
 * One block of memory without pointers, so that it can be shared at any address: it is
 * filled by lists/load and read only from then on, but for the hits. Entries are
 * addresses and prefixes of both families, found by longest match, and domains, found
 * with all below them. Looking up takes nothing, locks nothing, and no more steps than
 * the logarithm of the entries and LISTS_MAX entries per length of prefix.
 */
#pragma once

#include "base/address.h"
#include "matrix/matrix.h"

#define LISTS_BLOCK_BYTES  ((size_t)448 << 20) /* touched as far as entries need it */
#define LISTS_MAX          32
#define LISTS_NONE         UINT32_MAX
#define LISTS_TEXT_BYTES   256 /* of an entry as text */
#define LISTS_REASON_BYTES 64

struct lists; /* opaque: the block */

/* By which a file is known to be another one. */
struct lists_stamp {
	uint64_t inode;
	uint64_t size;
	int64_t changed_ns;
};

/* One list as it was read last. */
struct lists_list {
	char name[64];
	char file[256];   /* "": its entries are added by hand alone */
	uint8_t kind;     /* enum matrix_list_kind */
	uint8_t severity; /* 1 is the gravest; 0 of an allow list */
	uint8_t is_kept;  /* its file was not usable: these are its entries of before */
	uint32_t items;   /* of its file, as they were read */
	uint32_t entries;
	uint32_t duplicates; /* lines that say what another one says */
	uint32_t bad_lines;
	int64_t read_s;
	struct lists_stamp of_file;
	struct lists_stamp by_hand; /* of what was changed by hand (lists/by_hand) */
	struct reason problem; /* of the last reading: "file:line: text"; "" without */
};

struct lists_match {
	uint32_t entry; /* LISTS_NONE: on no list */
	uint8_t list;
	uint8_t kind;
	uint8_t severity;
};

/* An entry as it is told. */
struct lists_entry {
	const struct lists_list *list;
	char text[LISTS_TEXT_BYTES]; /* "192.0.2.0/24", "example.org" */
	const char *reason;          /* "" without */
	int64_t added_s;             /* 0: the file does not say */
	int64_t expires_s;           /* 0: never */
	uint32_t line;
	uint32_t hits;
};

/*
 * What the lists say of an address: of all its entries in force at now_s those of the
 * first kind in the order allow, temporary, deny, and of these the longest prefix.
 */
struct lists_match lists_find_address(
	const struct lists *lists, const struct address *address, int64_t now_s);

/* The same of a domain, whatever its case, and those above it. */
struct lists_match lists_find_domain(
	const struct lists *lists, const char *domain, int64_t now_s);

/* A flow was judged by this entry, if by any. Any process that has the block may count. */
void lists_count_hit(struct lists *lists, const struct lists_match *match);

/* Of all entries that a list has or had, as long as it is declared. */
uint64_t lists_hits(const struct lists *lists, size_t list);

const struct lists_list *lists_all(const struct lists *lists, size_t *count);

/* NULL: there is none of that name. */
const struct lists_list *lists_named(const struct lists *lists, const char *name);

/* Entries of all lists: each is a number below it. */
uint32_t lists_entry_count(const struct lists *lists);
void lists_describe(
	const struct lists *lists, uint32_t entry, struct lists_entry *described);

/* The entry of this list with this very prefix or domain; LISTS_NONE: it has none. */
uint32_t lists_find_entry(
	const struct lists *lists, const char *list, const char *text);

/* Touched memory of the block, in bytes. */
size_t lists_bytes(const struct lists *lists);

/* In a worker: all but the hits is read only from here on. */
bool lists_freeze(struct lists *lists);
