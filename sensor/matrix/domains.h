/*
 * matrix/domains - the mail domains that a matrix declares, and who may send for them.
 *
 * An entry speaks of its domain and of all below it, but for those with an entry of their
 * own. Addresses and groups say who sends from outside; whoever passes mail on with its
 * sender as it was is a forwarder, of whatever domain the mail is. Sees no packets.
 */
#pragma once

#include "analyze/facts.h"
#include "matrix/matrix.h"

/* Facts keep no more of a longer one than its end. */
#define MATRIX_DOMAIN_BYTES FACTS_DOMAIN_BYTES

/* Hosts: by address, or as members of a group. */
struct matrix_sources {
	const struct lookup *addresses; /* or NULL */
	const struct matrix_group *const *groups;
	size_t group_count;
};

struct matrix_domain {
	const char *name; /* in lower case */
	bool is_own;      /* else somebody else's, which our servers may send for */
	const char *const *selectors; /* of DKIM, RFC 6376 section 3.1 */
	size_t selector_count;
	struct matrix_sources senders;
	struct matrix_sources forwarders;
	struct matrix_place place;
};

/* Some entry is of an own domain: else no domain is foreign. */
bool matrix_has_own_domains(const struct matrix *matrix);

/* In the order of the files. */
const struct matrix_domain *matrix_domains(const struct matrix *matrix, size_t *count);

/* The entry that speaks of a domain, written in lower case; NULL: none does. */
const struct matrix_domain *matrix_domain_of(
	const struct matrix *matrix, const char *domain);

/*
 * The own domain whose tenant of Exchange Online takes mail under this name of a host, as
 * its MX has it: example-org.mail.protection.outlook.com. NULL: none.
 */
const struct matrix_domain *matrix_domain_of_tenant(
	const struct matrix *matrix, const char *host);

/* The host at this address, which the matrix has as end, is one of them. */
bool matrix_is_source(const struct matrix_sources *sources,
	const struct address *address, const struct matrix_end *end);

/* It is a forwarder of any domain. */
bool matrix_is_forwarder(const struct matrix *matrix, const struct address *address,
	const struct matrix_end *end);
