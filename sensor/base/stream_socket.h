/*
 * base/stream_socket - a socket that never blocks: what it does now, and waiting until it can.
 *
 * In: the caller's socket. Every wait ends at end_us (monotonic) at the latest. SIGPIPE is
 * not raised. Knows no TLS; who speaks it over such a socket answers with the same wants.
 */
#pragma once

#include "base/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a call that could not do all now; else what it moved, 0: the other end ended its side. */
enum socket_want {
	SOCKET_WANT_READ = -1,
	SOCKET_WANT_WRITE = -2,
	SOCKET_BROKEN = -3, /* why is set */
};

long socket_write(int file, const char *text, size_t len, struct reason *why);
long socket_read(int file, char *text, size_t size, struct reason *why);

/* False: it was not to be had in time. */
bool socket_wait(int file, long want, uint64_t end_us);

/* Of a connection that was in progress and can be written to now: 0, or an errno. */
int socket_error(int file);
