#include "control/links.h"

#include "base/log.h"

#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_up(int any_socket, const char *interface)
{
	struct ifreq request = {.ifr_flags = 0};
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	return ioctl(any_socket, SIOCGIFFLAGS, &request) == 0 &&
	       (request.ifr_flags & IFF_UP) != 0;
}

/* Name of one that is missing and up, or NULL. */
static const char *find_returned(
	int any_socket, const struct settings *settings, uint32_t missing)
{
	for (size_t i = 0; i < settings->interfaces.count; i++) {
		if ((missing >> i & 1) != 0 &&
			is_up(any_socket, settings->interfaces.values[i])) {
			return settings->interfaces.values[i];
		}
	}
	return NULL;
}

static void look_at(
	const struct sensor *sensor, const struct process *process, unsigned place)
{
	const struct status_process *status = sensor_process(sensor, place);
	const int any_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (any_socket < 0) {
		return;
	}
	const char *name = find_returned(any_socket, sensor->settings, status->missing);
	(void)close(any_socket);
	if (name) {
		log_line(LOG_LEVEL_NOTICE, status->name,
			"%s is back: starting again to take it", name);
		(void)kill(process->pid, SIGTERM);
	}
}

void links_look(const struct processes *processes)
{
	const struct sensor *sensor = processes->sensor;
	for (unsigned i = SENSOR_WORKERS; i < sensor->process_count; i++) {
		const struct process *process = &processes->list[i];
		const struct status_process *status = sensor_process(sensor, i);
		if (process->pid > 0 && status->state == STATUS_STATE_RUNNING &&
			status->missing != 0) {
			look_at(sensor, process, i);
		}
	}
}
