#include "base/checksum.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#define CHECKSUM_ALL_ONES 0xffffU

/* Eight bytes more, the carry put back in (RFC 1071 section 2 (A) and (C)). */
static inline uint64_t sum_word(uint64_t sum, const uint8_t *bytes)
{
	uint64_t word = 0;
	memcpy(&word, bytes, sizeof(word));
	sum += word;
	return sum + (sum < word);
}

static uint64_t sum_bytes(uint64_t sum, const uint8_t *bytes, size_t len)
{
	for (; len >= 32; bytes += 32, len -= 32) {
		sum = sum_word(sum, bytes);
		sum = sum_word(sum, bytes + 8);
		sum = sum_word(sum, bytes + 16);
		sum = sum_word(sum, bytes + 24);
	}
	for (; len >= 8; bytes += 8, len -= 8) {
		sum = sum_word(sum, bytes);
	}
	uint8_t rest[8] = {0};
	for (size_t i = 0; i < len; i++) {
		rest[i] = bytes[i];
	}
	return sum_word(sum, rest);
}

static uint16_t sum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (sum & CHECKSUM_ALL_ONES);
	return (uint16_t)((sum >> 16) + (sum & CHECKSUM_ALL_ONES));
}

enum checksum_result checksum_ipv4_header(const uint8_t *header, size_t len)
{
	assert(len >= 20);
	if (sum_fold(sum_bytes(0, header, len)) == CHECKSUM_ALL_ONES) {
		return CHECKSUM_RIGHT;
	}
	return header[10] == 0 && header[11] == 0 ? CHECKSUM_OFFLOADED : CHECKSUM_WRONG;
}

uint16_t checksum_ipv4_make(const uint8_t *header, size_t len)
{
	return ntohs((uint16_t)~sum_fold(sum_bytes(0, header, len)));
}

/* ::ffff: in front of IPv4 adds all ones, which is zero in this arithmetic. */
static uint64_t sum_ends(const struct checksum_pseudo *pseudo)
{
	uint64_t sum = htons(pseudo->protocol);
	sum = sum_word(sum, pseudo->src->bytes);
	sum = sum_word(sum, pseudo->src->bytes + 8);
	sum = sum_word(sum, pseudo->dst->bytes);
	return sum_fold(sum_word(sum, pseudo->dst->bytes + 8));
}

uint16_t checksum_segment_make(
	const uint8_t *segment, const struct checksum_pseudo *pseudo)
{
	const uint64_t whole = sum_ends(pseudo) + htonl(pseudo->len);
	const uint64_t sum = sum_bytes(whole, segment, pseudo->len);
	return ntohs((uint16_t)~sum_fold(sum));
}

enum checksum_result checksum_segment(
	const uint8_t *segment, size_t field_at, const struct checksum_pseudo *pseudo)
{
	assert(field_at + 2 <= pseudo->len);
	uint16_t field = 0;
	memcpy(&field, segment + field_at, sizeof(field));
	if (field == 0 && pseudo->protocol == IPPROTO_UDP) {
		return CHECKSUM_OFFLOADED; /* RFC 768: the sender made none */
	}
	const uint64_t without_len = sum_ends(pseudo);
	const uint64_t whole = without_len + htonl(pseudo->len);
	const uint64_t sum = sum_bytes(whole, segment, pseudo->len);
	if (sum_fold(sum) == CHECKSUM_ALL_ONES) {
		return CHECKSUM_RIGHT;
	}
	/* Linux leaves the pseudo-header's sum, for segmentation without the length. */
	return field == sum_fold(whole) || field == sum_fold(without_len)
		       ? CHECKSUM_OFFLOADED
		       : CHECKSUM_WRONG;
}
