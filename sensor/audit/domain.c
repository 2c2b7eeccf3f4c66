#include "audit/domain_checks.h"

#include <stdarg.h>

#define WHY_BYTES 1024

void domain_answer(struct domain_run *run, const struct audit_check *check,
	enum audit_state state, const char *format, ...)
{
	char why[WHY_BYTES];
	va_list list;
	va_start(list, format);
	(void)vsnprintf(why, sizeof(why), format, list);
	va_end(list);
	audit_answer(run->audit->answers, check, run->domain, state, "%s", why);
	run->told += state != AUDIT_YES;
}

static void (*const CHECKS[])(struct domain_run *run) = {
	domain_check_mx,
	domain_check_spf,
	domain_check_dkim,
	domain_check_dmarc,
	domain_check_dnssec,
};

/* Of who takes mail. */
static void (*const CHECKS_OF_MX[])(struct domain_run *run) = {
	domain_check_tlsrpt,
	domain_check_mtasts,
	domain_check_dane,
};

void audit_domain(const struct domain_audit *audit, const char *domain)
{
	struct domain_run run = {.audit = audit, .domain = domain};
	declared_senders(&run.senders, audit, domain);
	declared_receivers(&run.receivers, audit);
	domain_find_mx(&run);
	for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++) {
		CHECKS[i](&run);
	}
	for (size_t i = 0;
		run.mx.count > 0 && i < sizeof(CHECKS_OF_MX) / sizeof(CHECKS_OF_MX[0]);
		i++) {
		CHECKS_OF_MX[i](&run);
	}
	declared_free(&run.senders);
	declared_free(&run.receivers);
}
