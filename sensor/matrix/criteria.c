#include "matrix/criteria.h"

#include "matrix/compiled.h"
#include "matrix/explanation.h"

#define SUBMISSIONS_PORT 465 /* RFC 8314 section 7.3 */

struct asking {
	const struct matrix *matrix;
	const struct matrix_question *question;
	/* protocols of a row under which the protocol of the flow is allowed */
	uint32_t protocols;
};

static enum matrix_answer answer_of(bool holds)
{
	return holds ? MATRIX_YES : MATRIX_NO;
}

/* Submission is SMTP, and which service of a web server it is nobody sees inside TLS. */
static bool is_allowed_as(
	const struct protocol_row *declared, const struct protocol_row *seen)
{
	if (declared->is_inside_http && seen->is_inside_http) {
		return declared == seen || declared->is_implicit_tls ||
		       seen->is_implicit_tls;
	}
	return declared->family == seen->family &&
	       declared->is_implicit_tls == seen->is_implicit_tls;
}

uint32_t matrix_protocols_allowed_as(enum protocol protocol)
{
	const struct protocol_row *seen = protocol_row(protocol);
	uint32_t protocols = 0;
	if (protocol == PROTOCOL_ATTEMPT) {
		return PROTOCOL_BITS_OF_MAIL;
	}
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_ATTEMPT; i++) {
		if (is_allowed_as(protocol_row((enum protocol)i), seen)) {
			protocols |= PROTOCOL_BIT(i);
		}
	}
	return protocols;
}

/* Profile rfc8314 speaks of submission under implicit TLS on 465 (RFC 8314 section 3.3). */
static bool is_submission_on_465(const struct asking *asking)
{
	const struct matrix_question *question = asking->question;
	return asking->matrix->profile == MATRIX_PROFILE_RFC8314 &&
	       question->port == SUBMISSIONS_PORT &&
	       (asking->protocols & PROTOCOL_BIT(PROTOCOL_SUBMISSIONS)) != 0;
}

/* What a row lets clients submit with STARTTLS they may as well submit that way. */
static bool is_implicit_submission(
	const struct asking *asking, const struct matrix_row *row)
{
	const struct matrix_group *client =
		row->from.group ? row->from.group : asking->question->from.group;
	return is_submission_on_465(asking) && client &&
	       client->role == MATRIX_ROLE_CLIENT &&
	       (row->protocols & PROTOCOL_BIT(PROTOCOL_SUBMISSION)) != 0;
}

enum matrix_answer matrix_named_answer(
	const struct matrix_group *group, const struct matrix_named *named)
{
	const bool is_name_only = group->name_count > 0 && !group->has_addresses;
	if (!named) {
		return is_name_only ? MATRIX_UNKNOWN : MATRIX_NO;
	}
	for (size_t i = 0; i < named->count; i++) { /* MATRIX_NAMED_MAX */
		if (named->groups[i] == group) {
			return MATRIX_YES;
		}
	}
	const bool may_be =
		named->claimed == group || (named->is_open && named->count == 0);
	return is_name_only && may_be ? MATRIX_UNKNOWN : MATRIX_NO;
}

static enum matrix_answer end_answer(const struct matrix_end *declared,
	const struct matrix_end *asked, const struct matrix_named *named)
{
	if (!declared->group) {
		return answer_of(declared->zone == asked->zone);
	}
	if (declared->group == asked->group) {
		return MATRIX_YES;
	}
	return asked->group && !named ? MATRIX_NO
				      : matrix_named_answer(declared->group, named);
}

static enum matrix_answer from_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	const struct matrix_question *question = asking->question;
	return end_answer(&row->from, &question->from, question->from_named);
}

static enum matrix_answer to_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	const struct matrix_question *question = asking->question;
	return end_answer(&row->to, &question->to, question->to_named);
}

static enum matrix_answer protocol_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	if (asking->question->protocol == PROTOCOL_UNKNOWN) {
		return MATRIX_UNKNOWN;
	}
	return answer_of((row->protocols & asking->protocols) != 0 ||
			 is_implicit_submission(asking, row));
}

static bool port_is_declared(const struct matrix_row *row, uint16_t port)
{
	size_t low = 0;
	size_t high = row->port_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (row->ports[middle] < port) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < row->port_count && row->ports[low] == port;
}

/* MAPI over RPC has no port of its own: the endpoint mapper deals them out. */
static bool port_is_own(uint32_t protocols, uint16_t port, bool is_attempt)
{
	for (; protocols; protocols &= protocols - 1) {
		const enum protocol protocol = (enum protocol)__builtin_ctz(protocols);
		if (protocol_owns_port(protocol, port) ||
			(!is_attempt && protocol_row(protocol)->ports[0] == 0)) {
			return true;
		}
	}
	return false;
}

/*
 * Exchange's transport services hand mail to each other on ports of their own: mailbox
 * delivery 475, outbound proxy 717, transport 2525, client proxy 465, which is no
 * implicit TLS there. The declared role tells such a server, never the port.
 */
static bool is_exchange_transport(const struct matrix_question *question)
{
	const struct matrix_group *from = question->from.group;
	const struct matrix_group *to = question->to.group;
	const bool is_port = question->port == 475 || question->port == 717 ||
			     question->port == 2525 || question->port == 465;
	return is_port && question->protocol == PROTOCOL_SMTP && from && to &&
	       from->role == MATRIX_ROLE_MAILBOX && to->role == MATRIX_ROLE_MAILBOX;
}

static enum matrix_answer port_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	const struct matrix_question *question = asking->question;
	if (row->is_any_port || is_implicit_submission(asking, row)) {
		return MATRIX_YES;
	}
	if (row->port_count > 0) {
		return answer_of(port_is_declared(row, question->port));
	}
	if (question->protocol == PROTOCOL_UNKNOWN) {
		return MATRIX_UNKNOWN;
	}
	if (is_exchange_transport(question)) {
		return MATRIX_YES;
	}
	return answer_of(port_is_own(row->protocols & asking->protocols, question->port,
		question->protocol == PROTOCOL_ATTEMPT));
}

static enum matrix_answer expiry_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	return answer_of(
		row->expires_s == 0 || asking->question->now_s < row->expires_s);
}

static enum matrix_answer probe_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	const bool is_attempt = asking->question->protocol == PROTOCOL_ATTEMPT;
	return row->is_probe && !is_attempt ? asking->question->is_probe : MATRIX_YES;
}

/* An attempt carried nothing that TLS could have protected. */
static enum matrix_answer tls_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	const struct matrix_question *question = asking->question;
	if (row->tls == MATRIX_TLS_OPTIONAL || question->protocol == PROTOCOL_ATTEMPT) {
		return MATRIX_YES;
	}
	if (row->tls == MATRIX_TLS_OFFERED) {
		return question->is_encrypted == MATRIX_YES ? MATRIX_YES
							    : question->is_tls_offered;
	}
	if (question->has_clear_content == MATRIX_YES) {
		return MATRIX_NO;
	}
	if (row->tls == MATRIX_TLS_IMPLICIT) {
		return question->is_implicit;
	}
	if (row->tls == MATRIX_TLS_STARTTLS && !is_implicit_submission(asking, row)) {
		return question->is_implicit == MATRIX_YES ? MATRIX_NO
							   : question->is_starttls;
	}
	return question->is_encrypted;
}

/* A flow that the row lets go in clear has no version to be held to. */
static enum matrix_answer min_tls_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	const struct matrix_question *question = asking->question;
	const bool is_clear = question->is_encrypted == MATRIX_NO ||
			      question->protocol == PROTOCOL_ATTEMPT;
	if (row->min_tls == 0) {
		return MATRIX_YES;
	}
	if (question->tls_version != 0) {
		return answer_of(question->tls_version >= row->min_tls);
	}
	return is_clear ? MATRIX_YES : MATRIX_UNKNOWN;
}

static enum matrix_answer client_certificate_answer(
	const struct asking *asking, const struct matrix_row *row)
{
	const bool is_asked = row->is_client_certificate_required &&
			      asking->question->protocol != PROTOCOL_ATTEMPT;
	return is_asked ? asking->question->has_client_certificate : MATRIX_YES;
}

static const struct {
	enum matrix_criterion criterion;
	const char *name;
	enum matrix_answer (*answer)(
		const struct asking *asking, const struct matrix_row *row);
} CRITERIA[] = {
	{MATRIX_CRITERION_FROM, "from", from_answer},
	{MATRIX_CRITERION_TO, "to", to_answer},
	{MATRIX_CRITERION_PROTOCOL, "protocol", protocol_answer},
	{MATRIX_CRITERION_PORT, "port", port_answer},
	{MATRIX_CRITERION_EXPIRY, "expiry", expiry_answer},
	{MATRIX_CRITERION_PROBE, "probe", probe_answer},
	{MATRIX_CRITERION_TLS, "tls", tls_answer},
	{MATRIX_CRITERION_MIN_TLS, "min_tls", min_tls_answer},
	{MATRIX_CRITERION_CLIENT_CERTIFICATE, "client_certificate",
		client_certificate_answer},
};

#define CRITERIA_COUNT (sizeof(CRITERIA) / sizeof(*CRITERIA))

const char *matrix_criterion_name(enum matrix_criterion criterion)
{
	for (size_t i = 0; i < CRITERIA_COUNT; i++) {
		if (CRITERIA[i].criterion == criterion) {
			return CRITERIA[i].name;
		}
	}
	return "none";
}

/*
 * NO as soon as one criterion says so, else UNKNOWN if one does not know yet. Where it is
 * not even known whose flow it is, the row never came nearer than that, unless nothing
 * but its end is against the flow: it may be the one that the row let by till then.
 */
static enum matrix_answer row_answer(const struct asking *asking,
	const struct matrix_row *row, enum matrix_criterion *decided_by)
{
	enum matrix_answer whole = MATRIX_YES;
	*decided_by = MATRIX_CRITERION_NONE;
	for (size_t i = 0; i < CRITERIA_COUNT; i++) {
		const enum matrix_answer answer = CRITERIA[i].answer(asking, row);
		if (answer == MATRIX_NO) {
			const bool is_nameless = *decided_by == MATRIX_CRITERION_FROM ||
						 *decided_by == MATRIX_CRITERION_TO;
			const bool is_ended =
				CRITERIA[i].criterion == MATRIX_CRITERION_EXPIRY;
			*decided_by = is_nameless && !is_ended ? *decided_by
							       : CRITERIA[i].criterion;
			return MATRIX_NO;
		}
		if (answer == MATRIX_UNKNOWN && whole == MATRIX_YES) {
			*decided_by = CRITERIA[i].criterion;
			whole = MATRIX_UNKNOWN;
		}
	}
	return whole;
}

/* The first row of each answer in file order; of NO the one that failed last. */
struct search {
	const struct matrix_row *allowing;
	const struct matrix_row *waiting;
	const struct matrix_row *failing;
	enum matrix_criterion waits_for;
	enum matrix_criterion failed;
};

static bool is_earlier(const struct matrix_row *row, const struct matrix_row *than)
{
	return !than || row < than;
}

static void search_row(struct search *search, const struct asking *asking,
	const struct matrix_row *row)
{
	enum matrix_criterion criterion;
	const enum matrix_answer answer = row_answer(asking, row, &criterion);
	if (answer == MATRIX_YES && is_earlier(row, search->allowing)) {
		search->allowing = row;
	} else if (answer == MATRIX_UNKNOWN && is_earlier(row, search->waiting)) {
		search->waiting = row;
		search->waits_for = criterion;
	} else if (answer == MATRIX_NO &&
		   (criterion > search->failed ||
			   (criterion == search->failed &&
				   is_earlier(row, search->failing)))) {
		search->failing = row;
		search->failed = criterion;
	}
}

static void search_range(
	struct search *search, const struct asking *asking, struct row_range range)
{
	for (; range.at < range.end; range.at++) {
		search_row(search, asking, &asking->matrix->rows[range.at->row]);
	}
}

/* Rows of one right end are near only when they speak of the same protocol. */
static void search_near(
	struct search *search, const struct asking *asking, struct row_range range)
{
	const bool is_attempt = asking->question->protocol == PROTOCOL_ATTEMPT;
	for (; range.at < range.end; range.at++) {
		const struct matrix_row *row = &asking->matrix->rows[range.at->row];
		if (protocol_answer(asking, row) != MATRIX_NO &&
			(!is_attempt || port_answer(asking, row) != MATRIX_NO)) {
			search_row(search, asking, row);
		}
	}
}

#define KEYS_MAX (2 + MATRIX_NAMED_MAX)

/* Those of the end itself, and of the groups that names put it into. */
static size_t keys_of(const struct matrix *matrix, const struct matrix_end *end,
	const struct matrix_named *named, uint32_t keys[KEYS_MAX])
{
	size_t count = matrix_end_keys(matrix, end, keys);
	for (size_t i = 0; named && i < named->count; i++) {
		const struct matrix_end known = {.group = named->groups[i]};
		if (known.group != end->group) {
			keys[count++] = matrix_end_key(matrix, &known);
		}
	}
	return count;
}

/* Rows of one end whose other end may be one that a name will tell; also those that ended. */
static void search_waiting(
	struct search *search, const struct asking *asking, struct row_range range)
{
	for (; range.at < range.end; range.at++) {
		const struct matrix_row *row = &asking->matrix->rows[range.at->row];
		enum matrix_criterion criterion;
		if (row_answer(asking, row, &criterion) == MATRIX_UNKNOWN ||
			criterion == MATRIX_CRITERION_EXPIRY) {
			search_row(search, asking, row);
		}
	}
}

static void search_rows(struct search *search, const struct asking *asking)
{
	const struct matrix *matrix = asking->matrix;
	const struct matrix_question *question = asking->question;
	uint32_t from[KEYS_MAX];
	uint32_t to[KEYS_MAX];
	const size_t from_count =
		keys_of(matrix, &question->from, question->from_named, from);
	const size_t to_count = keys_of(matrix, &question->to, question->to_named, to);
	for (size_t i = 0; i < from_count; i++) {
		for (size_t j = 0; j < to_count; j++) {
			search_range(search, asking,
				matrix_rows_from(matrix, from[i], to[j]));
		}
	}
	if (!search->allowing && !search->waiting && matrix_has_names(matrix)) {
		for (size_t i = 0; i < from_count; i++) {
			search_waiting(search, asking,
				matrix_rows_from(matrix, from[i], NAME_NONE));
		}
		for (size_t j = 0; j < to_count; j++) {
			search_waiting(search, asking, matrix_rows_to(matrix, to[j]));
		}
	}
	if (search->allowing || search->waiting || search->failing) {
		return;
	}
	for (size_t i = 0; i < from_count; i++) {
		search_near(
			search, asking, matrix_rows_from(matrix, from[i], NAME_NONE));
	}
	for (size_t j = 0; j < to_count && !search->failing; j++) {
		search_near(search, asking, matrix_rows_to(matrix, to[j]));
	}
}

/*
 * Users reach their submission server that way without a row, unless one that speaks of
 * these ends and this port forbids it: expired, or with another condition on TLS.
 */
static bool is_allowed_by_profile(
	const struct asking *asking, const struct search *search)
{
	const struct matrix_group *from = asking->question->from.group;
	const struct matrix_group *to = asking->question->to.group;
	return is_submission_on_465(asking) &&
	       search->failed <= MATRIX_CRITERION_PORT && from &&
	       from->role == MATRIX_ROLE_CLIENT && to &&
	       to->role == MATRIX_ROLE_SUBMISSION;
}

void matrix_explain(
	const struct matrix_question *question, struct matrix_result *result)
{
	switch (result->allowed) {
	case MATRIX_YES:
		explain_allowed(result);
		break;
	case MATRIX_UNKNOWN:
		explain_waiting(result);
		break;
	case MATRIX_NO:
		explain_failed(question, result);
		break;
	}
}

void matrix_ask(const struct matrix *matrix, const struct matrix_question *question,
	struct matrix_result *result)
{
	const struct asking asking = {
		matrix, question, matrix->allowed_as[question->protocol]};
	struct search search = {0};
	matrix_result_clear(result);
	search_rows(&search, &asking);
	if (search.allowing) {
		result->allowed = MATRIX_YES;
		result->row = search.allowing;
	} else if (search.waiting) {
		result->allowed = MATRIX_UNKNOWN;
		result->nearest = search.waiting;
		result->waits_for = search.waits_for;
	} else if (is_allowed_by_profile(&asking, &search)) {
		result->allowed = MATRIX_YES;
	} else {
		result->allowed = MATRIX_NO;
		result->nearest = search.failing;
		result->failed = search.failed;
	}
	if (!question->is_brief) {
		matrix_explain(question, result);
	}
}

enum matrix_answer matrix_ask_row(const struct matrix *matrix,
	const struct matrix_question *question, const struct matrix_row *row)
{
	const struct asking asking = {
		matrix, question, matrix->allowed_as[question->protocol]};
	enum matrix_criterion criterion;
	return row_answer(&asking, row, &criterion);
}
