/*
 * capture/frame - one captured frame, as every source gives it.
 *
 * Its bytes stay with the source, which says how long they may be read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame {
	/* microseconds since 1970, UTC: the clock of everything behind */
	uint64_t time_us;
	const uint8_t *bytes; /* borrowed until the next frame is asked for */
	uint32_t captured_len;
	uint32_t wire_len;      /* length on the wire, >= captured_len */
	uint32_t source;        /* index of the file or interface it came from */
	uint16_t link_type;     /* DLT_ value of libpcap (not LINKTYPE_) */
	bool is_checksum_unset; /* the network card would write it: nothing to verify */
	bool is_ended; /* the rules dropped it, as all of a connection that we ended */
	bool is_returned; /* it leaves by the interface that it came in by */
};
