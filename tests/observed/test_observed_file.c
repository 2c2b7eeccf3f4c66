/* The file of an observed matrix: what went in comes out, and nothing else is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_sighting.h"
#include "observed/observed_file.h"

struct bytes {
	char *at;
	size_t len;
};

static struct bytes write_out(const struct observed *observed)
{
	struct bytes bytes = {NULL, 0};
	FILE *out = open_memstream(&bytes.at, &bytes.len);
	assert_non_null(out);
	assert_true(observed_file_write(out, observed));
	assert_int_equal(fclose(out), 0);
	return bytes;
}

static bool read_in(
	struct observed *observed, const void *at, size_t len, struct reason *why)
{
	return observed_file_read(
		observed, (struct text){(const uint8_t *)at, len}, "observed", why);
}

static struct observed *make(unsigned flows)
{
	struct observed *observed = made_observed(1024);
	for (unsigned i = 0; i < flows; i++) {
		struct sighting sighting = made_sighting(i);
		sighting.client.bytes[15] = (uint8_t)(i % 9);
		sighting.way.tag = i % 3;
		sighting.way.depth = (uint8_t)(i % 3);
		sighting.way.tunnel.kind = i % 3 ? TUNNEL_VXLAN : 0;
		sighting.way.tunnel.id = i % 3 ? 9 : 0;
		sighting.end_us += i % 5 * MADE_DAY_US;
		sighting.findings = UINT64_C(1) << i % 30;
		sighting.accepted = UINT64_C(1) << i % 20;
		sighting.mechanisms = FACTS_MECHANISM_PLAIN;
		sighting.shown = (uint16_t)(1U << i % SIGHTING_SHOWN_COUNT);
		(void)snprintf(sighting.helo, sizeof(sighting.helo), "host-%u", i % 9);
		if (i % 4 == 0) {
			sighting.is_internet[1] = true;
			sighting.role[1] = MATRIX_ROLE_NONE;
			sighting.server.bytes[15] = (uint8_t)(i % 7);
		}
		observed_add(observed, &sighting);
	}
	return observed;
}

static void what_was_written_is_read_and_written_again_the_same(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	struct observed *observed = make(500);
	const struct bytes bytes = write_out(observed);
	struct observed *again = made_observed(2048);
	assert_true(read_in(again, bytes.at, bytes.len, &why));
	const struct bytes second = write_out(again);
	assert_int_equal(second.len, bytes.len);
	assert_memory_equal(second.at, bytes.at, bytes.len);
	struct observed_totals one;
	struct observed_totals other;
	observed_totals(observed, &one);
	observed_totals(again, &other);
	assert_memory_equal(&one, &other, sizeof(one));
	assert_true(one.entries >= 18);
	free(bytes.at);
	free(second.at);
	observed_free(observed);
	observed_free(again);
}

/* From the last to the first where it is turned; more than are sorted at once. */
static struct observed *make_many(unsigned count, bool is_turned)
{
	struct observed *observed = made_observed(count);
	for (unsigned i = 0; i < count; i++) {
		const unsigned number = is_turned ? count - 1 - i : i;
		struct sighting sighting = made_sighting(number);
		sighting.client.bytes[14] = (uint8_t)number;
		sighting.server.bytes[15] = (uint8_t)(number * 7);
		sighting.port = (uint16_t)(1 + number % 997);
		observed_add(observed, &sighting);
	}
	return observed;
}

static void many_entries_are_the_same_file_in_whatever_order_they_came(void **state)
{
	(void)state;
	static const unsigned COUNTS[] = {4095, 4096, 4097, 20000};
	for (size_t i = 0; i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++) {
		struct observed *one = make_many(COUNTS[i], false);
		struct observed *other = make_many(COUNTS[i], true);
		const struct bytes bytes = write_out(one);
		const struct bytes turned = write_out(other);
		assert_true(bytes.len > COUNTS[i] * 198UL);
		assert_int_equal(bytes.len, turned.len);
		assert_memory_equal(bytes.at, turned.at, bytes.len);
		free(bytes.at);
		free(turned.at);
		observed_free(one);
		observed_free(other);
	}
}

static void an_empty_one_is_a_file_too(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	struct observed *observed = make(0);
	const struct bytes bytes = write_out(observed);
	assert_true(observed_file_is(bytes.at, bytes.len));
	assert_true(read_in(observed, bytes.at, bytes.len, &why));
	free(bytes.at);
	observed_free(observed);
}

static void a_file_cut_anywhere_is_refused_and_adds_nothing(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	struct observed *observed = make(20);
	const struct bytes bytes = write_out(observed);
	struct observed *into = made_observed(64);
	struct observed_totals totals;
	for (size_t len = 0; len < bytes.len; len++) {
		char *cut = malloc(len + 1);
		assert_non_null(cut);
		memcpy(cut, bytes.at, len);
		assert_false(read_in(into, cut, len, &why));
		assert_memory_equal(why.text, "observed: ", 10);
		free(cut);
	}
	observed_totals(into, &totals);
	assert_int_equal(totals.entries, 0);
	free(bytes.at);
	observed_free(observed);
	observed_free(into);
}

static void put_sum(struct bytes bytes)
{
	const struct text body = {(const uint8_t *)bytes.at, bytes.len - 8};
	const uint64_t sum = text_hash(body);
	for (unsigned i = 0; i < 8; i++) {
		bytes.at[bytes.len - 8 + i] = (char)(sum >> 8 * i);
	}
}

static void a_byte_that_was_changed_is_told(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	struct observed *observed = make(3);
	const struct bytes bytes = write_out(observed);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.at[i] ^= 1;
		assert_false(read_in(observed, bytes.at, bytes.len, &why));
		bytes.at[i] ^= 1;
	}
	assert_true(read_in(observed, bytes.at, bytes.len, &why));
	free(bytes.at);
	observed_free(observed);
}

/* Whoever writes a file can make the sum right. */
static void numbers_out_of_bounds_are_told(void **state)
{
	static const struct {
		const char *what;
		size_t at; /* behind the totals */
		unsigned char byte;
	} WRONG[] = {{"an unknown protocol", 34, PROTOCOL_COUNT},
		{"an unknown state of TLS", 35, 4}, {"an unknown way in", 36, 2},
		{"an entry without flows", 41, 0}, {"a time that never comes", 80, 99},
		{"an unknown finding", 96, 0xff}, {"an unknown finding", 104, 0xff},
		{"an unknown sign", 114, 0xff}, {"an unknown version of TLS", 117, 64},
		{"an unknown offer", 118, 8}, {"an unknown verdict", 119, 8},
		{"an unknown verdict", 120, 3}, {"an unknown kind of name", 121, 4},
		{"an unknown confidence", 122, 9}, {"an unknown level of RPC", 123, 7},
		{"an unknown flag", 124, 8}, {"a sample out of order", 179, 1},
		{"a sample that does not fit", 182, 0xff}, {"peers, or none", 207, 2}};
	const size_t entry = strlen(OBSERVED_FILE_FIRST_LINE) + 44;
	(void)state;
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		struct reason why = {.text = ""};
		struct observed *observed = made_observed(64);
		struct sighting sighting = made_sighting(0);
		(void)snprintf(sighting.row, sizeof(sighting.row), "R");
		(void)snprintf(sighting.sni, sizeof(sighting.sni), "s");
		observed_add(observed, &sighting);
		const struct bytes bytes = write_out(observed);
		assert_int_equal(bytes.len, entry + 208 + 8);
		bytes.at[entry + WRONG[i].at] = (char)WRONG[i].byte;
		put_sum(bytes);
		if (read_in(observed, bytes.at, bytes.len, &why) ||
			!strstr(why.text, WRONG[i].what)) {
			fail_msg("%s: %s", WRONG[i].what, why.text);
		}
		free(bytes.at);
		observed_free(observed);
	}
}

static void more_entries_than_bytes_are_told(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	struct observed *observed = make(3);
	const struct bytes bytes = write_out(observed);
	memset(bytes.at + strlen(OBSERVED_FILE_FIRST_LINE) + 40, 0xff, 4);
	put_sum(bytes);
	assert_false(read_in(observed, bytes.at, bytes.len, &why));
	assert_non_null(strstr(why.text, "more entries"));
	free(bytes.at);
	observed_free(observed);
}

static void names_are_cleared_of_what_steers_a_terminal(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	struct observed *observed = made_observed(64);
	struct sighting sighting = made_sighting(0);
	(void)snprintf(
		sighting.sni, sizeof(sighting.sni), "a\x1b[2J\xe2\x80\xae.example");
	observed_add(observed, &sighting);
	const struct bytes bytes = write_out(observed);
	struct observed *again = made_observed(64);
	assert_true(read_in(again, bytes.at, bytes.len, &why));
	const char *name = observed_text(again, made_only(again)->name);
	assert_null(strchr(name, 0x1b));
	assert_null(strstr(name, "\xe2\x80\xae"));
	assert_non_null(strstr(name, ".example"));
	free(bytes.at);
	observed_free(observed);
	observed_free(again);
}

static void a_file_is_saved_and_loaded(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	char folder[] = "/tmp/test-observed-XXXXXX";
	char path[64];
	struct stat status;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/observed", folder);
	struct observed *observed = make(40);
	struct observed *again = made_observed(64);
	assert_int_equal(observed_file_load(again, path, &why), OBSERVED_FILE_MISSING);
	assert_true(observed_file_save(observed, path, &why));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(observed_file_load(again, path, &why), OBSERVED_FILE_OK);
	assert_int_equal(truncate(path, 60), 0);
	assert_int_equal(observed_file_load(again, path, &why), OBSERVED_FILE_BROKEN);
	assert_int_equal(observed_file_load(again, folder, &why), OBSERVED_FILE_BROKEN);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_false(observed_file_save(observed, path, &why));
	observed_free(observed);
	observed_free(again);
}

/* One entry, without what version 1 had not. */
static void a_file_of_the_version_before_is_read_without_refusals(void **state)
{
	const size_t refusals = strlen(OBSERVED_FILE_FIRST_LINE) + 44 + 49;
	(void)state;
	struct reason why = {.text = ""};
	struct observed *observed = made_observed(64);
	struct observed *into = made_observed(64);
	struct sighting sighting = made_sighting(0);
	sighting.messages = 4;
	sighting.refusals = 3;
	sighting.deferrals = 2;
	(void)snprintf(sighting.row, sizeof(sighting.row), "R");
	(void)snprintf(sighting.sni, sizeof(sighting.sni), "s");
	observed_add(observed, &sighting);
	struct bytes bytes = write_out(observed);
	assert_true(read_in(into, bytes.at, bytes.len, &why));
	const struct observed_list list = observed_sorted(into);
	assert_int_equal(list.entries[0]->refusals, 3);
	assert_int_equal(list.entries[0]->deferrals, 2);
	free(list.entries);
	assert_int_equal(bytes.at[refusals], 3);
	memmove(bytes.at + refusals, bytes.at + refusals + 8, bytes.len - refusals - 8);
	bytes.len -= 8;
	memcpy(bytes.at, OBSERVED_FILE_FIRST_LINE_1,
		strlen(OBSERVED_FILE_FIRST_LINE_1));
	put_sum(bytes);
	observed_free(into);
	into = made_observed(64);
	assert_true(read_in(into, bytes.at, bytes.len, &why));
	const struct observed_list older = observed_sorted(into);
	assert_int_equal(older.entries[0]->messages, 4);
	assert_int_equal(older.entries[0]->refusals, 0);
	assert_int_equal(older.entries[0]->flows, 1);
	assert_int_equal(older.entries[0]->bytes[0], sighting.bytes[0]);
	free(older.entries);
	free(bytes.at);
	observed_free(observed);
	observed_free(into);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_and_written_again_the_same),
		cmocka_unit_test(
			many_entries_are_the_same_file_in_whatever_order_they_came),
		cmocka_unit_test(an_empty_one_is_a_file_too),
		cmocka_unit_test(a_file_cut_anywhere_is_refused_and_adds_nothing),
		cmocka_unit_test(a_byte_that_was_changed_is_told),
		cmocka_unit_test(a_file_of_the_version_before_is_read_without_refusals),
		cmocka_unit_test(numbers_out_of_bounds_are_told),
		cmocka_unit_test(more_entries_than_bytes_are_told),
		cmocka_unit_test(names_are_cleared_of_what_steers_a_terminal),
		cmocka_unit_test(a_file_is_saved_and_loaded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
