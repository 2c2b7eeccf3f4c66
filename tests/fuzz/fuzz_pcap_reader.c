/*
 * tests/fuzz/fuzz_pcap_reader - any bytes as a capture file, read to their end.
 */
#include "capture/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const char *name)
{
	struct reason why;
	const char *const names[2] = {name, name};
	struct source *source =
		source_open_files(names, 2, &why); /* merged with itself */
	if (!source) {
		return;
	}
	struct frame frame;
	volatile uint8_t sum = 0;
	while (source_next(source, &frame, &why) == SOURCE_FRAME) {
		if (frame.wire_len < frame.captured_len) {
			abort();
		}
		for (uint32_t i = 0; i < frame.captured_len; i++) {
			sum ^= frame.bytes[i];
		}
	}
	source_close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int fd = memfd_create("capture", 0);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		abort();
	}
	char name[64];
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	read_all(name);
	(void)close(fd);
	return 0;
}
