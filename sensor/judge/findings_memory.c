#include "judge/findings.h"

#include <string.h>

static const struct judge_memory *memory(const struct judge_case *judged)
{
	static const struct judge_memory NONE;
	return judged->observation->memory != NULL ? judged->observation->memory
						   : &NONE;
}

static bool is_mail_sent(const struct judge_case *judged)
{
	const enum protocol protocol = judged->observation->protocol;
	return judge_is_mail(protocol) && !judged->is_foreign &&
	       protocol_row(protocol)->is_sending;
}

static bool is_relay(const struct matrix_end *end)
{
	return judge_role(end) == MATRIX_ROLE_RELAY;
}

bool finding_relay_chained(const struct judge_case *judged, struct finding_note *note)
{
	if (!is_mail_sent(judged) ||
		(!is_relay(&judged->from) && !is_relay(&judged->to))) {
		return false;
	}
	if (judge_is_internet(&judged->to)) {
		return finding_note_set(note, "relay %s sends to the Internet itself",
			judged->from.group->name);
	}
	if (judge_is_internet(&judged->from)) {
		return finding_note_set(note, "relay %s takes mail from the Internet",
			judged->to.group->name);
	}
	return memory(judged)->is_chained &&
	       finding_note_set(note,
		       "%s passes on what an exposed server gave it (%s)",
		       judged->from.group->name, memory(judged)->chained_by);
}

bool finding_gateway_send_receive_mixed(
	const struct judge_case *judged, struct finding_note *note)
{
	if (!is_mail_sent(judged) || memory(judged)->other_way_us == 0) {
		return false;
	}
	if (judge_is_server(&judged->from) && judge_is_internet(&judged->to)) {
		return finding_note_set(note, "%s sends, and took mail before",
			judged->from.group->name);
	}
	return judge_is_server(&judged->to) && judge_is_internet(&judged->from) &&
	       finding_note_set(note, "%s receives, and sent mail before",
		       judged->to.group->name);
}

static uint32_t inside_addresses(const struct judge_case *judged)
{
	const struct facts_headers *headers = &judged->facts->headers;
	uint32_t count = 0;
	for (uint8_t i = 0; i < headers->address_count; i++) {
		const struct matrix_end end =
			matrix_locate(judged->matrix, &headers->addresses[i]);
		count += judge_is_internet(&end) ? 0 : 1;
	}
	return count;
}

bool finding_header_internal_leak(
	const struct judge_case *judged, struct finding_note *note)
{
	if (!is_mail_sent(judged) || !judge_is_server(&judged->from) ||
		!judge_is_internet(&judged->to)) {
		return false;
	}
	const uint32_t count = inside_addresses(judged);
	return count > 0 && finding_note_set(note, "%u internal %s in header fields",
				    count, count == 1 ? "address" : "addresses");
}

bool finding_authentication_missing(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts_headers *headers = &judged->facts->headers;
	if (!is_mail_sent(judged)) {
		return false;
	}
	if (judge_role(&judged->from) == MATRIX_ROLE_INBOUND &&
		!judge_is_internet(&judged->to) &&
		headers->without_authentication_results > 0) {
		return finding_note_set(note,
			"%u of %u messages without Authentication-Results",
			headers->without_authentication_results, headers->messages);
	}
	return judge_is_server(&judged->from) && judge_is_internet(&judged->to) &&
	       headers->without_dkim_signature > 0 &&
	       finding_note_set(note, "%u of %u messages without DKIM-Signature",
		       headers->without_dkim_signature, headers->messages);
}

bool finding_sender_mx_lookup(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct observation *observation = judged->observation;
	const struct matrix_end *from = &judged->from;
	return observation->lookup != NULL && !judge_is_server(from) &&
	       judge_role(from) != MATRIX_ROLE_RESOLVER && !judge_is_internet(from) &&
	       finding_note_set(note, "asks for the %s record of %s",
		       observation->lookup,
		       observation->lookup_name[0] != '\0' ? observation->lookup_name
							   : "the root");
}

bool finding_certificate_changing(
	const struct judge_case *judged, struct finding_note *note)
{
	const uint32_t count = memory(judged)->certificates;
	return count > 1 && !judged->is_foreign &&
	       finding_note_set(note, "%u different ones in turn", count);
}
