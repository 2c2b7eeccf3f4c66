#include "base/checksum.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#define CHECKSUM_ALL_ONES 0xffffU

static uint64_t sum_bytes(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0;
	uint32_t word = 0;
	size_t at = 0;
	for (; at + sizeof(word) <= len; at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		sum += word;
	}
	word = 0;
	if (len > at) {
		memcpy(&word, bytes + at, len - at); /* padded with zeros */
	}
	return sum + word;
}

static uint16_t sum_fold(uint64_t sum)
{
	while (sum > CHECKSUM_ALL_ONES) {
		sum = (sum & CHECKSUM_ALL_ONES) + (sum >> 16);
	}
	return (uint16_t)sum;
}

enum checksum_result checksum_ipv4_header(const uint8_t *header, size_t len)
{
	assert(len >= 20);
	if (sum_fold(sum_bytes(header, len)) == CHECKSUM_ALL_ONES) {
		return CHECKSUM_RIGHT;
	}
	return header[10] == 0 && header[11] == 0 ? CHECKSUM_OFFLOADED : CHECKSUM_WRONG;
}

uint16_t checksum_ipv4_make(const uint8_t *header, size_t len)
{
	return ntohs((uint16_t)~sum_fold(sum_bytes(header, len)));
}

/* ::ffff: in front of IPv4 adds all ones, which is zero in this arithmetic. */
static uint64_t sum_ends(const struct checksum_pseudo *pseudo)
{
	return sum_bytes(pseudo->src->bytes, 16) + sum_bytes(pseudo->dst->bytes, 16) +
	       htons(pseudo->protocol);
}

uint16_t checksum_segment_make(
	const uint8_t *segment, const struct checksum_pseudo *pseudo)
{
	const uint64_t sum =
		sum_ends(pseudo) + htonl(pseudo->len) + sum_bytes(segment, pseudo->len);
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
	const uint64_t sum = whole + sum_bytes(segment, pseudo->len);
	if (sum_fold(sum) == CHECKSUM_ALL_ONES) {
		return CHECKSUM_RIGHT;
	}
	/* Linux leaves the pseudo-header's sum, for segmentation without the length. */
	return field == sum_fold(whole) || field == sum_fold(without_len)
		       ? CHECKSUM_OFFLOADED
		       : CHECKSUM_WRONG;
}
