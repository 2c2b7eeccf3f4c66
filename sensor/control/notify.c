#include "control/notify.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int notify_socket = -1;

void notify_start(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t len = path ? strlen(path) : 0;
	if (len < 2 || len >= sizeof(address.sun_path)) {
		return;
	}
	memcpy(address.sun_path, path, len);
	if (path[0] == '@') { /* an abstract name */
		address.sun_path[0] = '\0';
	}
	const socklen_t size =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	notify_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify_socket >= 0 &&
		connect(notify_socket, (const struct sockaddr *)&address, size) != 0) {
		notify_stop();
	}
	(void)unsetenv("NOTIFY_SOCKET");
}

void notify_say(const char *words)
{
	if (notify_socket >= 0) {
		(void)send(notify_socket, words, strlen(words), MSG_NOSIGNAL);
	}
}

void notify_reloading(void)
{
	char words[80];
	(void)snprintf(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		clock_monotonic_us());
	notify_say(words);
}

void notify_stop(void)
{
	if (notify_socket >= 0) {
		(void)close(notify_socket);
		notify_socket = -1;
	}
}
