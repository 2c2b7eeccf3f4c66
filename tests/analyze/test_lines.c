#include "analyze/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t room[LINES_BYTES];

/* In a room of its own, the whole of it. */
#define WHOLE .bytes = room, .room = sizeof(room)

static struct text text_of(const char *text)
{
	return (struct text){.at = (const uint8_t *)text, .len = strlen(text)};
}

static void a_line_is_given_without_its_end(void **state)
{
	(void)state;
	struct lines lines = {WHOLE};
	struct line line;
	struct text rest = text_of("QUIT\r\nNO");
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_LINE);
	assert_true(text_is(line.text, "QUIT"));
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_MORE);
	assert_int_equal(rest.len, 0);
	assert_false(lines.has_bare_lf);
	rest = text_of("OP\n");
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_LINE);
	assert_true(text_is(line.text, "NOOP"));
	assert_true(lines.has_bare_lf);
}

static void a_line_too_long_is_cut_alike_in_one_piece_and_in_many(void **state)
{
	(void)state;
	char text[1000];
	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(text) - 8, "{1234}\r\n", 8);
	for (size_t piece = 1; piece <= sizeof(text); piece += 37) {
		struct lines lines = {WHOLE};
		struct line line = {0};
		enum lines_item item = LINES_MORE;
		for (size_t at = 0; at < sizeof(text); at += piece) {
			const size_t left = sizeof(text) - at;
			struct text rest = {(const uint8_t *)text + at,
				left < piece ? left : piece};
			item = lines_next(&lines, &rest, &line);
		}
		assert_int_equal(item, LINES_LINE);
		assert_true(line.is_cut);
		assert_int_equal(line.text.len, LINES_BYTES);
		assert_memory_equal(line.tail.at + line.tail.len - 7, "a{1234}", 7);
		assert_true(lines_at_start(&lines));
		assert_false(lines.has_bare_lf);
	}
}

/* The line that text gives in pieces, squeezed or as it is. */
static struct line squeezed(
	struct lines *lines, const char *text, size_t len, size_t piece)
{
	struct line line = {0};
	enum lines_item item = LINES_MORE;
	for (size_t at = 0; at < len; at += piece) {
		struct text rest = {(const uint8_t *)text + at,
			len - at < piece ? len - at : piece};
		item = lines_next(lines, &rest, &line);
	}
	assert_int_equal(item, LINES_LINE);
	return line;
}

static void a_line_too_long_is_squeezed_where_that_is_wanted(void **state)
{
	(void)state;
	char text[2000];
	memset(text, 't', 700);
	text[0] = 'x';
	text[699] = 'u';
	memset(text + 700, ' ', 700);
	text[1000] = '\t';
	memcpy(text + 1400, "LOGIN a b\r\n", 11);
	const size_t len = 1411;
	for (size_t piece = 1; piece <= 1500; piece += 37) {
		struct lines lines = {WHOLE, .is_squeezing = true};
		const struct line line = squeezed(&lines, text, len, piece);
		assert_true(line.is_cut);
		assert_int_equal(line.text.len, LINES_WORD_BYTES + 1 + 9);
		assert_memory_equal(
			line.text.at + LINES_WORD_BYTES - 2, "tu LOGIN a b", 12);
		assert_memory_equal(line.tail.at + line.tail.len - 9, "LOGIN a b", 9);
		struct lines plain = {WHOLE};
		assert_int_equal(
			squeezed(&plain, text, len, piece).text.len, LINES_BYTES);
		text[0] = '*'; /* what an IMAP server tells untagged */
		assert_int_equal(
			squeezed(&lines, text, len, piece).text.len, LINES_BYTES);
		text[0] = 'x';
	}
}

static bool holds_secret(const struct lines *lines)
{
	return memmem(lines, sizeof(*lines), "SECRET", 6) != NULL ||
	       memmem(lines->bytes, lines->room, "SECRET", 6) != NULL;
}

static void nothing_is_left_of_a_line_that_is_forgotten_or_lost(void **state)
{
	(void)state;
	char text[800];
	memset(text, ' ', sizeof(text));
	memcpy(text, "a LOGIN u", 9);
	memcpy(text + 400, "SECRET", 6);
	memcpy(text + sizeof(text) - 8, "SECRET\r\n", 8);
	for (size_t piece = 1; piece <= sizeof(text); piece += 37) {
		struct lines lines = {WHOLE, .is_squeezing = true};
		const struct line line = squeezed(&lines, text, sizeof(text), piece);
		assert_true(holds_secret(&lines));
		lines_forget(&lines, &line);
		assert_false(holds_secret(&lines));
		struct text rest = {(const uint8_t *)text, sizeof(text) - 2};
		assert_int_equal(
			lines_next(&lines, &rest, &(struct line){0}), LINES_MORE);
		assert_true(holds_secret(&lines));
		lines_gap(&lines, 0);
		assert_false(holds_secret(&lines));
	}
}

static void a_line_that_fits_is_never_squeezed(void **state)
{
	(void)state;
	struct lines lines = {WHOLE, .is_squeezing = true};
	char text[LINES_BYTES + 2];
	memset(text, ' ', sizeof(text));
	text[sizeof(text) - 2] = '\r';
	text[sizeof(text) - 1] = '\n';
	for (size_t piece = 1; piece <= sizeof(text); piece += 64) {
		const struct line line =
			squeezed(&lines, text + 1, sizeof(text) - 1, piece);
		assert_false(line.is_cut);
		assert_int_equal(line.text.len, LINES_BYTES - 1);
	}
}

static void a_body_ends_at_a_lone_dot_wherever_it_is_cut(void **state)
{
	(void)state;
	static const char TEXT[] = "..stuffed\r\n.x\r\nx\r\r\n\r\n.\r\nQUIT\r\n";
	for (size_t cut = 0; cut < sizeof(TEXT) - 1; cut++) {
		struct lines lines = {WHOLE};
		struct line line = {0};
		unsigned ends = 0;
		unsigned found = 0;
		lines_body(&lines, false);
		struct text parts[2] = {{(const uint8_t *)TEXT, cut},
			{(const uint8_t *)TEXT + cut, sizeof(TEXT) - 1 - cut}};
		for (int i = 0; i < 2; i++) {
			while (parts[i].len > 0) {
				const enum lines_item item =
					lines_next(&lines, &parts[i], &line);
				ends += item == LINES_BODY_END;
				found += item == LINES_LINE &&
					 text_is(line.text, "QUIT");
			}
		}
		assert_int_equal(ends, 1);
		assert_int_equal(found, 1);
		assert_false(lines.has_bare_lf);
	}
}

static void bare_line_feeds_in_a_body_are_noticed(void **state)
{
	(void)state;
	struct lines lines = {WHOLE};
	struct line line;
	lines_body(&lines, false);
	struct text rest = text_of("a\r\nb\n.\r\n");
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_BODY_END);
	assert_true(lines.is_odd_end);
}

static void a_bare_line_feed_in_front_of_a_dot_is_noticed_wherever_it_is_cut(
	void **state)
{
	(void)state;
	static const char TEXT[] = "a.b\r\n..\r\nc\n.\r\n";
	for (size_t cut = 0; cut < sizeof(TEXT) - 1; cut++) {
		struct lines lines = {WHOLE};
		struct line line;
		enum lines_item item = LINES_MORE;
		lines_body(&lines, false);
		struct text parts[2] = {{(const uint8_t *)TEXT, cut},
			{(const uint8_t *)TEXT + cut, sizeof(TEXT) - 1 - cut}};
		for (int i = 0; i < 2; i++) {
			while (parts[i].len > 0) {
				item = lines_next(&lines, &parts[i], &line);
			}
		}
		assert_int_equal(item, LINES_BODY_END);
		assert_true(lines.is_odd_end);
	}
}

struct ending {
	const char *text;
	size_t len;
	bool is_end; /* for a lenient server */
	bool is_odd;
};

#define ENDING(text, is_end, is_odd)                                    \
	{                                                               \
		"a.b" text "QUIT\r\n", sizeof(text) + 8, is_end, is_odd \
	}

static const struct ending ENDINGS[] = {
	ENDING("\r\n.\r\n", true, false),
	ENDING("\n.\n", true, true),
	ENDING("\n.\r\n", true, true),
	ENDING("\r\n.\n", true, true),
	ENDING("\r.\r", true, true),
	ENDING("\r.\n", true, true),
	ENDING("\r.\r\n", true, true),
	ENDING("\n.\r", true, true),
	ENDING("\r\n.\r", true, true),
	ENDING("\r\r\n.\r\n", true, false),
	ENDING("\r\n\0.\r\n", true, true),
	ENDING("\r\n.\0\r\n", true, true),
	ENDING("\r\n.\r\0\n", true, true),
	ENDING("\n..\n", false, false),
	ENDING("\r..\r", false, false),
	ENDING("\0.\r\n", false, false),
	ENDING(" .\r\n", false, false),
	ENDING("\n. \n", false, false),
	ENDING("\n.x\r\n", false, false),
};

/* The end of a body that was cut there, or LINES_MORE. */
static enum lines_item end_of(
	const struct ending *at, size_t cut, bool is_strict, struct lines *lines)
{
	struct line line;
	const uint8_t *bytes = (const uint8_t *)at->text;
	struct text parts[2] = {{bytes, cut}, {bytes + cut, at->len - cut}};
	*lines = (struct lines){WHOLE};
	lines_body(lines, is_strict);
	for (int i = 0; i < 2; i++) {
		while (parts[i].len > 0) {
			if (lines_next(lines, &parts[i], &line) == LINES_BODY_END) {
				return LINES_BODY_END;
			}
		}
	}
	return LINES_MORE;
}

static void a_body_ends_where_some_server_ends_it_and_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ENDINGS) / sizeof(ENDINGS[0]); i++) {
		const struct ending *at = &ENDINGS[i];
		for (size_t cut = 0; cut < at->len; cut++) {
			struct lines lines;
			assert_int_equal(end_of(at, cut, false, &lines),
				at->is_end ? LINES_BODY_END : LINES_MORE);
			assert_int_equal(at->is_end && lines.is_odd_end, at->is_odd);
			assert_int_equal(end_of(at, cut, true, &lines),
				at->is_end && !at->is_odd ? LINES_BODY_END
							  : LINES_MORE);
		}
	}
}

static void behind_an_end_of_cr_the_next_line_is_whole(void **state)
{
	(void)state;
	struct lines lines = {WHOLE};
	struct line line;
	struct text rest = text_of("x\r.\rNOOP\r\n");
	lines_body(&lines, false);
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_BODY_END);
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_LINE);
	assert_true(text_is(line.text, "NOOP"));
}

static void raw_octets_are_passed_by_count(void **state)
{
	(void)state;
	struct lines lines = {WHOLE};
	struct line line;
	lines_raw(&lines, 8);
	struct text rest = text_of("QUIT");
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_MORE);
	rest = text_of("\r\n\r\nNOOP\r\n");
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_RAW_END);
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_LINE);
	assert_true(text_is(line.text, "NOOP"));
}

static void a_gap_inside_raw_octets_is_counted_and_another_makes_doubt(void **state)
{
	(void)state;
	struct lines lines = {WHOLE};
	struct line line;
	lines_raw(&lines, 100);
	lines_gap(&lines, 90);
	assert_int_equal(lines.raw_left, 10);
	lines_gap(&lines, 11);
	assert_int_equal(lines.raw_left, 0);
	struct text rest = text_of("OOP\r\nQUIT\r\n");
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_LINE);
	assert_true(line.is_doubtful);
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_LINE);
	assert_false(line.is_doubtful);
}

static void an_unfinished_line_can_be_taken_as_it_is(void **state)
{
	(void)state;
	struct lines lines = {WHOLE};
	struct line line;
	assert_false(lines_flush(&lines, &line));
	struct text rest = text_of("220 hello");
	assert_int_equal(lines_next(&lines, &rest, &line), LINES_MORE);
	assert_true(lines_flush(&lines, &line));
	assert_true(text_is(line.text, "220 hello"));
	assert_true(lines_at_start(&lines));
}

/* What is kept goes along, whole where there is room; where it was nothing is left of it. */
static void two_ways_exchange_their_rooms_with_what_they_keep(void **state)
{
	(void)state;
	uint8_t large[LINES_BYTES] = {0};
	uint8_t small[64] = {0};
	char text[LINES_BYTES];
	memset(text, 's', sizeof(text));
	for (size_t len = 0; len <= 100; len += 25) { /* in front of a line's end */
		struct lines one = {.bytes = large, .room = sizeof(large)};
		struct lines other = {.bytes = small, .room = sizeof(small)};
		struct line line;
		struct text rest = {(const uint8_t *)text, len};
		assert_int_equal(lines_next(&one, &rest, &line), LINES_MORE);
		rest = text_of("DATA");
		assert_int_equal(lines_next(&other, &rest, &line), LINES_MORE);
		lines_exchange(&one, &other);
		assert_ptr_equal(one.bytes, small);
		assert_ptr_equal(other.bytes, large);
		assert_null(memchr(large, 's', sizeof(large)));
		rest = text_of("\r\n");
		assert_int_equal(lines_next(&other, &rest, &line), LINES_LINE);
		assert_true(text_is(line.text, "DATA"));
		rest = text_of("e\r\n");
		assert_int_equal(lines_next(&one, &rest, &line), LINES_LINE);
		assert_int_equal(line.is_cut, len > 64);
		assert_int_equal(line.text.len, len > 64 ? 64 : len + 1);
		assert_int_equal(line.tail.at[line.tail.len - 1], 'e');
	}
}

/* What a smaller room has no room for is squeezed as one that is full, and wiped. */
static void a_word_behind_blanks_comes_along_into_a_smaller_room(void **state)
{
	(void)state;
	uint8_t large[LINES_BYTES] = {0};
	uint8_t small[64] = {0};
	struct lines one = {
		.bytes = large, .room = sizeof(large), .is_squeezing = true};
	struct lines other = {.bytes = small, .room = sizeof(small)};
	struct line line;
	char text[204] = "AUTH";
	memset(text + 4, ' ', sizeof(text) - 4);
	struct text rest = {(const uint8_t *)text, sizeof(text)};
	assert_int_equal(lines_next(&one, &rest, &line), LINES_MORE);
	lines_exchange(&one, &other);
	assert_null(memchr(large, ' ', sizeof(large)));
	rest = text_of("PLAIN x\r\n");
	assert_int_equal(lines_next(&one, &rest, &line), LINES_LINE);
	assert_true(text_is(line.text, "AUTH PLAIN x"));
}

static void a_long_line_takes_the_larger_room_while_it_is_empty(void **state)
{
	(void)state;
	uint8_t large[LINES_BYTES];
	uint8_t small[64];
	char text[100];
	memset(text, 'a', sizeof(text));
	for (unsigned is_empty = 0; is_empty < 2; is_empty++) {
		struct lines lines = {.bytes = small, .room = sizeof(small)};
		struct lines other = {.bytes = large, .room = sizeof(large)};
		struct line line;
		struct text rest = text_of("x");
		if (!is_empty) {
			(void)lines_next(&other, &rest, &line);
		}
		for (size_t at = 0; at < sizeof(text); at += 20) {
			rest = (struct text){(const uint8_t *)text + at, 20};
			lines_make_room(&lines, &other, rest.len);
			(void)lines_next(&lines, &rest, &line);
		}
		rest = text_of("\n");
		lines_make_room(&lines, &other, rest.len);
		assert_int_equal(lines_next(&lines, &rest, &line), LINES_LINE);
		assert_int_equal(line.is_cut, !is_empty);
		assert_int_equal(line.text.len, is_empty ? 100 : 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_given_without_its_end),
		cmocka_unit_test(a_line_too_long_is_cut_alike_in_one_piece_and_in_many),
		cmocka_unit_test(a_line_too_long_is_squeezed_where_that_is_wanted),
		cmocka_unit_test(a_line_that_fits_is_never_squeezed),
		cmocka_unit_test(a_body_ends_at_a_lone_dot_wherever_it_is_cut),
		cmocka_unit_test(bare_line_feeds_in_a_body_are_noticed),
		cmocka_unit_test(
			a_bare_line_feed_in_front_of_a_dot_is_noticed_wherever_it_is_cut),
		cmocka_unit_test(a_body_ends_where_some_server_ends_it_and_says_so),
		cmocka_unit_test(nothing_is_left_of_a_line_that_is_forgotten_or_lost),
		cmocka_unit_test(behind_an_end_of_cr_the_next_line_is_whole),
		cmocka_unit_test(raw_octets_are_passed_by_count),
		cmocka_unit_test(
			a_gap_inside_raw_octets_is_counted_and_another_makes_doubt),
		cmocka_unit_test(an_unfinished_line_can_be_taken_as_it_is),
		cmocka_unit_test(two_ways_exchange_their_rooms_with_what_they_keep),
		cmocka_unit_test(a_word_behind_blanks_comes_along_into_a_smaller_room),
		cmocka_unit_test(a_long_line_takes_the_larger_room_while_it_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
