#include "analyze/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum tls_grade grade(uint16_t version, uint16_t suite)
{
	return tls_grade(version, suite, 0);
}

static void versions_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(tls_version_name(0), "");
	assert_string_equal(tls_version_name(0x0300), "SSLv3");
	assert_string_equal(tls_version_name(0x0303), "TLS 1.2");
	assert_string_equal(tls_version_name(0x0304), "TLS 1.3");
}

static void suites_are_found_by_number(void **state)
{
	(void)state;
	assert_string_equal(tls_cipher_name(0x0000), "TLS_NULL_WITH_NULL_NULL");
	assert_string_equal(tls_cipher_name(0x1301), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(
		tls_cipher_name(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_null(tls_cipher_name(0x0a0a));
	assert_null(tls_cipher_name(0xffff));
}

/* A binary search finds a row only where all rows before it are smaller. */
static void the_table_of_suites_is_ascending(void **state)
{
	(void)state;
	unsigned found = 0;
	for (unsigned suite = 0; suite <= UINT16_MAX; suite++) {
		found += tls_cipher_name((uint16_t)suite) ? 1 : 0;
	}
	assert_int_equal(found, 296);
}

static void modern_suites_are_grade_a(void **state)
{
	(void)state;
	static const uint16_t SUITES[] = {0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8,
		0xcca9, 0x009e, 0x009f, 0xccaa, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xc09e,
		0xc09f};
	for (size_t i = 0; i < sizeof(SUITES) / sizeof(SUITES[0]); i++) {
		assert_int_equal(grade(0x0303, SUITES[i]), TLS_GRADE_A);
	}
	assert_int_equal(grade(0x0304, 0x1301), TLS_GRADE_A);
}

static void cbc_with_forward_secrecy_is_grade_b(void **state)
{
	(void)state;
	static const uint16_t SUITES[] = {0xc013, 0xc014, 0xc023, 0xc024, 0xc027,
		0xc028, 0x0033, 0x0039, 0x0067, 0x006b, 0x0045, 0x0088};
	for (size_t i = 0; i < sizeof(SUITES) / sizeof(SUITES[0]); i++) {
		assert_int_equal(grade(0x0303, SUITES[i]), TLS_GRADE_B);
	}
}

static void static_keys_and_3des_are_grade_c(void **state)
{
	(void)state;
	static const uint16_t SUITES[] = {0x002f, 0x0035, 0x003c, 0x003d, 0x009c,
		0x009d, 0x000a, 0x0016, 0xc008, 0xc012};
	for (size_t i = 0; i < sizeof(SUITES) / sizeof(SUITES[0]); i++) {
		assert_int_equal(grade(0x0303, SUITES[i]), TLS_GRADE_C);
	}
}

static void a_small_dh_modulus_is_grade_c(void **state)
{
	(void)state;
	assert_int_equal(tls_grade(0x0303, 0x009e, 1024), TLS_GRADE_C);
	assert_int_equal(tls_grade(0x0303, 0x009e, 2048), TLS_GRADE_A);
}

static void broken_suites_are_grade_f(void **state)
{
	(void)state;
	static const uint16_t SUITES[] = {0x0004, 0x0005, 0xc007, 0xc011, 0x0001,
		0x003b, 0x0003, 0x0008, 0x0009, 0x0018, 0x001b, 0x0034, 0x003a, 0x006c,
		0x006d, 0x00a6, 0x00a7, 0xc015, 0xc016, 0xc017, 0xc018, 0xc019, 0x0000};
	for (size_t i = 0; i < sizeof(SUITES) / sizeof(SUITES[0]); i++) {
		assert_int_equal(grade(0x0303, SUITES[i]), TLS_GRADE_F);
	}
	assert_int_equal(grade(0x0304, 0xc0b4), TLS_GRADE_F);
}

static void versions_below_1_2_are_grade_f_whatever_the_suite(void **state)
{
	(void)state;
	assert_int_equal(grade(0x0302, 0xc030), TLS_GRADE_F);
	assert_int_equal(grade(0x0300, 0x0a0a), TLS_GRADE_F);
	assert_int_equal(grade(0x0002, 0), TLS_GRADE_F);
}

static void what_is_not_known_has_no_grade(void **state)
{
	(void)state;
	assert_int_equal(grade(0, 0xc030), TLS_GRADE_UNKNOWN);
	assert_int_equal(grade(0x0303, 0x0a0a), TLS_GRADE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_have_their_names),
		cmocka_unit_test(suites_are_found_by_number),
		cmocka_unit_test(the_table_of_suites_is_ascending),
		cmocka_unit_test(modern_suites_are_grade_a),
		cmocka_unit_test(cbc_with_forward_secrecy_is_grade_b),
		cmocka_unit_test(static_keys_and_3des_are_grade_c),
		cmocka_unit_test(a_small_dh_modulus_is_grade_c),
		cmocka_unit_test(broken_suites_are_grade_f),
		cmocka_unit_test(versions_below_1_2_are_grade_f_whatever_the_suite),
		cmocka_unit_test(what_is_not_known_has_no_grade),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
