#include "audit/domain_checks.h"

#include <string.h>

static const struct audit_check MX_FOUND = {
	"mx.found", "the domain says who takes its mail", SEVERITY_MEDIUM};
static const struct audit_check MX_RESOLVES = {
	"mx.resolves", "each MX host has an address", SEVERITY_MEDIUM};
static const struct audit_check MX_DECLARED = {"mx.declared",
	"each published MX host is declared to take mail from the Internet",
	SEVERITY_HIGH};
static const struct audit_check MX_PUBLISHED = {"mx.published",
	"each server declared to take mail from the Internet is published",
	SEVERITY_LOW};

static void add_addresses(
	struct domain_run *run, struct domain_host *host, enum rr_type type)
{
	struct rr_answer answer;
	rr_ask(run->audit->resolver, host->name, type, &answer);
	if (answer.outcome == RR_FAILED) {
		host->failed = answer.why;
	}
	host->is_secure = host->is_secure && answer.is_secure;
	for (size_t i = 0; i < answer.count; i++) {
		if (host->address_count == DOMAIN_ADDRESS_MAX) {
			host->failed = "more addresses than are read";
			return;
		}
		host->address_count += rr_data_address(
			&answer.list[i], &host->addresses[host->address_count]);
	}
}

void domain_resolve(struct domain_run *run, struct domain_host *host)
{
	host->is_secure = true;
	add_addresses(run, host, RR_TYPE_A);
	add_addresses(run, host, RR_TYPE_AAAA);
}

static void add_host(struct domain_run *run, const struct rr_data *data)
{
	struct domain_mx *mx = &run->mx;
	struct domain_host *host = &mx->list[mx->count];
	char name[RR_NAME_BYTES];
	if (!rr_data_name(data, RR_TYPE_MX, name)) {
		mx->failed = "an MX record that cannot be read";
		return;
	}
	if (name[0] == '\0') {
		mx->is_null = true;
		return;
	}
	if (mx->count == DOMAIN_MX_MAX) {
		mx->failed = "more MX records than are read";
		return;
	}
	(void)rr_name_clean(host->name, name);
	host->preference = rr_data_preference(data);
	domain_resolve(run, host);
	mx->count++;
}

void domain_find_mx(struct domain_run *run)
{
	struct domain_mx *mx = &run->mx;
	struct rr_answer answer;
	mx->list = arena_array(
		&run->audit->answers->arena, DOMAIN_MX_MAX + 1, sizeof(mx->list[0]));
	rr_ask(run->audit->resolver, run->domain, RR_TYPE_MX, &answer);
	mx->is_secure = answer.is_secure;
	if (answer.outcome == RR_FAILED) {
		mx->failed = answer.why;
	}
	for (size_t i = 0; i < answer.count; i++) {
		add_host(run, &answer.list[i]);
	}
	if (answer.outcome == RR_NO_DATA) {
		(void)rr_name_clean(mx->list[0].name, run->domain);
		domain_resolve(run, &mx->list[0]);
		mx->count = mx->list[0].address_count > 0 || mx->list[0].failed;
		mx->is_implicit = mx->count > 0;
	}
}

static void check_found(struct domain_run *run)
{
	const struct domain_mx *mx = &run->mx;
	if (mx->failed) {
		domain_answer(run, &MX_FOUND, AUDIT_UNASKED, "%s", mx->failed);
	} else if (mx->is_null && mx->count > 0) {
		domain_answer(run, &MX_FOUND, AUDIT_NO,
			"a null MX beside others: senders may give up (RFC 7505)");
	} else if (mx->is_null) {
		domain_answer(run, &MX_FOUND, AUDIT_YES, "null MX: it takes no mail");
	} else if (mx->is_implicit) {
		domain_answer(run, &MX_FOUND, AUDIT_NO,
			"no MX record: mail goes to the address of %s itself",
			run->domain);
	} else if (mx->count == 0) {
		domain_answer(run, &MX_FOUND, AUDIT_NO, "no MX record, no address");
	} else {
		domain_answer(run, &MX_FOUND, AUDIT_YES, "%zu MX", mx->count);
	}
}

static void check_resolves(struct domain_run *run)
{
	run->told = 0;
	for (size_t i = 0; i < run->mx.count; i++) {
		const struct domain_host *host = &run->mx.list[i];
		struct rr_answer alias;
		rr_ask(run->audit->resolver, host->name, RR_TYPE_CNAME, &alias);
		if (host->failed) {
			domain_answer(run, &MX_RESOLVES, AUDIT_UNASKED, "%s: %s",
				host->name, host->failed);
		} else if (host->address_count == 0) {
			domain_answer(run, &MX_RESOLVES, AUDIT_NO, "%s has no address",
				host->name);
		} else if (alias.outcome == RR_FOUND && !run->mx.is_implicit) {
			domain_answer(run, &MX_RESOLVES, AUDIT_NO,
				"%s is an alias (CNAME), which an MX must not name "
				"(RFC 2181, section 10.3)",
				host->name);
		}
	}
	if (run->told == 0 && run->mx.count > 0) {
		domain_answer(run, &MX_RESOLVES, AUDIT_YES, "%zu hosts", run->mx.count);
	}
}

static void check_host_declared(struct domain_run *run,
	const struct declared *receivers, const struct domain_host *host)
{
	char text[ADDRESS_TEXT_BYTES];
	for (size_t i = 0; i < host->address_count; i++) {
		if (!declared_find(receivers, &host->addresses[i])) {
			domain_answer(run, &MX_DECLARED, AUDIT_NO,
				"%s (%s) is published and not declared", host->name,
				address_text(&host->addresses[i], text));
		}
	}
	if (host->failed) {
		domain_answer(run, &MX_DECLARED, AUDIT_UNASKED, "%s: %s", host->name,
			host->failed);
	}
}

static void check_declared(struct domain_run *run, const struct declared *receivers)
{
	run->told = 0;
	for (size_t i = 0; i < run->mx.count; i++) {
		check_host_declared(run, receivers, &run->mx.list[i]);
	}
	if (run->mx.failed) {
		domain_answer(run, &MX_DECLARED, AUDIT_UNASKED, "%s", run->mx.failed);
	} else if (run->told == 0 && run->mx.count > 0) {
		domain_answer(run, &MX_DECLARED, AUDIT_YES, "all of %zu hosts",
			run->mx.count);
	}
}

static bool is_host_in(
	const struct domain_host *host, const struct declared_range *range)
{
	for (size_t i = 0; i < host->address_count; i++) {
		if (declared_holds(range, &host->addresses[i])) {
			return true;
		}
	}
	return false;
}

static bool is_published(const struct domain_mx *mx, const struct declared_range *range)
{
	for (size_t i = 0; i < mx->count; i++) {
		if (is_host_in(&mx->list[i], range)) {
			return true;
		}
	}
	return false;
}

/* Why an address that was not seen may be published all the same; NULL: it is not. */
static const char *unseen(const struct domain_mx *mx)
{
	const char *why = mx->failed;
	for (size_t i = 0; i < mx->count && !why; i++) {
		why = mx->list[i].failed;
	}
	return why;
}

static void check_published(struct domain_run *run, const struct declared *receivers)
{
	char text[DECLARED_TEXT_BYTES];
	const char *why = unseen(&run->mx);
	run->told = 0;
	for (size_t i = 0; i < receivers->count; i++) {
		const struct declared_range *range = &receivers->list[i];
		if (is_published(&run->mx, range)) {
			continue;
		}
		domain_answer(run, &MX_PUBLISHED, why ? AUDIT_UNASKED : AUDIT_NO,
			"%s: %s", declared_text(range, text),
			why ? why : "no MX leads there");
	}
	if (run->told == 0 && receivers->count > 0) {
		domain_answer(
			run, &MX_PUBLISHED, AUDIT_YES, "all of %zu", receivers->count);
	}
}

void domain_check_mx(struct domain_run *run)
{
	check_found(run);
	check_resolves(run);
	check_declared(run, &run->receivers);
	if (!run->mx.is_null) {
		check_published(run, &run->receivers);
	}
}
