#include "ship/net_tls.h"

#include "ship/addresses.h"
#include "ship/tls_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define FINGERPRINT_BYTES (sizeof("SHA256:") + 3 * (size_t)32)

struct net_tls {
	SSL_CTX *context;
	const struct schema_values *values;
};

struct net_tls_session {
	SSL *ssl;
	const struct net_tls *tls;
	const char *host;
};

/* The library's own words for what went wrong, and forget it. */
static bool refuse(struct reason *why, const char *what, const char *more)
{
	const unsigned long code = ERR_get_error();
	const char *words = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
						   : ERR_reason_error_string(code);
	ERR_clear_error();
	return reason_set(why, "%s%s%.150s%s%s", what, more[0] ? ": " : "", more,
		words ? ": " : "", words ? words : "");
}

static bool load_own(
	SSL_CTX *context, const char *certificate, const char *key, struct reason *why)
{
	if (!certificate) {
		return true;
	}
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
		return refuse(why, "certificate", certificate);
	}
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		return refuse(why, "key", key);
	}
	return SSL_CTX_check_private_key(context) == 1 || refuse(why, "key", key);
}

/* A peer that ends without close_notify, as rsyslog does, has ended: ship/net_link. */
static bool set_up(
	SSL_CTX *context, const struct schema_values *values, struct reason *why)
{
	const char *ca = schema_text(values, "ca");
	const bool is_by_name = !tls_settings_is_by_fingerprint(values);
	SSL_CTX_set_mode(context,
		SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(
		context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(
		context, is_by_name ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
		return refuse(why, "TLS 1.2", "");
	}
	if (ca && SSL_CTX_load_verify_file(context, ca) != 1) {
		return refuse(why, "ca", ca);
	}
	return load_own(context, schema_text(values, "certificate"),
		schema_text(values, "key"), why);
}

struct net_tls *net_tls_open(const struct schema_values *values, struct reason *why)
{
	struct net_tls *tls = calloc(1, sizeof(*tls));
	SSL_CTX *context = tls ? SSL_CTX_new(TLS_client_method()) : NULL;
	if (!context) {
		(void)refuse(why, "TLS does not start", "");
		free(tls);
		return NULL;
	}
	*tls = (struct net_tls){.context = context, .values = values};
	if (!set_up(context, values, why)) {
		net_tls_close(tls);
		return NULL;
	}
	return tls;
}

void net_tls_close(struct net_tls *tls)
{
	if (tls) {
		SSL_CTX_free(tls->context);
		free(tls);
	}
}

void net_tls_free(struct net_tls_session *session)
{
	if (session) {
		SSL_free(session->ssl);
		free(session);
	}
}

struct net_tls_session *net_tls_start(struct net_tls *tls, int file, const char *host)
{
	struct net_tls_session *session = calloc(1, sizeof(*session));
	if (!session) {
		return NULL;
	}
	*session = (struct net_tls_session){
		.ssl = SSL_new(tls->context), .tls = tls, .host = host};
	if (!session->ssl || SSL_set_fd(session->ssl, file) != 1 ||
		(addresses_is_name(host) &&
			SSL_set_tlsext_host_name(session->ssl, host) != 1)) {
		net_tls_free(session);
		return NULL;
	}
	return session;
}

static bool has_name(X509 *certificate, const char *name)
{
	return X509_check_host(certificate, name, 0,
		       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1 ||
	       X509_check_ip_asc(certificate, name, 0) == 1;
}

/* "SHA256:AB:CD:..." of a certificate; false: no memory. */
static bool write_fingerprint(X509 *certificate, char text[FINGERPRINT_BYTES])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (X509_digest(certificate, EVP_sha256(), hash, &len) != 1) {
		return false;
	}
	size_t end = (size_t)snprintf(text, FINGERPRINT_BYTES, "SHA256");
	for (unsigned i = 0; i < len; i++) {
		end += (size_t)snprintf(
			text + end, FINGERPRINT_BYTES - end, ":%02X", hash[i]);
	}
	return true;
}

static bool is_peer_right(
	const struct net_tls_session *session, X509 *certificate, struct reason *why)
{
	const struct schema_values *values = session->tls->values;
	const bool is_by_name = !tls_settings_is_by_fingerprint(values);
	const size_t count = schema_count(values, "peers");
	char print[FINGERPRINT_BYTES] = "";
	if (!is_by_name && !write_fingerprint(certificate, print)) {
		return reason_set(why, "no memory");
	}
	for (size_t i = 0; i < count; i++) {
		const char *peer = schema_item(values, "peers", i);
		if (is_by_name ? has_name(certificate, peer)
			       : strcasecmp(print, peer) == 0) {
			return true;
		}
	}
	if (is_by_name && count == 0 && has_name(certificate, session->host)) {
		return true;
	}
	return reason_set(why, "the receiver's certificate is refused: %s%s",
		is_by_name ? "it has none of the names" : "its fingerprint is ", print);
}

/* What became of a call that gave no more than 0. */
static long explain(
	const struct net_tls_session *session, int result, struct reason *why)
{
	const int error = errno;
	switch (SSL_get_error(session->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return SOCKET_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return SOCKET_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		(void)reason_set(why, "the session broke: %s",
			error != 0 ? strerror(error) : "it was ended");
		return SOCKET_BROKEN;
	default:
		break;
	}
	const long verified = SSL_get_verify_result(session->ssl);
	if (SSL_get_verify_mode(session->ssl) != SSL_VERIFY_NONE &&
		verified != X509_V_OK) {
		ERR_clear_error();
		(void)reason_set(why, "the receiver's certificate is refused: %s",
			X509_verify_cert_error_string(verified));
		return SOCKET_BROKEN;
	}
	(void)refuse(why, "TLS failed", "");
	return SOCKET_BROKEN;
}

/* errno tells of this call alone. */
static void prepare(void)
{
	ERR_clear_error();
	errno = 0;
}

long net_tls_shake_hands(struct net_tls_session *session, struct reason *why)
{
	prepare();
	const int result = SSL_connect(session->ssl);
	if (result != 1) {
		(void)reason_set(why, "the receiver ended the handshake");
		const long want = explain(session, result, why);
		return want != 0 ? want : SOCKET_BROKEN;
	}
	X509 *certificate = SSL_get1_peer_certificate(session->ssl);
	if (!certificate) {
		(void)reason_set(why, "the receiver has no certificate");
		return SOCKET_BROKEN;
	}
	const bool is_right = is_peer_right(session, certificate, why);
	X509_free(certificate);
	return is_right ? 0 : SOCKET_BROKEN;
}

long net_tls_write(struct net_tls_session *session, const char *text, size_t len,
	struct reason *why)
{
	size_t written = 0;
	prepare();
	const int result = SSL_write_ex(session->ssl, text, len, &written);
	return result == 1 ? (long)written : explain(session, result, why);
}

long net_tls_read(
	struct net_tls_session *session, char *text, size_t size, struct reason *why)
{
	size_t len = 0;
	prepare();
	const int result = SSL_read_ex(session->ssl, text, size, &len);
	return result == 1 ? (long)len : explain(session, result, why);
}

long net_tls_finish(struct net_tls_session *session, struct reason *why)
{
	prepare();
	const int result = SSL_shutdown(session->ssl);
	return result >= 0 ? 0 : explain(session, result, why);
}
