#include "judge/action.h"

#include "judge/findings.h"

#include <assert.h>
#include <string.h>

static const char *const NAMES[ACTION_COUNT] = {
	[ACTION_ACCEPT] = "accept",
	[ACTION_REFUSE] = "refuse",
	[ACTION_REJECT] = "reject",
	[ACTION_DROP] = "drop",
};

const char *action_name(enum action action)
{
	assert(action < ACTION_COUNT);
	return NAMES[action];
}

void action_table_start(struct action_table *table)
{
	*table = (struct action_table){
		.of = {[FINDING_SENDER_ILLEGITIMATE] = ACTION_REFUSE,
			[FINDING_FLOW_ILLEGITIMATE] = ACTION_REJECT,
			[FINDING_FLOW_ROLE_MISMATCH] = ACTION_REFUSE,
			[FINDING_SMTPS_IMPLICIT] = ACTION_REJECT,
			[FINDING_ZONE_USER_ACCESS_EXPOSED] = ACTION_REJECT}};
}

static bool find_action(const char *name, uint8_t *action)
{
	for (unsigned i = 0; i < ACTION_COUNT; i++) {
		if (strcmp(name, NAMES[i]) == 0) {
			*action = (uint8_t)i;
			return true;
		}
	}
	return false;
}

bool action_table_set(struct action_table *table, const char *text, struct reason *why)
{
	const char *equals = strchr(text, '=');
	uint8_t action = ACTION_ACCEPT;
	if (!equals || !find_action(equals + 1, &action)) {
		return reason_set(why,
			"%.80s: an action is FINDING=accept, refuse, reject or drop",
			text);
	}
	const size_t len = (size_t)(equals - text);
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		const char *id = finding_row((enum finding)i)->id;
		if (strlen(id) == len && memcmp(id, text, len) == 0) {
			table->of[i] = action;
			return true;
		}
	}
	return reason_set(why, "%.*s: no such finding on a flow", (int)len, text);
}

static bool is_at(const struct matrix_end *declared, const struct matrix_end *end)
{
	return declared->group ? declared->group == end->group
			       : declared->zone == end->zone;
}

/* The row that speaks of these two ends; the nearest one of other ends does not. */
static const struct matrix_row *governing_row(const struct judgement *judgement)
{
	const struct matrix_row *nearest = judgement->nearest;
	if (judgement->row) {
		return judgement->row;
	}
	return nearest && is_at(&nearest->from, &judgement->from) &&
			       is_at(&nearest->to, &judgement->to)
		       ? nearest
		       : NULL;
}

/* The client still takes a reply (RFC 5321 section 4.2) for one of its server's. */
static bool is_clear_smtp(const struct observation *observation)
{
	const struct protocol_row *row = protocol_row(observation->protocol);
	return observation->facts && !row->is_implicit_tls &&
	       (row->family == PROTOCOL_SMTP || row->family == PROTOCOL_LMTP) &&
	       !(observation->facts->starttls & FACTS_STARTTLS_ACCEPTED);
}

static enum action gravest(const struct action_table *table, uint64_t findings)
{
	enum action action = ACTION_ACCEPT;
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (findings & FINDING_BIT(i) && table->of[i] > action) {
			action = (enum action)table->of[i];
		}
	}
	return action;
}

/* Who serves whom is a mere guess by port numbers: told, never blocked. */
static bool is_guess(const struct observation *observation)
{
	return observation->confidence == DIRECTION_CONFIDENCE_PORT;
}

#define US_PER_S 1000000

/* The end of its row alone forbids it, and is not long ago. */
static bool is_in_grace(const struct action_table *table,
	const struct observation *observation, const struct judgement *judgement)
{
	const int64_t now_s = (int64_t)(observation->now_us / US_PER_S);
	return judgement->is_expired && judgement->nearest &&
	       now_s < judgement->nearest->expires_s + (int64_t)table->grace_s;
}

/*
 * Told only since the row ended: with the Internet smtps.implicit was told before, but
 * where the row declares submissions.
 */
static uint64_t findings_of_expiry(const struct judgement *judgement)
{
	const uint64_t findings = FINDING_BIT(FINDING_SENDER_ILLEGITIMATE) |
				  FINDING_BIT(FINDING_SENDER_ATTEMPT) |
				  FINDING_BIT(FINDING_FLOW_ILLEGITIMATE) |
				  FINDING_BIT(FINDING_FLOW_ROLE_MISMATCH);
	const bool is_outside = judge_is_internet(&judgement->from) ||
				judge_is_internet(&judgement->to);
	const bool was_told =
		is_outside && !judge_is_submission_outside(judgement->nearest,
				      &judgement->from, &judgement->to);
	return was_told ? findings : findings | FINDING_BIT(FINDING_SMTPS_IMPLICIT);
}

/* One command line is answered after the other; a connection carries one protocol. */
static bool is_dialogue(enum protocol protocol)
{
	const struct protocol_row *row = protocol_row(protocol);
	switch (row->family) {
	case PROTOCOL_SMTP:
	case PROTOCOL_LMTP:
	case PROTOCOL_IMAP:
	case PROTOCOL_POP3:
	case PROTOCOL_SIEVE:
		return !row->is_implicit_tls;
	default:
		return false;
	}
}

/*
 * How lists have it cut off, enum matrix_list_kind; ALLOW: not at all. An end that the
 * matrix declares is told, and not cut off by what others write.
 */
static unsigned listed_as(const struct judgement *judgement)
{
	unsigned kind = MATRIX_LIST_ALLOW;
	for (unsigned i = 0; i < LISTED_ENDS; i++) {
		const struct lists_match *match = &judgement->listed.ends[i];
		const struct matrix_end *end =
			i == LISTED_SERVER ? &judgement->to : &judgement->from;
		if (match->entry != LISTS_NONE && !end->group && match->kind > kind) {
			kind = match->kind;
		}
	}
	return kind;
}

static uint64_t blockable(const struct judgement *judgement)
{
	const uint64_t listed = FINDING_BIT(FINDING_SENDER_LISTED);
	return (judgement->findings & listed) != 0 &&
			       listed_as(judgement) == MATRIX_LIST_ALLOW
		       ? judgement->findings & ~listed
		       : judgement->findings;
}

static bool is_temporary(const struct action_table *table,
	const struct judgement *judgement, uint64_t findings)
{
	const uint64_t listed = FINDING_BIT(FINDING_SENDER_LISTED);
	return (findings & listed) != 0 &&
	       listed_as(judgement) == MATRIX_LIST_TEMPORARY &&
	       gravest(table, findings & ~listed) == ACTION_ACCEPT;
}

static bool blocks_only(const struct action_table *table, uint64_t findings)
{
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (table->of[i] != ACTION_ACCEPT && !(findings & FINDING_BIT(i))) {
			return false;
		}
	}
	return true;
}

struct action_choice action_choose(const struct action_table *table,
	const struct observation *observation, const struct judgement *judgement)
{
	uint64_t findings = blockable(judgement);
	struct action_choice choice = {.action = gravest(table, findings)};
	if (choice.action == ACTION_ACCEPT || is_guess(observation)) {
		return (struct action_choice){.action = ACTION_ACCEPT};
	}
	if (is_in_grace(table, observation, judgement)) {
		findings &= ~findings_of_expiry(judgement);
		choice.action = gravest(table, findings);
		choice.is_audited = choice.action == ACTION_ACCEPT;
	}
	choice.is_temporary = is_temporary(table, judgement, findings);
	if (choice.action == ACTION_REFUSE && !is_clear_smtp(observation)) {
		choice.action = ACTION_REJECT;
	}
	const struct matrix_row *row = governing_row(judgement);
	choice.is_row_audited = row && row->mode == MATRIX_MODE_AUDIT;
	if (!table->is_enforcing || choice.is_row_audited) {
		choice.action = ACTION_ACCEPT;
		choice.is_audited = true;
	}
	return choice;
}

bool action_keeps_out(const struct action_table *table,
	const struct observation *attempt, const struct judgement *judgement)
{
	const enum protocol owner = protocol_of_port(attempt->server_port);
	const bool is_sending =
		owner == PROTOCOL_UNKNOWN || protocol_row(owner)->is_sending;
	const enum finding finding =
		is_sending ? FINDING_SENDER_ILLEGITIMATE : FINDING_FLOW_ILLEGITIMATE;
	const struct matrix_row *row = governing_row(judgement);
	return table->is_enforcing && judgement->verdict == VERDICT_ILLEGITIMATE &&
	       !is_guess(attempt) && table->of[finding] != ACTION_ACCEPT &&
	       !is_in_grace(table, attempt, judgement) &&
	       !(row && row->mode == MATRIX_MODE_AUDIT);
}

bool action_is_settled(const struct action_table *table,
	const struct observation *observation, const struct judgement *judgement)
{
	if (!observation->facts || !observation->facts->has_content_clear ||
		!is_dialogue(observation->protocol)) {
		return false;
	}
	return !table->is_enforcing ||
	       (judgement->verdict != VERDICT_UNDECIDED && !is_guess(observation) &&
		       action_choose(table, observation, judgement).action ==
			       ACTION_ACCEPT &&
		       blocks_only(table, findings_told_with_content()));
}
