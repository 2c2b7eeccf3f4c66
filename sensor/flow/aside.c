#include "flow/aside.h"

#include "base/cold.h"
#include "flow/options.h"
#include "flow/segments.h"

#include <string.h>

/* A longer segment is summed only among a side's first bytes: its head tells a copy. */
#define SUMMED_BYTES 512

/* A longer one was put together from several, and its sum left out, by the own host. */
#define SEGMENT_BYTES_USUAL 1460

/* RFC 9293 section 3.10.7.4: such a segment is answered, and not taken. */
static bool is_unsent(const struct stream *stream, const struct flow *flow,
	unsigned side, const struct packet *packet)
{
	const struct stream_side *other = &stream->sides[!side];
	const bool is_fin_counted = flow->fins & 1U << !side;
	return other->is_synchronised && other->first_segment == POOL_NONE &&
	       other->first_aside == POOL_NONE && !is_fin_counted &&
	       sequence_diff(packet->acknowledgement, other->next_sequence) > 0;
}

static bool is_sum_wrong(
	const struct flow *flow, unsigned side, const struct packet *packet)
{
	const bool is_summed = packet->payload_len <= SUMMED_BYTES ||
			       flow->bytes[side] <= STREAM_SUMMED_FIRST_BYTES;
	const bool is_sound = flow->sound & 1U << side;
	if (!is_summed || !packet_has_sum(packet) ||
		!(is_sound || flow->carded & 1U << side)) {
		return false;
	}
	const enum checksum_result sum = packet_sum(packet);
	return sum == CHECKSUM_WRONG ||
	       (sum == CHECKSUM_OFFLOADED && is_sound &&
		       packet->payload_len <= SEGMENT_BYTES_USUAL);
}

/*
 * The other side has all there is and gives no leave for this. Had it given more, and the
 * capture missed that, it would be in the midst of it.
 */
static bool is_outside_window(
	const struct stream_side *from, const struct packet *packet)
{
	return from->has_window && from->is_acknowledged &&
	       from->acknowledged == from->next_sequence &&
	       sequence_diff(packet->sequence, from->window_end) >= 0;
}

/* RFC 7323 section 5.3, and section 3.2 of segments without one. */
static bool is_clock_wrong(const struct stream_side *from, const struct packet *packet,
	const struct tcp_options *options)
{
	const uint32_t end = packet->sequence + packet->payload_wire_len;
	return from->has_timestamp && sequence_diff(end, from->next_sequence) > 0 &&
	       (!options->has_timestamp ||
		       sequence_diff(options->timestamp, from->timestamp) < 0);
}

/* What the receiver's TCP has against it, whatever hosts are between. */
static enum flow_doubt doubt_by_header(const struct stream *stream,
	const struct flow *flow, unsigned side, const struct packet *packet)
{
	const struct stream_side *from = &stream->sides[side];
	const struct tcp_options options = options_of(packet);
	if (is_clock_wrong(from, packet, &options)) {
		return FLOW_DOUBT_TIMESTAMP;
	}
	if (options.is_signed && !from->is_signed) {
		return FLOW_DOUBT_SIGNED;
	}
	if (is_unsent(stream, flow, side, packet)) {
		return FLOW_DOUBT_UNSENT;
	}
	/* one that waits in vain must not take the room of the others */
	return is_outside_window(from, packet) && from->aside_count < STREAM_ASIDE_MAX
		       ? FLOW_DOUBT_WINDOW
		       : FLOW_DOUBT_NONE;
}

static enum flow_doubt doubt_of(const struct streams *streams,
	const struct stream *stream, const struct flow *flow, unsigned side,
	const struct packet *packet)
{
	if (packet->tcp_flags & TCP_SYN) {
		return FLOW_DOUBT_SYN;
	}
	if (flow->packets[!side] == 0) { /* nobody will tell */
		return FLOW_DOUBT_NONE;
	}
	if (!(packet->tcp_flags & TCP_ACK)) {
		return FLOW_DOUBT_NO_ACK;
	}
	if (is_sum_wrong(flow, side, packet)) {
		return FLOW_DOUBT_CHECKSUM;
	}
	if (packet->is_version_guessed) {
		return FLOW_DOUBT_FRAGMENTS;
	}
	if (streams->is_gate) {
		return is_outside_window(&stream->sides[side], packet)
			       ? FLOW_DOUBT_WINDOW
			       : FLOW_DOUBT_NONE;
	}
	return packet->ttl < flow->ttl[side]
		       ? FLOW_DOUBT_TTL
		       : doubt_by_header(stream, flow, side, packet);
}

static uint32_t window_of(const struct flow *flow, unsigned side, uint16_t window)
{
	const unsigned known = flow->scales >> (4 * side) & 15U;
	const unsigned scale = known == 15 ? 14 : known; /* the most there is */
	return (uint32_t)window << scale;
}

static void note_window(struct stream_side *from, uint32_t end)
{
	if (!from->has_window || sequence_diff(end, from->window_end) > 0) {
		from->has_window = true;
		from->window_end = end;
	}
}

static void note_clock(struct stream_side *own, const struct packet *packet)
{
	const struct tcp_options options = options_of(packet);
	if (!options.has_timestamp ||
		sequence_diff(packet->sequence, own->next_sequence) > 0) {
		return;
	}
	if (!own->has_timestamp ||
		sequence_diff(options.timestamp, own->timestamp) > 0) {
		own->has_timestamp = true;
		own->timestamp = options.timestamp;
	}
}

void aside_note(struct stream *stream, const struct flow *flow, unsigned side,
	const struct packet *packet)
{
	const bool is_plain =
		(packet->tcp_flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK;
	struct stream_side *own = &stream->sides[side];
	if (is_plain) {
		note_window(&stream->sides[!side],
			packet->acknowledgement +
				window_of(flow, side, packet->window));
	}
	if (is_plain && own->is_synchronised && packet->ttl >= flow->ttl[side]) {
		note_clock(own, packet);
	}
}

/*
 * Where packets wait for our word: no receiver takes it, so that it may be kept from him.
 * A byte alone may be a probe of a closed window.
 */
static bool is_refused(const struct streams *streams, enum flow_doubt doubt,
	const struct packet *packet)
{
	return streams->is_gate &&
	       (doubt == FLOW_DOUBT_NO_ACK || doubt == FLOW_DOUBT_CHECKSUM ||
		       (doubt == FLOW_DOUBT_WINDOW && packet->payload_len > 1));
}

bool aside_is_refused(struct streams *streams, const struct stream *stream,
	const struct flow *flow, unsigned side, const struct packet *packet)
{
	const bool is_odd =
		streams->is_gate &&
		is_refused(
			streams, doubt_of(streams, stream, flow, side, packet), packet);
	streams->is_odd = streams->is_odd || is_odd;
	return is_odd;
}

/* The list is STREAM_ASIDE_MAX long at most, and so is each walk of it. */
static void append(struct streams *streams, struct stream_side *from, uint32_t index)
{
	uint32_t *link = &from->first_aside;
	while (*link != POOL_NONE) {
		link = &segment_at(streams, *link)->next;
	}
	*link = index;
	from->aside_count++;
	streams->counters->set_aside++;
}

/* NULL: there is no room. */
static COLD struct segment *keep_aside(struct streams *streams,
	struct stream_side *from, const struct flow *flow, unsigned side,
	const struct packet *packet)
{
	const uint32_t index =
		from->aside_count < STREAM_ASIDE_MAX
			? segment_take(streams, flow, side, from->aside_count)
			: POOL_NONE;
	if (index == POOL_NONE) {
		return NULL;
	}
	struct segment *segment = segment_at(streams, index);
	segment->next = POOL_NONE;
	segment->sequence = packet->sequence + ((packet->tcp_flags & TCP_SYN) != 0);
	segment->len = packet->payload_len;
	segment->ttl = packet->ttl;
	segment->is_passed_over = false;
	memcpy(segment->bytes, packet->payload, packet->payload_len);
	append(streams, from, index);
	return segment;
}

bool aside_packet(struct streams *streams, struct stream *stream,
	const struct flow *flow, unsigned side, const struct packet *packet)
{
	struct stream_side *from = &stream->sides[side];
	const enum flow_doubt doubt = doubt_of(streams, stream, flow, side, packet);
	if (doubt == FLOW_DOUBT_NONE) {
		return false;
	}
	const bool is_odd = is_refused(streams, doubt, packet);
	streams->is_odd = streams->is_odd || is_odd;
	if (packet->payload_len > SEGMENT_DATA_BYTES ||
		packet->payload_len < packet->payload_wire_len) {
		return is_odd;
	}
	struct segment *segment = keep_aside(streams, from, flow, side, packet);
	if (!segment) {
		from->is_aside_full = !is_odd && from->aside_count > 0;
		return is_odd;
	}
	segment->doubt = (uint8_t)doubt;
	return true;
}

COLD struct flow_reading aside_reading(struct text bytes)
{
	struct flow_reading reading = {
		.len = (uint16_t)(bytes.len < UINT16_MAX ? bytes.len : UINT16_MAX),
		.kept = (uint8_t)(bytes.len < FLOW_READING_BYTES ? bytes.len
								 : FLOW_READING_BYTES)};
	memcpy(reading.bytes, bytes.at, reading.kept);
	return reading;
}

/* Whether the segment says other bytes than these, which begin at sequence. */
static bool is_other_version(
	const struct segment *segment, uint32_t sequence, struct text bytes)
{
	const int64_t start = sequence_diff(segment->sequence, sequence);
	const int64_t end = start + segment->len;
	const int64_t from = start > 0 ? start : 0;
	const int64_t to = end < (int64_t)bytes.len ? end : (int64_t)bytes.len;
	return from < to && memcmp(segment->bytes + (from - start), bytes.at + from,
				    (size_t)(to - from)) != 0;
}

static uint32_t unlink_aside(
	struct streams *streams, struct stream_side *from, uint32_t *link)
{
	const uint32_t index = *link;
	*link = segment_at(streams, index)->next;
	from->aside_count--;
	from->is_aside_full = from->is_aside_full && from->aside_count > 0;
	return index;
}

/* STREAM_ASIDE_MAX steps at most, and as many below. */
COLD bool aside_compare(struct streams *streams, struct stream_side *from,
	struct text bytes, struct flow_ambiguity *ambiguity)
{
	const uint32_t sequence = from->next_sequence;
	const uint32_t end = sequence + (uint32_t)bytes.len;
	bool is_other = false;
	for (uint32_t *link = &from->first_aside; *link != POOL_NONE;) {
		const struct segment *segment = segment_at(streams, *link);
		const bool is_changed = is_other_version(segment, sequence, bytes);
		if (is_changed && !is_other) {
			is_other = true;
			ambiguity->doubt = segment->doubt;
			ambiguity->first = aside_reading(
				(struct text){segment->bytes, segment->len});
			ambiguity->second = aside_reading(bytes);
		}
		if (is_changed ||
			sequence_diff(segment->sequence + segment->len, end) <= 0) {
			streams->counters->not_taken++;
			segment_give(streams, unlink_aside(streams, from, link));
		} else {
			link = &segment_at(streams, *link)->next;
		}
	}
	return is_other;
}

/* What it was doubted for is no reason any more: such packets of this side arrive. */
static void believe(struct stream_side *from, struct flow *flow, unsigned side,
	const struct segment *segment)
{
	if (segment->doubt == FLOW_DOUBT_TTL) {
		flow->ttl[side] = segment->ttl;
	} else if (segment->doubt == FLOW_DOUBT_CHECKSUM) {
		flow->sound = (flow->sound & ~(1U << side)) & 3U;
		flow->carded = (flow->carded & ~(1U << side)) & 3U;
	} else if (segment->doubt == FLOW_DOUBT_TIMESTAMP) {
		from->has_timestamp = false;
	} else if (segment->doubt == FLOW_DOUBT_SIGNED) {
		from->is_signed = true;
	}
}

COLD uint32_t aside_take(struct streams *streams, struct stream_side *from,
	struct flow *flow, unsigned side, uint32_t acknowledgement)
{
	uint32_t *link = &from->first_aside;
	while (*link != POOL_NONE) {
		struct segment *segment = segment_at(streams, *link);
		const uint32_t end = segment->sequence + segment->len;
		if (stream_is_near(acknowledgement, end) &&
			sequence_diff(acknowledgement, end) >= 0) {
			believe(from, flow, side, segment);
			segment->is_passed_over = false;
			return unlink_aside(streams, from, link);
		}
		segment->is_passed_over = true;
		link = &segment->next;
	}
	return POOL_NONE;
}

uint32_t aside_take_any(struct streams *streams, struct stream_side *from)
{
	return from->first_aside == POOL_NONE
		       ? POOL_NONE
		       : unlink_aside(streams, from, &from->first_aside);
}
