#include "tls.h"

#include "certificate.h"
#include "pool.h"

#include <string.h>

enum {
	RECORD_CHANGE_CIPHER = 20,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
	PLAIN_MAX = 16384,
	SEALED_EXTRA = 17, /* inner type and tag */
	HELLO_MAX = 1024,
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_GROUPS = 10,
	EXTENSION_POINT_FORMATS = 11,
	EXTENSION_SIGNATURES = 13,
	EXTENSION_ALPN = 16,
	EXTENSION_PADDING = 21,
	EXTENSION_EXTENDED_SECRET = 23,
	EXTENSION_TICKET = 35,
	EXTENSION_VERSIONS = 43,
	EXTENSION_KEY_MODES = 45,
	EXTENSION_KEY_SHARE = 51,
	EXTENSION_RENEGOTIATION = 0xff01,
	GROUP_X25519 = 29,
};

struct writer {
	uint8_t *bytes; /* borrowed from the script */
	size_t len;
	struct random *random;
};

static void put_u8(struct writer *writer, size_t value)
{
	writer->bytes[writer->len++] = (uint8_t)value;
}

static void put_u16(struct writer *writer, size_t value)
{
	put_u8(writer, value >> 8);
	put_u8(writer, value & 0xff);
}

static void put_bytes(struct writer *writer, const void *bytes, size_t len)
{
	memcpy(writer->bytes + writer->len, bytes, len);
	writer->len += len;
}

static void put_noise(struct writer *writer, size_t len)
{
	random_fill(writer->random, writer->bytes + writer->len, len);
	writer->len += len;
}

/* A vector of `width` length bytes: open it, fill it, close it. */
static size_t open_vector(struct writer *writer, size_t width)
{
	writer->len += width;
	return writer->len;
}

static void close_vector(struct writer *writer, size_t start, size_t width)
{
	size_t len = writer->len - start;

	for (size_t at = 1; at <= width; at++) {
		writer->bytes[start - at] = (uint8_t)len;
		len >>= 8;
	}
}

struct message {
	size_t record, body;
};

static struct message open_message(
	struct writer *writer, uint16_t record_version, uint8_t type)
{
	struct message message;

	put_u8(writer, RECORD_HANDSHAKE);
	put_u16(writer, record_version);
	message.record = open_vector(writer, 2);
	put_u8(writer, type);
	message.body = open_vector(writer, 3);
	return message;
}

static void close_message(struct writer *writer, struct message message)
{
	close_vector(writer, message.body, 3);
	close_vector(writer, message.record, 2);
}

static void put_extension(
	struct writer *writer, uint16_t type, const void *data, size_t len)
{
	put_u16(writer, type);
	put_u16(writer, len);
	if (len > 0) {
		put_bytes(writer, data, len);
	}
}

static void put_server_name(struct writer *writer, const char *name)
{
	put_u16(writer, EXTENSION_SERVER_NAME);
	const size_t extension = open_vector(writer, 2);
	const size_t list = open_vector(writer, 2);

	put_u8(writer, 0); /* host_name */
	const size_t host = open_vector(writer, 2);

	put_bytes(writer, name, strlen(name));
	close_vector(writer, host, 2);
	close_vector(writer, list, 2);
	close_vector(writer, extension, 2);
}

static void put_key_share(struct writer *writer, bool is_client)
{
	put_u16(writer, EXTENSION_KEY_SHARE);
	const size_t extension = open_vector(writer, 2);

	if (is_client) {
		put_u16(writer, 36);
	}
	put_u16(writer, GROUP_X25519);
	put_u16(writer, 32);
	put_noise(writer, 32);
	close_vector(writer, extension, 2);
}

static void put_suites(struct writer *writer, const struct tls_session *session)
{
	static const uint16_t web[] = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c,
		0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
	static const uint16_t mail[] = {0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f,
		0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024, 0xc028, 0xc023,
		0xc027, 0x00ff};
	const uint16_t *suites = session->is_web ? web : mail;
	const size_t count = session->is_web ? sizeof(web) / sizeof(web[0])
					     : sizeof(mail) / sizeof(mail[0]);
	/* A client of TLS 1.2 leaves out the three suites of TLS 1.3. */
	const size_t first = session->version == TLS_VERSION_1_3 ? 0 : 3;
	const size_t list = open_vector(writer, 2);

	for (size_t at = first; at < count; at++) {
		put_u16(writer, suites[at]);
	}
	close_vector(writer, list, 2);
}

static void put_common_extensions(struct writer *writer)
{
	static const uint8_t groups[] = {0, 6, 0, 29, 0, 23, 0, 24};
	static const uint8_t formats[] = {1, 0};
	static const uint8_t signatures[] = {
		0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1};

	put_extension(writer, EXTENSION_EXTENDED_SECRET, NULL, 0);
	put_extension(writer, EXTENSION_GROUPS, groups, sizeof(groups));
	put_extension(writer, EXTENSION_POINT_FORMATS, formats, sizeof(formats));
	put_extension(writer, EXTENSION_TICKET, NULL, 0);
	put_extension(writer, EXTENSION_SIGNATURES, signatures, sizeof(signatures));
}

static void put_web_extensions(struct writer *writer)
{
	static const uint8_t alpn[] = {
		0, 12, 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
	static const uint8_t renegotiation[] = {0};

	put_extension(writer, EXTENSION_RENEGOTIATION, renegotiation, 1);
	put_extension(writer, EXTENSION_ALPN, alpn, sizeof(alpn));
}

static void put_padding(struct writer *writer, size_t total)
{
	static const uint8_t zeros[512];

	if (writer->len + 4 < total) {
		put_extension(
			writer, EXTENSION_PADDING, zeros, total - writer->len - 4);
	}
}

static void client_hello(struct script *script, const struct tls_session *session)
{
	static const uint8_t versions[] = {4, 3, 4, 3, 3};
	static const uint8_t key_modes[] = {1, 1};
	struct writer writer = {script_reserve(script, HELLO_MAX), 0, script->random};
	const struct message message = open_message(&writer, 0x0301, 1);

	put_u16(&writer, TLS_VERSION_1_2);
	put_noise(&writer, 32);
	put_u8(&writer, 32);
	put_noise(&writer, 32); /* session id */
	put_suites(&writer, session);
	put_u16(&writer, 0x0100); /* no compression */
	const size_t extensions = open_vector(&writer, 2);

	if (session->server_name != NULL) {
		put_server_name(&writer, session->server_name);
	}
	put_common_extensions(&writer);
	if (session->is_web) {
		put_web_extensions(&writer);
	}
	if (session->version == TLS_VERSION_1_3) {
		put_extension(&writer, EXTENSION_VERSIONS, versions, sizeof(versions));
		put_extension(
			&writer, EXTENSION_KEY_MODES, key_modes, sizeof(key_modes));
		put_key_share(&writer, true);
	}
	if (session->is_web) {
		put_padding(&writer, 517);
	}
	close_vector(&writer, extensions, 2);
	close_message(&writer, message);
	script_keep(script, SIDE_CLIENT, writer.len);
}

static void put_server_hello(struct writer *writer, uint16_t version, uint16_t suite)
{
	static const uint8_t chosen[] = {3, 4};
	static const uint8_t renegotiation[] = {0};
	const struct message message = open_message(writer, TLS_VERSION_1_2, 2);

	put_u16(writer, TLS_VERSION_1_2);
	put_noise(writer, 32);
	put_u8(writer, 32);
	put_noise(writer, 32);
	put_u16(writer, suite);
	put_u8(writer, 0);
	const size_t extensions = open_vector(writer, 2);

	if (version == TLS_VERSION_1_3) {
		put_extension(writer, EXTENSION_VERSIONS, chosen, sizeof(chosen));
		put_key_share(writer, false);
	} else {
		put_extension(writer, EXTENSION_RENEGOTIATION, renegotiation, 1);
		put_extension(writer, EXTENSION_EXTENDED_SECRET, NULL, 0);
	}
	close_vector(writer, extensions, 2);
	close_message(writer, message);
}

static void put_certificate(struct writer *writer)
{
	const struct message message = open_message(writer, TLS_VERSION_1_2, 11);
	const size_t chain = open_vector(writer, 3);
	const size_t first = open_vector(writer, 3);

	put_bytes(writer, certificate_der(), CERTIFICATE_LEN);
	close_vector(writer, first, 3);
	close_vector(writer, chain, 3);
	close_message(writer, message);
}

static void put_server_key_exchange(struct writer *writer)
{
	static const uint8_t curve[] = {3, 0, GROUP_X25519, 32};
	static const uint8_t algorithm[] = {4, 3, 0, 70}; /* ecdsa_secp256r1_sha256 */
	static const uint8_t integer[] = {0x02, 0x20};
	const struct message message = open_message(writer, TLS_VERSION_1_2, 12);

	put_bytes(writer, curve, sizeof(curve));
	put_noise(writer, 32);
	put_bytes(writer, algorithm, sizeof(algorithm));
	put_u16(writer, 0x3044); /* SEQUENCE of two INTEGERs of 32 bytes */
	for (unsigned int number = 0; number < 2; number++) {
		put_bytes(writer, integer, sizeof(integer));
		put_noise(writer, 32);
		writer->bytes[writer->len - 32] = 0x5a; /* positive, minimal */
	}
	close_message(writer, message);
}

static void put_finished(struct writer *writer)
{
	static const uint8_t change_cipher[] = {RECORD_CHANGE_CIPHER, 3, 3, 0, 1, 1};
	static const uint8_t sealed[] = {RECORD_HANDSHAKE, 3, 3, 0, 40};

	put_bytes(writer, change_cipher, sizeof(change_cipher));
	put_bytes(writer, sealed, sizeof(sealed));
	put_bytes(writer, "\0\0\0\0\0\0\0\0", 8); /* explicit nonce, RFC 5288 */
	put_noise(writer, 32);
}

static void finish_1_2(struct script *script)
{
	struct writer server = {script_reserve(script, HELLO_MAX), 0, script->random};

	put_server_hello(&server, TLS_VERSION_1_2, 0xc02b);
	put_certificate(&server);
	put_server_key_exchange(&server);
	close_message(&server, open_message(&server, TLS_VERSION_1_2, 14));
	script_keep(script, SIDE_SERVER, server.len);

	struct writer client = {script_reserve(script, HELLO_MAX), 0, script->random};
	const struct message exchange = open_message(&client, TLS_VERSION_1_2, 16);

	put_u8(&client, 32);
	put_noise(&client, 32);
	close_message(&client, exchange);
	put_finished(&client);
	script_keep(script, SIDE_CLIENT, client.len);

	struct writer last = {script_reserve(script, HELLO_MAX), 0, script->random};

	put_finished(&last);
	script_keep(script, SIDE_SERVER, last.len);
}

static void finish_1_3(struct script *script)
{
	static const uint8_t change_cipher[] = {RECORD_CHANGE_CIPHER, 3, 3, 0, 1, 1};
	struct writer server = {script_reserve(script, HELLO_MAX), 0, script->random};

	put_server_hello(&server, TLS_VERSION_1_3, 0x1301);
	put_bytes(&server, change_cipher, sizeof(change_cipher));
	script_keep(script, SIDE_SERVER, server.len);
	tls_data(script, SIDE_SERVER, random_between(script->random, 10, 40));
	tls_data(script, SIDE_SERVER,
		random_size(script->random, script->sizes->certificate, 1));
	tls_data(script, SIDE_SERVER, random_chance(script->random, 50) ? 264 : 79);
	tls_data(script, SIDE_SERVER, 36);
	script_borrow(script, SIDE_CLIENT, change_cipher, sizeof(change_cipher));
	tls_data(script, SIDE_CLIENT, 36);
}

void tls_handshake(struct script *script, const struct tls_session *session)
{
	client_hello(script, session);
	if (session->version == TLS_VERSION_1_3) {
		finish_1_3(script);
	} else {
		finish_1_2(script);
	}
}

void tls_data(struct script *script, enum side side, size_t len)
{
	size_t full = len / PLAIN_MAX;

	while (full > 0) {
		const size_t run = full < POOL_RECORDS ? full : POOL_RECORDS;

		script_borrow(script, side, pool_records(script->random, run),
			run * POOL_RECORD_LEN);
		full -= run;
	}
	const size_t sealed = len % PLAIN_MAX + SEALED_EXTRA;

	if (sealed == SEALED_EXTRA) {
		return;
	}
	const uint8_t header[5] = {
		RECORD_DATA, 3, 3, (uint8_t)(sealed >> 8), (uint8_t)sealed};

	memcpy(script_reserve(script, sizeof(header)), header, sizeof(header));
	script_keep(script, side, sizeof(header));
	script_borrow(script, side, pool_noise(script->random, sealed), sealed);
}
