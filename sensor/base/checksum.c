#include "base/checksum.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#define CHECKSUM_ALL_ONES 0xffffU

static inline uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word = 0;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* The carry is put back in (RFC 1071 section 2 (A) and (C)). */
static inline uint64_t sum_word(uint64_t sum, uint64_t word)
{
	const bool has_carry = __builtin_add_overflow(sum, word, &sum);
	return sum + has_carry;
}

/* The last len of fewer than eight bytes, zeros behind them. Hardly ever: kept apart. */
static __attribute__((noinline)) uint64_t rest_of(const uint8_t *bytes, size_t len)
{
	uint8_t rest[8] = {0};
	for (size_t i = 0; i < len; i++) {
		rest[i] = bytes[i];
	}
	return word_at(rest);
}

/* The carries are counted apart, so that no addition waits for the one before. */
struct lane {
	uint64_t sum;
	uint64_t carries;
};

static inline void lane_add(struct lane *lane, uint64_t word)
{
	lane->carries += __builtin_add_overflow(lane->sum, word, &lane->sum);
}

static inline uint64_t lane_sum(const struct lane *lane)
{
	return sum_word(lane->sum, lane->carries);
}

static inline uint64_t sum_bytes(uint64_t sum, const uint8_t *bytes, size_t len)
{
	struct lane even = {.sum = sum};
	struct lane odd = {.sum = 0};
	size_t left = len;
	for (; left >= 32;
		bytes += 32, left -= 32) { /* neither lane waits for the other */
		lane_add(&even, word_at(bytes));
		lane_add(&odd, word_at(bytes + 8));
		lane_add(&even, word_at(bytes + 16));
		lane_add(&odd, word_at(bytes + 24));
	}
	sum = sum_word(lane_sum(&even), lane_sum(&odd));
	for (; left >= 8; bytes += 8, left -= 8) {
		sum = sum_word(sum, word_at(bytes));
	}
	if (left == 0) {
		return sum;
	}
	if (len < 8) {
		return sum_word(sum, rest_of(bytes, left));
	}
	/* the last eight, less those that were summed */
	const uint64_t last = le64toh(word_at(bytes + left - 8));
	return sum_word(sum, htole64(last >> (64 - 8 * left)));
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
	uint32_t last = 0; /* of a header without options, which nearly all are */
	memcpy(&last, header + 16, sizeof(last));
	uint64_t sum = sum_word(sum_word(word_at(header), word_at(header + 8)), last);
	if (len > 20) {
		sum = sum_bytes(sum, header + 20, len - 20);
	}
	if (sum_fold(sum) == CHECKSUM_ALL_ONES) {
		return CHECKSUM_RIGHT;
	}
	return header[10] == 0 && header[11] == 0 ? CHECKSUM_OFFLOADED : CHECKSUM_WRONG;
}

uint16_t checksum_ipv4_make(const uint8_t *header, size_t len)
{
	return ntohs((uint16_t)~sum_fold(sum_bytes(0, header, len)));
}

/* ::ffff: in front of IPv4 adds all ones, which is zero in this arithmetic. */
static inline uint64_t sum_ends(const struct checksum_pseudo *pseudo)
{
	uint64_t sum = htons(pseudo->protocol);
	sum = sum_word(sum, word_at(pseudo->src->bytes));
	sum = sum_word(sum, word_at(pseudo->src->bytes + 8));
	sum = sum_word(sum, word_at(pseudo->dst->bytes));
	return sum_word(sum, word_at(pseudo->dst->bytes + 8));
}

uint16_t checksum_segment_make(
	const uint8_t *segment, const struct checksum_pseudo *pseudo)
{
	const uint64_t whole = sum_word(sum_ends(pseudo), htonl(pseudo->len));
	const uint64_t sum = sum_bytes(whole, segment, pseudo->len);
	return ntohs((uint16_t)~sum_fold(sum));
}

/* Linux leaves the pseudo-header's sum, for segmentation without the length. */
static __attribute__((noinline)) enum checksum_result not_right(
	uint16_t field, const struct checksum_pseudo *pseudo)
{
	const uint64_t without_len = sum_ends(pseudo);
	const uint64_t whole = sum_word(without_len, htonl(pseudo->len));
	return field == sum_fold(whole) || field == sum_fold(without_len)
		       ? CHECKSUM_OFFLOADED
		       : CHECKSUM_WRONG;
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
	const uint64_t whole = sum_word(sum_ends(pseudo), htonl(pseudo->len));
	return sum_fold(sum_bytes(whole, segment, pseudo->len)) == CHECKSUM_ALL_ONES
		       ? CHECKSUM_RIGHT
		       : not_right(field, pseudo);
}
