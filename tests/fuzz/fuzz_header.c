/* A message header: cut in two anywhere it teaches what it teaches whole. */
#include "analyze/header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_piece(
	struct header *header, struct facts *facts, const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1);
	if (exact == NULL) {
		abort();
	}
	memcpy(exact, data, size);
	header_bytes(header, facts, (struct text){exact, size});
	free(exact);
}

/* First byte: bit 0, dots are stuffed; the rest, where the second run is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct facts whole;
	static struct facts cut;
	struct header header;
	if (size == 0) {
		return 0;
	}
	const bool is_stuffed = data[0] & 1;
	const size_t at = (size_t)(data[0] >> 1) < size - 1 ? data[0] >> 1 : size - 1;
	memset(&whole, 0, sizeof(whole));
	memset(&cut, 0, sizeof(cut));
	header_start(&header, is_stuffed, true);
	read_piece(&header, &whole, data + 1, size - 1);
	header_end(&header, &whole);
	header_start(&header, is_stuffed, true);
	read_piece(&header, &cut, data + 1, at);
	read_piece(&header, &cut, data + 1 + at, size - 1 - at);
	header_end(&header, &cut);
	if (memcmp(&whole.headers, &cut.headers, sizeof(whole.headers)) != 0) {
		abort();
	}
	return 0;
}
