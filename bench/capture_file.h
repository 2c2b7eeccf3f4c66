/*
 * capture_file - write a classic pcap file (Ethernet, microseconds) fast.
 *
 * A frame is built in place: reserve room, fill it, commit its length. A write
 * that fails is remembered and told by capture_file_close(). Knows no protocol.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CAPTURE_FILE_FRAME_MAX = 2048,
	CAPTURE_FILE_BUFFER = 1 << 20,
};

struct capture_file {
	int fd;
	bool failed;
	size_t used;
	uint64_t packets;
	uint64_t bytes; /* of frames, without the file's own headers */
	uint8_t buffer[CAPTURE_FILE_BUFFER];
};

/* false, with errno set, when `path` cannot be written. */
bool capture_file_open(struct capture_file *file, const char *path);
/* Room for one frame; valid until the commit. */
uint8_t *capture_file_reserve(struct capture_file *file);
void capture_file_commit(struct capture_file *file, uint64_t now_us, size_t len);
/* false, with errno set, when any byte did not reach the file. */
bool capture_file_close(struct capture_file *file);
