#include "control/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

/* Packets and verdicts through the sockets that are open. */
static const int WORKER_CALLS[] = {
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(getsockopt),  /* drop counters of a packet socket */
	SCMP_SYS(getsockname), /* libpcap, when the interface is down */
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
	END_OF_LIST,
};

static const int *const ROLE_CALLS[] = {
	[SANDBOX_ROLE_WORKER] = WORKER_CALLS,
	[SANDBOX_ROLE_REPORTER] = REPORTER_CALLS,
};

/* What libraries try without need: time zones, settings, links to themselves. */
static const int REFUSED_CALLS[] = {
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(access),
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

static int refuse_list(scmp_filter_ctx filter, const int *allowed)
{
	int result = 0;
	for (const int *call = REFUSED_CALLS; *call != END_OF_LIST && result == 0;
		call++) {
		if (!is_listed(allowed, *call)) {
			result = seccomp_rule_add(
				filter, SCMP_ACT_ERRNO(EACCES), *call, 0);
		}
	}
	return result;
}

/* The calls that are right with some arguments only. */
static int allow_narrow(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp not_executable =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	/* libpcap asks whether an interface is up again */
	const struct scmp_arg_cmp interface_flags = SCMP_A1(SCMP_CMP_EQ, SIOCGIFFLAGS);
	const struct scmp_arg_cmp to_itself =
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
	/* an assertion that fails ends by a signal to itself */
	int result = seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, to_itself);
	if (result == 0) {
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_executable);
	}
	if (result == 0) {
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, interface_flags);
	}
	if (result == 0) {
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_executable);
	}
	if (result == 0) { /* libpcap: is the interface still there, is it up? */
		const struct scmp_arg_cmp name = SCMP_A1(SCMP_CMP_EQ, SIOCGIFNAME);
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, name);
	}
	if (result == 0) {
		const struct scmp_arg_cmp flags = SCMP_A1(SCMP_CMP_EQ, SIOCGIFFLAGS);
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, flags);
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

bool sandbox_enter(enum sandbox_role role, struct reason *why)
{
	if (!sandbox_harden(why)) {
		return false;
	}
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter) {
		return reason_set(why, "no memory for the filter of system calls");
	}
	int result = allow_list(filter, COMMON_CALLS);
	if (result == 0) {
		result = allow_list(filter, ROLE_CALLS[role]);
	}
	if (result == 0) {
		result = refuse_list(filter, ROLE_CALLS[role]);
	}
	if (result == 0) {
		result = allow_narrow(filter);
	}
	if (result == 0) {
		result = seccomp_load(filter);
	}
	seccomp_release(filter);
	if (result != 0) {
		return reason_set(
			why, "cannot filter system calls: %s", strerror(-result));
	}
	return true;
}
