#include "commands/audit_domains.h"

#include "audit/dns_resolver.h"
#include "audit/domain.h"
#include "matrix/domains.h"

#include <time.h>
#include <unistd.h>

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
static void ask_one(
	const struct domain_audit *all, const struct matrix *matrix, const char *domain)
{
	const char *selectors[DOMAIN_SELECTORS_MAX];
	struct domain_audit audit = *all;
	const struct matrix_domain *entry = matrix_domain_of(matrix, domain);
	audit.selectors = selectors;
	audit.selector_count = 0;
	for (size_t i = 0; i < all->selector_count; i++) {
		selectors[audit.selector_count++] = all->selectors[i];
	}
	for (size_t i = 0; entry && i < entry->selector_count &&
			   audit.selector_count < DOMAIN_SELECTORS_MAX;
		i++) {
		selectors[audit.selector_count++] = entry->selectors[i];
	}
	audit_domain(&audit, domain);
}

static void ask_all(
	const struct audit_domains_wish *wish, const struct domain_audit *audit)
{
	char clean[RR_NAME_BYTES];
	size_t count = 0;
	const struct matrix_domain *domains = matrix_domains(wish->matrix, &count);
	for (size_t i = 0; i < wish->domains->count; i++) {
		if (rr_name_clean(clean, wish->domains->values[i])) {
			ask_one(audit, wish->matrix, clean);
		}
	}
	for (size_t i = 0; wish->domains->count == 0 && i < count; i++) {
		if (domains[i].is_own) {
			ask_one(audit, wish->matrix, domains[i].name);
		}
	}
}

int audit_domains_ask(
	const struct audit_domains_wish *wish, struct audit_answers *answers)
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
	struct dns_resolver *dns = dns_resolver_new(&settings, &why);
	if (!dns) {
		return command_failed(&COMMAND_AUDIT, "%s", why.text);
	}
	const struct rr_resolver resolver = dns_resolver_of(dns);
	const struct domain_audit audit = {
		.matrix = wish->matrix,
		.resolver = &resolver,
		.now_s = (int64_t)time(NULL),
		.has_trust_anchor = settings.trust_anchor != NULL,
		.selectors = wish->selectors->values,
		.selector_count = wish->selectors->count,
		.answers = answers,
	};
	ask_all(wish, &audit);
	dns_resolver_free(dns);
	return COMMAND_OK;
}
