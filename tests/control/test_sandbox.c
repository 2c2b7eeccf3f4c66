#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/sandbox.h"

#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTCOME_RIGHT = 0, OUTCOME_WRONG = 1, OUTCOME_NO_CAGE = 2 };

/* Of every test: a journal, a folder of one's own, and one that is somebody else's. */
static char base[] = "/tmp/test_sandbox.XXXXXX";
static char other_file[64];

static const uint16_t LOCAL[] = {0};
static uint16_t to_one_port[] = {0, 0};

static struct sandbox_room room = {.journal = -1, .own = -1};
static int listener; /* at the port that a shipper may connect to */
static int strange;  /* at another */
static int packets[2];
static void *frozen; /* shared, and read only, as the matrix is */

static int folder_of(const char *name)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	return open(path, O_RDONLY | O_DIRECTORY);
}

static bool enter(enum sandbox_role role, struct reason *why)
{
	room.journal = folder_of("journal");
	room.own = folder_of("own");
	switch (role) {
	case SANDBOX_ROLE_WORKER:
	case SANDBOX_ROLE_INLINE:
		return sandbox_enter_worker(role == SANDBOX_ROLE_INLINE, why);
	case SANDBOX_ROLE_REPORTER:
		return sandbox_enter_reporter(room.own, room.journal, why);
	case SANDBOX_ROLE_METRICS:
		return sandbox_enter_metrics(room.own, room.journal, why);
	case SANDBOX_ROLE_PAGE:
		room.look = folder_of("look");
		return sandbox_enter_page(room.own, room.look, room.journal, why);
	case SANDBOX_ROLE_ASKER:
		return sandbox_enter_asker(to_one_port, why);
	case SANDBOX_ROLE_NAMES:
		return sandbox_enter_names(to_one_port, why);
	case SANDBOX_ROLE_SHIPPER:
		break;
	}
	return sandbox_enter_shipper(&room, why);
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

static int opens_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static bool is_shut(int folder, const char *path, int flags)
{
	return openat(folder, path, flags, 0600) == -1 && errno == EACCES;
}

/* Each shape of a path that leads out of a folder. */
static bool is_nothing_read_outside(int folder)
{
	static const char *const PATHS[] = {"/etc/passwd", "../other/file",
		"../../../etc/passwd", "./../other/file", "link", "link/file",
		"/proc/self/status", "/proc/self/mem", "..", other_file};
	bool is_right = true;
	for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++) {
		is_right = is_right && is_shut(folder, PATHS[i], O_RDONLY);
	}
	return is_right;
}

static bool is_nothing_written_outside(int folder)
{
	static const char *const PATHS[] = {"../other/new", "/tmp/test_sandbox.new",
		"link/new", "../new", "../other/file", "link/file", other_file};
	bool is_right = true;
	for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++) {
		is_right = is_right && is_shut(folder, PATHS[i], O_WRONLY | O_CREAT);
	}
	return is_right && is_shut(folder, other_file, O_WRONLY | O_TRUNC) &&
	       is_shut(folder, "../other/file", O_RDWR);
}

static int stays_in_both_folders(void)
{
	const bool is_right = is_nothing_read_outside(room.journal) &&
			      is_nothing_read_outside(room.own) &&
			      is_nothing_written_outside(room.own);
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int renames_nothing_to_elsewhere(void)
{
	const bool is_right =
		renameat(room.own, "file", room.own, "../other/file") == -1 &&
		renameat(room.own, "../other/file", room.own, "file") == -1 &&
		renameat(room.own, "file", room.journal, "file") == -1;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int takes_nothing_away_elsewhere(void)
{
	const bool is_right = unlinkat(room.own, "../other/file", 0) == -1 &&
			      unlinkat(AT_FDCWD, other_file, 0) == -1 &&
			      symlinkat("file", room.own, "../other/link") == -1;
	return is_right ? renames_nothing_to_elsewhere() : OUTCOME_WRONG;
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
	const int written =
		openat(room.own, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const int read = openat(room.journal, "file", O_RDONLY | O_CLOEXEC);
	return written >= 0 && read >= 0 ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

/* The page, as it is made: of what others write, in a folder of its own. */
static int reads_two_folders_and_replaces_its_file(void)
{
	const int file = openat(
		room.own, "page.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const bool is_right = openat(room.look, "file", O_RDONLY | O_CLOEXEC) >= 0 &&
			      openat(room.journal, "file", O_RDONLY | O_CLOEXEC) >= 0 &&
			      write(file, "abc", 3) == 3 && fsync(file) == 0 &&
			      renameat(room.own, "page.new", room.own, "page") == 0 &&
			      unlinkat(room.own, "page", 0) == 0 &&
			      fsync(room.own) == 0 &&
			      is_shut(AT_FDCWD, other_file, O_RDONLY);
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int stays_in_three_folders(void)
{
	return is_nothing_read_outside(room.look) ? stays_in_both_folders()
						  : OUTCOME_WRONG;
}

static int reads_the_page(void)
{
	return openat(room.journal, "file", O_RDONLY | O_CLOEXEC) >= 0 ? OUTCOME_RIGHT
								       : OUTCOME_WRONG;
}

static int writes_where_it_looks(void)
{
	return openat(room.look, "file", O_RDWR);
}

static int writes_to_its_journal(void)
{
	return openat(room.journal, "none", O_WRONLY | O_CREAT, 0600);
}

/* All that a journal needs: segments come and go, a link tells of the newest. */
static int keeps_a_journal(void)
{
	const int journal = room.journal;
	const int file = openat(journal, "new", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	const bool is_right =
		write(file, "abc", 3) == 3 && ftruncate(file, 1) == 0 &&
		renameat(journal, "new", journal, "newer") == 0 &&
		unlinkat(journal, "newer", 0) == 0 &&
		symlinkat("journal/x", room.own, "eve.new") == 0 &&
		renameat(room.own, "eve.new", room.own, "eve") == 0 &&
		openat(journal, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int sends(void)
{
	return sendto(packets[0], "abc", 3, 0, NULL, 0) == 3 ? OUTCOME_RIGHT
							     : OUTCOME_WRONG;
}

static int sends_as_message(void)
{
	struct msghdr none = {.msg_name = NULL};
	return (int)sendmsg(packets[0], &none, 0);
}

static int sets_its_end(void)
{
	const struct itimerval never = {{0, 0}, {0, 0}};
	return setitimer(ITIMER_REAL, &never, NULL) == 0 ? OUTCOME_RIGHT
							 : OUTCOME_WRONG;
}

static int makes_the_frozen_writable(void)
{
	return mprotect(frozen, 4096, PROT_READ | PROT_WRITE);
}

static int connects_to(int file, int server)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	(void)getsockname(server, (struct sockaddr *)&address, &len);
	return connect(file, (const struct sockaddr *)&address, len) == 0 ? 0 : errno;
}

static int connects_to_its_port_alone(void)
{
	const int right = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int wrong = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	const bool is_right = connects_to(right, listener) == 0 &&
			      connects_to(wrong, strange) == EACCES;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int connects_to_any_port(void)
{
	const int first = socket(AF_INET, SOCK_STREAM, 0);
	const int second = socket(AF_INET, SOCK_STREAM, 0);
	const bool is_right =
		connects_to(first, listener) == 0 && connects_to(second, strange) == 0;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static bool is_no_socket(int domain, int type)
{
	return socket(domain, type | SOCK_CLOEXEC, 0) == -1 && errno == EAFNOSUPPORT;
}

static int has_sockets_of_tcp_alone(void)
{
	const bool is_right = is_no_socket(AF_UNIX, SOCK_STREAM) &&
			      is_no_socket(AF_UNIX, SOCK_DGRAM) &&
			      is_no_socket(AF_INET, SOCK_DGRAM) &&
			      is_no_socket(AF_INET6, SOCK_DGRAM);
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int has_sockets_of_the_internet_alone(void)
{
	const bool is_right = is_no_socket(AF_UNIX, SOCK_STREAM) &&
			      is_no_socket(AF_UNIX, SOCK_DGRAM) &&
			      socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 &&
			      socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int has_local_sockets_alone(void)
{
	const bool is_right = is_no_socket(AF_INET, SOCK_STREAM) &&
			      is_no_socket(AF_INET, SOCK_DGRAM) &&
			      is_no_socket(AF_INET6, SOCK_STREAM) &&
			      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 &&
			      socket(AF_UNIX, SOCK_DGRAM, 0) >= 0;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int has_sockets_of_udp_alone(void)
{
	const bool is_right = is_no_socket(AF_INET, SOCK_STREAM) &&
			      is_no_socket(AF_INET6, SOCK_STREAM) &&
			      is_no_socket(AF_UNIX, SOCK_STREAM) &&
			      is_no_socket(AF_UNIX, SOCK_DGRAM) &&
			      socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0) >= 0 &&
			      socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int takes_a_port(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET};
	return bind(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&address,
		sizeof(address));
}

static int listens(void)
{
	return listen(socket(AF_INET, SOCK_STREAM, 0), 1);
}

static int opens_a_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
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

static void *opens_a_file(void *opened)
{
	(void)pthread_setname_np(pthread_self(), "library");
	*(bool *)opened = is_refused_a_file() != OUTCOME_RIGHT;
	return NULL;
}

/* What a thread may open: nothing more than who began it. */
static int has_threads_in_its_cage_and_no_process(void)
{
	pthread_t thread;
	bool is_opened = true;
	const bool is_right =
		pthread_create(&thread, NULL, opens_a_file, &is_opened) == 0 &&
		pthread_join(thread, NULL) == 0 && !is_opened && fork() == -1 &&
		errno == ENOSYS;
	return is_right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

static int has_no_thread(void)
{
	pthread_t thread;
	bool is_opened = true;
	return pthread_create(&thread, NULL, opens_a_file, &is_opened) != 0
		       ? OUTCOME_RIGHT
		       : OUTCOME_WRONG;
}

static void *lets_others_trace_it(void *none)
{
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return none;
}

static int has_a_thread_that_wants_more(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, lets_others_trace_it, NULL) == 0 &&
			       pthread_join(thread, NULL) == 0
		       ? OUTCOME_RIGHT
		       : OUTCOME_WRONG;
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
	const int file = openat(
		room.own, "next", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return file >= 0 && renameat(room.own, "next", room.own, "file") == 0
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

static void a_worker_sends_nothing_and_one_inline_its_verdicts(void **state)
{
	(void)state;
	assert_killed(SANDBOX_ROLE_WORKER, sends);
	assert_killed(SANDBOX_ROLE_WORKER, sends_as_message);
	assert_right(SANDBOX_ROLE_INLINE, sends);
	assert_right(SANDBOX_ROLE_INLINE, sets_its_end);
	assert_killed(SANDBOX_ROLE_INLINE, opens_a_socket);
}

static void the_matrix_that_a_worker_froze_stays_so(void **state)
{
	(void)state;
	assert_killed(SANDBOX_ROLE_WORKER, makes_the_frozen_writable);
	assert_killed(SANDBOX_ROLE_INLINE, makes_the_frozen_writable);
}

static bool is_landlock_here(int version)
{
	if (landlock_version() < version) {
		print_message("skipped: needs Landlock %d, this kernel has %d\n",
			version, landlock_version());
	}
	return landlock_version() >= version;
}

static void no_path_leads_out_of_a_folder(void **state)
{
	(void)state;
	if (!is_landlock_here(1)) {
		skip();
	}
	assert_right(SANDBOX_ROLE_SHIPPER, stays_in_both_folders);
	assert_right(SANDBOX_ROLE_METRICS, stays_in_both_folders);
	assert_right(SANDBOX_ROLE_PAGE, stays_in_three_folders);
	assert_right(SANDBOX_ROLE_PAGE, renames_nothing_to_elsewhere);
	assert_right(SANDBOX_ROLE_METRICS, renames_nothing_to_elsewhere);
	assert_right(SANDBOX_ROLE_REPORTER, stays_in_both_folders);
	assert_right(SANDBOX_ROLE_REPORTER, takes_nothing_away_elsewhere);
	assert_right(SANDBOX_ROLE_REPORTER, keeps_a_journal);
}

static void a_shipper_connects_to_its_port_and_takes_none(void **state)
{
	(void)state;
	assert_killed(SANDBOX_ROLE_SHIPPER, takes_a_port);
	assert_killed(SANDBOX_ROLE_SHIPPER, opens_a_raw_socket);
	assert_right(SANDBOX_ROLE_SHIPPER, connects_to_any_port);
	assert_right(SANDBOX_ROLE_SHIPPER, has_sockets_of_tcp_alone);
	if (!is_landlock_here(LANDLOCK_PORTS)) {
		skip();
	}
	room.ports = to_one_port;
	assert_right(SANDBOX_ROLE_SHIPPER, connects_to_its_port_alone);
	room.ports = NULL;
}

static void a_shipper_without_a_port_has_local_sockets(void **state)
{
	(void)state;
	room.ports = LOCAL;
	assert_right(SANDBOX_ROLE_SHIPPER, has_local_sockets_alone);
	room.ports = NULL;
}

static void a_shipper_by_udp_has_sockets_of_udp_alone(void **state)
{
	(void)state;
	room.is_udp = true;
	assert_right(SANDBOX_ROLE_SHIPPER, has_sockets_of_udp_alone);
	assert_killed(SANDBOX_ROLE_SHIPPER, opens_a_raw_socket);
	room.is_udp = false;
}

static void a_reporter_keeps_its_journal_and_has_no_socket_and_no_program(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_REPORTER, keeps_a_journal);
	assert_killed(SANDBOX_ROLE_REPORTER, opens_a_socket);
	assert_killed(SANDBOX_ROLE_REPORTER, runs_a_program);
}

static void a_shipper_has_sockets_and_two_folders(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_SHIPPER, opens_a_socket);
	assert_right(SANDBOX_ROLE_SHIPPER, is_refused_a_file);
	assert_right(SANDBOX_ROLE_SHIPPER, reads_its_journal_and_writes_its_own_folder);
	assert_right(SANDBOX_ROLE_SHIPPER, is_refused_what_libraries_try);
}

static void a_shipper_has_threads_only_where_its_library_needs_them(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_SHIPPER, has_no_thread);
	room.has_threads = true;
	assert_right(SANDBOX_ROLE_SHIPPER, has_threads_in_its_cage_and_no_process);
	assert_killed(SANDBOX_ROLE_SHIPPER, has_a_thread_that_wants_more);
	assert_killed(SANDBOX_ROLE_SHIPPER, runs_a_program);
	room.has_threads = false;
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
	room.files = lent;
	assert_right(SANDBOX_ROLE_SHIPPER, reads_it_twice_but_nothing_else);
	assert_killed(SANDBOX_ROLE_SHIPPER, runs_a_program);
	room.files = NULL;
	assert_int_equal(close(lent[0].file), 0);
	assert_int_equal(unlink(LENT_PATH), 0);
}

static void who_tells_metrics_writes_its_file_and_connects_nowhere(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_METRICS, is_refused_a_file);
	assert_right(SANDBOX_ROLE_METRICS, writes_its_file);
	assert_right(SANDBOX_ROLE_METRICS, reads_the_page);
	assert_killed(SANDBOX_ROLE_METRICS, writes_to_its_journal);
	assert_killed(SANDBOX_ROLE_METRICS, opens_a_socket);
	assert_killed(SANDBOX_ROLE_METRICS, connects);
	assert_killed(SANDBOX_ROLE_METRICS, runs_a_program);
	assert_killed(SANDBOX_ROLE_METRICS, kills_another);
}

static void who_writes_the_page_reads_and_has_no_socket_and_no_program(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_PAGE, is_refused_a_file);
	assert_right(SANDBOX_ROLE_PAGE, reads_two_folders_and_replaces_its_file);
	assert_killed(SANDBOX_ROLE_PAGE, writes_where_it_looks);
	assert_killed(SANDBOX_ROLE_PAGE, writes_to_its_journal);
	assert_killed(SANDBOX_ROLE_PAGE, opens_a_socket);
	assert_killed(SANDBOX_ROLE_PAGE, connects);
	assert_killed(SANDBOX_ROLE_PAGE, runs_a_program);
	assert_killed(SANDBOX_ROLE_PAGE, kills_another);
}

static void who_asks_servers_connects_to_their_ports_and_has_no_file(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_ASKER, is_refused_a_file);
	assert_right(SANDBOX_ROLE_ASKER, has_sockets_of_tcp_alone);
	assert_right(SANDBOX_ROLE_ASKER, is_refused_what_libraries_try);
	assert_killed(SANDBOX_ROLE_ASKER, writes_to_its_journal);
	assert_killed(SANDBOX_ROLE_ASKER, takes_a_port);
	assert_killed(SANDBOX_ROLE_ASKER, opens_a_raw_socket);
	assert_killed(SANDBOX_ROLE_ASKER, runs_a_program);
	assert_killed(SANDBOX_ROLE_ASKER, kills_another);
	assert_killed(SANDBOX_ROLE_ASKER, traces);
	if (!is_landlock_here(LANDLOCK_PORTS)) {
		skip();
	}
	assert_right(SANDBOX_ROLE_ASKER, connects_to_its_port_alone);
}

static void who_asks_name_servers_has_datagrams_and_no_file(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_NAMES, is_refused_a_file);
	assert_right(SANDBOX_ROLE_NAMES, has_sockets_of_the_internet_alone);
	assert_killed(SANDBOX_ROLE_NAMES, writes_to_its_journal);
	assert_killed(SANDBOX_ROLE_NAMES, listens);
	assert_killed(SANDBOX_ROLE_NAMES, opens_a_raw_socket);
	assert_killed(SANDBOX_ROLE_NAMES, runs_a_program);
	assert_killed(SANDBOX_ROLE_NAMES, kills_another);
	assert_killed(SANDBOX_ROLE_NAMES, traces);
	if (!is_landlock_here(LANDLOCK_PORTS)) {
		skip();
	}
	assert_right(SANDBOX_ROLE_NAMES, connects_to_its_port_alone);
}

static void memory_and_the_log_work_in_every_cage(void **state)
{
	(void)state;
	assert_right(SANDBOX_ROLE_METRICS, works);
	assert_right(SANDBOX_ROLE_PAGE, works);
	assert_right(SANDBOX_ROLE_WORKER, works);
	assert_right(SANDBOX_ROLE_REPORTER, works);
	assert_right(SANDBOX_ROLE_SHIPPER, works);
	assert_right(SANDBOX_ROLE_ASKER, works);
	assert_right(SANDBOX_ROLE_NAMES, works);
}

static void make_file(const char *name)
{
	char path[96];
	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	assert_int_equal(close(open(path, O_WRONLY | O_CREAT, 0600)), 0);
}

static int listen_anywhere(uint16_t *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	const int file = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(file, (const struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(file, 8), 0);
	assert_int_equal(getsockname(file, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return file;
}

static int make_all(void **state)
{
	static const char *const FOLDERS[] = {"journal", "own", "look", "other"};
	uint16_t other = 0;
	char path[64];
	(void)state;
	assert_non_null(mkdtemp(base));
	for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
		char link[96];
		(void)snprintf(path, sizeof(path), "%s/%s", base, FOLDERS[i]);
		(void)snprintf(link, sizeof(link), "%s/link", path);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(symlink("../other", link), 0);
		(void)snprintf(path, sizeof(path), "%s/file", FOLDERS[i]);
		make_file(path);
	}
	(void)snprintf(other_file, sizeof(other_file), "%s/other/file", base);
	listener = listen_anywhere(&to_one_port[0]);
	strange = listen_anywhere(&other);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, packets), 0);
	frozen = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return frozen == MAP_FAILED;
}

static int remove_all(void **state)
{
	char command[96];
	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", base);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_opens_no_file),
		cmocka_unit_test(
			a_worker_that_wants_a_socket_a_process_or_a_program_is_ended),
		cmocka_unit_test(a_worker_sends_nothing_and_one_inline_its_verdicts),
		cmocka_unit_test(the_matrix_that_a_worker_froze_stays_so),
		cmocka_unit_test(no_path_leads_out_of_a_folder),
		cmocka_unit_test(a_shipper_connects_to_its_port_and_takes_none),
		cmocka_unit_test(a_shipper_without_a_port_has_local_sockets),
		cmocka_unit_test(a_shipper_by_udp_has_sockets_of_udp_alone),
		cmocka_unit_test(
			a_reporter_keeps_its_journal_and_has_no_socket_and_no_program),
		cmocka_unit_test(a_shipper_has_sockets_and_two_folders),
		cmocka_unit_test(
			a_shipper_has_threads_only_where_its_library_needs_them),
		cmocka_unit_test(a_shipper_that_wants_more_is_ended),
		cmocka_unit_test(
			a_file_that_was_lent_is_read_at_any_time_and_no_other_is),
		cmocka_unit_test(
			who_tells_metrics_writes_its_file_and_connects_nowhere),
		cmocka_unit_test(
			who_writes_the_page_reads_and_has_no_socket_and_no_program),
		cmocka_unit_test(
			who_asks_servers_connects_to_their_ports_and_has_no_file),
		cmocka_unit_test(who_asks_name_servers_has_datagrams_and_no_file),
		cmocka_unit_test(memory_and_the_log_work_in_every_cage),
	};
	return cmocka_run_group_tests(tests, make_all, remove_all);
}
