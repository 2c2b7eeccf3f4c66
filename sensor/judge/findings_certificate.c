/* The findings about the server's certificate; only where TLS <= 1.2 showed it whole. */
#include "judge/findings.h"

#include <string.h>
#include <strings.h>

#define DAY_S             INT64_C(86400)
#define EXPIRING_WITHIN_S (30 * DAY_S)
#define RSA_BITS_MIN      2048
#define CURVE_BITS_MIN    224
#define US_PER_S          1000000

/* The certificate where it was seen, else NULL. */
static const struct facts_certificate *seen_certificate(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts_certificate *certificate =
		&judged->facts->session.server_certificate;
	if (certificate->visibility != FACTS_SEEN) {
		return NULL;
	}
	finding_note_grade(judged, note, SEVERITY_MEDIUM);
	return certificate;
}

/* The capture's clock, never the machine's. */
static int64_t now_s(const struct judge_case *judged)
{
	return (int64_t)(judged->observation->now_us / US_PER_S);
}

static bool note_day(struct finding_note *note, const char *words, int64_t day_s)
{
	char day[16];
	return note->detail == NULL ||
	       finding_note_set(note, "%s %s", words, finding_date(day_s, day));
}

bool finding_certificate_expired(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts_certificate *certificate = seen_certificate(judged, note);
	if (certificate == NULL) {
		return false;
	}
	if (now_s(judged) > certificate->not_after_s) {
		return note_day(note, "expired on", certificate->not_after_s);
	}
	return now_s(judged) < certificate->not_before_s &&
	       note_day(note, "not valid before", certificate->not_before_s);
}

bool finding_certificate_expiring(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts_certificate *certificate = seen_certificate(judged, note);
	return certificate != NULL && now_s(judged) <= certificate->not_after_s &&
	       certificate->not_after_s - now_s(judged) <= EXPIRING_WITHIN_S &&
	       note_day(note, "valid until", certificate->not_after_s);
}

bool finding_certificate_self_signed(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts_certificate *certificate = seen_certificate(judged, note);
	return certificate != NULL && certificate->is_self_signed &&
	       finding_note_set(note, "%s", certificate->subject);
}

/* Name and pattern, one of them "*.suffix" at most, ASCII case apart. */
static bool is_name_covered(
	const char *name, size_t name_len, const char *pattern, size_t pattern_len)
{
	if (pattern_len > 2 && pattern[0] == '*' && pattern[1] == '.') {
		const size_t suffix = pattern_len - 1;
		return name_len > suffix &&
		       strncasecmp(name + name_len - suffix, pattern + 1, suffix) == 0;
	}
	return name_len == pattern_len && strncasecmp(name, pattern, name_len) == 0;
}

/* One of the certificate's comma-separated names is the declared one. */
static bool has_declared_name(const char *names, const char *declared)
{
	const size_t declared_len = strlen(declared);
	while (*names != '\0') {
		const size_t len = strcspn(names, ",");
		if (is_name_covered(declared, declared_len, names, len) ||
			is_name_covered(names, len, declared, declared_len)) {
			return true;
		}
		names += len + strspn(names + len, ", ");
	}
	return false;
}

/*
 * Without SNI the names that the server's group declares stand in; a cut list proves
 * nothing, and a server found by another name may have that one's.
 */
static bool is_foreign_to_group(
	const struct facts_certificate *certificate, const struct matrix_group *group)
{
	const size_t len = strlen(certificate->names);
	if (certificate->name_matches != FACTS_UNKNOWN || group == NULL ||
		group->name_count == 0 || len == 0 ||
		len == sizeof(certificate->names) - 1) {
		return false;
	}
	for (size_t i = 0; i < group->name_count; i++) {
		if (has_declared_name(certificate->names, group->names[i])) {
			return false;
		}
	}
	return true;
}

bool finding_certificate_name_mismatch(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts_certificate *certificate = seen_certificate(judged, note);
	if (certificate == NULL) {
		return false;
	}
	if (!judged->to.is_named &&
		is_foreign_to_group(certificate, judged->to.group)) {
		return finding_note_set(note, "%.20s declares %.32s, got %s",
			judged->to.group->name, judged->to.group->names[0],
			certificate->names);
	}
	return certificate->name_matches == FACTS_NO &&
	       finding_note_set(note, "asked %.40s, got %s", judged->facts->session.sni,
		       certificate->names[0] != '\0' ? certificate->names
						     : certificate->subject);
}

static bool is_weak_key(const struct facts_certificate *certificate)
{
	if (certificate->key_bits == 0) {
		return false;
	}
	if (strcmp(certificate->key_type, "RSA") == 0 ||
		strcmp(certificate->key_type, "DSA") == 0) {
		return certificate->key_bits < RSA_BITS_MIN;
	}
	return strcmp(certificate->key_type, "EC") == 0 &&
	       certificate->key_bits < CURVE_BITS_MIN;
}

bool finding_certificate_weak_key(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts_certificate *certificate = seen_certificate(judged, note);
	if (certificate == NULL) {
		return false;
	}
	if (is_weak_key(certificate)) {
		return finding_note_set(note, "%s of %u bits", certificate->key_type,
			certificate->key_bits);
	}
	return certificate->is_weak_signature &&
	       finding_note_set(note, "signed with MD5 or SHA-1");
}
