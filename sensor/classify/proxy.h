/*
 * classify/proxy - headers that carry a conversation to a further host.
 *
 * In: the prefix. Reads a PROXY header (HAProxy, versions 1 and 2), an HTTP CONNECT
 * (RFC 9110 section 9.3.6), SOCKS 4, 4a and 5 (RFC 1928, 1929, 1961), notes where the
 * flow comes from or goes to, and takes the header off both sides. User names,
 * passwords and tokens are dropped with what holds them, and never looked at.
 */
#pragma once

#include "classify/classify.h"

enum proxy_step {
	PROXY_NOTHING = 0, /* no header here: classify what there is */
	PROXY_WAIT,        /* a header, not all of it here */
	PROXY_TAKEN,       /* a header was taken off: look again */
	PROXY_REFUSED,     /* a SOCKS dialogue that leads nowhere further */
};

enum proxy_step proxy_take(struct prefix *prefix, const struct classify_hint *hint,
	struct classification *result);

/* The client asked for a way, which is not open yet, or nothing came back through it. */
bool proxy_is_awaited(const struct prefix *prefix, const struct classification *result,
	unsigned client);

/* And it said more than that. */
bool proxy_is_ahead(const struct prefix *prefix, const struct classification *result,
	unsigned client);

/*
 * No more of an answer will come, and the client went on without: what it said behind its
 * request is all there is to classify. False when it did not.
 */
bool proxy_go_unanswered(
	struct prefix *prefix, struct classification *result, unsigned client);

/* Where a CONNECT goes to: "host:port" or "[address]:port"; false when it is neither. */
bool proxy_note_authority(struct classification *result, struct text authority);

/* socks.c: a side that begins with 4 or 5, and a SOCKS 5 dialogue under way. */
enum proxy_step proxy_socks4(
	struct prefix *prefix, unsigned side, struct classification *result);
enum proxy_step proxy_socks5(
	struct prefix *prefix, unsigned side, struct classification *result);
enum proxy_step proxy_socks_go_on(struct prefix *prefix, struct classification *result);

/* Of such a dialogue all is said but the proxy's last answer. */
bool proxy_socks_is_asked(const struct classification *result);
