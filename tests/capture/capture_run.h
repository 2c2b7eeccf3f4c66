/*
 * tests/capture/capture_run - reads a stored capture to its end and keeps what came.
 */
#pragma once

#include "capture/source.h"
#include "capture_bytes.h"

enum { RUN_FRAMES_MAX = 64 };

struct capture_run {
	bool is_open; /* else .why says why not */
	enum source_result result;
	struct reason why;
	struct source_progress progress;
	size_t count; /* frames; the first ones are kept, without their bytes */
	struct frame frames[RUN_FRAMES_MAX];
	uint8_t first_byte[RUN_FRAMES_MAX];
	uint8_t last_byte[RUN_FRAMES_MAX];
};

static inline void run_keep(struct capture_run *run, const struct frame *frame)
{
	if (run->count < RUN_FRAMES_MAX) {
		run->frames[run->count] = *frame;
		if (frame->captured_len > 0) {
			run->first_byte[run->count] = frame->bytes[0];
			run->last_byte[run->count] =
				frame->bytes[frame->captured_len - 1];
		}
	}
	run->count++;
}

static inline struct capture_run run_files(const char *const *names, size_t count)
{
	struct capture_run run = {.result = SOURCE_ERROR};
	struct source *source = source_open_files(names, count, &run.why);
	run.is_open = source != NULL;
	if (!source) {
		return run;
	}
	struct frame frame;
	while ((run.result = source_next(source, &frame, &run.why)) == SOURCE_FRAME) {
		run_keep(&run, &frame);
	}
	source_progress(source, &run.progress);
	source_close(source);
	return run;
}

static inline struct capture_run run_bytes(const void *bytes, size_t len)
{
	char *name = capture_store(bytes, len);
	const char *const names[1] = {name};
	const struct capture_run run = run_files(names, 1);
	capture_remove(name);
	return run;
}

static inline struct capture_run run_capture(const struct capture_bytes *capture)
{
	return run_bytes(capture->at, capture->len);
}
