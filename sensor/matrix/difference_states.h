/*
 * matrix/difference_states - what one protocol on one port may do in a matrix.
 *
 * A flow is in one of some forty states: in clear or not, how, in which version, with a
 * client certificate or not, a mere probe or not (which has nothing that TLS could
 * protect). A permission is the set of those that the matrix allows, each with its last
 * second. Private to difference*.c.
 */
#pragma once

#include "matrix/difference_parts.h"

#define DIFFERENCE_STATES 43

struct difference_permission {
	uint64_t allowed;   /* bit per state */
	uint64_t tolerated; /* not allowed, and let by: the row is in audit mode */
	int64_t until_s[DIFFERENCE_STATES];  /* of those allowed; INT64_MAX: for ever */
	const struct matrix_row *tolerating; /* the first such row, or NULL */
	uint64_t by_profile;                 /* allowed without a row */
};

/* What may be asked with one answer: a protocol on ports that are all alike. */
struct difference_subject {
	const struct difference_case *compared;
	struct difference_ports ports;
	enum protocol protocol;
	uint64_t states; /* difference_states_of */
};

/* States that a flow of the protocol can be in, and that the rows can tell apart. */
uint64_t difference_states_of(
	const struct difference_case *compared, enum protocol protocol);

/* What the matrix of this side allows; questions are counted. */
void difference_permit(const struct difference_subject *subject, int side,
	struct difference_permission *permission);

/* The same of one row alone: .allowed and .until_s. */
void difference_permit_row(const struct difference_subject *subject, int side,
	const struct matrix_row *row, struct difference_permission *permission);
