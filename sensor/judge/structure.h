/*
 * judge/structure - who sent mail to whom: what one flow alone does not show.
 *
 * In: judged flows. Out: struct judge_memory for a flow at hand: servers that both
 * send and receive (R36), relays that pass on what an exposed server gave them (R35),
 * hosts that send to many servers. Bounded: a full table gives up, of those that share a
 * place, the host that is worth least to the matrix, of these the one idle longest, and
 * none for one that is worth less: whoever sends in many names pushes out no declared
 * server. Time is a parameter; no I/O. Holds addresses, times, sizes and hashes, nothing
 * of the matrix.
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"
#include "judge/judge.h"

struct structure; /* opaque */

#define STRUCTURE_REACHED    8   /* servers told apart for one sender */
#define STRUCTURE_RELAYS     16  /* relays whose messages are remembered */
#define STRUCTURE_GIFTS      128 /* messages given to each, the last ones */
#define STRUCTURE_DAY_US     (UINT64_C(24) * 3600 * 1000000)
#define STRUCTURE_HOUR_US    (UINT64_C(3600) * 1000000)
#define STRUCTURE_MINUTE_US  (UINT64_C(60) * 1000000)
#define STRUCTURE_MOMENT_US  (UINT64_C(10) * 1000000)
#define STRUCTURE_SIZE_ADDED 1024 /* bytes of header a relay may add */

enum structure_lesson_kind {
	STRUCTURE_LESSON_SENT = 0, /* a server of ours, to the Internet, and was let */
	STRUCTURE_LESSON_TOOK,     /* a host, from the Internet */
	STRUCTURE_LESSON_REACHED,  /* a host, accused of sending, a server */
	STRUCTURE_LESSON_GIFT,     /* a relay, a message of an exposed server */
	STRUCTURE_LESSON_COUNT,
};

struct structure_lesson {
	struct address host;
	struct address server; /* that was reached */
	uint64_t time_us;
	uint64_t bytes; /* of the message given, and how to know it again */
	uint64_t queue_id;
	uint64_t helo;
	uint32_t recipients;
	uint8_t kind;         /* enum structure_lesson_kind */
	uint8_t worth;        /* of the host to the matrix, as structure.c grades it */
	uint8_t is_let;       /* to take it: no row was against it */
	uint8_t is_in_breach; /* the message given: no row let that server give it */
};

/* hosts: how many servers, and as many undeclared senders, are remembered. */
struct structure *structure_new(
	uint32_t hosts, struct hash_seed seed, struct reason *why);
void structure_free(struct structure *structure);

/*
 * Fill the part of *memory that is about the ends of a mail flow, observation->ends;
 * where they say that nobody will ask, it stays zero.
 */
void structure_recall(const struct structure *structure,
	const struct observation *observation, struct judge_memory *memory);

/* Of each lesson that is new; borrowed for the call. NULL: nobody listens. */
typedef void structure_tell(void *context, const struct structure_lesson *lesson);
void structure_listen(struct structure *structure, structure_tell *tell, void *context);

/* What another one told. */
void structure_hear(struct structure *structure, const struct structure_lesson *lesson);

/* Nothing in it is odd: asked of all that others told. */
bool structure_lesson_is_sound(const struct structure_lesson *lesson);

/* How many servers the client reached: of use only where it is accused of sending. */
void structure_recall_sender(const struct structure *structure,
	const struct observation *observation, struct judge_memory *memory);

/*
 * A mail flow was judged, running or ended; may be told of the same flow again.
 * first_transaction: of facts->transactions, how many were learnt before.
 */
void structure_learn(struct structure *structure, const struct observation *observation,
	const struct judgement *judgement, uint32_t first_transaction);

/* Hosts and relays forgotten, or not learnt, for want of room. */
uint64_t structure_given_up(const struct structure *structure);
