/*
 * ship/ship_syslog_net - messages of syslog straight to a collector: over TCP (RFC 6587,
 * octet counting), TLS (RFC 5425) or UDP (RFC 5426), to the first receiver that takes them.
 *
 * Nobody acknowledges syslog. Records go at once, in sessions; what a session carried
 * counts as delivered when the receiver ended it behind our end, which says that it has
 * read all, and when a second connection to it, opened before, still answers afterwards:
 * it ended the session itself and was not killed. Else all of it comes again. By UDP
 * what the kernel took counts, and whatever is lost on the way is lost.
 */
#pragma once

#include "ship/shipper.h"

extern const struct shipper SHIPPER_SYSLOG_NET;
