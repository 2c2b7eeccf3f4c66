/*
 * audit/spf_macro - "%{i}" and the like: written right, and what they stand for.
 *
 * In: a domain-spec or an explanation, and what each letter stands for. Out: the text;
 * or that a letter is not known here. RFC 7208, section 7.
 */
#pragma once

#include "audit/dns.h"

struct spf_values {
	/* What a letter (lower case) stands for; NULL: it cannot be known. */
	const char *(*of)(void *context, char letter);
	void *context;
};

/* Macros are written as they must be; in the text of exp also "c", "r" and "t". */
bool spf_macros_are_valid(const char *spec, bool is_text);

/* A valid spec whose last character is a macro's. */
bool spf_macro_ends(const char *spec);

/* A valid spec; no more than size bytes with the NUL, cut. False: a letter is not known. */
bool spf_expand(
	const struct spf_values *values, const char *spec, char *text, size_t size);

/*
 * The same for a name to be asked: of one that is too long, the labels in front go
 * (section 7.3).
 */
bool spf_expand_name(
	const struct spf_values *values, const char *spec, char name[RR_NAME_BYTES]);
