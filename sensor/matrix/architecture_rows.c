/* Who may speak to whom: R34, R35, R36, R37, and users' access from the Internet. */
#include "matrix/architecture_rows.h"

#include "matrix/sentence.h"

static const struct architecture_subject R34 = {"R34", NULL};
static const struct architecture_subject CHAINED = {"R35", "relay.chained"};
static const struct architecture_subject R36 = {"R36", NULL};
static const struct architecture_subject BOTH_WAYS = {
	"R36", "gateway.send-receive-mixed"};
static const struct architecture_subject R37 = {"R37", NULL};
static const struct architecture_subject EXPOSED = {
	"exposure", "zone.user-access-exposed"};

static bool is_from_internet(
	const struct architecture *architecture, const struct matrix_row *row)
{
	return review_is_internet(architecture->review.matrix, &row->from);
}

static bool is_to_internet(
	const struct architecture *architecture, const struct matrix_row *row)
{
	return review_is_internet(architecture->review.matrix, &row->to);
}

void architecture_mailbox_internet(
	struct architecture *architecture, const struct matrix_row *row)
{
	if (!review_lists_sending(row)) {
		return;
	}
	if (is_from_internet(architecture, row) &&
		review_role(&row->to) == MATRIX_ROLE_MAILBOX) {
		architecture_tell(architecture, row, &R34,
			"the Internet hands mail to mailbox server %s; an inbound "
			"server at the gateway and a relay belong between them",
			row->to.group->name);
	} else if (is_to_internet(architecture, row) &&
		   review_role(&row->from) == MATRIX_ROLE_MAILBOX) {
		architecture_tell(architecture, row, &R34,
			"mailbox server %s sends to the Internet itself; it hands mail "
			"to a relay",
			row->from.group->name);
	}
}

/* An end that an internal relay must not exchange mail with; NULL when it may. */
static const char *exposed_name(
	const struct architecture *architecture, const struct matrix_end *end)
{
	const struct matrix *matrix = architecture->review.matrix;
	if (!end->group) {
		return strcmp(end->zone->name, "gateway") == 0 ? "gateway" : NULL;
	}
	return architecture->is_exposed[end->group - matrix->groups] ? end->group->name
								     : NULL;
}

/* R35: across the gateway lead only relay -> outbound and inbound -> relay. */
void architecture_relay_chain(
	struct architecture *architecture, const struct matrix_row *row)
{
	const enum matrix_role from = review_role(&row->from);
	const enum matrix_role to = review_role(&row->to);
	if (!review_lists_sending(row) ||
		(from != MATRIX_ROLE_RELAY && to != MATRIX_ROLE_RELAY)) {
		return;
	}
	if (is_to_internet(architecture, row)) {
		architecture_tell(architecture, row, &CHAINED,
			"internal relay %s sends to the Internet; let it hand mail to "
			"the outbound server",
			row->from.group->name);
		return;
	}
	if (is_from_internet(architecture, row)) {
		architecture_tell(architecture, row, &CHAINED,
			"internal relay %s takes mail from the Internet; let the "
			"inbound server take it",
			row->to.group->name);
		return;
	}
	const bool is_gateway_chain =
		(from == MATRIX_ROLE_RELAY && to == MATRIX_ROLE_OUTBOUND) ||
		(from == MATRIX_ROLE_INBOUND && to == MATRIX_ROLE_RELAY);
	if (is_gateway_chain) {
		return;
	}
	const bool is_relay_sending = from == MATRIX_ROLE_RELAY;
	const struct matrix_end *relay = is_relay_sending ? &row->from : &row->to;
	const struct matrix_end *other = is_relay_sending ? &row->to : &row->from;
	const char *exposed = exposed_name(architecture, other);
	if (!exposed && to == MATRIX_ROLE_RELAY && is_relay_sending &&
		exposed_name(architecture, relay)) {
		exposed = exposed_name(architecture, relay);
		relay = other;
	}
	if (exposed) {
		architecture_tell(architecture, row, &CHAINED,
			"internal relay %s exchanges mail with %s, which does so with "
			"the Internet; only relay -> outbound and inbound -> relay "
			"cross the gateway",
			relay->group->name, exposed);
	}
}

/* The first row in force by which the group exchanges mail with the Internet this way. */
static const struct matrix_row *internet_row(const struct architecture *architecture,
	const struct matrix_group *group, bool is_sending)
{
	const struct matrix *matrix = architecture->review.matrix;
	for (size_t i = 0; i < matrix->row_count; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		const struct matrix_end *own = is_sending ? &row->from : &row->to;
		const struct matrix_end *other = is_sending ? &row->to : &row->from;
		if (own->group == group && review_is_internet(matrix, other) &&
			review_lists_sending(row) &&
			review_is_in_force(&architecture->review, row)) {
			return row;
		}
	}
	return NULL;
}

/* R36 for a role that is none of the gateway's: told once, at the later row. */
static void review_both_ways(
	struct architecture *architecture, const struct matrix_row *row)
{
	const bool is_sending = is_to_internet(architecture, row);
	const struct matrix_end *own = is_sending ? &row->from : &row->to;
	if (is_sending == is_from_internet(architecture, row) || !own->group ||
		own->group->role == MATRIX_ROLE_INBOUND ||
		own->group->role == MATRIX_ROLE_OUTBOUND) {
		return;
	}
	const struct matrix_row *first =
		internet_row(architecture, own->group, is_sending);
	const struct matrix_row *reverse =
		internet_row(architecture, own->group, !is_sending);
	if (first == row && reverse && reverse < row) {
		architecture_tell(architecture, row, &BOTH_WAYS,
			"%s %s the Internet and by row %s it %s; these are separate "
			"servers",
			own->group->name, is_sending ? "sends to" : "receives from",
			reverse->id, is_sending ? "receives" : "sends");
	}
}

static void review_outbound(
	struct architecture *architecture, const struct matrix_row *row)
{
	const enum matrix_role from = review_role(&row->from);
	if (is_from_internet(architecture, row)) {
		architecture_tell(architecture, row, &R36,
			"outbound server %s takes mail from the Internet; that is the "
			"inbound server's part",
			row->to.group->name);
	} else if (from != MATRIX_ROLE_RELAY && from != MATRIX_ROLE_MAILBOX &&
		   from != MATRIX_ROLE_SUBMISSION) {
		architecture_tell(architecture, row, &R36,
			"outbound server %s takes mail from %s; it takes it from "
			"relay, mailbox or submission servers only",
			row->to.group->name, sentence_end_name(&row->from));
	}
}

void architecture_gateway_roles(
	struct architecture *architecture, const struct matrix_row *row)
{
	if (!review_lists_sending(row)) {
		return;
	}
	if (review_role(&row->to) == MATRIX_ROLE_OUTBOUND) {
		review_outbound(architecture, row);
	} else if (review_role(&row->from) == MATRIX_ROLE_INBOUND &&
		   is_to_internet(architecture, row)) {
		architecture_tell(architecture, row, &R36,
			"inbound server %s sends to the Internet; that is the outbound "
			"server's part",
			row->from.group->name);
	} else {
		review_both_ways(architecture, row);
	}
}

/* R37: who is no mail server sends through one. */
void architecture_senders(
	struct architecture *architecture, const struct matrix_row *row)
{
	const enum matrix_role from = review_role(&row->from);
	const bool is_user =
		from == MATRIX_ROLE_CLIENT || from == MATRIX_ROLE_APPLICATION;
	const bool is_whole_zone =
		!row->from.group && !is_from_internet(architecture, row);
	if (review_lists_sending(row) && is_to_internet(architecture, row) &&
		(is_user || is_whole_zone)) {
		architecture_tell(architecture, row, &R37,
			"%s sends to the Internet past the gateway; let it hand mail "
			"to a %s",
			sentence_end_name(&row->from),
			from == MATRIX_ROLE_APPLICATION ? "relay"
							: "submission server");
	}
}

/* R37: clients read from what keeps mail, or from the proxy in front of it. */
void architecture_readers(
	struct architecture *architecture, const struct matrix_row *row)
{
	const enum matrix_role to = review_role(&row->to);
	const bool is_store = to == MATRIX_ROLE_MAILBOX || to == MATRIX_ROLE_PROXY ||
			      to == MATRIX_ROLE_SUBMISSION ||
			      (!row->to.group && !is_to_internet(architecture, row));
	if (review_role(&row->from) == MATRIX_ROLE_CLIENT && !is_store &&
		review_lists_access(row)) {
		architecture_tell(architecture, row, &R37,
			"clients %s read mail from %s, which is no mailbox, submission "
			"or proxy server of the entity",
			row->from.group->name, sentence_end_name(&row->to));
	}
}

void architecture_user_access(
	struct architecture *architecture, const struct matrix_row *row)
{
	if (is_from_internet(architecture, row) && review_lists_access(row)) {
		architecture_tell(architecture, row, &EXPOSED,
			"users reach %s from the Internet; nomads come through zone "
			"vpn",
			sentence_end_name(&row->to));
	}
}
