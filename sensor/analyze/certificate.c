#include "analyze/certificate.h"

#include "analyze/fingerprint.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define VERIFIED_KEY_BITS_MAX 8192 /* a larger key only costs time */

static struct text name_trim_dot(struct text name)
{
	if (name.len > 0 && name.at[name.len - 1] == '.') {
		name.len--;
	}
	return name;
}

bool certificate_name_matches(struct text pattern, const char *host)
{
	struct text name =
		name_trim_dot((struct text){(const uint8_t *)host, strlen(host)});
	pattern = name_trim_dot(pattern);
	if (pattern.len > 2 && pattern.at[0] == '*' && pattern.at[1] == '.') {
		const uint8_t *dot = memchr(name.at, '.', name.len);
		if (!dot || dot == name.at) {
			return false;
		}
		name.len -= (size_t)(dot - name.at);
		name.at = dot;
		pattern.at++;
		pattern.len--;
	}
	return name.len > 0 && name.len == pattern.len &&
	       memchr(pattern.at, '\0', pattern.len) == NULL &&
	       strncasecmp((const char *)name.at, (const char *)pattern.at, name.len) ==
		       0;
}

/* RFC 2253 text; what is not printable ASCII comes escaped or as '?'. */
static void name_copy(char *field, size_t size, X509_NAME *name)
{
	field[0] = '\0';
	BIO *bio = BIO_new(BIO_s_mem());
	if (!bio) {
		return;
	}
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		char *bytes = NULL;
		const long len = BIO_get_mem_data(bio, &bytes);
		if (len > 0) {
			text_copy(field, size,
				(struct text){(const uint8_t *)bytes, (size_t)len});
		}
	}
	BIO_free(bio);
}

static bool time_read(const ASN1_TIME *asn1, int64_t *seconds)
{
	struct tm parts = {0};
	if (!asn1 || ASN1_TIME_to_tm(asn1, &parts) != 1) {
		return false;
	}
	*seconds = (int64_t)timegm(&parts);
	return true;
}

static const char *key_type_name(int id)
{
	switch (id) {
	case EVP_PKEY_RSA:
		return "RSA";
	case EVP_PKEY_RSA_PSS:
		return "RSA-PSS";
	case EVP_PKEY_EC:
		return "EC";
	case EVP_PKEY_DSA:
		return "DSA";
	case EVP_PKEY_ED25519:
		return "Ed25519";
	case EVP_PKEY_ED448:
		return "Ed448";
	default:
		return "other";
	}
}

static void key_read(X509 *x509, struct facts_certificate *out)
{
	EVP_PKEY *key = X509_get0_pubkey(x509);
	if (!key) {
		return; /* an algorithm libcrypto does not know */
	}
	const int bits = EVP_PKEY_get_bits(key);
	out->key_bits = bits > 0 && bits <= UINT16_MAX ? (uint16_t)bits : 0;
	const char *name = key_type_name(EVP_PKEY_get_base_id(key));
	text_copy(out->key_type, sizeof(out->key_type),
		(struct text){(const uint8_t *)name, strlen(name)});
}

static bool is_weak_signature(X509 *x509)
{
	int digest = NID_undef;
	if (X509_get_signature_info(x509, &digest, NULL, NULL, NULL) != 1) {
		const int algorithm = X509_get_signature_nid(x509);
		(void)OBJ_find_sigid_algs(algorithm, &digest, NULL);
	}
	return digest == NID_md5 || digest == NID_sha1 || digest == NID_md2 ||
	       digest == NID_md4 || digest == NID_md5_sha1;
}

static bool is_self_signed(X509 *x509, bool is_alone, uint16_t key_bits)
{
	if (X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) !=
		0) {
		return false;
	}
	if (is_alone) {
		return true;
	}
	EVP_PKEY *key = X509_get0_pubkey(x509);
	return key && key_bits > 0 && key_bits <= VERIFIED_KEY_BITS_MAX &&
	       X509_verify(x509, key) == 1;
}

/* Names being gathered: the field, and whether one of them is the host asked for. */
struct names {
	char *field;
	size_t size;
	size_t used;
	const char *host;
	unsigned count;
	bool is_match;
};

static void names_add(struct names *names, struct text name)
{
	names->count++;
	if (certificate_name_matches(name, names->host)) {
		names->is_match = true;
	}
	const size_t comma = names->used > 0 ? 1 : 0;
	if (names->used + comma + 1 >= names->size) {
		return;
	}
	if (comma) {
		names->field[names->used++] = ',';
	}
	char *start = names->field + names->used;
	text_copy(start, names->size - names->used, name);
	for (char *at = start; *at != '\0'; at++) {
		if (*at == ',') {
			*at = '?'; /* or one name would read as two */
		}
	}
	names->used += strlen(start);
}

static struct text text_of_string(const ASN1_STRING *string)
{
	const int len = ASN1_STRING_length(string);
	return (struct text){
		.at = ASN1_STRING_get0_data(string), .len = len > 0 ? (size_t)len : 0};
}

/* dNSName entries of subjectAltName, RFC 5280 section 4.2.1.6. */
static void names_add_alternatives(struct names *names, X509 *x509)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
		const GENERAL_NAME *entry = sk_GENERAL_NAME_value(list, i);
		if (entry->type == GEN_DNS) {
			names_add(names, text_of_string(entry->d.dNSName));
		}
	}
	GENERAL_NAMES_free(list);
}

static void names_add_common(struct names *names, X509 *x509)
{
	X509_NAME *subject = X509_get_subject_name(x509);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	while (at >= 0) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
		names_add(names, text_of_string(X509_NAME_ENTRY_get_data(entry)));
		at = X509_NAME_get_index_by_NID(subject, NID_commonName, at);
	}
}

/* A name was asked for and not cut to fit. */
static bool is_comparable(const char *sni)
{
	return sni[0] != '\0' && strlen(sni) + 1 < FACTS_HOST_BYTES;
}

/* The common name counts only where there is no dNSName (RFC 6125 section 6.4.4). */
static void names_read(X509 *x509, const char *sni, struct facts_certificate *out)
{
	struct names names = {
		.field = out->names, .size = sizeof(out->names), .host = sni};
	names_add_alternatives(&names, x509);
	if (names.count == 0) {
		names_add_common(&names, x509);
	}
	if (!is_comparable(sni)) {
		out->name_matches = FACTS_UNKNOWN;
	} else {
		out->name_matches = names.is_match ? FACTS_YES : FACTS_NO;
	}
}

static X509 *x509_of(struct text der)
{
	const unsigned char *at = der.at;
	return der.len > 0 && der.len <= INT32_MAX ? d2i_X509(NULL, &at, (long)der.len)
						   : NULL;
}

/* One certificate read before; its name_matches is of that time's SNI and not kept. */
struct remembered {
	struct facts_certificate facts; /* visibility FACTS_NOT_SEEN: empty */
	bool is_alone;
};

static struct remembered remembered[64];

static struct remembered *remembered_place(const char *fingerprint)
{
	const size_t sum =
		(size_t)(uint8_t)fingerprint[0] * 7 + (size_t)(uint8_t)fingerprint[1];
	return &remembered[sum % (sizeof(remembered) / sizeof(remembered[0]))];
}

/* Its list of names is whole, so that another SNI can be held against it. */
static bool has_whole_names(const struct facts_certificate *facts)
{
	return strlen(facts->names) + 2 < sizeof(facts->names); /* a comma fits */
}

static bool remembered_is(
	const struct remembered *place, const char *fingerprint, bool is_alone)
{
	return place->facts.visibility == FACTS_SEEN && place->is_alone == is_alone &&
	       strcmp(place->facts.fingerprint, fingerprint) == 0;
}

static void remembered_set(
	struct remembered *place, const struct facts_certificate *facts, bool is_alone)
{
	if (facts->visibility == FACTS_SEEN && facts->fingerprint[0] != '\0' &&
		has_whole_names(facts)) {
		place->facts = *facts;
		place->is_alone = is_alone;
	}
}

/* The answer to this SNI from the comma-separated names. */
static enum facts_answer names_match(const char *names, const char *sni)
{
	if (!is_comparable(sni)) {
		return FACTS_UNKNOWN;
	}
	while (*names != '\0') {
		const size_t len = strcspn(names, ",");
		const struct text name = {(const uint8_t *)names, len};
		if (certificate_name_matches(name, sni)) {
			return FACTS_YES;
		}
		names += len + (names[len] == ',');
	}
	return FACTS_NO;
}

static void x509_read(
	struct text der, const char *sni, bool is_alone, struct facts_certificate *out)
{
	X509 *x509 = x509_of(der);
	if (x509 && time_read(X509_get0_notBefore(x509), &out->not_before_s) &&
		time_read(X509_get0_notAfter(x509), &out->not_after_s)) {
		out->visibility = FACTS_SEEN;
		name_copy(out->subject, sizeof(out->subject),
			X509_get_subject_name(x509));
		name_copy(out->issuer, sizeof(out->issuer), X509_get_issuer_name(x509));
		key_read(x509, out);
		out->is_weak_signature = is_weak_signature(x509);
		out->is_self_signed = is_self_signed(x509, is_alone, out->key_bits);
		names_read(x509, sni, out);
	}
	X509_free(x509);
	ERR_clear_error();
}

void certificate_read(
	struct text der, const char *sni, bool is_alone, struct facts_certificate *out)
{
	*out = (struct facts_certificate){.visibility = FACTS_UNREADABLE};
	fingerprint_sha256(der, out->fingerprint);
	struct remembered *place = remembered_place(out->fingerprint);
	if (remembered_is(place, out->fingerprint, is_alone)) {
		*out = place->facts;
		out->name_matches = names_match(out->names, sni);
		return;
	}
	x509_read(der, sni, is_alone, out);
	remembered_set(place, out, is_alone);
}

void certificate_subject(struct text der, char *field, size_t size)
{
	X509 *x509 = x509_of(der);
	field[0] = '\0';
	if (x509) {
		name_copy(field, size, X509_get_subject_name(x509));
	}
	X509_free(x509);
	ERR_clear_error();
}

bool certificate_start(void)
{
	const uint64_t all =
		OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
		OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS;
	return OPENSSL_init_crypto(all, NULL) == 1;
}
