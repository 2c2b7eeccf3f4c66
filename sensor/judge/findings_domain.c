/* The findings about in whose name mail is sent: the domains of MAIL FROM (R36, SPF). */
#include "judge/findings.h"

#include "base/utf8.h"
#include "matrix/domains.h"

#define DOMAIN_SHOWN 56 /* of each, so that two fit a detail */

/* Of the messages that were taken, one by one; of more the last. */
static const struct facts_sender *sender_of(const struct facts *facts, uint32_t at)
{
	return at < FACTS_SENDERS && at < facts->sender_count ? &facts->senders[at]
							      : NULL;
}

static bool note_sender(struct finding_note *note, const struct facts_sender *sender)
{
	const bool has_author = sender->author[0] != '\0';
	return finding_note_set(note, "MAIL FROM of %.*s%s%.*s",
		(int)utf8_whole(sender->domain, DOMAIN_SHOWN), sender->domain,
		has_author ? ", From of " : "",
		(int)utf8_whole(sender->author, DOMAIN_SHOWN), sender->author);
}

static const struct address *sending_address(const struct judge_case *judged)
{
	const struct observation *observation = judged->observation;
	return judged->is_backward ? &observation->server : &observation->client;
}

static bool is_known_sender(
	const struct judge_case *judged, const struct matrix_domain *domain)
{
	const struct address *address = sending_address(judged);
	return matrix_is_source(&domain->senders, address, &judged->from) ||
	       matrix_is_source(&domain->forwarders, address, &judged->from);
}

bool finding_sender_own_domain_outside(
	const struct judge_case *judged, struct finding_note *note)
{
	if (!matrix_has_own_domains(judged->matrix) || !judge_is_mail_sent(judged) ||
		judge_role(&judged->to) != MATRIX_ROLE_INBOUND ||
		!judge_is_outside(&judged->from) ||
		judged->facts->auth_accepted == FACTS_YES) {
		return false;
	}
	const struct facts_sender *sender;
	for (uint32_t i = 0; (sender = sender_of(judged->facts, i)) != NULL; i++) {
		const struct matrix_domain *domain =
			matrix_domain_of(judged->matrix, sender->domain);
		if (domain && domain->is_own && !is_known_sender(judged, domain)) {
			return note_sender(note, sender);
		}
	}
	return false;
}

bool finding_sender_foreign_domain_out(
	const struct judge_case *judged, struct finding_note *note)
{
	if (!matrix_has_own_domains(judged->matrix) || !judge_is_mail_sent(judged) ||
		judge_role(&judged->from) != MATRIX_ROLE_OUTBOUND ||
		!judge_is_outside(&judged->to) ||
		matrix_is_forwarder(
			judged->matrix, sending_address(judged), &judged->from)) {
		return false;
	}
	const struct facts_sender *sender;
	for (uint32_t i = 0; (sender = sender_of(judged->facts, i)) != NULL; i++) {
		if (!matrix_domain_of(judged->matrix, sender->domain)) {
			return note_sender(note, sender);
		}
	}
	return false;
}
