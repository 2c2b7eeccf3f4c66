/* The certificates of an MX host as senders see them that heed DANE or MTA-STS: by its name. */
#include "audit/server_visit.h"

#include <string.h>

#define SMTP_PORT 25 /* of MX hosts; _25._tcp: RFC 7672, section 2.2.3 */

static bool is_of(
	const struct server_pin *pin, const struct address *address, const char *host)
{
	return address_equal(&pin->address, address) &&
	       (!host || strcmp(pin->host, host) == 0);
}

struct dane {
	size_t all;   /* records of the host */
	size_t right; /* that hold */
	const struct tls_pin *first;
	const char *doubt;
};

static bool is_record(const struct server_visit *visit, const struct server_pin *pin)
{
	return pin->kind == SERVER_PIN_TLSA &&
	       is_of(pin, &visit->target->address, visit->host);
}

/* As senders of mail to this domain hold them: those of DANE-EE are the same for all. */
static struct dane hold_pins(const struct server_visit *visit, const char *domain)
{
	const struct server_pins *pins = visit->asking->pins;
	const struct tls_reference reference = {visit->host, domain};
	struct dane dane = {.doubt = ""};
	for (size_t i = 0; i < pins->count; i++) {
		const struct server_pin *one = &pins->list[i];
		if (!is_record(visit, one) ||
			(one->domain[0] != '\0' && strcmp(one->domain, domain) != 0)) {
			continue;
		}
		dane.all++;
		if (tls_wire_is_pinned(
			    visit->link.wire, &reference, &one->pin, &dane.doubt)) {
			dane.first = dane.right++ == 0 ? &one->pin : dane.first;
		}
	}
	return dane;
}

/* The first domain whose senders give up, else the last one. */
static struct dane hold_domains(const struct server_visit *visit)
{
	const struct server_pins *pins = visit->asking->pins;
	struct dane dane = hold_pins(visit, "");
	bool is_told = false;
	for (size_t i = 0; i < pins->count && !is_told; i++) {
		const struct server_pin *one = &pins->list[i];
		if (is_record(visit, one) && one->domain[0] != '\0') {
			dane = hold_pins(visit, one->domain);
			is_told = dane.first == NULL;
		}
	}
	return dane;
}

/* One that holds is enough: the others are of the certificate before or behind a change. */
static void tell_dane(struct server_visit *visit)
{
	const struct dane dane = hold_domains(visit);
	if (dane.first) {
		server_tell(visit, SERVER_DANE, AUDIT_YES,
			"%.120s: TLSA %u %u %u; %zu of %zu hold%s", visit->host,
			dane.first->usage, dane.first->selector, dane.first->matching,
			dane.right, dane.all,
			dane.first->usage == 3
				? "; DANE-EE: names and dates do not matter"
				: "");
	} else if (dane.all > 0) {
		server_tell(visit, SERVER_DANE, AUDIT_NO,
			"%.90s: none of %zu TLSA records holds (%.50s): senders that "
			"heed DANE hand over no mail",
			visit->host, dane.all, dane.doubt);
	}
}

/* RFC 8461, section 4.2. NULL: senders take it. */
static const char *fault_of(
	const struct server_visit *visit, const struct tls_shown *shown)
{
	const struct facts_certificate *certificate = &shown->certificate;
	if (!shown->is_trusted) {
		return shown->distrust;
	}
	if (visit->asking->now_s < certificate->not_before_s ||
		visit->asking->now_s > certificate->not_after_s) {
		return "it is out of date";
	}
	return tls_wire_names(visit->link.wire, visit->host) ? NULL
							     : "it is for another name";
}

static void tell_policy(struct server_visit *visit, const struct tls_shown *shown,
	enum server_pin_kind kind)
{
	const char *fault = fault_of(visit, shown);
	if (!tls_offers_has_authorities(visit->asking->offers)) {
		server_tell(visit, SERVER_CERTIFICATE_MTASTS, AUDIT_UNASKED,
			"no authorities are known here (--ca-file)");
	} else if (!fault) {
		server_tell(visit, SERVER_CERTIFICATE_MTASTS, AUDIT_YES, "%.200s",
			visit->host);
	} else if (kind == SERVER_PIN_ENFORCED) {
		server_tell(visit, SERVER_CERTIFICATE_MTASTS, AUDIT_NO,
			"%.90s: %.60s: senders that heed MTA-STS hand over no mail",
			visit->host, fault);
	} else {
		server_tell_no(visit, SERVER_CERTIFICATE_MTASTS, SEVERITY_LOW,
			"%.90s: %.60s: senders that heed MTA-STS report it (mode: "
			"testing)",
			visit->host, fault);
	}
}

/* Of several domains' policies the strictest. */
static void tell_policies(struct server_visit *visit, const struct tls_shown *shown)
{
	const struct server_pins *pins = visit->asking->pins;
	enum server_pin_kind kind = SERVER_PIN_TLSA; /* none */
	for (size_t i = 0; i < pins->count; i++) {
		const struct server_pin *one = &pins->list[i];
		if (one->kind > kind &&
			is_of(one, &visit->target->address, visit->host)) {
			kind = one->kind;
		}
	}
	if (kind != SERVER_PIN_TLSA) {
		tell_policy(visit, shown, kind);
	}
}

static void look(struct server_visit *visit)
{
	struct tls_shown shown;
	tls_wire_shown(visit->link.wire, &shown);
	visit->key = shown.certificate.key_type;
	tell_dane(visit);
	tell_policies(visit, &shown);
	visit->key = "";
}

static void ask_host(struct server_visit *visit, const struct server_pin *first)
{
	visit->host = first->host;
	server_each_certificate(visit,
		first->kind == SERVER_PIN_TLSA ? SERVER_DANE
					       : SERVER_CERTIFICATE_MTASTS,
		look);
	visit->host = NULL;
}

static bool is_first_of_host(const struct server_pins *pins, size_t at)
{
	const struct server_pin *one = &pins->list[at];
	for (size_t i = 0; i < at; i++) {
		if (is_of(&pins->list[i], &one->address, one->host)) {
			return false;
		}
	}
	return true;
}

void server_ask_hosts(struct server_visit *visit)
{
	const struct server_pins *pins = visit->asking->pins;
	const struct server_target *target = visit->target;
	if (target->port != SMTP_PORT || target->protocol != PROTOCOL_SMTP) {
		return;
	}
	for (size_t i = 0; i < pins->count; i++) {
		if (is_of(&pins->list[i], &target->address, NULL) &&
			is_first_of_host(pins, i)) {
			ask_host(visit, &pins->list[i]);
		}
	}
}
