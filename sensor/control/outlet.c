#include "control/outlet.h"

#include <inttypes.h>
#include <stdio_ext.h>
#include <time.h>
#include <unistd.h>

bool outlet_start(struct outlet *outlet, const struct sensor *sensor, unsigned place,
	struct reason *why)
{
	outlet->ring = &sensor->rings[place];
	outlet->lessons = place >= SENSOR_WORKERS && place < sensor->workers_end
				  ? &sensor->told[place - SENSOR_WORKERS]
				  : NULL;
	outlet->process = sensor_process(sensor, place);
	outlet->wake = sensor->wake;
	outlet->naps = 0;
	/* a process that is restarted counts its events anew: its start is in the id */
	(void)snprintf(outlet->prefix, sizeof(outlet->prefix),
		"%s-%" PRIx64 ".%u.%" PRIu64, sensor->host, sensor->boot_us, place,
		(uint64_t)outlet->process->restarts);
	outlet->stream = fmemopen(outlet->bytes, sizeof(outlet->bytes), "w");
	if (!outlet->stream) {
		return reason_set(why, "no memory for records");
	}
	/* ours alone: a lock for each piece of a record would cost as much as the piece */
	(void)__fsetlocking(outlet->stream, FSETLOCKING_BYCALLER);
	return true;
}

FILE *outlet_begin(struct outlet *outlet)
{
	rewind(outlet->stream);
	return outlet->stream;
}

/* Room left for what matters more. */
static size_t spare_for(enum severity severity, size_t capacity)
{
	switch (severity) {
	case SEVERITY_CRITICAL:
	case SEVERITY_HIGH:
		return 0;
	case SEVERITY_MEDIUM:
		return capacity / 8;
	case SEVERITY_LOW:
		return capacity / 4;
	case SEVERITY_NONE:
		break;
	}
	return capacity / 2;
}

static void wait_for_room(struct outlet *outlet, const struct ring *ring, size_t len)
{
	for (; outlet->naps > 0; outlet->naps--) {
		if (ring_waiting(ring) + len <= ring->capacity) {
			break;
		}
		const struct timespec nap = {.tv_nsec = 10000000};
		(void)nanosleep(&nap, NULL);
	}
}

static bool put_into_ring(struct outlet *outlet, size_t len, enum severity severity)
{
	const struct ring *ring = outlet->ring;
	const size_t spare = spare_for(severity, ring->capacity);
	wait_for_room(outlet, ring, len + spare);
	return ring_put(ring, outlet->bytes, len, spare);
}

bool outlet_end(struct outlet *outlet, enum severity severity)
{
	const bool is_whole = fflush(outlet->stream) == 0 && !ferror(outlet->stream);
	const long len = ftell(outlet->stream);
	clearerr(outlet->stream);
	if (!is_whole || len <= 0 || len >= OUTLET_RECORD_BYTES ||
		!put_into_ring(outlet, (size_t)len, severity)) {
		outlet->process->refused++;
		return false;
	}
	if (ring_waiting(outlet->ring) <= (size_t)len) {
		const uint64_t one = 1;
		/* full: the reporter was woken a thousand times already */
		(void)!write(outlet->wake, &one, sizeof(one));
	}
	return true;
}

void outlet_lesson(struct outlet *outlet, const struct ledger_lesson *lesson)
{
	wait_for_room(outlet, outlet->lessons, sizeof(*lesson));
	(void)ring_put(outlet->lessons, lesson, sizeof(*lesson), 0); /* it counts */
}
