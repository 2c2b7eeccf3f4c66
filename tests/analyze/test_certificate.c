#include "analyze/certificate.h"
#include "base/utf8.h"

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

static struct quota quota = {.each = 2, .all = UINT32_MAX};

static bool show(struct text bytes, const char *sni, bool is_alone,
	struct facts_certificate *out)
{
	const struct certificate_shown shown = {bytes, sni, is_alone};
	return certificate_read(&shown, &quota, out);
}

static int begin(void **state)
{
	(void)state;
	quota_begin(&quota, 0, (quota.second + 1) * 1000000);
	return 0;
}

static struct facts_certificate read_wish(
	const struct certificate_wish *wish, const char *sni, bool is_alone)
{
	struct facts_certificate out;
	const size_t len = certificate_make(wish, der, sizeof(der));
	show((struct text){der, len}, sni, is_alone, &out);
	return out;
}

static void a_certificate_tells_names_validity_and_key(void **state)
{
	(void)state;
	const struct certificate_wish wish = plain_wish();
	const struct facts_certificate out = read_wish(&wish, "", true);
	assert_int_equal(out.visibility, FACTS_SEEN);
	assert_string_equal(out.subject, "O=Example?, Inc, CN=mail.example.org");
	assert_string_equal(out.issuer, "O=Example?, Inc, CN=Example CA");
	assert_int_equal(out.not_before_s, NOT_BEFORE);
	assert_int_equal(out.not_after_s, NOT_AFTER);
	assert_string_equal(out.key_type, "EC");
	assert_int_equal(out.key_bits, 256);
	assert_int_equal(strlen(out.fingerprint), 64);
	assert_int_equal(strlen(out.sha1), 59);
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

/* Kind and size of the key are what libcrypto says of it, which decodes it. */
static void key_is_told(EVP_PKEY *key, const char *type)
{
	struct certificate_wish wish = plain_wish();
	assert_non_null(key);
	wish.key = key;
	const struct facts_certificate out = read_wish(&wish, "", true);
	assert_string_equal(out.key_type, type);
	assert_int_equal(out.key_bits, EVP_PKEY_get_bits(key));
	EVP_PKEY_free(key);
}

static EVP_PKEY *make_dsa_key(void)
{
	EVP_PKEY *parameters = NULL;
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL);
	assert_int_equal(EVP_PKEY_paramgen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 1024), 1);
	assert_int_equal(EVP_PKEY_paramgen(context, &parameters), 1);
	EVP_PKEY_CTX_free(context);
	context = EVP_PKEY_CTX_new(parameters, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(parameters);
	return key;
}

static void a_key_is_told_without_decoding_it(void **state)
{
	(void)state;
	static const char *const CURVES[] = {
		"P-224", "P-384", "P-521", "brainpoolP256r1", "sect283k1"};
	for (size_t i = 0; i < sizeof(CURVES) / sizeof(CURVES[0]); i++) {
		key_is_told(EVP_EC_gen(CURVES[i]), "EC");
	}
	EVP_PKEY *spelt_out = EVP_EC_gen("P-224");
	assert_int_equal(
		EVP_PKEY_set_utf8_string_param(spelt_out, "encoding", "explicit"), 1);
	key_is_told(spelt_out, "EC");
	key_is_told(EVP_RSA_gen(1023), "RSA");
	key_is_told(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "Ed25519");
	key_is_told(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), "Ed448");
	key_is_told(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), "other");
	key_is_told(make_dsa_key(), "DSA");
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

/* The wish, valid for another time each, in company. */
static struct facts_certificate read_another(
	struct certificate_wish wish, bool *is_read)
{
	static int64_t number;
	struct facts_certificate out;
	wish.not_after_s += ++number;
	const size_t len = certificate_make(&wish, der, sizeof(der));
	*is_read = show((struct text){der, len}, "", false, &out);
	return out;
}

static void who_shows_many_that_are_dear_has_the_rest_unread(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.issuer_name = NULL;
	wish.signer = ec_key;
	bool is_read = false;
	for (unsigned i = 0; i < quota.each; i++) {
		assert_true(read_another(wish, &is_read).is_self_signed);
		assert_true(is_read);
	}
	const struct facts_certificate left = read_another(wish, &is_read);
	assert_false(is_read);
	assert_int_equal(left.visibility, FACTS_UNREADABLE);
	assert_string_equal(left.subject, "");
	quota_begin(&quota, 1, quota.second * 1000000); /* somebody else */
	assert_true(read_another(wish, &is_read).is_self_signed);
	assert_true(is_read);
}

static void what_need_not_be_verified_is_read_however_many_there_are(void **state)
{
	(void)state;
	struct certificate_wish wish = plain_wish();
	wish.issuer_name = NULL;
	wish.signer = ec_key;
	static uint8_t known[sizeof(der)];
	const struct text bytes = {
		known, certificate_make(&wish, known, sizeof(known))};
	struct facts_certificate out;
	bool is_read = true;
	quota.taken_by[quota.holder] = quota.each - 1;
	assert_true(show(bytes, "", false, &out));
	(void)read_another(wish, &is_read);
	assert_false(is_read);
	assert_true(show(bytes, "", false, &out)); /* known */
	assert_true(out.is_self_signed);
	assert_true(read_wish(&wish, "", true).is_self_signed); /* alone */
	wish.issuer_name = "Example CA";
	out = read_another(wish, &is_read);
	assert_int_equal(out.visibility, FACTS_SEEN);
	assert_true(is_read);
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
	wish.common_name = "a,b\"\n\xc3\xa9\xe2\x80\xae&";
	const struct facts_certificate out = read_wish(&wish, "", true);
	assert_int_equal(out.visibility, FACTS_SEEN);
	uint32_t code;
	size_t len;
	for (const char *at = out.subject; *at != '\0'; at += len) {
		len = utf8_read(at, &code);
		assert_true(len > 0 && !utf8_is_control(code));
		assert_true(*at != '"' && *at != '\\');
	}
	assert_non_null(strstr(out.subject, "\xc3\xa9"));
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
		show(bytes, "mail.example.org", true, &first);
		assert_int_equal(first.name_matches, FACTS_YES);
		assert_true(first.is_self_signed);
		show(bytes, "mail.example.org", true, &out);
		assert_memory_equal(&first, &out, sizeof(first));
		show(bytes, "mail.example.net", true, &out);
		assert_int_equal(out.name_matches, FACTS_NO);
		show(bytes, "mail.example.org", false, &out);
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
		show((struct text){copy, cut}, "mx", true, &out);
		assert_int_equal(out.visibility, FACTS_UNREADABLE);
		assert_string_equal(out.subject, "");
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			a_certificate_tells_names_validity_and_key, begin),
		cmocka_unit_test_setup(key_types_are_told_apart, begin),
		cmocka_unit_test_setup(a_key_is_told_without_decoding_it, begin),
		cmocka_unit_test_setup(sha1_is_a_weak_signature, begin),
		cmocka_unit_test_setup(
			a_certificate_signed_by_its_own_key_is_self_signed, begin),
		cmocka_unit_test_setup(
			who_shows_many_that_are_dear_has_the_rest_unread, begin),
		cmocka_unit_test_setup(
			what_need_not_be_verified_is_read_however_many_there_are,
			begin),
		cmocka_unit_test_setup(the_asked_name_is_sought_among_dns_names, begin),
		cmocka_unit_test_setup(
			the_common_name_counts_where_no_dns_name_is, begin),
		cmocka_unit_test_setup(a_wildcard_stands_for_one_whole_label, begin),
		cmocka_unit_test_setup(a_nul_inside_a_name_hides_nothing, begin),
		cmocka_unit_test_setup(
			hostile_names_reach_records_printable_and_apart, begin),
		cmocka_unit_test_setup(many_names_are_cut_but_all_are_compared, begin),
		cmocka_unit_test_setup(
			a_certificate_seen_before_answers_each_question_anew, begin),
		cmocka_unit_test_setup(a_name_too_long_to_keep_is_not_judged, begin),
		cmocka_unit_test_setup(a_certificate_cut_anywhere_is_unreadable, begin),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
