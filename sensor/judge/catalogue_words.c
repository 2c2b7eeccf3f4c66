/* What the catalogue refers to: categories, tactics, recommendations, severities. */
#include "judge/catalogue.h"

#include <string.h>

const char *finding_category(enum finding finding)
{
	if (finding <= FINDING_PORT_FOREIGN) {
		return "Mail flow outside the matrix";
	}
	if (finding >= FINDING_AUDIT_FIRST) {
		return finding == FINDING_AUDIT_TLS_POLICY ||
				       finding >= FINDING_AUDIT_SERVER_FIRST
			       ? "Mail transport security"
			       : "Mail authentication";
	}
	if (finding >= FINDING_FLOW_COUNT) {
		return "Sensor health";
	}
	if (finding == FINDING_SENDER_MX_LOOKUP || finding == FINDING_TUNNEL_MAIL ||
		finding == FINDING_EVASION_AMBIGUOUS ||
		finding == FINDING_SENDER_OWN_DOMAIN_OUTSIDE ||
		finding == FINDING_SENDER_FOREIGN_DOMAIN_OUT ||
		finding == FINDING_SENDER_LISTED) {
		return "Mail flow outside the matrix";
	}
	return finding <= FINDING_REQUIRETLS_CLEAR ||
			       finding == FINDING_TLS_CERTIFICATE_CHANGING ||
			       finding == FINDING_SMTP_SMUGGLING
		       ? "Mail transport security"
		       : "Mail architecture";
}

const struct tactic *tactic_of(const char *technique)
{
	/* not told of T1684 and T1689, whose tactic ATT&CK v19 split */
	static const struct tactic TACTICS[] = {
		{"T1001", "TA0011", "Command and Control"},
		{"T1040", "TA0006", "Credential Access"},
		{"T1071.003", "TA0011", "Command and Control"},
		{"T1090", "TA0011", "Command and Control"},
		{"T1095", "TA0011", "Command and Control"},
		{"T1114.002", "TA0009", "Collection"},
		{"T1133", "TA0001", "Initial Access"},
		{"T1557", "TA0006", "Credential Access"},
		{"T1566", "TA0001", "Initial Access"},
		{"T1571", "TA0011", "Command and Control"},
		{"T1572", "TA0011", "Command and Control"},
		{"T1590", "TA0043", "Reconnaissance"},
	};
	for (size_t i = 0; i < sizeof(TACTICS) / sizeof(TACTICS[0]); i++) {
		if (strcmp(TACTICS[i].technique, technique) == 0) {
			return &TACTICS[i];
		}
	}
	return NULL;
}

const struct recommendation_words *recommendation_words(size_t index)
{
	static const struct recommendation_words WORDS[] = {
		{"R21", "what leaves reveals nothing of the inside"},
		{"R34", "mailbox servers stand in the internal zone"},
		{"R35", "internal relays do not reach past the gateway's servers"},
		{"R36", "one server of the gateway sends, another one receives"},
		{"R37", "mail protocols only between legitimate mail infrastructures"},
		{"R41", "users' flows are encrypted and authenticated"},
		{"R42", "STARTTLS of good quality between servers, no implicit TLS"},
		{"R42+", "REQUIRETLS where a message must not cross in clear"},
		{"SPF", "RFC 7208: which hosts may send for a domain"},
		{"DKIM", "RFC 6376: messages are signed by their domain"},
		{"DMARC", "RFC 9989: what is done with those that are neither"},
	};
	return index < sizeof(WORDS) / sizeof(WORDS[0]) ? &WORDS[index] : NULL;
}

const char *recommendation_text(const char *recommendation)
{
	const struct recommendation_words *words;
	for (size_t i = 0; (words = recommendation_words(i)) != NULL; i++) {
		if (strcmp(words->name, recommendation) == 0) {
			return words->text;
		}
	}
	return NULL;
}

const char *severity_name(enum severity severity)
{
	static const char *const NAMES[] = {
		[SEVERITY_NONE] = "none",
		[SEVERITY_CRITICAL] = "critical",
		[SEVERITY_HIGH] = "high",
		[SEVERITY_MEDIUM] = "medium",
		[SEVERITY_LOW] = "low",
	};
	return NAMES[severity];
}
