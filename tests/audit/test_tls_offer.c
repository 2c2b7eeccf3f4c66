/* For whom a certificate is that a server shows, and which TLSA records hold for it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/tls_offer.h"

#include "../analyze/certificate_maker.h"

#include <openssl/ssl.h>

#define HOST     "mx.example.org"
#define DAY_S    86400
#define TRIES    100
#define PIN_BITS 256

struct der {
	uint8_t bytes[TLS_PIN_BYTES];
	size_t len;
};

static EVP_PKEY *key;
static EVP_PKEY *authority_key;
static struct der authority;
static struct tls_offers *offers;

/* An authority's, or one of a server that it vouches for. */
static struct der issue(const char *name, const char *alternatives, bool is_authority)
{
	struct der der;
	const struct certificate_wish wish = {.common_name = name,
		.issuer_name = "authority",
		.alternatives = alternatives,
		.digest = "SHA256",
		.not_before_s = time(NULL) - DAY_S,
		.not_after_s = time(NULL) + DAY_S,
		.key = is_authority ? authority_key : key,
		.signer = authority_key,
		.is_authority = is_authority};
	der.len = certificate_make(&wish, der.bytes, sizeof(der.bytes));
	return der;
}

static X509 *parsed(const struct der *der)
{
	const unsigned char *at = der->bytes;
	X509 *certificate = d2i_X509(NULL, &at, (long)der->len);
	assert_non_null(certificate);
	return certificate;
}

static int start(void **state)
{
	(void)state;
	struct reason why;
	key = EVP_EC_gen("P-256");
	authority_key = EVP_EC_gen("P-256");
	authority = issue("authority", NULL, true);
	offers = tls_offers_new(NULL, &why);
	return key && authority_key && offers ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	tls_offers_free(offers);
	EVP_PKEY_free(key);
	EVP_PKEY_free(authority_key);
	return 0;
}

/* A handshake with a server that shows this certificate, and the authority's. */
struct talk {
	SSL_CTX *context;
	SSL *server;
	struct tls_wire *wire;
	int ends[2];
};

static struct talk shake_hands(const struct der *leaf)
{
	struct talk talk = {.context = SSL_CTX_new(TLS_server_method())};
	struct reason why;
	X509 *shown = parsed(leaf);
	assert_int_equal(SSL_CTX_use_certificate(talk.context, shown), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(talk.context, key), 1);
	assert_int_equal(SSL_CTX_add0_chain_cert(talk.context, parsed(&authority)), 1);
	X509_free(shown);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, talk.ends), 0);
	talk.server = SSL_new(talk.context);
	SSL_set_fd(talk.server, talk.ends[0]);
	talk.wire = tls_wire_new(offers, TLS_OFFER_ECDSA, talk.ends[1], HOST);
	int accepted = 0;
	long want = 1;
	for (int i = 0; i < TRIES && (accepted != 1 || want != 0); i++) {
		want = want != 0 ? tls_wire_shake_hands(talk.wire, &why) : 0;
		accepted = accepted != 1 ? SSL_accept(talk.server) : 1;
	}
	assert_int_equal(accepted, 1);
	assert_int_equal(want, 0);
	return talk;
}

static void leave(struct talk *talk)
{
	tls_wire_free(talk->wire);
	SSL_free(talk->server);
	SSL_CTX_free(talk->context);
	(void)close(talk->ends[0]);
	(void)close(talk->ends[1]);
}

static void of_an_mx_host_the_alternative_names_alone_count(void **state)
{
	(void)state;
	static const struct {
		const char *subject;
		const char *alternatives;
		bool is_for;   /* as clients of mail take it */
		bool is_named; /* as RFC 8461 asks */
	} ROWS[] = {
		{HOST, NULL, true, false},
		{HOST, "DNS:" HOST, true, true},
		{"other.example.org", "DNS:a.example.net,DNS:" HOST, true, true},
		{HOST, "DNS:other.example.org", false, false},
		{HOST, "email:x@example.org", true, false}, /* no host in it */
		{"x", "DNS:*.example.org", true, true},
		{"x", "DNS:m*.example.org", false, false},
		{"x", "DNS:*.org", false, false},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const struct der leaf =
			issue(ROWS[i].subject, ROWS[i].alternatives, false);
		struct talk talk = shake_hands(&leaf);
		assert_int_equal(tls_wire_is_for(talk.wire, HOST), ROWS[i].is_for);
		assert_int_equal(tls_wire_names(talk.wire, HOST), ROWS[i].is_named);
		leave(&talk);
	}
}

static struct tls_pin digest_of(uint8_t usage, const struct der *certificate)
{
	struct tls_pin pin = {
		.usage = usage, .selector = 0, .matching = 1, .len = PIN_BITS / 8};
	assert_int_equal(EVP_Digest(certificate->bytes, certificate->len, pin.data,
				 NULL, EVP_sha256(), NULL),
		1);
	return pin;
}

static void for_dane_ta_the_name_is_the_hosts_or_the_domains(void **state)
{
	(void)state;
	static const struct {
		const char *alternatives;
		const char *domain;
		bool is_right;
	} ROWS[] = {
		{"DNS:" HOST, "", true},
		{"DNS:" HOST, "example.net", true},
		{"DNS:example.net", "example.net", true},
		{"DNS:example.net", "", false},
		{"DNS:example.net", "example.com", false},
		{"DNS:example.net", "sub.example.net", false},
	};
	const struct tls_pin pin = digest_of(2, &authority);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const struct tls_reference reference = {HOST, ROWS[i].domain};
		const struct der leaf = issue("x", ROWS[i].alternatives, false);
		const struct tls_pin own = digest_of(3, &leaf);
		const char *doubt = "";
		struct talk talk = shake_hands(&leaf);
		assert_int_equal(
			tls_wire_is_pinned(talk.wire, &reference, &pin, &doubt),
			ROWS[i].is_right);
		if (!ROWS[i].is_right) {
			assert_non_null(strstr(doubt, "ostname mismatch"));
		}
		/* DANE-EE looks at no name */
		assert_true(tls_wire_is_pinned(talk.wire, &reference, &own, &doubt));
		leave(&talk);
	}
}

static bool is_usable(uint8_t selector, const uint8_t *bytes, size_t len)
{
	struct tls_pin pin = {.usage = 3, .selector = selector, .len = (uint16_t)len};
	memcpy(pin.data, bytes, len);
	return tls_pin_is_usable(&pin);
}

static void what_is_there_whole_can_be_used_if_it_can_be_read(void **state)
{
	(void)state;
	struct der spki;
	unsigned char *at = spki.bytes;
	spki.len = (size_t)i2d_PUBKEY(key, &at);
	assert_true(is_usable(0, authority.bytes, authority.len));
	assert_true(is_usable(1, spki.bytes, spki.len));
	/* each the other's, cut short, or with a byte behind it */
	assert_false(is_usable(1, authority.bytes, authority.len));
	assert_false(is_usable(0, spki.bytes, spki.len));
	for (size_t len = 0; len < authority.len; len++) {
		assert_false(is_usable(0, authority.bytes, len));
	}
	for (size_t len = 0; len < spki.len; len++) {
		assert_false(is_usable(1, spki.bytes, len));
	}
	spki.bytes[spki.len] = 0;
	assert_false(is_usable(1, spki.bytes, spki.len + 1));
	const struct tls_pin digest = digest_of(3, &authority);
	assert_true(tls_pin_is_usable(&digest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_an_mx_host_the_alternative_names_alone_count),
		cmocka_unit_test(for_dane_ta_the_name_is_the_hosts_or_the_domains),
		cmocka_unit_test(what_is_there_whole_can_be_used_if_it_can_be_read),
	};
	return cmocka_run_group_tests(tests, start, end);
}
