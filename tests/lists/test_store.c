/* Processes that look up all the time, while the lists under them are swapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lists/store.h"
#include "made_lists.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define READERS 3
#define SWAPS   60
#define HOSTS   200

/* Of a half: its addresses, one a line. */
static void write_half(const char *name, const char *network)
{
	char text[HOSTS * 20] = "";
	size_t len = 0;
	for (unsigned i = 0; i < HOSTS; i++) {
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s.%u\n", network, i);
	}
	made_write(name, text);
}

static struct matrix *matrices[2]; /* by generation */

static int make(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(made_folder));
	write_half("even", "203.0.113");
	write_half("odd", "198.51.100");
	matrices[0] = made_matrix("  d: {kind: deny, file: even, shrinks: yes}\n");
	matrices[1] = made_matrix("  d: {kind: deny, file: odd, shrinks: yes}\n");
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	char command[128];
	(void)snprintf(command, sizeof(command), "rm -r %s", made_folder);
	matrix_free(matrices[0]);
	matrix_free(matrices[1]);
	return system(command);
}

/* How many of 203.0.113.0 or 198.51.100.0 on. */
static unsigned found(const struct lists *lists, const char *first)
{
	struct address address;
	unsigned count = 0;
	assert_true(address_parse(first, &address));
	for (unsigned i = 0; i < HOSTS; i++) {
		address.bytes[15] = (uint8_t)i;
		count += lists_find_address(lists, &address, MADE_NOW_S).entry !=
			 LISTS_NONE;
	}
	return count;
}

struct seen {
	_Atomic uint64_t looks;
	_Atomic uint64_t halves; /* neither all of one nor all of the other */
	_Atomic uint64_t changes;
};

_Noreturn static void read_on(
	struct lists_store *store, unsigned reader, struct seen *seen)
{
	struct lists *last = NULL;
	struct reason why;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* where the test fails */
	if (!lists_store_freeze(store, &why)) {
		_exit(1);
	}
	for (;;) {
		struct lists *lists = lists_store_take(store, reader);
		const unsigned even = found(lists, "203.0.113.0");
		const unsigned odd = found(lists, "198.51.100.0");
		seen->halves +=
			!((even == HOSTS && odd == 0) || (even == 0 && odd == HOSTS));
		seen->changes += lists != last;
		seen->looks++;
		last = lists;
	}
}

static void load_next(struct lists_store *store)
{
	const uint32_t next = lists_store_generation(store) + 1;
	const struct lists_past past = {
		next > 1 ? lists_store_block(store, next - 1) : NULL, -1};
	lists_load(
		lists_store_block(store, next), matrices[next % 2], &past, MADE_NOW_S);
	lists_store_publish(store);
}

static void no_process_ever_looks_into_half_a_list(void **state)
{
	(void)state;
	struct reason why;
	struct lists_store *store = lists_store_new(&why);
	struct seen *seen = mmap(NULL, sizeof(*seen) * READERS, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t readers[READERS];
	assert_non_null(store);
	assert_ptr_not_equal(seen, MAP_FAILED);
	load_next(store);
	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = fork();
		if (readers[i] == 0) {
			read_on(store, i, &seen[i]);
		}
	}
	for (unsigned swap = 0; swap < SWAPS; swap++) {
		for (unsigned i = 0; i < READERS; i++) {
			const uint64_t looks = seen[i].looks;
			for (unsigned naps = 0;
				naps < 20000 && (!lists_store_is_taken(store, i) ||
							seen[i].looks == looks);
				naps++) {
				(void)poll(NULL, 0, 1);
			}
			assert_true(lists_store_is_taken(store, i));
		}
		lists_store_clear(store);
		load_next(store);
	}
	for (unsigned i = 0; i < READERS; i++) {
		assert_int_equal(kill(readers[i], SIGKILL), 0);
		assert_int_equal(waitpid(readers[i], NULL, 0), readers[i]);
		assert_int_equal(seen[i].halves, 0);
		assert_true(seen[i].changes >= SWAPS);
	}
	(void)munmap(seen, sizeof(*seen) * READERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_process_ever_looks_into_half_a_list),
	};
	return cmocka_run_group_tests(tests, make, unmake);
}
