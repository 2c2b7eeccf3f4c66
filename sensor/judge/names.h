/*
 * judge/names - the names that hosts are known by: what DNS on the wire said of addresses.
 *
 * In: queries and answers as they passed. Out: the names of an address, for as long as
 * their TTL says. An answer counts that was asked for: by the one it goes to, of the one
 * it comes from, on the same ports and way in, with its id and its question. And it
 * counts only of a resolver, or to one: the matrix says who is, and where it names none
 * it is whoever answers from a declared zone. Anybody can ask a server of his own.
 *
 * Of a resolver's answer the whole chain of CNAMEs is taken; of one to a query without
 * the wish for recursion only what is said of the name asked for. Where a declared name
 * leads (CNAME, MX) is remembered: who is there is known by that name too.
 *
 * Tables of one size, a set of few slots for each address: who asks most is stopped first
 * (base/quota), and names that the matrix declares do not give way to others. Does no
 * I/O and reads no clock.
 */
#pragma once

#include "analyze/dns_answer.h"
#include "base/hash.h"
#include "base/reason.h"
#include "matrix/matrix.h"

#define NAMES_TEXT_BYTES 128 /* longer names are not kept */
#define NAMES_OF_HOST    4

/* What a host is called; borrowed until the next answer is taken. */
struct host_names {
	const char *text[NAMES_OF_HOST]; /* those that the matrix declares first */
	uint8_t count;
	uint8_t asked; /* bit for each: the other end itself asked for it */
};

/* Who asked whom, and when this passed. */
struct names_exchange {
	struct address client;
	struct address server;
	uint16_t client_port;
	uint16_t server_port;
	uint32_t way;
	uint64_t now_us;
};

/*
 * What other processes are told of one name of an address, or of where a declared name
 * leads. On the wire alone.
 */
struct names_lesson {
	struct address address;
	struct address asker;
	uint64_t learned_us;
	uint64_t expires_us;
	/* of what it leads to, hashed by the seed; 0: it is an address's */
	uint64_t lead;
	uint32_t way;         /* 0 */
	uint32_t is_declared; /* by the matrix */
	char name[NAMES_TEXT_BYTES];
};

struct names_counters {
	uint64_t answers;      /* taken */
	uint64_t unasked;      /* that nobody was seen to ask for, in that way */
	uint64_t not_believed; /* of servers that are no resolvers */
	uint64_t refused; /* queries: too many of one host, or of all, in a second */
};

struct names; /* opaque */

struct names *names_new(struct hash_seed seed, struct reason *why);
void names_free(struct names *names);

/* A query or an answer; anything else is let by. */
void names_take(struct names *names, const struct matrix *matrix,
	const struct names_exchange *exchange, struct text message);

/*
 * The names of a host on this way that held at some time from start_us to now_us. peer:
 * the other end of the flow. *known is filled whole.
 */
struct names_wanted {
	struct address host;
	struct address peer;
	uint32_t way;
	uint64_t start_us;
	uint64_t now_us;
};
void names_of_host(const struct names *names, const struct names_wanted *wanted,
	struct host_names *known);

/* The lesson that was learnt last, once; false: there is none. */
bool names_next_lesson(struct names *names, struct names_lesson *lesson);

/* From another process: sound in itself; learnt as one's own. */
bool names_lesson_is_sound(const struct names_lesson *lesson);
void names_learn(struct names *names, const struct names_lesson *lesson);

const struct names_counters *names_counters(const struct names *names);
