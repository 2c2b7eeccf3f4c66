/*
 * tests/judge/made_flow - a matrix from text, and flows to hold against it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/judge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_US UINT64_C(1790000000000000) /* 2026-09-21 */
#define NOW_S  INT64_C(1790000000)
#define DAY_S  INT64_C(86400)

#define BIT(finding) FINDING_BIT(finding)

#define MADE_HEAD                                                                      \
	"schema: 1\n"                                                                  \
	"zones:\n"                                                                     \
	"  internal: [192.0.2.0/24, \"2001:db8:1::/48\"]\n"                            \
	"  gateway: [198.51.100.0/28]\n"                                               \
	"  vpn: [192.168.7.0/24]\n"                                                    \
	"groups:\n"                                                                    \
	"  workstations: {role: client, service: office, addresses: "                  \
	"[192.0.2.64/26]}\n"                                                           \
	"  nomads: {role: client, service: office, addresses: [192.168.7.0/25]}\n"     \
	"  mailboxes: {role: mailbox, service: office, addresses: [192.0.2.10], "      \
	"names: [mail.example.org]}\n"                                                 \
	"  dmz-mailboxes: {role: mailbox, service: office, addresses: "                \
	"[198.51.100.9]}\n"                                                            \
	"  submission: {role: submission, service: office, addresses: [192.0.2.20]}\n" \
	"  relay: {role: relay, service: office, addresses: [192.0.2.25]}\n"           \
	"  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"                      \
	"  mx-in: {role: inbound, addresses: [198.51.100.3]}\n"                        \
	"  front: {role: proxy, addresses: [198.51.100.4]}\n"                          \
	"rows:\n"

#define MADE_OFFICE                                                                    \
	MADE_HEAD                                                                      \
	"  - {id: M-01, from: workstations, to: mailboxes, protocols: [imap, imaps], " \
	"tls: required, min_tls: \"1.2\"}\n"                                           \
	"  - {id: M-02, from: mailboxes, to: relay, protocols: [smtp], tls: "          \
	"starttls}\n"                                                                  \
	"  - {id: M-03, from: relay, to: mx-out, protocols: [smtp], tls: starttls}\n"  \
	"  - {id: M-04, from: mx-out, to: internet, protocols: [smtp], tls: "          \
	"optional}\n"                                                                  \
	"  - {id: M-05, from: internet, to: mx-in, protocols: [smtp], tls: offered}\n" \
	"  - {id: M-06, from: workstations, to: submission, protocols: [submission], " \
	"tls: required}\n"

#define WORKSTATION "192.0.2.70"
#define MAILBOX     "192.0.2.10"
#define SUBMISSION  "192.0.2.20"
#define RELAY       "192.0.2.25"
#define MX_OUT      "198.51.100.2"
#define MX_IN       "198.51.100.3"
#define FRONT       "198.51.100.4"
#define INTERNET    "203.0.113.25"

static inline struct matrix *made_matrix(const char *text)
{
	char path[] = "/tmp/mailwarden-test-XXXXXX";
	const int file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(file);
	const char *const files[] = {path};
	struct matrix_problems problems = {0};
	struct matrix *matrix = matrix_load(files, 1, &problems);
	(void)unlink(path);
	for (size_t i = 0; i < problems.count; i++) {
		print_error("%s\n", problems.list[i].text);
	}
	matrix_problems_free(&problems);
	assert_non_null(matrix);
	return matrix;
}

struct made_flow {
	struct facts facts;
	struct observation observation;
	struct judgement judgement;
};

static inline struct address made_address(const char *text)
{
	struct address address;
	assert_true(address_parse(text, &address));
	return address;
}

/* An ended flow in clear, opened by a SYN that was seen; no content yet. */
static inline struct made_flow made_flow(
	enum protocol protocol, const char *client, const char *server, uint16_t port)
{
	struct made_flow flow = {
		.facts = {.protocol = protocol,
			.tls = FACTS_TLS_NONE,
			.has_client_bytes = true,
			.has_server_bytes = true},
		.observation = {.protocol = protocol,
			.client = made_address(client),
			.server = made_address(server),
			.client_port = 40000,
			.server_port = port,
			.confidence = DIRECTION_CONFIDENCE_SYN,
			.is_ended = true,
			.now_us = NOW_US},
	};
	return flow;
}

/* The same under TLS, with an excellent suite. */
static inline struct made_flow made_encrypted_flow(
	enum protocol protocol, const char *client, const char *server, uint16_t port)
{
	struct made_flow flow = made_flow(protocol, client, server, port);
	flow.facts.tls = protocol_row(protocol)->is_implicit_tls ? FACTS_TLS_IMPLICIT
								 : FACTS_TLS_STARTTLS;
	flow.facts.starttls_offered =
		flow.facts.tls == FACTS_TLS_STARTTLS ? FACTS_YES : FACTS_UNKNOWN;
	flow.facts.session.has_client_hello = true;
	flow.facts.session.has_server_hello = true;
	flow.facts.session.is_established = true;
	flow.facts.session.version = 0x0303;
	flow.facts.session.cipher_suite = 0xc02f;
	return flow;
}

static inline void made_judge(const struct matrix *matrix, struct made_flow *flow)
{
	flow->observation.facts = &flow->facts;
	judge_flow(matrix, &flow->observation, &flow->judgement);
	/* without its texts the answer is the same */
	struct judgement brief;
	memset(&brief, 0x5a, sizeof(brief));
	judge_flow_briefly(matrix, &flow->observation, &brief);
	assert_int_equal(brief.verdict, flow->judgement.verdict);
	assert_int_equal(brief.findings, flow->judgement.findings);
	assert_ptr_equal(brief.row, flow->judgement.row);
	assert_ptr_equal(brief.nearest, flow->judgement.nearest);
	assert_string_equal(brief.reason, "");
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (brief.findings & FINDING_BIT(i)) {
			assert_string_equal(brief.detail[i], "");
			assert_int_equal(
				brief.severity[i], flow->judgement.severity[i]);
		}
	}
}

/* Judged against a matrix of its own. */
static inline void made_judge_text(const char *text, struct made_flow *flow)
{
	struct matrix *matrix = made_matrix(text);
	made_judge(matrix, flow);
	flow->judgement.row = NULL; /* they die with the matrix */
	flow->judgement.nearest = NULL;
	matrix_free(matrix);
}
