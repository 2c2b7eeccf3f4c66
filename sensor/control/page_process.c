#include "control/page_process.h"

#include "base/clock.h"
#include "base/document.h"
#include "base/log.h"
#include "base/replaced_file.h"
#include "control/child.h"
#include "control/sandbox.h"
#include "journal/journal_reader.h"
#include "observed/kept.h"
#include "observed/observed_file.h"
#include "www/overview.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEAT_MS     200
#define REST_SHARE  9                 /* of the time that a page took */
#define READ_US     UINT64_C(5000000) /* of the journal, for one page */
#define READ_LINES  4096              /* between two looks at the clock */
#define FOLDER_MODE 0750

struct page_process {
	const struct sensor *sensor;
	struct status_process *process;
	struct journal_reader reader;
	struct alerts alerts;
	struct hash_seed seed;
	bool is_behind; /* in the journal */
	bool is_told;   /* that it is not written */
};

void page_process_open_folder(struct sensor *sensor)
{
	const int directory = sensor->state_directory;
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	sensor->www = -1;
	if (!sensor->settings->page.is_wanted) {
		return;
	}
	if (mkdirat(directory, WWW_FOLDER, FOLDER_MODE) != 0 && errno != EEXIST) {
		log_line(LOG_LEVEL_WARNING, "page", "no page: " WWW_FOLDER ": %s",
			strerror(errno));
		return;
	}
	sensor->www = openat(directory, WWW_FOLDER, flags);
	if (sensor->www < 0) {
		log_line(LOG_LEVEL_WARNING, "page", "no page: " WWW_FOLDER ": %s",
			strerror(errno));
	}
}

/*
 * The page is whole or the one before at any moment: it need not be asked whether it is
 * busy. Only the supervisor's word counts (control/child), and the kernel's when it is gone.
 */
static pid_t supervisor;
static void end_at_once(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_pid == supervisor || getppid() != supervisor) {
		_exit(0);
	}
}

static bool take_end(const struct sensor *sensor)
{
	const struct sigaction action = {
		.sa_sigaction = end_at_once, .sa_flags = SA_SIGINFO};
	supervisor = sensor->supervisor;
	return sigaction(SIGTERM, &action, NULL) == 0 &&
	       child_follow_supervisor(sensor, SIGTERM);
}

/* The library takes its seed from the system with the first object. */
static bool start_libraries(struct page_process *self, struct reason *why)
{
	struct document document;
	if (!document_start(&document)) {
		return reason_set(why, "no memory");
	}
	document_free(&document);
	return getrandom(&self->seed, sizeof(self->seed), 0) == sizeof(self->seed) ||
	       reason_set(why, "no random numbers for the hash seed");
}

static bool start_page(struct page_process *self, struct reason *why)
{
	const struct sensor *sensor = self->sensor;
	/* refused at worst: then it takes its share like the others */
	(void)setpriority(PRIO_PROCESS, 0, PRIO_MAX);
	if (!start_libraries(self, why) ||
		!journal_reader_open_to_look(&self->reader, sensor->state_directory,
			JOURNAL_FOLDER, 0, why) ||
		!matrix_store_freeze(sensor->store, why) || !privileges_keep(0, why)) {
		return false;
	}
	if (!take_end(sensor)) {
		return reason_set(why, "the supervisor is gone");
	}
	return sandbox_enter_page(
		sensor->www, sensor->state_directory, self->reader.folder, why);
}

/* What came since the last time; of a long journal as much as there is time for. */
static void read_journal(struct page_process *self, uint64_t since_us)
{
	const uint64_t end_us = clock_monotonic_us() + READ_US;
	struct journal_line line;
	unsigned count = 0;
	self->is_behind = false;
	while (journal_reader_next(&self->reader, &line)) {
		alerts_take(&self->alerts, line.text, line.len, since_us);
		if (++count % READ_LINES != 0) {
			continue;
		}
		self->process->heartbeat++;
		if (clock_monotonic_us() >= end_us) {
			self->is_behind = true;
			break;
		}
	}
	alerts_forget(&self->alerts, since_us);
	alerts_sort(&self->alerts);
}

/*
 * From here on the supervisor knows which matrix this process reads: it loads no other in
 * its place before it is given back, or the process is gone.
 */
static const struct matrix *take_matrix(struct page_process *self)
{
	const struct status_page *page = self->sensor->page;
	do {
		self->process->matrix = page->matrix;
	} while (self->process->matrix != page->matrix);
	return matrix_store_matrix(self->sensor->store, self->process->matrix);
}

static void give_matrix_back(struct page_process *self)
{
	self->process->matrix = 0;
}

struct content {
	const struct overview *overview;
	struct reason *why; /* where there is no memory for it */
};

static bool write_content(FILE *out, const void *what)
{
	const struct content *content = what;
	errno = ENOMEM;
	return overview_write(out, content->overview, content->why);
}

static bool save(struct page_process *self, const struct observed *observed,
	uint64_t now_us, struct reason *why)
{
	const struct sensor *sensor = self->sensor;
	const struct overview_running running = {.status = sensor->page,
		.alerts = &self->alerts,
		.is_behind = self->is_behind};
	const struct overview overview = {.matrix = take_matrix(self),
		.observed = observed,
		.running = &running,
		.now_us = now_us,
		.pairs = sensor->settings->observed_pairs,
		.seed = self->seed,
		.language = sensor->settings->page.language};
	const struct content content = {&overview, why};
	const bool is_saved = replaced_file_save_at(
		sensor->www, WWW_PAGE, write_content, &content, why);
	give_matrix_back(self);
	return is_saved;
}

static bool write_page(struct page_process *self, struct reason *why)
{
	const struct sensor *sensor = self->sensor;
	const uint64_t now_us = clock_realtime_us();
	struct observed *observed =
		observed_new(sensor->settings->observed_pairs, self->seed, why);
	if (!observed) {
		return false;
	}
	const enum observed_file_result read = observed_file_load_at(
		observed, sensor->state_directory, KEPT_FILE, why);
	self->process->heartbeat++;
	const bool is_read = read == OBSERVED_FILE_OK || read == OBSERVED_FILE_MISSING;
	const bool is_saved = is_read && save(self, observed, now_us, why);
	observed_free(observed);
	return is_saved;
}

/* Once, until it is written again. */
static void tell(struct page_process *self, bool is_written, const struct reason *why)
{
	self->process->is_down = !is_written;
	self->process->faults += !is_written;
	if (!is_written && !self->is_told) {
		log_line(LOG_LEVEL_WARNING, "page", "the page is not written: %s",
			why->text);
	} else if (is_written && self->is_told) {
		log_line(LOG_LEVEL_NOTICE, "page", "the page is written again");
	}
	self->is_told = !is_written;
}

static void write_until_told(struct page_process *self)
{
	const uint64_t interval_us =
		(uint64_t)self->sensor->settings->page.interval_s * 1000000;
	uint64_t next_us = 0;
	while (!child_is_ending()) {
		const uint64_t start_us = clock_monotonic_us();
		if (start_us >= next_us) {
			struct reason why = {.text = ""};
			const uint64_t now_us = clock_realtime_us();
			read_journal(self, now_us > OVERVIEW_DAY_US
						   ? now_us - OVERVIEW_DAY_US
						   : 0);
			tell(self, write_page(self, &why), &why);
			const uint64_t end_us = clock_monotonic_us();
			const uint64_t rest_us = (end_us - start_us) * REST_SHARE;
			next_us = start_us + interval_us;
			next_us =
				next_us < end_us + rest_us ? end_us + rest_us : next_us;
		}
		self->process->heartbeat++;
		(void)poll(NULL, 0, BEAT_MS); /* a signal ends it */
	}
}

void page_process_run(const struct sensor *sensor, unsigned place)
{
	static struct page_process self; /* too large for the stack */
	struct reason why = {.text = ""};
	self.sensor = sensor;
	self.process = sensor_process(sensor, place);
	child_start(sensor, place);
	if (!start_page(&self, &why)) {
		child_fail(sensor, place, &why);
	}
	self.process->state = STATUS_STATE_RUNNING;
	write_until_told(&self);
	self.process->state = STATUS_STATE_ENDED;
	_exit(0);
}
