#include "flow/waiting.h"

#include "flow/segments.h"

#include <string.h>

/* The list is STREAM_SEGMENTS_MAX long at most, and so is each walk of it. */

static uint32_t base_of(uint32_t sequence)
{
	return sequence & ~(uint32_t)(SEGMENT_DATA_BYTES - 1);
}

/* The first byte from at on that is there, or is not; SEGMENT_DATA_BYTES: none. */
static uint32_t find_bit(const struct segment *segment, uint32_t at, bool is_wanted)
{
	while (at < SEGMENT_DATA_BYTES) {
		const uint64_t word = (is_wanted ? segment->there[at / 64]
						 : ~segment->there[at / 64]) >>
				      (at % 64);
		if (word != 0) {
			return at + (uint32_t)__builtin_ctzll(word);
		}
		at = (at / 64 + 1) * 64;
	}
	return SEGMENT_DATA_BYTES;
}

/* Put bytes from..to there that are not; SEGMENT_DATA_BYTES steps at most. */
static void fill(
	struct segment *segment, uint32_t from, uint32_t to, const uint8_t *bytes)
{
	for (uint32_t at = find_bit(segment, from, false); at < to;) {
		uint32_t end = find_bit(segment, at, true);
		end = end < to ? end : to;
		memcpy(segment->bytes + at, bytes + (at - from), end - at);
		for (uint32_t bit = at; bit < end;) {
			const uint32_t len =
				end - bit < 64 - bit % 64 ? end - bit : 64 - bit % 64;
			segment->there[bit / 64] |= UINT64_MAX >> (64 - len)
									  << (bit % 64);
			bit += len;
		}
		at = find_bit(segment, end, false);
	}
}

/* The link to the first slot that does not end in front of this one, or the last link. */
static uint32_t *find_place(
	const struct streams *streams, struct stream_side *from, uint32_t base)
{
	uint32_t *link = &from->first_segment;
	while (*link != POOL_NONE) {
		struct segment *here = segment_at(streams, *link);
		if (sequence_diff(here->sequence, base) >= 0) {
			break;
		}
		link = &here->next;
	}
	return link;
}

/* A new slot in front of *link; NULL: no room. */
static struct segment *begin_slot(struct streams *streams, struct stream_side *from,
	const struct flow *flow, unsigned side, uint32_t *link)
{
	const uint32_t index =
		from->segment_count < STREAM_SEGMENTS_MAX
			? segment_take(streams, flow, side, from->segment_count)
			: POOL_NONE;
	if (index == POOL_NONE) {
		return NULL;
	}
	struct segment *segment = segment_at(streams, index);
	memset(segment->there, 0, sizeof(segment->there));
	segment->next = *link;
	*link = index;
	from->segment_count++;
	return segment;
}

size_t waiting_keep(struct streams *streams, struct stream_side *from,
	const struct flow *flow, unsigned side, struct waiting_piece piece)
{
	const struct text bytes = piece.bytes;
	const uint32_t base = base_of(piece.sequence);
	const uint32_t at = piece.sequence - base;
	const size_t room = SEGMENT_DATA_BYTES - at;
	const size_t len = bytes.len < room ? bytes.len : room;
	uint32_t *link = find_place(streams, from, base);
	struct segment *segment =
		*link == POOL_NONE ? NULL : segment_at(streams, *link);
	if (!segment || segment->sequence != base) {
		segment = begin_slot(streams, from, flow, side, link);
		if (!segment) {
			return 0;
		}
		segment->sequence = base;
	}
	fill(segment, at, at + (uint32_t)len, bytes.at);
	return len;
}

/* The first piece of the slot within from..to that says something else than bytes do. */
static bool find_other(const struct segment *segment, uint32_t from, uint32_t to,
	const uint8_t *bytes, struct text *waiting)
{
	for (uint32_t at = find_bit(segment, from, true); at < to;) {
		uint32_t end = find_bit(segment, at, false);
		end = end < to ? end : to;
		if (memcmp(segment->bytes + at, bytes + (at - from), end - at) != 0) {
			*waiting = (struct text){segment->bytes + at, end - at};
			return true;
		}
		at = find_bit(segment, end, true);
	}
	return false;
}

bool waiting_find_other(const struct streams *streams, const struct stream_side *from,
	struct waiting_piece piece, struct waiting_piece *waiting)
{
	const struct segment *segment = NULL;
	for (uint32_t index = from->first_segment; index != POOL_NONE;
		index = segment->next) {
		segment = segment_at(streams, index);
		const int64_t start = sequence_diff(piece.sequence, segment->sequence);
		const int64_t stop = start + (int64_t)piece.bytes.len;
		if (stop <= 0 || start >= SEGMENT_DATA_BYTES) {
			continue;
		}
		const uint32_t first = start > 0 ? (uint32_t)start : 0;
		const uint32_t last =
			stop < SEGMENT_DATA_BYTES ? (uint32_t)stop : SEGMENT_DATA_BYTES;
		if (find_other(segment, first, last, piece.bytes.at + (first - start),
			    &waiting->bytes)) {
			waiting->sequence =
				segment->sequence +
				(uint32_t)(waiting->bytes.at - segment->bytes);
			return true;
		}
	}
	return false;
}

static void drop_first(struct streams *streams, struct stream_side *from)
{
	const uint32_t index = from->first_segment;
	from->first_segment = segment_at(streams, index)->next;
	from->segment_count--;
	segment_give(streams, index);
}

/* How much of the slot was delivered: all in front of the next byte. */
static uint32_t delivered_of(
	const struct stream_side *from, const struct segment *segment)
{
	const int32_t ahead = sequence_diff(from->next_sequence, segment->sequence);
	if (ahead <= 0) {
		return 0;
	}
	return ahead < SEGMENT_DATA_BYTES ? (uint32_t)ahead : SEGMENT_DATA_BYTES;
}

bool waiting_first(
	struct streams *streams, struct stream_side *from, uint32_t *sequence)
{
	while (from->first_segment != POOL_NONE) {
		const struct segment *segment =
			segment_at(streams, from->first_segment);
		const uint32_t at =
			find_bit(segment, delivered_of(from, segment), true);
		if (at < SEGMENT_DATA_BYTES) {
			*sequence = segment->sequence + at;
			return true;
		}
		drop_first(streams, from);
	}
	return false;
}

struct text waiting_ready(struct streams *streams, struct stream_side *from)
{
	uint32_t sequence = 0;
	if (!waiting_first(streams, from, &sequence) ||
		sequence != from->next_sequence) {
		return (struct text){NULL, 0};
	}
	const struct segment *segment = segment_at(streams, from->first_segment);
	const uint32_t at = sequence - segment->sequence;
	return (struct text){segment->bytes + at, find_bit(segment, at, false) - at};
}

static uint32_t *last_link(const struct streams *streams, struct stream_side *from)
{
	uint32_t *link = &from->first_segment;
	while (segment_at(streams, *link)->next != POOL_NONE) {
		link = &segment_at(streams, *link)->next;
	}
	return link;
}

uint32_t waiting_last(const struct streams *streams, const struct stream_side *from)
{
	uint32_t index = from->first_segment;
	while (segment_at(streams, index)->next != POOL_NONE) {
		index = segment_at(streams, index)->next;
	}
	return segment_at(streams, index)->sequence;
}

void waiting_drop_last(struct streams *streams, struct stream_side *from)
{
	uint32_t *link = last_link(streams, from);
	const uint32_t index = *link;
	*link = POOL_NONE;
	from->segment_count--;
	segment_give(streams, index);
}

void waiting_discard(struct streams *streams, struct stream_side *from)
{
	while (from->first_segment != POOL_NONE) {
		drop_first(streams, from);
	}
}
