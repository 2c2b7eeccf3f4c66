#include "pool.h"

#include <assert.h>
#include <string.h>

static uint8_t noise[POOL_NOISE_LEN];
static uint8_t words[POOL_LINES / 2 * POOL_LINE_LEN];
static uint8_t base64[POOL_LINES / 2 * POOL_LINE_LEN];
/* Twice, so that a run may begin at any record of the first half. */
static uint8_t records[2 * POOL_RECORDS * POOL_RECORD_LEN];

static void fill_words(struct random *random, uint8_t *line)
{
	static const char *const vocabulary[] = {"meeting", "the", "report", "of", "we",
		"attached", "please", "invoice", "on", "Monday", "delivery", "a",
		"schedule", "and", "to", "budget", "thanks", "regards", "project",
		"server", "is", "for", "quarter", "reply"};
	const size_t text_len = POOL_LINE_LEN - 2;
	size_t used = 0;

	while (used < text_len) {
		const uint32_t pick = random_below(
			random, sizeof(vocabulary) / sizeof(vocabulary[0]));
		const size_t len = strlen(vocabulary[pick]);

		for (size_t at = 0; at < len && used < text_len; at++) {
			line[used++] = (uint8_t)vocabulary[pick][at];
		}
		if (used < text_len) {
			line[used++] = ' ';
		}
	}
	memcpy(line + text_len, "\r\n", 2);
}

static void fill_base64(struct random *random, uint8_t *line)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t at = 0; at < POOL_LINE_LEN - 2; at++) {
		line[at] = (uint8_t)alphabet[random_below(random, 64)];
	}
	memcpy(line + POOL_LINE_LEN - 2, "\r\n", 2);
}

void pool_fill(struct random *random)
{
	const size_t body = POOL_RECORD_LEN - 5;
	const uint8_t header[5] = {
		23, 3, 3, (uint8_t)(body >> 8), (uint8_t)(body & 0xff)};

	random_fill(random, noise, sizeof(noise));
	for (size_t line = 0; line < POOL_LINES / 2; line++) {
		fill_words(random, words + line * POOL_LINE_LEN);
		fill_base64(random, base64 + line * POOL_LINE_LEN);
	}
	random_fill(random, records, sizeof(records));
	for (size_t at = 0; at < sizeof(records); at += POOL_RECORD_LEN) {
		memcpy(records + at, header, sizeof(header));
	}
}

const uint8_t *pool_noise(struct random *random, size_t len)
{
	assert(len <= POOL_NOISE_LEN / 2);
	return noise + random_below(random, (uint32_t)(POOL_NOISE_LEN - len));
}

static const uint8_t *pick_lines(
	struct random *random, const uint8_t *lines, size_t count)
{
	assert(count <= POOL_LINES / 2);
	const size_t first =
		random_below(random, (uint32_t)(POOL_LINES / 2 - count + 1));

	return lines + first * POOL_LINE_LEN;
}

const uint8_t *pool_words(struct random *random, size_t lines)
{
	return pick_lines(random, words, lines);
}

const uint8_t *pool_base64(struct random *random, size_t lines)
{
	return pick_lines(random, base64, lines);
}

const uint8_t *pool_records(struct random *random, size_t count)
{
	assert(count <= POOL_RECORDS);
	return records + (size_t)random_below(random, POOL_RECORDS) * POOL_RECORD_LEN;
}
