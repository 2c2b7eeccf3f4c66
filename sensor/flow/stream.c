#include "flow/stream.h"

#include "base/cold.h"
#include "flow/aside.h"
#include "flow/copies.h"
#include "flow/other.h"
#include "flow/segments.h"
#include "flow/waiting.h"

#include <string.h>

/* The largest window believed: RFC 7323 allows 1 GiB, mail needs far less. */
#define WINDOW_BYTES (4 << 20)

/* After this many strays in a row the sequence numbers are believed anew. */
#define STRAYS_MAX 3

static void clear_side(struct stream_side *side)
{
	memset(side, 0, sizeof(*side));
	side->first_segment = POOL_NONE;
	side->first_aside = POOL_NONE;
}

void stream_init(struct stream *stream)
{
	for (unsigned side = 0; side < 2; side++) {
		clear_side(&stream->sides[side]);
	}
	stream->resets = 0;
	stream->has_syn = false;
	stream->has_syn_answer = false;
	stream->has_former = false;
	stream->words_afar[0] = stream->words_afar[1] = 0;
}

void stream_synchronise(struct stream_side *side, uint32_t sequence)
{
	side->next_sequence = sequence;
	side->is_synchronised = true;
}

/* Payload on its way into the stream. */
struct arrival {
	uint32_t sequence;
	uint32_t wire_len;
	struct text bytes;
};

static bool is_watched(const struct flow *flow)
{
	return flow->stream != POOL_NONE && !flow->is_muted;
}

static COLD void tell_ambiguity(struct streams *streams, struct flow *flow,
	const struct flow_ambiguity *ambiguity)
{
	streams->counters->ambiguous++;
	if (is_watched(flow)) {
		streams->handler->ambiguous(streams->handler->context, flow, ambiguity);
	}
}

/* Two versions of the same bytes, up to end: told unless the other side had the first. */
static COLD void note_versions(struct streams *streams, const struct stream *stream,
	struct flow *flow, uint32_t end, struct flow_ambiguity *ambiguity)
{
	const struct stream_side *from = &stream->sides[ambiguity->side];
	streams->counters->overlaps_conflicting++;
	streams->is_odd = true;
	if (!from->is_acknowledged || sequence_diff(from->acknowledged, end) < 0) {
		ambiguity->doubt = FLOW_DOUBT_VERSIONS;
		tell_ambiguity(streams, flow, ambiguity);
	}
}

/* Against what was delivered lately. */
static COLD void check_copy(struct streams *streams, const struct stream *stream,
	struct flow *flow, unsigned side, const struct arrival *arrival)
{
	const struct stream_piece *piece =
		copies_find_other(stream, side, arrival->sequence, arrival->bytes);
	if (piece) {
		struct flow_ambiguity ambiguity = {.side = (uint8_t)side,
			.first = aside_reading(copies_head(piece)),
			.second = aside_reading(arrival->bytes)};
		ambiguity.first.len = piece->len;
		note_versions(streams, stream, flow, piece->sequence + piece->len,
			&ambiguity);
	}
}

static COLD void report_gap(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, uint32_t missing)
{
	streams->counters->gaps++;
	streams->counters->gap_bytes += missing;
	stream->sides[side].next_sequence += missing;
	if (is_watched(flow)) {
		streams->handler->gap(streams->handler->context, flow, side, missing);
	}
}

static void hand_over(
	struct streams *streams, struct flow *flow, unsigned side, struct text bytes)
{
	if (bytes.len > 0 && is_watched(flow)) {
		streams->handler->bytes(streams->handler->context, flow, side, bytes);
	}
}

/*
 * Linux, Windows and the BSDs take the byte at the urgent pointer out of the stream, unless
 * the program asked otherwise (RFC 6093 section 3): the others are read, and it is told.
 */
static COLD void hand_over_around_urgent(struct streams *streams, struct flow *flow,
	unsigned side, struct text bytes, size_t at)
{
	const struct text before = {bytes.at, at};
	const struct text behind = {bytes.at + at + 1, bytes.len - at - 1};
	const struct flow_ambiguity ambiguity = {.doubt = FLOW_DOUBT_URGENT,
		.side = (uint8_t)side,
		.first = aside_reading(bytes),
		.second = aside_reading(before)};
	tell_ambiguity(streams, flow, &ambiguity);
	hand_over(streams, flow, side, before);
	hand_over(streams, flow, side, behind);
}

/* Of what was set aside: these bytes were taken in its place. */
static COLD void settle_aside(struct streams *streams, struct stream_side *from,
	struct flow *flow, unsigned side, struct text bytes)
{
	struct flow_ambiguity ambiguity = {.side = (uint8_t)side};
	if (aside_compare(streams, from, bytes, &ambiguity)) {
		tell_ambiguity(streams, flow, &ambiguity);
	}
}

static void deliver_bytes(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct text bytes)
{
	struct stream_side *from = &stream->sides[side];
	const uint32_t sequence = from->next_sequence;
	if (from->first_aside != POOL_NONE) {
		settle_aside(streams, from, flow, side, bytes);
	}
	copies_remember(
		stream, side, bytes, flow->bytes[side] <= STREAM_SUMMED_FIRST_BYTES);
	from->next_sequence += (uint32_t)bytes.len;
	from->refused = 0;
	from->acks_behind = 0;
	const uint32_t urgent_at = from->urgent_sequence - sequence;
	if (from->has_urgent && urgent_at < bytes.len) {
		from->has_urgent = false;
		hand_over_around_urgent(streams, flow, side, bytes, urgent_at);
		return;
	}
	hand_over(streams, flow, side, bytes);
}

/* Deliver what waits and follows on without a hole; each turn gives bytes of a slot. */
static COLD void drain_ready(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side)
{
	struct stream_side *from = &stream->sides[side];
	while (is_watched(flow) && from->first_segment != POOL_NONE) {
		const struct text bytes = waiting_ready(streams, from);
		if (bytes.len == 0) {
			break;
		}
		deliver_bytes(streams, stream, flow, side, bytes);
	}
	if (from->first_segment == POOL_NONE) {
		from->kept = 0;
	}
}

/* Give the hole in front of the first waiting byte up. */
static COLD void skip_hole(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side)
{
	struct stream_side *from = &stream->sides[side];
	uint32_t sequence = from->next_sequence;
	if (waiting_first(streams, from, &sequence) &&
		sequence != from->next_sequence) {
		report_gap(streams, stream, flow, side, sequence - from->next_sequence);
	}
	drain_ready(streams, stream, flow, side);
}

/* As many rounds as segments wait; what they deliver lets none wait anew. */
static void flush_side(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side)
{
	while (is_watched(flow) && stream->sides[side].first_segment != POOL_NONE) {
		skip_hole(streams, stream, flow, side);
	}
}

/* What waits came first: a later version of the same bytes is told. */
static COLD void check_waiting(struct streams *streams, const struct stream *stream,
	struct flow *flow, unsigned side, const struct arrival *arrival)
{
	const struct waiting_piece piece = {arrival->sequence, arrival->bytes};
	struct waiting_piece waiting;
	if (waiting_find_other(streams, &stream->sides[side], piece, &waiting)) {
		struct flow_ambiguity ambiguity = {.side = (uint8_t)side,
			.first = aside_reading(waiting.bytes),
			.second = aside_reading(arrival->bytes)};
		note_versions(streams, stream, flow,
			waiting.sequence + (uint32_t)waiting.bytes.len, &ambiguity);
	}
}

/* False: what is left of the arrival finds all slots of its side taken. */
static COLD bool keep_for_later(struct streams *streams, struct stream_side *from,
	const struct flow *flow, unsigned side, struct arrival *arrival)
{
	while (arrival->bytes.len > 0) {
		const size_t len = waiting_keep(streams, from, flow, side,
			(struct waiting_piece){arrival->sequence, arrival->bytes});
		if (len == 0) {
			return from->segment_count < STREAM_SEGMENTS_MAX;
		}
		arrival->sequence += (uint32_t)len;
		arrival->wire_len -= (uint32_t)len;
		arrival->bytes.at += len;
		arrival->bytes.len -= len;
	}
	return true;
}

/* The slot that is furthest from the hole, or the arrival when that is. True: there is room. */
static bool drop_furthest(struct streams *streams, struct stream_side *from,
	const struct arrival *arrival)
{
	const uint32_t last = waiting_last(streams, from);
	const bool is_arrival = sequence_diff(arrival->sequence, last) >= 0;
	const uint32_t furthest = is_arrival ? arrival->sequence : last;
	streams->counters->segments_refused++;
	if (!from->has_window || sequence_diff(furthest, from->window_end) < 0) {
		from->refused++; /* else its receiver refuses it as well */
	}
	if (is_arrival) {
		return false;
	}
	waiting_drop_last(streams, from);
	return true;
}

/* The other end acknowledges what is in front of the hole: it has the same one. */
static bool is_hole_true(const struct stream_side *from)
{
	return from->is_acknowledged &&
	       sequence_diff(from->acknowledged, from->next_sequence) <= 0 &&
	       stream_is_near(from->acknowledged, from->next_sequence);
}

/*
 * Too much waits: what is furthest from a true hole may be bytes that its receiver never
 * takes. False: the arrival is given up.
 */
static COLD bool make_room(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, const struct arrival *arrival)
{
	struct stream_side *from = &stream->sides[side];
	const bool is_true_hole = is_hole_true(from);
	if (is_true_hole && from->refused < STREAM_REFUSED_MAX) {
		return drop_furthest(streams, from, arrival);
	}
	if (is_true_hole && from->acks_behind >= STREAM_ACKS_BEHIND) {
		const struct flow_ambiguity ambiguity = {
			.doubt = FLOW_DOUBT_AHEAD, .side = (uint8_t)side};
		tell_ambiguity(streams, flow, &ambiguity);
	}
	skip_hole(streams, stream, flow, side);
	return true;
}

bool stream_is_near(uint32_t sequence, uint32_t expected)
{
	const int32_t diff = sequence_diff(sequence, expected);
	return diff < WINDOW_BYTES && diff > -WINDOW_BYTES;
}

/*
 * A segment far outside is believed once it and the ones just before agree, unless the
 * other side still acknowledges what was followed so far: it did not take them either.
 */
static COLD bool is_stray_believed(
	struct streams *streams, struct stream_side *from, uint32_t sequence)
{
	streams->counters->out_of_window++;
	if (from->strays > 0 && !stream_is_near(sequence, from->stray_sequence)) {
		from->strays = 0;
	}
	from->stray_sequence = sequence;
	from->strays = (uint8_t)(from->strays + (from->strays < STRAYS_MAX));
	return from->strays == STRAYS_MAX &&
	       !(from->is_acknowledged &&
		       stream_is_near(from->acknowledged, from->next_sequence));
}

COLD bool stream_jump(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side, uint32_t sequence)
{
	flush_side(streams, stream, flow, side);
	if (is_watched(flow)) {
		other_leave(stream, side);
		stream->sides[side].strays = 0;
		stream->sides[side].next_sequence = sequence;
		report_gap(streams, stream, flow, side, 0);
	}
	return is_watched(flow);
}

/*
 * It repeats a byte that was acknowledged, for all that is known, and may carry any other:
 * RFC 1122 section 4.2.3.6. A NUL is usual, and the acknowledgement may not have been seen.
 */
static bool may_be_keep_alive(
	const struct stream_side *from, const struct arrival *arrival)
{
	const bool is_pending =
		from->is_acknowledged &&
		sequence_diff(from->acknowledged, arrival->sequence) <= 0;
	const bool is_nul = arrival->bytes.len == 1 && arrival->bytes.at[0] == '\0';
	return arrival->wire_len == 1 && (!is_pending || is_nul);
}

/* Take off what was delivered before. False: nothing new is left. */
static COLD bool trim_delivered(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct arrival *arrival)
{
	const struct stream_side *from = &stream->sides[side];
	const uint32_t old = from->next_sequence - arrival->sequence;
	if (!may_be_keep_alive(from, arrival)) {
		check_copy(streams, stream, flow, side, arrival);
	}
	if (old >= arrival->wire_len) {
		streams->counters->retransmitted++;
		return false;
	}
	const size_t cut = old < arrival->bytes.len ? old : arrival->bytes.len;
	arrival->bytes.at += cut;
	arrival->bytes.len -= cut;
	return true;
}

bool stream_is_keep_alive(const struct packet *packet)
{
	return packet->payload_wire_len == 1 && packet->payload_len == 1 &&
	       packet->payload[0] == 0;
}

/* Bytes that follow on, between waiting ones, which came first: a round for each of those. */
static COLD void deliver_between(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct text bytes)
{
	struct stream_side *from = &stream->sides[side];
	const uint32_t sequence = from->next_sequence;
	const struct arrival arrival = {.sequence = sequence, .bytes = bytes};
	check_waiting(streams, stream, flow, side, &arrival);
	while (is_watched(flow) && from->next_sequence - sequence < bytes.len) {
		const size_t done = from->next_sequence - sequence;
		size_t len = bytes.len - done;
		uint32_t waiting = 0;
		if (from->first_segment != POOL_NONE &&
			waiting_first(streams, from, &waiting)) {
			const uint32_t hole = waiting - from->next_sequence;
			len = hole < len ? hole : len;
		}
		if (len > 0) {
			deliver_bytes(streams, stream, flow, side,
				(struct text){bytes.at + done, len});
		}
		drain_ready(streams, stream, flow, side);
	}
}

static HOT void deliver_around(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct text bytes)
{
	if (stream->sides[side].first_segment != POOL_NONE) {
		deliver_between(streams, stream, flow, side, bytes);
	} else if (bytes.len > 0) {
		stream->sides[side].kept = 0;
		deliver_bytes(streams, stream, flow, side, bytes);
	}
}

/* What is ahead of a hole, in pieces of a slot: each turn gives a slot up, the hole, or what is left. */
static bool put_by(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side, struct arrival *arrival)
{
	struct stream_side *from = &stream->sides[side];
	while (is_watched(flow) &&
		sequence_diff(arrival->sequence, from->next_sequence) > 0) {
		if (keep_for_later(streams, from, flow, side, arrival) ||
			!make_room(streams, stream, flow, side, arrival)) {
			return true;
		}
	}
	return !is_watched(flow);
}

/* Of what is ahead of a hole. True: it was dealt with. False: it follows on what was delivered. */
static COLD bool is_put_by(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct arrival *arrival)
{
	struct stream_side *from = &stream->sides[side];
	streams->counters->out_of_order++;
	from->kept = (uint16_t)(from->kept + (from->kept < UINT16_MAX));
	check_waiting(streams, stream, flow, side, arrival);
	const bool is_done = put_by(streams, stream, flow, side, arrival);
	if (is_watched(flow) && from->kept > STREAM_KEPT_MAX && !is_hole_true(from)) {
		skip_hole(streams, stream, flow, side);
	}
	return is_done;
}

/* Deliver, keep or drop what came, as its numbers tell; *arrival is used up. */
static HOT void take_bytes(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct arrival *arrival)
{
	struct stream_side *from = &stream->sides[side];
	const uint32_t end = arrival->sequence + arrival->wire_len;
	if (sequence_diff(arrival->sequence, from->next_sequence) > 0 &&
		is_put_by(streams, stream, flow, side, arrival)) {
		return;
	}
	if (sequence_diff(arrival->sequence, from->next_sequence) < 0 &&
		!trim_delivered(streams, stream, flow, side, arrival)) {
		return;
	}
	deliver_around(streams, stream, flow, side, arrival->bytes);
	const int32_t cut =
		is_watched(flow) ? sequence_diff(end, from->next_sequence) : 0;
	if (cut > 0) { /* the snap length took the rest */
		report_gap(streams, stream, flow, side, (uint32_t)cut);
		drain_ready(streams, stream, flow, side);
	}
}

static void note_fragments(
	struct streams *streams, struct flow *flow, unsigned side, struct text bytes)
{
	const struct flow_ambiguity ambiguity = {.doubt = FLOW_DOUBT_FRAGMENTS,
		.side = (uint8_t)side,
		.first = aside_reading(bytes)};
	tell_ambiguity(streams, flow, &ambiguity);
}

/* Far outside, it is another stray, but one that the other end took. */
static COLD void take_aside(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, uint32_t index)
{
	const struct segment *segment = segment_at(streams, index);
	const uint32_t sequence = segment->sequence;
	const struct text bytes = {segment->bytes, segment->len};
	if (segment->doubt == FLOW_DOUBT_FRAGMENTS) {
		note_fragments(streams, flow, side, bytes);
	}
	if (is_watched(flow) && !segment->is_passed_over &&
		(stream_is_near(sequence, stream->sides[side].next_sequence) ||
			stream_jump(streams, stream, flow, side, sequence))) {
		struct arrival arrival = {sequence, segment->len, bytes};
		take_bytes(streams, stream, flow, side, &arrival);
	}
	segment_give(streams, index);
}

/*
 * True: it waits for the word of the other end. Without room to wait it is read: another
 * version of it will show.
 */
static bool is_set_aside(struct streams *streams, struct stream *stream,
	const struct flow *flow, unsigned side, const struct packet *packet)
{
	return stream->sides[side].is_aside_full
		       ? aside_is_refused(streams, stream, flow, side, packet)
		       : aside_packet(streams, stream, flow, side, packet);
}

/* What else than its bytes a packet tells of them. */
static void note_packet(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, const struct packet *packet)
{
	struct stream_side *from = &stream->sides[side];
	if (packet->urgent > 0) {
		from->has_urgent = true;
		from->urgent_sequence = packet->sequence + packet->urgent - 1;
	}
	if (packet->has_two_versions) {
		note_fragments(streams, flow, side,
			(struct text){packet->payload, packet->payload_len});
	}
}

void stream_segment(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side, const struct packet *packet)
{
	struct stream_side *from = &stream->sides[side];
	const uint32_t sequence =
		packet->sequence + ((packet->tcp_flags & TCP_SYN) != 0);
	if (!from->is_synchronised) {
		if (stream_is_keep_alive(packet)) {
			return;
		}
		stream_synchronise(from, sequence);
	}
	if (is_set_aside(streams, stream, flow, side, packet)) {
		return;
	}
	if (stream_is_near(sequence, from->next_sequence)) {
		from->strays = 0;
	} else if (!is_stray_believed(streams, from, sequence) ||
		   !stream_jump(streams, stream, flow, side, sequence)) {
		return;
	}
	note_packet(streams, stream, flow, side, packet);
	if (is_watched(flow)) {
		struct arrival arrival = {sequence, packet->payload_wire_len,
			{packet->payload, packet->payload_len}};
		take_bytes(streams, stream, flow, side, &arrival);
	}
}

COLD void stream_believe(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, uint32_t acknowledgement)
{
	struct stream_side *from = &stream->sides[side];
	/* STREAM_ASIDE_MAX rounds at most */
	while (is_watched(flow) && from->first_aside != POOL_NONE) {
		const uint32_t index =
			aside_take(streams, from, flow, side, acknowledgement);
		if (index == POOL_NONE) {
			return;
		}
		take_aside(streams, stream, flow, side, index);
	}
}

void stream_acknowledged(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, uint32_t acknowledgement)
{
	struct stream_side *from = &stream->sides[side];
	from->acknowledged = acknowledgement;
	from->is_acknowledged = true;
	if (from->segment_count > 0 && from->acks_behind < STREAM_ACKS_BEHIND) {
		from->acks_behind++;
	}
	uint32_t sequence = 0;
	if (from->kept >= STREAM_SEGMENTS_ACKED &&
		waiting_first(streams, from, &sequence) &&
		sequence_diff(acknowledgement, sequence) >= 0) {
		skip_hole(streams, stream, flow, side);
	}
}

void stream_flush(struct streams *streams, struct stream *stream, struct flow *flow)
{
	for (unsigned side = 0; side < 2; side++) {
		struct stream_side *from = &stream->sides[side];
		while (from->first_aside != POOL_NONE) {
			take_aside(streams, stream, flow, side,
				aside_take_any(streams, from));
		}
		flush_side(streams, stream, flow, side);
	}
}

static void discard_side(struct streams *streams, struct stream_side *from)
{
	waiting_discard(streams, from);
	while (from->first_aside != POOL_NONE) {
		segment_give(streams, aside_take_any(streams, from));
	}
}

void stream_lose(struct streams *streams, struct stream_side *side)
{
	discard_side(streams, side);
	clear_side(side);
}

void stream_discard(struct streams *streams, struct stream *stream)
{
	for (unsigned side = 0; side < 2; side++) {
		discard_side(streams, &stream->sides[side]);
	}
}
