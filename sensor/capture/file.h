/*
 * capture/file - the records of one capture file, in the order of the file.
 *
 * Takes a file of any format of the table in file.c; gives frames that lie in its
 * window until the next one is asked for. Never looks into a frame.
 */
#pragma once

#include "capture/frame.h"
#include "capture/source.h"
#include "capture/window.h"

/* One interface of a pcapng section. */
struct file_interface {
	uint64_t multiply; /* time units -> microseconds: times this, when not 0 ... */
	uint64_t divide;   /* ... else over this, when not 0 ... */
	uint64_t offset_us;
	uint32_t snap_len; /* 0: none */
	uint16_t link_type;
	uint8_t shift; /* ... else units are 2^-shift seconds */
};

struct file {
	struct window window;
	enum source_result (*next)(struct file *file, struct frame *frame);
	/* May be NULL. How many of the next frames it gave; those given before still hold. */
	size_t (*take_at_hand)(struct file *file, struct frame *frames, size_t room);
	struct file_interface *interfaces; /* pcapng: of the section being read */
	uint32_t interface_count;
	uint32_t index;        /* of the file among those opened together */
	uint64_t skip;         /* bytes between the last frame and the next block */
	uint64_t last_time_us; /* pcapng: for blocks without a time */
	uint64_t bad_records;
	uint16_t link_type; /* pcap */
	uint8_t header_len; /* pcap: of a record */
	bool is_big_endian;
	bool is_nanosecond;
	bool is_truncated;
	bool is_ended;
};

bool file_open(struct file *file, const char *name, struct reason *why);
void file_close(struct file *file);

/* The window lacks the bytes of a record: the file has ended, was cut, or failed. */
enum source_result file_ending(struct file *file);

/* A lying length after which no record can be found. */
enum source_result file_lost(struct file *file);

/* A file that begins so is of one of the formats, or means to be. */
bool file_knows(const uint8_t *bytes, size_t len);
bool pcap_knows(const uint8_t *bytes, size_t len);
bool pcapng_knows(const uint8_t *bytes, size_t len);

/* Formats: false when the window does not start with one of them. */
bool pcap_start(struct file *file);
bool pcapng_start(struct file *file);
