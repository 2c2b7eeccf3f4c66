/* The findings about header fields of mail that crossed in clear (R36, R21). */
#include "judge/findings.h"

#include <string.h>

/*
 * An address that others need not know. Those of the gateway they know anyway; private
 * ones (RFC 1918) that no zone holds are as well somebody else's: a nomad's at home, or
 * those of whoever wrote a mail that is forwarded.
 */
static bool is_inside(const struct matrix_end *end)
{
	const enum matrix_role role = judge_role(end);
	return !judge_is_internet(end) && strcmp(end->zone->name, "gateway") != 0 &&
	       role != MATRIX_ROLE_OUTBOUND && role != MATRIX_ROLE_INBOUND &&
	       role != MATRIX_ROLE_PROXY;
}

static uint32_t inside_addresses(const struct judge_case *judged)
{
	const struct facts_headers *headers = &judged->facts->headers;
	uint32_t count = 0;
	for (uint8_t i = 0; i < headers->address_count; i++) {
		const struct matrix_end end =
			matrix_locate(judged->matrix, &headers->addresses[i]);
		/* a filter on the server itself names no host */
		count +=
			is_inside(&end) && !address_is_loopback(&headers->addresses[i]);
	}
	return count;
}

static bool is_leaving(const struct judge_case *judged)
{
	return judge_is_mail_sent(judged) && judge_is_server(&judged->from) &&
	       judge_is_outside(&judged->to);
}

bool finding_header_internal_leak(
	const struct judge_case *judged, struct finding_note *note)
{
	const uint32_t count = is_leaving(judged) ? inside_addresses(judged) : 0;
	return count > 0 && finding_note_set(note, "%u internal %s in header fields",
				    count, count == 1 ? "address" : "addresses");
}

/* All that its messages have in common was seen; alone, or another of its name with a value. */
static bool is_left(const struct judge_case *judged, const struct matrix_group *group,
	const char *field)
{
	const uint64_t *fields = judged->facts->headers.fields;
	for (size_t i = 0; i < group->expected_count; i++) { /* as the admin wrote */
		const struct matrix_expected *expected = &group->expected[i];
		if (strcasecmp(expected->field, field) == 0 &&
			(facts_has_field(fields, expected->hashes[0]) ||
				facts_has_field(fields, expected->hashes[1]))) {
			return true;
		}
	}
	return false;
}

/* The first field of this kind that a server of the group did not leave, or NULL. */
static const struct matrix_expected *missing_field(
	const struct judge_case *judged, bool is_authentication)
{
	const struct matrix_group *group = judged->from.group;
	if (judged->facts->headers.senders == 0 || !judge_is_mail_sent(judged)) {
		return NULL;
	}
	for (size_t i = 0; i < group->expected_count; i++) { /* as the admin wrote */
		const struct matrix_expected *expected = &group->expected[i];
		if (expected->is_authentication == is_authentication &&
			!is_left(judged, group, expected->field)) {
			return expected;
		}
	}
	return NULL;
}

static bool note_missing(
	const struct matrix_expected *expected, struct finding_note *note)
{
	return expected && finding_note_set(note, "a message without %.50s%s%.60s",
				   expected->field, expected->value ? " of " : "",
				   expected->value ? expected->value : "");
}

/* Of this end the matrix says which fields of a kind it leaves. */
static bool is_expected_of(const struct matrix_end *end, bool is_authentication)
{
	const struct matrix_group *group = end->is_named ? NULL : end->group;
	for (size_t i = 0; group && i < group->expected_count; i++) {
		if (group->expected[i].is_authentication == is_authentication) {
			return true;
		}
	}
	return false;
}

bool finding_content_unchecked(
	const struct judge_case *judged, struct finding_note *note)
{
	return is_expected_of(&judged->from, false) &&
	       note_missing(missing_field(judged, false), note);
}

bool finding_authentication_missing(
	const struct judge_case *judged, struct finding_note *note)
{
	if (is_expected_of(&judged->from, true)) {
		return note_missing(missing_field(judged, true), note);
	}
	const struct facts_headers *headers = &judged->facts->headers;
	if (is_leaving(judged)) {
		return headers->without_dkim_signature > 0 &&
		       finding_note_set(note,
			       "%u of %u messages without DKIM-Signature",
			       headers->without_dkim_signature, headers->messages);
	}
	return judge_is_mail_sent(judged) &&
	       judge_role(&judged->from) == MATRIX_ROLE_INBOUND &&
	       !judge_is_internet(&judged->to) &&
	       headers->without_authentication_results > 0 &&
	       finding_note_set(note,
		       "%u of %u messages without Authentication-Results",
		       headers->without_authentication_results, headers->messages);
}
