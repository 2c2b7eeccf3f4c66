/*
 * audit/domain_tags - "v=DMARC1; p=reject": records that are a list of tags.
 *
 * In: the text of a TXT record. Out: the value of a tag. Of DKIM (RFC 6376, section 3.2),
 * DMARC (RFC 9989), MTA-STS (RFC 8461) and TLS-RPT (RFC 8460). Allocates nothing.
 */
#pragma once

#include "audit/dns.h"
#include "base/text.h"

/* "v=DMARC1" is the first tag, blanks apart. */
bool tags_have_version(struct text record, const char *version);

/* The value without the blanks around it; false: there is no such tag. The first of two counts. */
bool tags_find(struct text record, const char *tag, struct text *value);

/* The record is a list of tags; else which part is none. */
bool tags_are_valid(struct text record, struct text *wrong);

enum tags_count { TAGS_NONE = 0, TAGS_ONE, TAGS_MANY, TAGS_FAILED };

struct tags_record {
	struct text text;
	const char *why; /* of TAGS_FAILED */
	bool is_secure;
	bool is_name_missing; /* there is not even the name */
};

/* The TXT record of this version at a name; version NULL: any. */
enum tags_count tags_ask(const struct rr_resolver *resolver, struct arena *arena,
	const char *name, const char *version, struct tags_record *record);
