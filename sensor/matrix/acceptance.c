#include "matrix/acceptance.h"

#include "base/name_table.h"
#include "matrix/compiled.h"
#include "matrix/sentence.h"

#include <string.h>

static const char *const RECOMMENDATIONS[] = {
	"R34", "R35", "R36", "R37", "R41", "R42", "R42+"};

#define RECOMMENDATION_COUNT (sizeof(RECOMMENDATIONS) / sizeof(RECOMMENDATIONS[0]))

#define CLIENT_CERTIFICATE "tls.client-certificate-missing"

static const char DOMAINS_ARE_FOR_THAT[] = "\"domains\" is for that";
static const char ROW_IS_FOR_THAT[] = "a row that allows the flow is for that";

/* Of which protocols a finding is told. */
enum finding_of {
	OF_ANY = 0,
	OF_CLEAR,    /* not encrypted from the first byte */
	OF_STARTTLS, /* there is STARTTLS in it */
	OF_TLS,      /* there may be TLS in it */
	OF_SENDING,
	OF_SMTPS,
	OF_ACCESS,
};

/* In the order of judge's catalogue; tests/judge/test_acceptance.c compares them. */
static const struct {
	const char *id;
	const char *instead; /* why it is never accepted; NULL: it may be */
	enum finding_of of;
} FINDINGS[] = {
	{"sender.illegitimate", ROW_IS_FOR_THAT, OF_ANY},
	{"sender.attempt", ROW_IS_FOR_THAT, OF_ANY},
	{"flow.illegitimate", ROW_IS_FOR_THAT, OF_ANY},
	{"flow.role-mismatch", ROW_IS_FOR_THAT, OF_ANY},
	{"port.unusual", "\"ports\" of a row is for that", OF_ANY},
	{"port.foreign", "it is no mail, and the matrix speaks of mail", OF_ANY},
	{"smtps.implicit", NULL, OF_SMTPS},
	{"tls.missing", NULL, OF_CLEAR},
	{"tls.credentials-clear", NULL, OF_CLEAR},
	{"tls.starttls-not-offered", NULL, OF_STARTTLS},
	{"tls.starttls-refused", NULL, OF_STARTTLS},
	{"tls.starttls-unused", NULL, OF_STARTTLS},
	{"tls.starttls-stripped", NULL, OF_STARTTLS},
	{"tls.starttls-injection", NULL, OF_STARTTLS},
	{"tls.version-obsolete", NULL, OF_TLS},
	{"tls.cipher-weak", NULL, OF_TLS},
	{"tls.certificate-expired", NULL, OF_TLS},
	{"tls.certificate-expiring", NULL, OF_TLS},
	{"tls.certificate-self-signed", NULL, OF_TLS},
	{"tls.certificate-name-mismatch", NULL, OF_TLS},
	{"tls.certificate-weak-key", NULL, OF_TLS},
	{CLIENT_CERTIFICATE, NULL, OF_TLS},
	{"requiretls.clear", NULL, OF_SENDING},
	{"zone.mailbox-misplaced", NULL, OF_ANY},
	{"zone.user-access-exposed", NULL, OF_ACCESS},
	{"relay.chained", NULL, OF_SENDING},
	{"gateway.send-receive-mixed", NULL, OF_SENDING},
	{"header.internal-leak", NULL, OF_SENDING},
	{"authentication.missing", NULL, OF_SENDING},
	{"sender.mx-lookup", "\"role: resolver\" of a group is for that", OF_ANY},
	{"tls.certificate-changing", NULL, OF_TLS},
	{"evasion.ambiguous", "somebody hides from the sensor", OF_ANY},
	{"tunnel.mail", "\"tunnels\" is for that", OF_ANY},
	{"smtp.smuggling", NULL, OF_SENDING},
	{"sender.own-domain-outside", DOMAINS_ARE_FOR_THAT, OF_SENDING},
	{"sender.foreign-domain-out", DOMAINS_ARE_FOR_THAT, OF_SENDING},
	{"content.unchecked", NULL, OF_SENDING},
	{"sender.listed", "a list of kind allow is for that", OF_ANY},
};

#define FINDING_COUNT (sizeof(FINDINGS) / sizeof(FINDINGS[0]))

static size_t recommendation_index(const char *name)
{
	size_t i = 0;
	while (i < RECOMMENDATION_COUNT && strcmp(RECOMMENDATIONS[i], name) != 0) {
		i++;
	}
	return i;
}

static size_t finding_index(const char *id)
{
	size_t i = 0;
	while (i < FINDING_COUNT && strcmp(FINDINGS[i].id, id) != 0) {
		i++;
	}
	return i;
}

static bool refuse_unknown(const char *name, struct reason *why)
{
	struct name_nearest search = {.wrong = name};
	for (size_t i = 0; i < FINDING_COUNT; i++) {
		name_nearest_offer(&search, FINDINGS[i].id);
	}
	if (search.nearest) {
		return reason_set(why, "\"%.60s\" is no finding; did you mean \"%s\"?",
			name, search.nearest);
	}
	return reason_set(why,
		"\"%.60s\" is no recommendation (R34, R35, R36, R37, R41, R42, R42+) "
		"and no finding (mailwarden catalogue lists them)",
		name);
}

bool acceptance_add(
	struct matrix_acceptance *acceptance, const char *name, struct reason *why)
{
	const size_t recommendation = recommendation_index(name);
	const size_t finding = finding_index(name);
	if (recommendation < RECOMMENDATION_COUNT) {
		acceptance->recommendations |= UINT32_C(1) << recommendation;
		return true;
	}
	if (strncmp(name, "sensor.", strlen("sensor.")) == 0) {
		return reason_set(why,
			"\"%.60s\" cannot be accepted: it concerns the sensor, not "
			"a flow",
			name);
	}
	if (finding == FINDING_COUNT) {
		return refuse_unknown(name, why);
	}
	if (FINDINGS[finding].instead) {
		return reason_set(why, "\"%s\" cannot be accepted: %s", name,
			FINDINGS[finding].instead);
	}
	acceptance->findings |= UINT64_C(1) << finding;
	return true;
}

bool acceptance_is_in_force(const struct matrix_acceptance *acceptance, int64_t now_s)
{
	return acceptance && (acceptance->until_s == 0 || now_s < acceptance->until_s);
}

bool acceptance_has_recommendation(
	const struct matrix_acceptance *acceptance, const char *recommendation)
{
	const size_t i = recommendation ? recommendation_index(recommendation)
					: RECOMMENDATION_COUNT;
	return i < RECOMMENDATION_COUNT && (acceptance->recommendations >> i & 1) != 0;
}

const char *acceptance_finding_id(size_t number)
{
	return number < FINDING_COUNT ? FINDINGS[number].id : NULL;
}

uint64_t acceptance_finding_bit(const char *id)
{
	const size_t i = id ? finding_index(id) : FINDING_COUNT;
	return i < FINDING_COUNT ? UINT64_C(1) << i : 0;
}

uint64_t acceptance_possible(void)
{
	uint64_t possible = 0;
	for (size_t i = 0; i < FINDING_COUNT; i++) {
		possible |= FINDINGS[i].instead ? 0 : UINT64_C(1) << i;
	}
	return possible;
}

static bool is_told_of(enum finding_of of, enum protocol protocol)
{
	const struct protocol_row *known = protocol_row(protocol);
	switch (of) {
	case OF_CLEAR:
		return !known->is_implicit_tls;
	case OF_STARTTLS:
		return !known->is_implicit_tls && !known->is_inside_http &&
		       protocol != PROTOCOL_MAPI_RPC;
	case OF_TLS:
		return protocol != PROTOCOL_MAPI_RPC;
	case OF_SENDING:
		return known->is_sending;
	case OF_SMTPS:
		return known->is_sending && known->is_implicit_tls;
	case OF_ACCESS:
		return !known->is_sending;
	case OF_ANY:
		break;
	}
	return true;
}

/* Of some protocol that flows which the row allows may be. */
static bool may_be_told(enum finding_of of, const struct matrix_row *row)
{
	const uint32_t submission = PROTOCOL_BIT(PROTOCOL_SUBMISSION);
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_ATTEMPT; i++) {
		uint32_t under = matrix_protocols_allowed_as((enum protocol)i);
		under |= i == PROTOCOL_SUBMISSIONS ? submission : 0; /* rfc8314 */
		if ((row->protocols & under) != 0 && is_told_of(of, (enum protocol)i)) {
			return true;
		}
	}
	return false;
}

uint64_t acceptance_idle(const struct matrix_row *row)
{
	const uint64_t accepted = row->acceptance ? row->acceptance->findings : 0;
	uint64_t idle = row->is_client_certificate_required
				? 0
				: acceptance_finding_bit(CLIENT_CERTIFICATE);
	for (size_t i = 0; i < FINDING_COUNT; i++) {
		idle |= may_be_told(FINDINGS[i].of, row) ? 0 : UINT64_C(1) << i;
	}
	return accepted & idle;
}

const char *acceptance_text(const struct matrix_acceptance *acceptance, char *text)
{
	char day[SENTENCE_DAY_BYTES];
	(void)snprintf(text, ACCEPTANCE_TEXT_BYTES, "%s (%.60s", acceptance->by,
		acceptance->owner);
	if (acceptance->until_s) {
		sentence_append(text, ACCEPTANCE_TEXT_BYTES, ", until %s",
			sentence_last_day(acceptance->until_s, day));
	}
	sentence_append(text, ACCEPTANCE_TEXT_BYTES, "): %s", acceptance->reason);
	return text;
}
