/*
 * tests/report/made_record - one record with everything in it, and its text as written.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/direction.h"
#include "matrix/acceptance.h"
#include "report/human.h"
#include "report/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct made_record {
	struct matrix_group from;
	struct matrix_zone internet;
	struct matrix_row row;
	struct facts facts;
	struct observation observation;
	struct judgement judgement;
	struct record record;
};

static inline struct address made_address(const char *text)
{
	struct address address;
	assert_true(address_parse(text, &address));
	return address;
}

/* A workstation that sends in clear to the Internet. */
static inline void made_record(struct made_record *made)
{
	*made = (struct made_record){
		.from = {.name = "workstations", .role = MATRIX_ROLE_CLIENT},
		.internet = {.name = "internet"},
		.row = {.id = "M-04"},
		.facts = {.protocol = PROTOCOL_SMTP,
			.tls = FACTS_TLS_NONE,
			.starttls_offered = FACTS_YES,
			.auth_tried = FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_CRAM_MD5,
			.auth_secret = FACTS_MECHANISM_PLAIN,
			.auth_accepted = FACTS_NO,
			.helo = "pc.example.org",
			.mail_from_domain = "example.org",
			.rcpt_count = 2,
			.messages = 1},
		.observation = {.protocol = PROTOCOL_SMTP,
			.client = made_address("192.0.2.70"),
			.server = made_address("203.0.113.25"),
			.client_port = 49152,
			.server_port = 25,
			.confidence = DIRECTION_CONFIDENCE_SYN},
		.judgement = {.verdict = VERDICT_ILLEGITIMATE,
			.findings = 1U << FINDING_SENDER_ILLEGITIMATE,
			.reason = "no row lets workstations send smtp to the Internet"},
		.record = {.time_us = UINT64_C(1790000000000007),
			.host = "sensor1",
			.pcap_filename = "traffic.pcap",
			.sequence = 12,
			.event_prefix = "replay-0",
			.flow_id = UINT64_C(2251799813685247),
			.evidence = "220 greeting + ehlo",
			.packets = {10, 9},
			.bytes = {1000, 900},
			.start_us = UINT64_C(1789999990000000),
			.end_us = UINT64_C(1790000000000000),
			.state = "closed"},
	};
	made->judgement.from.group = &made->from;
	made->judgement.to.zone = &made->internet;
	made->judgement.nearest = &made->row;
	made->judgement.severity[FINDING_SENDER_ILLEGITIMATE] = SEVERITY_HIGH;
	made->observation.facts = &made->facts;
	made->record.observation = &made->observation;
	made->record.judgement = &made->judgement;
}

static inline void made_tls(struct made_record *made)
{
	struct facts_tls_session *session = &made->facts.session;
	made->facts.tls = FACTS_TLS_STARTTLS;
	session->has_client_hello = true;
	session->has_server_hello = true;
	session->version = 0x0303;
	session->cipher_suite = 0xc02f;
	strcpy(session->sni, "mail.example.org");
	strcpy(session->ja3, "f0afc10cc58ed040bf1d6c12e93af5ef");
	strcpy(session->ja3s, "cce84e7a8b742462e40afb585a3e3ccc");
	strcpy(session->ja4, "t13d020400_c1929292aa6b_9a0586ea5dd0");
	session->server_certificate.visibility = FACTS_SEEN;
	session->server_certificate.not_before_s = 1767225600;
	session->server_certificate.not_after_s = 1798761599;
	strcpy(session->server_certificate.subject, "CN=mail.example.org");
	strcpy(session->server_certificate.issuer, "CN=Example Authority");
	strcpy(session->server_certificate.fingerprint, "00ff");
	strcpy(session->server_certificate.sha1, "00:fe");
}

/* The flow has this finding too, and the matrix accepts it until 2027-06-30. */
static inline void made_accepted(
	struct made_record *made, enum finding finding, enum severity severity)
{
	static const struct matrix_acceptance ACCEPTANCE = {.by = "row M-04",
		.what = "R42",
		.owner = "it",
		.reason = "an old \"appliance\"",
		.until_s = INT64_C(1814400000)};
	made->judgement.findings |= FINDING_BIT(finding);
	made->judgement.accepted |= FINDING_BIT(finding);
	made->judgement.accepted_by[finding] = &ACCEPTANCE;
	made->judgement.severity[finding] = (uint8_t)severity;
}

/* What a writer printed; free it. */
struct made_output {
	char *text;
	size_t len;
	FILE *out;
};

static inline FILE *made_open(struct made_output *output)
{
	output->out = open_memstream(&output->text, &output->len);
	assert_non_null(output->out);
	return output->out;
}

static inline const char *made_close(struct made_output *output)
{
	assert_int_equal(fclose(output->out), 0);
	return output->text;
}

static inline void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("no %s in %s", part, text);
	}
}

static inline void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL) {
		fail_msg("%s in %s", part, text);
	}
}
