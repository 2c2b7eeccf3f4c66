/*
 * capture/forwarded - what the kernel counts of the packets that pass through this host.
 *
 * In: the kernel's counters of IPv4 and of IPv6, in the network namespace of whoever opens
 * them. Out: packets forwarded so far, of each family. What a bridge or another machine's
 * card forwards is not in them, and nothing is told of what the packets hold.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum forwarded_family {
	FORWARDED_IPV4 = 0,
	FORWARDED_IPV6,
	FORWARDED_FAMILIES,
};

struct forwarded {
	int files[FORWARDED_FAMILIES]; /* -1: this kernel counts none */
};

/* "IPv4" or "IPv6" */
const char *forwarded_name(enum forwarded_family family);

void forwarded_open(struct forwarded *forwarded);

/* False where it is not counted. */
bool forwarded_read(const struct forwarded *forwarded, enum forwarded_family family,
	uint64_t *packets);

/* The same from the text of snmp, or of snmp6 (proc(5)). Pure. */
bool forwarded_parse(const char *text, enum forwarded_family family, uint64_t *packets);
