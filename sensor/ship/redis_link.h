/*
 * ship/redis_link - one connection to one Redis server: command in, answer out.
 *
 * The only file that knows hiredis (0.14 and 1.x). Waits for its peer, at most for
 * the times below, and keeps no answer that is larger than the bounds below: a
 * connection that fails once is closed. Resolves no names.
 */
#pragma once

#include "base/reason.h"
#include "ship/redis_answer.h"

#include <stdint.h>

#define REDIS_CONNECT_S 3
#define REDIS_ANSWER_S  8 /* to its end */

/*
 * Of one answer: bytes on the wire, and items of all its lists. The largest that is
 * asked for is the list of slots of a cluster; how deep lists lie in each other is
 * bounded by the library.
 */
#define REDIS_ANSWER_BYTES ((size_t)8 << 20)
#define REDIS_ANSWER_ITEMS ((size_t)1 << 18)

struct redis_link {
	void *context; /* the library's; NULL: not connected */
	size_t items;  /* of the answer that is read */
	struct redis_node node;
};

/* words: count of them, any bytes; lens: NULL where all end with NUL. */
struct redis_command {
	const char **words;
	const size_t *lens;
	size_t count;
};

struct redis_answer; /* the library's */

bool redis_link_open(
	struct redis_link *link, const struct redis_node *node, struct reason *why);
void redis_link_close(struct redis_link *link);

/*
 * An answer, also one that tells an error; to be freed. NULL with a reason: the
 * connection failed and is closed.
 */
struct redis_answer *redis_link_call(struct redis_link *link,
	const struct redis_command *command, struct reason *why);
void redis_answer_free(struct redis_answer *answer);

/* The text of an answer that is an error, else NULL. */
const char *redis_answer_error(const struct redis_answer *answer);

/* The text of an answer that is one, else NULL. */
const char *redis_answer_text(const struct redis_answer *answer);

/* The number of an answer, also one told as a text; 0 where it is none. */
int64_t redis_answer_number(const struct redis_answer *answer);

/* The items of an answer that is a list; else 0 and NULL. */
size_t redis_answer_count(const struct redis_answer *answer);
const struct redis_answer *redis_answer_item(
	const struct redis_answer *answer, size_t index);
