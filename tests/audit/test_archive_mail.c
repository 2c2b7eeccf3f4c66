#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/archive.h"
#include "audit/archive_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parts {
	size_t count;
	char all[4096]; /* each in brackets */
};

static bool keep(void *context, struct text part)
{
	struct parts *parts = context;
	const size_t len = strlen(parts->all);
	parts->count++;
	(void)snprintf(parts->all + len, sizeof(parts->all) - len, "[%.*s]",
		(int)part.len, (const char *)part.at);
	return true;
}

static bool read_mail(const char *mail, struct parts *parts)
{
	uint8_t *room = malloc(strlen(mail) + 1);
	*parts = (struct parts){.count = 0};
	assert_non_null(room);
	const bool is_read = archive_mail_read(text_from(mail), room, keep, parts);
	free(room);
	return is_read;
}

#define BASE64 "Content-Transfer-Encoding: base64\n"

static void what_may_hold_a_report_is_handed_over_decoded(void **state)
{
	(void)state;
	static const struct {
		const char *mail;
		const char *parts;
	} CASES[] = {
		{"Subject: x\nContent-Type: application/gzip\n" BASE64 "\naGVs\nbG8=\n",
			"[hello]"},
		{"From x\nSubject: x\ncontent-type: APPLICATION/zip;\n name=a\n\nplain",
			"[plain]"},
		{"A: b\nContent-Type: text/xml\nContent-Transfer-Encoding: "
		 "quoted-printable\n\n<a b=3D'1'>=\nc==",
			"[<a b='1'>c]"},
		{"A: b\nContent-Type: text/plain\n\n<not wanted>", ""},
		{"A: b\n\n<no type: a text>", ""},
		/* two in one, each with its kind of line ends; a preamble and an epilogue */
		{"A: b\r\nContent-Type: multipart/mixed; boundary=\"a "
		 "b\"\r\n\r\nfore\r\n"
		 "--a b\r\nContent-Type: application/x\r\n\r\none\r\n--a "
		 "b\nContent-Type: "
		 "application/x\n\ntwo\n--a b--\r\nbehind\r\n--a c\r\n",
			"[one\r\n][two\n]"},
		/* a mail in a mail, a list in a list */
		{"A: b\nContent-Type: multipart/mixed; "
		 "boundary=o\n\n--o\nContent-Type: "
		 "message/rfc822\n\nA: b\nContent-Type: multipart/mixed; boundary=i\n\n"
		 "--i\nContent-Type: application/x\n\ninner\n--i--\n--o\nContent-Type: "
		 "application/x\n\nouter\n--o--\n",
			"[inner\n][outer\n]"},
		/* the outer end ends the inner one, too; "--oo" is not the line "--o" */
		{"A: b\nContent-Type: multipart/mixed; "
		 "boundary=o\n\n--o\nContent-Type: "
		 "multipart/mixed; boundary=oo\n\n--oo\nContent-Type: application/x\n\n"
		 "inner\n--o--\n--oo\nContent-Type: application/x\n\nnot any more\n",
			"[inner\n]"},
		{"A: b\nContent-Type: multipart/mixed; "
		 "boundary=o\n\n--o\nContent-Type: "
		 "application/x\n\nall\n--oo\nof it\n--o--\n",
			"[all\n--oo\nof it\n]"},
		/* no empty line behind the header */
		{"A: b\nContent-Type: application/x\nthe body", "[the body]"},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct parts parts;
		assert_true(archive_is_mail(text_from(CASES[i].mail)));
		assert_true(read_mail(CASES[i].mail, &parts));
		assert_string_equal(parts.all, CASES[i].parts);
	}
}

static void too_many_parts_and_too_many_lists_are_refused(void **state)
{
	(void)state;
	struct parts parts;
	char mail[8192] = "A: b\nContent-Type: multipart/mixed; boundary=o\n\n";
	for (unsigned i = 0; i < ARCHIVE_MEMBERS_MAX - 1; i++) {
		(void)strcat(mail, "--o\nContent-Type: application/x\n\nx\n");
	}
	assert_true(read_mail(mail, &parts));
	assert_int_equal(parts.count, ARCHIVE_MEMBERS_MAX - 1);
	(void)strcat(mail, "--o\nContent-Type: application/x\n\nx\n");
	assert_false(read_mail(mail, &parts));
	mail[0] = '\0';
	for (unsigned i = 0; i < ARCHIVE_MAIL_DEPTH; i++) {
		(void)snprintf(mail + strlen(mail), 128,
			"Content-Type: multipart/mixed; boundary=%u\n\n--%u\n", i, i);
	}
	assert_true(read_mail(mail, &parts));
	(void)strcat(mail, "Content-Type: multipart/mixed; boundary=x\n\n--x\n");
	assert_false(read_mail(mail, &parts));
}

static void a_list_without_a_boundary_is_refused(void **state)
{
	(void)state;
	struct parts parts;
	char mail[256];
	assert_false(read_mail("A: b\nContent-Type: multipart/mixed\n\nx", &parts));
	(void)snprintf(mail, sizeof(mail),
		"Content-Type: multipart/mixed; boundary=%0*d\n\nx", 71, 0);
	assert_true(read_mail(mail, &parts)); /* one more than the RFC has */
	(void)snprintf(mail, sizeof(mail),
		"Content-Type: multipart/mixed; boundary=%0*d\n\nx", 72, 0);
	assert_false(read_mail(mail, &parts));
}

/* On an exact copy, for the sanitizer to see what is read behind it. */
static void a_mail_may_be_cut_anywhere(void **state)
{
	(void)state;
	static const char MAIL[] =
		"From x\r\nContent-Type: multipart/mixed; boundary=\"o\"\r\n\r\n--o\r\n"
		"Content-Type: application/gzip\r\n" BASE64
		"\r\naGVsbG8=\r\n--o\r\nContent-Type: text/xml\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n=3D=\r\n--o--\r\n";
	for (size_t len = 0; len < sizeof(MAIL); len++) {
		struct parts parts = {.count = 0};
		uint8_t *copy = malloc(len + (len == 0));
		uint8_t *room = malloc(len + (len == 0));
		assert_non_null(copy);
		assert_non_null(room);
		memcpy(copy, MAIL, len);
		(void)archive_mail_read((struct text){copy, len}, room, keep, &parts);
		assert_in_range(parts.count, 0, 2);
		free(copy);
		free(room);
	}
}

#define LINE "From r@example.net Mon Nov 30 12:00:00 2026"

static void a_mailbox_is_cut_where_the_next_mail_begins(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *rest; /* behind the first mail */
	} CASES[] = {
		{LINE "\nA: b\n\nx\n\n" LINE "\nA: c\n", LINE "\nA: c\n"},
		{LINE "\r\nA: b\r\n\r\nx\r\n\r\n" LINE "\r\n", LINE "\r\n"},
		{"middle of a mail\n\n" LINE "\n\n" LINE, LINE "\n\n" LINE},
		{LINE "\nA: b\n\nFrom me\n\n" LINE, LINE},
		/* no empty line above it, no time in it, quoted, the word alone */
		{LINE "\nA: b\n\nx\n" LINE "\n", ""},
		{LINE "\nA: b\n\nFrom the desk of somebody\n", ""},
		{LINE "\nA: b\n\nFrom me at 1:30\n", ""},
		{LINE "\nA: b\n\n>" LINE "\n", ""},
		{LINE "\nA: b\n\nFrom: 12:00\n", ""},
		{LINE "\nA: b\n\nFrom ", ""},
		{"\n" LINE, ""},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const char *text = CASES[i].text;
		const size_t first = archive_mailbox_first(text_from(text));
		assert_string_equal(text + first, CASES[i].rest);
	}
	assert_true(archive_is_mailbox(text_from(LINE)));
	assert_false(archive_is_mailbox(text_from("From: r@example.net\n")));
}

/* On an exact copy, as above. */
static void a_mailbox_may_be_cut_anywhere(void **state)
{
	(void)state;
	static const char TEXT[] = LINE "\nA: b\n\nx\r\n\r\n" LINE "\n";
	for (size_t len = 0; len < sizeof(TEXT); len++) {
		uint8_t *copy = malloc(len + (len == 0));
		assert_non_null(copy);
		memcpy(copy, TEXT, len);
		const size_t first = archive_mailbox_first((struct text){copy, len});
		assert_in_range(first, 0, len);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_hold_a_report_is_handed_over_decoded),
		cmocka_unit_test(too_many_parts_and_too_many_lists_are_refused),
		cmocka_unit_test(a_list_without_a_boundary_is_refused),
		cmocka_unit_test(a_mail_may_be_cut_anywhere),
		cmocka_unit_test(a_mailbox_is_cut_where_the_next_mail_begins),
		cmocka_unit_test(a_mailbox_may_be_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
