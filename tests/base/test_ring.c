#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ring.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPACITY 128

static struct ring new_ring(void)
{
	void *memory = mmap(NULL, ring_size(CAPACITY), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	return ring_init(memory, CAPACITY);
}

static void what_is_put_comes_out_in_order_across_the_end(void **state)
{
	(void)state;
	const struct ring ring = new_ring();
	char line[48];
	char out[CAPACITY];
	for (int i = 0; i < 50; i++) {
		const size_t len =
			(size_t)snprintf(line, sizeof(line), "line %d of many\n", i);
		assert_true(ring_put(&ring, line, len, 0));
		assert_int_equal(ring_peek(&ring, out, sizeof(out)), len);
		assert_memory_equal(out, line, len);
		ring_done(&ring, len);
	}
	assert_int_equal(ring_waiting(&ring), 0);
}

static void what_is_not_done_with_comes_again(void **state)
{
	(void)state;
	const struct ring ring = new_ring();
	char out[CAPACITY];
	assert_true(ring_put(&ring, "again\n", 6, 0));
	assert_int_equal(ring_peek(&ring, out, sizeof(out)), 6);
	assert_int_equal(ring_peek(&ring, out, sizeof(out)), 6);
	ring_done(&ring, 6);
	assert_int_equal(ring_peek(&ring, out, sizeof(out)), 0);
}

static void a_full_ring_refuses_and_counts_and_keeps_what_it_has(void **state)
{
	(void)state;
	const struct ring ring = new_ring();
	char bytes[CAPACITY] = {'x'};
	assert_true(ring_put(&ring, bytes, CAPACITY - 10, 0));
	assert_false(ring_put(&ring, bytes, 11, 0));
	assert_false(ring_put(&ring, bytes, 10, 1));
	assert_false(ring_put(&ring, bytes, 1, SIZE_MAX));
	assert_true(ring_put(&ring, bytes, 10, 0));
	assert_int_equal(ring_refused(&ring), 3);
	assert_int_equal(ring_waiting(&ring), CAPACITY);
}

static void positions_broken_by_the_writer_empty_the_ring(void **state)
{
	(void)state;
	const struct ring ring = new_ring();
	char out[CAPACITY];
	const uint64_t far = 1000;
	memcpy(ring.memory, &far, sizeof(far)); /* the writer's position */
	assert_int_equal(ring_peek(&ring, out, sizeof(out)), 0);
	assert_int_equal(ring_broken(&ring), 1);
	assert_true(ring_put(&ring, "on\n", 3, 0));
	assert_int_equal(ring_peek(&ring, out, sizeof(out)), 3);
}

#define LINES 20000

static void write_lines(const struct ring *ring)
{
	char line[32];
	for (int i = 0; i < LINES;) {
		const int len = snprintf(line, sizeof(line), "%d\n", i);
		if (ring_put(ring, line, (size_t)len, 0)) {
			i++;
		} else {
			(void)usleep(10);
		}
	}
	_exit(0);
}

static void two_processes_see_every_line_once(void **state)
{
	(void)state;
	const struct ring ring = new_ring();
	const pid_t writer = fork();
	if (writer == 0) {
		write_lines(&ring);
	}
	long expected = 0;
	long number = 0;
	while (expected < LINES) {
		char out[CAPACITY];
		const size_t len = ring_peek(&ring, out, sizeof(out));
		for (size_t i = 0; i < len; i++) {
			if (out[i] == '\n') {
				assert_int_equal(number, expected++);
				number = 0;
			} else {
				number = number * 10 + (out[i] - '0');
			}
		}
		ring_done(&ring, len);
	}
	int status;
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_comes_out_in_order_across_the_end),
		cmocka_unit_test(what_is_not_done_with_comes_again),
		cmocka_unit_test(a_full_ring_refuses_and_counts_and_keeps_what_it_has),
		cmocka_unit_test(positions_broken_by_the_writer_empty_the_ring),
		cmocka_unit_test(two_processes_see_every_line_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
