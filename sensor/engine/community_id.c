/* What costs is not the digest of forty bytes, but finding and making what computes it. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "engine/record.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#define SEED_BYTES  2
#define TUPLE_BYTES (SEED_BYTES + 16 + 16 + 2 + 2 + 2)

struct endpoint {
	const uint8_t *address;
	uint16_t port;
};

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static uint8_t *put_be16(uint8_t *at, uint16_t number)
{
	const uint8_t bytes[2] = {(uint8_t)(number >> 8), (uint8_t)number};
	return put(at, bytes, sizeof(bytes));
}

/* Community ID version 1: the smaller (address, port) comes first, whoever spoke. */
static bool is_before(const struct endpoint *a, const struct endpoint *b, size_t len)
{
	const int order = memcmp(a->address, b->address, len);
	return order < 0 || (order == 0 && a->port <= b->port);
}

void record_community_id(const struct record *record, char text[32])
{
	const struct observation *observation = record_wire(record);
	const bool is_ipv4 = address_is_ipv4(&observation->client) &&
			     address_is_ipv4(&observation->server);
	const size_t skipped = is_ipv4 ? 12 : 0;
	const size_t len = 16 - skipped;
	struct endpoint low = {
		&observation->client.bytes[skipped], observation->client_port};
	struct endpoint high = {
		&observation->server.bytes[skipped], observation->server_port};
	if (!is_before(&low, &high, len)) {
		const struct endpoint swapped = low;
		low = high;
		high = swapped;
	}
	uint8_t tuple[TUPLE_BYTES] = {0}; /* seed 0 */
	uint8_t *at = put(tuple + SEED_BYTES, low.address, len);
	at = put(at, high.address, len);
	*at++ = observation->transport ? observation->transport : IPPROTO_TCP;
	*at++ = 0;
	if (record_has_ports(observation)) {
		at = put_be16(at, low.port);
		at = put_be16(at, high.port);
	}

	uint8_t digest[SHA_DIGEST_LENGTH];
	SHA_CTX context;
	(void)SHA1_Init(&context);
	(void)SHA1_Update(&context, tuple, (size_t)(at - tuple));
	(void)SHA1_Final(digest, &context);
	text[0] = '1';
	text[1] = ':';
	(void)EVP_EncodeBlock((unsigned char *)text + 2, digest, sizeof(digest));
}
