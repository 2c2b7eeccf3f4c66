/*
 * capture/source - frames in order of time from capture files.
 *
 * pcap (both byte orders, us and ns) and pcapng, plain or compressed, several
 * files merged by time, "-" is stdin. Reads in large blocks (libpcap's own reader
 * asks for 4096 bytes at a time). A cut last packet ends its file and is counted.
 */
#pragma once

#include "base/reason.h"
#include "capture/frame.h"

#include <stdbool.h>

struct source; /* opaque */

enum source_result {
	SOURCE_FRAME = 0, /* *frame holds, until the next call */
	SOURCE_END,
	SOURCE_ERROR, /* why says file, offset and cause; frames so far were right */
};

struct source_progress {
	uint64_t bytes_read;  /* of the files as stored */
	uint64_t bytes_total; /* 0 when unknown (stdin) */
	uint64_t frames;
	uint64_t truncated_files; /* files whose last packet was cut */
	uint64_t bad_records;     /* lying lengths, skipped or ended at */
};

/* Opens all files; NULL with "file: why" when one is no capture or cannot be read. */
struct source *source_open_files(
	const char *const *files, size_t count, struct reason *why);
/*
 * Files whose unpacking is slow are unpacked by so many further processes from here on,
 * ahead of source_next(), which gives the same; 1, or no such file: as before. Frames must not have
 * been asked for yet. False: there is no further process, and the source is as before.
 */
bool source_read_ahead(struct source *source, size_t processes, struct reason *why);
enum source_result source_next(
	struct source *source, struct frame *frame, struct reason *why);
/*
 * Likewise as many frames as lie at hand, at most room (at least 1); *result is
 * SOURCE_FRAME when there is at least one. All hold until the next call.
 */
size_t source_next_some(struct source *source, struct frame *frames, size_t room,
	enum source_result *result, struct reason *why);
void source_progress(const struct source *source, struct source_progress *progress);
/*
 * Once it has ended: words for what of the file at this place could not be read, "FILE: it
 * ends in the middle of a record". False: all of it was, and why is as before.
 */
bool source_lacks(const struct source *source, size_t place, struct reason *why);
void source_close(struct source *source);
