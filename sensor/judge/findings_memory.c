/* The findings that take more than the flow itself to see (R35, R36). */
#include "judge/findings.h"

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
	if (!judge_is_mail_sent(judged) || judge_is_mere_attempt(judged) ||
		(!is_sending && !is_relay(&judged->to))) {
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
	const bool is_moved = judge_is_mail_moved(judged->facts);
	/* who is accused is told before anything moves, and this with it */
	const bool is_told_now =
		judge_is_accused(judged) && !judge_is_mere_attempt(judged);
	if (!judge_is_mail_sent(judged) || !(is_moved || is_told_now)) {
		return false;
	}
	if (judge_is_server(&judged->from) && judge_is_outside(&judged->to)) {
		return memory->client_was_let_take_us != 0 &&
		       finding_note_set(note, "%.60s sends, and took mail before",
			       judged->from.group->name);
	}
	return judge_is_server(&judged->to) && judge_is_outside(&judged->from) &&
	       memory->server_was_let_send_us != 0 &&
	       finding_note_set(note, "%.60s %s, and sent mail before",
		       judged->to.group->name,
		       is_moved ? "receives" : "is handed mail");
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
