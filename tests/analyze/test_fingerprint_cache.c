#include "analyze/fingerprint_cache.h"

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

static void assert_as_computed(const struct tls_client_hello *hello)
{
	char ja3[FINGERPRINT_MD5_BYTES];
	char ja4[FINGERPRINT_JA4_BYTES];
	char cached_ja3[FINGERPRINT_MD5_BYTES];
	char cached_ja4[FINGERPRINT_JA4_BYTES];
	fingerprint_ja3(hello, ja3);
	fingerprint_ja4(hello, ja4);
	for (int i = 0; i < 2; i++) {
		fingerprint_client_hello(hello, cached_ja3, cached_ja4);
		assert_string_equal(cached_ja3, ja3);
		assert_string_equal(cached_ja4, ja4);
	}
}

static void a_known_shape_gets_the_fingerprints_of_its_own(void **state)
{
	(void)state;
	static const uint8_t OTHER[] = {0x13, 0x02, 0xc0, 0x30};
	static const uint8_t ALPN[] = {4, 'i', 'm', 'a', 'p'};
	struct tls_client_hello hello = known_hello();
	assert_as_computed(&hello);
	hello.suites = (struct text){OTHER, sizeof(OTHER)};
	assert_as_computed(&hello);
	hello.alpn = (struct text){ALPN, sizeof(ALPN)};
	assert_as_computed(&hello);
	hello.has_server_name = false;
	assert_as_computed(&hello);
	hello.legacy_version = TLS_VERSION_1_0;
	assert_as_computed(&hello);
	hello.groups = (struct text){NULL, 0};
	assert_as_computed(&hello);
	hello.signatures = (struct text){OTHER, 2};
	assert_as_computed(&hello);
	hello.extensions = (struct text){NULL, 0};
	assert_as_computed(&hello);
	hello = known_hello();
	assert_as_computed(&hello);
}

static void thousands_of_shapes_do_not_mix_and_long_ones_are_not_kept(void **state)
{
	(void)state;
	uint8_t suites[700] = {0};
	struct tls_client_hello hello = known_hello();
	for (unsigned i = 0; i < 3000; i++) {
		suites[0] = (uint8_t)(i >> 8);
		suites[1] = (uint8_t)i;
		hello.suites = (struct text){suites, i % 2 ? 4 : sizeof(suites)};
		assert_as_computed(&hello);
	}
}

static void a_server_hello_is_told_from_another(void **state)
{
	(void)state;
	struct tls_server_hello hello = {.legacy_version = 771, .suite = 10};
	char text[FINGERPRINT_MD5_BYTES];
	char first[FINGERPRINT_MD5_BYTES];
	fingerprint_server_hello(&hello, first);
	assert_string_equal(first, "ccf031939aa8979b73a604c356f7fd68");
	hello.suite = 4865;
	fingerprint_server_hello(&hello, text);
	assert_string_not_equal(text, first);
	hello.suite = 10;
	fingerprint_server_hello(&hello, text);
	assert_string_equal(text, first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_shape_gets_the_fingerprints_of_its_own),
		cmocka_unit_test(
			thousands_of_shapes_do_not_mix_and_long_ones_are_not_kept),
		cmocka_unit_test(a_server_hello_is_told_from_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
