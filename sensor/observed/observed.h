/*
 * observed/observed - the observed matrix: all sightings, added up by pair.
 *
 * In: sightings, in any order, and other observed matrices. Out: one entry for each
 * client, server, protocol, port, TLS state and way in: how much, when, what was found,
 * what was decided last. It knows no declared matrix but by what sightings say of it.
 *
 * Bounded: a full one gives up, of the network of clients that holds most entries, the
 * one not seen for longest; that is counted and observed_is_partial says so. Towards and
 * from a declared server the hosts of the Internet are one entry: how many they are is
 * estimated (observed/peers), the largest are kept by name. Memory is taken at start.
 * No I/O (observed/observed_file), reads no clock.
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"
#include "observed/peers.h"
#include "observed/sighting.h"

#define OBSERVED_ENTRIES 262144 /* standard; about 60 MB once all are used */
#define OBSERVED_DAYS    400
#define OBSERVED_SAMPLE  8

struct observed_key {
	struct address client; /* all zero: hosts of the Internet, folded; */
	struct address server; /* so is this */
	uint16_t port;
	uint16_t way;     /* observed_way; 0: on the wire */
	uint8_t protocol; /* enum protocol */
	uint8_t tls;      /* enum facts_tls */
	uint8_t zero[2];  /* compared whole */
};

/* TLS versions, as flags. */
enum observed_version {
	OBSERVED_VERSION_OLDER = 1 << 0, /* than TLS 1.0 */
	OBSERVED_VERSION_1_0 = 1 << 1,
	OBSERVED_VERSION_1_1 = 1 << 2,
	OBSERVED_VERSION_1_2 = 1 << 3,
	OBSERVED_VERSION_1_3 = 1 << 4,
};

enum observed_name_kind {
	OBSERVED_NAME_NONE = 0,
	OBSERVED_NAME_SNI,  /* the client's claim */
	OBSERVED_NAME_DNS,  /* of the server */
	OBSERVED_NAME_HELO, /* what the client calls itself */
};

enum observed_flag {
	OBSERVED_HEARD = 1 << 0,           /* some flow was heard from both ends */
	OBSERVED_CLIENT_INTERNET = 1 << 1, /* no zone holds it */
	OBSERVED_SERVER_INTERNET = 1 << 2,
};

struct observed_entry {
	struct observed_key key;
	uint32_t flows; /* these stop at their largest number */
	uint32_t messages;
	uint32_t refusals;
	uint32_t deferrals;
	uint64_t bytes[2]; /* by enum direction */
	/* when the flow that ended last did; the members with last_ are its */
	uint64_t last_us;
	uint64_t last_flow_id; /* an example */
	uint64_t findings;     /* of all flows, FINDING_BIT of each */
	uint64_t accepted;
	uint32_t sample[OBSERVED_SAMPLE]; /* the smallest identities; 0: none */
	uint32_t first_s;
	uint32_t name;       /* observed_text */
	uint16_t last_row;   /* observed_row: that allowed it, or nearest */
	uint16_t peers;      /* 0: nothing is folded */
	uint16_t mechanisms; /* enum facts_mechanism, of all flows */
	uint16_t clear_mechanisms;
	uint16_t shown_by_any; /* enum sighting_shown */
	uint16_t shown_by_all;
	uint8_t versions; /* enum observed_version flags */
	uint8_t offered;  /* 1 << enum facts_answer: STARTTLS */
	uint8_t verdicts; /* 1 << enum verdict, of all flows */
	uint8_t last_verdict;
	uint8_t name_kind;      /* enum observed_name_kind */
	uint8_t confidence;     /* the least */
	uint8_t rpc_protection; /* the least that was seen */
	uint8_t flags;          /* enum observed_flag */
	/* bit n: a day since 1970 that leaves n when divided by their number */
	uint8_t days[OBSERVED_DAYS / 8];
	uint8_t zero[2];
};

struct observed; /* opaque */

/* What is told of the whole. */
struct observed_totals {
	uint64_t flows; /* taken, those given up too */
	uint64_t given_up_entries;
	uint64_t given_up_flows;
	uint64_t first_us; /* 0: none yet */
	uint64_t last_us;
	uint32_t entries;
};

/* capacity: entries, at least 16. */
struct observed *observed_new(
	uint32_t capacity, struct hash_seed seed, struct reason *why);
void observed_free(struct observed *observed);

void observed_add(struct observed *observed, const struct sighting *sighting);

/*
 * Add up another one, which may be of another sensor. A flow that both saw is counted
 * once: exactly where neither entry has more than OBSERVED_SAMPLE flows, else by the share
 * of the sampled flows that both have. Adding the same one twice changes nothing.
 */
void observed_merge(struct observed *into, const struct observed *from);

/* The same of what was seen since then alone; an entry stays with all of its flows. */
void observed_merge_since(
	struct observed *into, const struct observed *from, uint64_t since_us);

const struct observed_entry *observed_find(
	const struct observed *observed, const struct observed_key *key);

/*
 * All entries in order of server, port, protocol, TLS, client, way, whatever order they
 * came in. Allocated: free() .entries; what they point to is borrowed until the next change.
 */
struct observed_list {
	const struct observed_entry **entries; /* NULL: no memory */
	size_t count;
};
struct observed_list observed_sorted(const struct observed *observed);

void observed_totals(const struct observed *observed, struct observed_totals *totals);
static inline bool observed_is_partial(const struct observed_totals *totals)
{
	return totals->given_up_entries > 0;
}

/* Borrowed from it; "" and the way of the wire for 0. */
const char *observed_text(const struct observed *observed, uint32_t name);
const char *observed_row(const struct observed *observed, uint16_t row);
const struct way *observed_way(const struct observed *observed, uint16_t way);

/* How many hosts are folded, about, and the largest, most flows first; 0: it is one host. */
uint32_t observed_peers(const struct observed *observed,
	const struct observed_entry *entry,
	struct peers_largest largest[PEERS_LARGEST]);

/* The address stands for hosts of the Internet. */
static inline bool observed_is_folded(const struct address *address)
{
	static const struct address NONE;
	return address_equal(address, &NONE);
}

/* Days on which it was seen, of the last OBSERVED_DAYS before its last one. */
unsigned observed_days(const struct observed_entry *entry);

/* It was seen on one of these days since 1970, the last among them, as far as days are kept. */
bool observed_is_of_days(
	const struct observed_entry *entry, uint64_t first, uint64_t last);

/*
 * A flow that stands for all of the entry, to be judged anew: what was worst of each (the
 * oldest TLS version, content in clear if any had it), of folded hosts the largest. Of names
 * it has one: what the names of a certificate alone allow is undecided.
 */
void observed_stand_in(const struct observed *observed,
	const struct observed_entry *entry, struct sighting *sighting);
