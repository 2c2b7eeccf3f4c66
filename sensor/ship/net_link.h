/*
 * ship/net_link - one connection to a receiver that never answers: TCP, TLS over it, or
 * UDP.
 *
 * Nobody acknowledges syslog. What TCP tells is when the other end ends its side, too,
 * and whether it had read all by then: a socket that is closed with bytes unread resets
 * the connection (RFC 1122, section 4.2.2.13). So an end in order behind ours says that
 * every byte was read. Knows nothing of messages. Every call waits until its end_us
 * (monotonic) at most.
 */
#pragma once

#include "ship/addresses.h"
#include "ship/net_tls.h"

#include <stdbool.h>
#include <stdint.h>

enum net_transport { NET_TCP = 0, NET_TLS, NET_UDP };

struct net_target {
	char host[ADDRESS_HOST_BYTES]; /* as the settings name it */
	char address[ADDRESS_BYTES];
	uint16_t port;
	enum net_transport transport;
};

struct net_link {
	int file; /* -1: none */
	enum net_transport transport;
	struct net_tls_session *session; /* NULL: in clear */
	size_t noise;                    /* bytes that the receiver said */
};

/* tls: for NET_TLS, else NULL. False with a reason; then nothing is open. */
bool net_link_open(struct net_link *link, const struct net_target *target,
	struct net_tls *tls, uint64_t end_us, struct reason *why);
void net_link_close(struct net_link *link);

/* All of it to the kernel; by UDP as one datagram. */
bool net_link_write(struct net_link *link, const char *text, size_t len,
	uint64_t end_us, struct reason *why);

/* Whether the receiver still stands at the other end, as far as is known here. */
bool net_link_stands(struct net_link *link, struct reason *why);

/*
 * End our side and wait for the other. True: the receiver has read all and ended its own.
 * False: nobody knows how much it has read.
 */
bool net_link_finish(struct net_link *link, uint64_t end_us, struct reason *why);

/* When its kernel last answered, monotonic; within a second where all is quiet. */
uint64_t net_link_heard_us(const struct net_link *link, uint64_t now_us);
