#include "commands/audit_servers.h"

#include "audit/server.h"
#include "base/clock.h"
#include "commands/audit_apart.h"
#include "control/sandbox.h"
#include "report/servers_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEDGER_SERVERS (1U << 20)
#define US_PER_S       UINT64_C(1000000)
#define US_PER_MS      UINT64_C(1000)
#define BUSY_PAUSES    10 /* behind a 421 */

struct section {
	const struct audit_servers *servers;
	const struct server_pins *pins; /* of MX hosts */
	struct audit_answers *answers;
	uint16_t *ports; /* 0 behind the last */
	int told;        /* the pipe */
};

bool audit_servers_are_all(const struct option_list *servers)
{
	for (size_t i = 0; i < servers->count; i++) {
		if (strcmp(servers->values[i], AUDIT_SERVERS_ALL) == 0) {
			return true;
		}
	}
	return servers->count == 0;
}

/* Each wish is declared: nobody else is asked. */
static int choose_targets(struct audit_servers *servers, int64_t now_s)
{
	const struct option_list *named = servers->wish.servers;
	struct server_targets *targets = &servers->targets;
	if (!server_targets_make(targets, servers->wish.matrix, now_s)) {
		return command_failed(&COMMAND_AUDIT, "no memory");
	}
	if (!audit_servers_are_all(named)) {
		const char *missing =
			server_targets_keep(targets, named->values, named->count);
		if (missing) {
			return command_misused(&COMMAND_AUDIT,
				"--server \"%.80s\": no row of the matrix leads to a "
				"server of this address, group or name",
				missing);
		}
	}
	if (targets->left_out > 0) {
		(void)fprintf(stderr,
			"mailwarden audit: %zu networks of servers are not asked: more "
			"than %d addresses\n",
			targets->left_out, SERVER_MEMBER_ADDRESSES);
	}
	return COMMAND_OK;
}

/* Of a ledger only what is known of these servers is kept. */
static int take_observed(struct audit_servers *servers, struct ledger *ledger)
{
	struct reason why;
	switch (servers_load(ledger, servers->wish.observed, &why)) {
	case SERVERS_OK:
		return server_targets_observe(&servers->targets, ledger)
			       ? COMMAND_OK
			       : command_failed(&COMMAND_AUDIT, "no memory");
	case SERVERS_BROKEN:
		(void)fprintf(stderr, "%s\n", why.text);
		return COMMAND_USAGE;
	default:
		return command_failed(&COMMAND_AUDIT, "%s", why.text);
	}
}

static int load_observed(struct audit_servers *servers)
{
	/* read once and not for long: nobody can aim at one bucket of it */
	const struct hash_seed seed = {{(uint64_t)(uintptr_t)servers, 1}};
	struct reason why;
	if (!servers->wish.observed) {
		return COMMAND_OK;
	}
	struct ledger *ledger = ledger_new(LEDGER_SERVERS, seed, &why);
	if (!ledger) {
		return command_failed(&COMMAND_AUDIT, "%s", why.text);
	}
	const int code = take_observed(servers, ledger);
	ledger_free(ledger);
	return code;
}

static int load_authorities(struct audit_servers *servers)
{
	struct reason why;
	servers->offers = tls_offers_new(servers->wish.authorities, &why);
	return servers->offers ? COMMAND_OK
			       : command_failed(&COMMAND_AUDIT, "%s", why.text);
}

int audit_servers_choose(struct audit_servers *servers)
{
	int code = choose_targets(servers, (int64_t)(clock_realtime_us() / US_PER_S));
	if (code == COMMAND_OK) {
		code = load_observed(servers);
	}
	return code == COMMAND_OK ? load_authorities(servers) : code;
}

void audit_servers_free(struct audit_servers *servers)
{
	tls_offers_free(servers->offers);
	server_targets_free(&servers->targets);
}

static bool list_ports(struct section *section)
{
	const struct server_targets *targets = &section->servers->targets;
	size_t count = 0;
	section->ports = calloc(targets->count + 1, sizeof(*section->ports));
	for (size_t i = 0; section->ports && i < targets->count; i++) {
		size_t at = 0;
		while (at < count && section->ports[at] != targets->list[i].port) {
			at++;
		}
		section->ports[at] = targets->list[i].port;
		count += at == count;
	}
	return section->ports != NULL;
}

static void tell(void *context, const struct server_answer *answer)
{
	const struct section *section = context;
	audit_apart_tell(section->told, answer, sizeof(*answer));
}

static bool enter_cage(void *context, struct reason *why)
{
	const struct section *section = context;
	return sandbox_enter_asker(section->ports, why);
}

/* In the process that asks. */
static int ask(void *context, int told)
{
	struct section *section = context;
	const struct audit_servers_wish *wish = &section->servers->wish;
	const struct server_asking asking = {.offers = section->servers->offers,
		.pins = section->pins,
		.patience = {.answer_us = wish->answer_s * US_PER_S,
			.all_us = wish->all_s * US_PER_S,
			.pause_us = wish->pause_ms * US_PER_MS,
			.busy_us = BUSY_PAUSES * US_PER_MS * wish->pause_ms},
		.now_s = (int64_t)(clock_realtime_us() / US_PER_S),
		.told = tell,
		.context = section};
	section->told = told;
	return audit_servers(&asking, &section->servers->targets) ? COMMAND_OK
								  : COMMAND_RUNTIME;
}

static bool take(void *context, const void *told)
{
	const struct section *section = context;
	char subject[SERVER_SUBJECT_BYTES];
	struct server_answer answer;
	memcpy(&answer, told, sizeof(answer));
	if (!server_answer_is_whole(&answer)) {
		return false;
	}
	server_subject(&answer, subject);
	audit_answer(section->answers, server_check(answer.question, answer.severity),
		subject, answer.state, "%s", answer.why);
	return true;
}

static int ask_apart(struct section *section)
{
	const struct audit_apart apart = {.size = sizeof(struct server_answer),
		.enter = enter_cage,
		.ask = ask,
		.take = take,
		.context = section};
	return list_ports(section) ? audit_apart_run(&apart)
				   : command_failed(&COMMAND_AUDIT, "no memory");
}

int audit_servers_ask(const struct audit_servers *servers,
	const struct server_pins *pins, struct audit_answers *answers)
{
	struct section section = {.servers = servers, .pins = pins, .answers = answers};
	const int code = ask_apart(&section);
	free(section.ports);
	return code;
}
