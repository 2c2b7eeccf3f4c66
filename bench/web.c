/* Everything that is not mail: HTTP, TLS on 443, DNS, QUIC-like and unknown binary. */
#include "kind.h"
#include "pool.h"
#include "tls.h"

#include <stdio.h>
#include <string.h>

enum {
	DATAGRAM_MAX = 1350,
	DNS_MAX = 256,
	QUIC_INITIAL_LEN = 1250,
};

static void borrow_noise(struct script *script, enum side side, size_t len)
{
	while (len > 0) {
		const size_t part = len < POOL_NOISE_LEN / 2 ? len : POOL_NOISE_LEN / 2;

		script_borrow(script, side, pool_noise(script->random, part), part);
		len -= part;
	}
}

static void http_exchange(struct script *script, uint32_t len, const char *type)
{
	const uint32_t site = random_below(script->random, 5000);

	script_say(script, SIDE_CLIENT,
		"GET /assets/%u/%u HTTP/1.1\r\nHost: www%u.example.com\r\n"
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:115.0) "
		"Gecko/20100101 Firefox/115.0\r\nAccept: */*\r\n"
		"Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n",
		site, random_below(script->random, 100000), site);
	script_pause(script, random_size(script->random, 8000, 2));
	script_say(script, SIDE_SERVER,
		"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n"
		"Date: Thu, 01 Oct 2026 08:00:00 GMT\r\nContent-Type: %s\r\n"
		"Content-Length: %u\r\nConnection: keep-alive\r\n\r\n",
		type, len);
	borrow_noise(script, SIDE_SERVER, len);
}

static void write_http_page(struct script *script, const struct kind *kind)
{
	const uint32_t requests = random_between(script->random, 1, 4);

	(void)kind;
	for (uint32_t at = 0; at < requests; at++) {
		http_exchange(script, random_size(script->random, 2600, 2),
			"application/octet-stream");
	}
}

static void write_http_download(struct script *script, const struct kind *kind)
{
	(void)kind;
	http_exchange(script, random_size(script->random, 80000, 2), "application/zip");
}

static void write_http_small(struct script *script, const struct kind *kind)
{
	(void)kind;
	http_exchange(script, random_between(script->random, 40, 900),
		"application/octet-stream");
}

static void web_handshake(struct script *script)
{
	char name[32];
	const struct tls_session session = {
		.version = random_chance(script->random, 80) ? TLS_VERSION_1_3
							     : TLS_VERSION_1_2,
		.is_web = true,
		.server_name = name,
	};

	snprintf(name, sizeof(name), "www%u.example.com",
		random_below(script->random, 5000));
	tls_handshake(script, &session);
}

static void write_tls_page(struct script *script, const struct kind *kind)
{
	const uint32_t requests = random_between(script->random, 1, 4);

	(void)kind;
	web_handshake(script);
	for (uint32_t at = 0; at < requests; at++) {
		tls_data(script, SIDE_CLIENT, random_between(script->random, 80, 600));
		script_pause(script, random_size(script->random, 8000, 2));
		tls_data(script, SIDE_SERVER, random_size(script->random, 1700, 2));
	}
}

static void write_tls_download(struct script *script, const struct kind *kind)
{
	(void)kind;
	web_handshake(script);
	tls_data(script, SIDE_CLIENT, random_between(script->random, 80, 600));
	tls_data(script, SIDE_SERVER, random_size(script->random, 110000, 2));
}

/* A TLS handshake that is given up, or followed by one small exchange. */
static void write_tls_small(struct script *script, const struct kind *kind)
{
	(void)kind;
	web_handshake(script);
	if (random_chance(script->random, 40)) {
		tls_data(script, SIDE_SERVER, random_between(script->random, 50, 400));
	}
}

/* Records with a length in front, no known protocol. */
static void write_binary(struct script *script, const struct kind *kind)
{
	const uint32_t rounds = random_between(script->random, 2, 12);

	(void)kind;
	for (uint32_t at = 0; at < rounds; at++) {
		borrow_noise(script, SIDE_CLIENT, random_size(script->random, 100, 2));
		borrow_noise(script, SIDE_SERVER, random_size(script->random, 1500, 2));
	}
}

static void write_binary_small(struct script *script, const struct kind *kind)
{
	(void)kind;
	borrow_noise(script, SIDE_CLIENT, random_between(script->random, 8, 200));
	borrow_noise(script, SIDE_SERVER, random_between(script->random, 8, 900));
}

struct dns_message {
	uint16_t id;
	bool is_answer, has_length; /* the length in front, on TCP: RFC 1035, 4.2.2 */
	char label[16];
};

static void dns_message(struct script *script, const struct dns_message *message)
{
	static const uint8_t zone[] = "\7example\3com\0\0\1\0"; /* A */
	static const uint8_t answer[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 203, 0, 113};
	uint8_t *bytes = script_reserve(script, DNS_MAX);
	size_t len = message->has_length ? 2 : 0;
	const size_t label_len = strlen(message->label);
	const uint8_t header[12] = {(uint8_t)(message->id >> 8), (uint8_t)message->id,
		message->is_answer ? 0x81 : 0x01, message->is_answer ? 0x80 : 0, 0, 1,
		0, message->is_answer ? 1 : 0};

	memcpy(bytes + len, header, sizeof(header));
	len += sizeof(header);
	bytes[len++] = (uint8_t)label_len;
	memcpy(bytes + len, message->label, label_len);
	len += label_len;
	memcpy(bytes + len, zone, sizeof(zone));
	len += sizeof(zone);
	bytes[len - 1] = 1; /* IN, in place of the string's end */
	if (message->is_answer) {
		memcpy(bytes + len, answer, sizeof(answer));
		len += sizeof(answer);
		bytes[len++] = (uint8_t)random_between(script->random, 1, 254);
	}
	if (message->has_length) {
		bytes[0] = 0;
		bytes[1] = (uint8_t)(len - 2);
	}
	script_keep(script, message->is_answer ? SIDE_SERVER : SIDE_CLIENT, len);
}

static void write_dns(struct script *script, const struct kind *kind)
{
	struct dns_message message = {
		.id = (uint16_t)random_u32(script->random),
		.has_length = kind->transport == TRANSPORT_TCP,
	};

	snprintf(message.label, sizeof(message.label), "www%u",
		random_below(script->random, 5000));
	dns_message(script, &message);
	message.is_answer = true;
	dns_message(script, &message);
}

static void quic_datagram(
	struct script *script, enum side side, uint8_t first, size_t len)
{
	static const uint8_t version_and_ids[] = {0, 0, 0, 1, 8};
	uint8_t *bytes = script_reserve(script, DATAGRAM_MAX);

	random_fill(script->random, bytes, len);
	bytes[0] = first;
	if ((first & 0x80) != 0) { /* long header, RFC 9000, 17.2 */
		memcpy(bytes + 1, version_and_ids, sizeof(version_and_ids));
		bytes[14] = 0; /* no source id */
		bytes[15] = 0; /* no token */
		bytes[16] = (uint8_t)(0x40 | (len - 18) >> 8);
		bytes[17] = (uint8_t)(len - 18);
	}
	script_keep(script, side, len);
}

/* Borrowed, so that a long flow needs no room; the first byte must be a short header's. */
static void quic_data(struct script *script)
{
	const size_t len = DATAGRAM_MAX - 100;
	const uint8_t *bytes;

	do {
		bytes = pool_noise(script->random, len);
	} while ((bytes[0] & 0xc0) != 0x40);
	script_borrow(script, SIDE_SERVER, bytes, len);
}

/* The shape of QUIC: long headers, then short ones; nothing in it decrypts. */
static void write_quic(struct script *script, const struct kind *kind)
{
	const uint32_t datagrams = random_between(script->random, 4, 20);

	(void)kind;
	quic_datagram(script, SIDE_CLIENT, 0xc3, QUIC_INITIAL_LEN);
	quic_datagram(script, SIDE_SERVER, 0xc3, QUIC_INITIAL_LEN);
	for (uint32_t at = 0; at < datagrams; at++) {
		const bool is_request = random_chance(script->random, 25);

		quic_datagram(script, is_request ? SIDE_CLIENT : SIDE_SERVER, 0x43, 45);
		if (!is_request) {
			quic_data(script);
		}
	}
}

static const struct kind web_kinds[] = {
	{430, TRANSPORT_TCP, 443, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_IMPLICIT,
		write_tls_page},
	{6, TRANSPORT_TCP, 443, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_IMPLICIT,
		write_tls_download},
	{130, TRANSPORT_TCP, 80, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_CLEAR,
		write_http_page},
	{5, TRANSPORT_TCP, 80, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_CLEAR,
		write_http_download},
	{220, TRANSPORT_UDP, 53, PLACE_WORKSTATION, PLACE_RESOLVER, SECURITY_CLEAR,
		write_dns},
	{6, TRANSPORT_TCP, 53, PLACE_WORKSTATION, PLACE_RESOLVER, SECURITY_CLEAR,
		write_dns},
	{80, TRANSPORT_UDP, 443, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_IMPLICIT,
		write_quic},
	{60, TRANSPORT_TCP, 7410, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_CLEAR,
		write_binary},
	{12, TRANSPORT_TCP_REFUSED, 8443, PLACE_WORKSTATION, PLACE_INTERNET,
		SECURITY_CLEAR, NULL},
};

static const struct kind small_kinds[] = {
	{400, TRANSPORT_TCP, 80, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_CLEAR,
		write_http_small},
	{300, TRANSPORT_TCP, 443, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_IMPLICIT,
		write_tls_small},
	{100, TRANSPORT_TCP, 53, PLACE_WORKSTATION, PLACE_RESOLVER, SECURITY_CLEAR,
		write_dns},
	{180, TRANSPORT_TCP, 7410, PLACE_WORKSTATION, PLACE_INTERNET, SECURITY_CLEAR,
		write_binary_small},
	{20, TRANSPORT_TCP_REFUSED, 8443, PLACE_WORKSTATION, PLACE_INTERNET,
		SECURITY_CLEAR, NULL},
};

const struct kind *web_pick(struct random *random)
{
	return kind_pick(web_kinds, sizeof(web_kinds) / sizeof(web_kinds[0]), random);
}

const struct kind *small_pick(struct random *random)
{
	return kind_pick(
		small_kinds, sizeof(small_kinds) / sizeof(small_kinds[0]), random);
}
