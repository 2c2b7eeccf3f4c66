/*
 * judge/catalogue - every finding there is, as one table.
 *
 * Records, docs/findings.md, `mailwarden catalogue`, EVE signature ids, ATT&CK
 * and recommendation numbers all come from here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CATALOGUE_GENERATOR_ID 3725 /* EVE gid: tells our signatures from an IDS's */

enum finding {
	FINDING_SENDER_ILLEGITIMATE = 0,
	FINDING_SENDER_ATTEMPT,
	FINDING_FLOW_ILLEGITIMATE,
	FINDING_FLOW_ROLE_MISMATCH,
	FINDING_PORT_UNUSUAL,
	FINDING_PORT_FOREIGN,
	FINDING_SMTPS_IMPLICIT,
	FINDING_TLS_MISSING,
	FINDING_TLS_CREDENTIALS_CLEAR,
	FINDING_TLS_STARTTLS_NOT_OFFERED,
	FINDING_TLS_STARTTLS_REFUSED,
	FINDING_TLS_STARTTLS_UNUSED,
	FINDING_TLS_STARTTLS_STRIPPED,
	FINDING_TLS_STARTTLS_INJECTION,
	FINDING_TLS_VERSION_OBSOLETE,
	FINDING_TLS_CIPHER_WEAK,
	FINDING_TLS_CERTIFICATE_EXPIRED,
	FINDING_TLS_CERTIFICATE_EXPIRING,
	FINDING_TLS_CERTIFICATE_SELF_SIGNED,
	FINDING_TLS_CERTIFICATE_NAME_MISMATCH,
	FINDING_TLS_CERTIFICATE_WEAK_KEY,
	FINDING_TLS_CLIENT_CERTIFICATE_MISSING,
	FINDING_REQUIRETLS_CLEAR,
	FINDING_ZONE_MAILBOX_MISPLACED,
	FINDING_ZONE_USER_ACCESS_EXPOSED,
	FINDING_RELAY_CHAINED,
	FINDING_GATEWAY_SEND_RECEIVE_MIXED,
	FINDING_HEADER_INTERNAL_LEAK,
	FINDING_AUTHENTICATION_MISSING,
	FINDING_SENDER_MX_LOOKUP,
	FINDING_TLS_CERTIFICATE_CHANGING,
	FINDING_EVASION_AMBIGUOUS,
	FINDING_TUNNEL_MAIL,
	FINDING_SMTP_SMUGGLING,
	FINDING_SENDER_OWN_DOMAIN_OUTSIDE,
	FINDING_SENDER_FOREIGN_DOMAIN_OUT,
	FINDING_CONTENT_UNCHECKED,
	FINDING_SENDER_LISTED,
	FINDING_FLOW_COUNT, /* those before it are raised on a flow */
	FINDING_SENSOR_PACKET_LOSS = FINDING_FLOW_COUNT,
	FINDING_SENSOR_WORKER_RESTARTED,
	FINDING_SENSOR_OUTPUT_DOWN,
	FINDING_SENSOR_JOURNAL_BOUND,
	FINDING_SENSOR_QUEUE_SILENT,
	FINDING_SENSOR_RELOAD_FAILED,
	FINDING_SENSOR_CUT_OFF,
	FINDING_SENSOR_ALERTS_HELD,
	FINDING_SENSOR_BLIND,
	FINDING_SENSOR_BANNED,
	FINDING_SENSOR_TABLE_FULL,
	FINDING_SENSOR_FAMILY_UNSEEN,
	FINDING_SENSOR_ROW_EXPIRING,
	FINDING_SENSOR_OUTPUT_FORGETS,
	FINDING_SENSOR_LIST_FAILED,
	FINDING_AUDIT_FIRST, /* those from here on are not of the sensor */
	FINDING_AUDIT_RELAY_UNDECLARED = FINDING_AUDIT_FIRST,
	FINDING_AUDIT_SIGNER_UNDECLARED,
	FINDING_AUDIT_TLS_FAILING,
	FINDING_AUDIT_ASKED, /* those from here on are what asking found (catalogue_audit.c) */
	FINDING_AUDIT_SENDER_UNPUBLISHED = FINDING_AUDIT_ASKED,
	FINDING_AUDIT_SENDER_UNDECLARED,
	FINDING_AUDIT_SPF,
	FINDING_AUDIT_DKIM,
	FINDING_AUDIT_DMARC,
	FINDING_AUDIT_MX_UNDECLARED,
	FINDING_AUDIT_MX_UNPUBLISHED,
	FINDING_AUDIT_MX,
	FINDING_AUDIT_TLS_POLICY,
	FINDING_AUDIT_SERVER_FIRST, /* of servers, not of domains */
	FINDING_AUDIT_CERTIFICATE = FINDING_AUDIT_SERVER_FIRST,
	FINDING_AUDIT_CERTIFICATE_DIFFERS,
	FINDING_AUDIT_STARTTLS,
	FINDING_AUDIT_STARTTLS_INJECTION,
	FINDING_AUDIT_TLS,
	FINDING_AUDIT_REQUIRETLS,
	FINDING_AUDIT_SIGN_IN_CLEAR,
	FINDING_AUDIT_ANSWER,
	FINDING_AUDIT_NOT_ASKED,
	FINDING_COUNT
};

/* Of a finding on a flow, in sets of them. */
#define FINDING_BIT(finding) (UINT64_C(1) << (finding))

enum severity { /* as EVE: 1 is the gravest */
	SEVERITY_NONE = 0,
	SEVERITY_CRITICAL = 1,
	SEVERITY_HIGH = 2,
	SEVERITY_MEDIUM = 3,
	SEVERITY_LOW = 4,
};

struct finding_row {
	const char *id; /* "sender.illegitimate" */
	enum severity severity;
	uint32_t signature_id; /* never reused */
	uint8_t revision;
	const char *signature;          /* short title of the alert */
	const char *recommendations[4]; /* "R37", NULL-terminated where fewer */
	const char *techniques[4];      /* ATT&CK v19, same */
	const char *meaning;
	const char *action;          /* what to do */
	const char *false_positives; /* what usually causes a harmless one */
};

const struct finding_row *finding_row(enum finding finding);

/* Private to judge/catalogue: of FINDING_AUDIT_ASKED and those behind it. */
const struct finding_row *catalogue_audit_row(enum finding finding);

/* What a technique is for; of several what our findings are about. */
struct tactic {
	const char *technique;
	const char *id; /* "TA0011" */
	const char *name;
};
/* NULL: it has none. */
const struct tactic *tactic_of(const char *technique);

struct recommendation_words {
	const char *name;
	const char *text; /* one sentence */
};

/* All that findings are of, in order; NULL behind the last. */
const struct recommendation_words *recommendation_words(size_t index);

/* One sentence on a recommendation; NULL: no such one. */
const char *recommendation_text(const char *recommendation);

/* EVE category of the alert. */
const char *finding_category(enum finding finding);
const char *severity_name(enum severity severity);
