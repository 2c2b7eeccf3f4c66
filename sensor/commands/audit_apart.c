#include "commands/audit_apart.h"

#include "base/environment.h"
#include "commands/options.h"
#include "control/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void audit_apart_tell(int told, const void *bytes, size_t size)
{
	if (write(told, bytes, size) != (ssize_t)size) {
		_exit(COMMAND_RUNTIME);
	}
}

static bool enter_cage(const struct audit_apart *apart, struct reason *why)
{
	struct privileges_user user;
	environment_forget();
	if (!privileges_find_user(NULL, &user, why) ||
		!privileges_become(&user, 0, why)) {
		return false;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* else it ends by the pipe */
	(void)signal(SIGPIPE, SIG_IGN);
	return apart->enter(apart->context, why);
}

/* In the process that asks; never returns. */
static void ask(const struct audit_apart *apart, int told)
{
	struct reason why;
	if (!enter_cage(apart, &why)) {
		_exit(command_failed(&COMMAND_AUDIT, "%s", why.text));
	}
	_exit(apart->ask(apart->context, told));
}

/* All of one; false at the end, or where it is cut. */
static bool read_one(int file, char *bytes, size_t size)
{
	size_t have = 0;
	while (have < size) {
		const ssize_t got = read(file, bytes + have, size - have);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return false;
		}
		have += (size_t)got;
	}
	return true;
}

static bool read_all(const struct audit_apart *apart, int file, char *bytes)
{
	while (read_one(file, bytes, apart->size)) {
		if (!apart->take(apart->context, bytes)) {
			return false;
		}
	}
	return true;
}

static int end_of(pid_t process)
{
	int status = 0;
	while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
	}
	if (WIFSIGNALED(status)) {
		return command_failed(&COMMAND_AUDIT,
			"the process that asks was ended by signal %d",
			WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}

static int attend(const struct audit_apart *apart, pid_t process, int file)
{
	char *bytes = malloc(apart->size);
	if (bytes && read_all(apart, file, bytes)) {
		free(bytes);
		return end_of(process);
	}
	(void)kill(process, SIGKILL);
	(void)end_of(process);
	free(bytes);
	return command_failed(&COMMAND_AUDIT, "the process that asks answers nonsense");
}

int audit_apart_run(const struct audit_apart *apart)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0) {
		return command_failed(&COMMAND_AUDIT, "%s", strerror(errno));
	}
	const pid_t process = fork();
	if (process == 0) {
		(void)close(ends[0]);
		ask(apart, ends[1]);
	}
	(void)close(ends[1]);
	const int code =
		process > 0 ? attend(apart, process, ends[0])
			    : command_failed(&COMMAND_AUDIT, "%s", strerror(errno));
	(void)close(ends[0]);
	return code;
}
