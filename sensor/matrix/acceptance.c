#include "matrix/acceptance.h"

#include "base/name_table.h"
#include "matrix/sentence.h"

#include <string.h>

static const char *const RECOMMENDATIONS[] = {
	"R34", "R35", "R36", "R37", "R41", "R42", "R42+"};

#define RECOMMENDATION_COUNT (sizeof(RECOMMENDATIONS) / sizeof(RECOMMENDATIONS[0]))

static const char ROW_IS_FOR_THAT[] = "a row that allows the flow is for that";

/* In the order of judge's catalogue; tests/judge/test_acceptance.c compares them. */
static const struct {
	const char *id;
	const char *instead; /* why it is never accepted; NULL: it may be */
} FINDINGS[] = {
	{"sender.illegitimate", ROW_IS_FOR_THAT},
	{"sender.attempt", ROW_IS_FOR_THAT},
	{"flow.illegitimate", ROW_IS_FOR_THAT},
	{"flow.role-mismatch", ROW_IS_FOR_THAT},
	{"port.unusual", "\"ports\" of a row is for that"},
	{"port.foreign", "it is no mail, and the matrix speaks of mail"},
	{"smtps.implicit", NULL},
	{"tls.missing", NULL},
	{"tls.credentials-clear", NULL},
	{"tls.starttls-not-offered", NULL},
	{"tls.starttls-refused", NULL},
	{"tls.starttls-unused", NULL},
	{"tls.starttls-stripped", NULL},
	{"tls.starttls-injection", NULL},
	{"tls.version-obsolete", NULL},
	{"tls.cipher-weak", NULL},
	{"tls.certificate-expired", NULL},
	{"tls.certificate-expiring", NULL},
	{"tls.certificate-self-signed", NULL},
	{"tls.certificate-name-mismatch", NULL},
	{"tls.certificate-weak-key", NULL},
	{"tls.client-certificate-missing", NULL},
	{"requiretls.clear", NULL},
	{"zone.mailbox-misplaced", NULL},
	{"zone.user-access-exposed", NULL},
	{"relay.chained", NULL},
	{"gateway.send-receive-mixed", NULL},
	{"header.internal-leak", NULL},
	{"authentication.missing", NULL},
	{"sender.mx-lookup", "\"role: resolver\" of a group is for that"},
	{"tls.certificate-changing", NULL},
	{"evasion.ambiguous", "it tells of somebody who hides from the sensor"},
	{"tunnel.mail", "\"tunnels\" is for that"},
	{"smtp.smuggling", NULL},
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
			"\"%.60s\" cannot be accepted: it tells of the sensor, not of "
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
