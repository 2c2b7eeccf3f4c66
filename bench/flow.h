/*
 * flow - play one script as packets, one at a time.
 *
 * A flow knows when its next packet is due; flow_step() writes that packet and
 * sets the next due time. Connection set-up and end, sequence numbers,
 * acknowledgements (one per two segments) and a rare retransmission happen here.
 */
#pragma once

#include "capture_file.h"
#include "kind.h"
#include "segment.h"

#include <stdbool.h>
#include <stdint.h>

enum flow_stage {
	FLOW_STAGE_SYN,
	FLOW_STAGE_SYN_ACK,
	FLOW_STAGE_ACK,
	FLOW_STAGE_TALK,
	FLOW_STAGE_FIN,
	FLOW_STAGE_FIN_ANSWER,
	FLOW_STAGE_LAST_ACK,
	FLOW_STAGE_OVER,
};

struct flow {
	uint64_t due_us;
	struct endpoint ends[2]; /* by enum side */
	uint32_t round_trip_us;
	uint32_t linger_us;
	enum transport transport;
	enum flow_stage stage;
	enum side closer;
	bool is_ipv6;
	bool resets;          /* the closer sends RST instead of FIN */
	enum side speaker;    /* who sent the last data */
	unsigned int unacked; /* of the speaker's segments */
	uint16_t datagram_id;
	size_t step; /* of the script, and how much of it is sent */
	uint32_t step_sent;
	struct script script;
};

/*
 * Starts the flow with running number `number`; its first packet is due at
 * `start_us`. `sizes` is borrowed until the flow is over.
 */
struct flow_start {
	const struct kind *kind;
	const struct sizes *sizes;
	uint64_t start_us;
	uint32_t number;
};

void flow_begin(
	struct flow *flow, const struct flow_start *start, struct random *random);
/* Writes one packet; false when it was the flow's last. */
bool flow_step(struct flow *flow, struct capture_file *file, struct random *random);
