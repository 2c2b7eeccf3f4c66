#include "analyze/fingerprint.h"

#include "hello_maker.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tls_client_hello known_hello(void)
{
	struct tls_client_hello hello;
	const struct text body = {KNOWN_HELLO + 9, KNOWN_HELLO_BYTES - 9};
	assert_true(tls_client_hello_read(body, &hello));
	return hello;
}

static struct text list(const void *bytes, size_t len)
{
	return (struct text){.at = bytes, .len = len};
}

static void ja3_of_a_known_hello(void **state)
{
	(void)state;
	const struct tls_client_hello hello = known_hello();
	char text[FINGERPRINT_MD5_BYTES];
	fingerprint_ja3(&hello, text);
	assert_string_equal(text, "f0afc10cc58ed040bf1d6c12e93af5ef");
}

static void ja4_of_a_known_hello(void **state)
{
	(void)state;
	const struct tls_client_hello hello = known_hello();
	char text[FINGERPRINT_JA4_BYTES];
	fingerprint_ja4(&hello, text);
	assert_string_equal(text, "t13d020400_c1929292aa6b_9a0586ea5dd0");
}

static void ja3s_is_version_suite_and_extensions(void **state)
{
	(void)state;
	char text[FINGERPRINT_MD5_BYTES];
	struct tls_server_hello hello = {.legacy_version = 771,
		.suite = 4865,
		.extensions = list("\x00\x2b\x00\x02\x03\x04", 6)};
	fingerprint_ja3s(&hello, text);
	assert_string_equal(text, "cce84e7a8b742462e40afb585a3e3ccc");
	hello = (struct tls_server_hello){.legacy_version = 771, .suite = 10};
	fingerprint_ja3s(&hello, text);
	assert_string_equal(text, "ccf031939aa8979b73a604c356f7fd68");
}

static void grease_changes_no_fingerprint_and_no_count(void **state)
{
	(void)state;
	struct tls_client_hello hello = known_hello();
	hello.suites = list("\x1a\x1a\x13\x01\xc0\x2f\xfa\xfa", 8);
	hello.groups = list("\x8a\x8a\x00\x1d", 4);
	char text[FINGERPRINT_JA4_BYTES];
	fingerprint_ja3(&hello, text);
	assert_string_equal(text, "f0afc10cc58ed040bf1d6c12e93af5ef");
	fingerprint_ja4(&hello, text);
	assert_string_equal(text, "t13d020400_c1929292aa6b_9a0586ea5dd0");
}

/* The suites and extensions of the example in the JA4 document. */
static const char SUITES[] = "\xc0\x14\x00\x2f\x00\x35\x00\x9c\x00\x9d\x13\x01\x13\x02"
			     "\x13\x03\xc0\x13\xc0\x2b\xc0\x2c\xc0\x2f\xc0\x30"
			     "\xcc\xa8\xcc\xa9";

static struct text example_extensions(struct script *out)
{
	static const uint16_t TYPES[] = {0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017,
		0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a,
		0x0015};
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		put_number(out, TYPES[i], 2);
		put_number(out, 0, 2);
	}
	return list(out->bytes, out->len);
}

static void ja4_sorts_suites_and_extensions_but_not_signatures(void **state)
{
	(void)state;
	static struct script script;
	script.len = 0;
	struct tls_client_hello hello = {.offered_version = 0x0304,
		.has_server_name = true,
		.suites = list(SUITES, sizeof(SUITES) - 1),
		.extensions = example_extensions(&script),
		.alpn = list("\x02h2", 3),
		.signatures = list("\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01"
				   "\x08\x06\x06\x01",
			16)};
	char text[FINGERPRINT_JA4_BYTES];
	fingerprint_ja4(&hello, text);
	assert_string_equal(text, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	hello.signatures.len = 0;
	fingerprint_ja4(&hello, text);
	assert_string_equal(text, "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

static void ja4_of_an_empty_hello_is_zeros(void **state)
{
	(void)state;
	const struct tls_client_hello hello = {.offered_version = 0x0300};
	char text[FINGERPRINT_JA4_BYTES];
	fingerprint_ja4(&hello, text);
	assert_string_equal(text, "ts3i000000_000000000000_000000000000");
}

static void ja4_shows_odd_alpn_ends_in_hex(void **state)
{
	(void)state;
	struct tls_client_hello hello = known_hello();
	char text[FINGERPRINT_JA4_BYTES];
	hello.alpn = list("\x02\xab\xcd", 3);
	fingerprint_ja4(&hello, text);
	assert_memory_equal(text + 8, "ad", 2);
	hello.alpn = list("\x01h", 2);
	fingerprint_ja4(&hello, text);
	assert_memory_equal(text + 8, "hh", 2);
	hello.alpn = list("\x05h", 2); /* broken */
	fingerprint_ja4(&hello, text);
	assert_memory_equal(text + 8, "00", 2);
}

static void lists_beyond_any_client_are_bounded(void **state)
{
	(void)state;
	static uint8_t suites[65534];
	memset(suites, 0x31, sizeof(suites));
	struct tls_client_hello hello = known_hello();
	hello.suites = list(suites, sizeof(suites));
	char text[FINGERPRINT_JA4_BYTES];
	fingerprint_ja4(&hello, text);
	assert_memory_equal(text, "t13d990400_", 11);
	assert_int_equal(strlen(text), 36);
	fingerprint_ja3(&hello, text);
	assert_int_equal(strlen(text), 32);
}

static void sha256_of_abc(void **state)
{
	(void)state;
	char text[65];
	fingerprint_sha256(list("abc", 3), text);
	assert_string_equal(text,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void sha1_of_abc_has_colons_as_eve_has_them(void **state)
{
	(void)state;
	char text[FINGERPRINT_SHA1_BYTES];
	fingerprint_sha1(list("abc", 3), text);
	assert_string_equal(
		text, "a9:99:3e:36:47:06:81:6a:ba:3e:25:71:78:50:c2:6c:9c:d0:d8:9d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ja3_of_a_known_hello),
		cmocka_unit_test(ja4_of_a_known_hello),
		cmocka_unit_test(ja3s_is_version_suite_and_extensions),
		cmocka_unit_test(grease_changes_no_fingerprint_and_no_count),
		cmocka_unit_test(ja4_sorts_suites_and_extensions_but_not_signatures),
		cmocka_unit_test(ja4_of_an_empty_hello_is_zeros),
		cmocka_unit_test(ja4_shows_odd_alpn_ends_in_hex),
		cmocka_unit_test(lists_beyond_any_client_are_bounded),
		cmocka_unit_test(sha256_of_abc),
		cmocka_unit_test(sha1_of_abc_has_colons_as_eve_has_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
