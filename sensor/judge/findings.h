/*
 * judge/findings - test one judged flow for every finding of the catalogue.
 *
 * In: the case, that is the observation with what the matrix answered. Out: bits,
 * severities and details in the judgement. One small function per finding, listed
 * in one table (findings.c). Private to judge/.
 */
#pragma once

#include "judge/ends.h"
#include "judge/evidence.h"
#include "judge/judge.h"

struct judge_case {
	const struct matrix *matrix;
	const struct observation *observation;
	/* never NULL: all unknown where nothing was analysed */
	const struct facts *facts;
	const struct matrix_result *result;
	/* whose TLS conditions hold for this flow, or NULL */
	const struct matrix_row *row;
	struct matrix_end from; /* as judged: swapped with .to where the matrix */
	struct matrix_end to;   /* allows only the other direction of a guess */
	/* what names say of them, or NULL */
	const struct matrix_named *from_named;
	const struct matrix_named *to_named;
	const struct listed *listed;
	uint16_t port; /* of the server as judged */
	enum matrix_profile profile;
	bool is_backward;   /* they are swapped */
	bool is_brief;      /* no texts are wanted */
	bool is_foreign;    /* something else than mail on a mail port */
	bool is_web_inside; /* mail by its port, and its TLS asks for HTTP */
};

/* What a finding says of this flow. */
struct finding_note {
	enum severity severity; /* NONE: as the catalogue has it */
	char *detail;           /* NULL: no text is wanted */
	size_t detail_bytes;
};

typedef bool finding_test(const struct judge_case *judged, struct finding_note *note);

void findings_test(const struct judge_case *judged, struct judgement *judgement);

/*
 * Those that a flow which carries mail in clear has raised when its content crosses, if
 * it ever does: nothing that it shows later adds them. FINDING_BIT of each.
 */
uint64_t findings_told_with_content(void);

/* Write the detail, cut to fit; always true, so a test can end with it. */
bool finding_note_set(struct finding_note *note, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What it weighs under R41; where TLS is opportunistic one step less (R42's tolerance). */
void finding_note_grade(const struct judge_case *judged, struct finding_note *note,
	enum severity strict);

/* "2027-06-30", UTC; text holds 16 bytes. Returns text. */
const char *finding_date(int64_t time_s, char *text);

/* Questions about the case. */
bool judge_is_between_servers(const struct judge_case *judged);
/* Between servers, and the row lets clear text pass: bad TLS is better than that. */
bool judge_is_opportunistic(const struct judge_case *judged);
bool judge_is_mail_sent(const struct judge_case *judged);
/* It has ended, and nothing was sent. */
bool judge_is_mere_probe(const struct judge_case *judged);

/* The same, or one that spoke another protocol and had nothing taken. */
bool judge_is_mere_attempt(const struct judge_case *judged);
/* The matrix said no to the ends, the protocol or the date: nothing about TLS or ports. */
bool judge_is_accused(const struct judge_case *judged);
bool judge_is_row_wanting_tls(const struct matrix_row *row);
/* What other flows taught; all zero where nothing. */
const struct judge_memory *judge_memory_of(const struct judge_case *judged);

/* findings_flow.c: who speaks to whom, and where */
finding_test finding_sender_illegitimate;
finding_test finding_sender_attempt;
finding_test finding_sender_mx_lookup;
finding_test finding_flow_illegitimate;
finding_test finding_flow_role_mismatch;
finding_test finding_port_unusual;
finding_test finding_port_foreign;
finding_test finding_evasion_ambiguous;
finding_test finding_smtps_implicit;
finding_test finding_zone_mailbox_misplaced;
finding_test finding_zone_user_access_exposed;

/* findings_flow.c: what is claimed inside a tunnel that nobody declared */
finding_test finding_tunnel_mail;

/* listed.c: an end stands on a list that denies it */
finding_test finding_sender_listed;

/* findings_tls.c: what crossed in clear, and how well the rest was encrypted */
finding_test finding_tls_missing;
finding_test finding_tls_credentials_clear;
finding_test finding_starttls_not_offered;
finding_test finding_starttls_refused;
finding_test finding_starttls_unused;
finding_test finding_starttls_stripped;
finding_test finding_starttls_injection;
finding_test finding_tls_version_obsolete;
finding_test finding_tls_cipher_weak;
finding_test finding_tls_client_certificate_missing;
finding_test finding_requiretls_clear;
finding_test finding_smtp_smuggling;

/* findings_certificate.c: the server's certificate, where it is visible */
finding_test finding_certificate_expired;
finding_test finding_certificate_expiring;
finding_test finding_certificate_self_signed;
finding_test finding_certificate_name_mismatch;
finding_test finding_certificate_weak_key;

/* findings_header.c: header fields of mail in clear */
finding_test finding_header_internal_leak;
finding_test finding_authentication_missing;
finding_test finding_content_unchecked;

/* findings_domain.c: in whose name mail is sent */
finding_test finding_sender_own_domain_outside;
finding_test finding_sender_foreign_domain_out;

/* findings_memory.c: what takes more than the flow itself to see */
finding_test finding_relay_chained;
finding_test finding_gateway_send_receive_mixed;
finding_test finding_certificate_changing;
