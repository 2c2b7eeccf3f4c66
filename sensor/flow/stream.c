#include "flow/stream.h"

#include "flow/aside.h"
#include "flow/copies.h"
#include "flow/segments.h"

#include <string.h>

/* The largest window believed: RFC 7323 allows 1 GiB, mail needs far less. */
#define WINDOW_BYTES (4 << 20)

/* After this many strays in a row the sequence numbers are believed anew. */
#define STRAYS_MAX 3

static int32_t sequence_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

void stream_init(struct stream *stream)
{
	memset(stream, 0, sizeof(*stream));
	for (unsigned side = 0; side < 2; side++) {
		stream->sides[side].first_segment = POOL_NONE;
		stream->sides[side].first_aside = POOL_NONE;
	}
}

void stream_synchronise(struct stream_side *side, uint32_t sequence)
{
	side->next_sequence = sequence;
	side->is_synchronised = true;
}

bool stream_is_complete(const struct stream_side *side)
{
	return side->has_fin && side->next_sequence == side->fin_sequence;
}

bool stream_is_fin_false(const struct stream_side *side)
{
	return side->has_fin &&
	       sequence_diff(side->next_sequence, side->fin_sequence) > 0;
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

static void tell_ambiguity(struct streams *streams, struct flow *flow,
	const struct flow_ambiguity *ambiguity)
{
	streams->counters->ambiguous++;
	if (is_watched(flow)) {
		streams->handler->ambiguous(streams->handler->context, flow, ambiguity);
	}
}

/* Two versions of the same bytes, up to end: told unless the other side had the first. */
static void note_versions(struct streams *streams, const struct stream *stream,
	struct flow *flow, uint32_t end, struct flow_ambiguity *ambiguity)
{
	const struct stream_side *from = &stream->sides[ambiguity->side];
	streams->counters->overlaps_conflicting++;
	if (!from->is_acknowledged || sequence_diff(from->acknowledged, end) < 0) {
		ambiguity->doubt = FLOW_DOUBT_VERSIONS;
		tell_ambiguity(streams, flow, ambiguity);
	}
}

/* Against what was delivered lately. */
static void check_copy(struct streams *streams, const struct stream *stream,
	struct flow *flow, unsigned side, const struct arrival *arrival)
{
	const struct stream_piece *piece = copies_find_other(
		&stream->sides[side], arrival->sequence, arrival->bytes);
	if (piece) {
		struct flow_ambiguity ambiguity = {.side = (uint8_t)side,
			.first = aside_reading(copies_head(piece)),
			.second = aside_reading(arrival->bytes)};
		ambiguity.first.len = piece->len;
		note_versions(streams, stream, flow, piece->sequence + piece->len,
			&ambiguity);
	}
}

static void report_gap(struct streams *streams, struct stream *stream,
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
static void hand_over_around_urgent(struct streams *streams, struct flow *flow,
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

static void deliver_bytes(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct text bytes)
{
	struct stream_side *from = &stream->sides[side];
	const uint32_t sequence = from->next_sequence;
	struct flow_ambiguity ambiguity = {.side = (uint8_t)side};
	const bool is_other = from->first_aside != POOL_NONE &&
			      aside_compare(streams, from, bytes, &ambiguity);
	copies_remember(from, sequence, bytes);
	from->next_sequence += (uint32_t)bytes.len;
	from->refused = 0;
	from->acks_behind = 0;
	if (is_other) {
		tell_ambiguity(streams, flow, &ambiguity);
	}
	const uint32_t urgent_at = from->urgent_sequence - sequence;
	if (from->has_urgent && urgent_at < bytes.len) {
		from->has_urgent = false;
		hand_over_around_urgent(streams, flow, side, bytes, urgent_at);
		return;
	}
	hand_over(streams, flow, side, bytes);
}

static void drop_first(struct streams *streams, struct stream_side *side)
{
	const uint32_t index = side->first_segment;
	side->first_segment = segment_at(streams, index)->next;
	side->segment_count--;
	segment_give(streams, index);
}

/* Deliver waiting segments that follow on without a hole. */
static void drain_ready(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side)
{
	struct stream_side *from = &stream->sides[side];
	while (is_watched(flow) && from->first_segment != POOL_NONE) {
		struct segment *segment = segment_at(streams, from->first_segment);
		const int32_t ahead =
			sequence_diff(segment->sequence, from->next_sequence);
		if (ahead > 0) {
			return;
		}
		const uint32_t old = (uint32_t)-ahead;
		if (old < segment->len) {
			deliver_bytes(streams, stream, flow, side,
				(struct text){
					segment->bytes + old, segment->len - old});
		}
		if (flow->stream != POOL_NONE && from->first_segment != POOL_NONE) {
			drop_first(streams, from);
		}
	}
}

/* Give the hole in front of the first waiting segment up. */
static void skip_hole(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side)
{
	struct stream_side *from = &stream->sides[side];
	const struct segment *segment = segment_at(streams, from->first_segment);
	const int32_t missing = sequence_diff(segment->sequence, from->next_sequence);
	if (missing > 0) {
		report_gap(streams, stream, flow, side, (uint32_t)missing);
	}
	drain_ready(streams, stream, flow, side);
}

static void flush_side(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side)
{
	while (is_watched(flow) && stream->sides[side].first_segment != POOL_NONE) {
		skip_hole(streams, stream, flow, side);
	}
}

/*
 * What waits came first: a later version of the same bytes is told. STREAM_SEGMENTS_MAX
 * segments at most are walked, here and in find_place.
 */
static void check_waiting(struct streams *streams, const struct stream *stream,
	struct flow *flow, unsigned side, const struct arrival *arrival)
{
	const uint32_t sequence = arrival->sequence;
	const struct text bytes = arrival->bytes;
	const struct segment *segment = NULL;
	for (uint32_t at = stream->sides[side].first_segment; at != POOL_NONE;
		at = segment->next) {
		segment = segment_at(streams, at);
		const int64_t start = sequence_diff(segment->sequence, sequence);
		const int64_t end = start + segment->len;
		const int64_t from = start > 0 ? start : 0;
		const int64_t to = end < (int64_t)bytes.len ? end : (int64_t)bytes.len;
		if (from < to && memcmp(segment->bytes + (from - start),
					 bytes.at + from, (size_t)(to - from)) != 0) {
			struct flow_ambiguity ambiguity = {.side = (uint8_t)side,
				.first = aside_reading(
					(struct text){segment->bytes, segment->len}),
				.second = aside_reading(bytes)};
			note_versions(streams, stream, flow,
				segment->sequence + segment->len, &ambiguity);
		}
	}
}

/* The link to the first waiting segment that ends behind this sequence, or the last link. */
static uint32_t *find_place(
	struct streams *streams, struct stream_side *side, uint32_t sequence)
{
	uint32_t *link = &side->first_segment;
	while (*link != POOL_NONE) {
		struct segment *here = segment_at(streams, *link);
		if (sequence_diff(here->sequence + here->len, sequence) > 0) {
			break;
		}
		link = &here->next;
	}
	return link;
}

/* Put a piece of at most SEGMENT_DATA_BYTES into this slot, in front of *link. */
static void keep_piece(struct streams *streams, uint32_t index, uint32_t *link,
	const struct arrival *piece)
{
	struct segment *segment = segment_at(streams, index);
	segment->next = *link;
	segment->sequence = piece->sequence;
	segment->len = (uint32_t)piece->bytes.len;
	memcpy(segment->bytes, piece->bytes.at, piece->bytes.len);
	*link = index;
}

/* How many bytes are dealt with: kept, or held by a waiting segment. 0: no room. */
static size_t keep_first(struct streams *streams, struct stream_side *from,
	const struct flow *flow, unsigned side, struct arrival piece)
{
	uint32_t *link = find_place(streams, from, piece.sequence);
	size_t len = piece.bytes.len;
	len = len < SEGMENT_DATA_BYTES ? len : SEGMENT_DATA_BYTES;
	if (*link != POOL_NONE) {
		const struct segment *next = segment_at(streams, *link);
		const int32_t room = sequence_diff(next->sequence, piece.sequence);
		if (room <= 0) {
			const size_t held = next->len - (uint32_t)-room;
			return held < piece.bytes.len ? held : piece.bytes.len;
		}
		len = (size_t)room < len ? (size_t)room : len;
	}
	const uint32_t index = segment_take(streams, flow, side, from->segment_count);
	if (index == POOL_NONE) {
		return 0;
	}
	piece.bytes.len = len;
	keep_piece(streams, index, link, &piece);
	from->segment_count++;
	return len;
}

static void keep_for_later(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct arrival arrival)
{
	streams->counters->out_of_order++;
	check_waiting(streams, stream, flow, side, &arrival);
	while (arrival.bytes.len > 0) {
		const size_t len =
			keep_first(streams, &stream->sides[side], flow, side, arrival);
		if (len == 0) {
			return;
		}
		arrival.sequence += (uint32_t)len;
		arrival.bytes.at += len;
		arrival.bytes.len -= len;
	}
}

/* The one that is furthest from the hole. */
static void drop_last(struct streams *streams, struct stream_side *side)
{
	uint32_t *link = &side->first_segment;
	while (segment_at(streams, *link)->next != POOL_NONE) {
		link = &segment_at(streams, *link)->next;
	}
	segment_give(streams, *link);
	*link = POOL_NONE;
	side->segment_count--;
	side->refused++;
	streams->counters->segments_refused++;
}

/*
 * Too much waits. Where the other end acknowledges what is in front of the hole it has the
 * hole as well, and what waits may be bytes it never takes.
 */
static void make_room(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side)
{
	struct stream_side *from = &stream->sides[side];
	const bool is_true_hole =
		from->is_acknowledged &&
		sequence_diff(from->acknowledged, from->next_sequence) <= 0 &&
		stream_is_near(from->acknowledged, from->next_sequence);
	if (is_true_hole && from->refused < STREAM_REFUSED_MAX) {
		drop_last(streams, from);
		return;
	}
	if (is_true_hole && from->acks_behind >= STREAM_ACKS_BEHIND) {
		const struct flow_ambiguity ambiguity = {
			.doubt = FLOW_DOUBT_AHEAD, .side = (uint8_t)side};
		tell_ambiguity(streams, flow, &ambiguity);
	}
	skip_hole(streams, stream, flow, side);
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
static bool is_stray_believed(
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

/* The capture missed a jump. False when the handler had enough. */
static bool believe_anew(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, uint32_t sequence)
{
	flush_side(streams, stream, flow, side);
	if (is_watched(flow)) {
		stream->sides[side].strays = 0;
		stream->sides[side].next_sequence = sequence;
		report_gap(streams, stream, flow, side, 0);
	}
	return is_watched(flow);
}

/* Take off what was delivered before. False: nothing new is left. */
static bool trim_delivered(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct arrival *arrival)
{
	const uint32_t old = stream->sides[side].next_sequence - arrival->sequence;
	if (arrival->wire_len > 1) { /* a keep-alive may carry any byte */
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

/* Bytes that follow on, between waiting ones, which came first. */
static void deliver_around(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct text bytes)
{
	struct stream_side *from = &stream->sides[side];
	const uint32_t sequence = from->next_sequence;
	if (from->first_segment != POOL_NONE) {
		const struct arrival arrival = {.sequence = sequence, .bytes = bytes};
		check_waiting(streams, stream, flow, side, &arrival);
	}
	while (is_watched(flow) && from->next_sequence - sequence < bytes.len) {
		const size_t done = from->next_sequence - sequence;
		size_t len = bytes.len - done;
		if (from->first_segment != POOL_NONE) {
			const uint32_t hole =
				segment_at(streams, from->first_segment)->sequence -
				from->next_sequence;
			len = hole < len ? hole : len;
		}
		deliver_bytes(streams, stream, flow, side,
			(struct text){bytes.at + done, len});
		drain_ready(streams, stream, flow, side);
	}
}

/* Deliver, keep or drop what came, as its numbers tell. */
static void take_bytes(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct arrival arrival)
{
	struct stream_side *from = &stream->sides[side];
	const uint32_t end = arrival.sequence + arrival.wire_len;
	const int32_t ahead = sequence_diff(arrival.sequence, from->next_sequence);
	if (ahead > 0) {
		keep_for_later(streams, stream, flow, side, arrival);
		if (is_watched(flow) && from->segment_count > STREAM_SEGMENTS_MAX) {
			make_room(streams, stream, flow, side);
		}
		return;
	}
	if (ahead < 0 && !trim_delivered(streams, stream, flow, side, &arrival)) {
		return;
	}
	deliver_around(streams, stream, flow, side, arrival.bytes);
	if (!is_watched(flow)) {
		return;
	}
	const int32_t cut = sequence_diff(end, from->next_sequence);
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
static void take_aside(struct streams *streams, struct stream *stream,
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
			believe_anew(streams, stream, flow, side, sequence))) {
		take_bytes(streams, stream, flow, side,
			(struct arrival){sequence, segment->len, bytes});
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
	const struct stream_side *from = &stream->sides[side];
	return !from->is_aside_full &&
	       aside_packet(streams, stream, flow, side, packet);
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
		   !believe_anew(streams, stream, flow, side, sequence)) {
		return;
	}
	note_packet(streams, stream, flow, side, packet);
	if (is_watched(flow)) {
		take_bytes(streams, stream, flow, side,
			(struct arrival){sequence, packet->payload_wire_len,
				{packet->payload, packet->payload_len}});
	}
}

void stream_believe(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side, uint32_t acknowledgement)
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
	if (from->segment_count < STREAM_SEGMENTS_ACKED) {
		return;
	}
	const struct segment *segment = segment_at(streams, from->first_segment);
	if (sequence_diff(acknowledgement, segment->sequence) >= 0) {
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

void stream_discard(struct streams *streams, struct stream *stream)
{
	for (unsigned side = 0; side < 2; side++) {
		struct stream_side *from = &stream->sides[side];
		while (from->first_segment != POOL_NONE) {
			drop_first(streams, from);
		}
		while (from->first_aside != POOL_NONE) {
			segment_give(streams, aside_take_any(streams, from));
		}
	}
}
