/*
 * bench/live/cross - frames over a veth pair as XDP frames: several times as cheap for the
 * sender's processor as a socket.
 *
 * A program of two dozen instructions, run by BPF_PROG_TEST_RUN with live frames (kernel 5.18),
 * writes one frame of the list after the other into pages of the kernel's and redirects them to
 * the sending end. The receiving end has a program, too, that passes everything on: without
 * one veth takes no XDP frames. What a reader there sees are ordinary packets. Both programs
 * are gone with the process.
 */
#pragma once

#include "frames.h"

#include <stdbool.h>

struct cross {
	const char *receiver; /* its name; borrowed */
	uint32_t count;
	uint64_t *next; /* frame to send, shared with the program */
	int program;
};

/* False, with errno, where the kernel or the rights for it are missing. At most 2,047 bytes a
 * frame. The frames are copied. */
bool cross_open(struct cross *cross, const char *sender, const char *receiver,
	const struct frames *frames);

/* Sends all frames once, or until a signal comes; how many the receiving end took. Ends the
 * program with a line when it cannot. */
uint64_t cross_send(struct cross *cross);
