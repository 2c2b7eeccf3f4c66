/*
 * base/counter - a named number, as statistics give it out.
 */
#pragma once

#include <stdint.h>

struct counter {
	const char *name; /* "packets", "tcp.overlaps_conflicting": dots nest; static */
	uint64_t value;
};
