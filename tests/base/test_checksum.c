#include "base/checksum.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN_MAX 300

/* As RFC 1071 section 4.1 has it, in network order. */
static uint16_t sum_slowly(const struct address *src, const struct address *dst,
	const uint8_t *segment, uint32_t len)
{
	uint32_t sum = IPPROTO_TCP + len;
	for (unsigned i = 0; i < sizeof(src->bytes); i += 2) {
		sum += (uint32_t)(src->bytes[i] << 8 | src->bytes[i + 1]);
		sum += (uint32_t)(dst->bytes[i] << 8 | dst->bytes[i + 1]);
	}
	for (uint32_t i = 0; i < len; i++) {
		sum += (uint32_t)segment[i] << (i % 2 == 0 ? 8 : 0);
	}
	while (sum >> 16 != 0) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static const uint8_t SRC[4] = {192, 0, 2, 1};
static const uint8_t DST[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0xff};

/* An exact copy on the heap, so that a read behind it is seen. */
static uint8_t *make_segment(uint32_t len, unsigned fill)
{
	uint8_t *segment = malloc(len);
	assert_non_null(segment);
	for (uint32_t i = 0; i < len; i++) {
		segment[i] = (uint8_t)(fill == 0 ? 0xff : i * 37 + fill);
	}
	segment[16] = segment[17] = 0;
	return segment;
}

static void segments_of_every_length_are_summed(void **state)
{
	(void)state;
	const struct address src = address_from_ipv4(SRC);
	const struct address dst = address_from_ipv6(DST);
	for (uint32_t len = 20; len < LEN_MAX; len++) {
		for (unsigned fill = 0; fill < 3; fill++) {
			uint8_t *segment = make_segment(len, fill);
			const struct checksum_pseudo pseudo = {.src = &src,
				.dst = &dst,
				.len = len,
				.protocol = IPPROTO_TCP};
			const uint16_t sum = checksum_segment_make(segment, &pseudo);
			assert_int_equal(sum, sum_slowly(&src, &dst, segment, len));
			segment[16] = (uint8_t)(sum >> 8);
			segment[17] = (uint8_t)sum;
			assert_int_equal(
				checksum_segment(segment, 16, &pseudo), CHECKSUM_RIGHT);
			segment[len - 1] ^= 1;
			assert_int_equal(
				checksum_segment(segment, 16, &pseudo), CHECKSUM_WRONG);
			free(segment);
		}
	}
}

static void what_linux_leaves_to_the_card_is_no_wrong_sum(void **state)
{
	(void)state;
	const struct address src = address_from_ipv4(SRC);
	const struct address dst = address_from_ipv6(DST);
	uint8_t *segment = make_segment(100, 1);
	const struct checksum_pseudo pseudo = {
		.src = &src, .dst = &dst, .len = 100, .protocol = IPPROTO_TCP};
	/* of the pseudo-header alone, with its length and without it */
	for (uint32_t len = 0; len <= 100; len += 100) {
		const uint16_t sum = (uint16_t)~sum_slowly(&src, &dst, NULL, 0);
		const uint32_t left = (uint32_t)sum + len;
		const uint16_t field = htons((uint16_t)(left + (left >> 16)));
		memcpy(segment + 16, &field, sizeof(field));
		assert_int_equal(
			checksum_segment(segment, 16, &pseudo), CHECKSUM_OFFLOADED);
	}
	free(segment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_of_every_length_are_summed),
		cmocka_unit_test(what_linux_leaves_to_the_card_is_no_wrong_sum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
