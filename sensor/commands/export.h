/*
 * commands/export - a matrix in other forms, and the firewall rules for an inline sensor.
 *
 * In: a matrix; or which queues, and what else the admin chose. Out: a sheet, JSON, YAML, or
 * rules on stdout for the tools that load them. Loads nothing and asks no kernel. What the
 * marks mean stands in control/gate.
 */
#pragma once

#include "commands/options.h"

enum export_tunnels {
	EXPORT_TUNNELS_QUEUE = 0,
	EXPORT_TUNNELS_DROP,
	EXPORT_TUNNELS_PASS
};

#define EXPORT_LOG_KERNEL UINT32_MAX

struct export
{
	unsigned format;    /* of FORMATS */
	unsigned language;  /* of heads: 0 English, 1 French */
	unsigned tunnels;   /* enum export_tunnels */
	uint32_t limit;     /* new connections of a source in a second; 0: any number */
	uint32_t log_group; /* NFLOG's; EXPORT_LOG_KERNEL: none */
	struct option_list matrices;
	uint16_t first; /* queue */
	uint16_t last;
	bool is_inline;
	bool is_cross; /* rows as a cross-table */
	bool is_fail_closed;
	bool is_local; /* also what the host itself sends and gets */
};

/*
 * Of connections whose beginning the host missed, from all sources: so many times the
 * limit. Who sends such packets may be anybody.
 */
#define EXPORT_LIMIT_MIDSTREAM 10
#define EXPORT_LIMIT_LOOKUPS   20  /* likewise of names */
#define EXPORT_LIMIT_OPENINGS  100 /* likewise, shown to the sensor */
#define EXPORT_LIMIT_MOST      10000

/* What may carry mail in itself, by number of the IP protocol; as decode/ip has them. */
#define EXPORT_TUNNEL_PROTOCOLS              \
	{                                    \
		4, 41, 47, 97, 115, 137, 143 \
	}
/* And by port of UDP: capture/prefilter has the same. At most 15, as a rule takes. */
#define EXPORT_TUNNEL_PORTS \
	"1701,2152,3544,4341,4754,4755,4789,4790,6080,6081,6635,6636,8472,37008"

/* Where a server of mail in clear speaks first; a rule takes 15. */
#define EXPORT_GREETING_PORTS "24,25,110,143,587,4190"

/* An opening with the options in use; a bare packet without any, and the one it may have. */
#define EXPORT_OPENING_BYTES   60
#define EXPORT_BARE_BYTES      40
#define EXPORT_TIMESTAMP_BYTES 12
#define EXPORT_IPV6_BYTES      20 /* more by IPv6 */

/* No packet without payload needs to be longer: IPv4 with all the options of an acknowledgement. */
#define EXPORT_ACKNOWLEDGEMENT_BYTES 80

/* Where queues' numbers cannot be told apart in a mark, flows stay in the queue. */
bool export_has_groups(const struct export *export);

void export_iptables(const struct export *export);
void export_nftables(const struct export *export);
