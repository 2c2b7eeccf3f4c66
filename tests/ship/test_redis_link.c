/* What is kept of the answers of a Redis server that means harm, and of one that does not. */
#include "ship/redis_link.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD_BYTES ((size_t)64)
#define PART       ((size_t)16384)

/* head once, then unit so often (SIZE_MAX: without end), then tail. */
struct speech {
	const char *head;
	const char *unit;
	size_t times;
	useconds_t pause_us; /* between units */
	const char *tail;    /* NULL: none */
};

static char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
static pid_t server;
static struct redis_link client;
static struct reason why;

static bool put(int peer, const char *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t sent = send(peer, bytes, len, MSG_NOSIGNAL);
		if (sent <= 0) {
			return false;
		}
		bytes += sent;
		len -= (size_t)sent;
	}
	return true;
}

static void speak(int peer, const struct speech *speech)
{
	static char part[PART];
	const size_t len = strlen(speech->unit);
	/* many at once, where they need not come one by one */
	const size_t together = speech->pause_us > 0 || len == 0 ? 1 : PART / len;
	for (size_t i = 0; i < together; i++) {
		memcpy(part + i * len, speech->unit, len);
	}
	bool is_heard = put(peer, speech->head, strlen(speech->head));
	for (size_t done = 0; is_heard && done < speech->times;) {
		const size_t left = speech->times - done;
		const size_t now = left < together ? left : together;
		is_heard = put(peer, part, now * len);
		done += now;
		if (speech->pause_us > 0) {
			(void)usleep(speech->pause_us);
		}
	}
	if (is_heard && speech->tail) {
		(void)put(peer, speech->tail, strlen(speech->tail));
	}
	(void)pause(); /* says no more, and keeps the connection */
}

static void serve(int listener, const struct speech *speech)
{
	char request[256];
	const int peer = accept(listener, NULL, NULL);
	if (peer >= 0 && read(peer, request, sizeof(request)) > 0) {
		speak(peer, speech);
	}
	_exit(0);
}

static void start(const struct speech *speech)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct redis_node node = {.port = 0};
	const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)snprintf(path, sizeof(path), "/tmp/mailwarden-link-%d", (int)getpid());
	(void)unlink(path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(
		bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	server = fork();
	assert_true(server >= 0);
	if (server == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener, speech);
	}
	assert_int_equal(close(listener), 0);
	(void)snprintf(node.host, sizeof(node.host), "%s", path);
	assert_true(redis_link_open(&client, &node, &why));
}

static void stop(void)
{
	redis_link_close(&client);
	assert_int_equal(kill(server, SIGKILL), 0);
	assert_int_equal(waitpid(server, NULL, 0), server);
	assert_int_equal(unlink(path), 0);
}

static struct redis_answer *ask(void)
{
	const char *words[] = {"PING"};
	const struct redis_command command = {.words = words, .count = 1};
	why.text[0] = '\0';
	return redis_link_call(&client, &command, &why);
}

static long most_kib(void)
{
	struct rusage usage;
	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* No answer, the reason, the connection closed, and no more memory than this taken. */
static void assert_refused(const struct speech *speech, const char *what)
{
	start(speech);
	const long before = most_kib();
	assert_null(ask());
	assert_non_null(strstr(why.text, what));
	assert_null(client.context);
	assert_in_range(most_kib() - before, 0, 64 << 10);
	stop();
}

static void a_text_without_end_is_refused(void **state)
{
	(void)state;
	const struct speech bulk = {"$1000000000\r\n", "A", SIZE_MAX, 0, NULL};
	const struct speech line = {"+", "A", SIZE_MAX, 0, NULL};
	assert_refused(&bulk, "an answer too long to be kept");
	assert_refused(&line, "an answer too long to be kept");
}

static void a_list_without_end_is_refused_before_there_is_room_for_it(void **state)
{
	(void)state;
	const struct speech announced = {"*2147483647\r\n", "", 0, 0, NULL};
	const struct speech filled = {"*100000000\r\n", ":1\r\n", SIZE_MAX, 0, NULL};
	const struct speech by_lists = {
		"*262144\r\n", "*2\r\n:1\r\n:1\r\n", SIZE_MAX, 0, NULL};
	assert_refused(&announced, "an answer too long to be kept");
	assert_refused(&filled, "an answer too long to be kept");
	assert_refused(&by_lists, "an answer too long to be kept");
}

static void lists_that_lie_in_each_other_without_end_are_refused(void **state)
{
	(void)state;
	const struct speech speech = {"", "*1\r\n", SIZE_MAX, 0, NULL};
	assert_refused(&speech, "nested");
}

static void an_answer_that_comes_byte_by_byte_has_a_time_to_end(void **state)
{
	(void)state;
	const struct speech speech = {"$1000\r\n", "A", SIZE_MAX, 500000, NULL};
	assert_refused(&speech, "no end of its answer in time");
}

static void a_long_answer_within_the_bounds_is_taken(void **state)
{
	(void)state;
	static char head[HEAD_BYTES];
	const size_t len = REDIS_ANSWER_BYTES / 2;
	const struct speech bulk = {head, "A", len, 0, "\r\n"};
	const struct speech list = {"*131072\r\n", ":7\r\n", 131072, 0, NULL};
	(void)snprintf(head, sizeof(head), "$%zu\r\n", len);
	start(&bulk);
	struct redis_answer *answer = ask();
	assert_non_null(answer);
	assert_int_equal(strlen(redis_answer_text(answer)), len);
	redis_answer_free(answer);
	stop();
	start(&list);
	answer = ask();
	assert_int_equal(redis_answer_count(answer), 131072);
	assert_int_equal(redis_answer_number(redis_answer_item(answer, 131071)), 7);
	redis_answer_free(answer);
	assert_non_null(client.context);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_without_end_is_refused),
		cmocka_unit_test(
			a_list_without_end_is_refused_before_there_is_room_for_it),
		cmocka_unit_test(lists_that_lie_in_each_other_without_end_are_refused),
		cmocka_unit_test(an_answer_that_comes_byte_by_byte_has_a_time_to_end),
		cmocka_unit_test(a_long_answer_within_the_bounds_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
