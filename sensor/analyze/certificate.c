#include "analyze/certificate.h"

#include "analyze/fingerprint.h"
#include "analyze/tls.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define VERIFIED_KEY_BITS_MAX 8192 /* a larger key only costs time */
/* no larger one comes with a message that is kept */
#define REMEMBERED_BYTES TLS_HANDSHAKE_BYTES_MAX

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

/* As EVE has it: from the country on, in UTF-8. What steers a reader comes as '?'. */
#define NAME_FORM                                                                 \
	((ASN1_STRFLGS_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) | XN_FLAG_SEP_CPLUS_SPC | \
		XN_FLAG_FN_SN | XN_FLAG_DUMP_UNKNOWN_FIELDS)

static void name_copy(char *field, size_t size, X509_NAME *name)
{
	field[0] = '\0';
	BIO *bio = BIO_new(BIO_s_mem());
	if (!bio) {
		return;
	}
	if (X509_NAME_print_ex(bio, name, 0, NAME_FORM) >= 0) {
		char *bytes = NULL;
		const long len = BIO_get_mem_data(bio, &bytes);
		if (len > 0) {
			text_copy_letters(field, size,
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

static struct text text_of_string(const ASN1_STRING *string)
{
	const int len = ASN1_STRING_length(string);
	return (struct text){
		.at = ASN1_STRING_get0_data(string), .len = len > 0 ? (size_t)len : 0};
}

struct element {
	int kind; /* its class, and V_ASN1_CONSTRUCTED */
	int tag;
	struct text body;
};

/* The next element of DER; false at the end, or where it is broken or of no known length. */
static bool element_next(struct text *rest, struct element *element)
{
	if (rest->len == 0 || rest->len > INT32_MAX) {
		return false;
	}
	const unsigned char *at = rest->at;
	long len = 0;
	int class = 0;
	const int form =
		ASN1_get_object(&at, &len, &element->tag, &class, (long)rest->len);
	if (form != 0 && form != V_ASN1_CONSTRUCTED) {
		return false;
	}
	element->kind = class | form;
	element->body = (struct text){at, (size_t)len};
	rest->len -= (size_t)(at - rest->at) + (size_t)len;
	rest->at = at + len;
	return true;
}

static bool is_sequence(const struct element *element)
{
	return element->kind == V_ASN1_CONSTRUCTED && element->tag == V_ASN1_SEQUENCE;
}

/* 0 where it has to be looked for in the key. */
struct key_kind {
	const char *name;
	int algorithm;
	uint16_t bits;
};

static const struct key_kind *key_kind_of(int algorithm)
{
	static const struct key_kind KINDS[] = {
		{"RSA", EVP_PKEY_RSA, 0},
		{"RSA", EVP_PKEY_RSA2, 0},
		{"RSA-PSS", EVP_PKEY_RSA_PSS, 0},
		{"EC", EVP_PKEY_EC, 0},
		{"DSA", EVP_PKEY_DSA, 0},
		{"other", EVP_PKEY_DH, 0},
		{"Ed25519", EVP_PKEY_ED25519, 256},
		{"Ed448", EVP_PKEY_ED448, 456},
		{"other", EVP_PKEY_X25519, 253},
		{"other", EVP_PKEY_X448, 448},
	};
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		if (KINDS[i].algorithm == algorithm) {
			return &KINDS[i];
		}
	}
	return NULL; /* an algorithm libcrypto has no keys of */
}

static uint16_t number_bits(struct text number)
{
	while (number.len > 0 && number.at[0] == 0) {
		number.at++;
		number.len--;
	}
	if (number.len == 0 || number.len > UINT16_MAX / 8) {
		return 0;
	}
	unsigned bits = (unsigned)(number.len - 1) * 8;
	for (unsigned first = number.at[0]; first > 0; first >>= 1) {
		bits++;
	}
	return (uint16_t)bits;
}

/* Of the INTEGER at index in a SEQUENCE; 0 where there is none. At most index + 1 steps. */
static uint16_t integer_bits(struct text sequence, unsigned index)
{
	struct element element;
	if (!element_next(&sequence, &element) || !is_sequence(&element)) {
		return 0;
	}
	struct text rest = element.body;
	for (unsigned i = 0; i <= index; i++) {
		if (!element_next(&rest, &element)) {
			return 0;
		}
	}
	return element.kind == V_ASN1_UNIVERSAL && element.tag == V_ASN1_INTEGER
		       ? number_bits(element.body)
		       : 0;
}

/* What an algorithm's parameter says: a curve by its name, or numbers. */
static uint16_t parameter_bits(const X509_ALGOR *algorithm, unsigned index)
{
	int type = V_ASN1_UNDEF;
	const void *value = NULL;
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type == V_ASN1_SEQUENCE) {
		return integer_bits(text_of_string(value), index);
	}
	if (type != V_ASN1_OBJECT) {
		return 0;
	}
	EC_GROUP *curve = EC_GROUP_new_by_curve_name(OBJ_obj2nid(value));
	const int bits = curve ? EC_GROUP_order_bits(curve) : 0;
	EC_GROUP_free(curve);
	return bits > 0 && bits <= UINT16_MAX ? (uint16_t)bits : 0;
}

/*
 * Kind and size of the key as they are written there. To have libcrypto decode the key
 * costs ten times as much as all the rest of a certificate.
 */
static void key_read(X509 *x509, struct facts_certificate *out)
{
	enum { DSA_P = 0, CURVE_ORDER = 4 }; /* RFC 3279, 2.3.2 and 2.3.5 */
	ASN1_OBJECT *object = NULL;
	struct text key = {NULL, 0};
	int len = 0;
	X509_ALGOR *algorithm = NULL;
	if (X509_PUBKEY_get0_param(&object, &key.at, &len, &algorithm,
		    X509_get_X509_PUBKEY(x509)) != 1) {
		return;
	}
	key.len = len > 0 ? (size_t)len : 0;
	const struct key_kind *kind = key_kind_of(OBJ_obj2nid(object));
	if (!kind) {
		return;
	}
	text_copy(out->key_type, sizeof(out->key_type),
		(struct text){(const uint8_t *)kind->name, strlen(kind->name)});
	switch (kind->algorithm) {
	case EVP_PKEY_EC:
		out->key_bits = parameter_bits(algorithm, CURVE_ORDER);
		break;
	case EVP_PKEY_DSA:
	case EVP_PKEY_DH:
		out->key_bits = parameter_bits(algorithm, DSA_P);
		break;
	default:
		out->key_bits = kind->bits > 0 ? kind->bits : integer_bits(key, 0);
	}
}

static bool is_weak_signature(X509 *x509)
{
	int digest = NID_undef;
	const int algorithm = X509_get_signature_nid(x509);
	if (!OBJ_find_sigid_algs(algorithm, &digest, NULL) || digest == NID_undef) {
		/* RSA-PSS: its parameters say it */
		(void)X509_get_signature_info(x509, &digest, NULL, NULL, NULL);
	}
	return digest == NID_md5 || digest == NID_sha1 || digest == NID_md2 ||
	       digest == NID_md4 || digest == NID_md5_sha1;
}

static bool is_issued_by_itself(const X509 *x509)
{
	return X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) ==
	       0;
}

/* Dear: decodes the key and verifies with it. */
static bool is_signed_by_itself(struct text der)
{
	const unsigned char *at = der.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	EVP_PKEY *key = x509 ? X509_get0_pubkey(x509) : NULL;
	const int bits = key ? EVP_PKEY_get_bits(key) : 0;
	const bool is_own = bits > 0 && bits <= VERIFIED_KEY_BITS_MAX &&
			    X509_verify(x509, key) == 1;
	X509_free(x509);
	return is_own;
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
	text_copy_letters(start, names->size - names->used, name);
	for (char *at = start; *at != '\0'; at++) {
		if (*at == ',') {
			*at = '?'; /* or one name would read as two */
		}
	}
	names->used += strlen(start);
}

/* dNSName entries of subjectAltName, RFC 5280 section 4.2.1.6. */
static void names_add_alternatives(struct names *names, X509 *x509)
{
	const int at = X509_get_ext_by_NID(x509, NID_subject_alt_name, -1);
	if (at < 0 || X509_get_ext_by_NID(x509, NID_subject_alt_name, at) >= 0) {
		return; /* none, or one too many */
	}
	struct text list =
		text_of_string(X509_EXTENSION_get_data(X509_get_ext(x509, at)));
	struct element entry;
	if (!element_next(&list, &entry) || !is_sequence(&entry)) {
		return;
	}
	list = entry.body;
	while (element_next(&list, &entry)) {
		if (entry.kind == V_ASN1_CONTEXT_SPECIFIC && entry.tag == GEN_DNS) {
			names_add(names, entry.body);
		}
	}
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

/*
 * libcrypto decodes the key of whatever it reads where a provider can; a context
 * without any leaves it as it is. NULL, with no memory for one, is the dear one.
 */
static OSSL_LIB_CTX *keyless(void)
{
	static OSSL_LIB_CTX *context;
	if (!context) {
		context = OSSL_LIB_CTX_new();
		if (context && !OSSL_PROVIDER_load(context, "null")) {
			OSSL_LIB_CTX_free(context);
			context = NULL;
		}
	}
	return context;
}

/* Its key is not decoded: nothing can be verified with it. */
static X509 *x509_of(struct text der)
{
	if (der.len == 0 || der.len > INT32_MAX) {
		return NULL;
	}
	const unsigned char *at = der.at;
	X509 *x509 = X509_new_ex(keyless(), NULL);
	return x509 ? d2i_X509(&x509, &at, (long)der.len) : NULL;
}

/* One certificate read before; its name_matches is of that time's SNI and not kept. */
struct remembered {
	struct facts_certificate facts; /* visibility FACTS_NOT_SEEN: empty */
	bool is_alone;
	size_t len;
	uint8_t der[REMEMBERED_BYTES];
};

static struct remembered remembered[64];

/* Its last bytes are of a signature. */
static struct remembered *remembered_place(struct text der)
{
	uint64_t last = 0;
	memcpy(&last, der.at + der.len - sizeof(last), sizeof(last));
	return &remembered[last * UINT64_C(0x9e3779b97f4a7c15) >> 58];
}

/* Its list of names is whole, so that another SNI can be held against it. */
static bool has_whole_names(const struct facts_certificate *facts)
{
	return strlen(facts->names) + 2 < sizeof(facts->names); /* a comma fits */
}

static bool remembered_is(
	const struct remembered *place, const struct certificate_shown *shown)
{
	return place->facts.visibility == FACTS_SEEN &&
	       place->is_alone == shown->is_alone && place->len == shown->der.len &&
	       memcmp(place->der, shown->der.at, place->len) == 0;
}

static void remembered_set(struct remembered *place,
	const struct certificate_shown *shown, const struct facts_certificate *facts)
{
	if (facts->visibility == FACTS_SEEN && facts->fingerprint[0] != '\0' &&
		has_whole_names(facts)) {
		place->facts = *facts;
		place->is_alone = shown->is_alone;
		place->len = shown->der.len;
		memcpy(place->der, shown->der.at, place->len);
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

static void x509_note(X509 *x509, const char *sni, struct facts_certificate *out)
{
	out->visibility = FACTS_SEEN;
	name_copy(out->subject, sizeof(out->subject), X509_get_subject_name(x509));
	name_copy(out->issuer, sizeof(out->issuer), X509_get_issuer_name(x509));
	key_read(x509, out);
	out->is_weak_signature = is_weak_signature(x509);
	names_read(x509, sni, out);
}

/* False: who signed it is not known, and there is no more to be found out. */
static bool x509_read(const struct certificate_shown *shown, struct quota *quota,
	struct facts_certificate *out)
{
	X509 *x509 = x509_of(shown->der);
	const bool is_read = x509 &&
			     time_read(X509_get0_notBefore(x509), &out->not_before_s) &&
			     time_read(X509_get0_notAfter(x509), &out->not_after_s);
	const bool is_own = is_read && is_issued_by_itself(x509);
	const bool is_left = is_own && !shown->is_alone && !quota_take(quota);
	if (is_read && !is_left) {
		x509_note(x509, shown->sni, out);
		fingerprint_sha1(shown->der, out->sha1);
		out->is_self_signed =
			is_own && (shown->is_alone || is_signed_by_itself(shown->der));
	}
	X509_free(x509);
	ERR_clear_error();
	return !is_left;
}

bool certificate_read(const struct certificate_shown *shown, struct quota *quota,
	struct facts_certificate *out)
{
	const size_t len = shown->der.len;
	struct remembered *place = len >= sizeof(uint64_t) && len <= REMEMBERED_BYTES
					   ? remembered_place(shown->der)
					   : NULL;
	if (place && remembered_is(place, shown)) {
		*out = place->facts;
		out->name_matches = names_match(out->names, shown->sni);
		return true;
	}
	*out = (struct facts_certificate){.visibility = FACTS_UNREADABLE};
	fingerprint_sha256(shown->der, out->fingerprint);
	const bool is_read = x509_read(shown, quota, out);
	if (place) {
		remembered_set(place, shown, out);
	}
	return is_read;
}

bool certificate_start(void)
{
	const uint64_t all =
		OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
		OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS;
	return OPENSSL_init_crypto(all, NULL) == 1 && keyless() != NULL;
}
