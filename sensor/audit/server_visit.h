/*
 * audit/server_visit - one service of one server, asked in a row of connections.
 *
 * In: a target. Out: its answers. The order is that of server_visit.c's visit. What could not be
 * had because of another answer (no STARTTLS: no certificate) is not told again. Private to audit/.
 */
#pragma once

#include "audit/probe_words.h"
#include "audit/server.h"

struct server_visit {
	const struct server_asking *asking;
	const struct server_target *target;
	const struct probe_words *words;
	struct probe_patience patience;
	struct probe_link link;
	struct probe_offer offer; /* before TLS, then inside it */
	unsigned late;            /* connections that ran out of time */
	bool is_listed;           /* it told what it has */
	const char *host; /* to ask for (SNI) instead of a declared name, or NULL */
	const char *key;  /* kind of the key of the certificate at hand, or "" */
};

/* Ask all of the target. */
void server_visit_run(struct server_visit *visit, const struct server_target *target);

/* How far a connection goes. */
enum server_stage { SERVER_STAGE_GREETING, SERVER_STAGE_LIST, SERVER_STAGE_TLS };

/* A new connection, once a pause is over. Behind PROBE_DONE it is open. */
enum probe_result server_visit_open(
	struct server_visit *visit, enum server_stage stage, enum tls_offer offer);

/* Many late answers: nobody waits for more of them. */
bool server_visit_is_over(const struct server_visit *visit);

/* Tell one answer; of a no the severity of its question, or this one. */
void server_tell(struct server_visit *visit, enum server_question question,
	enum audit_state state, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void server_tell_no(struct server_visit *visit, enum server_question question,
	enum severity severity, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The service is TLS from its first byte on. */
static inline bool server_visit_is_implicit(const struct server_visit *visit)
{
	return protocol_row(visit->target->protocol)->is_implicit_tls;
}

/* Say good-bye behind a handshake that was all that was wanted. */
void server_visit_leave(struct server_visit *visit);

/* server_tls.c */
void server_ask_versions(struct server_visit *visit);
void server_ask_weak_suites(struct server_visit *visit);

/* server_certificate.c: each kind of certificate that it has. */
void server_ask_certificates(struct server_visit *visit);

/*
 * A handshake for each kind of certificate; look at what each showed. Told is, by this question, of which
 * kind it could not be asked. By the name in visit->host where there is one.
 */
void server_each_certificate(struct server_visit *visit, enum server_question question,
	void (*look)(struct server_visit *visit));

/* server_host.c: as senders see it that come for an MX host which has its address. */
void server_ask_hosts(struct server_visit *visit);
