/*
 * engine/record - one flow as records show it; renderings in report/.
 *
 * Filled by verdicts, borrowed for the time of the call. Of two kinds: `mail` (the
 * summary of a flow that ended) and `alert`.
 */
#pragma once

#include "judge/fold.h"
#include "judge/judge.h"

#define RECORD_ETHER_BYTES 6

/* The addresses of an Ethernet frame. */
struct record_ether {
	bool is_known;
	uint8_t src[RECORD_ETHER_BYTES];
	uint8_t dst[RECORD_ETHER_BYTES];
};

struct record {
	uint64_t time_us; /* of the event */
	const char *host;
	const char *pcap_filename; /* or NULL */
	const char *in_iface;      /* or NULL */
	uint64_t sequence;         /* event id's last part */
	const char *event_prefix;  /* "<sensor>-<boot>" */
	uint64_t flow_id;          /* the same in all records of a flow; 51 bits */
	const struct observation *observation;
	/*
	 * the ends in the packets, where a proxy made the judged ones others; else NULL
	 */
	const struct observation *wire;
	const struct judgement *judgement;
	const char *evidence;       /* of the classification, or NULL */
	const char *second_opinion; /* nDPI's name, or NULL */
	uint8_t vlan_count;
	uint16_t vlan[2];
	uint32_t packets[2]; /* by enum direction */
	uint64_t bytes[2];
	struct record_ether ether[2]; /* by enum direction (engine/ether) */
	bool is_blocked;              /* the flow was not let go on */
	bool is_audited; /* it would have been, had the matrix or the sensor enforced */
	bool is_repeat;  /* an alert that only tells how often a finding came again */
	uint64_t start_us;
	uint64_t end_us;
	const char *state; /* "established", "closed", "reset", "syn", "midstream" */
	/* text of a proxy in front (PROXY, SOCKS, CONNECT), or NULL */
	const char *proxied_by;
};

/* The ends in the packets: what src, dest and the Community ID speak of. */
static inline const struct observation *record_wire(const struct record *record)
{
	return record->wire ? record->wire : record->observation;
}

/* TCP or UDP: other protocols, of an outer packet, have none. */
bool record_has_ports(const struct observation *wire);

/* 28 characters and NUL; Community ID v1, seed 0. */
void record_community_id(const struct record *record, char text[32]);

/* The protocol, or the better name of a foreign one. */
const char *record_protocol_name(const struct record *record);

/*
 * "192.0.2.0/24", what hosts without a group are counted by (IPv6: /64); NULL for one of
 * a group. text holds ADDRESS_TEXT_BYTES + 4.
 */
const char *record_prefix(const struct record *record, char *text);

/* IPv4: its /24, IPv6: its /64. */
struct address record_network(const struct address *address);

/* Group, else zone, of an end; NULL when the judgement has none. */
const char *record_end_name(const struct matrix_end *end);
