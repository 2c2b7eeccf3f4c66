#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/processes.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PLACE          SENSOR_WORKERS
#define LOOKS_STARTING 36 /* for a ring of 64 MiB */
#define LOOKS_RUNNING  6
#define LOOKS_STARVED  30
#define FAR_US         UINT64_MAX

static struct settings settings;
static struct sensor sensor = {.settings = &settings};
static struct processes processes = {.sensor = &sensor};

_Noreturn static void hang(const struct sensor *of, unsigned place)
{
	(void)of;
	(void)place;
	for (;;) {
		(void)pause();
	}
}

_Noreturn static void hang_when_running(const struct sensor *of, unsigned place)
{
	sensor_process(of, place)->state = STATUS_STATE_RUNNING;
	hang(of, place);
}

_Noreturn static void end_at_once(const struct sensor *of, unsigned place)
{
	(void)of;
	(void)place;
	_exit(7);
}

static void start(const struct process_kind *kind)
{
	processes.list[PLACE] = (struct process){.kind = kind, .is_wanted = true};
	assert_true(process_start(&processes, PLACE));
}

static int reap(void)
{
	int status = 0;
	while (processes_reap(&processes, &status) != PLACE) {
		(void)poll(NULL, 0, 1);
	}
	return status;
}

/* Looks until it is killed; how many that took. */
static unsigned looks_until_killed(void)
{
	unsigned looks = 0;
	while (!processes.list[PLACE].is_stuck) {
		processes_look(&processes);
		looks++;
		assert_true(looks < 1000);
	}
	return looks;
}

static void wait_for_state(enum status_state state)
{
	while (sensor_process(&sensor, PLACE)->state != (uint32_t)state) {
		(void)poll(NULL, 0, 1);
	}
}

static const char *end_text(int status)
{
	static char text[96];
	return process_end_text(&processes.list[PLACE], status, text, sizeof(text));
}

static void one_that_hangs_while_it_starts_is_ended_after_three_seconds(void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", hang, 0};
	start(&KIND);
	assert_int_equal(looks_until_killed(), LOOKS_STARTING);
	const int status = reap();
	assert_true(WIFSIGNALED(status));
	assert_string_equal(end_text(status), "hung while it started and was ended");
	assert_int_equal(sensor_process(&sensor, PLACE)->state, STATUS_STATE_ENDED);
}

static void a_large_ring_may_take_longer_to_start(void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", hang, 0};
	settings.ring_mib = 1024;
	start(&KIND);
	const unsigned looks = looks_until_killed();
	settings.ring_mib = 64;
	assert_in_range(looks, 100, 300);
	(void)reap();
}

static void a_start_that_goes_on_step_by_step_is_left_alone(void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", hang, 0};
	start(&KIND);
	for (unsigned i = 0; i < 10 * LOOKS_STARTING; i++) {
		sensor_process(&sensor, PLACE)->heartbeat += i % 30 == 0;
		processes_look(&processes);
		assert_false(processes.list[PLACE].is_stuck);
	}
	processes_end(&processes, NULL, SIGKILL);
	assert_string_equal(end_text(reap()), "ended by signal 9 (Killed)");
}

static void one_that_takes_long_to_start_counts_as_away(void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", hang, 0};
	start(&KIND);
	assert_false(process_is_away(&processes, PLACE));
	for (unsigned i = 0; i < LOOKS_RUNNING; i++) {
		processes_look(&processes);
	}
	assert_true(process_is_away(&processes, PLACE));
	sensor_process(&sensor, PLACE)->state = STATUS_STATE_RUNNING;
	assert_false(process_is_away(&processes, PLACE));
	processes_end(&processes, NULL, SIGKILL);
	(void)reap();
	assert_true(process_is_away(&processes, PLACE));
}

static void one_whose_heart_stops_while_it_runs_is_ended_after_half_a_second(
	void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", hang_when_running, 0};
	start(&KIND);
	wait_for_state(STATUS_STATE_RUNNING);
	assert_int_equal(looks_until_killed(), LOOKS_RUNNING);
	assert_string_equal(end_text(reap()), "did not answer and was ended");
}

_Noreturn static void run_in_circles(const struct sensor *of, unsigned place)
{
	sensor_process(of, place)->state = STATUS_STATE_RUNNING;
	for (;;) {
	}
}

/* As if it had waited for a processor all the time: none used since its last beat. */
static void pretend_to_starve(void)
{
	clockid_t id;
	struct timespec used;
	struct process *process = &processes.list[PLACE];
	assert_int_equal(clock_getcpuclockid(process->pid, &id), 0);
	assert_int_equal(clock_gettime(id, &used), 0);
	process->used_us =
		(uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

/* Looks until one that gets no processor was ended. */
static unsigned looks_until_starved(void)
{
	unsigned looks = 0;
	for (; !processes.list[PLACE].is_stuck && looks < 200; looks++) {
		pretend_to_starve();
		processes_look(&processes);
	}
	return looks;
}

static void one_that_gets_no_processor_has_three_seconds(void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", run_in_circles, 0};
	start(&KIND);
	wait_for_state(STATUS_STATE_RUNNING);
	assert_int_equal(looks_until_starved(), LOOKS_STARVED);
	(void)reap();
}

static void stop(void)
{
	int status;
	assert_int_equal(kill(processes.list[PLACE].pid, SIGSTOP), 0);
	while (!processes.list[PLACE].is_stopped) {
		assert_int_equal(processes_reap(&processes, &status), 0);
	}
}

/* As in a unit with ProtectProc=invisible: its processes are its own, and hidden from it. */
static bool hide_processes(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("proc", "/proc", "proc", 0, "hidepid=2") == 0 &&
	       prctl(PR_SET_DUMPABLE, 0) == 0 && setresgid(65534, 65534, 65534) == 0 &&
	       setresuid(65534, 65534, 65534) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0;
}

/* In a process of its own; 0: cannot be tried. */
static unsigned looks_where_proc_is_hidden(bool is_to_stop)
{
	static const struct process_kind KIND = {"worker", run_in_circles, 0};
	char path[32];
	if (!hide_processes()) {
		return 0;
	}
	start(&KIND);
	wait_for_state(STATUS_STATE_RUNNING);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", processes.list[PLACE].pid);
	assert_int_not_equal(access(path, F_OK), 0);
	if (is_to_stop) {
		stop();
	}
	const unsigned looks = looks_until_starved();
	(void)reap();
	return looks;
}

static void where_proc_is_hidden_one_that_gets_no_processor_is_told_from_a_stopped_one(
	void **state)
{
	(void)state;
	for (int is_to_stop = 0; is_to_stop < 2; is_to_stop++) {
		int status = 0;
		const pid_t pid = fork();
		if (pid == 0) {
			_exit((int)looks_where_proc_is_hidden(is_to_stop));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0) {
			print_message("needs root, and a proc of its own\n");
			skip();
		}
		assert_int_equal(WEXITSTATUS(status),
			is_to_stop ? LOOKS_RUNNING : LOOKS_STARVED);
	}
}

static void one_that_is_stopped_while_it_starts_is_ended_after_half_a_second(
	void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", hang, 0};
	start(&KIND);
	stop();
	assert_int_equal(looks_until_killed(), LOOKS_RUNNING);
	assert_string_equal(end_text(reap()), "hung while it started and was ended");
}

static void one_that_goes_on_has_the_time_to_start_again(void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", hang, 0};
	int status;
	start(&KIND);
	stop();
	assert_int_equal(kill(processes.list[PLACE].pid, SIGCONT), 0);
	while (processes.list[PLACE].is_stopped) {
		assert_int_equal(processes_reap(&processes, &status), 0);
	}
	assert_int_equal(looks_until_killed(), LOOKS_STARTING);
	(void)reap();
}

static void one_that_runs_in_circles_is_ended_sooner(void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", run_in_circles, 0};
	start(&KIND);
	wait_for_state(STATUS_STATE_RUNNING);
	while (processes.list[PLACE].used_us < 200000) {
		(void)poll(NULL, 0, 10);
		pretend_to_starve();
	}
	processes.list[PLACE].used_us = 0;
	assert_int_equal(looks_until_killed(), LOOKS_RUNNING);
	(void)reap();
}

static void a_kind_that_waits_for_the_disk_has_the_time_it_says_in_either_state(
	void **state)
{
	(void)state;
	static const struct process_kind SLOW = {"reporter", hang, 300};
	static const struct process_kind SLOW_RUNNING = {
		"reporter", hang_when_running, 300};
	start(&SLOW);
	assert_int_equal(looks_until_killed(), 300);
	(void)reap();
	start(&SLOW_RUNNING);
	wait_for_state(STATUS_STATE_RUNNING);
	assert_int_equal(looks_until_killed(), 300);
	(void)reap();
}

static void pauses_between_restarts_grow_and_one_told_to_end_stays_away(void **state)
{
	(void)state;
	static const struct process_kind KIND = {"worker", end_at_once, 0};
	uint64_t pause_us = 0;
	start(&KIND);
	for (int i = 0; i < 14; i++) {
		assert_int_equal(WEXITSTATUS(reap()), 7);
		assert_true(processes.list[PLACE].pause_us >= pause_us);
		pause_us = processes.list[PLACE].pause_us;
		processes_restart(&processes, FAR_US);
		assert_int_equal(sensor_process(&sensor, PLACE)->restarts, i + 1);
	}
	assert_int_equal(pause_us, 30000000);
	processes_end(&processes, NULL, SIGTERM);
	(void)reap();
	processes_restart(&processes, FAR_US);
	assert_int_equal(processes.list[PLACE].pid, 0);
}

static int make_sensor(void **state)
{
	(void)state;
	sensor.page = mmap(NULL, sizeof(*sensor.page), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sensor.workers_end = PLACE + 1;
	sensor.place_count = PLACE + 1;
	settings_start(&settings);
	settings.interfaces.count = 1;
	return sensor.page == MAP_FAILED;
}

static int clear_page(void **state)
{
	(void)state;
	memset(sensor.page, 0, sizeof(*sensor.page));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			one_that_hangs_while_it_starts_is_ended_after_three_seconds,
			clear_page),
		cmocka_unit_test_setup(
			a_large_ring_may_take_longer_to_start, clear_page),
		cmocka_unit_test_setup(
			a_start_that_goes_on_step_by_step_is_left_alone, clear_page),
		cmocka_unit_test_setup(
			one_that_takes_long_to_start_counts_as_away, clear_page),
		cmocka_unit_test_setup(
			one_whose_heart_stops_while_it_runs_is_ended_after_half_a_second,
			clear_page),
		cmocka_unit_test_setup(
			one_that_gets_no_processor_has_three_seconds, clear_page),
		cmocka_unit_test_setup(
			where_proc_is_hidden_one_that_gets_no_processor_is_told_from_a_stopped_one,
			clear_page),
		cmocka_unit_test_setup(
			one_that_is_stopped_while_it_starts_is_ended_after_half_a_second,
			clear_page),
		cmocka_unit_test_setup(
			one_that_goes_on_has_the_time_to_start_again, clear_page),
		cmocka_unit_test_setup(
			one_that_runs_in_circles_is_ended_sooner, clear_page),
		cmocka_unit_test_setup(
			a_kind_that_waits_for_the_disk_has_the_time_it_says_in_either_state,
			clear_page),
		cmocka_unit_test_setup(
			pauses_between_restarts_grow_and_one_told_to_end_stays_away,
			clear_page),
	};
	return cmocka_run_group_tests(tests, make_sensor, NULL);
}
