/*
 * matrix/criteria - hold one flow against the rows, criterion by criterion.
 *
 * Each criterion is one small function answering NO, YES or UNKNOWN (the flow has
 * not shown it yet). UNKNOWN waits; a certain NO outranks it. The order of the
 * criteria is the order of the table: from, to, protocol, port, expiry, probe, tls,
 * min_tls, client_certificate.
 */
#pragma once

#include "matrix/matrix.h"

#include <stddef.h>
#include <string.h>

enum matrix_answer { MATRIX_UNKNOWN = 0, MATRIX_NO, MATRIX_YES };

enum matrix_criterion {
	MATRIX_CRITERION_NONE = 0, /* all hold */
	MATRIX_CRITERION_FROM,
	MATRIX_CRITERION_TO,
	MATRIX_CRITERION_PROTOCOL,
	MATRIX_CRITERION_PORT,
	MATRIX_CRITERION_EXPIRY,
	MATRIX_CRITERION_PROBE,
	MATRIX_CRITERION_TLS,
	MATRIX_CRITERION_MIN_TLS,
	MATRIX_CRITERION_CLIENT_CERTIFICATE,
};

#define MATRIX_NAMED_MAX 4

/*
 * What names say of an end that no group holds by its address. A group with names alone
 * may be the end's as long as nothing speaks against it.
 */
struct matrix_named {
	/* known to be the end's: by DNS, by certificate, by a trusted SNI */
	const struct matrix_group *groups[MATRIX_NAMED_MAX];
	size_t count;
	/* the name that was asked for is this one's, if any's */
	const struct matrix_group *claimed;
	bool is_open; /* nothing was asked for: it may be any */
};

/*
 * What is asked. The TLS part is tri-state so that a flow may be asked about
 * while it runs, and a planned flow (explain) without any traffic.
 */
struct matrix_question {
	struct matrix_end from;
	struct matrix_end to;
	/* of an end that no address puts into a group; NULL: nothing is known of its names */
	const struct matrix_named *from_named;
	const struct matrix_named *to_named;
	/* PROTOCOL_ATTEMPT: any protocol whose ports hold .port */
	enum protocol protocol;
	uint16_t port;
	int64_t now_s;
	enum matrix_answer is_encrypted;   /* content is under TLS */
	enum matrix_answer is_starttls;    /* by STARTTLS */
	enum matrix_answer is_implicit;    /* from the first byte */
	enum matrix_answer is_tls_offered; /* STARTTLS offered, or implicit */
	enum matrix_answer is_probe;       /* nothing was sent: known at its end */
	/* credentials or content crossed in clear */
	enum matrix_answer has_clear_content;
	enum matrix_answer has_client_certificate;
	uint16_t tls_version; /* 0 unknown */
	bool is_brief;        /* no sentence is wanted yet: .reason stays empty */
};

struct matrix_result {
	/* YES: .row allows; NO: .nearest failed; UNKNOWN: waits */
	enum matrix_answer allowed;
	const struct matrix_row *row; /* NULL with YES: the profile allows it */
	const struct matrix_row *nearest;
	enum matrix_criterion failed; /* of nearest */
	/* UNKNOWN: the first that .nearest waits for; FROM, TO: for a name */
	enum matrix_criterion waits_for;
	/* one sentence: "row M-03 asks TLS by STARTTLS and the content is in clear" */
	char reason[200];
};

static inline void matrix_result_clear(struct matrix_result *result)
{
	memset(result, 0, offsetof(struct matrix_result, reason));
	result->reason[0] = '\0';
}

/*
 * The row that allows (file order decides among several), else the nearest row:
 * the one whose first failed criterion comes latest. smtp and submission are one
 * protocol on different ports, so are smtps and submissions: a row listing either
 * matches both on its ports. A row names an end by group, by zone, or internet.
 * A row of a group that has names alone waits where the name of an end is not known yet.
 * Under profile rfc8314 clients submit to a submission server on 465 without a row.
 */
void matrix_ask(const struct matrix *matrix, const struct matrix_question *question,
	struct matrix_result *result);

/* Fill in the sentence that a brief question spared. */
void matrix_explain(
	const struct matrix_question *question, struct matrix_result *result);

/* Hold it against this row of the matrix alone. */
enum matrix_answer matrix_ask_row(const struct matrix *matrix,
	const struct matrix_question *question, const struct matrix_row *row);

/* Whether names put an end without an address of the group into it. */
enum matrix_answer matrix_named_answer(
	const struct matrix_group *group, const struct matrix_named *named);

/* An answer that waits for the name of an end. */
static inline bool matrix_waits_for_name(const struct matrix_result *result)
{
	return result->allowed == MATRIX_UNKNOWN &&
	       (result->waits_for == MATRIX_CRITERION_FROM ||
		       result->waits_for == MATRIX_CRITERION_TO);
}

const char *matrix_criterion_name(enum matrix_criterion criterion);
