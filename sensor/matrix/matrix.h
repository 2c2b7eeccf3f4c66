/*
 * matrix/matrix - the declared flow matrix: zones, groups, rows, compiled for lookup.
 *
 * In: YAML files (mailwarden-matrix(5)). Out: an immutable matrix, borrowed by all
 * who judge. Sees no packets. Every error is located (file:line:column) and all of
 * them are reported.
 */
#pragma once

#include "base/address.h"
#include "base/reason.h"
#include "classify/protocol.h"
#include "decode/tunnel.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum matrix_role {
	MATRIX_ROLE_NONE = 0, /* no group holds the address */
	MATRIX_ROLE_CLIENT,
	MATRIX_ROLE_APPLICATION,
	MATRIX_ROLE_SUBMISSION,
	MATRIX_ROLE_MAILBOX,
	MATRIX_ROLE_RELAY,
	MATRIX_ROLE_OUTBOUND,
	MATRIX_ROLE_INBOUND,
	MATRIX_ROLE_PROXY,
	MATRIX_ROLE_RESOLVER, /* asks DNS for others; in no row */
};

enum matrix_service {
	MATRIX_SERVICE_NONE = 0,
	MATRIX_SERVICE_OFFICE,
	MATRIX_SERVICE_BUSINESS,
	MATRIX_SERVICE_TECHNICAL,
};

enum matrix_tls {
	MATRIX_TLS_REQUIRED = 1,
	MATRIX_TLS_STARTTLS,
	MATRIX_TLS_IMPLICIT,
	MATRIX_TLS_OFFERED,
	MATRIX_TLS_OPTIONAL,
};

enum matrix_mode { MATRIX_MODE_ENFORCE = 0, MATRIX_MODE_AUDIT };
enum matrix_profile { MATRIX_PROFILE_ANSSI = 0, MATRIX_PROFILE_RFC8314 };

struct matrix_place { /* where a thing was declared */
	const char *file;
	unsigned line;
};

struct matrix_zone {
	/* "internal", "gateway", "vpn", any other; "internet" is zone 0 */
	const char *name;
	struct matrix_place place;
};

struct matrix_acceptance; /* matrix/acceptance */

/* A header field that servers of a group leave in each message they pass on. */
struct matrix_expected {
	const char *field;
	const char *value;  /* of some fields, by which they are told apart; or NULL */
	uint64_t hashes[2]; /* analyze/header: it, and what does as well */
	bool is_authentication; /* of SPF, DKIM or DMARC; else of another check */
};

struct matrix_group {
	const char *name;
	enum matrix_role role;
	enum matrix_service service;
	const char *const *names; /* declared DNS names; name_count of them */
	size_t name_count;
	bool has_addresses;
	bool is_sni_trusted; /* the name that a client asks for is taken for the server's */
	bool is_certificate_trusted; /* and one that the server's certificate bears */
	const char *owner;           /* or NULL */
	const char *comment;         /* or NULL */
	/* what is accepted of its hosts, or NULL */
	const struct matrix_acceptance *acceptance;
	const struct matrix_expected *expected; /* expected_count */
	size_t expected_count;
	struct matrix_place place;
};

/* Which end a row speaks of: a group, a whole zone, or the Internet (zone 0). */
struct matrix_end {
	const struct matrix_group *group; /* or NULL */
	const struct matrix_zone *zone;   /* or NULL when group is set */
	/* of a flow's end: no address, but a name puts it into the group */
	bool is_named;
};

struct matrix_row {
	const char *id;
	struct matrix_end from;
	struct matrix_end to;
	uint32_t protocols; /* bit per enum protocol */
	enum matrix_tls tls;
	uint16_t min_tls; /* 0x0303; 0 when not declared */
	bool is_client_certificate_required;
	bool is_probe; /* may connect and say hello, and send nothing */
	bool is_any_port;
	const uint16_t *ports; /* port_count declared; none: the protocols' own */
	size_t port_count;
	int64_t expires_s; /* first second at which it is expired; 0 never */
	int64_t learned_s; /* first second behind the day it was learned; 0: written */
	enum matrix_mode mode;
	const char *owner;   /* or NULL */
	const char *ticket;  /* or NULL */
	const char *comment; /* what it is for, or NULL */
	/* what is accepted of the flows that it allows, or NULL */
	const struct matrix_acceptance *acceptance;
	/* another pair of ends of the row before it, which lists several */
	bool is_continued;
	struct matrix_place place;
};

/* It lists submissions by name, not by "all". */
static inline bool matrix_declares_submissions(const struct matrix_row *row)
{
	return row->protocols != PROTOCOL_BITS_OF_MAIL &&
	       (row->protocols & PROTOCOL_BIT(PROTOCOL_SUBMISSIONS)) != 0;
}

/*
 * Tunnels that are the site's own: mirror transports, overlays. What is inside is judged
 * as on the wire.
 */
struct matrix_tunnel {
	const char *name;
	uint64_t name_hash;
	enum tunnel_kind kind;
	const struct lookup *ends; /* both outer ends are among them */
	/* of addresses inside that no zone holds, or NULL: the internet, as on the wire */
	const struct matrix_zone *zone;
	struct matrix_place place;
};

enum matrix_list_kind {        /* the first that an end stands on counts */
	MATRIX_LIST_ALLOW = 0, /* no list denies it; the rows are asked as ever */
	MATRIX_LIST_TEMPORARY, /* denied for a time */
	MATRIX_LIST_DENY,
};

enum matrix_list_format {
	MATRIX_LIST_FORMAT_GUESSED = 0,
	MATRIX_LIST_FORMAT_PLAIN,
	MATRIX_LIST_FORMAT_CSV,
	MATRIX_LIST_FORMAT_NDJSON,
	MATRIX_LIST_FORMAT_HOSTS,
	MATRIX_LIST_FORMAT_IPSET,
	MATRIX_LIST_FORMAT_NFT,
};

/* Addresses, prefixes and domains in a file that others write; lists/ reads it. */
struct matrix_list {
	const char *name;
	enum matrix_list_kind kind;
	const char *file; /* NULL: its entries are added by hand alone */
	enum matrix_list_format format;
	uint8_t severity; /* of what is told of it, 1 is the gravest; 0: told of nobody */
	bool may_shrink; /* to nothing at once, too */
	struct matrix_place place;
};

struct matrix; /* opaque */

struct matrix_problem {
	char text[640]; /* "file:line:column: what (hint)" */
};

struct matrix_problems {
	struct matrix_problem *list; /* malloced; matrix_problems_free */
	size_t count;
};

/*
 * Load and join the files ("-": stdin). NULL when there is at least one error; then
 * problems holds all of them. Warnings are not problems (matrix_warnings).
 */
struct matrix *matrix_load(
	const char *const *files, size_t file_count, struct matrix_problems *problems);
void matrix_free(struct matrix *matrix);
void matrix_problems_free(struct matrix_problems *problems);

/* What is allowed but doubtful: unused group, shadowed prefix, expired row, internet -> mailbox, ports: all ... */
void matrix_warnings(
	const struct matrix *matrix, int64_t now_s, struct matrix_problems *warnings);

/* Print the matrix back in words a person can read aloud. */
void matrix_print(const struct matrix *matrix, FILE *out);

enum matrix_profile matrix_profile(const struct matrix *matrix);
/* One for each pair of ends; as many as are written: matrix_declared_rows. */
const struct matrix_row *matrix_rows(const struct matrix *matrix, size_t *count);
size_t matrix_declared_rows(const struct matrix *matrix);
const struct matrix_group *matrix_groups(const struct matrix *matrix, size_t *count);
const struct matrix_zone *matrix_zones(const struct matrix *matrix, size_t *count);

/* Group and zone of an address: longest prefix. group NULL: undeclared; zone is never NULL. */
struct matrix_end matrix_locate(
	const struct matrix *matrix, const struct address *address);

/* The declaration this tunnel falls under, the first of several; NULL: none does. */
const struct matrix_tunnel *matrix_tunnel_of(
	const struct matrix *matrix, const struct tunnel *tunnel);

/* In the order of their declaration; at most MATRIX_LISTS_MAX. */
#define MATRIX_LISTS_MAX 32
const struct matrix_list *matrix_lists(const struct matrix *matrix, size_t *count);
const char *matrix_list_kind_name(enum matrix_list_kind kind);

const struct matrix_tunnel *matrix_tunnels(const struct matrix *matrix, size_t *count);

/* By group name, zone name, "internet", address or declared DNS name; false with a reason when it is none. */
bool matrix_find_end(const struct matrix *matrix, const char *text,
	struct matrix_end *end, struct reason *why);

/* A group with declared name equal to host, or "*.suffix" covering it; NULL without. */
const struct matrix_group *matrix_group_of_host(
	const struct matrix *matrix, const char *host);

/* Some group has names. */
bool matrix_has_names(const struct matrix *matrix);

/* Of some group header fields are expected. */
bool matrix_has_expected(const struct matrix *matrix);

/* Some group has role resolver. */
bool matrix_has_resolvers(const struct matrix *matrix);

/* Some group's declared name is domain, in lower case, or ends in ".domain". */
bool matrix_has_host_below(const struct matrix *matrix, const char *domain);

const char *matrix_role_name(enum matrix_role role);
const char *matrix_tls_name(enum matrix_tls tls);
