#include "base/stream_socket.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define US_PER_MS UINT64_C(1000)

/* What a call moved; the want where it could not now. */
static long outcome(ssize_t moved, enum socket_want want, struct reason *why)
{
	if (moved >= 0) {
		return moved;
	}
	if (errno == EAGAIN || errno == EINTR) {
		return want;
	}
	(void)reason_set(why, "the connection broke: %s", strerror(errno));
	return SOCKET_BROKEN;
}

long socket_write(int file, const char *text, size_t len, struct reason *why)
{
	return outcome(send(file, text, len, MSG_NOSIGNAL), SOCKET_WANT_WRITE, why);
}

long socket_read(int file, char *text, size_t size, struct reason *why)
{
	return outcome(recv(file, text, size, 0), SOCKET_WANT_READ, why);
}

bool socket_wait(int file, long want, uint64_t end_us)
{
	const uint64_t now_us = clock_monotonic_us();
	struct pollfd one = {
		.fd = file, .events = want == SOCKET_WANT_WRITE ? POLLOUT : POLLIN};
	return now_us < end_us &&
	       poll(&one, 1, (int)((end_us - now_us) / US_PER_MS) + 1) > 0;
}

int socket_error(int file)
{
	int error = 0;
	socklen_t len = sizeof(error);
	return getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error
									 : errno;
}
