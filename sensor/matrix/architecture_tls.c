/* How the flows are protected: R41 for users, R42 between servers. */
#include "matrix/architecture_rows.h"

#include "matrix/sentence.h"

static const struct architecture_subject R41 = {"R41", NULL};
static const struct architecture_subject R42 = {"R42", NULL};
static const struct architecture_subject IMPLICIT = {"R42", "smtps.implicit"};

/* Clients; and a whole zone where the protocols are those of users. */
static bool is_users(const struct matrix_row *row)
{
	if (row->from.group) {
		return row->from.group->role == MATRIX_ROLE_CLIENT;
	}
	return review_lists_access(row) || review_lists(row, PROTOCOL_SUBMISSION) ||
	       review_lists(row, PROTOCOL_SUBMISSIONS);
}

static bool is_clear_possible(const struct matrix_row *row)
{
	for (int i = PROTOCOL_SMTP; i < PROTOCOL_ATTEMPT; i++) {
		if (review_lists(row, (enum protocol)i) &&
			!protocol_row((enum protocol)i)->is_implicit_tls) {
			return true;
		}
	}
	return false;
}

void architecture_users_protected(
	struct architecture *architecture, const struct matrix_row *row)
{
	if (!is_users(row)) {
		return;
	}
	if ((row->tls == MATRIX_TLS_OPTIONAL || row->tls == MATRIX_TLS_OFFERED) &&
		is_clear_possible(row)) {
		architecture_tell(architecture, row, &R41,
			"%s may log in without TLS (tls: %s); write tls: required",
			sentence_end_name(&row->from), matrix_tls_name(row->tls));
	}
	if (row->from.group && review_lists(row, PROTOCOL_SMTP)) {
		architecture_tell(architecture, row, &R41,
			"clients %s hand mail in over smtp, which asks for no login; "
			"list submission",
			row->from.group->name);
	}
}

/* RFC 8314 section 3.3 prefers 465 for users; servers are none. */
static bool is_submission_by_profile(
	const struct architecture *architecture, const struct matrix_row *row)
{
	return architecture->review.matrix->profile == MATRIX_PROFILE_RFC8314 &&
	       review_role(&row->to) == MATRIX_ROLE_SUBMISSION &&
	       !architecture_is_server(review_role(&row->from));
}

/* Who is no mail server submits at a provider: declared by the name of it. */
static bool is_submission_to_a_provider(
	const struct architecture *architecture, const struct matrix_row *row)
{
	const struct matrix *matrix = architecture->review.matrix;
	return matrix_declares_submissions(row) &&
	       review_is_internet(matrix, &row->to) &&
	       !review_is_internet(matrix, &row->from) && row->from.group != NULL &&
	       !architecture_is_server(review_role(&row->from));
}

static void review_implicit(
	struct architecture *architecture, const struct matrix_row *row)
{
	const struct matrix *matrix = architecture->review.matrix;
	const bool is_internet = review_is_internet(matrix, &row->from) ||
				 review_is_internet(matrix, &row->to);
	const bool is_servers = architecture_is_server(review_role(&row->from)) &&
				architecture_is_server(review_role(&row->to));
	if (!review_lists_smtps(row) || (!is_internet && !is_servers) ||
		is_submission_by_profile(architecture, row) ||
		is_submission_to_a_provider(architecture, row)) {
		return;
	}
	architecture_tell(architecture, row, &IMPLICIT,
		"implicit TLS (465) %s; servers use smtp on port 25 with tls: starttls",
		is_internet ? "to or from the Internet" : "between servers");
}

/* Port 25 of the entity's own servers: STARTTLS is on, and used among themselves. */
void architecture_servers_protected(
	struct architecture *architecture, const struct matrix_row *row)
{
	const bool is_to_server = architecture_is_server(review_role(&row->to));
	review_implicit(architecture, row);
	if (row->tls != MATRIX_TLS_OPTIONAL || !is_to_server ||
		(!review_lists(row, PROTOCOL_SMTP) &&
			!review_lists(row, PROTOCOL_SUBMISSION))) {
		return;
	}
	if (review_is_internet(architecture->review.matrix, &row->from)) {
		architecture_tell(architecture, row, &R42,
			"%s need not offer STARTTLS to the Internet; write tls: "
			"offered",
			row->to.group->name);
	} else if (architecture_is_server(review_role(&row->from))) {
		architecture_tell(architecture, row, &R42,
			"servers %s and %s may talk in clear (tls: optional); write "
			"tls: starttls",
			row->from.group->name, row->to.group->name);
	}
}

void architecture_version(
	struct architecture *architecture, const struct matrix_row *row)
{
	const struct architecture_subject subject = {
		is_users(row) ? "R41" : "R42", "tls.version-obsolete"};
	if (row->min_tls != 0 && row->min_tls < 0x0303) {
		architecture_tell(architecture, row, &subject,
			"TLS %s is enough, which RFC 8996 forbids; write min_tls: "
			"\"1.2\"",
			sentence_tls_version(row->min_tls));
	}
}
