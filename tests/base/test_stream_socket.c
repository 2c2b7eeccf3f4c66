#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/stream_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHORT_US UINT64_C(20000)
#define LONG_US  UINT64_C(5000000)

static void begin(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

static uint64_t in_us(uint64_t patience_us)
{
	return clock_monotonic_us() + patience_us;
}

static void what_cannot_be_done_now_is_a_want(void **state)
{
	(void)state;
	int ends[2];
	char text[4096] = "";
	struct reason why;
	begin(ends);
	assert_int_equal(
		socket_read(ends[1], text, sizeof(text), &why), SOCKET_WANT_READ);
	assert_int_equal(socket_write(ends[0], "abc", 3, &why), 3);
	assert_int_equal(socket_read(ends[1], text, sizeof(text), &why), 3);
	assert_memory_equal(text, "abc", 3);
	long moved = 1;
	for (int i = 0; i < 4096 && moved > 0; i++) { /* more than a socket holds */
		moved = socket_write(ends[0], text, sizeof(text), &why);
	}
	assert_int_equal(moved, SOCKET_WANT_WRITE);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void an_end_is_no_break_and_a_break_says_why(void **state)
{
	(void)state;
	int ends[2];
	char text[8];
	struct reason why;
	begin(ends);
	(void)close(ends[0]);
	assert_int_equal(socket_read(ends[1], text, sizeof(text), &why), 0);
	assert_int_equal(socket_write(ends[1], "abc", 3, &why), SOCKET_BROKEN);
	assert_string_equal(why.text, "the connection broke: Broken pipe");
	(void)close(ends[1]);
	assert_int_equal(socket_read(ends[1], text, sizeof(text), &why), SOCKET_BROKEN);
}

static void waiting_ends_in_time_or_when_it_can(void **state)
{
	(void)state;
	int ends[2];
	struct reason why;
	begin(ends);
	const uint64_t start_us = clock_monotonic_us();
	assert_false(socket_wait(ends[1], SOCKET_WANT_READ, in_us(SHORT_US)));
	assert_true(clock_monotonic_us() - start_us >= SHORT_US);
	assert_false(socket_wait(ends[1], SOCKET_WANT_WRITE, clock_monotonic_us()));
	assert_true(socket_wait(ends[1], SOCKET_WANT_WRITE, in_us(LONG_US)));
	assert_int_equal(socket_write(ends[0], "a", 1, &why), 1);
	assert_true(socket_wait(ends[1], SOCKET_WANT_READ, in_us(LONG_US)));
	assert_true(clock_monotonic_us() - start_us < LONG_US);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void what_became_of_a_connection_is_an_errno(void **state)
{
	(void)state;
	int ends[2];
	begin(ends);
	assert_int_equal(socket_error(ends[0]), 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_int_equal(socket_error(ends[0]), EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_done_now_is_a_want),
		cmocka_unit_test(an_end_is_no_break_and_a_break_says_why),
		cmocka_unit_test(waiting_ends_in_time_or_when_it_can),
		cmocka_unit_test(what_became_of_a_connection_is_an_errno),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
