/* The observed matrix of a running sensor: records are taken while it is saved, and none is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_sighting.h"
#include "observed/kept.h"
#include "observed/observed_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PAIRS      10000 /* several runs and pieces */
#define LOOKS      (PAIRS / 1024)
#define LATER_US   UINT64_C(100000000)
#define LINE_BYTES 512

static char folder[64];
static int directory;
static struct kept kept;

static size_t make_line(char line[LINE_BYTES], unsigned number)
{
	const int len = snprintf(line, LINE_BYTES,
		"{\"timestamp\":\"2026-11-29T07:00:00.000000+0000\",\"event_type\":"
		"\"mail\",\"src_ip\":\"2001:db8::%x\",\"dest_ip\":\"192.0.2.25\","
		"\"dest_port\":25,\"community_id\":\"1:%u\",\"mail\":{\"protocol\":"
		"\"smtp\"},\"flow\":{\"start\":\"2026-11-29T07:00:00.000000+0000\","
		"\"end\":\"2026-11-29T07:00:01.000000+0000\"}}\n",
		number, number);
	assert_in_range(len, 1, LINE_BYTES - 1);
	return (size_t)len;
}

static void take(unsigned number)
{
	char line[LINE_BYTES];
	const size_t len = make_line(line, number);
	kept_take(&kept, line, len);
}

static void start(void)
{
	struct reason why;
	assert_true(kept_start(&kept, directory, OBSERVED_ENTRIES, &why));
}

static void start_with(unsigned pairs)
{
	start();
	for (unsigned i = 0; i < pairs; i++) {
		take(i);
	}
}

static bool is_there(const char *name)
{
	struct stat status;
	return fstatat(directory, name, &status, 0) == 0;
}

static uint64_t flows_of(const struct observed *observed)
{
	struct observed_totals totals;
	observed_totals(observed, &totals);
	return totals.flows;
}

/* Of the file, which is whole. */
static uint64_t saved_flows(void)
{
	struct reason why = {.text = ""};
	struct observed *observed = made_observed(OBSERVED_ENTRIES);
	assert_int_equal(
		observed_file_load_at(observed, directory, KEPT_FILE, &why), 0);
	const uint64_t flows = flows_of(observed);
	observed_free(observed);
	return flows;
}

static void records_are_taken_while_it_saves_and_the_file_is_of_one_moment(void **state)
{
	(void)state;
	start_with(PAIRS);
	assert_true(kept_look(&kept, 0));
	unsigned looks = 0;
	while (kept.writing) {
		assert_false(is_there(KEPT_FILE));
		take(PAIRS + looks++); /* and there is no save in that */
		assert_non_null(kept.writing);
		assert_int_equal(flows_of(kept.observed), PAIRS);
		(void)kept_look(&kept, 1);
	}
	assert_in_range(looks, LOOKS, 2 * LOOKS);
	assert_false(is_there(KEPT_FILE ".new"));
	assert_int_equal(saved_flows(), PAIRS);
	assert_false(kept_look(&kept, 1)); /* which adds what waited */
	assert_int_equal(flows_of(kept.observed), PAIRS + looks);
	take(2 * PAIRS);
	assert_int_equal(flows_of(kept.observed), PAIRS + looks + 1);
	assert_false(kept_look(&kept, 1)); /* it is not time yet */
	kept_end(&kept);
	assert_int_equal(saved_flows(), PAIRS + looks + 1);
}

static void what_is_taken_just_before_a_save_is_in_it(void **state)
{
	(void)state;
	start_with(PAIRS);
	take(PAIRS);
	assert_true(kept_look(&kept, 0));
	take(PAIRS + 1);
	while (kept_look(&kept, 1)) {
	}
	assert_int_equal(saved_flows(), PAIRS + 1);
	assert_true(kept_look(&kept, LATER_US)); /* the other one waits for that */
	while (kept_look(&kept, LATER_US)) {
	}
	assert_int_equal(saved_flows(), PAIRS + 2);
	assert_false(kept_look(&kept, 3 * LATER_US)); /* nothing is new */
	kept_end(&kept);
}

static void what_waits_is_added_piece_by_piece_in_order(void **state)
{
	(void)state;
	start_with(PAIRS);
	assert_true(kept_look(&kept, 0));
	for (unsigned i = 0; i < PAIRS; i++) {
		take(PAIRS + i);
	}
	while (kept.writing) {
		assert_true(kept_look(&kept, 1));
	}
	assert_true(kept_look(&kept, 1));
	const uint64_t some = flows_of(kept.observed);
	assert_in_range(some, PAIRS + 1, 2 * PAIRS - 1);
	take(2 * PAIRS); /* goes behind the others */
	assert_int_equal(flows_of(kept.observed), some);
	while (kept_look(&kept, 1)) {
	}
	assert_int_equal(flows_of(kept.observed), 2 * PAIRS + 1);
	kept_end(&kept);
	assert_int_equal(saved_flows(), 2 * PAIRS + 1);
}

static void more_than_may_wait_ends_the_save_at_once_and_nothing_is_lost(void **state)
{
	(void)state;
	enum { BATCH = 200000 };
	static char batch[BATCH];
	uint64_t batches = 0;
	memset(batch, ' ', sizeof(batch));
	start_with(PAIRS);
	assert_true(kept_look(&kept, 0));
	while (kept.writing) {
		const size_t len = make_line(batch, PAIRS + (unsigned)batches++);
		batch[len] = ' ';
		batch[BATCH - 1] = '\n'; /* a second line, no record */
		kept_take(&kept, batch, sizeof(batch));
		assert_in_range(
			batches, 1, KEPT_WAITING_BYTES / BATCH + 1); /* just as many */
	}
	assert_int_equal(batches, KEPT_WAITING_BYTES / BATCH + 1);
	assert_int_equal(saved_flows(), PAIRS);
	assert_int_equal(flows_of(kept.observed), PAIRS + batches);
	kept_end(&kept);
	assert_int_equal(saved_flows(), PAIRS + batches);
}

static void an_end_in_the_midst_of_a_save_saves_all(void **state)
{
	(void)state;
	start_with(PAIRS);
	assert_true(kept_look(&kept, 0));
	assert_true(kept_look(&kept, 0));
	take(PAIRS);
	kept_end(&kept);
	assert_int_equal(saved_flows(), PAIRS + 1);
	assert_false(is_there(KEPT_FILE ".new"));
}

static void a_save_that_fails_leaves_the_file_and_is_tried_again(void **state)
{
	(void)state;
	start_with(PAIRS);
	while (kept_look(&kept, 0)) {
	}
	take(PAIRS);
	assert_true(kept_look(&kept, LATER_US));
	assert_int_equal(fclose(kept.file.out), 0);
	kept.file.out = fopen("/dev/full", "w");
	assert_non_null(kept.file.out);
	while (kept_look(&kept, LATER_US)) {
	}
	assert_int_equal(kept.faults, 1);
	assert_int_equal(saved_flows(), PAIRS);
	assert_false(is_there(KEPT_FILE ".new"));
	kept.directory = -1; /* and one that does not even begin */
	assert_false(kept_look(&kept, 2 * LATER_US));
	assert_int_equal(kept.faults, 2);
	kept.directory = directory;
	assert_true(kept_look(&kept, 3 * LATER_US));
	while (kept_look(&kept, 3 * LATER_US)) {
	}
	assert_int_equal(saved_flows(), PAIRS + 1);
	kept_end(&kept);
}

static void what_a_killed_save_left_is_in_nobodys_way(void **state)
{
	(void)state;
	start_with(PAIRS);
	while (kept_look(&kept, 0)) {
	}
	take(PAIRS);
	assert_true(kept_look(&kept, LATER_US));
	while (!kept.pieces || kept.pieces % 4 != 0) {
		assert_true(kept_look(&kept, LATER_US));
	}
	assert_true(is_there(KEPT_FILE ".new"));
	struct kept killed = kept; /* its memory goes, its file stays */
	start();
	assert_int_equal(flows_of(kept.observed), PAIRS);
	take(PAIRS + 1);
	kept_end(&kept);
	assert_int_equal(saved_flows(), PAIRS + 1);
	observed_writing_free(killed.writing);
	(void)fclose(killed.file.out);
	observed_free(killed.observed);
	free(killed.waiting);
}

static void fewer_pairs_than_the_file_has_are_partial_not_refused(void **state)
{
	(void)state;
	struct observed_totals totals;
	struct reason why;
	start_with(2 * KEPT_PAIRS_LEAST);
	kept_end(&kept);
	assert_true(kept_start(&kept, directory, KEPT_PAIRS_LEAST, &why));
	observed_totals(kept.observed, &totals);
	assert_int_equal(totals.entries, KEPT_PAIRS_LEAST);
	assert_true(observed_is_partial(&totals));
	kept_end(&kept);
	assert_true(kept_start(&kept, directory, 2 * KEPT_PAIRS_LEAST, &why));
	observed_totals(kept.observed, &totals);
	assert_int_equal(totals.entries, 2 * KEPT_PAIRS_LEAST); /* nothing was new */
	assert_false(observed_is_partial(&totals));
	kept_end(&kept);
}

static int make_folder(void **state)
{
	(void)state;
	memcpy(folder, "/tmp/mailwarden-kept-XXXXXX",
		sizeof("/tmp/mailwarden-kept-XXXXXX"));
	if (!mkdtemp(folder)) {
		return -1;
	}
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory >= 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlinkat(directory, KEPT_FILE, 0);
	(void)unlinkat(directory, KEPT_FILE ".new", 0);
	return close(directory) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

#define IN_A_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(
			records_are_taken_while_it_saves_and_the_file_is_of_one_moment),
		IN_A_FOLDER(what_is_taken_just_before_a_save_is_in_it),
		IN_A_FOLDER(what_waits_is_added_piece_by_piece_in_order),
		IN_A_FOLDER(
			more_than_may_wait_ends_the_save_at_once_and_nothing_is_lost),
		IN_A_FOLDER(an_end_in_the_midst_of_a_save_saves_all),
		IN_A_FOLDER(a_save_that_fails_leaves_the_file_and_is_tried_again),
		IN_A_FOLDER(what_a_killed_save_left_is_in_nobodys_way),
		IN_A_FOLDER(fewer_pairs_than_the_file_has_are_partial_not_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
