#include "audit/probe_link.h"

#include "base/clock.h"
#include "base/stream_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWERS_MOST 6 /* a connection's time, in times of one answer */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t end_of_answer(const struct probe_link *link)
{
	return sooner(clock_monotonic_us() + link->patience->answer_us, link->end_us);
}

static enum probe_result fail(
	struct probe_link *link, enum probe_result result, const char *words)
{
	(void)reason_set(&link->why, "%s", words);
	return result;
}

static socklen_t fill_socket_address(
	struct sockaddr_storage *to, const struct address *address, uint16_t port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	memset(to, 0, sizeof(*to));
	if (address_is_ipv4(address)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, &address->bytes[12], 4);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	memcpy(&six->sin6_addr, address->bytes, sizeof(address->bytes));
	return sizeof(*six);
}

static enum probe_result connect_to(
	struct probe_link *link, const struct sockaddr_storage *to, socklen_t to_len)
{
	if (connect(link->file, (const struct sockaddr *)to, to_len) == 0) {
		return PROBE_DONE;
	}
	if (errno != EINPROGRESS) {
		return fail(link, PROBE_LOST, strerror(errno));
	}
	if (!socket_wait(link->file, SOCKET_WANT_WRITE, end_of_answer(link))) {
		return fail(link, PROBE_LATE, "no connection in time");
	}
	const int error = socket_error(link->file);
	return error == 0 ? PROBE_DONE : fail(link, PROBE_LOST, strerror(error));
}

enum probe_result probe_link_open(struct probe_link *link,
	const struct address *address, uint16_t port,
	const struct probe_patience *patience)
{
	struct sockaddr_storage to;
	const socklen_t to_len = fill_socket_address(&to, address, port);
	link->wire = NULL;
	link->patience = patience;
	link->end_us = sooner(clock_monotonic_us() + ANSWERS_MOST * patience->answer_us,
		patience->end_us);
	link->at = link->len = 0;
	link->line[0] = '\0';
	link->file = socket(
		to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (link->file < 0) {
		return fail(link, PROBE_LOST, strerror(errno));
	}
	const enum probe_result result = connect_to(link, &to, to_len);
	if (result != PROBE_DONE) {
		probe_link_close(link);
	}
	return result;
}

void probe_link_close(struct probe_link *link)
{
	tls_wire_free(link->wire);
	link->wire = NULL;
	if (link->file >= 0) {
		(void)close(link->file);
	}
	link->file = -1;
}

void probe_link_own_name(const struct probe_link *link, char *text, size_t size)
{
	struct sockaddr_storage own = {.ss_family = AF_UNSPEC};
	const struct sockaddr_in *four = (const struct sockaddr_in *)&own;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&own;
	socklen_t len = sizeof(own);
	char plain[ADDRESS_TEXT_BYTES];
	(void)getsockname(link->file, (struct sockaddr *)&own, &len);
	const struct address address =
		own.ss_family == AF_INET6
			? address_from_ipv6(six->sin6_addr.s6_addr)
			: address_from_ipv4((const uint8_t *)&four->sin_addr);
	(void)snprintf(text, size, "[%s%s]", own.ss_family == AF_INET6 ? "IPv6:" : "",
		address_text(&address, plain));
}

/* What could be moved now, or a want. */
static long write_some(struct probe_link *link, const char *text, size_t len)
{
	return link->wire ? tls_wire_write(link->wire, text, len, &link->why)
			  : socket_write(link->file, text, len, &link->why);
}

static long read_some(struct probe_link *link)
{
	char *const bytes = link->bytes;
	const size_t size = sizeof(link->bytes);
	return link->wire ? tls_wire_read(link->wire, bytes, size, &link->why)
			  : socket_read(link->file, bytes, size, &link->why);
}

enum probe_result probe_link_write(struct probe_link *link, const char *text)
{
	const uint64_t end_us = end_of_answer(link);
	for (size_t at = 0, len = strlen(text); at < len;) {
		const long written = write_some(link, text + at, len - at);
		if (written > 0) {
			at += (size_t)written;
		} else if (written == SOCKET_BROKEN) {
			return PROBE_LOST;
		} else if (written == 0) {
			return fail(link, PROBE_LOST, "the server ended the session");
		} else if (!socket_wait(link->file, written, end_us)) {
			return fail(link, PROBE_LATE, "the server takes nothing more");
		}
	}
	return PROBE_DONE;
}

static enum probe_result fill(struct probe_link *link, uint64_t end_us)
{
	long got;
	while ((got = read_some(link)) < 0) {
		if (got == SOCKET_BROKEN) {
			return PROBE_LOST;
		}
		if (!socket_wait(link->file, got, end_us)) {
			return fail(link, PROBE_LATE, "no answer in time");
		}
	}
	if (got == 0) {
		return fail(link, PROBE_LOST, "the server ended the connection");
	}
	link->at = 0;
	link->len = (size_t)got;
	return PROBE_DONE;
}

/* Without its CR; what is no text in it is '?'. */
static void end_line(struct probe_link *link, size_t len)
{
	if (len > 0 && link->line[len - 1] == '\r') {
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		if (link->line[i] < ' ' || link->line[i] > '~') {
			link->line[i] = '?';
		}
	}
	link->line[len] = '\0';
}

enum probe_result probe_link_line(struct probe_link *link)
{
	const uint64_t end_us = end_of_answer(link);
	size_t len = 0;
	for (;;) {
		const char *at = link->bytes + link->at;
		const size_t more = link->len - link->at;
		const char *end = more > 0 ? memchr(at, '\n', more) : NULL;
		const size_t part = end ? (size_t)(end - at) : more;
		if (len + part >= sizeof(link->line)) {
			return fail(link, PROBE_ODD, "its line is too long");
		}
		memcpy(link->line + len, at, part);
		len += part;
		link->at += part + (end ? 1 : 0);
		if (end) {
			end_line(link, len);
			return PROBE_DONE;
		}
		const enum probe_result result = fill(link, end_us);
		if (result != PROBE_DONE) {
			return result;
		}
		if (clock_monotonic_us() >= end_us) { /* byte by byte, for ever */
			return fail(link, PROBE_LATE, "no answer in time");
		}
	}
}

bool probe_link_has_more(const struct probe_link *link)
{
	return link->at < link->len;
}

static enum probe_result shake_hands(struct probe_link *link)
{
	const uint64_t end_us = end_of_answer(link);
	long want;
	while ((want = tls_wire_shake_hands(link->wire, &link->why)) != 0) {
		if (want == SOCKET_BROKEN) {
			return PROBE_REFUSED;
		}
		if (!socket_wait(link->file, want, end_us)) {
			return fail(link, PROBE_LATE, "no TLS handshake in time");
		}
	}
	return PROBE_DONE;
}

enum probe_result probe_link_start_tls(struct probe_link *link,
	const struct tls_offers *offers, enum tls_offer offer, const char *name)
{
	link->at = link->len = 0;
	link->wire = tls_wire_new(offers, offer, link->file, name);
	if (!link->wire) {
		return fail(link, PROBE_LOST, "no memory");
	}
	return shake_hands(link);
}
