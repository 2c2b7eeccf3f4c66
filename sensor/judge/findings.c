#include "judge/findings.h"

#include "base/format.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* What a flow has to show before a finding is worth its test: most flows show little. */
enum finding_need {
	NEEDS_REFUSAL = 1 << 0, /* the matrix said no */
	NEEDS_FOREIGN = 1 << 1,
	NEEDS_SENDING = 1 << 2, /* a protocol that sends mail */
	NEEDS_READING = 1 << 3, /* one that does not */
	NEEDS_LOOKUP = 1 << 4,
	NEEDS_ROW = 1 << 5, /* one whose TLS conditions hold */
	NEEDS_VERSION = 1 << 6,
	NEEDS_CERTIFICATE = 1 << 7,
	NEEDS_SECRET = 1 << 8,
	NEEDS_OFFER = 1 << 9, /* of STARTTLS */
	NEEDS_NO_OFFER = 1 << 10,
	NEEDS_STARTTLS = 1 << 11, /* something of it in the dialogue */
	NEEDS_AMBIGUITY = 1 << 12,
	NEEDS_LISTED = 1 << 13,
	NEEDS_CLAIM = 1 << 14, /* of a tunnel that nobody declared */
	NEEDS_NO_CLAIM = 1 << 15,
	NEEDS_REQUIRETLS = 1 << 16, /* asked for in clear */
	NEEDS_SMUGGLING = 1 << 17,
	NEEDS_SENDER = 1 << 18,  /* of mail that was taken */
	NEEDS_HEADER = 1 << 19,  /* of mail with a sender, to its end */
	NEEDS_ADDRESS = 1 << 20, /* in a header field */
};

/* When a flow that carries mail in clear has raised it, if it ever does. */
enum finding_told {
	/*
	 * As soon as content crosses: it depends on the ends, the port, the protocol and
	 * on that; or it is raised on no flow that carries mail.
	 */
	TOLD_WITH_CONTENT = 1,
	TOLD_LATER,
};

struct finding_rule {
	finding_test *holds;
	enum finding finding;
	bool depends_on_direction; /* a guessed direction makes it one step milder */
	unsigned needs;            /* all of these */
	enum finding_told told;
};

static const struct finding_rule RULES[] = {
	{finding_sender_illegitimate, FINDING_SENDER_ILLEGITIMATE, true,
		NEEDS_REFUSAL | NEEDS_SENDING, TOLD_WITH_CONTENT},
	{finding_sender_attempt, FINDING_SENDER_ATTEMPT, true, NEEDS_REFUSAL,
		TOLD_WITH_CONTENT},
	{finding_flow_illegitimate, FINDING_FLOW_ILLEGITIMATE, true,
		NEEDS_REFUSAL | NEEDS_READING, TOLD_WITH_CONTENT},
	{finding_flow_role_mismatch, FINDING_FLOW_ROLE_MISMATCH, true, NEEDS_REFUSAL,
		TOLD_WITH_CONTENT},
	{finding_port_unusual, FINDING_PORT_UNUSUAL, true, NEEDS_REFUSAL,
		TOLD_WITH_CONTENT},
	{finding_port_foreign, FINDING_PORT_FOREIGN, true, NEEDS_FOREIGN, TOLD_LATER},
	{finding_smtps_implicit, FINDING_SMTPS_IMPLICIT, true, NEEDS_SENDING,
		TOLD_WITH_CONTENT},
	{finding_tls_missing, FINDING_TLS_MISSING, false, NEEDS_ROW, TOLD_WITH_CONTENT},
	{finding_tls_credentials_clear, FINDING_TLS_CREDENTIALS_CLEAR, false,
		NEEDS_SECRET, TOLD_LATER},
	{finding_starttls_not_offered, FINDING_TLS_STARTTLS_NOT_OFFERED, false,
		NEEDS_NO_OFFER, TOLD_LATER},
	{finding_starttls_refused, FINDING_TLS_STARTTLS_REFUSED, false, NEEDS_STARTTLS,
		TOLD_LATER},
	{finding_starttls_unused, FINDING_TLS_STARTTLS_UNUSED, false,
		NEEDS_ROW | NEEDS_OFFER, TOLD_LATER},
	{finding_starttls_stripped, FINDING_TLS_STARTTLS_STRIPPED, false,
		NEEDS_NO_CLAIM, TOLD_LATER},
	{finding_starttls_injection, FINDING_TLS_STARTTLS_INJECTION, false,
		NEEDS_STARTTLS, TOLD_LATER},
	{finding_tls_version_obsolete, FINDING_TLS_VERSION_OBSOLETE, false,
		NEEDS_VERSION, TOLD_LATER},
	{finding_tls_cipher_weak, FINDING_TLS_CIPHER_WEAK, false, NEEDS_VERSION,
		TOLD_LATER},
	{finding_certificate_expired, FINDING_TLS_CERTIFICATE_EXPIRED, false,
		NEEDS_CERTIFICATE, TOLD_LATER},
	{finding_certificate_expiring, FINDING_TLS_CERTIFICATE_EXPIRING, false,
		NEEDS_CERTIFICATE, TOLD_LATER},
	{finding_certificate_self_signed, FINDING_TLS_CERTIFICATE_SELF_SIGNED, false,
		NEEDS_CERTIFICATE, TOLD_LATER},
	{finding_certificate_name_mismatch, FINDING_TLS_CERTIFICATE_NAME_MISMATCH,
		false, NEEDS_CERTIFICATE, TOLD_LATER},
	{finding_certificate_weak_key, FINDING_TLS_CERTIFICATE_WEAK_KEY, false,
		NEEDS_CERTIFICATE, TOLD_LATER},
	{finding_tls_client_certificate_missing, FINDING_TLS_CLIENT_CERTIFICATE_MISSING,
		false, NEEDS_ROW | NEEDS_VERSION, TOLD_LATER},
	{finding_requiretls_clear, FINDING_REQUIRETLS_CLEAR, false,
		NEEDS_SENDING | NEEDS_REQUIRETLS, TOLD_LATER},
	{finding_zone_mailbox_misplaced, FINDING_ZONE_MAILBOX_MISPLACED, true,
		NEEDS_NO_CLAIM, TOLD_LATER},
	{finding_zone_user_access_exposed, FINDING_ZONE_USER_ACCESS_EXPOSED, true,
		NEEDS_READING, TOLD_WITH_CONTENT},
	{finding_relay_chained, FINDING_RELAY_CHAINED, true, NEEDS_SENDING, TOLD_LATER},
	{finding_gateway_send_receive_mixed, FINDING_GATEWAY_SEND_RECEIVE_MIXED, true,
		NEEDS_SENDING, TOLD_LATER},
	{finding_header_internal_leak, FINDING_HEADER_INTERNAL_LEAK, true,
		NEEDS_SENDING | NEEDS_ADDRESS, TOLD_LATER},
	{finding_authentication_missing, FINDING_AUTHENTICATION_MISSING, true,
		NEEDS_SENDING | NEEDS_HEADER, TOLD_LATER},
	{finding_sender_mx_lookup, FINDING_SENDER_MX_LOOKUP, true, NEEDS_LOOKUP,
		TOLD_WITH_CONTENT},
	{finding_certificate_changing, FINDING_TLS_CERTIFICATE_CHANGING, false,
		NEEDS_NO_CLAIM, TOLD_LATER},
	{finding_evasion_ambiguous, FINDING_EVASION_AMBIGUOUS, false, NEEDS_AMBIGUITY,
		TOLD_LATER},
	{finding_tunnel_mail, FINDING_TUNNEL_MAIL, false, NEEDS_CLAIM,
		TOLD_WITH_CONTENT},
	{finding_smtp_smuggling, FINDING_SMTP_SMUGGLING, false,
		NEEDS_SENDING | NEEDS_SMUGGLING, TOLD_LATER},
	{finding_sender_own_domain_outside, FINDING_SENDER_OWN_DOMAIN_OUTSIDE, true,
		NEEDS_SENDING | NEEDS_SENDER, TOLD_LATER},
	{finding_sender_foreign_domain_out, FINDING_SENDER_FOREIGN_DOMAIN_OUT, true,
		NEEDS_SENDING | NEEDS_SENDER, TOLD_LATER},
	{finding_content_unchecked, FINDING_CONTENT_UNCHECKED, true,
		NEEDS_SENDING | NEEDS_HEADER, TOLD_LATER},
	{finding_sender_listed, FINDING_SENDER_LISTED, false, NEEDS_LISTED, TOLD_LATER},
};
_Static_assert(sizeof(RULES) / sizeof(RULES[0]) == FINDING_FLOW_COUNT,
	"every finding of the catalogue has its test");

static unsigned need(bool is_shown, enum finding_need bit)
{
	return is_shown ? (unsigned)bit : 0;
}

/*
 * The needs that this flow meets. What is claimed inside a tunnel neither accuses nor excuses
 * anybody there: one finding.
 */
static unsigned needs_met(const struct judge_case *judged)
{
	const struct facts *facts = judged->facts;
	const struct facts_tls_session *session = &facts->session;
	const struct facts_headers *headers = &facts->headers;
	if (way_is_foreign(judged->observation->way.tag)) {
		return NEEDS_CLAIM;
	}
	const bool is_sending = protocol_row(judged->observation->protocol)->is_sending;
	return NEEDS_NO_CLAIM |
	       need(judged->result->allowed == MATRIX_NO, NEEDS_REFUSAL) |
	       need(judged->is_foreign || judged->is_web_inside, NEEDS_FOREIGN) |
	       (is_sending ? NEEDS_SENDING : NEEDS_READING) |
	       need(judged->observation->lookup != NULL, NEEDS_LOOKUP) |
	       need(judged->row != NULL, NEEDS_ROW) |
	       need(session->version != 0, NEEDS_VERSION) |
	       need(session->server_certificate.visibility == FACTS_SEEN,
		       NEEDS_CERTIFICATE) |
	       need(facts->auth_secret != 0, NEEDS_SECRET) |
	       need(facts->starttls_offered == FACTS_YES, NEEDS_OFFER) |
	       need(facts->starttls_offered == FACTS_NO, NEEDS_NO_OFFER) |
	       need(facts->starttls != 0, NEEDS_STARTTLS) |
	       need(judged->listed->told != LISTED_ENDS, NEEDS_LISTED) |
	       need(facts->has_requiretls_clear, NEEDS_REQUIRETLS) |
	       need(facts->smuggling != FACTS_SMUGGLING_NONE, NEEDS_SMUGGLING) |
	       need(facts->sender_count > 0, NEEDS_SENDER) |
	       need((headers->senders | headers->without_dkim_signature |
			    headers->without_authentication_results) != 0,
		       NEEDS_HEADER) |
	       need(headers->address_count > 0, NEEDS_ADDRESS) |
	       need(judged->observation->ambiguity != NULL ||
			       facts->opening != OPENING_NONE ||
			       facts->has_unread_lines,
		       NEEDS_AMBIGUITY);
}

static enum severity milder(enum severity severity)
{
	return severity < SEVERITY_LOW ? severity + 1 : SEVERITY_LOW;
}

/* Where no text is wanted it is cleared of what holds alone: few do. */
static void rule_test(const struct finding_rule *rule, const struct judge_case *judged,
	struct judgement *judgement)
{
	char *detail = judgement->detail[rule->finding];
	struct finding_note note = {
		.detail = judged->is_brief ? NULL : detail,
		.detail_bytes = sizeof(judgement->detail[rule->finding]),
	};
	if (!judged->is_brief) {
		detail[0] = '\0';
	}
	if (!rule->holds(judged, &note)) {
		return;
	}
	if (judged->is_brief) {
		detail[0] = '\0';
	}
	if (note.severity == SEVERITY_NONE) {
		note.severity = finding_row(rule->finding)->severity;
	}
	if (judged->observation->confidence == DIRECTION_CONFIDENCE_PORT &&
		rule->depends_on_direction) {
		note.severity = milder(note.severity);
	}
	judgement->findings |= FINDING_BIT(rule->finding);
	judgement->severity[rule->finding] = (uint8_t)note.severity;
}

void findings_test(const struct judge_case *judged, struct judgement *judgement)
{
	const unsigned missing = ~needs_met(judged);
	for (size_t i = 0; i < FINDING_FLOW_COUNT; i++) {
		if ((RULES[i].needs & missing) == 0) {
			rule_test(&RULES[i], judged, judgement);
		}
	}
}

uint64_t findings_told_with_content(void)
{
	uint64_t told = 0;
	for (size_t i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (RULES[i].told == TOLD_WITH_CONTENT) {
			told |= FINDING_BIT(RULES[i].finding);
		}
	}
	return told;
}

bool finding_note_set(struct finding_note *note, const char *format, ...)
{
	if (note->detail == NULL) {
		return true;
	}
	va_list arguments;
	va_start(arguments, format);
	format_write_list(note->detail, note->detail_bytes, format, arguments);
	va_end(arguments);
	note->detail[utf8_whole(note->detail, note->detail_bytes)] = '\0';
	return true;
}

void finding_note_grade(const struct judge_case *judged, struct finding_note *note,
	enum severity strict)
{
	note->severity = judge_is_opportunistic(judged) ? milder(strict) : strict;
}

const char *finding_date(int64_t time_s, char *text)
{
	const time_t time = (time_t)time_s;
	struct tm parts;
	if (gmtime_r(&time, &parts) == NULL ||
		strftime(text, 16, "%Y-%m-%d", &parts) == 0) {
		memcpy(text, "?", sizeof("?"));
	}
	return text;
}

bool judge_is_row_wanting_tls(const struct matrix_row *row)
{
	return row != NULL &&
	       (row->tls == MATRIX_TLS_REQUIRED || row->tls == MATRIX_TLS_STARTTLS ||
		       row->tls == MATRIX_TLS_IMPLICIT);
}

bool judge_is_between_servers(const struct judge_case *judged)
{
	return judge_is_server_traffic(
		&judged->from, &judged->to, judged->observation->protocol);
}

/* R42 is tolerant here: the fallback of opportunistic TLS is clear text (RFC 7435). */
bool judge_is_opportunistic(const struct judge_case *judged)
{
	return judge_is_between_servers(judged) &&
	       !judge_is_row_wanting_tls(judged->row);
}

bool judge_is_mail_sent(const struct judge_case *judged)
{
	const enum protocol protocol = judged->observation->protocol;
	return judge_is_mail(protocol) && !judged->is_foreign &&
	       protocol_row(protocol)->is_sending;
}

bool judge_is_mere_probe(const struct judge_case *judged)
{
	return judged->observation->is_ended &&
	       judged->observation->ambiguity == NULL && judge_is_probe(judged->facts);
}

bool judge_is_mere_attempt(const struct judge_case *judged)
{
	const struct observation *observation = judged->observation;
	return judge_is_mere_probe(judged) ||
	       (observation->is_ended && observation->ambiguity == NULL &&
		       judge_is_other_talk(judged->facts));
}

bool judge_is_accused(const struct judge_case *judged)
{
	const struct matrix_result *result = judged->result;
	return judge_is_mail(judged->observation->protocol) && !judged->is_foreign &&
	       result->allowed == MATRIX_NO &&
	       result->failed != MATRIX_CRITERION_PORT &&
	       result->failed < MATRIX_CRITERION_TLS;
}

const struct judge_memory *judge_memory_of(const struct judge_case *judged)
{
	static const struct judge_memory NONE;
	return judged->observation->memory != NULL ? judged->observation->memory
						   : &NONE;
}
