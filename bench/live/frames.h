/*
 * bench/live/frames - a capture as a list of frames in memory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct frames {
	struct iovec *list; /* one behind the other in memory, the first at a page */
	size_t count;
	uint64_t bytes;
};

/* Reads a capture of Ethernet frames; ends the program with a line when it cannot. */
struct frames frames_read(const char *path);

/* SYNs to mail ports, TCP all over, from random addresses and ports of 10.0.0.0/8. */
struct frames frames_make_syns(size_t count, uint64_t seed);
