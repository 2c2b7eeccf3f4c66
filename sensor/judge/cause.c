#include "judge/cause.h"

#include "judge/evidence.h"

#include <assert.h>

static const uint8_t CAUSES[FINDING_FLOW_COUNT] = {
	[FINDING_SENDER_ILLEGITIMATE] = CAUSE_ENDS,
	[FINDING_SENDER_ATTEMPT] = CAUSE_ENDS,
	[FINDING_FLOW_ILLEGITIMATE] = CAUSE_ENDS,
	[FINDING_FLOW_ROLE_MISMATCH] = CAUSE_ENDS,
	[FINDING_PORT_UNUSUAL] = CAUSE_ENDS,
	[FINDING_PORT_FOREIGN] = CAUSE_ENDS,
	[FINDING_SMTPS_IMPLICIT] = CAUSE_ENDS,
	[FINDING_ZONE_USER_ACCESS_EXPOSED] = CAUSE_ENDS,
	[FINDING_TLS_MISSING] = CAUSE_CLEAR,
	[FINDING_TLS_CREDENTIALS_CLEAR] = CAUSE_CLEAR,
	[FINDING_TLS_STARTTLS_NOT_OFFERED] = CAUSE_CLEAR,
	[FINDING_TLS_STARTTLS_REFUSED] = CAUSE_CLEAR,
	[FINDING_TLS_STARTTLS_UNUSED] = CAUSE_CLEAR,
	[FINDING_TLS_STARTTLS_STRIPPED] = CAUSE_CLEAR,
	[FINDING_TLS_STARTTLS_INJECTION] = CAUSE_CLEAR,
	[FINDING_REQUIRETLS_CLEAR] = CAUSE_CLEAR,
	[FINDING_TLS_VERSION_OBSOLETE] = CAUSE_TLS,
	[FINDING_TLS_CIPHER_WEAK] = CAUSE_TLS,
	[FINDING_TLS_CERTIFICATE_EXPIRED] = CAUSE_CERTIFICATE,
	[FINDING_TLS_CERTIFICATE_EXPIRING] = CAUSE_CERTIFICATE,
	[FINDING_TLS_CERTIFICATE_SELF_SIGNED] = CAUSE_CERTIFICATE,
	[FINDING_TLS_CERTIFICATE_NAME_MISMATCH] = CAUSE_CERTIFICATE,
	[FINDING_TLS_CERTIFICATE_WEAK_KEY] = CAUSE_CERTIFICATE,
};

/* No row lets these ends do this. */
#define NOT_LET                                       \
	(FINDING_BIT(FINDING_SENDER_ILLEGITIMATE) |   \
		FINDING_BIT(FINDING_SENDER_ATTEMPT) | \
		FINDING_BIT(FINDING_FLOW_ROLE_MISMATCH))
/* What that breaks of the structure; where rows let them, a cause of its own. */
#define OF_STRUCTURE                          \
	(FINDING_BIT(FINDING_RELAY_CHAINED) | \
		FINDING_BIT(FINDING_GATEWAY_SEND_RECEIVE_MIXED))

static const uint8_t SCOPES[FINDING_FLOW_COUNT] = {
	[FINDING_SENDER_ILLEGITIMATE] = CAUSE_SCOPE_SENDERS,
	[FINDING_SENDER_ATTEMPT] = CAUSE_SCOPE_SENDERS,
	[FINDING_FLOW_ILLEGITIMATE] = CAUSE_SCOPE_SENDERS,
	[FINDING_GATEWAY_SEND_RECEIVE_MIXED] = CAUSE_SCOPE_SERVER,
	[FINDING_ZONE_MAILBOX_MISPLACED] = CAUSE_SCOPE_GROUP,
};

enum cause cause_of(enum finding finding)
{
	assert(finding < FINDING_FLOW_COUNT);
	return (enum cause)CAUSES[finding];
}

uint64_t cause_select(enum cause cause, uint64_t findings)
{
	uint64_t same = 0;
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		same |= CAUSES[i] == cause ? findings & FINDING_BIT(i) : 0;
	}
	return same;
}

uint64_t cause_waiting(const struct observation *observation, uint64_t findings)
{
	const struct facts *facts = observation->facts;
	if (facts == NULL || observation->is_ended) {
		return 0;
	}
	const bool is_asking = facts->auth_secret != 0 && !facts->has_content_clear &&
			       facts->auth_accepted == FACTS_UNKNOWN;
	const bool is_attempt =
		observation->ambiguity == NULL && judge_may_stay_attempt(facts);
	return (is_asking ? cause_select(CAUSE_CLEAR, findings) : 0) |
	       (is_attempt ? cause_select(CAUSE_ENDS, findings) |
				       (findings & OF_STRUCTURE)
			   : 0);
}

uint64_t cause_next(uint64_t findings)
{
	assert(findings != 0);
	const unsigned first = (unsigned)__builtin_ctzll(findings);
	const uint64_t not_let = findings & NOT_LET;
	const uint8_t cause = not_let != 0 && (OF_STRUCTURE & FINDING_BIT(first)) != 0
				      ? (uint8_t)CAUSE_ENDS
				      : CAUSES[first];
	if (cause == CAUSE_OWN) {
		return FINDING_BIT(first);
	}
	return cause_select((enum cause)cause, findings) |
	       (cause == CAUSE_ENDS && not_let != 0 ? findings & OF_STRUCTURE : 0);
}

enum finding cause_head(const struct judgement *judgement, uint64_t findings)
{
	assert(findings != 0);
	unsigned head = (unsigned)__builtin_ctzll(findings);
	for (; findings != 0; findings &= findings - 1) {
		const unsigned i = (unsigned)__builtin_ctzll(findings);
		head = judgement->severity[i] < judgement->severity[head] ? i : head;
	}
	return (enum finding)head;
}

enum cause_scope cause_scope(enum finding finding)
{
	assert(finding < FINDING_FLOW_COUNT);
	return (enum cause_scope)SCOPES[finding];
}
