#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "status/status.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static int directory;
static char path[80];

static struct status_page *create(int *lock)
{
	struct reason why = {.text = ""};
	struct status_page *page = status_create(directory, lock, &why);
	assert_string_equal(why.text, "");
	assert_non_null(page);
	return page;
}

static void give_back(const struct status_page *page, int lock)
{
	assert_int_equal(munmap((void *)page, sizeof(*page)), 0);
	assert_int_equal(close(lock), 0);
}

/* Why a reader gets no page. */
static const char *refusal(void)
{
	static struct reason why;
	bool is_running = false;
	why.text[0] = '\0';
	assert_null(status_open(folder, &is_running, &why));
	return why.text;
}

static void what_the_sensor_writes_a_reader_sees(void **state)
{
	(void)state;
	int lock;
	struct reason why;
	bool is_running = false;
	struct status_page *page = create(&lock);
	const struct status_page *seen = status_open(folder, &is_running, &why);
	assert_non_null(seen);
	assert_true(is_running);
	page->matrix = 7;
	page->processes[2].packets = 123;
	assert_int_equal(seen->matrix, 7);
	assert_int_equal(seen->processes[2].packets, 123);
	give_back(seen, open(path, O_RDONLY));
	give_back(page, lock);
}

static void a_page_without_a_lock_is_of_a_sensor_that_ended(void **state)
{
	(void)state;
	int lock;
	struct reason why;
	bool is_running = true;
	struct status_page *page = create(&lock);
	page->processes[1].packets = 5;
	give_back(page, lock);
	const struct status_page *seen = status_open(folder, &is_running, &why);
	assert_non_null(seen);
	assert_false(is_running);
	assert_int_equal(seen->processes[1].packets, 5);
	give_back(seen, open(path, O_RDONLY));
}

static void a_child_that_is_left_with_the_page_does_not_hold_the_lock(void **state)
{
	(void)state;
	int lock;
	struct status_page *page = create(&lock);
	assert_int_equal(
		close(lock), 0); /* as the kernel does for one that was killed */
	struct status_page *next = create(&lock);
	page->matrix = 9;
	assert_int_equal(next->matrix, 9);
	assert_int_equal(munmap(page, sizeof(*page)), 0);
	give_back(next, lock);
}

static void a_text_of_the_page_ends_and_steers_no_terminal(void **state)
{
	(void)state;
	static const char FIELD[16] = "a\x1b]0;b\a\n\xc2\x9b"
				      "c\x9bxyzu";
	char text[32];
	assert_string_equal(status_text(FIELD, sizeof(FIELD), text, sizeof(text)),
		"a?]0;b???c?xyzu");
	assert_string_equal(status_text("br\xc3\xbc"
					"cke",
				    8, text, sizeof(text)),
		"br\xc3\xbc"
		"cke");
	assert_string_equal(status_text("mx", 8, text, 2), "m");
}

/* A reader that took a lock to ask would refuse one start in fifteen. */
static pid_t read_on(void)
{
	const pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			struct reason why;
			bool is_running;
			const struct status_page *seen =
				status_open(folder, &is_running, &why);
			(void)munmap((void *)seen, sizeof(*seen));
		}
	}
	return pid;
}

static void readers_at_work_refuse_no_start(void **state)
{
	(void)state;
	unsigned refused = 0;
	int lock;
	struct status_page *page = create(&lock);
	give_back(page, lock);
	const pid_t reader = read_on();
	for (int i = 0; i < 2000; i++) {
		struct reason why;
		page = status_create(directory, &lock, &why);
		refused += page == NULL;
		if (page) {
			give_back(page, lock);
		}
	}
	assert_int_equal(kill(reader, SIGKILL), 0);
	assert_int_equal(waitpid(reader, NULL, 0), reader);
	assert_int_equal(refused, 0);
}

static void a_second_sensor_in_the_same_directory_is_refused(void **state)
{
	(void)state;
	int lock;
	int other = -1;
	struct reason why;
	struct status_page *page = create(&lock);
	page->matrix = 3;
	assert_null(status_create(directory, &other, &why));
	assert_string_equal(why.text, "another sensor runs with this state directory");
	assert_int_equal(page->matrix, 3);
	give_back(page, lock);
}

static void what_the_sensor_before_wrote_stays_until_it_is_cleared(void **state)
{
	(void)state;
	int lock;
	struct status_page *page = create(&lock);
	page->pid = 4321;
	page->end = STATUS_END_TOLD;
	give_back(page, lock);
	page = create(&lock);
	assert_int_equal(page->pid, 4321);
	assert_int_equal(page->end, STATUS_END_TOLD);
	status_clear(page);
	assert_int_equal(page->pid, 0);
	assert_int_equal(page->end, STATUS_END_NONE);
	bool is_running;
	struct reason why;
	const struct status_page *seen = status_open(folder, &is_running, &why);
	assert_non_null(seen);
	give_back(seen, open(path, O_RDONLY));
	give_back(page, lock);
}

static void overwrite(off_t offset, const void *bytes, size_t len)
{
	const int file = open(path, O_WRONLY);
	assert_true(file >= 0);
	assert_int_equal(pwrite(file, bytes, len, offset), len);
	assert_int_equal(close(file), 0);
}

static void a_page_of_another_version_is_refused_to_readers_and_cleared_by_a_sensor(
	void **state)
{
	(void)state;
	static const off_t FIELDS[] = {offsetof(struct status_page, magic),
		offsetof(struct status_page, version),
		offsetof(struct status_page, size)};
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
		int lock;
		struct status_page *page = create(&lock);
		page->pid = 99;
		give_back(page, lock);
		overwrite(FIELDS[i], "\xff\xff", 2);
		assert_string_equal(refusal(), "the status page is of another version");
		page = create(&lock);
		assert_int_equal(page->pid, 0);
		give_back(page, lock);
	}
}

static void a_page_of_another_length_is_refused_and_made_right_by_a_sensor(void **state)
{
	(void)state;
	static const off_t LENGTHS[] = {
		0, 1, sizeof(struct status_page) - 1, sizeof(struct status_page) + 1};
	for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
		int lock;
		struct status_page *page = create(&lock);
		give_back(page, lock);
		assert_int_equal(truncate(path, LENGTHS[i]), 0);
		assert_string_equal(refusal(), "the status page is of another version");
	}
	int lock;
	struct status_page *page = create(&lock);
	give_back(page, lock);
	bool is_running;
	struct reason why;
	const struct status_page *seen = status_open(folder, &is_running, &why);
	assert_non_null(seen);
	give_back(seen, open(path, O_RDONLY));
}

static void without_a_page_the_reason_names_the_file(void **state)
{
	(void)state;
	(void)unlink(path);
	const char *text = refusal();
	assert_non_null(strstr(text, path));
	assert_non_null(strstr(text, "No such file"));
}

static void a_link_in_the_place_of_the_page_is_not_followed(void **state)
{
	(void)state;
	int lock;
	struct reason why;
	(void)unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_null(status_create(directory, &lock, &why));
	assert_null(status_open_bans(folder, &why));
	assert_int_equal(unlink(path), 0);
}

static void bans_of_a_running_sensor_can_be_taken_back(void **state)
{
	(void)state;
	int lock;
	struct reason why;
	struct status_page *page = create(&lock);
	struct bans *bans = status_open_bans(folder, &why);
	assert_non_null(bans);
	memset(bans, 0x5a, sizeof(*bans));
	assert_memory_equal(&page->bans, bans, sizeof(*bans));
	assert_int_equal(page->matrix, 0);
	give_back(page, lock);
}

static void counters_are_published_by_name_and_never_more_than_there_is_room_for(
	void **state)
{
	(void)state;
	static struct status_process process;
	static struct counter counters[STATUS_COUNTERS_MAX + 5];
	memset(&process, 0, sizeof(process));
	for (size_t i = 0; i < STATUS_COUNTERS_MAX + 5; i++) {
		counters[i] = (struct counter){"a.counter", i};
	}
	status_publish(&process, counters, 2);
	assert_int_equal(process.counter_count, 2);
	assert_string_equal(process.counters[1].name, "a.counter");
	assert_int_equal(process.counters[1].value, 1);
	status_publish(&process, counters, STATUS_COUNTERS_MAX + 5);
	assert_int_equal(process.counter_count, STATUS_COUNTERS_MAX);
	assert_int_equal(process.counters[STATUS_COUNTERS_MAX - 1].value,
		STATUS_COUNTERS_MAX - 1);
}

static void a_counter_is_found_by_its_name(void **state)
{
	(void)state;
	static struct status_process process;
	static const struct counter COUNTERS[] = {{"flow.opened", 3}, {"flow.open", 4}};
	memset(&process, 0, sizeof(process));
	assert_int_equal(status_counter_of(&process, "flow.open"), 0);
	status_publish(&process, COUNTERS, 2);
	assert_int_equal(status_counter_of(&process, "flow.open"), 4);
	assert_int_equal(status_counter_of(&process, "flow.ope"), 0);
}

static void a_text_that_does_not_end_is_cut_at_its_field(void **state)
{
	(void)state;
	char text[8];
	assert_string_equal(status_text("abcdefgh", 4, text, sizeof(text)), "abcd");
	assert_string_equal(status_text("abcdefgh", 8, text, sizeof(text)), "abcdefg");
	assert_string_equal(status_text("ab\0cdefg", 8, text, sizeof(text)), "ab");
}

static void a_state_that_is_none_has_a_name_too(void **state)
{
	(void)state;
	assert_string_equal(status_state_name(STATUS_STATE_NONE), "none");
	assert_string_equal(status_state_name(STATUS_STATE_FAILED), "failed");
	assert_string_equal(
		status_state_name((enum status_state)(STATUS_STATE_FAILED + 1)),
		"unknown");
	assert_string_equal(status_state_name((enum status_state) - 1), "unknown");
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/mailwarden-status-XXXXXX");
	if (!mkdtemp(folder)) {
		return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/status", folder);
	directory = open(folder, O_RDONLY | O_DIRECTORY);
	return directory < 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)close(directory);
	return rmdir(folder);
}

static struct address sender(unsigned host)
{
	const uint8_t bytes[4] = {192, 0, 2, (uint8_t)host};
	return address_from_ipv4(bytes);
}

static void the_worst_severity_of_a_finding_is_kept(void **state)
{
	(void)state;
	struct status_process *process = calloc(1, sizeof(*process));
	assert_non_null(process);
	status_note_finding(process, FINDING_SENDER_ILLEGITIMATE, SEVERITY_HIGH, 2);
	status_note_finding(process, FINDING_SENDER_ILLEGITIMATE, SEVERITY_CRITICAL, 1);
	status_note_finding(process, FINDING_SENDER_ILLEGITIMATE, SEVERITY_LOW, 1);
	assert_int_equal(process->findings[FINDING_SENDER_ILLEGITIMATE], 4);
	assert_int_equal(
		process->worst[FINDING_SENDER_ILLEGITIMATE], SEVERITY_CRITICAL);
	free(process);
}

static void of_too_many_senders_who_had_least_gives_way(void **state)
{
	(void)state;
	struct status_process *process = calloc(1, sizeof(*process));
	assert_non_null(process);
	for (unsigned host = 0; host < STATUS_SENDERS_MAX; host++) {
		const struct address one = sender(host);
		for (int time = 0; time < (host == 7 ? 2 : 3); time++) {
			status_note_sender(process, &one, host + (uint64_t)time);
		}
	}
	const struct address last = sender(200);
	status_note_sender(process, &last, 2000);
	assert_int_equal(process->senders[6].count, 3);
	assert_int_equal(process->senders[6].since_us, 6);
	assert_true(address_equal(&process->senders[7].address, &last));
	assert_int_equal(process->senders[7].count, 1);
	assert_int_equal(process->senders[7].since_us, 2000);
	free(process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_sensor_writes_a_reader_sees),
		cmocka_unit_test(a_page_without_a_lock_is_of_a_sensor_that_ended),
		cmocka_unit_test(
			a_child_that_is_left_with_the_page_does_not_hold_the_lock),
		cmocka_unit_test(a_text_of_the_page_ends_and_steers_no_terminal),
		cmocka_unit_test(readers_at_work_refuse_no_start),
		cmocka_unit_test(a_second_sensor_in_the_same_directory_is_refused),
		cmocka_unit_test(
			what_the_sensor_before_wrote_stays_until_it_is_cleared),
		cmocka_unit_test(
			a_page_of_another_version_is_refused_to_readers_and_cleared_by_a_sensor),
		cmocka_unit_test(
			a_page_of_another_length_is_refused_and_made_right_by_a_sensor),
		cmocka_unit_test(without_a_page_the_reason_names_the_file),
		cmocka_unit_test(a_link_in_the_place_of_the_page_is_not_followed),
		cmocka_unit_test(bans_of_a_running_sensor_can_be_taken_back),
		cmocka_unit_test(
			counters_are_published_by_name_and_never_more_than_there_is_room_for),
		cmocka_unit_test(a_counter_is_found_by_its_name),
		cmocka_unit_test(a_text_that_does_not_end_is_cut_at_its_field),
		cmocka_unit_test(a_state_that_is_none_has_a_name_too),
		cmocka_unit_test(the_worst_severity_of_a_finding_is_kept),
		cmocka_unit_test(of_too_many_senders_who_had_least_gives_way),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
