/*
 * judge/named - the groups that an end belongs to by its names.
 *
 * In: what DNS on the wire called the host, and what TLS showed of a server: its
 * certificate, and the name that the client asked for (SNI). Out: the groups, for
 * matrix/criteria. Pure.
 *
 * A DNS answer makes it one of the group. What TLS shows is what its ends say: SNI is the
 * client's claim, a certificate whose chain nobody verified the server's. SNI of another
 * name speaks against the group; a fitting one is enough only where the group trusts it,
 * a certificate that the client went on with unless the group does not. What is said in clear (greeting, EHLO)
 * is no evidence.
 */
#pragma once

#include "analyze/facts.h"
#include "judge/names.h"
#include "matrix/criteria.h"

/* session: of a server, or NULL. *named is filled whole. */
void judge_named(const struct matrix *matrix, const struct host_names *names,
	const struct facts_tls_session *session, struct matrix_named *named);
