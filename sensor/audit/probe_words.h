/*
 * audit/probe_words - what is said to a mail server that is asked, and how its answers read:
 * SMTP and LMTP, IMAP, POP3, ManageSieve.
 *
 * RFC 5321, 2033, 9051, 1939 with 2449, 5804. Only a greeting is waited for, a list of
 * what it offers is asked for, STARTTLS, NOOP and the good-bye: no word that hands over
 * mail or signs in is in this file. Everything that the server says is hostile.
 */
#pragma once

#include "audit/probe_link.h"
#include "classify/protocol.h"

#define PROBE_SIGN_IN_BYTES 96

/* What a server says that it has. */
struct probe_offer {
	bool has_starttls;
	bool has_requiretls; /* RFC 8689 */
	bool has_chunking;   /* RFC 3030 */
	bool is_login_disabled;
	bool is_preauthenticated; /* it takes the client for one who signed in */
	bool is_masked;           /* a word of it was overwritten on its way */
	/* ways to sign in whose secret can be used again, with a blank between */
	char sign_in[PROBE_SIGN_IN_BYTES];
};

struct probe_words; /* opaque */

/* NULL: this protocol is not asked. */
const struct probe_words *probe_words_of(enum protocol protocol);

/* Each result that is not PROBE_DONE has its reason in link->why. */
enum probe_result probe_greeting(const struct probe_words *words,
	struct probe_link *link, struct probe_offer *offer);
enum probe_result probe_list(const struct probe_words *words, struct probe_link *link,
	struct probe_offer *offer);
enum probe_result probe_starttls(
	const struct probe_words *words, struct probe_link *link);

/* Say good-bye, and wait for its echo, so that nobody logs a lost connection. */
void probe_leave(const struct probe_words *words, struct probe_link *link);

/* STARTTLS, with another command in clear in the same segment. */
enum probe_result probe_starttls_and_more(
	const struct probe_words *words, struct probe_link *link);

/*
 * Behind the handshake of that: take leave, and see what is answered. *is_answered: the
 * command in clear was, as if it had come inside TLS (CVE-2011-0411).
 */
enum probe_result probe_look_for_more(
	const struct probe_words *words, struct probe_link *link, bool *is_answered);

/*
 * NOOP that ends in LF alone, and one in order (SMTP). *is_taken: as two lines. Takes
 * leave, too.
 */
enum probe_result probe_bare_lf(
	const struct probe_words *words, struct probe_link *link, bool *is_taken);
bool probe_has_bare_lf(const struct probe_words *words);
