/*
 * audit/spf_flat - which addresses a domain's SPF record lets send, all of them.
 *
 * In: a domain, who resolves. Out: ranges that do not overlap, each with the terms that led
 * to it; terms that cannot be flattened (ptr, exists, macros of the client); or what is
 * broken. Exact: an earlier "-" takes addresses away from a later "+", inside of include
 * as well. All terms are followed, not only until somebody matches, so that what breaks
 * the record for some clients only is seen. RFC 7208.
 */
#pragma once

#include "audit/spf.h"
#include "audit/spf_ranges.h"

struct spf_unknown {
	const char *term; /* as it was written */
	const char *domain;
};

enum spf_family { SPF_FAMILY_IPV4 = 0, SPF_FAMILY_IPV6 };

#define SPF_UNKNOWN_MAX 32

struct spf_flat {
	/* neutral: there is a record; else none, temperror or permerror */
	enum spf_result state;
	char why[SPF_TEXT_BYTES]; /* of what is no neutral */
	const char *record;       /* the domain's own; NULL: none that can be read */
	unsigned terms;           /* that look up, all of them */
	unsigned voids[2];        /* look-ups that find nothing, by enum spf_family */
	struct spf_ranges passes;
	enum spf_result rest; /* of whom no term names: neutral, fail ... */
	bool has_ptr;         /* which nobody should use (section 5.5) */
	struct spf_unknown unknown[SPF_UNKNOWN_MAX];
	size_t unknown_count; /* may be more than is kept */
	struct arena arena;   /* private */
};

void spf_flatten(
	const struct rr_resolver *resolver, const char *domain, struct spf_flat *flat);
void spf_flat_free(struct spf_flat *flat);
