/*
 * matrix/architecture_rows - one row against one recommendation. Private to matrix/.
 *
 * Each function tells what it finds; architecture.c has them in one table.
 */
#pragma once

#include "matrix/acceptance.h"
#include "matrix/review.h"

/* What a breach is of, for whoever accepts it. */
struct architecture_subject {
	const char *recommendation;
	const char *finding; /* that its traffic raises, or NULL */
};

struct architecture {
	struct review review;
	struct review accepted; /* those that somebody accepts */
	bool *is_exposed;       /* by group: it exchanges mail with the Internet */
	uint32_t *outside; /* by group of mailbox servers: prefixes outside internal */
};

typedef void architecture_rule(
	struct architecture *architecture, const struct matrix_row *row);

/* Tell a breach: "R35 row M-07: text". */
void architecture_tell(struct architecture *architecture, const struct matrix_row *row,
	const struct architecture_subject *subject, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

bool architecture_is_server(enum matrix_role role);

/* architecture_rows.c: who speaks to whom */
architecture_rule architecture_mailbox_internet;
architecture_rule architecture_relay_chain;
architecture_rule architecture_gateway_roles;
architecture_rule architecture_senders;
architecture_rule architecture_readers;
architecture_rule architecture_user_access;

/* architecture_tls.c: how it is protected */
architecture_rule architecture_users_protected;
architecture_rule architecture_servers_protected;
architecture_rule architecture_version;
