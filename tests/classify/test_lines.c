#include "classify/traits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

/* Read the first len bytes of text. */
static struct traits read_text(
	const char *text, size_t len, struct traits_reading *reading)
{
	const struct side_bytes side = {
		.bytes = (const uint8_t *)text, .len = len, .is_start = true};
	struct traits traits;
	traits_read_lines(&side, reading, &traits);
	return traits;
}

static bool do_tags_meet(const char *client, const char *server)
{
	struct traits_reading sides[2] = {{.offset = 0}, {.offset = 0}};
	(void)read_text(client, strlen(client), &sides[0]);
	(void)read_text(server, strlen(server), &sides[1]);
	return traits_tags_meet(&sides[0], &sides[1]);
}

static void lines_in_pieces_show_what_the_whole_shows(void **state)
{
	(void)state;
	static const char TEXT[] =
		"250-mail.example.org\r\n250-STARTTLS\r\n250 SIZE\r\n"
		"a1 OK done\r\n* 3 EXISTS\r\n* 4 EXISTS\r\n";
	struct traits_reading whole = {.offset = 0};
	const struct traits wanted = read_text(TEXT, strlen(TEXT), &whole);
	assert_true(wanted.server & SERVER_EHLO_REPLY);
	assert_true(wanted.server & SERVER_UNTAGGED_TWO);
	struct traits_reading pieces = {.offset = 0};
	struct traits traits = {0};
	for (size_t len = 1; len <= strlen(TEXT); len++) {
		traits = read_text(TEXT, len, &pieces);
	}
	assert_memory_equal(&traits, &wanted, sizeof(traits));
	assert_int_equal(pieces.reply_count, 1);
}

static void a_whole_line_is_read_once(void **state)
{
	(void)state;
	char text[] = "EHLO client.example.org\r\nQUIT\r\n";
	const size_t first = strlen("EHLO client.example.org\r\n");
	struct traits_reading reading = {.offset = 0};
	assert_true(read_text(text, first, &reading).client & CLIENT_EHLO);
	memset(text, 'x', first - 2); /* nobody looks there again */
	const struct traits traits = read_text(text, strlen(text), &reading);
	assert_true(traits.client & CLIENT_EHLO);
	assert_true(traits.client & CLIENT_SHARED);
	assert_int_equal(traits.line_count, 2);
}

static void a_line_that_grows_is_read_as_it_is_now(void **state)
{
	(void)state;
	struct traits_reading reading = {.offset = 0};
	const char *text = "a1 NOOP\r\n";
	assert_false(read_text(text, strlen("a1 NO"), &reading).client & CLIENT_IMAP);
	assert_int_equal(reading.open_command, 0);
	assert_true(read_text(text, strlen(text), &reading).client & CLIENT_IMAP);
	assert_int_equal(reading.command_count, 1);
}

static void a_reply_meets_the_command_whose_tag_it_bears(void **state)
{
	(void)state;
	assert_true(do_tags_meet("a1 ID\r\na2 NOOP\r\n", "a2 OK done\r\n"));
	assert_true(do_tags_meet("a1 ID nil", "a1 BAD what"));
	assert_false(do_tags_meet("a1 ID\r\na2 NOOP\r\n", "a3 OK done\r\n"));
	assert_false(do_tags_meet("a1 ID\r\n", "a1 FINE\r\n"));
	assert_false(do_tags_meet("", "a1 OK done\r\n"));
}

static void lines_without_end_have_a_bound(void **state)
{
	(void)state;
	char text[TRAITS_LINES_MAX * 5 + 32] = "";
	for (unsigned i = 0; i < TRAITS_LINES_MAX; i++) {
		strcat(text, "b ID\n");
	}
	strcat(text, "EHLO x.example.org\r\n");
	struct traits_reading reading = {.offset = 0};
	const struct traits traits = read_text(text, strlen(text), &reading);
	assert_int_equal(traits.line_count, TRAITS_LINES_MAX);
	assert_int_equal(reading.command_count, TRAITS_LINES_MAX);
	assert_false(traits.client & CLIENT_EHLO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_in_pieces_show_what_the_whole_shows),
		cmocka_unit_test(a_whole_line_is_read_once),
		cmocka_unit_test(a_line_that_grows_is_read_as_it_is_now),
		cmocka_unit_test(a_reply_meets_the_command_whose_tag_it_bears),
		cmocka_unit_test(lines_without_end_have_a_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
