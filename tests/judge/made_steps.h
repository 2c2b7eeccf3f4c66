/*
 * tests/judge/made_steps - every member of struct facts, step by step.
 *
 * Flows of all kinds between all kinds of ends, held against a few matrices, with a
 * memory of other flows. Of each flow one member after the other is taken back and set
 * again as analysis may set it; what raises a finding is told to a visitor. Who adds a
 * member to struct facts adds it to MEMBERS; who adds a finding, a scene that raises it.
 */
#pragma once

#include "made_denied.h"

#include "judge/ledger.h"
#include "judge/structure.h"

/* How analysis may set a member, from one step to the next. */
enum step {
	STEP_ONCE,    /* from 0 to what it is, or may be */
	STEP_FLAGS,   /* one bit more */
	STEP_RISES,   /* enumerators, upwards */
	STEP_FALLS,   /* the lowest seen; 0 is none yet */
	STEP_EITHER,  /* a boolean that is set and taken back */
	STEP_CHANGES, /* a protocol, refined */
};

struct member {
	const char *name;
	size_t offset;
	size_t size;
	enum step step;
	/* the member that analysis sets in the same step; the size is 0: there is none */
	size_t with_offset;
	size_t with_size;
};

#define AT(member)           offsetof(struct facts, member), sizeof(((struct facts *)0)->member)
#define NAMED(member)        .name = #member, AT(member)
#define MEMBER(member, step) NAMED(member), step
#define ONCE(member)         NAMED(member), STEP_ONCE
#define WITH(member, with)   NAMED(member), STEP_ONCE, AT(with)
#define OF_CERTIFICATE(member) \
	WITH(session.server_certificate.member, session.server_certificate.visibility)

static const struct member MEMBERS[] = {
	{MEMBER(protocol, STEP_CHANGES)},
	{MEMBER(tls, STEP_RISES)},
	{MEMBER(starttls_offered, STEP_RISES)},
	{ONCE(is_clear_cut)},
	{MEMBER(starttls, STEP_FLAGS)},
	{MEMBER(auth_tried, STEP_FLAGS)},
	{MEMBER(auth_offered, STEP_FLAGS)},
	{MEMBER(auth_secret, STEP_FLAGS)},
	{MEMBER(auth_accepted, STEP_RISES)},
	{MEMBER(login_disabled, STEP_RISES)},
	{ONCE(is_preauth)},
	{ONCE(is_early_talker)},
	{MEMBER(is_helo_only, STEP_EITHER)},
	{ONCE(is_ehlo_denied)},
	{ONCE(is_ehlo_refused)},
	{ONCE(is_refused)},
	{ONCE(has_said_more)},
	{MEMBER(smuggling, STEP_RISES)},
	{ONCE(opening)},
	{ONCE(has_unread_lines)},
	{MEMBER(is_turned, STEP_EITHER)},
	{ONCE(has_requiretls_clear)},
	{ONCE(has_content_clear)},
	{ONCE(has_server_bytes)},
	{ONCE(has_client_bytes)},
	{ONCE(has_answer_unasked)},
	{ONCE(is_midstream)},
	{MEMBER(is_unanswered, STEP_EITHER)},
	{ONCE(is_final)},
	{ONCE(is_other_talk)},
	{ONCE(is_mail_taken)},
	{ONCE(messages)},
	{ONCE(rcpt_count)},
	{ONCE(refusals)},
	{ONCE(deferrals)},
	{ONCE(gaps)},
	{ONCE(sender_count)},
	{ONCE(mail_from_domain)},
	{ONCE(session.has_client_hello)},
	{ONCE(session.has_server_hello)},
	{ONCE(session.is_established)},
	{ONCE(session.is_resumed)},
	{ONCE(session.is_retried)},
	{ONCE(session.has_downgrade_sentinel)},
	{ONCE(session.is_client_certificate_asked)},
	{ONCE(session.version)},
	{ONCE(session.offered_version)},
	{ONCE(session.cipher_suite)},
	{ONCE(session.group)},
	{ONCE(session.dh_bits)},
	{ONCE(session.alert_level)},
	{ONCE(session.alert_code)},
	{MEMBER(session.client_certificate, STEP_RISES)},
	{ONCE(session.server_certificate.visibility)},
	{OF_CERTIFICATE(is_self_signed)},
	{OF_CERTIFICATE(is_weak_signature)},
	{OF_CERTIFICATE(name_matches)},
	{OF_CERTIFICATE(key_bits)},
	{OF_CERTIFICATE(key_type)},
	{OF_CERTIFICATE(not_before_s)},
	{OF_CERTIFICATE(not_after_s)},
	{OF_CERTIFICATE(subject)},
	{OF_CERTIFICATE(issuer)},
	{OF_CERTIFICATE(names)},
	{OF_CERTIFICATE(fingerprint)},
	{OF_CERTIFICATE(sha1)},
	/* the client asks before a certificate is shown */
	{WITH(session.sni, session.server_certificate.visibility)},
	/* the hello that has it is what the flow gets its name from */
	{WITH(session.alpn_offered, protocol)},
	{WITH(session.alpn, session.version)},
	{ONCE(session.ja3)},
	{ONCE(session.ja3s)},
	{ONCE(session.ja4)},
	{ONCE(headers.without_dkim_signature)},
	{ONCE(headers.without_authentication_results)},
	{WITH(headers.field_changes, headers.senders)},
	{ONCE(headers.address_count)},
	{ONCE(headers.messages)},
	{ONCE(headers.senders)},
	{WITH(headers.addresses, headers.address_count)},
	{WITH(headers.fields, headers.senders)},
	{ONCE(helo)},
	{ONCE(banner_host)},
	{ONCE(real_client)},
	{MEMBER(rpc_protection, STEP_FALLS)},
	{ONCE(transaction_count)},
	{WITH(transactions, transaction_count)},
	{WITH(senders, sender_count)},
};
#define MEMBER_COUNT (sizeof(MEMBERS) / sizeof(MEMBERS[0]))

/* Raised without any facts: nothing of struct facts has a part in them. */
#define WITHOUT_FACTS                                                  \
	(BIT(FINDING_SENDER_ATTEMPT) | BIT(FINDING_SENDER_MX_LOOKUP) | \
		BIT(FINDING_EVASION_AMBIGUOUS))

static const char *const MATRICES[] = {
	MADE_OFFICE,
#define ROWS(tls)                                                              \
	MADE_HEAD                                                              \
	"  - {id: N-01, from: workstations, to: mailboxes, protocols: [imap, " \
	"imaps, smtp, smtps, eas, mapi-rpc], " tls "}\n"                       \
	"  - {id: N-02, from: mx-out, to: internet, protocols: [smtp], " tls "}\n"
	ROWS("tls: required, min_tls: \"1.2\", client_certificate: required"),
	ROWS("tls: starttls"),
	ROWS("tls: implicit"),
	ROWS("tls: offered"),
	ROWS("tls: optional"),
	MADE_HEAD "  - {id: N-01, from: workstations, to: internet, protocols: [smtp], "
		  "probe: yes}\n",
	MADE_OFFICE "domains: {example.org: {}}\nexpects: {mx-in: X-Virus-Scanned}\n",
};
#define MATRIX_COUNT (sizeof(MATRICES) / sizeof(MATRICES[0]))

static const struct ends {
	const char *client;
	const char *server;
} ENDS[] = {
	{WORKSTATION, MAILBOX},
	{WORKSTATION, INTERNET},
	{WORKSTATION, "198.51.100.9"}, /* a mailbox server in the gateway */
	{INTERNET, MAILBOX},
	{INTERNET, MX_IN},
	{MX_IN, RELAY},
	{MX_IN, MAILBOX},
	{MX_IN, INTERNET},
	{RELAY, MAILBOX},
	{RELAY, MX_OUT},
	{MX_OUT, INTERNET},
};
#define ENDS_COUNT (sizeof(ENDS) / sizeof(ENDS[0]))

struct world {
	struct matrix *matrix;
	struct ledger *ledger;
	struct structure *structure;
};

static struct world worlds[MATRIX_COUNT];
static struct made_denied denied; /* the domain of a scene is */

/* What one flow shows at the end of its life; the steps take it back bit by bit. */
struct scene {
	uint16_t port;
	struct facts facts;
};

/* The scene inside a tunnel that nobody declared; the client's bytes came by it. */
enum { SCENE_IN_TUNNEL = 0 };

#define CLEAR(name)                                                          \
	.protocol = (name), .tls = FACTS_TLS_NONE, .has_client_bytes = true, \
	.has_server_bytes = true
#define HIDDEN(name, manner)                                           \
	.protocol = (name), .tls = (manner), .has_client_bytes = true, \
	.has_server_bytes = true

#define BAD_SESSION                                                                 \
	.has_client_hello = true, .has_server_hello = true, .is_established = true, \
	.version = 0x0301, .cipher_suite = 0x000a, .sni = "mail.example.org",       \
	.client_certificate = FACTS_NO, .server_certificate = {BAD_CERTIFICATE}
#define BAD_CERTIFICATE                                                              \
	.visibility = FACTS_SEEN, .not_before_s = NOW_S - 400 * DAY_S,               \
	.not_after_s = NOW_S - DAY_S, .key_bits = 1024, .key_type = "RSA",           \
	.is_self_signed = true, .is_weak_signature = true, .name_matches = FACTS_NO, \
	.subject = "CN=other", .names = "other.example.net", .fingerprint = "aa"

static const struct scene SCENES[] = {
	{25, {CLEAR(PROTOCOL_SMTP), .has_content_clear = true}},
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_NO,
		     .auth_tried = FACTS_MECHANISM_PLAIN,
		     .auth_secret = FACTS_MECHANISM_PLAIN, .auth_accepted = FACTS_YES,
		     .has_requiretls_clear = true, .has_content_clear = true,
		     .messages = 2, .rcpt_count = 2, .helo = "host.example.org",
		     .mail_from_domain = "bulk.example.org",
		     .headers = {.messages = 2,
			     .without_dkim_signature = 1,
			     .without_authentication_results = 1,
			     .address_count = 1},
		     .transaction_count = 1,
		     .transactions =
			     {{.bytes = 1100, .recipients = 1, .received_id = 77}}}},
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_YES,
		     .has_content_clear = true, .headers = {.senders = 1},
		     .sender_count = 2,
		     .senders = {{.domain = "example.org"},
			     {.domain = "example.net"}}}},
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_NO,
		     .auth_tried = FACTS_MECHANISM_CRAM_MD5,
		     .auth_accepted = FACTS_YES}},
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_YES,
		     .has_content_clear = true,
		     .starttls = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED}},
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_NO,
		     .starttls = FACTS_STARTTLS_MASKED}},
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_YES,
		     .has_content_clear = true,
		     .starttls = FACTS_STARTTLS_MASKED_VERB}},
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_YES,
		     .has_content_clear = true, .smuggling = FACTS_SMUGGLING_TAKEN}},
	{25, {CLEAR(PROTOCOL_SMTP), .is_helo_only = true, .is_ehlo_refused = true,
		     .has_content_clear = true,
		     .starttls = FACTS_STARTTLS_MASKED_GREETING}},
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_YES,
		     .starttls = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED |
				 FACTS_STARTTLS_INJECTED_CLIENT |
				 FACTS_STARTTLS_INJECTED_SERVER |
				 FACTS_STARTTLS_CLEAR_AFTER}},
	{25, {HIDDEN(PROTOCOL_SMTP, FACTS_TLS_STARTTLS), .starttls_offered = FACTS_YES,
		     .session = {BAD_SESSION}}},
	{25, {HIDDEN(PROTOCOL_SMTP, FACTS_TLS_STARTTLS), .starttls_offered = FACTS_YES,
		     .session = {.version = 0x0303,
			     .cipher_suite = 0x009e,
			     .dh_bits = 512,
			     .server_certificate = {.visibility = FACTS_SEEN,
				     .not_after_s = NOW_S + DAY_S,
				     .key_type = "RSA",
				     .key_bits = 2048}}}},
	/* mail in clear, then TLS after all */
	{25, {CLEAR(PROTOCOL_SMTP), .starttls_offered = FACTS_YES,
		     .has_content_clear = true, .session = {BAD_SESSION}}},
	{465, {HIDDEN(PROTOCOL_SMTPS, FACTS_TLS_IMPLICIT), .session = {BAD_SESSION}}},
	{993, {HIDDEN(PROTOCOL_IMAPS, FACTS_TLS_IMPLICIT), .session = {BAD_SESSION}}},
	{993, {HIDDEN(PROTOCOL_IMAPS, FACTS_TLS_IMPLICIT),
		      .session = {.has_client_hello = true,
			      .alpn_offered = "h2",
			      .has_server_hello = true,
			      .version = 0x0303,
			      .cipher_suite = 0xc02f,
			      .alpn = "h2"}}},
	/* of this one the client's side was not captured */
	{143, {.protocol = PROTOCOL_IMAP,
		      .has_server_bytes = true,
		      .has_content_clear = true}},
	{143, {CLEAR(PROTOCOL_IMAP), .starttls_offered = FACTS_YES,
		      .auth_tried = FACTS_MECHANISM_LOGIN,
		      .auth_secret = FACTS_MECHANISM_LOGIN, .auth_accepted = FACTS_NO,
		      .has_content_clear = true}},
	{1143, {CLEAR(PROTOCOL_IMAP), .is_preauth = true,
		       .starttls_offered = FACTS_NO}},
	{49200, {CLEAR(PROTOCOL_MAPI_RPC), .rpc_protection = 2,
			.auth_tried = FACTS_MECHANISM_NTLM,
			.auth_accepted = FACTS_YES}},
	{80, {CLEAR(PROTOCOL_EAS), .auth_tried = FACTS_MECHANISM_BASIC,
		     .auth_secret = FACTS_MECHANISM_BASIC, .auth_accepted = FACTS_YES,
		     .has_content_clear = true}},
};
#define SCENE_COUNT (sizeof(SCENES) / sizeof(SCENES[0]))

static struct made_flow message(const char *client, const char *server)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, client, server, 25);
	flow.facts.messages = 1;
	flow.facts.transaction_count = 1;
	flow.facts.transactions[0] = (struct facts_transaction){
		.bytes = 1000, .recipients = 1, .queue_id = 77};
	return flow;
}

static void learn_message(
	const struct world *world, const char *client, const char *server)
{
	struct made_flow flow = message(client, server);
	made_judge(world->matrix, &flow);
	structure_learn(world->structure, &flow.observation, &flow.judgement, 0);
}

/* Yesterday the server offered STARTTLS and showed two certificates in turn. */
static void learn_server(const struct world *world, const char *server, uint16_t port)
{
	struct ledger_lesson lesson = {.server = made_address(server),
		.client = made_address("192.0.2.65"),
		.start_us = NOW_US - 2 * (uint64_t)DAY_S * 1000000,
		.port = port,
		.flags = LEDGER_LESSON_OFFERED,
		.fingerprint = "aa",
		.key_type = "RSA",
		.sni = "mail.example.org"};
	ledger_learn(world->ledger, &lesson);
	lesson.client = made_address("192.0.2.66");
	lesson.start_us += (uint64_t)DAY_S * 1000000;
	memcpy(lesson.fingerprint, "bb", sizeof("bb"));
	ledger_learn(world->ledger, &lesson);
}

static int make_worlds(void **state)
{
	const struct hash_seed seed = {{1, 2}};
	(void)state;
	denied = made_denied("bulk.example.org\n", "", "");
	for (size_t i = 0; i < MATRIX_COUNT; i++) {
		struct reason why;
		struct world *world = &worlds[i];
		*world = (struct world){.matrix = made_matrix(MATRICES[i]),
			.ledger = ledger_new(64, seed, &why),
			.structure = structure_new(64, seed, &why)};
		assert_true(world->ledger != NULL && world->structure != NULL);
		learn_message(world, INTERNET, RELAY);
		learn_message(world, INTERNET, MX_OUT);
		learn_message(world, MX_IN, INTERNET);
		for (size_t at = 0; at < ENDS_COUNT * SCENE_COUNT; at++) {
			const char *server = ENDS[at / SCENE_COUNT].server;
			if (strcmp(server, MX_IN) != 0) { /* nothing is known of it */
				learn_server(
					world, server, SCENES[at % SCENE_COUNT].port);
			}
		}
	}
	return 0;
}

static int free_worlds(void **state)
{
	(void)state;
	made_denied_free(&denied);
	for (size_t i = 0; i < MATRIX_COUNT; i++) {
		structure_free(worlds[i].structure);
		ledger_free(worlds[i].ledger);
		matrix_free(worlds[i].matrix);
	}
	return 0;
}

/* One scene between two ends in a world, at the step under test. */
struct look {
	const struct world *world;
	struct observation observation;
	struct matrix_end ends[2];
};

/* A running flow that shows these facts: recalled and judged. memory is the caller's. */
static void look_judge(const struct look *look, struct observation *observation,
	struct judge_memory *memory, struct judgement *judgement)
{
	const struct facts *facts = observation->facts;
	*memory = (struct judge_memory){0};
	if (ledger_is_of_use(facts)) {
		ledger_recall(look->world->ledger, observation, NOW_US, memory);
	}
	if (protocol_row(facts->protocol)->is_sending) {
		structure_recall(look->world->structure, observation, memory);
	}
	observation->memory = memory;
	judge_flow_briefly(look->world->matrix, observation, judgement);
}

static struct observation look_observe(
	const struct look *look, const struct facts *facts)
{
	struct observation observation = look->observation;
	observation.facts = facts;
	observation.protocol = facts->protocol;
	observation.ends = look->ends;
	return observation;
}

static uint64_t findings_of(const struct look *look, const struct facts *facts)
{
	struct judge_memory memory;
	struct judgement judgement;
	struct observation observation = look_observe(look, facts);
	if (facts->protocol == PROTOCOL_UNKNOWN) {
		return 0; /* nobody judges what has no name */
	}
	look_judge(look, &observation, &memory, &judgement);
	return judgement.findings;
}

struct walk;

/* Called for each step of a member that raises something. */
typedef void step_visit(const struct walk *walk, const struct facts *before,
	const struct facts *after, uint64_t raised);

struct walk {
	const struct look *look;
	const char *member;
	step_visit *visit;
};

static void step_try(
	const struct walk *walk, const struct facts *before, const struct facts *after)
{
	const uint64_t raised =
		findings_of(walk->look, after) & ~findings_of(walk->look, before);
	if (raised != 0) {
		walk->visit(walk, before, after, raised);
	}
}

static uint8_t *byte_of(struct facts *facts, size_t offset)
{
	return (uint8_t *)facts + offset;
}

static void set_number(
	struct facts *facts, const struct member *member, uint64_t number)
{
	memset(byte_of(facts, member->offset), 0, member->size);
	memcpy(byte_of(facts, member->offset), &number,
		member->size < sizeof(number) ? member->size : sizeof(number));
}

/* From nothing to what the scene has, and from there to a few other values. */
static void walk_once(
	const struct walk *walk, const struct member *member, const struct facts *facts)
{
	static const uint64_t NUMBERS[] = {1, 2, 6, 0x0301, 0x0303, 0x0304};
	const bool is_byte = member->size == 1; /* a boolean, or as good as one */
	struct facts before = *facts;
	set_number(&before, member, 0);
	memset(byte_of(&before, member->with_offset), 0, member->with_size);
	step_try(walk, &before, facts);
	for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(*NUMBERS); i++) {
		struct facts after = *facts;
		if (member->with_size == 0 && (!is_byte || NUMBERS[i] == 1)) {
			set_number(&after, member, NUMBERS[i]);
			step_try(walk, &before, &after);
		}
	}
}

static void walk_flags(
	const struct walk *walk, const struct member *member, const struct facts *facts)
{
	uint16_t flags;
	assert_int_equal(member->size, sizeof(flags));
	memcpy(&flags, (const uint8_t *)facts + member->offset, sizeof(flags));
	for (unsigned flag = 1; flag <= UINT16_MAX; flag <<= 1) {
		struct facts before = *facts;
		struct facts after = *facts;
		set_number(&before, member, flags & ~flag);
		set_number(&after, member, flags | flag);
		step_try(walk, &before, &after);
	}
}

static unsigned largest(const struct member *member)
{
	switch (member->offset) {
	case offsetof(struct facts, protocol):
		return PROTOCOL_ATTEMPT - 1;
	case offsetof(struct facts, tls):
		return FACTS_TLS_IMPLICIT;
	case offsetof(struct facts, rpc_protection):
		return 6; /* privacy */
	default:
		return FACTS_YES;
	}
}

static bool is_way(enum step step, unsigned from, unsigned to)
{
	switch (step) {
	case STEP_RISES:
		return from < to;
	case STEP_FALLS:
		return from > to || from == 0;
	default:
		return to > 0;
	}
}

static void walk_values(
	const struct walk *walk, const struct member *member, const struct facts *facts)
{
	const unsigned values = largest(member) + 1;
	for (unsigned i = 0; i < values * values; i++) {
		struct facts before = *facts;
		struct facts after = *facts;
		if (is_way(member->step, i / values, i % values)) {
			set_number(&before, member, i / values);
			set_number(&after, member, i % values);
			step_try(walk, &before, &after);
		}
	}
}

static void walk_either(
	const struct walk *walk, const struct member *member, const struct facts *facts)
{
	struct facts unset = *facts;
	struct facts set = *facts;
	set_number(&unset, member, 0);
	set_number(&set, member, 1);
	step_try(walk, &unset, &set);
	step_try(walk, &set, &unset);
}

static void walk_member(const struct look *look, const struct member *member,
	const struct facts *facts, step_visit *visit)
{
	const struct walk walk = {look, member->name, visit};
	switch (member->step) {
	case STEP_ONCE:
		walk_once(&walk, member, facts);
		break;
	case STEP_FLAGS:
		walk_flags(&walk, member, facts);
		break;
	case STEP_EITHER:
		walk_either(&walk, member, facts);
		break;
	case STEP_RISES:
	case STEP_FALLS:
	case STEP_CHANGES:
		walk_values(&walk, member, facts);
		break;
	}
}

/* Bytes that no member has: one hidden there would be seen by what it raises. */
static void walk_holes(
	const struct look *look, const struct facts *facts, step_visit *visit)
{
	const struct walk walk = {look, "a byte that MEMBERS lacks", visit};
	size_t end = 0;
	for (size_t i = 0; i <= MEMBER_COUNT; i++) {
		const size_t next =
			i < MEMBER_COUNT ? MEMBERS[i].offset : sizeof(struct facts);
		for (size_t at = end; at < next; at++) {
			struct facts after = *facts;
			*byte_of(&after, at) = 1;
			step_try(&walk, facts, &after);
		}
		end = i < MEMBER_COUNT ? next + MEMBERS[i].size : end;
	}
}

static struct look look_at(
	const struct world *world, const struct ends *ends, const struct scene *scene)
{
	const bool is_in_tunnel = scene == &SCENES[SCENE_IN_TUNNEL];
	struct look look = {.world = world,
		.observation = {.client = made_address(ends->client),
			.server = made_address(ends->server),
			.client_port = 40000,
			.server_port = scene->port,
			.confidence = DIRECTION_CONFIDENCE_SYN,
			.way = {.tag = is_in_tunnel ? WAY_FOREIGN : 0,
				.is_of_client = is_in_tunnel},
			.lists = denied.lists,
			.now_us = NOW_US}};
	look.ends[0] = matrix_locate(world->matrix, &look.observation.client);
	look.ends[1] = matrix_locate(world->matrix, &look.observation.server);
	return look;
}

/* Every step of every scene in every world; returns all that the scenes raise. */
static uint64_t walk_all(step_visit *visit)
{
	uint64_t raised = 0;
	for (size_t i = 0; i < MATRIX_COUNT * ENDS_COUNT * SCENE_COUNT; i++) {
		const struct scene *scene = &SCENES[i % SCENE_COUNT];
		const struct look look = look_at(&worlds[i / SCENE_COUNT / ENDS_COUNT],
			&ENDS[i / SCENE_COUNT % ENDS_COUNT], scene);
		struct facts facts = scene->facts;
		facts.headers.addresses[0] = made_address("192.0.2.10");
		raised |= findings_of(&look, &facts);
		for (size_t at = 0; at < MEMBER_COUNT; at++) {
			walk_member(&look, &MEMBERS[at], &facts, visit);
		}
		walk_holes(&look, &facts, visit);
	}
	return raised;
}
