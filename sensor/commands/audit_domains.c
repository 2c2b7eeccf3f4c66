#include "commands/audit_domains.h"

#include "audit/dns_resolver.h"
#include "audit/domain.h"
#include "commands/audit_apart.h"
#include "control/sandbox.h"
#include "matrix/domains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DNS_PORT 53

/* As text: who takes it has only the word of a process that may have been made to lie. */
struct told_answer {
	uint8_t state;    /* enum audit_state */
	uint8_t severity; /* enum severity */
	char id[32];
	char question[192];
	char subject[RR_NAME_BYTES];
	char why[1024];
};

/* What goes through the pipe. */
struct told {
	uint8_t is_pin;
	struct told_answer answer;
	struct server_pin pin;
};

struct section {
	const struct audit_domains_wish *wish;
	struct audit_answers *answers;
	struct server_pins *pins;
	struct domain_audit audit; /* but for what is of one domain */
	struct dns_resolver *dns;
	struct https_client *web;
	size_t pins_lost;
	int told; /* the pipe */
};

static void tell_pin(void *context, const struct server_pin *pin)
{
	const struct section *section = context;
	const struct told told = {.is_pin = true, .pin = *pin};
	audit_apart_tell(section->told, &told, sizeof(told));
}

static void tell_answers(
	const struct section *section, const struct audit_answers *answers)
{
	for (size_t i = 0; i < answers->count; i++) {
		const struct audit_answer *one = &answers->list[i];
		struct told told = {.answer = {.state = (uint8_t)one->state,
					    .severity = (uint8_t)one->check->severity}};
		struct told_answer *to = &told.answer;
		(void)snprintf(to->id, sizeof(to->id), "%s", one->check->id);
		(void)snprintf(
			to->question, sizeof(to->question), "%s", one->check->question);
		(void)snprintf(to->subject, sizeof(to->subject), "%s", one->subject);
		(void)snprintf(to->why, sizeof(to->why), "%s", one->why);
		audit_apart_tell(section->told, &told, sizeof(told));
	}
}

bool audit_domains_are_declared(const struct matrix *matrix)
{
	return matrix_has_own_domains(matrix);
}

static bool is_declared(const struct matrix *matrix, const char *domain)
{
	const struct matrix_domain *entry = matrix_domain_of(matrix, domain);
	return !matrix_has_own_domains(matrix) || (entry && entry->is_own);
}

static bool check_domains(const struct audit_domains_wish *wish)
{
	char clean[RR_NAME_BYTES];
	for (size_t i = 0; i < wish->domains->count; i++) {
		const char *domain = wish->domains->values[i];
		if (!rr_name_clean(clean, domain)) {
			(void)command_misused(
				&COMMAND_AUDIT, "--domain \"%s\" is no name", domain);
			return false;
		}
		if (!is_declared(wish->matrix, clean)) {
			(void)command_misused(&COMMAND_AUDIT,
				"--domain %s is none of the matrix's own", clean);
			return false;
		}
	}
	return true;
}

static bool check_selectors(const struct audit_domains_wish *wish)
{
	char clean[RR_NAME_BYTES];
	for (size_t i = 0; i < wish->selectors->count; i++) {
		if (!rr_name_clean(clean, wish->selectors->values[i])) {
			(void)command_misused(&COMMAND_AUDIT,
				"--selector \"%s\" is no name",
				wish->selectors->values[i]);
			return false;
		}
	}
	return true;
}

/* With the selectors that were named, and those that the matrix has for it. */
static void ask_one(struct section *section, const char *domain)
{
	const char *selectors[DOMAIN_SELECTORS_MAX];
	struct audit_answers answers = {.count = 0};
	struct domain_audit audit = section->audit;
	const struct matrix_domain *entry = matrix_domain_of(audit.matrix, domain);
	const struct option_list *named = section->wish->selectors;
	audit.answers = &answers;
	audit.selectors = selectors;
	for (size_t i = 0; i < named->count; i++) {
		selectors[audit.selector_count++] = named->values[i];
	}
	for (size_t i = 0; entry && i < entry->selector_count &&
			   audit.selector_count < DOMAIN_SELECTORS_MAX;
		i++) {
		selectors[audit.selector_count++] = entry->selectors[i];
	}
	audit_domain(&audit, domain);
	tell_answers(section, &answers);
	audit_answers_free(&answers);
}

/* In the process that asks. */
static int ask(void *context, int told)
{
	struct section *section = context;
	const struct audit_domains_wish *wish = section->wish;
	char clean[RR_NAME_BYTES];
	size_t count = 0;
	const struct matrix_domain *domains = matrix_domains(wish->matrix, &count);
	section->told = told;
	for (size_t i = 0; i < wish->domains->count; i++) {
		if (rr_name_clean(clean, wish->domains->values[i])) {
			ask_one(section, clean);
		}
	}
	for (size_t i = 0; wish->domains->count == 0 && i < count; i++) {
		if (domains[i].is_own) {
			ask_one(section, domains[i].name);
		}
	}
	return COMMAND_OK;
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool take_answer(struct section *section, const struct told_answer *told)
{
	if (told->state >= AUDIT_STATES || told->severity > SEVERITY_LOW ||
		!ends(told->id, sizeof(told->id)) ||
		!ends(told->question, sizeof(told->question)) ||
		!ends(told->subject, sizeof(told->subject)) ||
		!ends(told->why, sizeof(told->why))) {
		return false;
	}
	const struct audit_check check = {told->id, told->question, told->severity};
	const struct audit_answer answer = {
		&check, told->subject, told->state, told->why};
	audit_answer_copy(section->answers, &answer);
	return true;
}

/* Of a host that two domains name it is told twice. */
static bool is_known(const struct server_pins *pins, const struct server_pin *pin)
{
	size_t i = 0;
	while (i < pins->count && !server_pin_equal(&pins->list[i], pin)) {
		i++;
	}
	return i < pins->count;
}

static void take_pin(struct section *section, const struct server_pin *pin)
{
	struct server_pins *pins = section->pins;
	if (is_known(pins, pin)) {
		return;
	}
	if (pins->count == SERVER_PINS_MAX) {
		section->pins_lost++;
		return;
	}
	pins->list = list_room(pins->list, pins->count, sizeof(*pins->list));
	pins->list[pins->count++] = *pin;
}

static bool take(void *context, const void *bytes)
{
	struct section *section = context;
	struct told told;
	memcpy(&told, bytes, sizeof(told));
	if (told.is_pin == 0) {
		return take_answer(section, &told.answer);
	}
	if (!server_pin_is_whole(&told.pin)) {
		return false;
	}
	take_pin(section, &told.pin);
	return true;
}

/* Of the resolver that is named behind a "@"; else the usual. */
static uint16_t port_of(const char *resolver)
{
	const char *at = resolver ? strchr(resolver, '@') : NULL;
	const unsigned long port = at ? strtoul(at + 1, NULL, 10) : DNS_PORT;
	return port > 0 && port <= UINT16_MAX ? (uint16_t)port : DNS_PORT;
}

static bool enter_cage(void *context, struct reason *why)
{
	const struct section *section = context;
	const uint16_t ports[] = {port_of(section->wish->resolver), HTTPS_PORT, 0};
	return sandbox_enter_names(ports, why);
}

static int ask_apart(struct section *section)
{
	const struct rr_resolver resolver = dns_resolver_of(section->dns);
	const struct https_fetcher web = https_client_of(section->web);
	const struct audit_apart apart = {.size = sizeof(struct told),
		.enter = enter_cage,
		.ask = ask,
		.take = take,
		.context = section};
	section->audit.resolver = &resolver;
	section->audit.web = &web;
	const int code = audit_apart_run(&apart);
	if (section->pins_lost > 0) {
		(void)fprintf(stderr,
			"mailwarden audit: %zu TLSA records and policies are not held "
			"against certificates: more than %d\n",
			section->pins_lost, SERVER_PINS_MAX);
	}
	return code;
}

/* All files are read here, before there is a cage. */
int audit_domains_ask(const struct audit_domains_wish *wish,
	struct audit_answers *answers, struct server_pins *pins)
{
	struct dns_settings settings = {
		wish->resolver, wish->trust_anchor, wish->timeout_s};
	struct reason why;
	if (!check_domains(wish) || !check_selectors(wish)) {
		return COMMAND_USAGE;
	}
	if (!settings.trust_anchor && access(DNS_TRUST_ANCHOR_DEFAULT, R_OK) == 0) {
		settings.trust_anchor = DNS_TRUST_ANCHOR_DEFAULT;
	}
	struct section section = {.wish = wish,
		.answers = answers,
		.pins = pins,
		.audit = {.matrix = wish->matrix,
			.now_s = (int64_t)time(NULL),
			.has_trust_anchor = settings.trust_anchor != NULL,
			.pinned = tell_pin,
			.pinned_context = &section}};
	int code = COMMAND_OK;
	section.dns = dns_resolver_new(&settings, &why);
	section.web =
		section.dns ? https_client_new(wish->authorities, wish->timeout_s, &why)
			    : NULL;
	if (section.web) {
		code = ask_apart(&section);
	} else {
		code = command_failed(&COMMAND_AUDIT, "%s", why.text);
	}
	https_client_free(section.web);
	dns_resolver_free(section.dns);
	return code;
}
