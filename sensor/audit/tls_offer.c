#include "audit/tls_offer.h"

#include "analyze/certificate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls_offers {
	SSL_CTX *contexts[TLS_OFFER_COUNT]; /* NULL: cannot be offered */
	bool has_authorities;
};

struct tls_wire {
	SSL *ssl;
	int distrust; /* the first doubt about the chain, X509_V_OK: none */
};

/* Level 0: what is weak is to be seen, not to be kept from us. */
#define ALL_SUITES "DEFAULT:@SECLEVEL=0"
/* No forward secrecy, no encryption, no authentication, 3DES, RC4 (analyze/tls, tls_grade). */
#define WEAK_SUITES "kRSA:3DES:RC4:eNULL:aNULL:EXPORT:!PSK:!SRP:@SECLEVEL=0"

struct offer_row {
	int least;
	int most;
	const char *suites;     /* up to TLS 1.2 */
	const char *signatures; /* or NULL: all */
};

static const struct offer_row ROWS[TLS_OFFER_COUNT] = {
	[TLS_OFFER_ANY] = {TLS1_VERSION, TLS1_3_VERSION, ALL_SUITES, NULL},
	[TLS_OFFER_1_0] = {TLS1_VERSION, TLS1_VERSION, ALL_SUITES, NULL},
	[TLS_OFFER_1_1] = {TLS1_1_VERSION, TLS1_1_VERSION, ALL_SUITES, NULL},
	[TLS_OFFER_1_2] = {TLS1_2_VERSION, TLS1_2_VERSION, ALL_SUITES, NULL},
	[TLS_OFFER_1_3] = {TLS1_3_VERSION, TLS1_3_VERSION, ALL_SUITES, NULL},
	[TLS_OFFER_RSA] = {TLS1_2_VERSION, TLS1_3_VERSION,
		"DEFAULT:!aECDSA:@SECLEVEL=0",
		"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
		"rsa_pss_pss_sha256:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1"},
	[TLS_OFFER_ECDSA] = {TLS1_2_VERSION, TLS1_3_VERSION,
		"DEFAULT:!aRSA:@SECLEVEL=0",
		"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA1:ed25519:ed448"},
	[TLS_OFFER_WEAK] = {TLS1_VERSION, TLS1_2_VERSION, WEAK_SUITES, NULL},
};

/* The library's own words for what went wrong, and forget it. */
static bool refuse(struct reason *why, const char *what)
{
	const unsigned long code = ERR_peek_last_error();
	const char *words = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
						   : ERR_reason_error_string(code);
	ERR_clear_error();
	return reason_set(
		why, "%.150s%s%s", what, words ? ": " : "", words ? words : "");
}

/* A certificate that is out of date is told by its dates, and may be doubtful besides. */
static bool is_date_of_leaf(const X509_STORE_CTX *checked)
{
	const int error = X509_STORE_CTX_get_error(checked);
	return X509_STORE_CTX_get_error_depth(checked) == 0 &&
	       (error == X509_V_ERR_CERT_HAS_EXPIRED ||
		       error == X509_V_ERR_CERT_NOT_YET_VALID);
}

/* Note the first doubt and go on. */
static int note_doubt(int is_right, X509_STORE_CTX *checked)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
		checked, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_wire *wire = ssl ? SSL_get_app_data(ssl) : NULL;
	if (is_right != 1 && wire && wire->distrust == X509_V_OK &&
		!is_date_of_leaf(checked)) {
		wire->distrust = X509_STORE_CTX_get_error(checked);
	}
	return 1;
}

/* A hello comes out of it: the library has what it is told to offer. */
static bool is_offer_made(SSL_CTX *context)
{
	SSL *ssl = SSL_new(context);
	BIO *in = BIO_new(BIO_s_mem());
	BIO *out = BIO_new(BIO_s_mem());
	bool is_made = false;
	if (ssl && in && out) {
		SSL_set_bio(ssl, in, out);
		in = out = NULL;
		const int result = SSL_connect(ssl);
		is_made = SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ;
	}
	BIO_free(in);
	BIO_free(out);
	SSL_free(ssl);
	ERR_clear_error();
	return is_made;
}

static SSL_CTX *context_new(const struct offer_row *row, const char *authorities)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (!context) {
		return NULL;
	}
	SSL_CTX_set_mode(context,
		SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF |
					     SSL_OP_NO_RENEGOTIATION |
					     SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_doubt);
	if (SSL_CTX_set_min_proto_version(context, row->least) == 1 &&
		SSL_CTX_set_max_proto_version(context, row->most) == 1 &&
		SSL_CTX_set_cipher_list(context, row->suites) == 1 &&
		(!row->signatures ||
			SSL_CTX_set1_sigalgs_list(context, row->signatures) == 1) &&
		(!authorities || SSL_CTX_load_verify_file(context, authorities) == 1) &&
		SSL_CTX_dane_enable(context) == 1 && /* of no handshake yet */
		is_offer_made(context)) {
		return context;
	}
	SSL_CTX_free(context);
	return NULL;
}

static bool needs_authorities(enum tls_offer offer)
{
	return offer == TLS_OFFER_RSA || offer == TLS_OFFER_ECDSA;
}

struct tls_offers *tls_offers_new(const char *authorities, struct reason *why)
{
	struct tls_offers *offers = calloc(1, sizeof(*offers));
	if (!offers || !certificate_start()) {
		(void)refuse(why, "TLS does not start");
		free(offers);
		return NULL;
	}
	offers->has_authorities = authorities != NULL;
	for (unsigned i = 0; i < TLS_OFFER_COUNT; i++) {
		const char *file = needs_authorities(i) ? authorities : NULL;
		offers->contexts[i] = context_new(&ROWS[i], file);
		if (offers->contexts[i] == NULL &&
			(i == TLS_OFFER_ANY || needs_authorities(i))) {
			(void)refuse(why, file ? file : "TLS does not start");
			tls_offers_free(offers);
			return NULL;
		}
		ERR_clear_error();
	}
	return offers;
}

void tls_offers_free(struct tls_offers *offers)
{
	if (offers) {
		for (unsigned i = 0; i < TLS_OFFER_COUNT; i++) {
			SSL_CTX_free(offers->contexts[i]);
		}
		free(offers);
	}
}

bool tls_offers_can(const struct tls_offers *offers, enum tls_offer offer)
{
	return offers->contexts[offer] != NULL;
}

bool tls_offers_has_authorities(const struct tls_offers *offers)
{
	return offers->has_authorities;
}

struct tls_wire *tls_wire_new(const struct tls_offers *offers, enum tls_offer offer,
	int file, const char *name)
{
	struct tls_wire *wire = calloc(1, sizeof(*wire));
	if (!wire) {
		return NULL;
	}
	wire->ssl = SSL_new(offers->contexts[offer]);
	if (!wire->ssl || SSL_set_fd(wire->ssl, file) != 1 ||
		SSL_set_app_data(wire->ssl, wire) != 1 ||
		(name && SSL_set_tlsext_host_name(wire->ssl, name) != 1)) {
		tls_wire_free(wire);
		return NULL;
	}
	return wire;
}

void tls_wire_free(struct tls_wire *wire)
{
	if (wire) {
		SSL_free(wire->ssl);
		ERR_clear_error();
		free(wire);
	}
}

/* What became of a call that gave no more than 0. */
static long explain(const struct tls_wire *wire, int result, struct reason *why)
{
	const int error = errno;
	switch (SSL_get_error(wire->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return SOCKET_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return SOCKET_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		(void)reason_set(why, "the connection broke: %s",
			error != 0 ? strerror(error) : "it was ended");
		return SOCKET_BROKEN;
	default:
		(void)refuse(why, "TLS failed");
		return SOCKET_BROKEN;
	}
}

/* errno tells of this call alone. */
static void prepare(void)
{
	ERR_clear_error();
	errno = 0;
}

long tls_wire_shake_hands(struct tls_wire *wire, struct reason *why)
{
	prepare();
	const int result = SSL_connect(wire->ssl);
	if (result == 1) {
		return 0;
	}
	const long want = explain(wire, result, why);
	if (want == 0) {
		(void)reason_set(why, "the server ended the handshake");
	}
	return want != 0 ? want : SOCKET_BROKEN;
}

long tls_wire_write(
	struct tls_wire *wire, const char *bytes, size_t len, struct reason *why)
{
	size_t written = 0;
	prepare();
	const int result = SSL_write_ex(wire->ssl, bytes, len, &written);
	return result == 1 ? (long)written : explain(wire, result, why);
}

long tls_wire_read(struct tls_wire *wire, char *bytes, size_t size, struct reason *why)
{
	size_t len = 0;
	prepare();
	const int result = SSL_read_ex(wire->ssl, bytes, size, &len);
	return result == 1 ? (long)len : explain(wire, result, why);
}

static void read_certificate(SSL *ssl, struct facts_certificate *out)
{
	struct quota quota = {.each = UINT32_MAX, .all = UINT32_MAX};
	X509 *leaf = SSL_get0_peer_certificate(ssl);
	const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	unsigned char *der = NULL;
	const int len = leaf ? i2d_X509(leaf, &der) : 0;
	if (len <= 0) {
		return;
	}
	const struct certificate_shown shown = {.der = {der, (size_t)len},
		.sni = "",
		.is_alone = sk_X509_num(chain) <= 1};
	quota_begin(&quota, 0, 0);
	(void)certificate_read(&shown, &quota, out); /* visibility says it, too */
	OPENSSL_free(der);
}

static uint16_t finite_field_bits(SSL *ssl)
{
	EVP_PKEY *key = NULL;
	if (SSL_get_peer_tmp_key(ssl, &key) != 1) {
		return 0;
	}
	const int bits = EVP_PKEY_is_a(key, "DH") ? EVP_PKEY_get_bits(key) : 0;
	EVP_PKEY_free(key);
	return bits > 0 && bits <= UINT16_MAX ? (uint16_t)bits : 0;
}

void tls_wire_shown(const struct tls_wire *wire, struct tls_shown *shown)
{
	const SSL_CIPHER *suite = SSL_get_current_cipher(wire->ssl);
	*shown = (struct tls_shown){.version = (uint16_t)SSL_version(wire->ssl),
		.suite = suite ? SSL_CIPHER_get_protocol_id(suite) : 0,
		.dh_bits = finite_field_bits(wire->ssl),
		.is_trusted = wire->distrust == X509_V_OK,
		.distrust = X509_verify_cert_error_string(wire->distrust)};
	read_certificate(wire->ssl, &shown->certificate);
}

bool tls_wire_is_for(const struct tls_wire *wire, const char *name)
{
	X509 *leaf = SSL_get0_peer_certificate(wire->ssl);
	return leaf && (X509_check_host(leaf, name, 0,
				X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1 ||
			       X509_check_ip_asc(leaf, name, 0) == 1);
}

bool tls_wire_names(const struct tls_wire *wire, const char *host)
{
	X509 *leaf = SSL_get0_peer_certificate(wire->ssl);
	return leaf && X509_check_host(leaf, host, 0,
			       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
				       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
			       NULL) == 1;
}

bool tls_pin_equal(const struct tls_pin *one, const struct tls_pin *other)
{
	return one->usage == other->usage && one->selector == other->selector &&
	       one->matching == other->matching && one->len == other->len &&
	       memcmp(one->data, other->data, one->len) == 0;
}

bool tls_pin_is_usable(const struct tls_pin *pin)
{
	const unsigned char *at = pin->data;
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;
	if (pin->matching != 0) {
		return true; /* a digest */
	}
	if (pin->selector == 0) {
		certificate = d2i_X509(NULL, &at, pin->len);
	} else {
		key = d2i_PUBKEY(NULL, &at, pin->len);
	}
	const bool is_read = key || (certificate && X509_get0_pubkey(certificate));
	X509_free(certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return is_read && at == pin->data + pin->len;
}

/* judge: never connected; it has what is asked for and the rules. */
static bool prepare_judge(
	SSL *judge, const struct tls_reference *reference, const struct tls_pin *pin)
{
	(void)SSL_dane_set_flags(judge, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	return SSL_dane_enable(judge, reference->host) == 1 &&
	       (reference->domain[0] == '\0' ||
		       SSL_add1_host(judge, reference->domain) == 1) &&
	       SSL_dane_tlsa_add(judge, pin->usage, pin->selector, pin->matching,
		       pin->data, pin->len) == 1;
}

/* As the library does in a handshake, but behind one and for one record. */
static bool is_chain_right(X509_STORE_CTX *checked, SSL *judge, SSL *shown)
{
	X509 *leaf = SSL_get0_peer_certificate(shown);
	if (!leaf || X509_STORE_CTX_init(checked,
			     SSL_CTX_get_cert_store(SSL_get_SSL_CTX(shown)), leaf,
			     SSL_get_peer_cert_chain(shown)) != 1) {
		return false;
	}
	X509_STORE_CTX_set0_dane(checked, SSL_get0_dane(judge));
	return X509_STORE_CTX_set_default(checked, "ssl_server") == 1 &&
	       X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(checked),
		       SSL_get0_param(judge)) == 1 &&
	       X509_verify_cert(checked) == 1;
}

bool tls_wire_is_pinned(const struct tls_wire *wire,
	const struct tls_reference *reference, const struct tls_pin *pin,
	const char **doubt)
{
	SSL *judge = SSL_new(SSL_get_SSL_CTX(wire->ssl));
	X509_STORE_CTX *checked = X509_STORE_CTX_new();
	bool is_right = false;
	*doubt = "the record cannot be used";
	if (judge && checked && prepare_judge(judge, reference, pin)) {
		is_right = is_chain_right(checked, judge, wire->ssl);
		*doubt = X509_verify_cert_error_string(
			X509_STORE_CTX_get_error(checked));
	}
	X509_STORE_CTX_free(checked);
	SSL_free(judge);
	ERR_clear_error();
	return is_right;
}
