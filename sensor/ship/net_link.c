#include "ship/net_link.h"

#include "base/clock.h"
#include "base/stream_socket.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define NOISE_MAX     65536              /* of a receiver that talks: nobody listens */
#define NOISE_READS   64                 /* of one look */
#define STALL_US      UINT64_C(10000000) /* without a byte taken */
#define UNHEARD_MS    10000U             /* sent, and not answered by its kernel */
#define PROBE_S       1 /* of a quiet connection: whether anybody is there */
#define PROBE_AGAIN_S 2
#define PROBES        5
#define US_PER_MS     UINT64_C(1000)

static bool set_number(int file, int level, int name, unsigned value)
{
	return setsockopt(file, level, name, &value, sizeof(value)) == 0;
}

/* Frames go at once; a receiver that is gone without a word is noticed. */
static bool set_options(int file, enum net_transport transport)
{
	return transport == NET_UDP ||
	       (set_number(file, IPPROTO_TCP, TCP_NODELAY, 1) &&
		       set_number(file, SOL_SOCKET, SO_KEEPALIVE, 1) &&
		       set_number(file, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_S) &&
		       set_number(file, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_AGAIN_S) &&
		       set_number(file, IPPROTO_TCP, TCP_KEEPCNT, PROBES) &&
		       set_number(file, IPPROTO_TCP, TCP_USER_TIMEOUT, UNHEARD_MS));
}

static bool connect_to(struct net_link *link, const struct addrinfo *address,
	uint64_t end_us, struct reason *why)
{
	link->file = socket(address->ai_family,
		address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->file < 0 || !set_options(link->file, link->transport)) {
		return reason_set(why, "no socket: %s", strerror(errno));
	}
	if (connect(link->file, address->ai_addr, address->ai_addrlen) == 0) {
		return true;
	}
	if (errno != EINPROGRESS) {
		return reason_set(why, "no connection: %s", strerror(errno));
	}
	if (!socket_wait(link->file, SOCKET_WANT_WRITE, end_us)) {
		return reason_set(why, "no connection in time");
	}
	const int error = socket_error(link->file);
	return error == 0 || reason_set(why, "no connection: %s", strerror(error));
}

static bool start_tls(struct net_link *link, const struct net_target *target,
	struct net_tls *tls, uint64_t end_us, struct reason *why)
{
	long want;
	link->session = net_tls_start(tls, link->file, target->host);
	if (!link->session) {
		return reason_set(why, "no memory");
	}
	while ((want = net_tls_shake_hands(link->session, why)) != 0) {
		if (want == SOCKET_BROKEN) {
			return false;
		}
		if (!socket_wait(link->file, want, end_us)) {
			return reason_set(why, "no TLS handshake in time");
		}
	}
	return true;
}

bool net_link_open(struct net_link *link, const struct net_target *target,
	struct net_tls *tls, uint64_t end_us, struct reason *why)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = target->transport == NET_UDP ? SOCK_DGRAM : SOCK_STREAM};
	struct addrinfo *found = NULL;
	char port[8];
	*link = (struct net_link){.file = -1, .transport = target->transport};
	(void)snprintf(port, sizeof(port), "%u", target->port);
	const int error = getaddrinfo(target->address, port, &hints, &found);
	if (error != 0) {
		return reason_set(
			why, "%.72s: %s", target->address, gai_strerror(error));
	}
	const bool is_open = connect_to(link, found, end_us, why) &&
			     (!tls || start_tls(link, target, tls, end_us, why));
	freeaddrinfo(found);
	if (!is_open) {
		net_link_close(link);
	}
	return is_open;
}

void net_link_close(struct net_link *link)
{
	net_tls_free(link->session);
	link->session = NULL;
	if (link->file >= 0) {
		(void)close(link->file);
	}
	link->file = -1;
}

/* What could be moved now, or a want. */
static long write_some(
	struct net_link *link, const char *text, size_t len, struct reason *why)
{
	return link->session ? net_tls_write(link->session, text, len, why)
			     : socket_write(link->file, text, len, why);
}

static long read_some(
	struct net_link *link, char *text, size_t size, struct reason *why)
{
	return link->session ? net_tls_read(link->session, text, size, why)
			     : socket_read(link->file, text, size, why);
}

bool net_link_write(struct net_link *link, const char *text, size_t len,
	uint64_t end_us, struct reason *why)
{
	for (size_t at = 0; at < len;) {
		const long written = write_some(link, text + at, len - at, why);
		if (written > 0) {
			at += (size_t)written;
		} else if (written == SOCKET_BROKEN) {
			return false;
		} else if (written == 0) {
			return reason_set(why, "the receiver ended the session");
		} else if (!socket_wait(link->file, written, end_us)) {
			return reason_set(why, "the receiver takes nothing more");
		}
	}
	return true;
}

/*
 * Read away what the receiver says, which nobody asked for, at most so much. Its end is 0,
 * of UDP an empty datagram is none.
 */
static long read_away(struct net_link *link, struct reason *why)
{
	char text[1024];
	for (unsigned i = 0; i < NOISE_READS; i++) {
		const long len = read_some(link, text, sizeof(text), why);
		if (link->transport == NET_UDP && len >= 0) {
			continue;
		}
		if (len <= 0) {
			return len;
		}
		link->noise += (size_t)len;
		if (link->noise > NOISE_MAX) {
			(void)reason_set(
				why, "the receiver talks: is it one of syslog's?");
			return SOCKET_BROKEN;
		}
	}
	return SOCKET_WANT_READ;
}

bool net_link_stands(struct net_link *link, struct reason *why)
{
	const long result = read_away(link, why);
	if (result == 0) {
		return reason_set(why, "the receiver ended the connection");
	}
	return result != SOCKET_BROKEN;
}

static bool end_our_side(struct net_link *link, uint64_t end_us, struct reason *why)
{
	long want;
	while (link->session && (want = net_tls_finish(link->session, why)) != 0) {
		if (want == SOCKET_BROKEN || !socket_wait(link->file, want, end_us)) {
			return reason_set(why, "the session could not be ended");
		}
	}
	return shutdown(link->file, SHUT_WR) == 0 ||
	       reason_set(why, "the connection broke: %s", strerror(errno));
}

/* How much of what was sent is not yet with its kernel (SIOCOUTQ: tcp(7)). */
static int unsent(const struct net_link *link)
{
	int bytes = 0;
	return ioctl(link->file, TIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

bool net_link_finish(struct net_link *link, uint64_t end_us, struct reason *why)
{
	if (!end_our_side(link, end_us, why)) {
		return false;
	}
	int waiting = unsent(link);
	uint64_t stall_us = clock_monotonic_us() + STALL_US;
	for (;;) {
		const long result = read_away(link, why);
		const int left = unsent(link);
		const uint64_t now_us = clock_monotonic_us();
		if (result == 0 || result == SOCKET_BROKEN) {
			return result == 0;
		}
		if (left != waiting) {
			waiting = left;
			stall_us = now_us + STALL_US;
		}
		if (now_us >= stall_us || now_us >= end_us) {
			return reason_set(why,
				"the receiver does not end the connection behind us: "
				"what it has read is not known");
		}
		(void)socket_wait(
			link->file, SOCKET_WANT_READ, now_us + 100 * US_PER_MS);
	}
}

uint64_t net_link_heard_us(const struct net_link *link, uint64_t now_us)
{
	struct tcp_info info = {.tcpi_last_ack_recv = UINT32_MAX};
	socklen_t len = sizeof(info);
	(void)getsockopt(link->file, IPPROTO_TCP, TCP_INFO, &info, &len);
	const uint64_t ago_us = info.tcpi_last_ack_recv * US_PER_MS;
	return now_us > ago_us ? now_us - ago_us : 0;
}
