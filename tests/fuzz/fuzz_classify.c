#include "classify/classify.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Turns: one byte (side in the top bit, gap in the next, length below), then the bytes. */
static void play(struct prefix *prefix, const struct classify_hint *hint,
	struct classification *result, const uint8_t *data, size_t size)
{
	while (size > 0 && result->outcome == CLASSIFY_NOT_YET) {
		const unsigned side = data[0] >> 7;
		const size_t wanted = data[0] & 0x3f;
		if (data[0] & 0x40) {
			prefix_gap(prefix, side);
		}
		data++;
		size--;
		const size_t len = wanted < size ? wanted : size;
		(void)prefix_add(prefix, side, data, len);
		(void)classify_prefix(prefix, hint, result);
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t PORTS[] = {25, 443, 4242, 993};
	if (size == 0) {
		return 0;
	}
	struct prefix prefix = {0};
	struct classification result = {0};
	struct classify_hint hint = {.client_side = data[0] & 1,
		.is_client_known = (data[0] & 2) != 0,
		.is_server_captured = (data[0] & 4) != 0,
		.server_port = PORTS[data[0] >> 6]};
	play(&prefix, &hint, &result, data + 1, size - 1);
	hint.is_ended = true;
	(void)classify_prefix(&prefix, &hint, &result);
	assert(result.outcome != CLASSIFY_NOT_YET);
	assert(result.protocol < PROTOCOL_COUNT && result.client_side < 2);
	size_t held[2] = {0, 0};
	for (unsigned i = 0; i < prefix.run_count; i++) {
		held[prefix.runs[i].side] += prefix.runs[i].len;
	}
	assert(held[0] == prefix.len[0] && held[1] == prefix.len[1]);
	return 0;
}
