/*
 * audit/https_fetch - one small document from a web server, by HTTPS.
 *
 * The one file that knows libcurl. In: a host with the addresses that a resolver gave for
 * it, a path. Out: the document; or that the server was asked and does it wrongly (its
 * certificate, a redirect, another status); or that it could not be asked. Never follows
 * a redirect, asks no name server, has no proxy, no cookies, reads no file. Bounded are
 * the time and the size. RFC 9110, RFC 8461 section 3.3.
 */
#pragma once

#include "base/address.h"
#include "base/reason.h"
#include "base/text.h"

#define HTTPS_PORT      443
#define HTTPS_BYTES_MAX 65536 /* of a document: RFC 8461, section 3.3 */

enum https_outcome {
	HTTPS_FOUND = 0,
	HTTPS_WRONG,  /* it was asked: why no sender takes that */
	HTTPS_FAILED, /* it could not be asked: why */
};

struct https_request {
	const char *host;
	const struct address *addresses; /* address_count of them, at least one */
	size_t address_count;
	const char *path; /* "/.well-known/mta-sts.txt" */
};

struct https_answer {
	enum https_outcome outcome;
	const char *type; /* of a document: "text/plain; charset=utf-8", or "" */
	struct text body;
	struct reason why;
};

/* Who fetches: a client on the network, tables in tests. */
struct https_fetcher {
	/* The answer lives until the next one. */
	void (*fetch)(void *context, const struct https_request *request,
		struct https_answer *answer);
	void *context;
};

struct https_client;

/*
 * authorities: a file of certificates to trust, read here, or NULL. Without it, or without
 * the library, nobody can be asked. NULL: it cannot be read, and why. Before a process is in its cage, and before it has threads.
 */
struct https_client *https_client_new(
	const char *authorities, unsigned timeout_s, struct reason *why);
void https_client_free(struct https_client *client);

/* As long as client lives. */
struct https_fetcher https_client_of(struct https_client *client);
