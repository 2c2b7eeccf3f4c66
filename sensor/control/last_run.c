#include "control/last_run.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#define PATIENCE_US UINT64_C(6000000) /* a little more than they take to drain */
#define LAST_US     UINT64_C(7000000) /* then they were killed for a second */
#define NAP_MS      20
#define HUNG_US     UINT64_C(300000) /* three beats of a worker's heart */
#define SECOND_US   UINT64_C(1000000)

/* It may have been killed, and nobody was left to note it. */
static void note_gone(struct status_process *process)
{
	if (process->state != STATUS_STATE_FAILED) {
		process->state = STATUS_STATE_ENDED;
	}
}

/*
 * Who is left holds its place: no number out of a file is trusted, however old it is. The
 * reporter among them waits for workers as long as the page has them.
 */
static unsigned left_of(struct status_page *page, int lock, int signal)
{
	unsigned count = 0;
	for (unsigned i = 1; i < STATUS_PROCESSES_MAX; i++) {
		const pid_t pid = status_holder(lock, i);
		if (pid > 1) {
			count++;
			(void)kill(pid, signal);
		} else {
			note_gone(&page->processes[i]);
		}
	}
	return count;
}

/*
 * Whether it hangs with a queue of packets that nobody else can have; one that drains
 * left it first. beat: as it was when the waiting began.
 */
static bool is_in_the_way(const struct status_process *process, uint64_t beat)
{
	static const char QUEUE[] = "queue ";
	return memcmp(process->source, QUEUE, strlen(QUEUE)) == 0 &&
	       (process->state == STATUS_STATE_RUNNING ||
		       process->state == STATUS_STATE_STARTING) &&
	       process->heartbeat == beat;
}

static void note_beats(
	const struct status_page *page, uint64_t beats[STATUS_PROCESSES_MAX])
{
	for (unsigned i = 1; i < STATUS_PROCESSES_MAX; i++) {
		beats[i] = page->processes[i].heartbeat;
	}
}

static void end_hung(const struct status_page *page, int lock,
	const uint64_t beats[STATUS_PROCESSES_MAX])
{
	for (unsigned i = 1; i < STATUS_PROCESSES_MAX; i++) {
		const pid_t pid = is_in_the_way(&page->processes[i], beats[i])
					  ? status_holder(lock, i)
					  : 0;
		if (pid > 1) {
			(void)kill(pid, SIGKILL);
		}
	}
}

static void wait_for_processes(struct status_page *page, int lock)
{
	const uint64_t start_us = clock_monotonic_us();
	uint64_t beats[STATUS_PROCESSES_MAX];
	/* as a service manager does: who was stopped reports what it has */
	unsigned count = left_of(page, lock, SIGCONT);
	note_beats(page, beats);
	if (count > 0) {
		log_line(LOG_LEVEL_NOTICE, "supervisor",
			"waiting for %u processes of the sensor before", count);
	}
	while (count > 0) {
		const uint64_t waited_us = clock_monotonic_us() - start_us;
		if (waited_us >= LAST_US) {
			break;
		}
		(void)poll(NULL, 0, NAP_MS);
		if (waited_us >= HUNG_US) {
			end_hung(page, lock, beats);
		}
		count = left_of(page, lock, waited_us >= PATIENCE_US ? SIGKILL : 0);
	}
}

struct last_run last_run_leave(struct status_page *page, int lock)
{
	wait_for_processes(page, lock);
	return (struct last_run){
		.is_cut_off = page->started_us != 0 && page->end == STATUS_END_NONE,
		.pid = page->pid,
		.alive_us = page->alive_us,
		.unwritten = page->unwritten,
		.endings_told = page->endings_told};
}

void last_run_tell(struct last_run *last, struct health *health)
{
	const uint64_t now_us = clock_realtime_us();
	if (last->is_cut_off) {
		health_alert(health, FINDING_SENSOR_CUT_OFF, SENSOR_SUPERVISOR,
			"the sensor before (process %d) was killed, crashed or fell "
			"with the machine; it last worked %" PRIu64 " s ago",
			last->pid,
			now_us > last->alive_us ? (now_us - last->alive_us) / SECOND_US
						: 0);
	}
	if (last->unwritten > 0) {
		health_alert(health, FINDING_SENSOR_JOURNAL_BOUND, SENSOR_REPORTER,
			"%" PRIu64
			" bytes of records of the sensor before (process %d) were lost "
			"when it ended: its journal took none",
			last->unwritten, last->pid);
	}
	last->is_told = true;
}

uint64_t last_run_note_unwritten(const struct sensor *sensor)
{
	uint64_t bytes = 0;
	for (unsigned i = 0; i < sensor->workers_end; i++) {
		bytes += ring_waiting(&sensor->rings[i]);
	}
	sensor->page->unwritten = bytes;
	if (bytes > 0) {
		log_line(LOG_LEVEL_ERROR, "reporter",
			"%" PRIu64
			" bytes of records are lost: the sensor ends and its journal "
			"takes none",
			bytes);
	}
	return bytes;
}

uint64_t last_run_end(const struct last_run *last, const struct sensor *sensor)
{
	struct status_page *page = sensor->page;
	if (!page) {
		return 0;
	}
	if (!last->is_told && last->is_cut_off) {
		page->alive_us = last->alive_us;
	} else {
		page->end = STATUS_END_ORDERLY;
	}
	if (!last->is_told) {
		page->unwritten = last->unwritten;
		return 0;
	}
	return last_run_note_unwritten(sensor);
}
