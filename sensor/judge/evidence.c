#include "judge/evidence.h"

#include "analyze/rpc_pdus.h"

#include <string.h>

bool judge_is_mail(enum protocol protocol)
{
	return protocol != PROTOCOL_ATTEMPT && protocol_row(protocol)->is_mail;
}

bool judge_is_smtps(enum protocol protocol)
{
	return protocol == PROTOCOL_SMTPS || protocol == PROTOCOL_SUBMISSIONS;
}

bool judge_is_access(enum protocol protocol)
{
	return judge_is_mail(protocol) && !protocol_row(protocol)->is_sending;
}

/* One comma-separated word of list is word. */
static bool list_has(const char *list, const char *word)
{
	const size_t len = strlen(word);
	for (const char *at = list; *at != '\0';) {
		const size_t item = strcspn(at, ",");
		if (item == len && memcmp(at, word, len) == 0) {
			return true;
		}
		at += item + (at[item] == ',' ? 1 : 0);
	}
	return false;
}

static bool is_http_inside(const struct facts_tls_session *session)
{
	const char *names =
		session->alpn[0] != '\0' ? session->alpn : session->alpn_offered;
	return (list_has(names, "h2") || list_has(names, "http/1.1")) &&
	       !list_has(names, "imap") && !list_has(names, "pop3") &&
	       !list_has(names, "smtp");
}

bool judge_is_foreign(enum protocol protocol, uint16_t port)
{
	return protocol_of_port(port) != PROTOCOL_UNKNOWN &&
	       protocol != PROTOCOL_UNKNOWN && !protocol_row(protocol)->is_mail;
}

bool judge_is_web_inside(
	enum protocol protocol, uint16_t port, const struct facts_tls_session *session)
{
	return judge_is_mail(protocol) && protocol_row(protocol)->is_implicit_tls &&
	       protocol_row(protocol_of_port(port))->is_implicit_tls &&
	       is_http_inside(session);
}

bool judge_is_mail_moved(const struct facts *facts)
{
	return facts->messages > 0 || facts->session.is_established;
}

/* A protocol that sends, in clear from end to end, and nothing of it is missing. */
static bool is_whole_and_clear(const struct facts *facts)
{
	const struct protocol_row *row = protocol_row(facts->protocol);
	return row->is_sending && !row->is_implicit_tls &&
	       facts->tls == FACTS_TLS_NONE && facts->gaps == 0 &&
	       !facts->is_midstream && !facts->is_turned && !facts->has_unread_lines;
}

static bool is_small_talk(const struct facts *facts)
{
	return is_whole_and_clear(facts) && facts->starttls == 0 &&
	       facts->opening == OPENING_NONE && !facts->has_said_more &&
	       facts->auth_tried == 0 && facts->rcpt_count == 0 &&
	       !facts_is_content_clear(facts);
}

static bool is_other_talk(const struct facts *facts)
{
	const bool is_other = facts->opening != OPENING_NONE || facts->is_other_talk;
	return is_other && is_whole_and_clear(facts) && !facts->is_mail_taken &&
	       (facts->starttls & FACTS_STARTTLS_ACCEPTED) == 0 &&
	       facts->auth_accepted != FACTS_YES;
}

bool judge_is_probe(const struct facts *facts)
{
	return facts->has_server_bytes && is_small_talk(facts);
}

bool judge_is_other_talk(const struct facts *facts)
{
	return facts->has_server_bytes && is_other_talk(facts);
}

bool judge_may_stay_attempt(const struct facts *facts)
{
	return is_small_talk(facts) || is_other_talk(facts);
}

/* Every call that was seen is encrypted by RPC itself: MS-RPCE section 2.2.1.1.8. */
bool judge_is_rpc_private(const struct facts *facts)
{
	return facts->protocol == PROTOCOL_MAPI_RPC &&
	       facts->rpc_protection == RPC_LEVEL_PRIVACY &&
	       !facts_is_content_clear(facts);
}

/* TLS 1.3 encrypts it (RFC 8446 section 4.4): then nobody can say that it is missing. */
bool judge_is_client_certificate_absent(const struct facts *facts)
{
	const struct facts_tls_session *session = &facts->session;
	return session->client_certificate == FACTS_NO && session->version != 0 &&
	       session->version <= 0x0303;
}

bool judge_is_encrypted(const struct facts *facts)
{
	return facts->tls == FACTS_TLS_STARTTLS || facts->tls == FACTS_TLS_IMPLICIT;
}

/*
 * XXXXXXXA for STARTTLS, and TLS did not come about. A greeting of asterisks says only
 * who stands between; that it keeps TLS away shows where EHLO is refused as well. What
 * a client writes says nothing of the server (findings_tls.c).
 */
bool judge_is_starttls_masked(const struct facts *facts)
{
	const unsigned seen = facts->starttls;
	if (judge_is_encrypted(facts)) {
		return false;
	}
	if ((seen & FACTS_STARTTLS_MASKED_GREETING) != 0 && facts->is_ehlo_refused) {
		return true;
	}
	return (seen & FACTS_STARTTLS_MASKED) != 0 &&
	       (facts->starttls_offered != FACTS_YES ||
		       (seen & FACTS_STARTTLS_REFUSED) != 0);
}

/*
 * A whole list of capabilities went by without it and without a trace of masking, or the
 * server would give none. HELO asks for no list (RFC 5321 section 4.1.1.1), after PREAUTH
 * it has no place there.
 */
bool judge_is_starttls_absent(const struct facts *facts)
{
	const bool is_unlisted =
		facts->starttls_offered == FACTS_NO && !facts->is_helo_only;
	return (is_unlisted || facts->is_ehlo_refused) && !facts->is_preauth &&
	       !judge_is_encrypted(facts) && !judge_is_starttls_masked(facts);
}
