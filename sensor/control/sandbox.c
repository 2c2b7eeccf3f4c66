#include "control/sandbox.h"

#include "base/landlock.h"
#include "control/lending.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define END_OF_LIST (-1)

/* Memory, time, waiting, what is open already, an orderly end. */
static const int COMMON_CALLS[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(gettid),
	SCMP_SYS(sched_yield),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(sigaltstack), /* the sanitizer's, when a process ends */
#endif
	END_OF_LIST,
};

/* Packets through the sockets that are open; none is sent on a network that is watched. */
static const int WORKER_CALLS[] = {
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(getsockopt),  /* drop counters of a packet socket */
	SCMP_SYS(getsockname), /* libpcap, when the interface is down */
	END_OF_LIST,
};

/* Verdicts, marks and resets, through the sockets that are open. */
static const int INLINE_CALLS[] = {
	SCMP_SYS(setitimer), /* to be ended, should it hang */
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	END_OF_LIST,
};

static const int REPORTER_CALLS[] = {
	SCMP_SYS(openat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(pread64),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlinkat),
	SCMP_SYS(symlinkat),
	SCMP_SYS(fallocate),
	SCMP_SYS(getdents64),
	SCMP_SYS(fcntl),   /* fdopen's */
	SCMP_SYS(sysinfo), /* qsort's */
	END_OF_LIST,
};

/* Connections to its output; its place in the journal. */
static const int SHIPPER_CALLS[] = {
	SCMP_SYS(connect),
	SCMP_SYS(shutdown),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg), /* the resolver's */
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(fcntl),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),
	SCMP_SYS(dup),
	SCMP_SYS(newfstatat),
	SCMP_SYS(stat),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(getdents64),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigaction), /* syslog(3) and OpenSSL set their signals */
	END_OF_LIST,
};

/* Of a library that has threads; the C library sets up each, and tells the kernel its name. */
static const int THREAD_CALLS[] = {
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	END_OF_LIST,
};

/* Connections that others make; a file in its folder, and the page's to read. */
static const int METRICS_CALLS[] = {
	SCMP_SYS(newfstatat), /* fstat's */
	SCMP_SYS(accept4),
	SCMP_SYS(shutdown),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(fcntl),
	SCMP_SYS(renameat),
	END_OF_LIST,
};

/* Connections to servers; what they answer goes through a pipe that is open. */
static const int ASKER_CALLS[] = {
	SCMP_SYS(connect),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	END_OF_LIST,
};

/* Datagrams and connections; a thread of libunbound's waits for them. */
static const int NAMES_CALLS[] = {
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(shutdown),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(socketpair),
	SCMP_SYS(fcntl),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigaction),
	END_OF_LIST,
};

/* Files that it reads, and one that it replaces. */
static const int PAGE_CALLS[] = {
	SCMP_SYS(newfstatat),
	SCMP_SYS(pread64),
	SCMP_SYS(fsync),
	SCMP_SYS(renameat),
	SCMP_SYS(unlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(fcntl),   /* fdopen's */
	SCMP_SYS(sysinfo), /* qsort's */
	END_OF_LIST,
};

static const int *const ROLE_CALLS[] = {
	[SANDBOX_ROLE_WORKER] = WORKER_CALLS,
	[SANDBOX_ROLE_INLINE] = INLINE_CALLS,
	[SANDBOX_ROLE_REPORTER] = REPORTER_CALLS,
	[SANDBOX_ROLE_METRICS] = METRICS_CALLS,
	[SANDBOX_ROLE_PAGE] = PAGE_CALLS,
	[SANDBOX_ROLE_SHIPPER] = SHIPPER_CALLS,
	[SANDBOX_ROLE_ASKER] = ASKER_CALLS,
	[SANDBOX_ROLE_NAMES] = NAMES_CALLS,
};

/* What libraries try without need: time zones, settings, links to themselves. */
static const int REFUSED_CALLS[] = {
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(stat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	END_OF_LIST,
};

static bool is_listed(const int *list, int call)
{
	for (; *list != END_OF_LIST; list++) {
		if (*list == call) {
			return true;
		}
	}
	return false;
}

static int allow_list(scmp_filter_ctx filter, const int *list)
{
	int result = 0;
	for (; *list != END_OF_LIST && result == 0; list++) {
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, *list, 0);
	}
	return result;
}

/* is_openat_decided: by its arguments, elsewhere */
static int refuse_list(
	scmp_filter_ctx filter, const int *allowed, bool is_openat_decided)
{
	int result = 0;
	for (const int *call = REFUSED_CALLS; *call != END_OF_LIST && result == 0;
		call++) {
		if (!is_listed(allowed, *call) &&
			!(is_openat_decided && *call == SCMP_SYS(openat))) {
			result = seccomp_rule_add(
				filter, SCMP_ACT_ERRNO(EACCES), *call, 0);
		}
	}
	return result;
}

/* One more rule; after an error none. */
static int add_rule(scmp_filter_ctx filter, int before, uint32_t action, int call,
	const struct scmp_arg_cmp argument)
{
	return before != 0 ? before
			   : seccomp_rule_add(filter, action, call, 1, argument);
}

static bool is_worker(enum sandbox_role role)
{
	return role == SANDBOX_ROLE_WORKER || role == SANDBOX_ROLE_INLINE;
}

/*
 * The calls that are right with some arguments only. What a worker has frozen, the matrix
 * of all workers, stays so: nothing is made writable again.
 */
static int allow_narrow(scmp_filter_ctx filter, enum sandbox_role role)
{
	static const unsigned long REQUESTS[] = {
		SIOCGIFFLAGS, SIOCGIFNAME,  /* libpcap: is the interface there, up? */
		FIONBIO, FIONREAD, TIOCOUTQ /* of an output's socket */
	};
	const uint32_t allow = SCMP_ACT_ALLOW;
	const struct scmp_arg_cmp not_executable =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp as_allowed = SCMP_A2(
		SCMP_CMP_MASKED_EQ, PROT_EXEC | (is_worker(role) ? PROT_WRITE : 0), 0);
	const struct scmp_arg_cmp to_itself =
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
	/* an assertion that fails ends by a signal to itself */
	int result = add_rule(filter, 0, allow, SCMP_SYS(tgkill), to_itself);
	result = add_rule(filter, result, allow, SCMP_SYS(mmap), not_executable);
	result = add_rule(filter, result, allow, SCMP_SYS(mprotect), as_allowed);
	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++) {
		const struct scmp_arg_cmp request =
			SCMP_A1(SCMP_CMP_EQ, REQUESTS[i], 0);
		result = add_rule(filter, result, allow, SCMP_SYS(ioctl), request);
	}
	return result;
}

bool sandbox_harden(struct reason *why)
{
	const struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return reason_set(why,
			"cannot forbid core dumps and new privileges: %s",
			strerror(errno));
	}
	return true;
}

bool sandbox_limit_memory(struct reason *why)
{
#ifdef __SANITIZE_ADDRESS__ /* its shadow of the memory counts, too */
	(void)why;
	return true;
#else
	const struct rlimit most = {SANDBOX_MEMORY_BYTES, SANDBOX_MEMORY_BYTES};
	return setrlimit(RLIMIT_DATA, &most) == 0 ||
	       reason_set(why, "cannot bound the memory: %s", strerror(errno));
#endif
}

#define LOW_HALF UINT64_C(0xffffffff) /* of a register: what an int is */

/* Files of its folders only; a path from anywhere else is refused. */
static int allow_folders(scmp_filter_ctx filter, const struct sandbox_room *room)
{
	const struct scmp_arg_cmp elsewhere =
		SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF, (scmp_datum_t)(uint32_t)AT_FDCWD);
	const struct scmp_arg_cmp in_journal =
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)room->journal, 0);
	const struct scmp_arg_cmp in_look =
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)room->look, 0);
	const struct scmp_arg_cmp read_only =
		SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, O_RDONLY);
	const struct scmp_arg_cmp in_own =
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)room->own, 0);
	const uint32_t refusal = room->files ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EACCES);
	int result = add_rule(filter, 0, refusal, SCMP_SYS(openat), elsewhere);
	if (result == 0) {
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2,
			in_journal, read_only);
	}
	if (result == 0 && room->look != 0) {
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2,
			in_look, read_only);
	}
	return room->own < 0 ? result
			     : add_rule(filter, result, SCMP_ACT_ALLOW,
				       SCMP_SYS(openat), in_own);
}

/* A pair of arguments of socket(2); after an error none. */
static int add_socket(
	scmp_filter_ctx filter, int before, uint32_t action, int domain, int type)
{
	const struct scmp_arg_cmp in_domain =
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)domain, 0);
	const struct scmp_arg_cmp of_type = SCMP_A1(SCMP_CMP_MASKED_EQ,
		~(scmp_datum_t)(SOCK_CLOEXEC | SOCK_NONBLOCK) & LOW_HALF,
		(scmp_datum_t)type);
	return before != 0 ? before
			   : seccomp_rule_add(filter, action, SCMP_SYS(socket), 2,
				     in_domain, of_type);
}

/* Of the kind that its output has; what a resolver tries beside is refused gently. */
static int allow_sockets(scmp_filter_ctx filter, const struct sandbox_room *room)
{
	const bool is_remote = !room->ports || room->ports[0] != 0;
	const uint32_t refusal = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	const bool is_tcp = !room->is_udp || room->is_both;
	const uint32_t tcp = is_remote && is_tcp ? SCMP_ACT_ALLOW : refusal;
	const uint32_t udp = is_remote && room->is_udp ? SCMP_ACT_ALLOW : refusal;
	const uint32_t local = is_remote ? refusal : SCMP_ACT_ALLOW;
	const struct scmp_arg_cmp netlink = SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0);
	int result = add_socket(filter, 0, tcp, AF_INET, SOCK_STREAM);
	result = add_socket(filter, result, tcp, AF_INET6, SOCK_STREAM);
	result = add_socket(filter, result, udp, AF_INET, SOCK_DGRAM);
	result = add_socket(filter, result, udp, AF_INET6, SOCK_DGRAM);
	result = add_socket(filter, result, local, AF_UNIX, SOCK_STREAM);
	result = add_socket(filter, result, local, AF_UNIX, SOCK_DGRAM);
	return add_rule(filter, result, refusal, SCMP_SYS(socket), netlink);
}

/* What libraries can do without: refused, so that an output is down but not dead. */
static int refuse_gently(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp executable =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
	const uint32_t refusal = SCMP_ACT_ERRNO(EPERM);
	int result = add_rule(filter, 0, refusal, SCMP_SYS(mmap), executable);
	result = add_rule(filter, result, refusal, SCMP_SYS(mprotect), executable);
	/* its arguments lie in memory: the C library then takes clone */
	return result != 0 ? result
			   : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
				     SCMP_SYS(clone3), 0);
}

/* Neither processes nor threads, or threads alone: clone(2) that makes one says so. */
static int allow_threads(scmp_filter_ctx filter, bool has_threads)
{
	const struct scmp_arg_cmp of_thread =
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp of_process =
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
	const struct scmp_arg_cmp to_name = SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0);
	const uint32_t refusal = SCMP_ACT_ERRNO(ENOSYS);
	int result = add_rule(filter, 0, refusal, SCMP_SYS(clone), of_process);
	if (!has_threads) {
		return add_rule(filter, result, refusal, SCMP_SYS(clone), of_thread);
	}
	result = add_rule(filter, result, SCMP_ACT_ALLOW, SCMP_SYS(clone), of_thread);
	result = add_rule(filter, result, SCMP_ACT_ALLOW, SCMP_SYS(prctl), to_name);
	return result != 0 ? result : allow_list(filter, THREAD_CALLS);
}

/* is_gentle: it has libraries that try what they can do without */
static int allow_of_role(scmp_filter_ctx filter, enum sandbox_role role,
	const struct sandbox_room *room, bool is_gentle)
{
	int result = allow_list(filter, COMMON_CALLS);
	if (result == 0) {
		result = allow_list(filter, ROLE_CALLS[role]);
	}
	if (result == 0 && is_gentle) {
		result = allow_folders(filter, room);
	}
	if (result == 0 &&
		(role == SANDBOX_ROLE_SHIPPER || role == SANDBOX_ROLE_ASKER ||
			role == SANDBOX_ROLE_NAMES)) {
		result = allow_sockets(filter, room);
	}
	if (result == 0 && is_gentle) {
		result = refuse_gently(filter);
	}
	if (result == 0 && is_gentle) {
		result = allow_threads(filter, room->has_threads);
	}
	return result;
}

static int load_filter(
	scmp_filter_ctx filter, enum sandbox_role role, const struct sandbox_room *room)
{
	const bool is_gentle = role == SANDBOX_ROLE_SHIPPER ||
			       role == SANDBOX_ROLE_METRICS ||
			       role == SANDBOX_ROLE_PAGE ||
			       role == SANDBOX_ROLE_ASKER || role == SANDBOX_ROLE_NAMES;
	int result = allow_of_role(filter, role, room, is_gentle);
	if (result == 0) {
		result = refuse_list(filter, ROLE_CALLS[role], is_gentle);
	}
	if (result == 0) {
		result = allow_narrow(filter, role);
	}
	return result == 0 ? seccomp_load(filter) : result;
}

static bool bind_to(
	enum sandbox_role role, const struct sandbox_room *room, struct reason *why)
{
	const enum landlock_right journal =
		role == SANDBOX_ROLE_REPORTER ? LANDLOCK_WRITE : LANDLOCK_READ;
	const struct landlock_room bound = {
		.folders = {{room->journal, journal}, {room->own, LANDLOCK_WRITE},
			{room->look == 0 ? -1 : room->look, LANDLOCK_READ}},
		.folder_count = 3,
		.ports = room->ports};
	return landlock_enter(&bound, why);
}

static bool enter(
	enum sandbox_role role, const struct sandbox_room *room, struct reason *why)
{
	if (!sandbox_harden(why) || !bind_to(role, room, why)) {
		return false;
	}
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter) {
		return reason_set(why, "no memory for the filter of system calls");
	}
	const int result = load_filter(filter, role, room);
	seccomp_release(filter);
	if (result != 0) {
		return reason_set(
			why, "cannot filter system calls: %s", strerror(-result));
	}
	return true;
}

static const uint16_t NO_PORTS[] = {0};

bool sandbox_enter_worker(bool is_inline, struct reason *why)
{
	const struct sandbox_room none = {.journal = -1, .own = -1, .ports = NO_PORTS};
	return enter(is_inline ? SANDBOX_ROLE_INLINE : SANDBOX_ROLE_WORKER, &none, why);
}

bool sandbox_enter_reporter(int state_directory, int journal, struct reason *why)
{
	const struct sandbox_room room = {
		.journal = journal, .own = state_directory, .ports = NO_PORTS};
	return enter(SANDBOX_ROLE_REPORTER, &room, why);
}

bool sandbox_enter_shipper(const struct sandbox_room *room, struct reason *why)
{
	if (room->files && !lending_start(room->files, why)) {
		return false;
	}
	return sandbox_limit_memory(why) && enter(SANDBOX_ROLE_SHIPPER, room, why);
}

bool sandbox_enter_metrics(int directory, int www, struct reason *why)
{
	const struct sandbox_room room = {
		.journal = www, .own = directory, .ports = NO_PORTS};
	return sandbox_limit_memory(why) && enter(SANDBOX_ROLE_METRICS, &room, why);
}

bool sandbox_enter_page(int www, int state_directory, int journal, struct reason *why)
{
	const struct sandbox_room room = {.journal = journal,
		.own = www,
		.look = state_directory,
		.ports = NO_PORTS};
	return enter(SANDBOX_ROLE_PAGE, &room, why);
}

bool sandbox_enter_asker(const uint16_t *ports, struct reason *why)
{
	const struct sandbox_room room = {.journal = -1, .own = -1, .ports = ports};
	return sandbox_limit_memory(why) && enter(SANDBOX_ROLE_ASKER, &room, why);
}

bool sandbox_enter_names(const uint16_t *ports, struct reason *why)
{
	const struct sandbox_room room = {.journal = -1,
		.own = -1,
		.ports = ports,
		.is_udp = true,
		.is_both = true,
		.has_threads = true};
	return sandbox_limit_memory(why) && enter(SANDBOX_ROLE_NAMES, &room, why);
}
