#include "analyze/claims.h"

void claims_open(struct claims *claims)
{
	if (!claims->is_open) {
		*claims = (struct claims){.is_open = true};
	}
}

struct claims claims_hold(const struct facts *facts)
{
	return (struct claims){.auth_tried = facts->auth_tried,
		.auth_secret = facts->auth_secret,
		.starttls = facts->starttls,
		.auth_accepted = (uint8_t)facts->auth_accepted};
}

void claims_take(struct claims *claims, struct facts *facts, const struct claims *held)
{
	/* that content crosses is true of text as well */
	const unsigned content = FACTS_STARTTLS_CLEAR_CONTENT;
	claims->auth_tried = (uint16_t)(claims->auth_tried |
					(facts->auth_tried & ~held->auth_tried));
	claims->auth_secret = (uint16_t)(claims->auth_secret |
					 (facts->auth_secret & ~held->auth_secret));
	claims->starttls = (uint16_t)(claims->starttls |
				      (facts->starttls & ~held->starttls & ~content));
	facts->auth_tried = held->auth_tried;
	facts->auth_secret = held->auth_secret;
	facts->starttls = (uint16_t)(held->starttls | (facts->starttls & content));
	facts->auth_accepted = (enum facts_answer)held->auth_accepted;
}

static void claims_drop(const struct claims *claims, struct clear *clear)
{
	if ((claims->starttls & FACTS_STARTTLS_REQUESTED) != 0) {
		clear->starttls = CLEAR_STARTTLS_NONE;
	}
	if (claims->auth_tried != 0) {
		clear->sasl = (struct sasl){0};
	}
}

static void claims_commit(const struct claims *claims, struct facts *facts)
{
	if (claims->auth_tried != 0) {
		sasl_try(facts, claims->auth_tried);
	}
	facts->auth_secret = (uint16_t)(facts->auth_secret | claims->auth_secret);
	facts->starttls = (uint16_t)(facts->starttls | claims->starttls);
}

void claims_settle(struct claims *claims, struct clear *clear, struct facts *facts,
	bool is_answered)
{
	if (!claims->is_open) {
		return;
	}
	if (is_answered) {
		claims_commit(claims, facts);
	} else {
		claims_drop(claims, clear);
	}
	*claims = (struct claims){0};
}
