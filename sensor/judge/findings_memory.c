#include "judge/findings.h"

#include <string.h>

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

/* A relay of the inside and the Internet: a row may want it, R35 does not. */
static bool note_relay_outside(
	const struct judge_case *judged, struct finding_note *note, bool is_sending)
{
	const struct matrix_row *row = judged->result->row;
	const char *relay =
		is_sending ? judged->from.group->name : judged->to.group->name;
	const char *what = is_sending ? "sends to the Internet itself"
				      : "takes mail from the Internet";
	if (judged->result->allowed != MATRIX_NO && row != NULL) {
		note->severity = SEVERITY_LOW;
		return finding_note_set(
			note, "%.40s %s, declared by row %.16s", relay, what, row->id);
	}
	return finding_note_set(note, "%.60s %s", relay, what);
}

/* Where a row lets the gateway and the relay speak, both do their work (R35). */
bool finding_relay_chained(const struct judge_case *judged, struct finding_note *note)
{
	const struct judge_memory *memory = judge_memory_of(judged);
	const bool is_sending = is_relay(&judged->from);
	if (!is_mail_sent(judged) || (!is_sending && !is_relay(&judged->to))) {
		return false;
	}
	const struct matrix_end *other = is_sending ? &judged->to : &judged->from;
	if (judge_is_outside(other)) {
		return note_relay_outside(judged, note, is_sending);
	}
	/* a row about these two with another protocol lets them speak all the same */
	const bool is_accused = judge_is_accused(judged) &&
				judged->result->failed != MATRIX_CRITERION_PROTOCOL;
	const uint64_t took_us =
		is_sending ? memory->server_took_us : memory->client_took_us;
	if (is_accused && judge_is_exposed(other, took_us)) {
		return finding_note_set(note, "%s an exposed server, and no row has it",
			is_sending ? "hands mail to" : "takes mail from");
	}
	return is_sending && memory->chained_by != NULL &&
	       (is_accused || memory->is_given_in_breach) &&
	       finding_note_set(note,
		       "%.40s passes on what an exposed server gave it (%s)",
		       judged->from.group->name, memory->chained_by);
}

bool finding_gateway_send_receive_mixed(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct judge_memory *memory = judge_memory_of(judged);
	if (!is_mail_sent(judged) || !judge_is_mail_moved(judged->facts)) {
		return false;
	}
	if (judge_is_server(&judged->from) && judge_is_outside(&judged->to)) {
		return memory->client_took_us != 0 &&
		       finding_note_set(note, "%.60s sends, and took mail before",
			       judged->from.group->name);
	}
	return judge_is_server(&judged->to) && judge_is_outside(&judged->from) &&
	       memory->server_sent_us != 0 &&
	       finding_note_set(note, "%.60s receives, and sent mail before",
		       judged->to.group->name);
}

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
	return is_mail_sent(judged) && judge_is_server(&judged->from) &&
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
	return is_mail_sent(judged) &&
	       judge_role(&judged->from) == MATRIX_ROLE_INBOUND &&
	       !judge_is_internet(&judged->to) &&
	       headers->without_authentication_results > 0 &&
	       finding_note_set(note,
		       "%u of %u messages without Authentication-Results",
		       headers->without_authentication_results, headers->messages);
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
	const uint32_t count = judge_memory_of(judged)->certificates;
	if (count <= 1 || judged->is_foreign) {
		return false;
	}
	finding_note_grade(judged, note, SEVERITY_MEDIUM);
	return finding_note_set(note, "%u different ones in turn", count);
}
