#include "www/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG       512
#define UNIX_PREFIX   "unix:"
#define ADDRESS_BYTES 256
#define PORT_MAX      65535

/* One that is left over from before is taken away, but nothing that is no socket. */
static int listen_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
		(void)unlink(path);
	}
	const int listener =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener >= 0 && bind(listener, (const struct sockaddr *)&address,
				     sizeof(address)) != 0) {
		const int error = errno;
		(void)close(listener);
		errno = error;
		return -1;
	}
	(void)chmod(path, 0660); /* who may read is said by the folder and its group */
	return listener;
}

static int listen_at(const struct addrinfo *address)
{
	const int yes = 1;
	const int listener = socket(address->ai_family,
		address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0) {
		return -1;
	}
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, address->ai_addr, address->ai_addrlen) != 0) {
		const int error = errno;
		(void)close(listener);
		errno = error;
		return -1;
	}
	return listener;
}

/* Of "127.0.0.1:9472" or "[::1]:9472"; to be freed. NULL when it is neither. */
static struct addrinfo *internet_address(const char *text)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	char host[ADDRESS_BYTES];
	(void)snprintf(host, sizeof(host), "%s", text[0] == '[' ? text + 1 : text);
	char *colon = strrchr(host, ':');
	const unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;
	if (port == 0 || port > PORT_MAX) { /* getaddrinfo takes what is too large */
		return NULL;
	}
	*colon = '\0';
	if (text[0] == '[' && colon > host && colon[-1] == ']') {
		colon[-1] = '\0';
	}
	return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static const char *unix_path(const char *listen)
{
	const size_t prefix = sizeof(UNIX_PREFIX) - 1;
	return strncmp(listen, UNIX_PREFIX, prefix) == 0 ? listen + prefix : NULL;
}

bool listener_is_place(const char *listen)
{
	const char *path = unix_path(listen);
	if (path) {
		return path[0] != '\0' &&
		       strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
	}
	struct addrinfo *address = internet_address(listen);
	const bool is_one = address != NULL;
	if (is_one) {
		freeaddrinfo(address);
	}
	return is_one;
}

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 =
		(const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 =
		(const struct sockaddr_in6 *)(const void *)address;
	return address->sa_family == AF_INET
		       ? ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
		       : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int listen_internet(const char *text, bool *is_local)
{
	struct addrinfo *address = internet_address(text);
	if (!address) {
		errno = EINVAL;
		return -1;
	}
	const int listener = listen_at(address);
	const int error = errno;
	*is_local = is_loopback(address->ai_addr);
	freeaddrinfo(address);
	errno = error;
	return listener;
}

static bool finish_listening(int listener, const char *listen_to, struct reason *why)
{
	if (listener < 0 || listen(listener, BACKLOG) != 0) {
		(void)reason_set(
			why, "metrics: %.150s: %s", listen_to, strerror(errno));
		if (listener >= 0) {
			(void)close(listener);
		}
		return false;
	}
	return true;
}

int listener_open(const char *place, enum listener_kind *kind, struct reason *why)
{
	const char *path = unix_path(place);
	bool is_local = false;
	const int listener =
		path ? listen_unix(path) : listen_internet(place, &is_local);
	*kind = path ? LISTENER_FILE : is_local ? LISTENER_LOOPBACK : LISTENER_INTERNET;
	return finish_listening(listener, place, why) ? listener : -1;
}
