/*
 * audit/spf_record - one SPF record, cut into its terms.
 *
 * In: the text of a TXT record. Out: mechanisms in order, redirect and exp; or why the
 * record is broken. A mistake anywhere breaks all of it (RFC 7208, section 4.6). Expands
 * no macro and asks nobody. RFC 7208, sections 4 to 7 and 12.
 */
#pragma once

#include "base/address.h"
#include "base/arena.h"
#include "base/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spf_result {
	SPF_NONE = 0,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR, /* could not be asked */
	SPF_PERMERROR, /* what is published is broken */
};

enum spf_mechanism {
	SPF_ALL = 0,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
};

struct spf_term {
	enum spf_mechanism mechanism;
	enum spf_result result; /* of who matches: pass, fail, softfail, neutral */
	const char *domain;     /* not expanded; NULL: the record's own */
	struct address network; /* of ip4 and ip6 */
	uint8_t bits4;          /* of a network, 0 to 32 */
	uint8_t bits6;          /* 0 to 128 */
	const char *text;       /* as it was written */
};

struct spf_record {
	struct spf_term *terms; /* list_room; spf_record_free */
	size_t count;
	const char *redirect;    /* not expanded, or NULL */
	const char *explanation; /* exp, the same */
};

/* It begins as a record of this version does: "v=spf1", then a blank or the end. */
bool spf_record_is(const char *text, size_t len);

/* Its texts are in the arena. False and why: broken. Free it in either case. */
bool spf_record_read(struct spf_record *record, struct arena *arena, const char *text,
	size_t len, struct reason *why);
void spf_record_free(struct spf_record *record);

/* "pass" */
const char *spf_result_name(enum spf_result result);
