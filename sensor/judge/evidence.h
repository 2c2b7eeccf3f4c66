/*
 * judge/evidence - questions about a protocol and about what a flow has shown.
 *
 * In: the name of a protocol, facts. Out: yes or no; what was not seen is no. Pure;
 * knows neither ends nor rows (judge/ends, judge/findings).
 */
#pragma once

#include "analyze/facts.h"

/* Protocols. */
bool judge_is_mail(enum protocol protocol); /* an attempt is none */
bool judge_is_smtps(enum protocol protocol);
bool judge_is_access(enum protocol protocol); /* a user's way to a mailbox */

/* Something else than mail on a mail port. */
bool judge_is_foreign(enum protocol protocol, uint16_t port);

/*
 * TLS on a port of mail that asks for HTTP (ALPN, RFC 7301). Anybody can ask for it: the
 * flow is judged as its port's, and this is told besides.
 */
bool judge_is_web_inside(
	enum protocol protocol, uint16_t port, const struct facts_tls_session *session);

/* A message crossed, or may have inside TLS: no probe that asks and leaves. */
bool judge_is_mail_moved(const struct facts *facts);
/*
 * SMTP in clear in which nothing was sent by now, nor asked for, and all was seen: hello,
 * NOOP, QUIT and the like, or only the greeting.
 */
bool judge_is_probe(const struct facts *facts);

/*
 * A browser, finger or the like, sent to a mail server: what it says may have commands of
 * mail in it, and the server took none of them.
 */
bool judge_is_other_talk(const struct facts *facts);

/* While it runs, and the server may have yet to speak: it may become one of these two. */
bool judge_may_stay_attempt(const struct facts *facts);
bool judge_is_encrypted(const struct facts *facts); /* by TLS */
bool judge_is_rpc_private(const struct facts *facts);
bool judge_is_client_certificate_absent(const struct facts *facts);
bool judge_is_starttls_masked(const struct facts *facts);
bool judge_is_starttls_absent(const struct facts *facts);
