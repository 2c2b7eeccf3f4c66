#include "ship/redis_link.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

#if HIREDIS_MAJOR == 0 && HIREDIS_MINOR < 14
#error "hiredis 0.14 or newer is needed"
#endif

/* The answer that others see is the library's. */
static const redisReply *reply_of(const struct redis_answer *answer)
{
	return (const redisReply *)(const void *)answer;
}

#if HIREDIS_MAJOR == 0
typedef int list_size; /* the library's type of a number of items */
#else
typedef size_t list_size;
#endif

/* How the library makes a list: with room for all items once their number is told. */
static void *(*make_list)(const redisReadTask *task, list_size count);

/* NULL ends the answer, as where there is no memory. */
static void *make_bounded_list(const redisReadTask *task, list_size count)
{
	struct redis_link *link = (struct redis_link *)task->privdata;
	if ((size_t)count > REDIS_ANSWER_ITEMS - link->items) {
		return NULL;
	}
	link->items += (size_t)count;
	return make_list(task, count);
}

static void bound_lists(const redisContext *context)
{
	static redisReplyObjectFunctions functions;
	if (!make_list) {
		functions = *context->reader->fn;
		make_list = functions.createArray;
		functions.createArray = make_bounded_list;
	}
	context->reader->fn = &functions;
}

/* The library's texts are short: "Connection refused". what: NULL: its own. */
static bool tell_failure(const redisContext *context, const struct redis_node *node,
	const char *what, struct reason *why)
{
	if (!what && context) {
		/* a time that ran out shows as an error of the socket's */
		const bool is_late = context->err == REDIS_ERR_IO && errno == EAGAIN;
		what = is_late                         ? "no answer in time"
		       : context->err == REDIS_ERR_OOM ? "an answer too long to be kept"
						       : context->errstr;
	}
	what = what ? what : "no memory";
	return node->port == 0 ? reason_set(why, "%.110s: %.100s", node->host, what)
			       : reason_set(why, "%.100s port %u: %.100s", node->host,
					 node->port, what);
}

void redis_link_close(struct redis_link *link)
{
	if (link->context) {
		redisFree((redisContext *)link->context);
		link->context = NULL;
	}
}

bool redis_link_open(
	struct redis_link *link, const struct redis_node *node, struct reason *why)
{
	const struct timeval connect = {.tv_sec = REDIS_CONNECT_S};
	const struct timeval answer = {.tv_sec = REDIS_ANSWER_S};
	redis_link_close(link);
	redisContext *context =
		node->port == 0
			? redisConnectUnixWithTimeout(node->host, connect)
			: redisConnectWithTimeout(node->host, (int)node->port, connect);
	link->node = *node;
	link->context = context;
	if (!context || context->err != 0 ||
		redisSetTimeout(context, answer) != REDIS_OK) {
		(void)tell_failure(context, node, NULL, why);
		redis_link_close(link);
		return false;
	}
	bound_lists(context);
	return true;
}

static bool send_command(redisContext *context, const struct redis_command *command)
{
	int is_sent = 0;
	int result = redisAppendCommandArgv(
		context, (int)command->count, command->words, command->lens);
	while (result == REDIS_OK && is_sent == 0) { /* ends by the socket's own time */
		result = redisBufferWrite(context, &is_sent);
	}
	return result == REDIS_OK;
}

/*
 * A peer that never comes to the end of its answer gets no more of our memory than
 * the bounds, and no more time, however little it says at once. NULL with what was
 * wrong, or with NULL for what the library tells.
 */
static void *read_answer(redisContext *context, const char **what)
{
	const uint64_t end_us =
		clock_monotonic_us() + REDIS_ANSWER_S * UINT64_C(1000000);
	size_t bytes = 0;
	void *reply = NULL;
	*what = NULL;
	while (redisGetReplyFromReader(context, &reply) == REDIS_OK && !reply) {
		const size_t before = context->reader->len;
		if (bytes > REDIS_ANSWER_BYTES) {
			*what = "an answer too long to be kept";
		} else if (clock_monotonic_us() >= end_us) {
			*what = "no end of its answer in time";
		}
		if (*what || redisBufferRead(context) != REDIS_OK) {
			return NULL;
		}
		bytes += context->reader->len - before;
	}
	return reply;
}

struct redis_answer *redis_link_call(struct redis_link *link,
	const struct redis_command *command, struct reason *why)
{
	redisContext *context = (redisContext *)link->context;
	const char *what = NULL;
	link->items = 0;
	context->reader->privdata = link;
	void *reply =
		send_command(context, command) ? read_answer(context, &what) : NULL;
	if (!reply) {
		(void)tell_failure(context, &link->node, what, why);
		redis_link_close(link);
	}
	return (struct redis_answer *)reply;
}

void redis_answer_free(struct redis_answer *answer)
{
	freeReplyObject(answer);
}

const char *redis_answer_error(const struct redis_answer *answer)
{
	const redisReply *reply = reply_of(answer);
	return reply && reply->type == REDIS_REPLY_ERROR ? reply->str : NULL;
}

const char *redis_answer_text(const struct redis_answer *answer)
{
	const redisReply *reply = reply_of(answer);
	const bool is_text = reply && (reply->type == REDIS_REPLY_STRING ||
					      reply->type == REDIS_REPLY_STATUS);
	return is_text ? reply->str : NULL;
}

int64_t redis_answer_number(const struct redis_answer *answer)
{
	const redisReply *reply = reply_of(answer);
	if (reply && reply->type == REDIS_REPLY_INTEGER) {
		return reply->integer;
	}
	const char *text = redis_answer_text(answer);
	return text ? strtoll(text, NULL, 10) : 0;
}

size_t redis_answer_count(const struct redis_answer *answer)
{
	const redisReply *reply = reply_of(answer);
	return reply && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

const struct redis_answer *redis_answer_item(
	const struct redis_answer *answer, size_t index)
{
	return index < redis_answer_count(answer)
		       ? (const struct redis_answer *)(const void *)reply_of(answer)
				 ->element[index]
		       : NULL;
}
