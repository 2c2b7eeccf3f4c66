#include "analyze/http.h"
#include "analyze/http_head.h"
#include "analyze/rpc_pdus.h"
#include "rpc_maker.h"
#include "talk.h"

#include <stdio.h>

#define OK_BODY "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"

static const struct talk_step MAPI[] = {
	C("POST /mapi/emsmdb/?MailboxId=1 HTTP/1.1\r\nHost: mail.example.org\r\n"
	  "Content-Type: application/mapi-http\r\nX-RequestType: Connect\r\n"
	  "Content-Length: 3\r\n\r\nabc"),
	S("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
	  "WWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"),
	C("POST /mapi/emsmdb/?MailboxId=1 HTTP/1.1\r\n"
	  "Authorization: Basic YWxpY2U6c2VjcmV0\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "5;ext=1\r\nabcde\r\n0\r\nTrailer: x\r\n\r\n"),
	S("HTTP/1.1 100 Continue\r\n\r\n" OK_BODY),
};

static void a_request_that_is_served_is_the_service_with_its_login(void **state)
{
	(void)state;
	const struct facts facts = talk_facts(PROTOCOL_MAPI_HTTP, false, STEPS(MAPI));
	assert_int_equal(facts.protocol, PROTOCOL_MAPI_HTTP);
	assert_false(facts.is_unanswered);
	assert_int_equal(
		facts.auth_offered, FACTS_MECHANISM_BASIC | FACTS_MECHANISM_NTLM);
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_BASIC);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_BASIC);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	assert_true(facts.has_content_clear);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
}

static void every_cut_of_a_session_is_read(void **state)
{
	(void)state;
	talk_sweep(PROTOCOL_MAPI_HTTP, STEPS(MAPI));
}

static void a_password_is_not_kept(void **state)
{
	(void)state;
	struct talk talk;
	talk_open(&talk, PROTOCOL_MAPI_HTTP, false);
	for (size_t i = 0; i < 4; i++) {
		talk_step(&talk, &MAPI[i], SIZE_MAX, 7);
	}
	assert_null(memmem(&talk.dialogue, sizeof(talk.dialogue), "YWxpY2U6", 8));
	talk_close(&talk);
}

struct scheme {
	const char *request;
	unsigned tried;
	unsigned secret;
};

#define WITH(value) "POST /EWS/x HTTP/1.1\r\nAuthorization:" value "\r\n\r\n"

static void schemes_are_told_and_only_reusable_ones_are_secrets(void **state)
{
	(void)state;
	static const struct scheme SCHEMES[] = {
		{WITH("Basic QTpC"), FACTS_MECHANISM_BASIC, FACTS_MECHANISM_BASIC},
		{WITH(" basic  QTpC"), FACTS_MECHANISM_BASIC, FACTS_MECHANISM_BASIC},
		{WITH(" Basic"), FACTS_MECHANISM_BASIC, 0},
		{WITH(" Bearer ey"), FACTS_MECHANISM_OAUTHBEARER,
			FACTS_MECHANISM_OAUTHBEARER},
		{WITH(" NTLM TlRM"), FACTS_MECHANISM_NTLM, 0},
		{WITH(" Negotiate YII"), FACTS_MECHANISM_GSSAPI, 0},
		{WITH(" Digest a=b"), FACTS_MECHANISM_DIGEST_MD5, 0},
		{WITH(" Odd x"), FACTS_MECHANISM_OTHER, 0},
	};
	for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
		const struct talk_step step[] = {
			{TALK_CLIENT, SCHEMES[i].request, strlen(SCHEMES[i].request)}};
		const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(step));
		assert_int_equal(facts.auth_tried, SCHEMES[i].tried);
		assert_int_equal(facts.auth_secret, SCHEMES[i].secret);
		assert_int_equal(facts.auth_accepted, FACTS_UNKNOWN);
	}
}

static void a_login_that_is_rejected_is_no_content(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C(WITH(" NTLM TlRM")),
		S("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(STEP));
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	assert_false(facts.is_unanswered);
	assert_false(facts.has_content_clear);
}

#define REFUSED(scheme)                                                   \
	S("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " scheme "\r\n" \
	  "Content-Length: 0\r\n\r\n")

static enum facts_answer accepted(const struct talk_step *steps, size_t count)
{
	return talk_facts(PROTOCOL_EWS, false, steps, count).auth_accepted;
}

static void a_401_is_a_failed_login_only_where_it_ends_one(void **state)
{
	(void)state;
	static const struct talk_step FIRST_LEG[] = {C(WITH(" NTLM TlRMTVNTUAAB")),
		REFUSED("Negotiate\r\nWWW-Authenticate: NTLM TlRMTVNTUAAC")};
	static const struct talk_step LAST_LEG[] = {C(WITH(" NTLM TlRMTVNTUAAB")),
		REFUSED("NTLM TlRMTVNTUAAC"), C(WITH(" NTLM TlRMTVNTUAAD")),
		REFUSED("NTLM")};
	static const struct talk_step AGAIN[] = {C(WITH(" Basic YTpi")), S(OK_BODY),
		C(WITH(" Basic YTpi")), REFUSED("Basic realm=\"another\"")};
	static const struct talk_step ANOTHER[] = {C(WITH(" Basic YTpi")),
		REFUSED("Basic realm=\"x\""), C(WITH(" Basic YTpi")), S(OK_BODY)};
	assert_int_equal(accepted(STEPS(FIRST_LEG)), FACTS_UNKNOWN);
	assert_int_equal(accepted(STEPS(LAST_LEG)), FACTS_NO);
	assert_int_equal(accepted(STEPS(AGAIN)), FACTS_YES);
	assert_int_equal(accepted(STEPS(ANOTHER)), FACTS_YES);
}

struct answer {
	const char *text;
	enum protocol asked;
	enum protocol is;
};

static void the_status_tells_whether_the_service_is_there(void **state)
{
	(void)state;
	static const struct answer ANSWERS[] = {
		{"HTTP/1.1 200 OK\r\n\r\n", PROTOCOL_EAS, PROTOCOL_EAS},
		{"HTTP/1.1 401 No\r\n\r\n", PROTOCOL_EAS, PROTOCOL_EAS},
		{"HTTP/1.1 449 Provision\r\n\r\n", PROTOCOL_EAS, PROTOCOL_EAS},
		{"HTTP/1.1 503 Busy\r\n\r\n", PROTOCOL_EAS, PROTOCOL_EAS},
		{"HTTP/1.1 404 Not Found\r\n\r\n", PROTOCOL_EAS, PROTOCOL_HTTP},
		{"HTTP/1.1 403 Forbidden\r\n\r\n", PROTOCOL_EAS, PROTOCOL_HTTP},
		{"HTTP/1.1 405 Not Allowed\r\n\r\n", PROTOCOL_EAS, PROTOCOL_HTTP},
		{"HTTP/1.1 302 Found\r\nLocation: https://x/\r\n\r\n", PROTOCOL_EAS,
			PROTOCOL_HTTP},
		{"HTTP/1.1 101 Switching\r\n\r\n", PROTOCOL_EAS, PROTOCOL_HTTP},
		{"220 mail.example.org ESMTP\r\n", PROTOCOL_EAS, PROTOCOL_HTTP},
	};
	static const char ASK[] =
		"OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1\r\n\r\n";
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
		const struct talk_step step[] = {{TALK_CLIENT, ASK, sizeof(ASK) - 1},
			{TALK_SERVER, ANSWERS[i].text, strlen(ANSWERS[i].text)}};
		const struct facts facts =
			talk_facts(ANSWERS[i].asked, false, STEPS(step));
		assert_string_equal(
			protocol_name(facts.protocol), protocol_name(ANSWERS[i].is));
		assert_false(facts.has_content_clear); /* OPTIONS asks for none */
	}
}

static void a_front_end_that_fails_is_not_taken_for_exchange(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C("GET /owa/ HTTP/1.1\r\n\r\n"),
		S("HTTP/1.1 503 Service Unavailable\r\n\r\n")};
	assert_int_equal(
		talk_facts(PROTOCOL_EXCHANGE_HTTPS, false, STEPS(STEP)).protocol,
		PROTOCOL_HTTP);
}

static void a_request_without_an_answer_stays_a_claim(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("POST /EWS/Exchange.asmx HTTP/1.1\r\n\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(STEP));
	assert_int_equal(facts.protocol, PROTOCOL_EWS);
	assert_true(facts.is_unanswered);
}

static void a_redirect_that_is_followed_on_the_same_connection_counts(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C("GET /owa/ HTTP/1.1\r\n\r\n"),
		S("HTTP/1.1 302 Found\r\nLocation: /owa/auth\r\nContent-Length: "
		  "0\r\n\r\n"),
		C("GET /owa/auth HTTP/1.1\r\n\r\n"), S(OK_BODY)};
	const struct facts facts =
		talk_facts(PROTOCOL_EXCHANGE_HTTPS, false, STEPS(STEP));
	assert_int_equal(facts.protocol, PROTOCOL_EXCHANGE_HTTPS);
	assert_false(facts.is_unanswered);
	assert_true(facts.has_content_clear);
}

static void autodiscover_gives_way_to_the_service_that_follows(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("POST /autodiscover/autodiscover.xml HTTP/1.1\r\nContent-Length: "
		  "1\r\n\r\nx"),
		S(OK_BODY), C("POST /EWS/Exchange.asmx HTTP/1.1\r\n\r\n"), S(OK_BODY),
		C("GET /owa/ HTTP/1.1\r\n\r\n"), S(OK_BODY)};
	assert_int_equal(
		talk_facts(PROTOCOL_EXCHANGE_HTTPS, false, STEPS(STEP)).protocol,
		PROTOCOL_EWS);
}

static void bodies_are_passed_by_their_length(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("POST /EWS/x HTTP/1.1\r\nContent-Length: 49\r\n\r\n"
		  "Authorization: Basic QQ==\r\n\r\nGET /owa/ HTTP/1.1\r\n"),
		S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "1A\r\nHTTP/1.1 404 Not Found\r\n\r\n\r\n0\r\n\r\n"),
		C("POST /EWS/y HTTP/1.1\r\nAuthorization: NTLM TlRM\r\n\r\n"),
		S(OK_BODY)};
	const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(STEP));
	assert_int_equal(facts.protocol, PROTOCOL_EWS);
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_NTLM);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void the_answer_to_head_has_no_body(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C("HEAD /EWS/x HTTP/1.1\r\n\r\n"),
		S("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), C(WITH(" NTLM x")),
		S("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(STEP));
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	assert_false(facts.has_content_clear);
}

static void pipelined_requests_meet_their_answers(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("HEAD /EWS/x HTTP/1.1\r\n\r\n" WITH(
			" NTLM x") "GET / HTTP/1.1\r\n\r\n"),
		S("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
		  "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno"
		  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(STEP));
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	assert_false(facts.has_content_clear);
}

/* RPC_IN_DATA: 1 GiB announced, a call inside. */
static void make_tunnel(struct rpc_made *made, unsigned level)
{
	static const char HEAD[] =
		"RPC_IN_DATA /rpc/rpcproxy.dll?mail.example.org:6001 HTTP/1.1\r\n"
		"Content-Length: 1073741824\r\n\r\n";
	rpc_bytes(made, HEAD, sizeof(HEAD) - 1);
	rpc_begin(made, RPC_TYPE_RTS);
	rpc_bytes(made, "\0\0\1\0", 4);
	rpc_end(made, 0, 0);
	rpc_call(made, RPC_TYPE_REQUEST, 30);
	rpc_end(made, 10, level);
}

static void calls_inside_rpc_over_http_show_their_protection(void **state)
{
	(void)state;
	static const unsigned LEVELS[] = {0, RPC_LEVEL_CONNECT, RPC_LEVEL_PRIVACY};
	for (size_t i = 0; i < 3; i++) {
		struct rpc_made made = {.len = 0};
		make_tunnel(&made, LEVELS[i]);
		const struct talk_step step[] = {
			{TALK_CLIENT, (const char *)made.bytes, made.len}};
		const struct facts facts =
			talk_facts(PROTOCOL_OUTLOOK_ANYWHERE, false, STEPS(step));
		assert_int_equal(facts.protocol, PROTOCOL_OUTLOOK_ANYWHERE);
		assert_false(facts.is_unanswered);
		assert_int_equal(facts.rpc_protection, LEVELS[i] ? LEVELS[i] : 1);
		assert_int_equal(
			facts.has_content_clear, LEVELS[i] != RPC_LEVEL_PRIVACY);
		talk_sweep(PROTOCOL_OUTLOOK_ANYWHERE, STEPS(step));
	}
}

static void a_loss_inside_a_body_is_survived(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("POST /EWS/x HTTP/1.1\r\nContent-Length: 1000\r\n\r\nbegins"),
		CLIENT_GAP(990), C("ends" WITH(" Basic QQ==")), S(OK_BODY), S(OK_BODY)};
	const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_BASIC);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void behind_an_unknown_loss_the_next_request_is_found(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C("POST /EWS/x HTTP/1.1\r\nContent-Le"),
		CLIENT_GAP(0), C("rest of a body\r\nmore\r\n" WITH(" Basic QQ=="))};
	const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_BASIC);
}

static void a_chunk_size_that_is_none_ends_it(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("POST /EWS/x HTTP/1.1\r\nTransfer-Encoding: "
		  "chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"),
		S(OK_BODY)};
	struct talk talk;
	talk_open(&talk, PROTOCOL_EWS, false);
	talk_step(&talk, &STEP[0], SIZE_MAX, SIZE_MAX);
	talk_close(&talk);
	assert_int_equal(talk.result, DIALOGUE_NOT_MINE);
	assert_int_equal(talk.dialogue.facts.protocol, PROTOCOL_HTTP);
}

static void many_requests_are_not_followed_for_ever(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("POST /EWS/x HTTP/1.1\r\n\r\n"), S(OK_BODY)};
	struct talk talk;
	talk_open(&talk, PROTOCOL_EWS, false);
	unsigned rounds = 0;
	while (talk.result == DIALOGUE_GO_ON && rounds < 200) {
		talk_step(&talk, &STEP[0], SIZE_MAX, SIZE_MAX);
		talk_step(&talk, &STEP[1], SIZE_MAX, SIZE_MAX);
		rounds++;
	}
	talk_close(&talk);
	assert_int_equal(talk.result, DIALOGUE_FINISHED);
	assert_true(rounds < 100);
}

static bool is_exchange(const char *request, const char *answer)
{
	return http_head_is_exchange(
		(struct text){(const uint8_t *)request, strlen(request)},
		(struct text){(const uint8_t *)answer, strlen(answer)});
}

static void an_exchange_is_one_request_and_the_beginning_of_its_last_answer(
	void **state)
{
	(void)state;
	static const char GET[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	assert_true(is_exchange(GET, OK_BODY));
	assert_true(is_exchange("GET / HTTP/1.1\n\n", "HTTP/1.1 404 No\r\n"));
	assert_false(is_exchange("GET / HTTP/1.1\r\nHost: x\r\n", OK_BODY));
	assert_false(is_exchange("GET / HTTP/1.1\r\n\r\nG", OK_BODY));
	assert_false(is_exchange("GET / HTTP/1.1", OK_BODY));
	assert_false(
		is_exchange("PUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", OK_BODY));
	assert_false(is_exchange(
		"PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", OK_BODY));
	assert_false(is_exchange(GET, "HTTP/1.1 101 Switching Protocols\r\n\r\n"));
	assert_false(is_exchange(GET, "HTTP/1.1"));
	assert_false(is_exchange(GET, "220 mail.example.net ESMTP\r\n"));
	assert_false(is_exchange("", ""));
}

/* The codings of a body end in "chunked": RFC 9112 section 6.1. */
static void a_body_that_is_packed_and_chunked_is_passed(void **state)
{
	(void)state;
	static const char *const CODINGS[] = {
		"gzip, chunked", "gzip,chunked ", "gzip,\r\n chunked"};
	for (size_t i = 0; i < sizeof(CODINGS) / sizeof(CODINGS[0]); i++) {
		char text[300];
		(void)snprintf(text, sizeof(text),
			"POST /EWS/x HTTP/1.1\r\nTransfer-Encoding: %s\r\n\r\n"
			"5\r\nabcde\r\n0\r\n\r\n" WITH(" Basic QQ=="),
			CODINGS[i]);
		const struct talk_step step[] = {
			{TALK_CLIENT, text, strlen(text)}, S(OK_BODY), S(OK_BODY)};
		const struct facts facts = talk_facts(PROTOCOL_EWS, false, STEPS(step));
		assert_int_equal(facts.auth_secret, FACTS_MECHANISM_BASIC);
		assert_int_equal(facts.auth_accepted, FACTS_YES);
	}
}

#define EXPECTING(length)                                                         \
	"POST /EWS/x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: " length \
	"\r\n\r\n"
#define TOO_LARGE "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"

static unsigned secret_of(const struct talk_step *steps, size_t count)
{
	return talk_facts(PROTOCOL_EWS, false, steps, count).auth_secret;
}

/* A client that was refused sends no body, or sends it all the same. */
static void a_body_that_waits_for_leave_may_never_come(void **state)
{
	(void)state;
	static const struct talk_step REFUSED[] = {
		C(EXPECTING("400")), S(TOO_LARGE), C(WITH(" Basic QQ==")), S(OK_BODY)};
	static const struct talk_step SENT[] = {C(EXPECTING("3")), S(TOO_LARGE),
		C("abc\n" WITH(" Basic QQ==")), S(OK_BODY)};
	static const struct talk_step GIVEN[] = {C(EXPECTING("3")),
		S("HTTP/1.1 100 Continue\r\n\r\n"), C("abc"), S(OK_BODY),
		C(WITH(" Basic QQ==")), S(OK_BODY)};
	/* no leave was asked for: the body is on its way */
	static const struct talk_step HASTY[] = {
		C("POST /EWS/x HTTP/1.1\r\nContent-Length: 400\r\n\r\n"), S(TOO_LARGE),
		C(WITH(" Basic QQ=="))};
	assert_int_equal(secret_of(STEPS(REFUSED)), FACTS_MECHANISM_BASIC);
	assert_int_equal(secret_of(STEPS(SENT)), FACTS_MECHANISM_BASIC);
	assert_int_equal(secret_of(STEPS(GIVEN)), FACTS_MECHANISM_BASIC);
	assert_int_equal(secret_of(STEPS(HASTY)), 0);
}

static void a_folded_login_is_one(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C(WITH("\r\n Basic QQ==")), S(OK_BODY)};
	static const struct talk_step OTHER[] = {
		C("POST /EWS/x HTTP/1.1\r\nX: y\r\n Basic QQ==\r\n\r\n"), S(OK_BODY)};
	assert_int_equal(talk_facts(PROTOCOL_EWS, false, STEPS(STEP)).auth_secret,
		FACTS_MECHANISM_BASIC);
	assert_int_equal(talk_facts(PROTOCOL_EWS, false, STEPS(OTHER)).auth_secret, 0);
}

/* More runs of requests than are told apart: none is lost in the count. */
static void answers_meet_requests_of_many_kinds(void **state)
{
	(void)state;
	char requests[2000] = "";
	char answers[3000] = "";
	for (unsigned i = 0; i < 3; i++) {
		strcat(requests, "HEAD /x HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n");
		strcat(answers, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" OK_BODY);
	}
	for (unsigned i = 0; i < 20; i++) {
		strcat(requests, "GET /x HTTP/1.1\r\n\r\n");
		strcat(answers, OK_BODY);
	}
	strcat(requests, WITH(" Basic QQ=="));
	strcat(answers, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
	const struct talk_step step[] = {{TALK_CLIENT, requests, strlen(requests)},
		{TALK_SERVER, answers, strlen(answers)}};
	const struct facts facts = talk_facts(PROTOCOL_HTTP, false, STEPS(step));
	assert_int_equal(facts.protocol, PROTOCOL_EWS);
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	assert_false(facts.has_content_clear); /* no 200 was taken for its answer */
}

/* While answers are only counted a second one may begin inside a segment. */
static void two_requests_at_once_wake_the_reading_of_answers(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("GET /x HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n"), S(OK_BODY OK_BODY),
		C(WITH(" Basic QQ==")),
		S("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_HTTP, false, STEPS(STEP));
	assert_int_equal(facts.protocol, PROTOCOL_EWS);
	assert_int_equal(facts.auth_accepted, FACTS_NO);
}

/* A path beyond what is kept of a line, and an answer in pieces too small for a glance. */
static void a_long_second_request_is_read_in_any_pieces(void **state)
{
	(void)state;
	char text[1200] = "POST /";
	for (unsigned i = 0; i < 160; i++) {
		strcat(text, "a/../");
	}
	strcat(text, "EWS/x HTTP/1.1\r\nAuthorization: Basic QQ==\r\n\r\n");
	const struct talk_step step[] = {C("GET /x HTTP/1.1\r\n\r\n"), S(OK_BODY),
		{TALK_CLIENT, text, strlen(text)}, S(OK_BODY)};
	const struct facts facts = talk_facts(PROTOCOL_HTTP, false, STEPS(step));
	assert_int_equal(facts.protocol, PROTOCOL_EWS);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_BASIC);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	talk_sweep(PROTOCOL_HTTP, STEPS(step));
	char *const end = strstr(text, "EWS/");
	memcpy(end, "ews.", 4); /* no such service */
	assert_int_equal(
		talk_facts(PROTOCOL_HTTP, false, STEPS(step)).protocol, PROTOCOL_HTTP);
}

#define TIMES_10(text) text text text text text text text text text text

static void more_lines_at_once_than_are_read_are_a_hole(void **state)
{
	(void)state;
	static const struct talk_step LINES[] = {
		C("POST /mapi/emsmdb/ HTTP/1.1\r\nContent-Length: 1\r\n\r\na"),
		S(OK_BODY),
		C("POST /mapi/emsmdb/ HTTP/1.1\r\n" TIMES_10("a\na\na\na\na\na\na\n")),
		C("POST /mapi/emsmdb/ HTTP/1.1\r\nContent-Length: 1\r\n\r\na"),
		S(OK_BODY)};
	struct facts facts = talk_facts(PROTOCOL_MAPI_HTTP, false, STEPS(LINES));
	assert_true(facts.has_unread_lines);
	assert_int_equal(facts.gaps, 1);
	assert_int_equal(facts.protocol, PROTOCOL_MAPI_HTTP);
	static const struct talk_step FIELDS[] = {
		C("POST /mapi/emsmdb/ HTTP/1.1\r\n" TIMES_10(
			"A: bcd\r\nEfg: h\r\n") "\r\n"),
		S(OK_BODY)};
	facts = talk_facts(PROTOCOL_MAPI_HTTP, false, STEPS(FIELDS));
	assert_false(facts.has_unread_lines);
	assert_int_equal(facts.gaps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_401_is_a_failed_login_only_where_it_ends_one),
		cmocka_unit_test(
			a_request_that_is_served_is_the_service_with_its_login),
		cmocka_unit_test(every_cut_of_a_session_is_read),
		cmocka_unit_test(a_password_is_not_kept),
		cmocka_unit_test(schemes_are_told_and_only_reusable_ones_are_secrets),
		cmocka_unit_test(a_login_that_is_rejected_is_no_content),
		cmocka_unit_test(the_status_tells_whether_the_service_is_there),
		cmocka_unit_test(a_front_end_that_fails_is_not_taken_for_exchange),
		cmocka_unit_test(a_request_without_an_answer_stays_a_claim),
		cmocka_unit_test(
			a_redirect_that_is_followed_on_the_same_connection_counts),
		cmocka_unit_test(autodiscover_gives_way_to_the_service_that_follows),
		cmocka_unit_test(bodies_are_passed_by_their_length),
		cmocka_unit_test(the_answer_to_head_has_no_body),
		cmocka_unit_test(pipelined_requests_meet_their_answers),
		cmocka_unit_test(calls_inside_rpc_over_http_show_their_protection),
		cmocka_unit_test(a_loss_inside_a_body_is_survived),
		cmocka_unit_test(behind_an_unknown_loss_the_next_request_is_found),
		cmocka_unit_test(a_chunk_size_that_is_none_ends_it),
		cmocka_unit_test(many_requests_are_not_followed_for_ever),
		cmocka_unit_test(
			an_exchange_is_one_request_and_the_beginning_of_its_last_answer),
		cmocka_unit_test(a_body_that_is_packed_and_chunked_is_passed),
		cmocka_unit_test(a_body_that_waits_for_leave_may_never_come),
		cmocka_unit_test(a_folded_login_is_one),
		cmocka_unit_test(answers_meet_requests_of_many_kinds),
		cmocka_unit_test(a_long_second_request_is_read_in_any_pieces),
		cmocka_unit_test(more_lines_at_once_than_are_read_are_a_hole),
		cmocka_unit_test(two_requests_at_once_wake_the_reading_of_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
