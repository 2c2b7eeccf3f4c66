#include "control/queues.h"

#include "base/log.h"
#include "capture/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 96 /* numbers in nine columns */

/* Below the process's own directory, where a mount may show nothing else of proc(5). */
static const char KERNEL_LIST[] = "/proc/self/net/netfilter/nfnetlink_queue";

static bool is_open(struct queues *queues)
{
	if (queues->file == 0) {
		queues->file = open(KERNEL_LIST, O_RDONLY | O_CLOEXEC);
		if (queues->file < 0) {
			log_line(LOG_LEVEL_WARNING, "supervisor",
				"a full queue cannot be told of: %s: %s", KERNEL_LIST,
				strerror(errno));
		}
	}
	return queues->file > 0;
}

static void tell(const struct sensor *sensor, unsigned place, const char *text)
{
	const struct settings *settings = sensor->settings;
	struct status_process *process = sensor_process(sensor, place);
	struct queue_kernel_counters counters;
	const uint16_t number = settings_queue(settings, place - SENSOR_WORKERS);
	if (queue_kernel_counters_read(text, number, &counters)) {
		process->waiting = counters.waiting;
		process->queue_full += counters.waiting >= settings->queue_length;
	} else { /* nobody listens: it does not exist */
		process->waiting = 0;
	}
}

void queues_look(struct queues *queues, const struct sensor *sensor)
{
	char text[STATUS_WORKERS_MAX * LINE_BYTES];
	if (sensor->settings->queues.count == 0 || !is_open(queues)) {
		return;
	}
	const ssize_t len = pread(queues->file, text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	for (unsigned i = SENSOR_WORKERS; i < sensor->process_count; i++) {
		tell(sensor, i, text);
	}
}
