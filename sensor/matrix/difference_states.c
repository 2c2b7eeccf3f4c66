#include "matrix/difference_states.h"

enum how { CLEAR = 0, OFFERED, STARTTLS, MIXED, IMPLICIT, PRIVATE };

/* One state, as its number says. */
struct state {
	enum how how;
	bool is_probe;
	bool has_certificate;
	uint16_t version; /* 0: none */
};

#define VERSIONS       5 /* SSL 3.0 to TLS 1.3 */
#define VERSION_OLDEST 0x0300
#define VERSION_NEWEST 0x0304
#define UNDER_TLS      ((unsigned)VERSIONS * 2) /* with and without a certificate */

/* In clear; then four kinds under TLS, probes the second; last RPC's own encryption. */
#define FIRST_UNDER_TLS 2
#define FIRST_PRIVATE   (FIRST_UNDER_TLS + 4 * UNDER_TLS)
_Static_assert(DIFFERENCE_STATES == FIRST_PRIVATE + 1, "every state has a number");

static struct state state_of(unsigned number)
{
	static const enum how KINDS[] = {STARTTLS, STARTTLS, MIXED, IMPLICIT};
	if (number < FIRST_UNDER_TLS) {
		return (struct state){.how = number == 0 ? CLEAR : OFFERED};
	}
	if (number == FIRST_PRIVATE) {
		return (struct state){.how = PRIVATE};
	}
	const unsigned kind = (number - FIRST_UNDER_TLS) / UNDER_TLS;
	const unsigned rest = (number - FIRST_UNDER_TLS) % UNDER_TLS;
	return (struct state){.how = KINDS[kind],
		.is_probe = kind == 1,
		.has_certificate = rest % 2,
		.version = (uint16_t)(VERSION_OLDEST + rest / 2)};
}

static enum matrix_answer answer_of(bool holds)
{
	return holds ? MATRIX_YES : MATRIX_NO;
}

static void ask_in_state(struct matrix_question *question, unsigned number)
{
	const struct state state = state_of(number);
	const bool is_clear = state.how == CLEAR || state.how == OFFERED;
	question->is_encrypted = answer_of(!is_clear);
	question->is_starttls = answer_of(state.how == STARTTLS || state.how == MIXED);
	question->is_implicit = answer_of(state.how == IMPLICIT);
	question->is_tls_offered = answer_of(state.how != CLEAR);
	question->is_probe = answer_of(state.is_probe);
	question->has_clear_content = answer_of(is_clear || state.how == MIXED);
	question->has_client_certificate = answer_of(state.has_certificate);
	question->tls_version = state.version;
}

/* What is under TLS from the first byte is another protocol, but for these. */
static bool is_possible(enum protocol protocol, enum how how)
{
	const struct protocol_row *row = protocol_row(protocol);
	switch (how) {
	case IMPLICIT:
		return row->is_implicit_tls || row->is_inside_http ||
		       protocol == PROTOCOL_SIEVE;
	case PRIVATE:
		return protocol == PROTOCOL_MAPI_RPC;
	case STARTTLS:
	case MIXED:
		return !row->is_implicit_tls && !row->is_inside_http;
	default:
		return !row->is_implicit_tls;
	}
}

/* What some row asks for; what none does need not be tried both ways. */
struct needs {
	bool has_version;
	bool has_certificate;
	bool has_probe;
};

static void add_needs(struct needs *needs, const struct matrix_row *row)
{
	needs->has_version |= row->min_tls != 0;
	needs->has_certificate |= row->is_client_certificate_required;
	needs->has_probe |= row->is_probe;
}

uint64_t difference_states_of(
	const struct difference_case *compared, enum protocol protocol)
{
	struct needs needs = {.has_version = false};
	uint64_t states = 0;
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < compared->row_counts[side]; i++) {
			add_needs(&needs, &compared->matrices[side]
						   ->rows[compared->rows[side][i]]);
		}
	}
	for (unsigned i = 0; i < DIFFERENCE_STATES; i++) {
		const struct state state = state_of(i);
		if (is_possible(protocol, state.how) &&
			(needs.has_version || state.version == 0 ||
				state.version == VERSION_NEWEST) &&
			(needs.has_certificate || !state.has_certificate) &&
			(needs.has_probe || !state.is_probe)) {
			states |= UINT64_C(1) << i;
		}
	}
	return states;
}

/* The ends of the case as the matrix of one side has them. */
struct asked {
	struct matrix_named named[2];
	struct matrix_question question;
};

static void name(const struct matrix_end *end, struct matrix_named *named)
{
	*named = (struct matrix_named){.count = 0};
	if (end->is_named) {
		named->groups[named->count++] = end->group;
	}
}

static void begin(
	struct asked *asked, const struct difference_subject *subject, int side)
{
	const struct difference_case *compared = subject->compared;
	name(&compared->from->ends[side], &asked->named[0]);
	name(&compared->to->ends[side], &asked->named[1]);
	asked->question = (struct matrix_question){.from = compared->from->ends[side],
		.to = compared->to->ends[side],
		.from_named = &asked->named[0],
		.to_named = &asked->named[1],
		.protocol = subject->protocol,
		.port = subject->ports.first,
		.now_s = compared->now_s,
		.is_brief = true};
}

/* The last second of the state, by the row that allows it longest. */
static void extend(const struct difference_case *compared, int side,
	const struct asked *asked, int64_t *until_s)
{
	const struct matrix *matrix = compared->matrices[side];
	for (size_t i = 0; i < compared->row_counts[side]; i++) {
		const struct matrix_row *row = &matrix->rows[compared->rows[side][i]];
		const int64_t end = row->expires_s == 0 ? INT64_MAX : row->expires_s;
		if (end > *until_s &&
			matrix_ask_row(matrix, &asked->question, row) == MATRIX_YES) {
			*until_s = end;
		}
	}
}

/* A breach of this row is told and not blocked (judge/action asks for the same). */
static bool is_let_by(const struct matrix_result *result)
{
	return result->nearest && result->nearest->mode == MATRIX_MODE_AUDIT &&
	       result->failed >= MATRIX_CRITERION_PORT;
}

void difference_permit(const struct difference_subject *subject, int side,
	struct difference_permission *permission)
{
	const struct difference_case *compared = subject->compared;
	struct asked asked;
	struct matrix_result result;
	*permission = (struct difference_permission){.allowed = 0};
	begin(&asked, subject, side);
	for (uint64_t left = subject->states; left; left &= left - 1) {
		const unsigned state = (unsigned)__builtin_ctzll(left);
		const uint64_t bit = UINT64_C(1) << state;
		ask_in_state(&asked.question, state);
		matrix_ask(compared->matrices[side], &asked.question, &result);
		*compared->questions -= *compared->questions > 0;
		if (result.allowed == MATRIX_YES && result.row) {
			permission->allowed |= bit;
			extend(compared, side, &asked, &permission->until_s[state]);
		} else if (result.allowed == MATRIX_YES) {
			permission->allowed |= bit;
			permission->by_profile |= bit;
			permission->until_s[state] = INT64_MAX;
		} else if (is_let_by(&result)) {
			permission->tolerated |= bit;
			permission->tolerating = permission->tolerating
							 ? permission->tolerating
							 : result.nearest;
		}
	}
}

void difference_permit_row(const struct difference_subject *subject, int side,
	const struct matrix_row *row, struct difference_permission *permission)
{
	const struct matrix *matrix = subject->compared->matrices[side];
	struct asked asked;
	*permission = (struct difference_permission){.allowed = 0};
	begin(&asked, subject, side);
	for (uint64_t left = subject->states; left; left &= left - 1) {
		const unsigned state = (unsigned)__builtin_ctzll(left);
		ask_in_state(&asked.question, state);
		if (matrix_ask_row(matrix, &asked.question, row) == MATRIX_YES) {
			permission->allowed |= UINT64_C(1) << state;
			permission->until_s[state] =
				row->expires_s == 0 ? INT64_MAX : row->expires_s;
		}
	}
}
