#include "ship/redis_link.h"

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

/* The library's texts are short: "Connection refused". */
static bool tell_failure(
	const redisContext *context, const struct redis_node *node, struct reason *why)
{
	/* a time that ran out shows as an error of the socket's */
	const bool is_late = context && context->err == REDIS_ERR_IO && errno == EAGAIN;
	const char *what = !context  ? "no memory"
			   : is_late ? "no answer in time"
				     : context->errstr;
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
		(void)tell_failure(context, node, why);
		redis_link_close(link);
		return false;
	}
	return true;
}

struct redis_answer *redis_link_call(struct redis_link *link,
	const struct redis_command *command, struct reason *why)
{
	redisContext *context = (redisContext *)link->context;
	void *reply = redisCommandArgv(
		context, (int)command->count, command->words, command->lens);
	if (!reply) {
		(void)tell_failure(context, &link->node, why);
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
