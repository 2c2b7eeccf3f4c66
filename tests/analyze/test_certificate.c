#include "analyze/certificate.h"

#include "certificate_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOT_BEFORE 1700000000
#define NOT_AFTER  1800000000

static EVP_PKEY *rsa_key;
static EVP_PKEY *ec_key;
static EVP_PKEY *ed_key;
static uint8_t der[4096];

static int make_keys(void **state)
{
	(void)state;
	rsa_key = EVP_RSA_gen(2048);
	ec_key = EVP_EC_gen("P-256");
	ed_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return rsa_key && ec_key && ed_key ? 0 : 1;
}

static int free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa_key);
	EVP_PKEY_free(ec_key);
	EVP_PKEY_free(ed_key);
	return 0;
}

static struct certificate_wish plain_wish(void)
{
	return (struct certificate_wish){.common_name = "mail.example.org",
		.issuer_name = "Example CA",
		.digest = "SHA256",
		.not_before_s = NOT_BEFORE,
		.not_after_s = NOT_AFTER,
		.key = ec_key,
		.signer = rsa_key};
}

static struct facts_certificate read_wish(
	const struct certificate_wish *wish, const char *sni, bool is_alone)
{
	struct facts_certificate out;
	const size_t len = certificate_make(wish, der, sizeof(der));
	certificate_read((struct text){der, len}, sni, is_alone, &out);
	return out;
}

static void a_certificate_tells_names_validity_and_key(void **state)
{
	(void)state;
	const struct certificate_wish wish = plain_wish();
	const struct facts_certificate out = read_wish(&wish, "", true);
	assert_int_equal(out.visibility, FACTS_SEEN);
	assert_string_equal(out.subject, "CN=mail.example.org,O=Example?, Inc");
	assert_string_equal(out.issuer, "CN=Example CA,O=Example?, Inc");
	assert_int_equal(out.not_before_s, NOT_BEFORE);
	assert_int_equal(out.not_after_s, NOT_AFTER);
	assert_string_equal(out.key_type, "EC");
	assert_int_equal(out.key_bits, 256);
	assert_int_equal(strlen(out.fingerprint), 64);
	assert_false(out.is_weak_signature);
	assert_false(out.is_self_signed);
	assert_int_equal(out.name_matches, FACTS_UNKNOWN);
}

static void key_types_are_told_apart(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.key = rsa_key;
	struct facts_certificate out = read_wish(&wish, "", true);
	assert_string_equal(out.key_type, "RSA");
	assert_int_equal(out.key_bits, 2048);
	wish.key = ed_key;
	wish.signer = NULL;
	wish.digest = NULL;
	out = read_wish(&wish, "", true);
	assert_string_equal(out.key_type, "Ed25519");
	assert_false(out.is_weak_signature);
}

static void sha1_is_a_weak_signature(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.digest = "SHA1";
	assert_true(read_wish(&wish, "", true).is_weak_signature);
	wish.digest = "MD5";
	assert_true(read_wish(&wish, "", true).is_weak_signature);
}

static void a_certificate_signed_by_its_own_key_is_self_signed(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.issuer_name = NULL;
	wish.signer = ec_key;
	assert_true(read_wish(&wish, "", true).is_self_signed);
	assert_true(read_wish(&wish, "", false).is_self_signed);
	wish.signer = rsa_key; /* a CA of the same name: told by its company */
	assert_true(read_wish(&wish, "", true).is_self_signed);
	assert_false(read_wish(&wish, "", false).is_self_signed);
}

static void the_asked_name_is_sought_among_dns_names(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.alternatives = "DNS:mx.example.org,DNS:*.example.net,email:a@example.org";
	struct facts_certificate out = read_wish(&wish, "MX.example.org", true);
	assert_string_equal(out.names, "mx.example.org,*.example.net");
	assert_int_equal(out.name_matches, FACTS_YES);
	out = read_wish(&wish, "any.example.net", true);
	assert_int_equal(out.name_matches, FACTS_YES);
	out = read_wish(&wish, "a.b.example.net", true);
	assert_int_equal(out.name_matches, FACTS_NO);
	out = read_wish(&wish, "mail.example.org", true); /* the CN counts no more */
	assert_int_equal(out.name_matches, FACTS_NO);
}

static void the_common_name_counts_where_no_dns_name_is(void **state)
{
	(void)state;
	const struct certificate_wish wish = plain_wish();
	const struct facts_certificate out = read_wish(&wish, "mail.example.org", true);
	assert_string_equal(out.names, "mail.example.org");
	assert_int_equal(out.name_matches, FACTS_YES);
}

static void a_wildcard_stands_for_one_whole_label(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		const char *host;
		bool is_match;
	} CASES[] = {
		{"mail.example.org", "mail.example.org", true},
		{"mail.example.org.", "MAIL.example.org", true},
		{"*.example.org", "mail.example.org.", true},
		{"*.example.org", "example.org", false},
		{"*.example.org", ".example.org", false},
		{"*.example.org", "a.mail.example.org", false},
		{"m*.example.org", "mail.example.org", false},
		{"mail.*.org", "mail.example.org", false},
		{"*", "localhost", false},
		{"*.", "localhost.", false},
		{"", "", false},
		{"mail.example.org", "", false},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const struct text pattern = {
			(const uint8_t *)CASES[i].pattern, strlen(CASES[i].pattern)};
		assert_int_equal(certificate_name_matches(pattern, CASES[i].host),
			CASES[i].is_match);
	}
}

static void a_nul_inside_a_name_hides_nothing(void **state)
{
	(void)state;
	const struct text pattern = {(const uint8_t *)"a.org\0evil.net", 14};
	assert_false(certificate_name_matches(pattern, "a.org"));
}

static void hostile_names_reach_records_printable_and_apart(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.common_name = "a,b\"\n\xc3\xa9";
	const struct facts_certificate out = read_wish(&wish, "", true);
	assert_int_equal(out.visibility, FACTS_SEEN);
	for (const char *at = out.subject; *at != '\0'; at++) {
		assert_true(*at >= 0x20 && *at <= 0x7e && *at != '"' && *at != '\\');
	}
	assert_null(strchr(out.names, ','));
}

static void many_names_are_cut_but_all_are_compared(void **state)
{
	(void)state;
	char names[4000] = "DNS:first.example.org";
	for (int i = 0; i < 40; i++) {
		strcat(names, ",DNS:another-host-name.example.org");
	}
	strcat(names, ",DNS:last.example.org");
	struct certificate_wish wish = plain_wish();
	wish.alternatives = names;
	const struct facts_certificate out = read_wish(&wish, "last.example.org", true);
	assert_int_equal(strlen(out.names), FACTS_NAME_BYTES - 1);
	assert_int_equal(out.name_matches, FACTS_YES);
}

static void a_certificate_seen_before_answers_each_question_anew(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.issuer_name =
		NULL; /* signed by another key: not its own when in company */
	const size_t len = certificate_make(&wish, der, sizeof(der));
	const struct text bytes = {der, len};
	for (int i = 0; i < 3; i++) {
		struct facts_certificate first;
		struct facts_certificate out;
		certificate_read(bytes, "mail.example.org", true, &first);
		assert_int_equal(first.name_matches, FACTS_YES);
		assert_true(first.is_self_signed);
		certificate_read(bytes, "mail.example.org", true, &out);
		assert_memory_equal(&first, &out, sizeof(first));
		certificate_read(bytes, "mail.example.net", true, &out);
		assert_int_equal(out.name_matches, FACTS_NO);
		certificate_read(bytes, "mail.example.org", false, &out);
		assert_false(out.is_self_signed);
	}
}

static void a_name_too_long_to_keep_is_not_judged(void **state)
{
	(void)state;
	char sni[FACTS_HOST_BYTES];
	memset(sni, 'a', sizeof(sni) - 1);
	sni[sizeof(sni) - 1] = '\0';
	const struct certificate_wish wish = plain_wish();
	assert_int_equal(read_wish(&wish, sni, true).name_matches, FACTS_UNKNOWN);
}

static void the_subject_can_be_read_alone(void **state)
{
	(void)state;
	const struct certificate_wish wish = plain_wish();
	const size_t len = certificate_make(&wish, der, sizeof(der));
	char subject[FACTS_NAME_BYTES] = "x";
	certificate_subject((struct text){der, len}, subject, sizeof(subject));
	assert_string_equal(subject, "CN=mail.example.org,O=Example?, Inc");
	certificate_subject((struct text){der, len / 2}, subject, sizeof(subject));
	assert_string_equal(subject, "");
}

static void a_certificate_cut_anywhere_is_unreadable(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.alternatives = "DNS:mx.example.org";
	const size_t len = certificate_make(&wish, der, sizeof(der));
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut > 0 ? cut : 1);
		assert_non_null(copy);
		memcpy(copy, der, cut);
		struct facts_certificate out;
		certificate_read((struct text){copy, cut}, "mx", true, &out);
		assert_int_equal(out.visibility, FACTS_UNREADABLE);
		assert_string_equal(out.subject, "");
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_tells_names_validity_and_key),
		cmocka_unit_test(key_types_are_told_apart),
		cmocka_unit_test(sha1_is_a_weak_signature),
		cmocka_unit_test(a_certificate_signed_by_its_own_key_is_self_signed),
		cmocka_unit_test(the_asked_name_is_sought_among_dns_names),
		cmocka_unit_test(the_common_name_counts_where_no_dns_name_is),
		cmocka_unit_test(a_wildcard_stands_for_one_whole_label),
		cmocka_unit_test(a_nul_inside_a_name_hides_nothing),
		cmocka_unit_test(hostile_names_reach_records_printable_and_apart),
		cmocka_unit_test(many_names_are_cut_but_all_are_compared),
		cmocka_unit_test(a_certificate_seen_before_answers_each_question_anew),
		cmocka_unit_test(a_name_too_long_to_keep_is_not_judged),
		cmocka_unit_test(the_subject_can_be_read_alone),
		cmocka_unit_test(a_certificate_cut_anywhere_is_unreadable),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
