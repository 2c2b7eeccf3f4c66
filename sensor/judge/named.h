/*
 * judge/named - the groups that an end belongs to by its names.
 *
 * In: what DNS on the wire called the host, and what TLS showed of a server: its
 * certificate, and the name that the client asked for (SNI). Out: the groups, for
 * matrix/criteria. Pure.
 *
 * A DNS answer makes it one of the group, and so does a certificate that the client went
 * on with, of a group without addresses. SNI is the client's claim: one that is of
 * another name speaks against the group, a fitting one is enough only where the group
 * trusts it. What is said in clear (greeting, EHLO) is no evidence.
 */
#pragma once

#include "analyze/facts.h"
#include "judge/names.h"
#include "matrix/criteria.h"

/* session: of a server, or NULL. *named is filled whole. */
void judge_named(const struct matrix *matrix, const struct host_names *names,
	const struct facts_tls_session *session, struct matrix_named *named);
