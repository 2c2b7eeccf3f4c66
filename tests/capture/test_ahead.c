#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture_packed.h"
#include "capture_run.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

enum { FILES = 7, RECORDS = 60, RECORD_BYTES = 24000, REPEATS = 60 };

static struct capture_bytes capture;
static uint8_t packed[CAPTURE_BYTES_MAX];

/* What came out of a source, so that two readings can be held against each other. */
struct reading {
	enum source_result result;
	struct reason why;
	struct source_progress progress;
	uint64_t sum; /* of every frame: time, file, bytes, in their order */
	size_t lacking;
};

static uint64_t sum_of(uint64_t sum, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
	}
	return sum;
}

static struct source *opened(const char *const *names, size_t count, size_t processes)
{
	struct reason why;
	struct source *source = source_open_files(names, count, &why);
	assert_non_null(source);
	assert_true(source_read_ahead(source, processes, &why));
	return source;
}

static struct reading read_all(const char *const *names, size_t count, size_t processes)
{
	struct reading reading = {.why = {""}};
	struct source *source = opened(names, count, processes);
	struct frame frame;
	while ((reading.result = source_next(source, &frame, &reading.why)) ==
		SOURCE_FRAME) {
		const uint64_t head[] = {
			frame.time_us, frame.source, frame.captured_len};
		reading.sum = sum_of(reading.sum, head, sizeof(head));
		reading.sum = sum_of(reading.sum, frame.bytes, frame.captured_len);
	}
	for (size_t i = 0; i < count; i++) {
		struct reason lack;
		reading.lacking += source_lacks(source, i, &lack);
	}
	source_progress(source, &reading.progress);
	source_close(source);
	return reading;
}

static void assert_same(const struct reading *one, const struct reading *other)
{
	assert_int_equal(one->result, other->result);
	assert_string_equal(one->why.text, other->why.text);
	assert_memory_equal(&one->progress, &other->progress, sizeof(one->progress));
	assert_int_equal(one->sum, other->sum);
	assert_int_equal(one->lacking, other->lacking);
}

/* Records every so many seconds from a first one on, none alike. */
static void capture_fill(uint32_t first, uint32_t step)
{
	capture.len = 0;
	put_pcap_header(&capture, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < RECORDS; i++) {
		put_pcap_record_header(&capture, first + i * step, 0, RECORD_BYTES);
		for (uint32_t at = 0; at < RECORD_BYTES; at++) {
			put_u8(&capture, (uint8_t)(at * (first + i) >> 5));
		}
	}
}

static char *store_packed(size_t kind)
{
	const size_t len =
		compressors[kind](capture.at, capture.len, packed, sizeof(packed));
	return capture_store(packed, len);
}

/* Three at the same time, three one after the other, and one that is not compressed. */
static void files_store(char *names[FILES])
{
	for (uint32_t i = 0; i < FILES; i++) {
		if (i < 3) {
			capture_fill(i, 3);
		} else {
			capture_fill(i * RECORDS, 1);
		}
		names[i] = i == FILES - 1 ? capture_store(capture.at, capture.len)
					  : store_packed(i % COMPRESSORS);
	}
}

static void files_remove(char *names[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		capture_remove(names[i]);
	}
}

static void any_number_of_processes_gives_the_same_frames_in_the_same_order(
	void **state)
{
	(void)state;
	char *names[FILES];
	files_store(names);
	const char *const *files = (const char *const *)names;
	const struct reading alone = read_all(files, FILES, 1);
	assert_int_equal(alone.result, SOURCE_END);
	assert_int_equal(alone.progress.frames, FILES * RECORDS);
	for (size_t processes = 2; processes <= FILES + 1; processes++) {
		const struct reading ahead = read_all(files, FILES, processes);
		assert_same(&ahead, &alone);
	}
	const struct reading turned = read_all(files + 1, FILES - 1, 2);
	assert_int_not_equal(turned.sum, alone.sum);
	files_remove(names, FILES);
}

static void what_is_cut_or_damaged_is_told_in_the_same_words(void **state)
{
	(void)state;
	static const size_t checksum_from_end[COMPRESSORS] = {8, 12, 4};
	for (size_t i = 0; i < COMPRESSORS; i++) {
		capture_fill(1, 1);
		const size_t len =
			compressors[i](capture.at, capture.len, packed, sizeof(packed));
		char *names[2] = {capture_store(packed, len / 4 * 3)};
		memset(packed + len - checksum_from_end[i], 0xa5, 4);
		names[1] = capture_store(packed, len);
		const char *const *files = (const char *const *)names;
		const struct reading cut = read_all(files, 1, 1);
		const struct reading cut_ahead = read_all(files, 1, 2);
		assert_int_equal(cut.lacking, 1);
		assert_same(&cut_ahead, &cut);
		const struct reading damaged = read_all(files + 1, 1, 1);
		const struct reading damaged_ahead = read_all(files + 1, 1, 2);
		assert_non_null(strstr(damaged.why.text, "damaged"));
		assert_same(&damaged_ahead, &damaged);
		files_remove(names, 2);
	}
}

/* Longer than what a process keeps ahead: the same records over and over. */
static char *store_long(uint32_t first)
{
	char *name = strdup("/tmp/mailwarden-capture-XXXXXX");
	assert_non_null(name);
	const int fd = mkstemp(name);
	assert_true(fd >= 0);
	capture_fill(first, 1);
	size_t len = gzip_compress(capture.at, 24, packed, sizeof(packed));
	assert_int_equal(write(fd, packed, len), len);
	len = gzip_compress(capture.at + 24, capture.len - 24, packed, sizeof(packed));
	for (int i = 0; i < REPEATS; i++) {
		assert_int_equal(write(fd, packed, len), len);
	}
	assert_int_equal(close(fd), 0);
	return name;
}

static void long_files_wait_for_their_turn(void **state)
{
	(void)state;
	char *names[] = {store_long(1), store_long(1000), store_long(1)};
	const char *const *files = (const char *const *)names;
	const struct reading alone = read_all(files, 3, 1);
	assert_int_equal(alone.progress.frames, 3 * RECORDS * REPEATS);
	const struct reading two = read_all(files, 3, 2);
	assert_same(&two, &alone);
	const struct reading three = read_all(files, 3, 3);
	assert_same(&three, &alone);
	files_remove(names, 3);
}

/* The only child there is. */
static pid_t child_id(void)
{
	char name[64];
	int id = 0;
	(void)snprintf(name, sizeof(name), "/proc/self/task/%d/children", getpid());
	FILE *file = fopen(name, "r");
	assert_non_null(file);
	char line[32] = "";
	assert_non_null(fgets(line, sizeof(line), file));
	(void)fclose(file);
	id = atoi(line);
	assert_true(id > 0);
	return id;
}

static void a_process_that_is_killed_is_an_error_and_no_wait(void **state)
{
	(void)state;
	char *names[] = {store_long(1)};
	struct source *source = opened((const char *const *)names, 1, 2);
	struct frame frame;
	struct reason why = {""};
	for (size_t i = 0; i < RECORDS; i++) {
		assert_int_equal(source_next(source, &frame, &why), SOURCE_FRAME);
	}
	assert_int_equal(kill(child_id(), SIGKILL), 0);
	enum source_result result = SOURCE_FRAME;
	while (result == SOURCE_FRAME) {
		result = source_next(source, &frame, &why);
	}
	assert_int_equal(result, SOURCE_ERROR);
	assert_non_null(strstr(why.text, "at byte"));
	assert_non_null(strstr(why.text, "the process that unpacked it has ended"));
	source_close(source);
	files_remove(names, 1);
}

static size_t open_files_of(pid_t id)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "/proc/%d/fd", id);
	DIR *folder = opendir(name);
	assert_non_null(folder);
	size_t count = 0;
	for (const struct dirent *entry = readdir(folder); entry;
		entry = readdir(folder)) {
		count += entry->d_name[0] != '.';
	}
	(void)closedir(folder);
	return count;
}

static void a_process_holds_its_files_and_ends_with_the_source(void **state)
{
	(void)state;
	char *names[] = {store_long(1)};
	struct source *source = opened((const char *const *)names, 1, 2);
	struct frame frame;
	struct reason why;
	for (size_t i = 0; i < 2 * RECORDS; i++) {
		assert_int_equal(source_next(source, &frame, &why), SOURCE_FRAME);
	}
	/* standard error, its bell, its file */
	assert_int_equal(open_files_of(child_id()), 3);
	source_close(source);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	files_remove(names, 1);
}

/* As standard input may be: whoever writes there is in no hurry. */
static void a_process_that_waits_for_its_file_ends_with_the_source(void **state)
{
	(void)state;
	int ends[2];
	char name[32];
	capture_fill(1, 1);
	const size_t len =
		gzip_compress(capture.at, capture.len, packed, sizeof(packed));
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], packed, len / 4), len / 4);
	(void)snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
	const char *const files[] = {name};
	struct source *source = opened(files, 1, 2);
	const pid_t id = child_id();
	source_close(source);
	assert_int_equal(kill(id, 0), -1);
	assert_int_equal(close(ends[0]) + close(ends[1]), 0);
}

static void what_is_plain_or_quickly_unpacked_needs_no_process(void **state)
{
	(void)state;
	capture_fill(1, 1);
	char *names[] = {capture_store(capture.at, capture.len), store_packed(2)};
	struct source *source = opened((const char *const *)names, 2, 8);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	source_close(source);
	files_remove(names, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			any_number_of_processes_gives_the_same_frames_in_the_same_order),
		cmocka_unit_test(what_is_cut_or_damaged_is_told_in_the_same_words),
		cmocka_unit_test(long_files_wait_for_their_turn),
		cmocka_unit_test(a_process_that_is_killed_is_an_error_and_no_wait),
		cmocka_unit_test(a_process_holds_its_files_and_ends_with_the_source),
		cmocka_unit_test(
			a_process_that_waits_for_its_file_ends_with_the_source),
		cmocka_unit_test(what_is_plain_or_quickly_unpacked_needs_no_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
