#include "audit/dns_resolver.h"
#include "commands/audit_domains.h"
#include "commands/audit_journal.h"
#include "commands/audit_servers.h"
#include "commands/matrices.h"

#include <unistd.h>

#define AUTHORITIES_DEFAULT "/etc/ssl/certs/ca-certificates.crt"
#define QUESTION_S_DEFAULT  10
#define QUESTION_S_MOST     120
#define SERVERS_S_DEFAULT   600
#define SERVERS_S_MOST      86400
#define PAUSE_MS_DEFAULT    200
#define PAUSE_MS_MOST       60000

struct request {
	struct option_list matrices;
	struct option_list domains;
	struct option_list selectors;
	struct option_list servers;
	const char *authorities;
	const char *observed;
	const char *journal;
	uint32_t time_s;
	uint32_t pause_ms;
	const char *resolver;
	const char *trust_anchor;
	uint32_t timeout_s;
	bool is_json;
	bool is_exit_code_wanted;
};

/* Each section asks, and adds its answers. */
static int ask_domains(const struct request *request, const struct matrix *matrix,
	struct audit_answers *answers, struct server_pins *pins)
{
	const struct audit_domains_wish wish = {.matrix = matrix,
		.domains = &request->domains,
		.selectors = &request->selectors,
		.resolver = request->resolver,
		.trust_anchor = request->trust_anchor,
		.authorities = request->authorities,
		.timeout_s = request->timeout_s};
	return audit_domains_ask(&wish, answers, pins);
}

static struct audit_servers_wish servers_wish(
	const struct request *request, const struct matrix *matrix)
{
	return (struct audit_servers_wish){.matrix = matrix,
		.servers = &request->servers,
		.authorities = request->authorities,
		.observed = request->observed,
		.answer_s = request->timeout_s,
		.all_s = request->time_s,
		.pause_ms = request->pause_ms};
}

static void print(const struct request *request, const struct audit_answers *answers)
{
	if (request->is_json) {
		audit_print_json(answers, stdout);
	} else {
		audit_print_text(answers, stdout);
	}
}

static bool are_domains_asked(
	const struct request *request, const struct matrix *matrix)
{
	return request->domains.count > 0 ||
	       (request->servers.count == 0 && audit_domains_are_declared(matrix));
}

static bool are_servers_asked(const struct request *request)
{
	return request->domains.count == 0 || request->servers.count > 0;
}

static int make_journal(const struct request *request)
{
	struct reason why;
	if (!request->journal || audit_journal_make(request->journal, &why)) {
		return COMMAND_OK;
	}
	return command_failed(&COMMAND_AUDIT, "%s", why.text);
}

static int keep(const struct request *request, struct audit_run *run)
{
	struct reason why;
	if (!request->journal || audit_journal_write(run, request->journal, &why)) {
		return COMMAND_OK;
	}
	return command_failed(&COMMAND_AUDIT, "%s", why.text);
}

static int give(const struct request *request, struct audit_run *run,
	struct audit_answers *answers)
{
	audit_answers_gather(
		answers); /* those of MX hosts come behind those of a server */
	print(request, answers);
	const int code = keep(request, run);
	return code == COMMAND_OK && request->is_exit_code_wanted &&
			       audit_faults(answers) > 0
		       ? COMMAND_VIOLATIONS
		       : code;
}

/* Each section, until one fails: then not all was asked. */
static int ask(const struct request *request, struct audit_servers *servers,
	struct audit_run *run, struct audit_answers *answers)
{
	const struct matrix *matrix = servers->wish.matrix;
	struct server_pins pins = {.count = 0};
	int code = COMMAND_OK;
	if (are_domains_asked(request, matrix)) {
		code = ask_domains(request, matrix, answers, &pins);
		run->has_all_domains &= code == COMMAND_OK;
	}
	run->domain_count = answers->count;
	if (code == COMMAND_OK && are_servers_asked(request)) {
		code = audit_servers_ask(servers, &pins, answers);
		run->has_all_servers &= code == COMMAND_OK;
	}
	list_free(pins.list);
	return code;
}

/* What was answered is given though a later section failed. */
static int audit_matrix(const struct request *request, const struct matrix *matrix)
{
	struct audit_answers answers = {.count = 0};
	struct audit_servers servers = {.wish = servers_wish(request, matrix)};
	struct audit_run run = {.answers = &answers,
		.has_all_domains = request->domains.count == 0,
		.has_all_servers = audit_servers_are_all(&request->servers)};
	int code = are_servers_asked(request) ? audit_servers_choose(&servers)
					      : COMMAND_OK;
	if (code == COMMAND_OK) {
		code = make_journal(request);
	}
	if (code == COMMAND_OK) {
		code = ask(request, &servers, &run, &answers);
	}
	if (code == COMMAND_OK || answers.count > 0) {
		const int given = give(request, &run, &answers);
		code = code == COMMAND_OK ? given : code;
	}
	audit_servers_free(&servers);
	audit_answers_free(&answers);
	return code;
}

static int audit_run(int argc, char **argv)
{
	struct request request = {.timeout_s = QUESTION_S_DEFAULT,
		.time_s = SERVERS_S_DEFAULT,
		.pause_ms = PAUSE_MS_DEFAULT};
	struct option_words words;
	int code = options_read(&COMMAND_AUDIT, argc, argv, &request, &words);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (!request.authorities && access(AUTHORITIES_DEFAULT, R_OK) == 0) {
		request.authorities = AUTHORITIES_DEFAULT;
	}
	struct matrix *matrix = matrices_load(&request.matrices);
	code = matrix ? audit_matrix(&request, matrix) : COMMAND_USAGE;
	matrix_free(matrix);
	return code;
}

static const char ABOUT[] =
	"Ask what the declared mail domains publish, and hold it against the matrix,\n"
	"both ways: what is declared and not published loses mail, what is published\n"
	"and not declared is a hole. Ask the declared servers what they offer:\n"
	"STARTTLS, versions and suites of TLS, certificates, and what they do with\n"
	"what no client should say. Each answer is yes, no, or unknown: it could not\n"
	"be asked, and why. Nobody else is asked, no mail is sent, nobody signs in.\n";

static const char NOTES[] =
	"Without a trust anchor nothing is known of DNSSEC. Debian's dns-root-data\n"
	"has the root's; it is taken where it is installed.\n";

static const char EXAMPLES[] =
	"  mailwarden audit -m matrix.yaml\n"
	"      All domains and servers that the matrix declares.\n"
	"  mailwarden audit -m matrix.yaml --server mx-in --server 192.0.2.10\n"
	"  mailwarden audit -m matrix.yaml --domain example.org --selector mail2026\n"
	"  mailwarden audit -m matrix.yaml --domain example.org --resolver 192.0.2.53\n"
	"      By this resolver, not by those of /etc/resolv.conf.\n"
	"  mailwarden audit -m matrix.yaml --domain example.org --exit-code --json\n"
	"  mailwarden audit -m matrix.yaml --journal audits\n"
	"      As records, for `mailwarden ship` and `mailwarden report`.\n";

static const struct option_row OPTIONS[] = {
	{OPTION_MATRICES(
		 struct request, "flow matrix; repeat it to join several, - is stdin"),
		.is_required = true},
	{.name = "domain",
		.argument = "DOMAIN",
		.help = "a mail domain to ask about; repeat it for several\n"
			"(default without --server: those of the matrix)",
		.set = option_add_text,
		.field = offsetof(struct request, domains)},
	{.name = "selector",
		.argument = "SELECTOR",
		.help = "of a DKIM key; repeat it for several",
		.set = option_add_text,
		.field = offsetof(struct request, selectors)},
	{.name = "resolver",
		.argument = "ADDRESS[@PORT]",
		.help = "ask this one (default: those of /etc/resolv.conf)",
		.set = option_set_text,
		.field = offsetof(struct request, resolver)},
	{.name = "trust-anchor",
		.argument = "FILE",
		.help = "DS or DNSKEY records that DNSSEC begins at "
			"(default:\n" DNS_TRUST_ANCHOR_DEFAULT ", if there)",
		.set = option_set_text,
		.field = offsetof(struct request, trust_anchor)},
	{.name = "server",
		.argument = "SERVER",
		.help = "a declared server: address, group or name; repeat it\n"
			"for several; all: each (default without --domain)",
		.set = option_add_text,
		.field = offsetof(struct request, servers)},
	{.name = "ca-file",
		.argument = "FILE",
		.help = "certificates of the authorities to trust "
			"(default:\n" AUTHORITIES_DEFAULT ", if there)",
		.set = option_set_text,
		.field = offsetof(struct request, authorities)},
	{.name = "observed",
		.argument = "FILE",
		.help = "what the wire showed of servers: servers.state of a\n"
			"sensor, or of replay --state",
		.set = option_set_text,
		.field = offsetof(struct request, observed)},
	{.name = "time",
		.argument = "SECONDS",
		.help = "for all servers, 1 to 86400 (default: 600)",
		.set = option_set_number,
		.field = offsetof(struct request, time_s),
		.least = 1,
		.most = SERVERS_S_MOST},
	{.name = "pause",
		.argument = "MILLISECONDS",
		.help = "between two connections, 0 to 60000 (default: 200);\n"
			"behind a 421 ten times as long, then twenty",
		.set = option_set_number,
		.field = offsetof(struct request, pause_ms),
		.most = PAUSE_MS_MOST},
	{.name = "timeout",
		.argument = "SECONDS",
		.help = "for one answer, 1 to 120 (default: 10)",
		.set = option_set_number,
		.field = offsetof(struct request, timeout_s),
		.least = 1,
		.most = QUESTION_S_MOST},
	{.name = "journal",
		.argument = "DIR",
		.help = "all answers as records into the journal in DIR, what\n"
			"is at fault or could not be asked as an alert, once",
		.set = option_set_text,
		.field = offsetof(struct request, journal)},
	{.name = "json",
		.letter = 'j',
		.help = "one JSON object: yes, no, unknown, answers",
		.set = option_set_flag,
		.field = offsetof(struct request, is_json)},
	{.name = "exit-code",
		.help = "exit 1 when a fault was found",
		.set = option_set_flag,
		.field = offsetof(struct request, is_exit_code_wanted)},
	{.name = NULL},
};

const struct command COMMAND_AUDIT = {
	.name = "audit",
	.summary = "ask declared domains and servers, and hold it against the matrix",
	.usage = "-m MATRIX [--domain DOMAIN] [--server SERVER] [OPTIONS]",
	.about = ABOUT,
	.notes = NOTES,
	.examples = EXAMPLES,
	.exits = "0 asked, 1 a fault was found and --exit-code was given, 2 usage or "
		 "matrix\n"
		 "in error, 3 it failed.\n",
	.options = OPTIONS,
	.run = audit_run,
};
