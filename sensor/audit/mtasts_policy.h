/*
 * audit/mtasts_policy - the text of an MTA-STS policy: lines of "key: value".
 *
 * In: the bytes as they were fetched, hostile. Out: mode, age and the patterns of MX
 * names; or why no sender heeds it. Allocates nothing. RFC 8461, sections 3.2 and 4.1.
 */
#pragma once

#include "audit/dns.h"
#include "base/reason.h"
#include "base/text.h"

enum mtasts_mode { MTASTS_NONE = 0, MTASTS_TESTING, MTASTS_ENFORCE };

#define MTASTS_MX_MAX    64
#define MTASTS_AGE_S_MAX 31557600 /* a year: more is no policy */

/* "mx.example.org", "*.example.org" */
struct mtasts_pattern {
	char name[RR_NAME_BYTES + 2];
};

struct mtasts_policy {
	enum mtasts_mode mode;
	uint64_t max_age_s;
	struct mtasts_pattern mx[MTASTS_MX_MAX];
	size_t mx_count;
};

/* False: why. */
bool mtasts_read(struct text text, struct mtasts_policy *policy, struct reason *why);

/* "none", "testing", "enforce" */
const char *mtasts_mode_name(enum mtasts_mode mode);

/* "*." stands for one label and no more (RFC 8461, section 4.1). */
bool mtasts_matches(const char *pattern, const char *name);
