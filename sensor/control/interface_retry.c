#include "control/interface_retry.h"

#include "base/log.h"

#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_FIRST_US UINT64_C(60000000)
#define PAUSE_MAX_US   UINT64_C(3600000000)

/* Number of an interface that is up; 0: none of that name, or it is down. */
static unsigned index_if_up(int any_socket, const char *interface)
{
	struct ifreq request = {.ifr_flags = 0};
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(any_socket, SIOCGIFFLAGS, &request) != 0 ||
		(request.ifr_flags & IFF_UP) == 0 ||
		ioctl(any_socket, SIOCGIFINDEX, &request) != 0) {
		return 0;
	}
	return (unsigned)request.ifr_ifindex;
}

bool interface_is_down(const char *interface)
{
	const int any_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const bool is_down = any_socket >= 0 && if_nametoindex(interface) != 0 &&
			     index_if_up(any_socket, interface) == 0;
	if (any_socket >= 0) {
		(void)close(any_socket);
	}
	return is_down;
}

/* It may have come up while no worker ran, so a change is kept until it is used. */
static void see(struct interface_retry *retry, unsigned index)
{
	if (index != 0 && (!retry->was_up || index != retry->index)) {
		retry->is_changed = true;
	}
	retry->was_up = index != 0;
}

/* The number stays: one made anew in place of this may be up before the worker says so. */
static void see_watched(struct interface_retry *retry, unsigned index)
{
	if (retry->index == 0 || retry->again_us != 0) {
		retry->index = index;
	}
	retry->is_changed = false;
	retry->again_us = 0;
	retry->pause_us = PAUSE_FIRST_US;
}

/* Of one that is left out: is it time to try it? */
static bool is_due(struct interface_retry *retry, unsigned index, uint64_t now_us)
{
	if (retry->again_us == 0) {
		retry->again_us = now_us + PAUSE_FIRST_US;
		retry->pause_us = PAUSE_FIRST_US;
	}
	if (index == 0 || (!retry->is_changed && now_us < retry->again_us)) {
		return false;
	}
	retry->pause_us = retry->is_changed ? PAUSE_FIRST_US : retry->pause_us * 2;
	if (retry->pause_us > PAUSE_MAX_US) {
		retry->pause_us = PAUSE_MAX_US;
	}
	retry->index = index;
	retry->again_us = now_us + retry->pause_us;
	return true;
}

static void log_new_start(const char *process, const char *name, bool is_changed)
{
	log_line(LOG_LEVEL_NOTICE, process,
		is_changed ? "%s is back: starting again to take it"
			   : "%s could not be opened: starting again to try it",
		name);
}

/* All interfaces of one worker; true when it has to start anew for one of them. */
static bool look_at(struct interface_retry *list, const struct sensor *sensor,
	const struct status_process *status, int any_socket, uint64_t now_us)
{
	const struct settings_list *interfaces = &sensor->settings->interfaces;
	const bool is_running = status->state == STATUS_STATE_RUNNING;
	const uint32_t missing = status->interfaces_missing;
	const uint32_t down = status->interfaces_down;
	bool is_any_due = false;
	for (size_t i = 0; i < interfaces->count; i++) {
		struct interface_retry *retry = &list[i];
		const unsigned index = index_if_up(any_socket, interfaces->values[i]);
		see(retry, index);
		if (index != 0 && (missing & down) >> i & 1) { /* was, when left out */
			retry->is_changed = true;
		}
		if (is_running && (missing >> i & 1) == 0) {
			see_watched(retry, index);
		} else if (is_running && is_due(retry, index, now_us)) {
			log_new_start(
				status->name, interfaces->values[i], retry->is_changed);
			retry->is_changed = false;
			is_any_due = true;
		}
	}
	return is_any_due;
}

void interface_retries_look(
	struct interface_retries *retries, struct processes *processes, uint64_t now_us)
{
	const struct sensor *sensor = processes->sensor;
	const int any_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (any_socket < 0) {
		return;
	}
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		struct process *process = &processes->list[i];
		struct interface_retry *list = retries->list[i - SENSOR_WORKERS];
		if (process->pid > 0 && process->is_wanted && !process->is_renewed &&
			look_at(list, sensor, sensor_process(sensor, i), any_socket,
				now_us)) {
			process_renew(process);
		}
	}
	(void)close(any_socket);
}
