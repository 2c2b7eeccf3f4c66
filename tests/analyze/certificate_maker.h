/*
 * tests/analyze/certificate_maker - make small certificates for tests.
 */
#pragma once

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>

struct certificate_wish {
	const char *common_name;
	const char *issuer_name;  /* NULL: the subject itself */
	const char *alternatives; /* "DNS:a,DNS:b"; NULL for none */
	const char *digest;       /* "SHA256", "SHA1"; NULL for Ed25519 keys */
	int64_t not_before_s;
	int64_t not_after_s;
	EVP_PKEY *key;
	EVP_PKEY *signer; /* NULL: key */
	bool is_authority;
};

static inline void maker_name(X509_NAME *name, const char *common_name)
{
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
		(const unsigned char *)"Example, Inc", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		(const unsigned char *)common_name, -1, -1, 0);
}

/* value: NULL for none. */
static inline void maker_extend(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension =
		value ? X509V3_EXT_conf_nid(NULL, NULL, nid, value) : NULL;
	assert(!value || extension);
	if (extension) {
		X509_add_ext(x509, extension, -1);
		X509_EXTENSION_free(extension);
	}
}

/* DER bytes of the wish in der, which holds size; returns their number. */
static inline size_t certificate_make(
	const struct certificate_wish *wish, uint8_t *der, size_t size)
{
	X509 *x509 = X509_new();
	assert(x509);
	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	ASN1_TIME_set(X509_getm_notBefore(x509), wish->not_before_s);
	ASN1_TIME_set(X509_getm_notAfter(x509), wish->not_after_s);
	maker_name(X509_get_subject_name(x509), wish->common_name);
	maker_name(X509_get_issuer_name(x509),
		wish->issuer_name ? wish->issuer_name : wish->common_name);
	X509_set_pubkey(x509, wish->key);
	maker_extend(x509, NID_subject_alt_name, wish->alternatives);
	maker_extend(
		x509, NID_basic_constraints, wish->is_authority ? "CA:TRUE" : NULL);
	const EVP_MD *digest = wish->digest ? EVP_get_digestbyname(wish->digest) : NULL;
	const int signed_bytes =
		X509_sign(x509, wish->signer ? wish->signer : wish->key, digest);
	assert(signed_bytes > 0);
	unsigned char *at = der;
	const int len = i2d_X509(x509, NULL);
	assert(len > 0 && (size_t)len <= size);
	i2d_X509(x509, &at);
	X509_free(x509);
	return (size_t)len;
}
