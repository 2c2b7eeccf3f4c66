#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dmarc/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 65536

struct taken {
	size_t xml;
	size_t json;
	char last[64];
};

static void keep(void *context, enum archive_kind kind, struct text plain)
{
	struct taken *taken = context;
	taken->xml += kind == ARCHIVE_XML;
	taken->json += kind == ARCHIVE_JSON;
	(void)snprintf(taken->last, sizeof(taken->last), "%.*s", (int)plain.len,
		(const char *)plain.at);
}

/* Packed members, as a program of today writes them. */
struct packed {
	uint8_t bytes[BYTES];
	size_t len;
};

static void pack(struct packed *packed, bool is_zip, const char *const *members)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	assert_non_null(archive);
	assert_int_equal(is_zip ? archive_write_set_format_zip(archive)
				: archive_write_set_format_raw(archive),
		ARCHIVE_OK);
	if (!is_zip) {
		assert_int_equal(archive_write_add_filter_gzip(archive), ARCHIVE_OK);
	}
	assert_int_equal(archive_write_open_memory(archive, packed->bytes,
				 sizeof(packed->bytes), &packed->len),
		ARCHIVE_OK);
	for (; *members; members++) {
		archive_entry_set_pathname(entry, "../../x.xml");
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_size(entry, (la_int64_t)strlen(*members));
		assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
		assert_int_equal(
			archive_write_data(archive, *members, strlen(*members)),
			strlen(*members));
	}
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_entry_free(entry);
	(void)archive_write_free(archive);
}

static bool read_all(
	struct archive_reader *reader, struct text file, struct taken *taken)
{
	struct reason why;
	*taken = (struct taken){.xml = 0};
	return archive_read(reader, file, keep, taken, &why);
}

static const char *const XML[] = {"<a/>", NULL};
static const char *const THREE[] = {"<a/>", "a picture", "{\"b\":1}", NULL};

static void what_a_file_is_is_told_from_its_bytes(void **state)
{
	struct archive_reader *reader = *state;
	struct taken taken;
	static const struct {
		const char *plain;
		size_t xml;
		size_t json;
	} CASES[] = {{"<a/>", 1, 0}, {" \r\n{}", 0, 1}, {"\xef\xbb\xbf<a/>", 1, 0},
		{"\xff\xfe<", 1, 0}, {"x", 0, 0}, {"", 0, 0}, {"From: x\n\n<a/>", 0, 0},
		{"A: b\nContent-Type: text/xml\n\n<a/>", 1, 0}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		assert_int_equal(read_all(reader, text_from(CASES[i].plain), &taken),
			CASES[i].xml + CASES[i].json > 0);
		assert_int_equal(taken.xml, CASES[i].xml);
		assert_int_equal(taken.json, CASES[i].json);
	}
}

static void each_member_of_a_zip_that_may_be_a_report_is_handed_over(void **state)
{
	static struct packed packed;
	struct taken taken;
	pack(&packed, true, THREE);
	assert_true(read_all(*state, (struct text){packed.bytes, packed.len}, &taken));
	assert_int_equal(taken.xml, 1);
	assert_int_equal(taken.json, 1);
	assert_string_equal(taken.last, "{\"b\":1}");
}

/* A gzip counts whole or not at all; of a zip what came before the cut is whole. */
static void what_is_packed_may_be_cut_anywhere(void **state)
{
	static struct packed packed;
	struct taken taken;
	for (int is_zip = 0; is_zip < 2; is_zip++) {
		pack(&packed, is_zip, is_zip ? THREE : XML);
		for (size_t len = 0; len < packed.len; len++) {
			uint8_t *copy = malloc(len + (len == 0));
			assert_non_null(copy);
			memcpy(copy, packed.bytes, len);
			if (read_all(*state, (struct text){copy, len}, &taken)) {
				assert_true(is_zip && taken.xml == 1);
			}
			assert_true(is_zip || taken.xml == 0);
			free(copy);
		}
	}
}

static int start(void **state)
{
	*state = archive_reader_new();
	return *state ? 0 : -1;
}

static int end(void **state)
{
	archive_reader_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_file_is_is_told_from_its_bytes),
		cmocka_unit_test(
			each_member_of_a_zip_that_may_be_a_report_is_handed_over),
		cmocka_unit_test(what_is_packed_may_be_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, start, end);
}
