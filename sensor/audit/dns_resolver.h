/*
 * audit/dns_resolver - ask the network's name servers, and check their signatures.
 *
 * The one file that knows libunbound. In: a resolver to be asked, a trust anchor. Out:
 * an rr_resolver (audit/dns). One question at a time, each bounded in time, their number
 * as well; a resolver that gives no answer several times in a row is asked no more.
 * Its answers live until it is freed.
 */
#pragma once

#include "audit/dns.h"
#include "base/reason.h"

struct dns_settings {
	const char *resolver; /* an address, or address@port; NULL: /etc/resolv.conf */
	const char *trust_anchor; /* file with DS or DNSKEY records; NULL: none */
	unsigned timeout_s;       /* of a question */
};

#define DNS_TRUST_ANCHOR_DEFAULT "/usr/share/dns/root.key" /* Debian: dns-root-data */

struct dns_resolver;

/*
 * NULL and why. settings are borrowed for the call, and all files are read in it. With the first question
 * a thread begins: a process that is to be forked or caged is so before.
 */
struct dns_resolver *dns_resolver_new(
	const struct dns_settings *settings, struct reason *why);
void dns_resolver_free(struct dns_resolver *dns);

/* To be asked; as long as dns lives. */
struct rr_resolver dns_resolver_of(struct dns_resolver *dns);
