/*
 * commands/audit_domains - the domains' part of `mailwarden audit`: who is asked about.
 *
 * In: domains by name, or those that the matrix declares as its own. Out: answers. Where
 * the matrix declares domains, no other is asked about. Who asks has a process of its own (audit_apart).
 */
#pragma once

#include "audit/answers.h"
#include "audit/server.h"
#include "commands/options.h"
#include "matrix/matrix.h"

struct audit_domains_wish {
	const struct matrix *matrix;
	const struct option_list *domains; /* none: those of the matrix */
	const struct option_list *selectors;
	const char *resolver;     /* or NULL */
	const char *trust_anchor; /* or NULL: where Debian has it */
	const char *authorities;  /* of web servers; or NULL */
	uint32_t timeout_s;
};

/* Of the matrix; then nothing has to be named. */
bool audit_domains_are_declared(const struct matrix *matrix);

/* COMMAND_OK, or what is wrong was told. pins: list_free. */
int audit_domains_ask(const struct audit_domains_wish *wish,
	struct audit_answers *answers, struct server_pins *pins);
