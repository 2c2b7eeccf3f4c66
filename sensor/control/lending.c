#include "control/lending.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static const struct lent_file *lent;

/* The registers of a call, as syscall(2) has them: its second argument, its result. */
#if defined(__x86_64__)
static const char *path_of(const ucontext_t *call)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): a register that holds one */
	return (const char *)call->uc_mcontext.gregs[REG_RSI];
}

static void set_result(ucontext_t *call, int result)
{
	call->uc_mcontext.gregs[REG_RAX] = result;
}
#define IS_SUPPORTED true
#elif defined(__aarch64__)
static const char *path_of(const ucontext_t *call)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): a register that holds one */
	return (const char *)call->uc_mcontext.regs[1];
}

static void set_result(ucontext_t *call, int result)
{
	call->uc_mcontext.regs[0] = (unsigned long long)(long long)result;
}
#define IS_SUPPORTED true
#else
static const char *path_of(const ucontext_t *call)
{
	(void)call;
	return "";
}

static void set_result(ucontext_t *call, int result)
{
	(void)call;
	(void)result;
}
#define IS_SUPPORTED false
#endif

static int lend(const char *path)
{
	for (const struct lent_file *file = lent; file->path; file++) {
		if (strcmp(file->path, path) != 0) {
			continue;
		}
		if (lseek(file->file, 0, SEEK_SET) != 0) { /* the copy's place, too */
			return -errno;
		}
		const int copy = fcntl(file->file, F_DUPFD_CLOEXEC, 0);
		return copy >= 0 ? copy : -errno;
	}
	return -EACCES;
}

static void on_call(int signal, siginfo_t *info, void *context)
{
	const int before = errno;
	ucontext_t *call = (ucontext_t *)context;
	(void)signal;
	set_result(
		call, info->si_syscall == SYS_openat ? lend(path_of(call)) : -EACCES);
	errno = before;
}

bool lending_start(const struct lent_file *files, struct reason *why)
{
	const struct sigaction action = {
		.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_RESTART};
	lent = files;
	if (!IS_SUPPORTED) {
		return reason_set(
			why, "no files can be lent on this kind of processor");
	}
	return sigaction(SIGSYS, &action, NULL) == 0 ||
	       reason_set(why, "cannot handle SIGSYS: %s", strerror(errno));
}
