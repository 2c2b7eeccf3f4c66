#include "control/record_writer.h"

#include <inttypes.h>
#include <stdio_ext.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool record_writer_start(struct record_writer *records, const struct sensor *sensor,
	unsigned place, struct reason *why)
{
	records->ring = &sensor->rings[place];
	records->lessons = place >= SENSOR_WORKERS && place < sensor->workers_end
				   ? &sensor->told[place - SENSOR_WORKERS]
				   : NULL;
	records->feed = records->lessons && sensor->workers_end - SENSOR_WORKERS > 1
				? &sensor->feeds[place - SENSOR_WORKERS]
				: NULL;
	records->process = sensor_process(sensor, place);
	records->wake = sensor->wake;
	records->naps = 0;
	/* a process that is restarted counts its events anew: its start is in the id */
	(void)snprintf(records->prefix, sizeof(records->prefix),
		"%s-%" PRIx64 ".%u.%" PRIu64, sensor->host, sensor->boot_us, place,
		(uint64_t)records->process->restarts);
	records->stream = fmemopen(records->bytes, sizeof(records->bytes), "w");
	if (!records->stream) {
		return reason_set(why, "no memory for records");
	}
	/* ours alone: a lock for each piece of a record would cost as much as the piece */
	(void)__fsetlocking(records->stream, FSETLOCKING_BYCALLER);
	return true;
}

FILE *record_writer_begin(struct record_writer *records)
{
	rewind(records->stream);
	return records->stream;
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

static void wait_for_room(
	struct record_writer *records, const struct ring *ring, size_t len)
{
	for (; records->naps > 0; records->naps--) {
		if (ring_waiting(ring) + len <= ring->capacity) {
			break;
		}
		const struct timespec nap = {.tv_nsec = 10000000};
		(void)nanosleep(&nap, NULL);
	}
}

static bool put_into_ring(
	struct record_writer *records, size_t len, enum severity severity)
{
	const struct ring *ring = records->ring;
	const size_t spare = spare_for(severity, ring->capacity);
	wait_for_room(records, ring, len + spare);
	return ring_put(ring, records->bytes, len, spare);
}

bool record_writer_end(struct record_writer *records, enum severity severity)
{
	const bool is_whole = fflush(records->stream) == 0 && !ferror(records->stream);
	const long len = ftell(records->stream);
	clearerr(records->stream);
	if (!is_whole || len <= 0 || len >= RECORD_WRITER_BYTES ||
		!put_into_ring(records, (size_t)len, severity)) {
		records->process->refused++;
		return false;
	}
	if (ring_waiting(records->ring) <= (size_t)len) {
		const uint64_t one = 1;
		/* full: the reporter was woken a thousand times already */
		(void)!write(records->wake, &one, sizeof(one));
	}
	return true;
}

static void give(const struct record_writer *records, const struct lesson *lesson)
{
	uint64_t words[LESSON_WORDS];
	_Static_assert(sizeof(words) == sizeof(*lesson), "whole words");
	memcpy(words, lesson, sizeof(words));
	if (records->feed) {
		feed_put(records->feed, words);
	}
}

void record_writer_lesson(
	struct record_writer *records, const struct ledger_lesson *lesson)
{
	struct lesson told;
	memset(&told, 0, sizeof(told));
	told.server = *lesson;
	give(records, &told);
	wait_for_room(records, records->lessons, sizeof(told));
	(void)ring_put(records->lessons, &told, sizeof(told), 0); /* it counts */
}

void record_writer_name(
	struct record_writer *records, const struct names_lesson *lesson)
{
	struct lesson told;
	memset(&told, 0, sizeof(told));
	told.kind = LESSON_NAME;
	told.name = *lesson;
	give(records, &told);
	if (lesson->is_declared && lesson->lead == 0) {
		(void)ring_put(/* it counts */
			records->lessons, &told, sizeof(told), 0);
	}
}

void record_writer_moved(
	struct record_writer *records, const struct structure_lesson *lesson)
{
	struct lesson told;
	memset(&told, 0, sizeof(told));
	told.kind = LESSON_MOVED;
	told.moved = *lesson;
	give(records, &told);
}

void record_writer_folded(
	struct record_writer *records, const struct fold_lesson *lesson)
{
	struct lesson told;
	memset(&told, 0, sizeof(told));
	told.kind = LESSON_FOLDED;
	told.folded = *lesson;
	give(records, &told);
}
