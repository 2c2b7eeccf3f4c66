#include "flow/stream.h"

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
	stream->sides[0].first_segment = POOL_NONE;
	stream->sides[1].first_segment = POOL_NONE;
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

static bool is_watched(const struct flow *flow)
{
	return flow->stream != POOL_NONE && !flow->is_muted;
}

static struct segment *segment_at(struct streams *streams, uint32_t index)
{
	struct segment *segment = pool_at(&streams->segments, index);
	return segment;
}

static uint32_t piece_sum(struct text bytes)
{
	/* a difference, not an attack, is looked for: one odd factor does */
	uint64_t sum = bytes.len;
	while (bytes.len > 0) {
		uint64_t word = 0;
		const size_t len = bytes.len < sizeof(word) ? bytes.len : sizeof(word);
		memcpy(&word, bytes.at, len);
		sum = (sum ^ word) * UINT64_C(0x9E3779B97F4A7C15);
		sum ^= sum >> 32;
		bytes.at += len;
		bytes.len -= len;
	}
	return (uint32_t)sum;
}

#define PIECE_BYTES_MAX 256 /* longer segments are bodies: not worth the sum */

static void remember(struct stream_side *side, uint32_t sequence, struct text bytes)
{
	if (bytes.len > PIECE_BYTES_MAX) {
		return;
	}
	side->history[side->history_at] = (struct stream_piece){.sequence = sequence,
		.len = (uint16_t)bytes.len,
		.sum = piece_sum(bytes)};
	side->history_at = (uint8_t)((side->history_at + 1) % STREAM_HISTORY);
}

static void check_copy(struct streams *streams, const struct stream_side *side,
	uint32_t sequence, struct text bytes)
{
	for (unsigned i = 0; i < STREAM_HISTORY; i++) {
		const struct stream_piece *piece = &side->history[i];
		if (piece->len == 0 || piece->sequence != sequence ||
			piece->len > bytes.len) {
			continue;
		}
		const struct text same = {.at = bytes.at, .len = piece->len};
		if (piece_sum(same) != piece->sum) {
			streams->counters->overlaps_conflicting++;
		}
		return;
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

static void deliver_bytes(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, struct text bytes)
{
	struct stream_side *from = &stream->sides[side];
	remember(from, from->next_sequence, bytes);
	from->next_sequence += (uint32_t)bytes.len;
	streams->handler->bytes(streams->handler->context, flow, side, bytes);
}

static void drop_first(struct streams *streams, struct stream_side *side)
{
	const uint32_t index = side->first_segment;
	side->first_segment = segment_at(streams, index)->next;
	side->segment_count--;
	pool_give(&streams->segments, index);
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

/* What waits came first: a later version of the same bytes is only counted. */
static void check_waiting(struct streams *streams, const struct stream_side *side,
	uint32_t sequence, struct text bytes)
{
	const struct segment *segment = NULL;
	for (uint32_t at = side->first_segment; at != POOL_NONE; at = segment->next) {
		segment = segment_at(streams, at);
		const int64_t start = sequence_diff(segment->sequence, sequence);
		const int64_t end = start + segment->len;
		const int64_t from = start > 0 ? start : 0;
		const int64_t to = end < (int64_t)bytes.len ? end : (int64_t)bytes.len;
		if (from < to && memcmp(segment->bytes + (from - start),
					 bytes.at + from, (size_t)(to - from)) != 0) {
			streams->counters->overlaps_conflicting++;
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

/* Keep a piece of at most SEGMENT_DATA_BYTES in front of *link. */
static bool keep_piece(
	struct streams *streams, uint32_t *link, uint32_t sequence, struct text bytes)
{
	const uint32_t index = pool_take(&streams->segments);
	if (index == POOL_NONE) {
		streams->counters->segments_refused++;
		return false;
	}
	struct segment *segment = segment_at(streams, index);
	segment->next = *link;
	segment->sequence = sequence;
	segment->len = (uint32_t)bytes.len;
	memcpy(segment->bytes, bytes.at, bytes.len);
	*link = index;
	return true;
}

/* How many bytes are dealt with: kept, or held by a waiting segment. 0: no room. */
static size_t keep_first(struct streams *streams, struct stream_side *side,
	uint32_t sequence, struct text bytes)
{
	uint32_t *link = find_place(streams, side, sequence);
	size_t len = bytes.len < SEGMENT_DATA_BYTES ? bytes.len : SEGMENT_DATA_BYTES;
	if (*link != POOL_NONE) {
		const struct segment *next = segment_at(streams, *link);
		const int32_t room = sequence_diff(next->sequence, sequence);
		if (room <= 0) {
			const size_t held = next->len - (uint32_t)-room;
			return held < bytes.len ? held : bytes.len;
		}
		len = (size_t)room < len ? (size_t)room : len;
	}
	if (!keep_piece(streams, link, sequence, (struct text){bytes.at, len})) {
		return 0;
	}
	side->segment_count++;
	return len;
}

static void keep_for_later(struct streams *streams, struct stream_side *side,
	uint32_t sequence, struct text bytes)
{
	streams->counters->out_of_order++;
	check_waiting(streams, side, sequence, bytes);
	while (bytes.len > 0) {
		const size_t len = keep_first(streams, side, sequence, bytes);
		if (len == 0) {
			return;
		}
		sequence += (uint32_t)len;
		bytes.at += len;
		bytes.len -= len;
	}
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
static bool trim_delivered(struct streams *streams, const struct stream_side *from,
	uint32_t sequence, uint32_t wire_len, struct text *bytes)
{
	const uint32_t old = from->next_sequence - sequence;
	check_copy(streams, from, sequence, *bytes);
	if (old >= wire_len) {
		streams->counters->retransmitted++;
		return false;
	}
	const size_t cut = old < bytes->len ? old : bytes->len;
	bytes->at += cut;
	bytes->len -= cut;
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
		check_waiting(streams, from, sequence, bytes);
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

void stream_segment(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side, const struct packet *packet)
{
	struct stream_side *from = &stream->sides[side];
	const uint32_t sequence =
		packet->sequence + ((packet->tcp_flags & TCP_SYN) != 0);
	struct text bytes = {packet->payload, packet->payload_len};
	if (!from->is_synchronised) {
		if (stream_is_keep_alive(packet)) {
			return;
		}
		stream_synchronise(from, sequence);
	}
	if (stream_is_near(sequence, from->next_sequence)) {
		from->strays = 0;
	} else if (!is_stray_believed(streams, from, sequence) ||
		   !believe_anew(streams, stream, flow, side, sequence)) {
		return;
	}
	const int32_t ahead = sequence_diff(sequence, from->next_sequence);
	if (ahead > 0) {
		keep_for_later(streams, from, sequence, bytes);
		if (from->segment_count > STREAM_SEGMENTS_MAX) {
			skip_hole(streams, stream, flow, side);
		}
		return;
	}
	if (ahead < 0 && !trim_delivered(streams, from, sequence,
				 packet->payload_wire_len, &bytes)) {
		return;
	}
	deliver_around(streams, stream, flow, side, bytes);
	if (!is_watched(flow)) {
		return;
	}
	const int32_t cut =
		sequence_diff(sequence + packet->payload_wire_len, from->next_sequence);
	if (cut > 0) { /* the snap length took the rest */
		report_gap(streams, stream, flow, side, (uint32_t)cut);
		drain_ready(streams, stream, flow, side);
	}
}

void stream_acknowledged(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, uint32_t acknowledgement)
{
	struct stream_side *from = &stream->sides[side];
	from->acknowledged = acknowledgement;
	from->is_acknowledged = true;
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
		flush_side(streams, stream, flow, side);
	}
}

void stream_discard(struct streams *streams, struct stream *stream)
{
	for (unsigned side = 0; side < 2; side++) {
		while (stream->sides[side].first_segment != POOL_NONE) {
			drop_first(streams, &stream->sides[side]);
		}
	}
}
