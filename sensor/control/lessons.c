#include "control/lessons.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/record_writer.h"
#include "engine/engine.h"
#include "report/servers_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES   ((size_t)256 * 1024)
#define FEED_ITEMS   ((size_t)4096)
#define SAVE_US      UINT64_C(60000000)
#define WARN_US      UINT64_C(60000000)
#define AT_ONCE      64 /* lessons */
#define ROUNDS       (RING_BYTES / (AT_ONCE * sizeof(struct lesson)) + 1)
#define SHORT_NAP_US 200
#define NAP_US       1000
#define NAPS_AT_END  300
#define TURNS_MOST   10 /* in so long: */
#define TURNS_US     UINT64_C(10000)
#define SLACK_US     UINT64_C(2000)
#define BROKEN_FILE  LESSONS_FILE ".broken"

static unsigned worker_count(const struct sensor *sensor)
{
	return sensor->workers_end - SENSOR_WORKERS;
}

static void *map_shared(size_t size)
{
	void *memory = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

bool lessons_make_rings(struct sensor *sensor, struct reason *why)
{
	const size_t size = (ring_size(RING_BYTES) + 4095) & ~(size_t)4095;
	const size_t feed = feed_size(LESSON_WORDS, FEED_ITEMS);
	const unsigned workers = worker_count(sensor);
	unsigned char *rings = map_shared(2 * size * workers);
	unsigned char *feeds = map_shared(feed * workers);
	sensor->ceiling = map_shared(sizeof(*sensor->ceiling));
	sensor->record_rate = map_shared(sizeof(*sensor->record_rate));
	if (!rings || !feeds || !sensor->ceiling || !sensor->record_rate) {
		return reason_set(why, "no memory for lessons: %s", strerror(errno));
	}
	if (getrandom(&sensor->seed, sizeof(sensor->seed), 0) != sizeof(sensor->seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	for (unsigned i = 0; i < workers; i++) {
		sensor->told[i] = ring_init(rings + 2 * size * i, RING_BYTES);
		sensor->heard[i] = ring_init(rings + 2 * size * i + size, RING_BYTES);
		sensor->feeds[i] =
			feed_init(feeds + feed * i, LESSON_WORDS, FEED_ITEMS);
	}
	return true;
}

void lessons_recall(const struct sensor *sensor, struct ledger *ledger)
{
	struct reason why = {.text = ""};
	switch (servers_load_at(ledger, sensor->state_directory, LESSONS_FILE, &why)) {
	case SERVERS_OK:
	case SERVERS_MISSING:
		break;
	case SERVERS_BROKEN:
	case SERVERS_UNREADABLE:
		log_line(LOG_LEVEL_WARNING, "worker", "%s", why.text);
		break;
	}
}

uint64_t lessons_lost(const struct lessons_listener *listener)
{
	const struct sensor *sensor = listener->sensor;
	const unsigned own = listener->place - SENSOR_WORKERS;
	uint64_t lost = ring_refused(&sensor->told[own]) +
			ring_refused(&sensor->heard[own]) + listener->faults;
	for (unsigned i = 0; i < worker_count(sensor); i++) {
		lost += listener->readers[i].missed;
	}
	return lost;
}

/* Whole lessons from a ring; what is none of that size was written by nobody of ours. */
static size_t take_whole(const struct ring *ring, struct lesson list[AT_ONCE])
{
	const size_t len = ring_peek(ring, list, AT_ONCE * sizeof(*list));
	const size_t count = len / sizeof(*list);
	ring_done(ring, count > 0 ? count * sizeof(*list) : len);
	return count;
}

static bool is_sound(const struct lesson *lesson)
{
	switch (lesson->kind) {
	case LESSON_SERVER:
		return ledger_lesson_is_sound(&lesson->server);
	case LESSON_NAME:
		return names_lesson_is_sound(&lesson->name);
	case LESSON_MOVED:
		return structure_lesson_is_sound(&lesson->moved);
	case LESSON_FOLDED:
		return fold_lesson_is_sound(&lesson->folded);
	default:
		return lesson->kind == LESSON_ASKED;
	}
}

void lessons_ask(const struct sensor *sensor, unsigned place)
{
	const struct lesson asked = {.kind = LESSON_ASKED};
	const uint64_t one = 1;
	(void)ring_put(/* it counts */
		&sensor->told[place - SENSOR_WORKERS], &asked, sizeof(asked), 0);
	(void)!write(
		sensor->wake, &one, sizeof(one)); /* else it looks a little later */
}

void lessons_listen(struct lessons_listener *listener)
{
	for (unsigned i = 0; i < worker_count(listener->sensor); i++) {
		listener->readers[i] = feed_read_from_now(&listener->sensor->feeds[i]);
	}
	/* one that was here before may have come further */
	feed_come_to(&listener->sensor->feeds[listener->place - SENSOR_WORKERS], 0);
}

static void hear(struct lessons_listener *listener, const struct lesson *lesson)
{
	if (!is_sound(lesson)) {
		listener->faults++;
		return;
	}
	switch ((enum lesson_kind)lesson->kind) {
	case LESSON_SERVER:
		ledger_learn(listener->ledger, &lesson->server);
		break;
	case LESSON_NAME:
		names_learn(listener->names, &lesson->name);
		break;
	case LESSON_MOVED:
		structure_hear(listener->structure, &lesson->moved);
		break;
	case LESSON_FOLDED:
		listener->folded(listener->context, &lesson->folded);
		break;
	case LESSON_ASKED:
		break;
	}
}

static void hear_feed(struct lessons_listener *listener, unsigned worker)
{
	const struct feed *feed = &listener->sensor->feeds[worker];
	uint64_t words[LESSON_WORDS];
	struct lesson lesson;
	for (size_t i = 0; i < FEED_ITEMS; i++) {
		if (!feed_take(feed, &listener->readers[worker], words)) {
			return;
		}
		memcpy(&lesson, words, sizeof(lesson));
		hear(listener, &lesson);
	}
}

void lessons_hear(struct lessons_listener *listener)
{
	const unsigned own = listener->place - SENSOR_WORKERS;
	const struct ring *ring = &listener->sensor->heard[own];
	for (unsigned i = 0; i < worker_count(listener->sensor); i++) {
		if (i != own) {
			hear_feed(listener, i);
		}
	}
	if (ring_waiting(ring) > 0) {
		struct lesson list[AT_ONCE];
		const size_t count = take_whole(ring, list);
		for (size_t i = 0; i < count; i++) {
			hear(listener, &list[i]);
		}
	}
}

void lessons_come_to(struct lessons_listener *listener, uint64_t moment_us)
{
	if (moment_us > listener->moment_us) {
		listener->moment_us = moment_us;
		feed_come_to(&listener->sensor->feeds[listener->place - SENSOR_WORKERS],
			moment_us);
	}
}

/* The earliest moment of the others that run, or also of those that are about to end. */
static uint64_t moment_of_others(
	const struct lessons_listener *listener, bool is_with_draining)
{
	const struct sensor *sensor = listener->sensor;
	uint64_t come_us = UINT64_MAX;
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		const uint32_t state = sensor_process(sensor, i)->state;
		if (i == listener->place ||
			(state != STATUS_STATE_RUNNING &&
				!(is_with_draining &&
					state == STATUS_STATE_DRAINING))) {
			continue;
		}
		const uint64_t one_us = feed_moment(&sensor->feeds[i - SENSOR_WORKERS]);
		come_us = one_us < come_us ? one_us : come_us;
	}
	return come_us;
}

static bool have_come(struct lessons_listener *listener, uint64_t moment_us)
{
	if (moment_us <= listener->come_us) {
		return true;
	}
	const uint64_t come_us = moment_of_others(listener, false);
	/* none runs now: nothing is known for good */
	listener->come_us = come_us == UINT64_MAX ? 0 : come_us;
	return moment_us <= come_us;
}

static void nap(struct lessons_listener *listener, uint64_t length_us)
{
	const struct timespec length = {.tv_nsec = (long)length_us * 1000};
	lessons_hear(listener);
	(void)nanosleep(&length, NULL);
}

/*
 * Where many flows are judged at once, taking turns for each costs more than judging: who
 * waited so often lately is content with those that are nearly there.
 */
static uint64_t enough(struct lessons_listener *listener, uint64_t moment_us)
{
	if (moment_us - listener->window_us >= TURNS_US) {
		listener->window_us = moment_us;
		listener->turns = 0;
	}
	return listener->turns < TURNS_MOST ? moment_us : moment_us - SLACK_US;
}

void lessons_await(
	struct lessons_listener *listener, uint64_t moment_us, uint64_t patience_us)
{
	const uint64_t enough_us = enough(listener, moment_us);
	uint64_t waited_us =
		0; /* bounded whatever becomes of the real time meanwhile */
	lessons_come_to(listener, moment_us);
	while (!have_come(listener, enough_us)) {
		if (waited_us >= patience_us ||
			clock_realtime_us() >= moment_us + patience_us) {
			listener->alone++;
			break;
		}
		const uint64_t length_us = waited_us < NAP_US ? SHORT_NAP_US : NAP_US;
		nap(listener, length_us);
		waited_us += length_us;
	}
	listener->turns += waited_us > 0;
	lessons_hear(listener);
}

void lessons_await_end(struct lessons_listener *listener)
{
	lessons_come_to(listener, UINT64_MAX);
	for (unsigned i = 0; i < NAPS_AT_END; i++) {
		if (moment_of_others(listener, true) == UINT64_MAX) {
			break;
		}
		nap(listener, NAP_US);
	}
	lessons_hear(listener);
}

bool lessons_start(
	struct lessons *lessons, const struct sensor *sensor, struct reason *why)
{
	struct hash_seed seed;
	const int directory = sensor->state_directory;
	*lessons = (struct lessons){.sensor = sensor};
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	lessons->names = calloc(LESSONS_NAMES, sizeof(*lessons->names));
	if (!lessons->names) {
		return reason_set(why, "no memory for names");
	}
	lessons->ledger = ledger_new(ENGINE_LEDGER_SERVERS, seed, why);
	if (!lessons->ledger) {
		free(lessons->names);
		return false;
	}
	lessons->seed = seed;
	for (unsigned i = 0; i < STATUS_WORKERS_MAX; i++) {
		lessons->next[i] = LESSONS_NAMES;
	}
	switch (servers_load_at(lessons->ledger, directory, LESSONS_FILE, why)) {
	case SERVERS_OK:
	case SERVERS_MISSING:
		break;
	case SERVERS_BROKEN:
		log_line(LOG_LEVEL_ERROR, "reporter",
			"%s; what stands before is used, the file is now " BROKEN_FILE,
			why->text);
		if (renameat(directory, LESSONS_FILE, directory, BROKEN_FILE) != 0) {
			return reason_set(why, BROKEN_FILE ": %s", strerror(errno));
		}
		lessons->is_changed = true;
		break;
	case SERVERS_UNREADABLE:
		ledger_free(lessons->ledger);
		free(lessons->names);
		return false;
	}
	return true;
}

/* Said once a minute, counted always. */
static void tell_fault(struct lessons *lessons, uint64_t now_us, const char *what)
{
	lessons->faults++;
	if (now_us >= lessons->warn_us) {
		lessons->warn_us = now_us + WARN_US;
		log_line(LOG_LEVEL_ERROR, "reporter", "%s", what);
	}
}

/* Of a sound one: the newest of its address and name. */
static void keep_name(struct lessons *lessons, const struct names_lesson *lesson)
{
	uint64_t words[(sizeof(lesson->address) + sizeof(lesson->name)) / 8] = {0};
	memcpy(words, &lesson->address, sizeof(lesson->address));
	memcpy((char *)words + sizeof(lesson->address), lesson->name,
		strlen(lesson->name));
	const uint64_t hash =
		hash_words(&lessons->seed, words, sizeof(words) / sizeof(words[0]));
	lessons->names[hash % LESSONS_NAMES] = *lesson;
}

/* To who asked: as many as leave half of his ring to what is new. */
static void tell_names(struct lessons *lessons, unsigned worker)
{
	const struct ring *ring = &lessons->sensor->heard[worker];
	uint32_t *next = &lessons->next[worker];
	/* LESSONS_NAMES steps */
	for (; *next < LESSONS_NAMES && ring_waiting(ring) < RING_BYTES / 2;
		(*next)++) {
		const struct lesson told = {
			.kind = LESSON_NAME, .name = lessons->names[*next]};
		if (told.name.name[0] != '\0') {
			(void)ring_put(ring, &told, sizeof(told), 0); /* it counts */
		}
	}
}

static void take_lesson(
	struct lessons *lessons, unsigned worker, const struct lesson *lesson)
{
	if (lesson->kind == LESSON_ASKED) {
		lessons->next[worker] = 0;
		return;
	}
	if (lesson->kind == LESSON_NAME && lesson->name.is_declared) {
		keep_name(lessons, &lesson->name);
	} else if (lesson->kind == LESSON_SERVER) {
		ledger_learn(lessons->ledger, &lesson->server);
		lessons->is_changed = true;
	}
}

/* False: nothing waited. */
static bool take_some(struct lessons *lessons, unsigned worker, uint64_t now_us)
{
	struct lesson list[AT_ONCE];
	const struct sensor *sensor = lessons->sensor;
	const size_t count = take_whole(&sensor->told[worker], list);
	for (size_t i = 0; i < count; i++) {
		if (!is_sound(&list[i])) {
			tell_fault(lessons, now_us, "a worker sent what is no lesson");
			continue;
		}
		take_lesson(lessons, worker, &list[i]);
	}
	return count > 0;
}

static void take_all(struct lessons *lessons, uint64_t now_us)
{
	for (unsigned i = 0; i < worker_count(lessons->sensor); i++) {
		for (size_t at = 0; at < ROUNDS && take_some(lessons, i, now_us);
			at++) {
		}
		tell_names(lessons, i);
	}
}

static void save(struct lessons *lessons, uint64_t now_us)
{
	struct reason why = {.text = ""};
	if (!lessons->is_changed) {
		return;
	}
	lessons->save_us = now_us + SAVE_US;
	if (servers_save_at(lessons->ledger, lessons->sensor->state_directory,
		    LESSONS_FILE, &why)) {
		lessons->is_changed = false;
	} else {
		tell_fault(lessons, now_us, why.text);
	}
}

void lessons_take(struct lessons *lessons, uint64_t now_us)
{
	take_all(lessons, now_us);
	if (now_us >= lessons->save_us) {
		save(lessons, now_us);
	}
}

void lessons_end(struct lessons *lessons)
{
	take_all(lessons, lessons->warn_us);
	save(lessons, lessons->warn_us);
	ledger_free(lessons->ledger);
	lessons->ledger = NULL;
	free(lessons->names);
	lessons->names = NULL;
}
