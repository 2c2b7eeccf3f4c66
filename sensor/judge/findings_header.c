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
		count += is_inside(&end);
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

bool finding_authentication_missing(
	const struct judge_case *judged, struct finding_note *note)
{
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
