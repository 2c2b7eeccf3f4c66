/*
 * ship/addresses - a receiver's name as numeric addresses, asked once at the start.
 *
 * A cage lets no resolver read its files, so names are resolved before it; behind it
 * only these texts are used. A name that leads elsewhere is resolved again when the
 * output is opened anew.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>

#define ADDRESSES_MAX      8
#define ADDRESS_BYTES      72  /* IPv6 with a scope */
#define ADDRESS_HOST_BYTES 256 /* of a name, with its NUL */

struct addresses {
	size_t count;
	char list[ADDRESSES_MAX][ADDRESS_BYTES]; /* as getaddrinfo(3) prefers them */
};

/*
 * False with a reason: the name leads nowhere, now. Waits for the system's name servers, two
 * seconds for one that is silent (RES_OPTIONS in the environment may say otherwise).
 */
bool addresses_resolve(
	struct addresses *addresses, const char *host, struct reason *why);

/* Whether it is no address but a name, which may lead elsewhere tomorrow. */
bool addresses_is_name(const char *host);

/*
 * "HOST", "HOST:PORT", "[IPv6]:PORT" or "IPv6". False: it is none. port: untouched where
 * none is named.
 */
bool addresses_split(const char *text, char host[ADDRESS_HOST_BYTES], unsigned *port);
