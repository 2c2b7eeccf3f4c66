/*
 * control/sandbox - the seccomp sandbox of a process, its cage: from here on it may make
 * no system call but those of its role.
 *
 * The one file that knows libseccomp (seccomp(2)). A call that is not on the role's
 * list ends the process, told by the supervisor as SIGSYS; opening a file is merely
 * refused (EACCES), since the libraries ask for files they can do without. Also: no
 * new privileges, no core dump, no tracing (mail is in memory), no new executable
 * memory.
 */
#pragma once

#include "base/lent_file.h"
#include "base/reason.h"

enum sandbox_role {
	SANDBOX_ROLE_WORKER = 0, /* no file, no socket, no process, no program */
	SANDBOX_ROLE_REPORTER,   /* files in its directory; no socket, no process */
	SANDBOX_ROLE_METRICS, /* takes connections; files of one folder; no process */
	SANDBOX_ROLE_SHIPPER, /* sockets; files of two folders; no process, no program */
};

/* The folders (open ones) in which a shipper may open files. */
struct sandbox_folders {
	int journal;                   /* to read */
	int own;                       /* to write, or -1 */
	const struct lent_file *files; /* to lend, or NULL; must outlive the cage */
};

/* What a process may have of its own that reads what a peer answers: with the program 128 MiB. */
#define SANDBOX_MEMORY_BYTES ((size_t)112 << 20)

/* No more memory than that, whatever a peer makes a library take (setrlimit(2)). */
bool sandbox_limit_memory(struct reason *why);

/* For every process: no core dump, no tracing, no new privileges. */
bool sandbox_harden(struct reason *why);

/* After all is opened and all libraries have started. */
bool sandbox_enter(enum sandbox_role role, struct reason *why);

/*
 * SANDBOX_ROLE_SHIPPER, with bounded memory: what libraries try without need is refused with an error, not
 * by ending the process: new executable memory, netlink sockets, threads, other files.
 */
bool sandbox_enter_shipper(const struct sandbox_folders *folders, struct reason *why);

/* SANDBOX_ROLE_METRICS, with bounded memory. directory: where its file is written, or -1. */
bool sandbox_enter_metrics(int directory, struct reason *why);
