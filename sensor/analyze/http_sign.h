/*
 * analyze/http_sign - what a field of an answer says of the server behind it.
 *
 * In: one field line of an HTTP answer. Out: whether Exchange writes such a field, or a server
 * that is none. Most proxies in front of Exchange (nginx, Apache, HAProxy) write neither.
 * Keeps nothing. MS-OXCMAPIHTTP section 2.2.3.3, MS-ASHTTP section 2.2.2.
 */
#pragma once

#include "base/text.h"
#include "classify/protocol.h"

enum http_sign {
	HTTP_SIGN_NONE = 0,
	HTTP_SIGN_EXCHANGE, /* outweighs the other */
	HTTP_SIGN_OTHER,
};

/* claimed: the service that was asked for. */
enum http_sign http_sign_of_field(struct text line, enum protocol claimed);
