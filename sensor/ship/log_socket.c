#include "ship/log_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static bool is_local_datagram(int file)
{
	int domain = 0;
	int type = 0;
	socklen_t len = sizeof(domain);
	if (getsockopt(file, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 ||
		domain != AF_UNIX) {
		return false;
	}
	len = sizeof(type);
	return getsockopt(file, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_DGRAM;
}

static uint64_t list_sockets(void)
{
	uint64_t list = 0;
	for (int file = 0; file < LOG_SOCKET_FILES; file++) {
		if (is_local_datagram(file)) {
			list |= UINT64_C(1) << file;
		}
	}
	return list;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (file >= 0 && connect(file, (const struct sockaddr *)&address,
				 sizeof(address)) != 0) {
		const int error = errno;
		(void)close(file);
		errno = error;
		return -1;
	}
	return file;
}

bool log_socket_attach(struct log_socket *log, const char *path, struct reason *why)
{
	*log = (struct log_socket){.path = path, .probe = -1, .logger = -1};
	if (stat(path, &log->reader) != 0) {
		return reason_set(why, "%.100s: %s", path, strerror(errno));
	}
	log->probe = connect_to(path);
	if (log->probe < 0) {
		return reason_set(
			why, "%.100s: nobody reads there: %s", path, strerror(errno));
	}
	log->before = list_sockets();
	return true;
}

bool log_socket_find(struct log_socket *log, struct reason *why)
{
	const uint64_t list = list_sockets() & ~log->before;
	if (list == 0) {
		return reason_set(why, "%.100s: the library has no socket", log->path);
	}
	log->logger = __builtin_ctzll(list);
	return true;
}

bool log_socket_has_room(const struct log_socket *log, int wait_ms)
{
	struct pollfd probe = {.fd = log->probe, .events = POLLOUT};
	return poll(&probe, 1, wait_ms) > 0 && (probe.revents & POLLOUT) != 0;
}

/* A socket bound anew is another file; one that nobody reads refuses. */
static bool is_reader_there(const struct log_socket *log)
{
	struct stat now;
	if (stat(log->path, &now) != 0 || now.st_dev != log->reader.st_dev ||
		now.st_ino != log->reader.st_ino ||
		now.st_ctim.tv_sec != log->reader.st_ctim.tv_sec ||
		now.st_ctim.tv_nsec != log->reader.st_ctim.tv_nsec) {
		return false;
	}
	const int file = connect_to(log->path);
	if (file >= 0) {
		(void)close(file);
	}
	return file >= 0;
}

enum log_socket_state log_socket_look(const struct log_socket *log)
{
	int waiting = 0;
	/* in this order: a socket that is closed gives up what waits in it */
	const bool is_known = ioctl(log->logger, TIOCOUTQ, &waiting) == 0;
	if (!is_known || !is_reader_there(log)) {
		return LOG_SOCKET_GONE;
	}
	return waiting > 0 ? LOG_SOCKET_WAITS : LOG_SOCKET_TAKEN;
}

void log_socket_detach(struct log_socket *log)
{
	if (log->probe >= 0) {
		(void)close(log->probe);
	}
	log->probe = -1;
	log->logger = -1;
}
