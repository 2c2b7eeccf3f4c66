/*
 * control/sandbox - the sandbox of a process, its cage: from here on it may make no
 * system call but those of its role, and reach no file and no port but its own.
 *
 * The one file that knows libseccomp (seccomp(2)). A call that is not on the role's
 * list ends the process, told by the supervisor as SIGSYS; opening a file is merely
 * refused (EACCES), since the libraries ask for files they can do without. Which file a
 * path leads to, the filter does not see: that is base/landlock's, where the kernel has
 * it. Also: no new privileges, no core dump, no tracing (mail is in memory), no new
 * executable memory.
 */
#pragma once

#include "base/lent_file.h"
#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>

enum sandbox_role {
	/* no file, no socket, no process, no program; the memory it may write is its own */
	SANDBOX_ROLE_WORKER = 0, /* takes packets, sends none */
	SANDBOX_ROLE_INLINE,     /* a worker that tells the kernel of verdicts */
	SANDBOX_ROLE_REPORTER,   /* files of two folders; no socket, no process */
	SANDBOX_ROLE_METRICS, /* takes connections; files of two folders; no process */
	SANDBOX_ROLE_PAGE,    /* files of three folders; no socket, no process */
	SANDBOX_ROLE_SHIPPER, /* sockets; files of two folders; no process, no program */
	SANDBOX_ROLE_ASKER,   /* connections of TCP; no file, no process */
	SANDBOX_ROLE_NAMES,   /* and datagrams; threads of a library */
};

/* The folders (open ones) in which files may be opened, and what is given beside them. */
struct sandbox_room {
	int journal; /* to read, the reporter's to write; metrics': the page's */
	int look;    /* another to read; 0: none */
	int own;     /* to write, or -1 */
	const struct lent_file *files; /* to lend, or NULL; must outlive the cage */
	/*
	 * TCP ports to connect to, 0 behind the last; NULL: any. Of a shipper that has
	 * none, the sockets are local; of one that has some, they are of TCP, or of UDP.
	 */
	const uint16_t *ports;
	bool is_udp;      /* to any port then: Landlock knows TCP's alone */
	bool is_both;     /* of UDP and of TCP */
	bool has_threads; /* of a library, begun in the cage; else it is refused any */
};

/* What a process may have of its own that reads what a peer answers: with the program 128 MiB. */
#define SANDBOX_MEMORY_BYTES ((size_t)112 << 20)

/* No more memory than that, whatever a peer makes a library take (setrlimit(2)). */
bool sandbox_limit_memory(struct reason *why);

/* For every process: no core dump, no tracing, no new privileges. */
bool sandbox_harden(struct reason *why);

/* After all is opened and all libraries have started; a worker's. */
bool sandbox_enter_worker(bool is_inline, struct reason *why);

/* SANDBOX_ROLE_REPORTER. journal: may lie elsewhere than in the state directory. */
bool sandbox_enter_reporter(int state_directory, int journal, struct reason *why);

/*
 * SANDBOX_ROLE_SHIPPER, with bounded memory: what libraries try without need is refused with an error, not
 * by ending the process: new executable memory, sockets of another kind, processes, other files,
 * and threads where its room has none.
 */
bool sandbox_enter_shipper(const struct sandbox_room *room, struct reason *why);

/*
 * SANDBOX_ROLE_METRICS, with bounded memory. directory: where its file is written; www:
 * where the page is read; either may be -1.
 */
bool sandbox_enter_metrics(int directory, int www, struct reason *why);

/* SANDBOX_ROLE_PAGE. www: to write in; the other two to read. */
bool sandbox_enter_page(int www, int state_directory, int journal, struct reason *why);

/*
 * SANDBOX_ROLE_ASKER, with bounded memory: who asks servers. ports: to connect to, 0 behind
 * the last.
 */
bool sandbox_enter_asker(const uint16_t *ports, struct reason *why);

/*
 * SANDBOX_ROLE_NAMES, with bounded memory: who asks name servers, and fetches a document. ports: of TCP to
 * connect to, 0 behind the last; datagrams may go anywhere. Threads begin in the cage.
 */
bool sandbox_enter_names(const uint16_t *ports, struct reason *why);
