/*
 * judge/ends - questions about the two ends of a flow and whose traffic it is.
 */
#pragma once

#include "matrix/matrix.h"

enum matrix_role judge_role(const struct matrix_end *end);
bool judge_is_internet(const struct matrix_end *end);
bool judge_is_server(const struct matrix_end *end);
/* An Internet host that the matrix does not declare. */
bool judge_is_outside(const struct matrix_end *end);

/* Mail servers among themselves, R42's side; everything else is users', R41's. */
bool judge_is_server_traffic(const struct matrix_end *from, const struct matrix_end *to,
	enum protocol protocol);

/*
 * R36: the inbound server initiates nothing to the Internet; the outbound server takes
 * mail from our own servers only.
 */
bool judge_is_gateway_misused(const struct matrix_end *from,
	const struct matrix_end *to, enum protocol protocol);
