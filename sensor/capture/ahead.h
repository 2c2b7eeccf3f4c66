/*
 * capture/ahead - compressed files unpacked by other processes, ahead of who reads them.
 *
 * In: streams that were opened and perhaps begun. Out: the same bytes in the same
 * pieces, and the same words about their end, as if each were unpacked where it is read.
 * A file that is not yet asked for is begun while there is nothing else to do. A process
 * holds its files and nothing else that was open, and ends with who started it.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>

struct stream;
struct ahead;       /* opaque: all processes and what they share */
struct ahead_queue; /* opaque: one file of a process */

/*
 * Unpacks streams (compressed ones, borrowed) in so many processes, at most one a stream;
 * until ahead_stop() stream_read() takes their pieces. NULL: none was started.
 */
struct ahead *ahead_start(struct stream *const *streams, size_t count, size_t processes,
	struct reason *why);
void ahead_stop(struct ahead *ahead);

/* stream_read() of a stream that is unpacked ahead. */
size_t ahead_read(struct stream *stream, uint8_t *to, size_t len);
