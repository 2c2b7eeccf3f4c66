#include "flow/copies.h"

#include "base/cold.h"

#include <stddef.h>
#include <string.h>

static uint64_t add_word(uint64_t sum, const uint8_t *bytes, size_t len)
{
	uint64_t word = 0;
	memcpy(&word, bytes, len);
	/* a difference, not an attack, is looked for: one odd factor does */
	return (sum ^ word) * UINT64_C(0x9E3779B97F4A7C15);
}

/* Several sums, so that none waits for the product of the other. */
static HOT uint32_t piece_sum(struct text bytes)
{
	const size_t word = sizeof(uint64_t);
	uint64_t sums[4] = {bytes.len};
	const uint8_t *at = bytes.at;
	const uint8_t *end = at + (bytes.len & ~(sizeof(sums) - 1));
	for (; at < end; at += sizeof(sums)) {
		sums[0] = add_word(sums[0], at, word);
		sums[1] = add_word(sums[1], at + word, word);
		sums[2] = add_word(sums[2], at + 2 * word, word);
		sums[3] = add_word(sums[3], at + 3 * word, word);
	}
	size_t left = bytes.len & (sizeof(sums) - 1);
	for (; left > word; at += word, left -= word) {
		sums[0] = add_word(sums[0], at, word);
	}
	/* with some bytes twice where they are no whole number of words */
	sums[1] = bytes.len < word ? add_word(sums[1], at, left)
				   : add_word(sums[1], at + left - word, word);
	uint64_t sum = 0;
	for (size_t i = 0; i < 4; i++) {
		sum = (sum ^ sums[i] >> 7) * UINT64_C(0x9E3779B97F4A7C15) + sums[i];
	}
	const uint32_t half = (uint32_t)(sum >> 32);
	return half != 0 ? half : 1;
}

#define PIECE_BYTES_MAX 256 /* longer segments are bodies: not worth the sum */

void copies_remember(
	struct stream *stream, unsigned side, struct text bytes, bool is_beginning)
{
	struct stream_side *from = &stream->sides[side];
	struct stream_piece *piece = &stream->history[side][from->history_at];
	from->history_at = (uint8_t)((from->history_at + 1) % STREAM_HISTORY);
	from->history_count =
		(uint8_t)(from->history_count + (from->history_count < STREAM_HISTORY));
	piece->sequence = from->next_sequence;
	piece->len = (uint16_t)(bytes.len < UINT16_MAX ? bytes.len : UINT16_MAX);
	piece->sum =
		is_beginning || bytes.len <= PIECE_BYTES_MAX ? piece_sum(bytes) : 0;
	if (bytes.len >= sizeof(piece->head)) {
		memcpy(piece->head, bytes.at, sizeof(piece->head));
	} else {
		memcpy(piece->head, bytes.at, bytes.len);
	}
}

struct text copies_head(const struct stream_piece *piece)
{
	const size_t len =
		piece->len < sizeof(piece->head) ? piece->len : sizeof(piece->head);
	return (struct text){piece->head, len};
}

/* Whether this copy, from sequence on, says something else than the piece did. */
static bool is_other_copy(
	const struct stream_piece *piece, uint32_t sequence, struct text bytes)
{
	const int32_t skipped = sequence_diff(sequence, piece->sequence);
	const struct text head = copies_head(piece);
	if (skipped == 0 && piece->sum != 0 && piece->len <= bytes.len) {
		const struct text same = {.at = bytes.at, .len = piece->len};
		if (piece_sum(same) != piece->sum) {
			return true;
		}
	} /* and the head, which no sum stands for: two may have the same one */
	const int64_t from = skipped > 0 ? skipped : 0;
	const int64_t end = (int64_t)skipped + (int64_t)bytes.len;
	const int64_t to = end < (int64_t)head.len ? end : (int64_t)head.len;
	return from < to && memcmp(head.at + from, bytes.at + (from - skipped),
				    (size_t)(to - from)) != 0;
}

/* STREAM_HISTORY pieces at most. */
const struct stream_piece *copies_find_other(const struct stream *stream, unsigned side,
	uint32_t sequence, struct text bytes)
{
	for (unsigned i = 0; i < stream->sides[side].history_count; i++) {
		const struct stream_piece *piece = &stream->history[side][i];
		if (piece->len > 0 && is_other_copy(piece, sequence, bytes)) {
			return piece;
		}
	}
	return NULL;
}
