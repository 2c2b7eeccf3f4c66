#include "ship/taking.h"

#include "base/clock.h"

#define TAKEN_US UINT64_C(30000000) /* longest that sent records may wait */

/* What is with the reader now. False: some of it may be gone with one that ended. */
static bool take_acks(struct taking *taking, size_t *acked, struct reason *why)
{
	if (taking->unacked == 0) {
		return true;
	}
	switch (taking->steps->look(taking->state)) {
	case LOG_SOCKET_TAKEN:
		*acked = taking->unacked;
		taking->unacked = 0;
		return true;
	case LOG_SOCKET_WAITS:
		return clock_monotonic_us() - taking->unacked_us < TAKEN_US ||
		       reason_set(
			       why, "%.107s: its reader does not read", taking->path);
	case LOG_SOCKET_GONE:
		break;
	}
	return reason_set(why, "%.107s: its reader ended", taking->path);
}

enum shipper_result taking_send(struct taking *taking, const struct event *events,
	size_t count, size_t *acked, struct reason *why)
{
	bool is_sent = taking->steps->attach(taking->state, why);
	if (taking->unacked == 0) {
		taking->unacked_us = clock_monotonic_us();
	}
	for (size_t i = 0; i < count && is_sent; i++) {
		is_sent = taking->steps->send(taking->state, &events[i], why);
		taking->unacked += is_sent ? 1 : 0;
	}
	if (is_sent && take_acks(taking, acked, why)) {
		return SHIPPER_DELIVERED;
	}
	taking->steps->detach(taking->state);
	taking->unacked = 0;
	return SHIPPER_AGAIN;
}
