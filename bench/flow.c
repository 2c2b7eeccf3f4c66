#include "flow.h"

#include <string.h>

enum {
	PAYLOAD_MAX_IPV4 = 1448,
	PAYLOAD_MAX_IPV6 = 1428,
	CLIENT_PORTS = 45000,
	CLIENT_PORT_FIRST = 20000,
	SEGMENTS_PER_RETRANSMISSION = 1000,
};

static void begin_endpoint(struct endpoint *end, enum place place, uint16_t port)
{
	const uint8_t hardware[6] = {0x02, 0, 0x5e, 0, 0, (uint8_t)place};

	memcpy(end->hardware, hardware, sizeof(hardware));
	end->port = port;
}

void flow_begin(
	struct flow *flow, const struct flow_start *start, struct random *random)
{
	const struct kind *kind = start->kind;
	/* 7919 is prime to the number of ports: a port comes back as late as it can. */
	const uint32_t port = CLIENT_PORT_FIRST +
			      (uint32_t)((uint64_t)start->number * 7919 % CLIENT_PORTS);

	flow->due_us = start->start_us;
	flow->round_trip_us = random_size(random, 20000, 2);
	flow->linger_us = random_below(random, start->sizes->linger_us);
	flow->transport = kind->transport;
	flow->stage =
		kind->transport == TRANSPORT_UDP ? FLOW_STAGE_TALK : FLOW_STAGE_SYN;
	flow->closer = random_chance(random, 60) ? SIDE_CLIENT : SIDE_SERVER;
	flow->is_ipv6 = random_chance(random, 30);
	flow->resets = random_chance(random, 8);
	flow->speaker = SIDE_CLIENT;
	flow->unacked = 0;
	flow->datagram_id = (uint16_t)random_u32(random);
	flow->step = 0;
	flow->step_sent = 0;
	begin_endpoint(&flow->ends[SIDE_CLIENT], kind->from, (uint16_t)port);
	begin_endpoint(&flow->ends[SIDE_SERVER], kind->to, kind->port);
	place_address(
		kind->from, flow->is_ipv6, random, flow->ends[SIDE_CLIENT].address);
	place_address(kind->to, flow->is_ipv6, random, flow->ends[SIDE_SERVER].address);
	for (unsigned int side = 0; side < 2; side++) {
		flow->ends[side].sequence = random_u32(random);
		flow->ends[side].clock_ms = random_u32(random);
	}
	script_clear(&flow->script, random, start->sizes);
	if (kind->write != NULL) {
		kind->write(&flow->script, kind);
	}
}

static enum side other(enum side side)
{
	return side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

static size_t segment_room(const struct flow *flow)
{
	return flow->is_ipv6 ? PAYLOAD_MAX_IPV6 : PAYLOAD_MAX_IPV4;
}

/* Copies what fits into one segment (or datagram) and moves on in the script. */
static size_t take_payload(struct flow *flow, uint8_t *payload)
{
	const struct step *first = &flow->script.steps[flow->step];
	const size_t room = segment_room(flow);
	size_t len = 0;

	while (flow->step < flow->script.step_count && len < room) {
		const struct step *step = &flow->script.steps[flow->step];
		const bool is_joined = flow->transport == TRANSPORT_TCP &&
				       step->side == first->side && step->pause_us == 0;

		if (step != first && !is_joined) {
			break;
		}
		const size_t left = step->len - flow->step_sent;
		const size_t part = left < room - len ? left : room - len;

		memcpy(payload + len, step->bytes + flow->step_sent, part);
		len += part;
		flow->step_sent += (uint32_t)part;
		if (flow->step_sent == step->len) {
			flow->step++;
			flow->step_sent = 0;
		}
	}
	return len;
}

static struct segment segment_from(struct flow *flow, enum side from, uint8_t flags)
{
	const struct segment segment = {
		.from = &flow->ends[from],
		.to = &flow->ends[other(from)],
		.is_ipv6 = flow->is_ipv6,
		.is_udp = flow->transport == TRANSPORT_UDP,
		.flags = flags,
		.datagram_id = flow->datagram_id++,
	};
	return segment;
}

static void send_bare(
	struct flow *flow, struct capture_file *file, enum side from, uint8_t flags)
{
	const struct segment segment = segment_from(flow, from, flags);
	uint8_t *frame = capture_file_reserve(file);

	capture_file_commit(file, flow->due_us, segment_finish(frame, &segment, 0));
	if ((flags & (SEGMENT_SYN | SEGMENT_FIN)) != 0) {
		flow->ends[from].sequence++;
	}
}

/* How long after the speaker's last segment the next packet of the flow follows. */
static uint32_t pause_after_data(const struct flow *flow, struct random *random)
{
	if (flow->step == flow->script.step_count) {
		return flow->round_trip_us / 2 + flow->linger_us;
	}
	const struct step *next = &flow->script.steps[flow->step];

	if (flow->step_sent > 0 ||
		(next->side == flow->speaker && next->pause_us == 0)) {
		return random_between(random, 15, 250);
	}
	return next->pause_us + flow->round_trip_us / 2 + random_below(random, 3000);
}

static void send_data(
	struct flow *flow, struct capture_file *file, struct random *random)
{
	const enum side from = flow->script.steps[flow->step].side;
	const struct segment segment =
		segment_from(flow, from, SEGMENT_ACK | SEGMENT_PSH);
	uint8_t *frame = capture_file_reserve(file);
	const size_t payload_len =
		take_payload(flow, frame + segment_header_len(&segment));
	const size_t frame_len = segment_finish(frame, &segment, payload_len);

	capture_file_commit(file, flow->due_us, frame_len);
	if (random_below(random, SEGMENTS_PER_RETRANSMISSION) == 0 && !segment.is_udp) {
		memcpy(capture_file_reserve(file), frame, frame_len);
		capture_file_commit(file, flow->due_us, frame_len);
	}
	flow->ends[from].sequence += (uint32_t)payload_len;
	if (!segment.is_udp) {
		flow->unacked = from == flow->speaker ? flow->unacked + 1 : 1;
	}
	flow->speaker = from;
	flow->due_us += flow->unacked >= 2 ? random_between(random, 10, 120)
					   : pause_after_data(flow, random);
}

static void talk(struct flow *flow, struct capture_file *file, struct random *random)
{
	if (flow->unacked >= 2) {
		send_bare(flow, file, other(flow->speaker), SEGMENT_ACK);
		flow->unacked = 0;
		flow->due_us += pause_after_data(flow, random);
	} else if (flow->step < flow->script.step_count) {
		send_data(flow, file, random);
	}
	if (flow->step == flow->script.step_count && flow->unacked < 2) {
		flow->stage = flow->transport == TRANSPORT_UDP ? FLOW_STAGE_OVER
							       : FLOW_STAGE_FIN;
	}
}

static void refuse_or_accept(struct flow *flow, struct capture_file *file)
{
	if (flow->transport == TRANSPORT_TCP_REFUSED) {
		flow->ends[SIDE_SERVER].sequence = 0; /* RFC 9293, 3.5.2 */
		send_bare(flow, file, SIDE_SERVER, SEGMENT_RST | SEGMENT_ACK);
		flow->stage = FLOW_STAGE_OVER;
		return;
	}
	send_bare(flow, file, SIDE_SERVER, SEGMENT_SYN | SEGMENT_ACK);
	flow->stage = FLOW_STAGE_ACK;
	flow->due_us += flow->round_trip_us / 2;
}

static void finish(struct flow *flow, struct capture_file *file)
{
	if (flow->resets) {
		send_bare(flow, file, flow->closer, SEGMENT_RST | SEGMENT_ACK);
		flow->stage = FLOW_STAGE_OVER;
		return;
	}
	send_bare(flow, file, flow->closer, SEGMENT_FIN | SEGMENT_ACK);
	flow->stage = FLOW_STAGE_FIN_ANSWER;
	flow->due_us += flow->round_trip_us / 2;
}

bool flow_step(struct flow *flow, struct capture_file *file, struct random *random)
{
	const uint64_t before_us = flow->due_us;

	switch (flow->stage) {
	case FLOW_STAGE_SYN:
		send_bare(flow, file, SIDE_CLIENT, SEGMENT_SYN);
		flow->stage = FLOW_STAGE_SYN_ACK;
		flow->due_us += flow->round_trip_us / 2;
		break;
	case FLOW_STAGE_SYN_ACK:
		refuse_or_accept(flow, file);
		break;
	case FLOW_STAGE_ACK:
		send_bare(flow, file, SIDE_CLIENT, SEGMENT_ACK);
		flow->stage = FLOW_STAGE_TALK;
		flow->due_us += random_between(random, 50, 3000);
		break;
	case FLOW_STAGE_TALK:
		talk(flow, file, random);
		break;
	case FLOW_STAGE_FIN:
		finish(flow, file);
		break;
	case FLOW_STAGE_FIN_ANSWER:
		send_bare(flow, file, other(flow->closer), SEGMENT_FIN | SEGMENT_ACK);
		flow->stage = FLOW_STAGE_LAST_ACK;
		flow->due_us += flow->round_trip_us / 2;
		break;
	case FLOW_STAGE_LAST_ACK:
		send_bare(flow, file, flow->closer, SEGMENT_ACK);
		flow->stage = FLOW_STAGE_OVER;
		break;
	case FLOW_STAGE_OVER:
		break;
	}
	const uint32_t passed_ms =
		(uint32_t)(flow->due_us / 1000) - (uint32_t)(before_us / 1000);

	flow->ends[SIDE_CLIENT].clock_ms += passed_ms;
	flow->ends[SIDE_SERVER].clock_ms += passed_ms;
	return flow->stage != FLOW_STAGE_OVER;
}
