#include "audit/domain_checks.h"

#include "audit/domain_tags.h"

#include <string.h>

#define DANE_TA 2 /* usage: RFC 7218 */

static const struct audit_check DNSSEC_SIGNED = {
	"dnssec.signed", "the domain is signed by DNSSEC", SEVERITY_MEDIUM};
static const struct audit_check TLSRPT_FOUND = {
	"tlsrpt.found", "the domain takes reports on TLS (RFC 8460)", SEVERITY_LOW};
static const struct audit_check MTASTS_FOUND = {"mtasts.found",
	"the domain says that it has an MTA-STS policy (RFC 8461)", SEVERITY_LOW};
static const struct audit_check DANE_FOUND = {
	"dane.found", "each MX host has TLSA records (RFC 7672)", SEVERITY_LOW};
static const struct audit_check DANE_VALID = {"dane.valid",
	"the TLSA records can be used: signed, usage 2 or 3, whole", SEVERITY_HIGH};

static enum tags_count ask_below(struct domain_run *run, const char *label,
	const char *version, struct tags_record *record)
{
	char name[RR_NAME_BYTES + 16];
	(void)snprintf(name, sizeof(name), "%s.%s", label, run->domain);
	return tags_ask(run->audit->resolver, &run->audit->answers->arena, name,
		version, record);
}

void domain_check_dnssec(struct domain_run *run)
{
	if (run->mx.failed) {
		domain_answer(run, &DNSSEC_SIGNED, AUDIT_UNASKED, "%s", run->mx.failed);
	} else if (run->mx.is_secure) {
		domain_answer(run, &DNSSEC_SIGNED, AUDIT_YES, "its signatures hold");
	} else if (!run->audit->has_trust_anchor) {
		domain_answer(run, &DNSSEC_SIGNED, AUDIT_UNASKED, "no trust anchor");
	} else {
		domain_answer(run, &DNSSEC_SIGNED, AUDIT_NO,
			"no chain of signatures leads to it");
	}
}

/* What both have in common; true: one record, to be looked at. */
static bool is_there(struct domain_run *run, const struct audit_check *check,
	enum tags_count found, const struct tags_record *record)
{
	if (found == TAGS_FAILED) {
		domain_answer(run, check, AUDIT_UNASKED, "%s", record->why);
	} else if (found != TAGS_ONE) {
		domain_answer(run, check, AUDIT_NO, "%s",
			found == TAGS_NONE ? "no such record"
					   : "several records, so none counts");
	}
	return found == TAGS_ONE;
}

void domain_check_tlsrpt(struct domain_run *run)
{
	struct tags_record record;
	struct text rua;
	const enum tags_count found = ask_below(run, "_smtp._tls", "TLSRPTv1", &record);
	if (!is_there(run, &TLSRPT_FOUND, found, &record)) {
		return;
	}
	const bool has_rua =
		tags_find(record.text, "rua", &rua) &&
		(text_starts(rua, "mailto:") || text_starts(rua, "https:"));
	domain_answer(run, &TLSRPT_FOUND, has_rua ? AUDIT_YES : AUDIT_NO, "%s%.*s",
		has_rua ? "" : "no rua= with mailto: or https: in ",
		(int)record.text.len, (const char *)record.text.at);
}

/* 1 to 32 letters and digits (RFC 8461, section 3.1). */
static bool is_policy_id(struct text id)
{
	for (size_t i = 0; i < id.len; i++) {
		const uint8_t byte = id.at[i];
		if (!(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z') &&
			!(byte >= '0' && byte <= '9')) {
			return false;
		}
	}
	return id.len >= 1 && id.len <= 32;
}

void domain_check_mtasts(struct domain_run *run)
{
	struct tags_record record;
	struct text id;
	const enum tags_count found = ask_below(run, "_mta-sts", "STSv1", &record);
	if (!is_there(run, &MTASTS_FOUND, found, &record)) {
		return;
	}
	const bool has_id = tags_find(record.text, "id", &id) && is_policy_id(id);
	domain_answer(run, &MTASTS_FOUND, has_id ? AUDIT_YES : AUDIT_NO, "%s%.*s",
		has_id ? "" : "no id= of 1 to 32 letters and digits in ",
		(int)record.text.len, (const char *)record.text.at);
	if (has_id) {
		domain_check_policy(run);
	}
}

/* Four bytes at least, TLS_PIN_BYTES behind the third at most. */
static struct tls_pin pin_of(const struct rr_data *data)
{
	struct tls_pin pin = {.usage = data->bytes[0],
		.selector = data->bytes[1],
		.matching = data->bytes[2],
		.len = (uint16_t)(data->len - 3)};
	memcpy(pin.data, data->bytes + 3, pin.len);
	return pin;
}

static bool is_too_long(const struct rr_data *data)
{
	return data->len - 3 > TLS_PIN_BYTES;
}

/* Why a record cannot be used; NULL: it can. RFC 6698, section 2.1; RFC 7672, section 3.1. */
static const char *tlsa_fault(const struct rr_data *data)
{
	if (data->len < 4) {
		return "cut short";
	}
	if (data->bytes[0] != DANE_TA && data->bytes[0] != 3) {
		return "usage is neither 2 (DANE-TA) nor 3 (DANE-EE)";
	}
	if (data->bytes[1] > 1) {
		return "unknown selector";
	}
	if (data->bytes[2] > 2) {
		return "unknown matching type";
	}
	if ((data->bytes[2] == 1 && data->len != 3 + 32) ||
		(data->bytes[2] == 2 && data->len != 3 + 64)) {
		return "the digest has another length than its kind";
	}
	if (is_too_long(data)) {
		return NULL; /* nobody looks */
	}
	const struct tls_pin pin = pin_of(data);
	return tls_pin_is_usable(&pin) ? NULL
	       : pin.selector == 0     ? "it holds no certificate that can be read"
				       : "it holds no key that can be read";
}

/* To be held against the certificates that are shown at the addresses of the host. */
static void tell_pin(const struct domain_run *run, const struct domain_host *host,
	const struct rr_data *data)
{
	struct server_pin pin = {.pin = pin_of(data)};
	(void)snprintf(pin.host, sizeof(pin.host), "%s", host->name);
	if (pin.pin.usage == DANE_TA) { /* the domain is a name for it, too */
		(void)snprintf(pin.domain, sizeof(pin.domain), "%s", run->domain);
	}
	for (size_t i = 0; i < host->address_count; i++) {
		pin.address = host->addresses[i];
		run->audit->pinned(run->audit->pinned_context, &pin);
	}
}

/* Those that can be used, and are signed. */
static void tell_pins(struct domain_run *run, const struct domain_host *host,
	const struct rr_answer *answer)
{
	for (size_t i = 0; run->audit->pinned && i < answer->count; i++) {
		const struct rr_data *data = &answer->list[i];
		if (tlsa_fault(data)) {
			continue;
		}
		if (is_too_long(data)) {
			domain_answer(run, &DANE_VALID, AUDIT_UNASKED,
				"TLSA record %zu of %s is longer than is looked at",
				i + 1, host->name);
		} else {
			tell_pin(run, host, data);
		}
	}
}

static void check_tlsa_records(struct domain_run *run, const struct domain_host *host,
	const struct rr_answer *answer)
{
	size_t usable = 0;
	for (size_t i = 0; i < answer->count; i++) {
		const char *fault = tlsa_fault(&answer->list[i]);
		usable += fault == NULL;
		if (fault) {
			domain_answer(run, &DANE_VALID, AUDIT_NO,
				"TLSA record %zu of %s: %s", i + 1, host->name, fault);
		}
	}
	if (!run->audit->has_trust_anchor) {
		domain_answer(run, &DANE_VALID, AUDIT_UNASKED, "%s: no trust anchor",
			host->name);
	} else if (!answer->is_secure || !host->is_secure || !run->mx.is_secure) {
		domain_answer(run, &DANE_VALID, AUDIT_NO,
			"%s: %s not signed, so that senders ignore TLSA", host->name,
			!run->mx.is_secure ? "the MX record is"
			: !host->is_secure ? "its addresses are"
					   : "TLSA is");
	} else {
		tell_pins(run, host, answer);
		if (usable == answer->count) {
			domain_answer(run, &DANE_VALID, AUDIT_YES, "%s: %zu",
				host->name, usable);
		}
	}
}

static void check_host(struct domain_run *run, const struct domain_host *host)
{
	struct rr_answer answer;
	char name[RR_NAME_BYTES + 16];
	(void)snprintf(name, sizeof(name), "_25._tcp.%s", host->name);
	rr_ask(run->audit->resolver, name, RR_TYPE_TLSA, &answer);
	if (answer.outcome == RR_FAILED) {
		domain_answer(run, &DANE_FOUND, AUDIT_UNASKED, "%s: %s", host->name,
			answer.why);
	} else if (answer.outcome != RR_FOUND) {
		domain_answer(run, &DANE_FOUND, AUDIT_NO, "%s has none", host->name);
	} else {
		domain_answer(run, &DANE_FOUND, AUDIT_YES, "%s", host->name);
		check_tlsa_records(run, host, &answer);
	}
}

void domain_check_dane(struct domain_run *run)
{
	for (size_t i = 0; i < run->mx.count; i++) {
		check_host(run, &run->mx.list[i]);
	}
}
