#include "analyze/http_sign.h"

#include "analyze/http.h"
#include "talk.h"

#include <stdio.h>

struct field {
	const char *line;
	enum protocol claimed;
	enum http_sign sign;
};

#define WEB PROTOCOL_EXCHANGE_HTTPS

static const struct field FIELDS[] = {
	{"X-FEServer: EX01", WEB, HTTP_SIGN_EXCHANGE},
	{"x-owa-version: 15.2.1", WEB, HTTP_SIGN_EXCHANGE},
	{"X-CalculatedBETarget:x.example.org", WEB, HTTP_SIGN_EXCHANGE},
	{"X-ResponseCode: 0", PROTOCOL_MAPI_HTTP, HTTP_SIGN_EXCHANGE},
	{"Server: Microsoft-IIS/10.0", WEB, HTTP_SIGN_EXCHANGE},
	{"X-Powered-By: ASP.NET", WEB, HTTP_SIGN_EXCHANGE},
	{"Set-Cookie: X-BackEndCookie=x; path=/", WEB, HTTP_SIGN_EXCHANGE},
	{"WWW-Authenticate: Negotiate", WEB, HTTP_SIGN_EXCHANGE},
	{"WWW-Authenticate: NTLM", WEB, HTTP_SIGN_EXCHANGE},
	{"WWW-Authenticate: Bearer client_id=\"x\", trusted_issuers=\"y\"",
		PROTOCOL_EWS, HTTP_SIGN_EXCHANGE},
	{"Content-Type: text/xml; charset=utf-8", PROTOCOL_EWS, HTTP_SIGN_EXCHANGE},
	{"Content-Type: application/mapi-http", PROTOCOL_MAPI_HTTP, HTTP_SIGN_EXCHANGE},
	{"Server: Werkzeug/2.2 Python/3.11", WEB, HTTP_SIGN_OTHER},
	{"Server: GoAhead-Webs", WEB, HTTP_SIGN_OTHER},
	{"X-Powered-By: PHP/8.2", WEB, HTTP_SIGN_OTHER},
	{"X-Powered-By: Express", WEB, HTTP_SIGN_OTHER},
	{"Set-Cookie: PHPSESSID=x", WEB, HTTP_SIGN_OTHER},
	{"WWW-Authenticate: Bearer realm=\"api\"", PROTOCOL_EWS, HTTP_SIGN_OTHER},
	{"Content-Type: application/json", PROTOCOL_EWS, HTTP_SIGN_OTHER},
	{"Content-Type: application/json", PROTOCOL_MAPI_HTTP, HTTP_SIGN_OTHER},
	/* nearly: what stands in front of Exchange, and what anybody says */
	{"Content-Type: application/json", WEB, HTTP_SIGN_NONE},
	{"Content-Type: text/html", PROTOCOL_EWS, HTTP_SIGN_NONE},
	{"Server: nginx/1.22.1", WEB, HTTP_SIGN_NONE},
	{"Server: Apache", WEB, HTTP_SIGN_NONE},
	{"X-Powered-By: ARR/3.0", WEB, HTTP_SIGN_NONE},
	{"X-Powered-By:", WEB, HTTP_SIGN_NONE},
	{"Set-Cookie: id=PHPSESSID=x", WEB, HTTP_SIGN_NONE},
	{"WWW-Authenticate: Basic realm=\"x\"", WEB, HTTP_SIGN_NONE},
	{"Served: GoAhead", WEB, HTTP_SIGN_NONE},
	{"GoAhead", WEB, HTTP_SIGN_NONE},
	{"", WEB, HTTP_SIGN_NONE},
};

static void a_field_is_a_sign_of_exchange_or_of_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
		const struct field *field = &FIELDS[i];
		const size_t len = strlen(field->line);
		uint8_t *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, field->line, len);
		print_message("%s\n", field->line);
		assert_int_equal(
			http_sign_of_field((struct text){copy, len}, field->claimed),
			field->sign);
		free(copy);
	}
}

static void a_field_cut_anywhere_is_read_within_its_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
		for (size_t len = strlen(FIELDS[i].line); len > 0; len--) {
			uint8_t *copy = malloc(len);
			assert_non_null(copy);
			memcpy(copy, FIELDS[i].line, len);
			(void)http_sign_of_field(
				(struct text){copy, len}, FIELDS[i].claimed);
			free(copy);
		}
	}
}

struct answer {
	const char *request;
	enum protocol asked;
	const char *answer;
	bool is_mail;
};

#define EWS_REQUEST "POST /ews/list HTTP/1.1\r\n\r\n"
#define OWA_REQUEST "GET /owa/ HTTP/1.1\r\n\r\n"
#define EAS_REQUEST "POST /Microsoft-Server-ActiveSync HTTP/1.1\r\n\r\n"
#define RPC_REQUEST \
	"RPC_IN_DATA /rpc/rpcproxy.dll?x:6001 HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
#define OK           "HTTP/1.1 200 OK\r\n"
#define UNAUTHORIZED "HTTP/1.1 401 Unauthorized\r\n"

static const struct answer ANSWERS[] = {
	{EWS_REQUEST, PROTOCOL_EWS, OK "Content-Type: application/json\r\n\r\n", false},
	{EWS_REQUEST, PROTOCOL_EWS, OK "X-Powered-By: PHP/8.2\r\n\r\n", false},
	{EWS_REQUEST, PROTOCOL_EWS,
		UNAUTHORIZED "WWW-Authenticate: Bearer realm=\"x\"\r\n\r\n", false},
	{OWA_REQUEST, WEB, OK "Server: GoAhead-Webs\r\n\r\n", false},
	{RPC_REQUEST, PROTOCOL_OUTLOOK_ANYWHERE, "HTTP/1.1 404 Not Found\r\n\r\n",
		false},
	/* nearly: Exchange, by itself and behind others */
	{EWS_REQUEST, PROTOCOL_EWS,
		UNAUTHORIZED "WWW-Authenticate: Bearer realm=\"x\"\r\n"
			     "WWW-Authenticate: Negotiate\r\n\r\n",
		true},
	{EWS_REQUEST, PROTOCOL_EWS,
		OK "Server: Jetty\r\nContent-Type: text/xml\r\n\r\n", true},
	{OWA_REQUEST, WEB, OK "X-Powered-By: PHP/8.2\r\nX-FEServer: EX01\r\n\r\n",
		true},
	{OWA_REQUEST, WEB, OK "Server: nginx\r\n\r\n", true},
	{OWA_REQUEST, WEB, UNAUTHORIZED "\r\n", true},
	{EAS_REQUEST, PROTOCOL_EAS, OK "X-Powered-By: PHP/8.2\r\n\r\n", true},
	{RPC_REQUEST, PROTOCOL_OUTLOOK_ANYWHERE,
		UNAUTHORIZED "WWW-Authenticate: NTLM\r\n\r\n", true},
};

static void a_server_that_is_visibly_no_exchange_serves_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
		const struct answer *answer = &ANSWERS[i];
		const struct talk_step step[] = {
			{TALK_CLIENT, answer->request, strlen(answer->request)},
			{TALK_SERVER, answer->answer, strlen(answer->answer)}};
		print_message("%s", answer->answer);
		const struct facts facts =
			talk_facts(answer->asked, false, STEPS(step));
		assert_int_equal(facts.protocol,
			answer->is_mail ? answer->asked : PROTOCOL_HTTP);
		assert_int_equal(!facts.is_unanswered, answer->is_mail);
		talk_sweep(answer->asked, STEPS(step));
	}
}

static void a_later_request_may_be_served_by_exchange(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C(OWA_REQUEST),
		S(OK "X-Powered-By: PHP/8.2\r\nContent-Length: 0\r\n\r\n"),
		C(EWS_REQUEST),
		S(OK "Content-Type: text/xml\r\nContent-Length: 0\r\n\r\n")};
	const struct facts facts = talk_facts(WEB, false, STEPS(STEP));
	assert_int_equal(facts.protocol, PROTOCOL_EWS);
	assert_false(facts.is_unanswered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_a_sign_of_exchange_or_of_another),
		cmocka_unit_test(a_field_cut_anywhere_is_read_within_its_bytes),
		cmocka_unit_test(a_server_that_is_visibly_no_exchange_serves_none),
		cmocka_unit_test(a_later_request_may_be_served_by_exchange),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
