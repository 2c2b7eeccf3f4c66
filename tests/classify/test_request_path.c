#include "classify/request_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The path of a request line, cut into pieces; an exact heap copy of each is read. */
static void assert_path(const char *line, size_t len, size_t piece, const char *wanted)
{
	struct request_path path = {.stage = 0};
	for (size_t at = 0; at < len; at += piece) {
		const size_t left = len - at < piece ? len - at : piece;
		uint8_t *copy = malloc(left);
		assert_non_null(copy);
		memcpy(copy, line + at, left);
		request_path_add(&path, (struct text){copy, left});
		free(copy);
	}
	const struct text read = request_path_end(&path);
	assert_int_equal(read.len, strlen(wanted));
	assert_memory_equal(read.at, wanted, read.len);
	assert_true(text_is(request_path_method(&path), "GET"));
}

struct way {
	const char *target;
	const char *path;
};

static void a_path_is_read_as_the_server_reads_it(void **state)
{
	(void)state;
	static const struct way WAYS[] = {
		{"/owa/x", "/owa/x"},
		{"/owa/?a=/ews/", "/owa/"},
		{"/", "/"},
		{"*", "*"},
		{"//owa//x", "/owa/x"},
		{"\\owa\\x", "/owa/x"},
		{"/./owa/./x", "/owa/x"},
		{"/a/../owa/x", "/owa/x"},
		{"/a/b/../../owa", "/owa"},
		{"/../../owa", "/owa"},
		{"/owa/..", "/"},
		{"/owa/.", "/owa/"},
		{"/owa/...", "/owa/..."},
		{"/.owa/..x/y.", "/.owa/..x/y."},
		{"/%6fwa/%78", "/owa/x"},
		{"/%6Fwa%2f%2e%2E/ews", "/ews"},
		{"/%256fwa", "/owa"},     /* decoded in front and once more */
		{"/%25256fwa", "/%6fwa"}, /* and no third time */
		{"/%u006fwa", "/owa"},    /* IIS */
		{"/%u00e9wa", "/?wa"},
		{"/%", "/%"},
		{"/%4", "/%4"},
		{"/%4/x", "/%4/x"},
		{"/%zz%6fwa", "/%zzowa"},
		{"/%%6fwa", "/%owa"},
		{"http://mail.example.org/owa", "/owa"},
		{"HTTPS://mail.example.org:80/%6fwa", "/owa"},
		{"http://mail.example.org", ""},
		{"httpx/owa", "httpx/owa"},
	};
	for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
		char line[200];
		(void)snprintf(
			line, sizeof(line), "GET  %s HTTP/1.1\r\n", WAYS[i].target);
		assert_path(line, strlen(line), 1, WAYS[i].path);
		assert_path(line, strlen(line), 1000, WAYS[i].path);
	}
}

static void however_long_it_is_only_its_end_counts(void **state)
{
	(void)state;
	char line[3000];
	char seg[900];
	memset(seg, 'a', sizeof(seg));
	seg[sizeof(seg) - 1] = '\0';
	(void)snprintf(line, sizeof(line), "GET /%s/../owa/x HTTP/1.1", seg);
	assert_path(line, strlen(line), 7, "/owa/x");
	(void)snprintf(
		line, sizeof(line), "GET /a/%s/b/c/../../../../owa/x HTTP/1.1", seg);
	assert_path(line, strlen(line), 7, "/owa/x");
	(void)snprintf(line, sizeof(line), "GET http://%s/owa/x HTTP/1.1", seg);
	assert_path(line, strlen(line), 7, "/owa/x");
	/* what does not fit is gone, from the segment on that does not */
	(void)snprintf(line, sizeof(line), "GET /owa/%s/x/y HTTP/1.1", seg);
	assert_path(line, strlen(line), 7, "/owa/");
}

/* Any bytes: nothing is read or written past an end. */
static void no_bytes_do_harm(void **state)
{
	(void)state;
	static const char LETTERS[] = "/.%25u0a\\?: GhttpS*";
	unsigned seed = 1;
	for (unsigned round = 0; round < 20000; round++) {
		struct request_path path = {.stage = 0};
		for (unsigned i = 0; i < 300; i++) {
			seed = seed * 1103515245U + 12345U;
			const uint8_t byte =
				(uint8_t)LETTERS[(seed >> 16) % (sizeof(LETTERS) - 1)];
			request_path_add(&path, (struct text){&byte, 1});
		}
		assert_true(request_path_end(&path).len <= REQUEST_PATH_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_read_as_the_server_reads_it),
		cmocka_unit_test(however_long_it_is_only_its_end_counts),
		cmocka_unit_test(no_bytes_do_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
