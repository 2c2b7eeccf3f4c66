/*
 * judge/ends - questions about the two ends of a flow and whose traffic it is.
 *
 * In: ends as the matrix has them. Out: yes or no, by role and zone. Pure; sees no facts.
 */
#pragma once

#include "matrix/matrix.h"

/*
 * None of an end that only names put into a group: it is somebody else's server, and its
 * role says nothing of how ours stand. A row about it is all that counts.
 */
enum matrix_role judge_role(const struct matrix_end *end);
bool judge_is_internet(const struct matrix_end *end);
bool judge_is_server(const struct matrix_end *end);
/* An Internet host that the matrix does not declare. */
bool judge_is_outside(const struct matrix_end *end);

/* A row that names submissions speaks of users: who is no mail server submits at a provider. */
bool judge_is_submission_outside(const struct matrix_row *row,
	const struct matrix_end *from, const struct matrix_end *to);

/* R34: a mailbox server outside of zone internal. */
bool judge_is_misplaced(const struct matrix_end *end);

/* Speaks with the Internet by its role, or was seen taking mail from it (took_us, or 0). */
bool judge_is_exposed(const struct matrix_end *end, uint64_t took_us);

/* Mail servers among themselves, R42's side; everything else is users', R41's. */
bool judge_is_server_traffic(const struct matrix_end *from, const struct matrix_end *to,
	enum protocol protocol);

/*
 * R36: the inbound server initiates nothing to the Internet; the outbound server takes
 * mail from our own servers only.
 */
bool judge_is_gateway_misused(const struct matrix_end *from,
	const struct matrix_end *to, enum protocol protocol);
