#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTCOME_RIGHT = 0, OUTCOME_WRONG = 1, OUTCOME_NO_CAGE = 2 };

static struct sandbox_folders folders = {.journal = -1, .own = -1};

static bool enter(enum sandbox_role role, struct reason *why)
{
	if (role == SANDBOX_ROLE_METRICS) {
		folders.own = open("/tmp", O_RDONLY | O_DIRECTORY);
		return sandbox_enter_metrics(folders.own, why);
	}
	if (role != SANDBOX_ROLE_SHIPPER) {
		return sandbox_enter(role, why);
	}
	folders.journal = open("/tmp", O_RDONLY | O_DIRECTORY);
	folders.own = open("/tmp", O_RDONLY | O_DIRECTORY);
	return sandbox_enter_shipper(&folders, why);
}

/* How a process in this cage ends that does this; its return value is its exit code. */
static int end_of(enum sandbox_role role, int (*act)(void))
{
	const pid_t pid = fork();
	if (pid == 0) {
		struct reason why;
		_exit(enter(role, &why) ? act() : OUTCOME_NO_CAGE);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_killed(enum sandbox_role role, int (*act)(void))
{
	const int status = end_of(role, act);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void assert_right(enum sandbox_role role, int (*act)(void))
{
	const int status = end_of(role, act);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), OUTCOME_RIGHT);
}

static int is_refused_a_file(void)
{
	return open("/dev/null", O_RDONLY) == -1 && errno == EACCES ? OUTCOME_RIGHT
								    : OUTCOME_WRONG;
}

static int opens_a_file(void)
{
	return open("/dev/null", O_RDONLY) >= 0 ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int opens_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int runs_a_program(void)
{
	char name[] = "/bin/true";
	char *const words[] = {name, NULL};
	return execv(name, words);
}

static int starts_a_process(void)
{
	return (int)fork();
}

static int kills_another(void)
{
	return kill(getppid(), SIGCONT);
}

static int traces(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int makes_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int reads_its_journal_and_writes_its_own_folder(void)
{
	const char *name = "test_sandbox.own";
	const int written =
		openat(folders.own, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	const int read = openat(folders.journal, name, O_RDONLY | O_CLOEXEC);
	return written >= 0 && read >= 0 ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int writes_to_its_journal(void)
{
	return openat(folders.journal, "test_sandbox.none", O_WRONLY | O_CREAT, 0600);
}

/* An output is down then, but not dead. */
static int is_refused_what_libraries_try(void)
{
	const bool is_right =
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0) == MAP_FAILED &&
		errno == EPERM && socket(AF_NETLINK, SOCK_RAW, 0) == -1 &&
		errno == EAFNOSUPPORT && fork() == -1 && errno == ENOSYS;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int opens_a_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

#define LENT_PATH "/tmp/test_sandbox.lent"
static struct lent_file lent[2];

static bool reads_what_was_lent(void)
{
	char text[8] = "";
	const int file = open(LENT_PATH, O_RDONLY | O_CLOEXEC);
	const bool is_read =
		read(file, text, sizeof(text)) == 3 && memcmp(text, "abc", 3) == 0;
	return close(file) == 0 && is_read;
}

/* As a library does that reads a key whenever it connects. */
static int reads_it_twice_but_nothing_else(void)
{
	const int file = open(LENT_PATH, O_RDWR);
	const bool is_written = write(file, "x", 1) == 1;
	(void)close(file);
	return reads_what_was_lent() && reads_what_was_lent() && !is_written &&
			       is_refused_a_file() == OUTCOME_RIGHT &&
			       close(open("/tmp/test_sandbox.other", O_RDONLY)) == -1
		       ? OUTCOME_RIGHT
		       : OUTCOME_WRONG;
}

static int writes_its_file(void)
{
	const char *name = "test_sandbox.metrics";
	const int file =
		openat(folders.own, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return file >= 0 && renameat(folders.own, name, folders.own,
				    "test_sandbox.metrics.new") == 0
		       ? OUTCOME_RIGHT
		       : OUTCOME_WRONG;
}

static int connects(void)
{
	return connect(STDIN_FILENO, NULL, 0);
}

static int works(void)
{
	void *memory = malloc((size_t)8 << 20);
	const bool is_written = write(STDERR_FILENO, "", 0) == 0;
	free(memory);
	return memory && is_written ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static void a_worker_opens_no_file(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_WORKER, is_refused_a_file);
}

static void a_worker_that_wants_a_socket_a_process_or_a_program_is_ended(void **state)
{
	(void)state;
	assert_killed(SANDBOX_ROLE_WORKER, opens_a_socket);
	assert_killed(SANDBOX_ROLE_WORKER, runs_a_program);
	assert_killed(SANDBOX_ROLE_WORKER, starts_a_process);
	assert_killed(SANDBOX_ROLE_WORKER, kills_another);
	assert_killed(SANDBOX_ROLE_WORKER, traces);
	assert_killed(SANDBOX_ROLE_WORKER, makes_code);
}

static void a_reporter_opens_files_but_no_socket_and_no_program(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_REPORTER, opens_a_file);
	assert_killed(SANDBOX_ROLE_REPORTER, opens_a_socket);
	assert_killed(SANDBOX_ROLE_REPORTER, runs_a_program);
}

static void a_shipper_has_sockets_and_two_folders(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_SHIPPER, opens_a_socket);
	assert_right(SANDBOX_ROLE_SHIPPER, is_refused_a_file);
	assert_right(SANDBOX_ROLE_SHIPPER, reads_its_journal_and_writes_its_own_folder);
	assert_int_equal(unlink("/tmp/test_sandbox.own"), 0);
	assert_right(SANDBOX_ROLE_SHIPPER, is_refused_what_libraries_try);
}

static void a_shipper_that_wants_more_is_ended(void **state)
{
	(void)state;
	assert_killed(SANDBOX_ROLE_SHIPPER, writes_to_its_journal);
	assert_killed(SANDBOX_ROLE_SHIPPER, opens_a_packet_socket);
	assert_killed(SANDBOX_ROLE_SHIPPER, runs_a_program);
	assert_killed(SANDBOX_ROLE_SHIPPER, kills_another);
	assert_killed(SANDBOX_ROLE_SHIPPER, traces);
}

static void a_file_that_was_lent_is_read_at_any_time_and_no_other_is(void **state)
{
	(void)state;
	const int file = open(LENT_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(file, "abc", 3), 3);
	assert_int_equal(close(file), 0);
	lent[0] = (struct lent_file){LENT_PATH, open(LENT_PATH, O_RDONLY)};
	folders.files = lent;
	assert_right(SANDBOX_ROLE_SHIPPER, reads_it_twice_but_nothing_else);
	assert_killed(SANDBOX_ROLE_SHIPPER, runs_a_program);
	folders.files = NULL;
	assert_int_equal(close(lent[0].file), 0);
	assert_int_equal(unlink(LENT_PATH), 0);
}

static void who_tells_metrics_writes_its_file_and_connects_nowhere(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_METRICS, is_refused_a_file);
	assert_right(SANDBOX_ROLE_METRICS, writes_its_file);
	assert_int_equal(unlink("/tmp/test_sandbox.metrics.new"), 0);
	assert_killed(SANDBOX_ROLE_METRICS, opens_a_socket);
	assert_killed(SANDBOX_ROLE_METRICS, connects);
	assert_killed(SANDBOX_ROLE_METRICS, runs_a_program);
	assert_killed(SANDBOX_ROLE_METRICS, kills_another);
}

static void memory_and_the_log_work_in_every_cage(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_METRICS, works);
	assert_right(SANDBOX_ROLE_WORKER, works);
	assert_right(SANDBOX_ROLE_REPORTER, works);
	assert_right(SANDBOX_ROLE_SHIPPER, works);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_opens_no_file),
		cmocka_unit_test(
			a_worker_that_wants_a_socket_a_process_or_a_program_is_ended),
		cmocka_unit_test(a_reporter_opens_files_but_no_socket_and_no_program),
		cmocka_unit_test(a_shipper_has_sockets_and_two_folders),
		cmocka_unit_test(a_shipper_that_wants_more_is_ended),
		cmocka_unit_test(
			a_file_that_was_lent_is_read_at_any_time_and_no_other_is),
		cmocka_unit_test(
			who_tells_metrics_writes_its_file_and_connects_nowhere),
		cmocka_unit_test(memory_and_the_log_work_in_every_cage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
