#include "analyze/tls.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_context context; /* one slot, which both sides want */

/*
 * The input is a list of steps: one byte (bit 7: way, bit 6: gap, the rest: how many bytes
 * follow, from 48 on in steps of 64), then those bytes.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reason why;
	if (!context.handshakes.slots && !tls_context_init(&context, 1, &why)) {
		abort();
	}
	struct tls_session session = {0};
	struct facts facts = {0};
	while (size > 0) {
		const enum direction way =
			data[0] & 0x80 ? DIRECTION_TO_CLIENT : DIRECTION_TO_SERVER;
		const bool is_gap = data[0] & 0x40;
		size_t len = data[0] & 0x3f;
		len = len >= 0x30 ? (len - 0x2f) * 64 : len;
		data++;
		size--;
		if (is_gap) {
			tls_session_gap(&session, way, len);
			continue;
		}
		len = len < size ? len : size;
		uint8_t *copy = malloc(len > 0 ? len : 1);
		if (!copy) {
			abort();
		}
		memcpy(copy, data, len);
		(void)tls_session_bytes(
			&context, &session, &facts, way, (struct text){copy, len});
		free(copy);
		data += len;
		size -= len;
	}
	tls_session_release(&context, &session);
	if (context.handshakes.used != 0) {
		abort();
	}
	return 0;
}
