/*
 * classify/joined - the rows for a capture that begins where STARTTLS turns text into TLS.
 *
 * The first line that was captured is the server's go-ahead or the client's request, and TLS
 * follows it: what is left of the clear dialogue is that line. FTP (RFC 4217: 234) and NNTP
 * (RFC 4642: 382) have go-aheads of their own. They hold where nobody saw who opened the
 * connection. Private to classify/.
 */
#pragma once

#include "classify/rules.h"

const struct rule *joined_rules(size_t *count);
