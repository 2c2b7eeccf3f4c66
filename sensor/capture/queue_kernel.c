#include "capture/queue.h"

#include <stdlib.h>
#include <string.h>

/* The columns of /proc/net/netfilter/nfnetlink_queue (Linux, nfnetlink_queue.c). */
enum column {
	COLUMN_NUMBER = 0,
	COLUMN_PORT,
	COLUMN_WAITING,
	COLUMN_COPY_MODE,
	COLUMN_COPY_RANGE,
	COLUMN_DROPPED_FULL,
	COLUMN_DROPPED_SOCKET,
	COLUMN_SEQUENCE,
	COLUMN_COUNT
};

static bool read_line(const char *line, uint64_t columns[COLUMN_COUNT])
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		char *end = NULL;
		columns[i] = strtoull(line, &end, 10);
		if (end == line) {
			return false;
		}
		line = end;
	}
	return true;
}

bool queue_kernel_counters_read(
	const char *text, uint16_t number, struct queue_kernel_counters *counters)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		uint64_t columns[COLUMN_COUNT];
		line += *line == '\n';
		if (read_line(line, columns) && columns[COLUMN_NUMBER] == number) {
			*counters = (struct queue_kernel_counters){
				.port = (int64_t)columns[COLUMN_PORT],
				.waiting = columns[COLUMN_WAITING],
				.dropped_full = columns[COLUMN_DROPPED_FULL],
				.dropped_socket = columns[COLUMN_DROPPED_SOCKET],
				.sequence = columns[COLUMN_SEQUENCE],
			};
			return true;
		}
	}
	return false;
}
