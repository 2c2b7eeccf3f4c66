#include "judge/ends.h"

#include "judge/evidence.h"

#include <string.h>

enum matrix_role judge_role(const struct matrix_end *end)
{
	return end->group != NULL && !end->is_named ? end->group->role
						    : MATRIX_ROLE_NONE;
}

bool judge_is_internet(const struct matrix_end *end)
{
	return end->zone != NULL && strcmp(end->zone->name, "internet") == 0;
}

bool judge_is_outside(const struct matrix_end *end)
{
	return end->group == NULL && judge_is_internet(end);
}

bool judge_is_exposed(const struct matrix_end *end, uint64_t took_us)
{
	const enum matrix_role role = judge_role(end);
	return role == MATRIX_ROLE_OUTBOUND || role == MATRIX_ROLE_INBOUND ||
	       (took_us != 0 && !judge_is_outside(end) && !end->is_named);
}

bool judge_is_server(const struct matrix_end *end)
{
	switch (judge_role(end)) {
	case MATRIX_ROLE_SUBMISSION:
	case MATRIX_ROLE_MAILBOX:
	case MATRIX_ROLE_RELAY:
	case MATRIX_ROLE_OUTBOUND:
	case MATRIX_ROLE_INBOUND:
		return true;
	default:
		return false;
	}
}

bool judge_is_misplaced(const struct matrix_end *end)
{
	return judge_role(end) == MATRIX_ROLE_MAILBOX && end->zone != NULL &&
	       strcmp(end->zone->name, "internal") != 0;
}

bool judge_is_submission_outside(const struct matrix_row *row,
	const struct matrix_end *from, const struct matrix_end *to)
{
	return matrix_declares_submissions(row) && judge_is_internet(to) &&
	       !judge_is_internet(from) && !judge_is_server(from);
}

static bool is_server_or_internet(const struct matrix_end *end)
{
	return judge_is_server(end) ||
	       (judge_role(end) == MATRIX_ROLE_NONE && judge_is_internet(end));
}

bool judge_is_server_traffic(const struct matrix_end *from, const struct matrix_end *to,
	enum protocol protocol)
{
	return (protocol == PROTOCOL_SMTP || protocol == PROTOCOL_SMTPS) &&
	       judge_role(to) != MATRIX_ROLE_SUBMISSION &&
	       is_server_or_internet(from) && is_server_or_internet(to);
}

/* The inside hands in, the outbound server hands out. */
static bool is_giver_to_outbound(const struct matrix_end *from)
{
	switch (judge_role(from)) {
	case MATRIX_ROLE_SUBMISSION:
	case MATRIX_ROLE_MAILBOX:
	case MATRIX_ROLE_RELAY:
		return true;
	case MATRIX_ROLE_NONE: /* inside: who that is must be told first */
		return !judge_is_internet(from);
	default:
		return false;
	}
}

bool judge_is_gateway_misused(const struct matrix_end *from,
	const struct matrix_end *to, enum protocol protocol)
{
	if (judge_role(from) == MATRIX_ROLE_INBOUND && judge_is_outside(to)) {
		return judge_is_mail(protocol);
	}
	return judge_role(to) == MATRIX_ROLE_OUTBOUND && judge_is_mail(protocol) &&
	       protocol_row(protocol)->is_sending && !is_giver_to_outbound(from);
}
