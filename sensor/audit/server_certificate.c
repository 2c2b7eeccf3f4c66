/* The certificates of a server: one of each kind of key that it has. */
#include "audit/server_visit.h"

#include "judge/findings.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DAY_S             INT64_C(86400)
#define EXPIRING_WITHIN_S (30 * DAY_S) /* as on the wire: judge/findings_certificate */
#define RSA_BITS_MIN      2048
#define CURVE_BITS_MIN    224
#define US_PER_S          1000000

static void tell_chain(struct server_visit *visit, const struct tls_shown *shown)
{
	if (!tls_offers_has_authorities(visit->asking->offers)) {
		server_tell(visit, SERVER_CERTIFICATE_CHAIN, AUDIT_UNASKED,
			"no authorities are known here (--ca-file)");
	} else if (shown->is_trusted) {
		server_tell(visit, SERVER_CERTIFICATE_CHAIN, AUDIT_YES,
			"issued by %.180s", shown->certificate.issuer);
	} else {
		server_tell(visit, SERVER_CERTIFICATE_CHAIN, AUDIT_NO,
			"%.80s; issued by %.120s", shown->distrust,
			shown->certificate.issuer);
	}
}

/* "*.example.org" of a group covers what ends so. */
static bool is_covered(const char *names, const char *suffix)
{
	const size_t suffix_len = strlen(suffix);
	while (*names != '\0') {
		const size_t len = strcspn(names, ",");
		if (len > suffix_len && strncasecmp(names + len - suffix_len, suffix,
						suffix_len) == 0) {
			return true;
		}
		names += len + (names[len] == ',');
	}
	return false;
}

static bool is_for_target(
	const struct server_visit *visit, const struct facts_certificate *certificate)
{
	const struct matrix_group *group = visit->target->group;
	char text[ADDRESS_TEXT_BYTES];
	for (size_t i = 0; i < group->name_count; i++) {
		const char *name = group->names[i];
		if (name[0] == '*' ? is_covered(certificate->names, name + 1)
				   : tls_wire_is_for(visit->link.wire, name)) {
			return true;
		}
	}
	return tls_wire_is_for(
		visit->link.wire, address_text(&visit->target->address, text));
}

static void tell_name(
	struct server_visit *visit, const struct facts_certificate *certificate)
{
	if (is_for_target(visit, certificate)) {
		server_tell(visit, SERVER_CERTIFICATE_NAME, AUDIT_YES, "%.200s",
			certificate->names);
	} else if (visit->target->group->name_count == 0) {
		server_tell(visit, SERVER_CERTIFICATE_NAME, AUDIT_UNASKED,
			"the matrix declares no names for this server; it is for "
			"%.140s",
			certificate->names);
	} else {
		server_tell(visit, SERVER_CERTIFICATE_NAME, AUDIT_NO,
			"it is for %.200s", certificate->names);
	}
}

static void tell_dates(
	struct server_visit *visit, const struct facts_certificate *certificate)
{
	const int64_t left_s = certificate->not_after_s - visit->asking->now_s;
	const long long days = (long long)(left_s / DAY_S);
	char date[16];
	(void)finding_date(certificate->not_after_s, date);
	if (visit->asking->now_s < certificate->not_before_s) {
		server_tell(visit, SERVER_CERTIFICATE_DATES, AUDIT_NO,
			"not valid before %s",
			finding_date(certificate->not_before_s, date));
	} else if (left_s < 0) {
		server_tell(visit, SERVER_CERTIFICATE_DATES, AUDIT_NO, "expired on %s",
			date);
	} else if (left_s <= EXPIRING_WITHIN_S) {
		server_tell_no(visit, SERVER_CERTIFICATE_DATES, SEVERITY_LOW,
			"%lld days left, valid until %s", days, date);
	} else {
		server_tell(visit, SERVER_CERTIFICATE_DATES, AUDIT_YES,
			"%lld days left, valid until %s", days, date);
	}
}

static void tell_key(
	struct server_visit *visit, const struct facts_certificate *certificate)
{
	const bool is_rsa = strncmp(certificate->key_type, "RSA", 3) == 0;
	const unsigned least = is_rsa ? RSA_BITS_MIN : CURVE_BITS_MIN;
	const bool is_short = certificate->key_bits < least;
	server_tell(visit, SERVER_CERTIFICATE_KEY,
		is_short || certificate->is_weak_signature ? AUDIT_NO : AUDIT_YES,
		"%s, %u bits%s", certificate->key_type, certificate->key_bits,
		certificate->is_weak_signature ? ", signed by MD5 or SHA-1" : "");
}

/* The same as the wire showed, of this kind of key. */
static void tell_observed(
	struct server_visit *visit, const struct facts_certificate *certificate)
{
	const struct ledger_server *seen = visit->target->observed;
	const struct ledger_certificate *newest = NULL;
	for (size_t i = 0; i < LEDGER_CERTIFICATES; i++) {
		const struct ledger_certificate *one = &seen->certificates[i];
		if (one->fingerprint[0] == '\0' ||
			strcmp(one->key_type, certificate->key_type) != 0) {
			continue;
		}
		if (strcmp(one->fingerprint, certificate->fingerprint) == 0) {
			server_tell(visit, SERVER_CERTIFICATE_OBSERVED, AUDIT_YES,
				"in %u flows; SHA-256 %s", one->flows,
				one->fingerprint);
			return;
		}
		newest = !newest || one->last_us > newest->last_us ? one : newest;
	}
	if (!newest) {
		server_tell(visit, SERVER_CERTIFICATE_OBSERVED, AUDIT_UNASKED,
			"the wire showed none of this kind (TLS 1.3 hides it); SHA-256 "
			"%s",
			certificate->fingerprint);
	} else if ((int64_t)(newest->last_us / US_PER_S) < certificate->not_before_s) {
		server_tell(visit, SERVER_CERTIFICATE_OBSERVED, AUDIT_UNASKED,
			"it is newer than what the wire showed last; SHA-256 %s",
			certificate->fingerprint);
	} else {
		server_tell(visit, SERVER_CERTIFICATE_OBSERVED, AUDIT_NO,
			"a middlebox, or another server behind the address; here "
			"SHA-256 "
			"%.16s.., on the wire %.16s..",
			certificate->fingerprint, newest->fingerprint);
	}
}

static void tell_certificate(struct server_visit *visit)
{
	struct tls_shown shown;
	tls_wire_shown(visit->link.wire, &shown);
	const struct facts_certificate *certificate = &shown.certificate;
	if (certificate->visibility != FACTS_SEEN) {
		server_tell(visit, SERVER_CERTIFICATE_CHAIN, AUDIT_UNASKED,
			"the certificate cannot be read");
		return;
	}
	visit->key = certificate->key_type;
	tell_chain(visit, &shown);
	tell_name(visit, certificate);
	tell_dates(visit, certificate);
	tell_key(visit, certificate);
	if (visit->target->observed) {
		tell_observed(visit, certificate);
	}
	visit->key = "";
}

/* A handshake for a certificate of this kind. PROBE_REFUSED: it has none. */
static enum probe_result ask_kind(struct server_visit *visit, enum tls_offer offer,
	void (*look)(struct server_visit *visit))
{
	if (server_visit_is_over(visit)) {
		(void)reason_set(&visit->link.why, "its answers take too long");
		return PROBE_LATE;
	}
	const enum probe_result result =
		server_visit_open(visit, SERVER_STAGE_TLS, offer);
	if (result == PROBE_DONE) {
		look(visit);
		server_visit_leave(visit);
	}
	return result;
}

static void tell_unasked(struct server_visit *visit, enum server_question question,
	const char *key, const struct reason *why)
{
	const char *host = visit->host ? visit->host : "";
	visit->key = key;
	server_tell(visit, question, AUDIT_UNASKED, "%.80s%s%.140s", host,
		visit->host ? ": " : "", why->text);
	visit->key = "";
}

static bool is_open(enum probe_result result)
{
	return result != PROBE_DONE && result != PROBE_REFUSED;
}

void server_each_certificate(struct server_visit *visit, enum server_question question,
	void (*look)(struct server_visit *visit))
{
	const enum probe_result rsa = ask_kind(visit, TLS_OFFER_RSA, look);
	const struct reason why = visit->link.why;
	const enum probe_result curve = ask_kind(visit, TLS_OFFER_ECDSA, look);
	if (rsa != PROBE_DONE && curve != PROBE_DONE) {
		tell_unasked(visit, question, "", &visit->link.why);
	} else if (is_open(rsa)) {
		tell_unasked(visit, question, "RSA", &why);
	} else if (is_open(curve)) {
		tell_unasked(visit, question, "EC", &visit->link.why);
	}
}

void server_ask_certificates(struct server_visit *visit)
{
	server_each_certificate(visit, SERVER_CERTIFICATE_CHAIN, tell_certificate);
}
