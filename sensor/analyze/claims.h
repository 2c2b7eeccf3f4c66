/*
 * analyze/claims - what a client's lines taught that may be lines of a letter.
 *
 * Behind lost bytes, at a start in mid-stream and ahead of the answer that lets a letter
 * begin a line is a command or text: its login counts with the reply that fits. IMAP has
 * them by tag (imap_claims.h), SMTP of its own (smtp_claims.c).
 */
#pragma once

#include "analyze/clear.h"

/* Also what the facts held before a line was read. */
struct claims {
	uint16_t auth_tried;
	uint16_t auth_secret;
	uint16_t starttls;     /* enum facts_starttls flags */
	uint8_t auth_accepted; /* of the facts before, unused in what is claimed */
	bool is_open;
};

/* Lines may be text from here on. */
void claims_open(struct claims *claims);

/* Around the reading of a line: what it taught is held back. */
struct claims claims_hold(const struct facts *facts);
void claims_take(struct claims *claims, struct facts *facts, const struct claims *held);

/* A reply came: to what was claimed, or to something else. Lines are commands again. */
void claims_settle(struct claims *claims, struct clear *clear, struct facts *facts,
	bool is_answered);
