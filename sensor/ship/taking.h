/*
 * ship/taking - records for a reader on this machine, until it took them.
 *
 * A socket of this machine acknowledges nothing; what its reader took out of it is
 * delivered. The output says how it reaches its reader, gives it a record and sees
 * what it took; here is when that is an acknowledgement and when it lasts too long.
 */
#pragma once

#include "ship/log_socket.h"
#include "ship/shipper.h"

/* Of an output; its state is given to each. */
struct taking_steps {
	bool (*attach)(void *state, struct reason *why); /* or attached already */
	bool (*send)(void *state, const struct event *event, struct reason *why);
	enum log_socket_state (*look)(const void *state);
	void (*detach)(void *state);
};

struct taking {
	const struct taking_steps *steps;
	void *state;
	const char *path;    /* of the socket, for reasons */
	size_t unacked;      /* sent, maybe still in the socket */
	uint64_t unacked_us; /* since when */
};

/* The send of a shipper. Detached behind SHIPPER_AGAIN. */
enum shipper_result taking_send(struct taking *taking, const struct event *events,
	size_t count, size_t *acked, struct reason *why);
