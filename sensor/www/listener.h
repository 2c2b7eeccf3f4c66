/*
 * www/listener - a socket that is listened at: an address and a port, or a file.
 *
 * In: "127.0.0.1:9472", "[::1]:9472" or "unix:/path". Accepts nothing by itself.
 */
#pragma once

#include "base/reason.h"

#include <stdbool.h>

enum listener_kind {
	LISTENER_FILE = 0,
	LISTENER_LOOPBACK,
	LISTENER_INTERNET, /* any other address */
};

/* Does it have one of the forms? Nothing is opened or asked. */
bool listener_is_place(const char *place);

/* Non-blocking. -1 with a reason. */
int listener_open(const char *place, enum listener_kind *kind, struct reason *why);
