/*
 * audit/domain_checks - the questions about one domain, a file each.
 *
 * Private to audit/domain*. What a check has to say of its question once, "yes", it says
 * when nothing was at fault; each fault and each thing that could not be asked is an
 * answer of its own.
 */
#pragma once

#include "audit/domain.h"

/* Who is declared, by address: an end of a row that leads to or comes from the Internet. */
struct declared_range {
	struct address first;
	struct address last;
	const char *name; /* of its group or zone */
};

struct declared {
	struct declared_range *list; /* list_room */
	size_t count;
};

/* Of who sends to the Internet; and of those that the matrix's domains let send for this one. */
void declared_senders(struct declared *declared, const struct domain_audit *audit,
	const char *domain);
void declared_receivers(struct declared *declared, const struct domain_audit *audit);
void declared_free(struct declared *declared);

/* The first that holds the address; NULL: none. */
const struct declared_range *declared_find(
	const struct declared *declared, const struct address *address);

bool declared_holds(const struct declared_range *range, const struct address *address);

/* "192.0.2.1 (mx-out)", "192.0.2.0-192.0.2.15 (mx-out)" */
#define DECLARED_TEXT_BYTES 192
const char *declared_text(
	const struct declared_range *range, char text[DECLARED_TEXT_BYTES]);

#define DOMAIN_MX_MAX      32
#define DOMAIN_ADDRESS_MAX 32

/* One host that takes the domain's mail. */
struct domain_host {
	char name[RR_NAME_BYTES];
	uint16_t preference;
	struct address addresses[DOMAIN_ADDRESS_MAX];
	size_t address_count;
	bool is_secure;     /* its addresses' DNSSEC signatures hold */
	const char *failed; /* why its addresses could not be asked, or NULL */
};

struct domain_mx {
	struct domain_host *list; /* DOMAIN_MX_MAX of them */
	size_t count;
	bool is_secure;
	bool is_null;     /* RFC 7505: takes no mail */
	bool is_implicit; /* no MX: the domain's own address (RFC 5321, section 5.1) */
	const char *failed; /* why MX could not be asked, or NULL */
};

struct domain_run {
	const struct domain_audit *audit;
	const char *domain;
	struct domain_mx mx;
	struct declared senders;
	struct declared receivers;
	size_t told; /* faults and unasked of the check that runs */
};

/* An answer about the domain; what is no "yes" counts as told. */
void domain_answer(struct domain_run *run, const struct audit_check *check,
	enum audit_state state, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void domain_find_mx(struct domain_run *run);

/* The addresses of host->name. */
void domain_resolve(struct domain_run *run, struct domain_host *host);

/* RFC 5321, section 5.1: MX against who is declared to take mail from the Internet. */
void domain_check_mx(struct domain_run *run);

/* RFC 7208: SPF against who is declared to send to the Internet. */
void domain_check_spf(struct domain_run *run);

/* RFC 6376, RFC 8301: the keys of the selectors. */
void domain_check_dkim(struct domain_run *run);

/* RFC 9989, by its walk up the tree; RFC 9990: who takes the reports. */
void domain_check_dmarc(struct domain_run *run);

void domain_check_dnssec(struct domain_run *run);

/* RFC 8460, RFC 8461, RFC 7672: what is published on TLS between servers. */
void domain_check_tlsrpt(struct domain_run *run);
void domain_check_mtasts(struct domain_run *run);
void domain_check_policy(struct domain_run *run); /* of MTA-STS: it has a record */
void domain_check_dane(struct domain_run *run);
