/*
 * commands/audit_servers - the servers' section of an audit: who asks them has a process
 * of its own.
 *
 * In: a matrix and what of it is to be asked. Out: answers, behind those that are there.
 * The process that talks to servers has no rights, opens no file, connects to declared
 * ports only; what it found comes through a pipe and is checked.
 */
#pragma once

#include "audit/answers.h"
#include "audit/server.h"
#include "commands/options.h"
#include "matrix/matrix.h"

#define AUDIT_SERVERS_ALL "all"

struct audit_servers_wish {
	const struct matrix *matrix;
	const struct option_list *servers; /* empty, or with "all": all declared ones */
	const char *authorities;           /* or NULL */
	const char *observed;              /* or NULL */
	uint32_t answer_s;
	uint32_t all_s;
	uint32_t pause_ms;
};

/* None is named, or "all" is. */
bool audit_servers_are_all(const struct option_list *servers);

struct audit_servers {
	struct audit_servers_wish wish;
	struct server_targets targets;
	struct tls_offers *offers;
};

/* Who is asked; all files are read here. COMMAND_OK, or what is wrong was told. */
int audit_servers_choose(struct audit_servers *servers);

/* pins: of MX hosts. COMMAND_OK, or what is wrong was told, and answers may be missing. */
int audit_servers_ask(const struct audit_servers *servers,
	const struct server_pins *pins, struct audit_answers *answers);
void audit_servers_free(struct audit_servers *servers);
