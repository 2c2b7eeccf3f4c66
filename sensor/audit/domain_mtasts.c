/* The MTA-STS policy that the domain's web server has, held against MX and the matrix. */
#include "audit/domain_checks.h"

#include "audit/mtasts_policy.h"
#include "matrix/senders.h"

#include <string.h>

#define POLICY_PATH "/.well-known/mta-sts.txt"
#define POLICY_AGE_LEAST \
	UINT64_C(604800) /* a week; "weeks or more", RFC 8461, section 3.2 */
#define DAY_S 86400

static const struct audit_check MTASTS_POLICY = {"mtasts.policy",
	"its policy can be fetched as senders do: HTTPS, a certificate that holds, no "
	"redirect",
	SEVERITY_MEDIUM};
static const struct audit_check MTASTS_VALID = {"mtasts.valid",
	"the policy can be read: version, mode, max_age, mx", SEVERITY_MEDIUM};
static const struct audit_check MTASTS_MODE = {
	"mtasts.mode", "the policy is enforced", SEVERITY_LOW};
static const struct audit_check MTASTS_AGE = {
	"mtasts.max-age", "the policy is kept for a week at least", SEVERITY_LOW};
static const struct audit_check MTASTS_MX = {
	"mtasts.mx", "each published MX host is one of the policy's", SEVERITY_HIGH};
static const struct audit_check MTASTS_DECLARED = {"mtasts.declared",
	"each mx of the policy is a published MX host, or a name declared to take mail "
	"from the Internet",
	SEVERITY_MEDIUM};
static const struct audit_check MTASTS_PUBLISHED = {"mtasts.published",
	"each name declared to take mail from the Internet is one of the policy's",
	SEVERITY_LOW};

static bool is_in_policy(const struct mtasts_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->mx_count; i++) {
		if (mtasts_matches(policy->mx[i].name, name)) {
			return true;
		}
	}
	return false;
}

static const struct domain_host *published(
	const struct domain_mx *mx, const char *pattern)
{
	for (size_t i = 0; i < mx->count; i++) {
		if (mtasts_matches(pattern, mx->list[i].name)) {
			return &mx->list[i];
		}
	}
	return NULL;
}

/* The group that the row lets take mail from the Internet, by names alone too; NULL: none. */
static const struct matrix_group *receiver(const struct domain_run *run, size_t row)
{
	size_t count = 0;
	const struct matrix *matrix = run->audit->matrix;
	const struct matrix_row *one = &matrix_rows(matrix, &count)[row];
	return matrix_row_takes_in(matrix, one, run->audit->now_s) ? one->to.group
								   : NULL;
}

static size_t row_count(const struct domain_run *run)
{
	size_t count = 0;
	(void)matrix_rows(run->audit->matrix, &count);
	return count;
}

static bool is_first_row_of(
	const struct domain_run *run, size_t row, const struct matrix_group *group)
{
	size_t i = 0;
	while (i < row && receiver(run, i) != group) {
		i++;
	}
	return i == row;
}

/* A name of the matrix may be a pattern, too: "*.example.org" has all below. */
static bool is_declared_name(const struct matrix_group *group, const char *pattern)
{
	for (size_t i = 0; group && i < group->name_count; i++) {
		const char *name = group->names[i];
		if (mtasts_matches(pattern, name) ||
			(name[0] == '*' && rr_name_is_below(pattern, name + 2))) {
			return true;
		}
	}
	return false;
}

static bool is_declared(const struct domain_run *run, const char *pattern)
{
	const size_t count = row_count(run);
	for (size_t i = 0; i < count; i++) {
		if (is_declared_name(receiver(run, i), pattern)) {
			return true;
		}
	}
	return false;
}

/* What is declared about MX hosts themselves is told of them: mx.declared. */
static void check_patterns(struct domain_run *run, const struct mtasts_policy *policy)
{
	run->told = 0;
	for (size_t i = 0; i < policy->mx_count; i++) {
		const char *pattern = policy->mx[i].name;
		if (!published(&run->mx, pattern) && !is_declared(run, pattern)) {
			domain_answer(run, &MTASTS_DECLARED, AUDIT_NO,
				"mx: %s is neither", pattern);
		}
	}
	if (run->told == 0) {
		domain_answer(run, &MTASTS_DECLARED, AUDIT_YES, "all of %zu",
			policy->mx_count);
	}
}

/* To be held against the certificates that are shown there. */
static void tell_pins(const struct domain_run *run, const struct domain_host *host,
	enum server_pin_kind kind)
{
	const struct domain_audit *audit = run->audit;
	struct server_pin pin = {.kind = (uint8_t)kind};
	(void)snprintf(pin.host, sizeof(pin.host), "%s", host->name);
	for (size_t i = 0; audit->pinned && i < host->address_count; i++) {
		pin.address = host->addresses[i];
		audit->pinned(audit->pinned_context, &pin);
	}
}

static void check_hosts(struct domain_run *run, const struct mtasts_policy *policy)
{
	const bool is_enforced = policy->mode == MTASTS_ENFORCE;
	run->told = 0;
	for (size_t i = 0; i < run->mx.count; i++) {
		const char *name = run->mx.list[i].name;
		if (is_in_policy(policy, name)) {
			tell_pins(run, &run->mx.list[i],
				is_enforced ? SERVER_PIN_ENFORCED : SERVER_PIN_TESTED);
		} else {
			domain_answer(run, &MTASTS_MX, AUDIT_NO,
				"%s is none of its mx: senders that heed it %s", name,
				is_enforced
					? "hand over no mail there"
					: "report that, and hand over no mail there "
					  "once it is enforced");
		}
	}
	if (run->told == 0) {
		domain_answer(
			run, &MTASTS_MX, AUDIT_YES, "all of %zu hosts", run->mx.count);
	}
}

/* One that is published is told as such: mtasts.mx. A name with "*" stands for no host. */
static size_t check_group(struct domain_run *run, const struct mtasts_policy *policy,
	const struct matrix_group *group)
{
	size_t count = 0;
	for (size_t i = 0; i < group->name_count; i++) {
		const char *name = group->names[i];
		if (name[0] == '*') {
			continue;
		}
		count++;
		if (!published(&run->mx, name) && !is_in_policy(policy, name)) {
			domain_answer(run, &MTASTS_PUBLISHED, AUDIT_NO,
				"%s (%s) is none of its mx", name, group->name);
		}
	}
	return count;
}

static void check_names(struct domain_run *run, const struct mtasts_policy *policy)
{
	size_t count = 0;
	run->told = 0;
	const size_t rows = row_count(run);
	for (size_t i = 0; i < rows; i++) {
		const struct matrix_group *group = receiver(run, i);
		if (group && is_first_row_of(run, i, group)) {
			count += check_group(run, policy, group);
		}
	}
	if (run->told == 0 && count > 0) {
		domain_answer(run, &MTASTS_PUBLISHED, AUDIT_YES, "all of %zu", count);
	}
}

static void check_policy(struct domain_run *run, const struct mtasts_policy *policy)
{
	const bool is_enforced = policy->mode == MTASTS_ENFORCE;
	domain_answer(run, &MTASTS_MODE, is_enforced ? AUDIT_YES : AUDIT_NO, "mode: %s",
		mtasts_mode_name(policy->mode));
	domain_answer(run, &MTASTS_AGE,
		policy->max_age_s >= POLICY_AGE_LEAST ? AUDIT_YES : AUDIT_NO,
		"max_age: %llu (%llu days)", (unsigned long long)policy->max_age_s,
		(unsigned long long)(policy->max_age_s / DAY_S));
	if (policy->mode != MTASTS_NONE) {
		check_hosts(run, policy);
		check_patterns(run, policy);
		check_names(run, policy);
	}
}

/* RFC 8461, section 3.3: not where strangers put pages of their own. */
static bool is_plain_text(const char *type)
{
	const struct text text = text_from(type);
	return text_starts(text, "text/plain") &&
	       (type[10] == '\0' || type[10] == ';' || type[10] == ' ');
}

static void read_policy(struct domain_run *run, const struct https_answer *answer)
{
	struct mtasts_policy policy;
	struct reason why;
	if (!is_plain_text(answer->type)) {
		domain_answer(run, &MTASTS_VALID, AUDIT_NO,
			"it is said to be %s, not text/plain",
			answer->type[0] != '\0' ? answer->type : "of no type");
	} else if (!mtasts_read(answer->body, &policy, &why)) {
		domain_answer(run, &MTASTS_VALID, AUDIT_NO, "%s", why.text);
	} else {
		domain_answer(run, &MTASTS_VALID, AUDIT_YES, "%zu mx", policy.mx_count);
		check_policy(run, &policy);
	}
}

void domain_check_policy(struct domain_run *run)
{
	const struct https_fetcher *web = run->audit->web;
	struct domain_host host = {.address_count = 0};
	struct https_answer answer;
	if (snprintf(host.name, sizeof(host.name), "mta-sts.%s", run->domain) >=
		(int)sizeof(host.name)) {
		domain_answer(run, &MTASTS_POLICY, AUDIT_NO,
			"the domain is too long for mta-sts in front of it");
		return;
	}
	domain_resolve(run, &host);
	if (host.address_count == 0) {
		domain_answer(run, &MTASTS_POLICY,
			host.failed ? AUDIT_UNASKED : AUDIT_NO, "%s %s", host.name,
			host.failed ? host.failed : "has no address");
		return;
	}
	const struct https_request request = {.host = host.name,
		.addresses = host.addresses,
		.address_count = host.address_count,
		.path = POLICY_PATH};
	web->fetch(web->context, &request, &answer);
	if (answer.outcome != HTTPS_FOUND) {
		domain_answer(run, &MTASTS_POLICY,
			answer.outcome == HTTPS_WRONG ? AUDIT_NO : AUDIT_UNASKED, "%s",
			answer.why.text);
		return;
	}
	domain_answer(
		run, &MTASTS_POLICY, AUDIT_YES, "https://%s%s", host.name, POLICY_PATH);
	read_policy(run, &answer);
}
