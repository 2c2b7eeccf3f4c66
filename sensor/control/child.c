#include "control/child.h"

#include "base/environment.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#define EXIT_FAILED 3
#define HUNG_US     500000

static pid_t supervisor;
static volatile sig_atomic_t is_ending;
static volatile sig_atomic_t is_reopening;
static volatile sig_atomic_t has_queue; /* and did not listen to its end yet */

/* Within that time whoever has a queue listens to its end, or is ended by the kernel. */
static void be_ended_in(suseconds_t us)
{
	const struct itimerval once = {.it_value = {.tv_usec = us}};
	(void)setitimer(ITIMER_REAL, &once, NULL);
}

/*
 * A service manager tells all processes of a service to end at once, but the order is
 * the supervisor's: only its word counts, and the kernel's when it is gone.
 */
static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (signal == SIGHUP) {
		is_reopening = 1;
	} else if (info->si_pid == supervisor || getppid() != supervisor) {
		is_ending = 1;
		if (has_queue && getppid() != supervisor) {
			be_ended_in(HUNG_US);
		}
	}
}

/* One that is left open here would hold mail back when its worker is gone for good. */
static void close_queues_of_others(const struct sensor *sensor, unsigned place)
{
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		const struct queue *queue = sensor->queues[i - SENSOR_WORKERS];
		if (queue && i != place) {
			(void)close(queue_fd(queue));
		}
		const struct nflog *log = sensor->logs[i - SENSOR_WORKERS];
		if (log && i != place) {
			(void)close(nflog_fd(log));
		}
	}
}

/* Workers and the page; both freeze it. */
static bool is_reading_matrix(const struct sensor *sensor, unsigned place)
{
	return (place >= SENSOR_WORKERS && place < sensor->workers_end) ||
	       place >= sensor->metrics_end;
}

void child_start(const struct sensor *sensor, unsigned place)
{
	const struct sigaction action = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	sigset_t none;
	(void)sigemptyset(&none);
	supervisor = sensor->supervisor;
	has_queue = place >= SENSOR_WORKERS && place < sensor->workers_end &&
		    sensor->queues[place - SENSOR_WORKERS] != NULL;
	is_ending = 0;
	is_reopening = 0;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGUSR1, SIG_IGN);
	(void)signal(SIGABRT, SIG_IGN); /* a watchdog's, for the supervisor alone */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGALRM, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)close(sensor->lock);
	if (!status_keep_place(sensor->state_directory, place)) {
		log_line(LOG_LEVEL_WARNING, sensor_process(sensor, place)->name,
			"holds no place on the status page: %s", strerror(errno));
	}
	(void)close(sensor->signals);
	close_queues_of_others(sensor, place);
	if (place < sensor->workers_end || place >= sensor->outputs_end) {
		environment_forget(); /* passwords are the outputs' alone */
	}
	if (!is_reading_matrix(sensor, place)) {
		matrix_store_free(sensor->store);
	}
	struct status_process *process = sensor_process(sensor, place);
	process->why.text[0] = '\0';
	process->state = STATUS_STATE_STARTING;
	(void)prctl(PR_SET_NAME, process->name);
}

bool child_follow_supervisor(const struct sensor *sensor, int signal)
{
	return prctl(PR_SET_PDEATHSIG, signal) == 0 && getppid() == sensor->supervisor;
}

bool child_is_alone(const struct sensor *sensor)
{
	return getppid() != sensor->supervisor;
}

void child_fail(const struct sensor *sensor, unsigned place, const struct reason *why)
{
	struct status_process *process = sensor_process(sensor, place);
	process->why = *why;
	process->state = STATUS_STATE_FAILED;
	_exit(EXIT_FAILED);
}

bool child_is_ending(void)
{
	return is_ending != 0;
}

void child_takes_its_time(void)
{
	if (has_queue) {
		has_queue = false;
		be_ended_in(0);
	}
}

bool child_is_told_to_reopen(void)
{
	const bool is_told = is_reopening != 0;
	is_reopening = 0;
	return is_told;
}
