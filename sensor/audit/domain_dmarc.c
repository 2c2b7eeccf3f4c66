#include "audit/domain_checks.h"

#include "audit/domain_tags.h"

#include <string.h>

#define WALK_MAX      8 /* questions of one walk (RFC 9989, section 4.10) */
#define LABELS_JUMP   8 /* a name of so many labels is cut down ... */
#define LABELS_JUMPED 7 /* ... to so many */
#define REPORTS_MAX   8 /* destinations that are asked about */

static const struct audit_check DMARC_FOUND = {"dmarc.found",
	"there is a DMARC record for the domain (RFC 9989)", SEVERITY_HIGH};
static const struct audit_check DMARC_POLICY = {"dmarc.policy",
	"the DMARC policy has mail that fails put aside or refused", SEVERITY_MEDIUM};
static const struct audit_check DMARC_SUBDOMAINS = {"dmarc.subdomains",
	"so it is for subdomains, and for those that do not exist", SEVERITY_MEDIUM};
static const struct audit_check DMARC_EARNEST = {
	"dmarc.earnest", "the DMARC policy is not a test", SEVERITY_LOW};
static const struct audit_check DMARC_REPORTS = {
	"dmarc.reports", "DMARC reports go to somebody who takes them", SEVERITY_LOW};
static const struct audit_check DMARC_CURRENT = {"dmarc.current",
	"the DMARC record has no tag that RFC 9989 removed", SEVERITY_LOW};

/* What a walk up the tree has found. */
struct walk {
	struct domain_run *run;
	struct text record;         /* of the domain that is its organization's */
	char domain[RR_NAME_BYTES]; /* that one; "": none */
	char below[RR_NAME_BYTES];  /* the name asked before the last */
	const char *failed;         /* why a question could not be asked, or NULL */
	bool is_many;               /* several records at the domain itself */
	bool is_own;                /* the record is at the domain itself */
};

static enum tags_count ask_at(
	struct walk *walk, const char *domain, struct tags_record *record)
{
	char name[RR_NAME_BYTES + 8];
	(void)snprintf(name, sizeof(name), "_dmarc.%s", domain);
	const enum tags_count found = tags_ask(walk->run->audit->resolver,
		&walk->run->audit->answers->arena, name, "DMARC1", record);
	if (found == TAGS_FAILED) {
		walk->failed = record->why;
	}
	return found;
}

static size_t count_labels(const char *domain)
{
	size_t count = 1;
	for (; *domain != '\0'; domain++) {
		count += *domain == '.';
	}
	return count;
}

/* The next name up; NULL: that was the last. */
static const char *parent_of(const char *domain)
{
	size_t count = count_labels(domain);
	const size_t wanted = count >= LABELS_JUMP ? LABELS_JUMPED : count - 1;
	for (; count > wanted; count--) {
		const char *dot = strchr(domain, '.');
		if (!dot) {
			return NULL;
		}
		domain = dot + 1;
	}
	return domain;
}

static bool has_psd(struct text record, const char *value)
{
	struct text psd;
	return tags_find(record, "psd", &psd) && text_is(psd, value);
}

static void keep(struct walk *walk, const char *domain, struct text record)
{
	walk->record = record;
	(void)snprintf(walk->domain, sizeof(walk->domain), "%s", domain);
}

/*
 * The record of the organization's domain: that with psd=n, that below one with psd=y,
 * else the highest that has one (section 4.10.2). A record of a public suffix speaks for
 * its domains where they have none themselves.
 */
static void walk_up(struct walk *walk, const char *start)
{
	unsigned asked = 0;
	for (const char *at = start; at && asked < WALK_MAX; at = parent_of(at)) {
		struct tags_record record;
		asked++;
		if (ask_at(walk, at, &record) != TAGS_ONE) {
			continue;
		}
		if (has_psd(record.text, "y") && walk->domain[0] != '\0') {
			return;
		}
		keep(walk, at, record.text);
		if (has_psd(record.text, "n") || has_psd(record.text, "y")) {
			return;
		}
	}
}

/* Section 4.10.1: the domain's own record, else the organization's. */
static void discover(struct walk *walk)
{
	const char *domain = walk->run->domain;
	struct tags_record record;
	const enum tags_count found = ask_at(walk, domain, &record);
	walk->is_many = found == TAGS_MANY;
	walk->is_own = found == TAGS_ONE;
	if (found == TAGS_ONE) {
		keep(walk, domain, record.text);
	} else if (found != TAGS_FAILED && parent_of(domain)) {
		walk_up(walk, parent_of(domain));
	}
}

/* What a policy word means; absent or unknown: as "none" (section 4.7). */
static bool is_strict(struct text policy)
{
	return text_is(policy, "quarantine") || text_is(policy, "reject");
}

static struct text policy_of(struct text record, const char *tag, struct text otherwise)
{
	struct text policy;
	return tags_find(record, tag, &policy) ? policy : otherwise;
}

static void check_policy(struct walk *walk)
{
	struct text test;
	const struct text own = policy_of(walk->record, "p", text_from("none"));
	const struct text below = policy_of(walk->record, "sp", own);
	const struct text missing = policy_of(walk->record, "np", below);
	const struct text used = walk->is_own ? own : below;
	domain_answer(walk->run, &DMARC_POLICY, is_strict(used) ? AUDIT_YES : AUDIT_NO,
		"%s=%.*s", walk->is_own ? "p" : "sp", (int)used.len,
		(const char *)used.at);
	if (is_strict(used)) { /* else that is told already */
		const bool is_right = is_strict(below) && is_strict(missing);
		domain_answer(walk->run, &DMARC_SUBDOMAINS,
			is_right ? AUDIT_YES : AUDIT_NO, "sp=%.*s np=%.*s",
			(int)below.len, (const char *)below.at, (int)missing.len,
			(const char *)missing.at);
	}
	const bool is_test = tags_find(walk->record, "t", &test) && text_is(test, "y");
	domain_answer(walk->run, &DMARC_EARNEST, is_test ? AUDIT_NO : AUDIT_YES, "%s",
		is_test ? "t=y: a policy one step milder is applied"
			: "t=y is not set");
}

static void check_current(struct walk *walk)
{
	static const char *const REMOVED[] = {"pct", "rf", "ri"};
	struct text value;
	walk->run->told = 0;
	for (size_t i = 0; i < sizeof(REMOVED) / sizeof(REMOVED[0]); i++) {
		if (tags_find(walk->record, REMOVED[i], &value)) {
			domain_answer(walk->run, &DMARC_CURRENT, AUDIT_NO,
				"%s=%.*s is ignored", REMOVED[i], (int)value.len,
				(const char *)value.at);
		}
	}
	if (walk->run->told == 0) {
		domain_answer(walk->run, &DMARC_CURRENT, AUDIT_YES, "none");
	}
}

/* The host of "mailto:a@host!10m"; false: it is another URI, or none. */
static bool host_of(struct text uri, char host[RR_NAME_BYTES])
{
	char name[RR_NAME_BYTES];
	const uint8_t *at = uri.len > 0 ? memrchr(uri.at, '@', uri.len) : NULL;
	if (!text_starts(uri, "mailto:") || !at) {
		return false;
	}
	const size_t len = uri.len - (size_t)(at + 1 - uri.at);
	const uint8_t *size = memchr(at + 1, '!', len);
	const size_t used = size ? (size_t)(size - at - 1) : len;
	if (used >= sizeof(name)) {
		return false;
	}
	memcpy(name, at + 1, used);
	name[used] = '\0';
	return strlen(name) == used && rr_name_clean(host, name);
}

/* Both lead up to the same organization: nobody has to be asked whether he wants them. */
static bool is_same_organization(struct walk *walk, const char *host)
{
	struct walk ours = {.run = walk->run};
	struct walk theirs = {.run = walk->run};
	if (rr_name_is_below(host, walk->run->domain)) {
		return true;
	}
	walk_up(&ours, walk->run->domain);
	walk_up(&theirs, host);
	return ours.domain[0] != '\0' && strcmp(ours.domain, theirs.domain) == 0;
}

/* RFC 9990: who is to take the reports of another domain says that he does. */
static void check_destination(struct walk *walk, const char *host)
{
	struct tags_record record;
	char name[2 * RR_NAME_BYTES + 16];
	if (is_same_organization(walk, host)) {
		return;
	}
	(void)snprintf(
		name, sizeof(name), "%s._report._dmarc.%s", walk->run->domain, host);
	const enum tags_count found = tags_ask(walk->run->audit->resolver,
		&walk->run->audit->answers->arena, name, "DMARC1", &record);
	if (found == TAGS_FAILED) {
		domain_answer(walk->run, &DMARC_REPORTS, AUDIT_UNASKED, "%s: %s", host,
			record.why);
	} else if (found == TAGS_NONE) {
		domain_answer(walk->run, &DMARC_REPORTS, AUDIT_NO,
			"%s does not say that it takes reports of %s", host,
			walk->run->domain);
	}
}

static void check_reports(struct walk *walk)
{
	struct text list;
	char host[RR_NAME_BYTES];
	size_t count = 0;
	walk->run->told = 0;
	if (!tags_find(walk->record, "rua", &list) || list.len == 0) {
		domain_answer(walk->run, &DMARC_REPORTS, AUDIT_NO, "no rua=");
		return;
	}
	const struct text whole = list;
	while (list.len > 0 && count < REPORTS_MAX) {
		const uint8_t *end = memchr(list.at, ',', list.len);
		const size_t len = end ? (size_t)(end - list.at) : list.len;
		const struct text uri = text_trim((struct text){list.at, len});
		text_advance(&list, len + (end ? 1 : 0));
		count++;
		if (host_of(uri, host)) {
			check_destination(walk, host);
		} else {
			domain_answer(walk->run, &DMARC_REPORTS, AUDIT_NO,
				"\"%.*s\" is no mailto: address", (int)uri.len,
				(const char *)uri.at);
		}
	}
	if (walk->run->told == 0) {
		domain_answer(walk->run, &DMARC_REPORTS, AUDIT_YES, "%.*s",
			(int)whole.len, (const char *)whole.at);
	}
}

void domain_check_dmarc(struct domain_run *run)
{
	struct walk walk = {.run = run};
	struct text wrong;
	discover(&walk);
	if (walk.failed) {
		domain_answer(run, &DMARC_FOUND, AUDIT_UNASKED, "%s", walk.failed);
		return;
	}
	if (walk.domain[0] == '\0') {
		domain_answer(run, &DMARC_FOUND, AUDIT_NO, "%s",
			walk.is_many ? "several records, so none counts"
				     : "none here and none above");
		return;
	}
	if (!tags_are_valid(walk.record, &wrong)) {
		domain_answer(run, &DMARC_FOUND, AUDIT_NO,
			"\"%.*s\" is no tag with a value", (int)wrong.len,
			(const char *)wrong.at);
		return;
	}
	domain_answer(run, &DMARC_FOUND, AUDIT_YES, "at %s: %.*s", walk.domain,
		(int)walk.record.len, (const char *)walk.record.at);
	check_policy(&walk);
	check_current(&walk);
	check_reports(&walk);
}
