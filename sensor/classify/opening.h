/*
 * classify/opening - what a client said before its server, where that is nothing of mail.
 *
 * A mail server speaks first (RFC 5321 section 3.1, RFC 9051 section 7.1.5, RFC 1939
 * section 3). Clients in a hurry send their mail commands ahead of the greeting, which is
 * no opening of this kind; nor are an empty line and the options of telnet.
 * In: the first bytes and their traits. Out: a word for them, never the bytes.
 */
#pragma once

#include "base/text.h"
#include "classify/protocol.h"

#include <stdint.h>

enum opening {
	OPENING_NONE = 0, /* the server spoke first, or the client's line is mail's */
	OPENING_HTTP,
	OPENING_SSH,
	OPENING_RTSP_OR_SIP,
	OPENING_TLS,
	OPENING_DCERPC,
	OPENING_REDIS,
	OPENING_MEMCACHED,
	OPENING_FTP,
	OPENING_NNTP,
	OPENING_IRC,
	OPENING_LINE,
	OPENING_BYTES,
	OPENING_COUNT
};

/* first: traits of the first line as a client's; all: those of all its bytes. */
enum opening opening_of(struct text bytes, uint64_t first, uint64_t all);

/* A client of this protocol in clear begins so: false where a line is no command of it. */
bool opening_is_mail(uint64_t first, enum protocol protocol);

/* "an http request", ... */
const char *opening_name(enum opening opening);
