/* Logins in the heads of HTTP: what a client sends, and what its server says of it. RFC 9110 section 11. */
#include "analyze/http.h"

#include "analyze/http_head.h"
#include "analyze/sasl.h"

void http_login_asked(struct http *http, struct facts *facts, struct text value)
{
	const unsigned mechanism = http_head_mechanism(text_word(&value));
	if (http->claimed == PROTOCOL_HTTP) {
		return; /* a login of the web's */
	}
	http->asking |= HTTP_ASKED_LOGIN;
	sasl_try(facts, mechanism);
	if ((mechanism & FACTS_MECHANISMS_REUSABLE) != 0 && text_trim(value).len > 0) {
		sasl_secret(facts, mechanism);
	}
}

/* RFC 4559 section 5: a token behind the name is the next leg of a login that goes on. */
void http_login_offered(struct http *http, struct facts *facts, struct text value)
{
	const unsigned legs = FACTS_MECHANISM_NTLM | FACTS_MECHANISM_GSSAPI;
	const unsigned mechanism = http_head_mechanism(text_word(&value));
	facts->auth_offered = (uint16_t)(facts->auth_offered | mechanism);
	http->is_challenging |= (mechanism & legs) != 0 && text_trim(value).len > 0;
}

/* One that is asked for again behind an accepted one, for something else, does not undo that. */
void http_login_answered(const struct http *http, struct facts *facts)
{
	if (http->status != 401) {
		facts->auth_accepted = FACTS_YES;
	} else if (!http->is_challenging && facts->auth_accepted != FACTS_YES) {
		facts->auth_accepted = FACTS_NO;
	}
}
