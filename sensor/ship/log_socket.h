/*
 * ship/log_socket - what the reader of a local log socket (/dev/log) has taken.
 *
 * syslog(3) tells nothing and liblogging only whether the kernel took a message. What
 * can be known is whether the reader took it out of the socket: nothing of ours waits
 * in it any more (SIOCOUTQ, unix(7)) and it is still the same socket, read by a
 * living process. What the reader does then with it, and whether it dies before, is
 * beyond that. Sends nothing; finds the library's socket by watching it appear.
 */
#pragma once

#include "base/reason.h"

#include <stdint.h>
#include <sys/stat.h>

#define LOG_SOCKET_FILES 64 /* the library's is one of the first so many */

struct log_socket {
	const char *path;
	int probe;          /* connected by us, to ask for room; -1: none */
	int logger;         /* the library's; -1: not seen yet */
	uint64_t before;    /* files that were datagram sockets before it, as bits */
	struct stat reader; /* the socket's file when we connected */
};

/* Before the library opens its own. False: nobody reads there. */
bool log_socket_attach(struct log_socket *log, const char *path, struct reason *why);

/* After the library opened it. False: it has none. */
bool log_socket_find(struct log_socket *log, struct reason *why);

/* Wait until a message would not block, at most so long. False: no room in that time. */
bool log_socket_has_room(const struct log_socket *log, int wait_ms);

enum log_socket_state {
	LOG_SOCKET_TAKEN = 0, /* all that was sent is with the reader */
	LOG_SOCKET_WAITS,     /* some is still in the socket */
	LOG_SOCKET_GONE,      /* the reader is another one, or none */
};
enum log_socket_state log_socket_look(const struct log_socket *log);

void log_socket_detach(struct log_socket *log);
