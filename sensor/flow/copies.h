/*
 * flow/copies - whether bytes that come again are the same ones.
 *
 * Of the pieces of a side that were delivered last: the beginning of each, and the sum of
 * a short or an early one. A later copy that says something else is found by them, however long it
 * is and wherever it begins. Private to flow/.
 */
#pragma once

#include "flow/stream.h"

/* The side's next bytes; is_beginning: among its first ones, where the long ones are summed too. */
void copies_remember(
	struct stream *stream, unsigned side, struct text bytes, bool is_beginning);

/* A remembered piece that said other bytes than these, or NULL. */
const struct stream_piece *copies_find_other(const struct stream *stream, unsigned side,
	uint32_t sequence, struct text bytes);

/* The beginning of a piece. */
struct text copies_head(const struct stream_piece *piece);
