/*
 * capture/shunt - flows of which nothing more is to be learnt stay in the kernel.
 *
 * In: flows that the layers above have decided. A socket filter (eBPF) of the capturing
 * sockets looks each TCP packet up in a table that it shares with this process, counts
 * what belongs to such a flow and drops it in front of the packet ring; what was counted
 * is taken back from the table. Nothing here is a system call but the start.
 *
 * Packets of other flows meet the prefilter (capture/prefilter), which is part of the
 * program. A flow is known by addresses, ports and each direction's VLAN tags. SYN, FIN
 * and RST pass and stop it at once, in the kernel, so that what follows them is seen; so
 * do IP options, IPv6 extension headers and first fragments. What else is not plain TCP
 * over IP, behind at most two VLAN tags, passes.
 *
 * A flow waits before it is shunted until all is taken that was captured before it was
 * asked for: a SYN may still lie in a ring. Ends that lie there are no danger: they pass.
 */
#pragma once

#include "base/address.h"
#include "base/reason.h"

#include <linux/filter.h>
#include <stddef.h>

#define SHUNT_FLOWS     65536              /* 128 bytes each */
#define SHUNT_IDLE_US   UINT64_C(10000000) /* a flow this quiet makes room */
#define SHUNT_KEY_WORDS 5

struct shunt; /* opaque */

/* As the flow table has it: side 0 is in front in the order of addresses, then ports. */
struct shunt_key {
	uint64_t words[SHUNT_KEY_WORDS];
};

/* What the kernel counted of one flow. */
struct shunt_counts {
	uint64_t packets[2]; /* by side */
	uint64_t bytes[2];   /* payload as the headers say */
	uint64_t wire_bytes; /* whole frames */
	uint64_t last_us;    /* real time of the last one */
};

/* What one takes, in both sides' memory. */
uint64_t shunt_bytes(void);

/* Its map and program; NULL where the kernel, or the rights of this process, allow none. */
struct shunt *shunt_new(struct reason *why);
void shunt_free(struct shunt *shunt);

/*
 * The filter takes the place of the socket's own, which prefilter is. Ethernet only. False:
 * the socket keeps the one it had.
 */
bool shunt_attach(struct shunt *shunt, int fd, const struct sock_fprog *prefilter,
	struct reason *why);
/* The program itself, for who attaches it otherwise; to be closed. -1: why says. */
int shunt_program(
	struct shunt *shunt, const struct sock_fprog *prefilter, struct reason *why);

struct shunt_key shunt_key_of(const struct address address[2], const uint16_t port[2]);

/* All that was captured until then, by every socket, has been taken. */
void shunt_passed(struct shunt *shunt, uint64_t time_us);

/* vlan_count identifiers, outermost first, as one number. */
uint32_t shunt_tags(const uint16_t *vlans, unsigned vlan_count);

/*
 * One packet of a decided flow, that side's, was taken: have the flow shunted, as far as it
 * is time. owner is given to shunt_sweep. False: there is no room for it.
 */
bool shunt_offer(struct shunt *shunt, const struct shunt_key *key, unsigned side,
	uint32_t tags, void *owner);

/* What was counted of a flow since this was asked last. False: nothing, or no such flow. */
bool shunt_take(
	struct shunt *shunt, const struct shunt_key *key, struct shunt_counts *counts);

/* Its packets pass again, until it is offered anew. */
void shunt_stop(struct shunt *shunt, const struct shunt_key *key);

/* It is over. What was counted is to be taken first. */
void shunt_release(struct shunt *shunt, const struct shunt_key *key);

/* What was counted of one flow; is_over: it was quiet for long and is shunted no more. */
typedef void shunt_sweeper(
	void *context, void *owner, const struct shunt_counts *counts, bool is_over);

/* The same of all flows in turn, a bounded number at each call. now_us: real time. */
void shunt_sweep(
	struct shunt *shunt, uint64_t now_us, shunt_sweeper *sweeper, void *context);

struct shunt_totals {
	uint64_t packets;    /* dropped in the kernel, as far as taken */
	uint64_t wire_bytes; /* of these */
	uint64_t flows;      /* in the table now */
	uint64_t refused;    /* offers for which there was no room */
};

struct shunt_totals shunt_totals(const struct shunt *shunt);
