/*
 * base/landlock - bind a process to folders and TCP ports, whatever path it names.
 *
 * A filter of system calls sees the number of a folder that is open, not the path beside
 * it: "../x" and "/x" lead out of any. Landlock (landlock(7)) looks at the file that a
 * path leads to. As much is asked as the kernel has: files from 5.13 on, ports from 6.7
 * on, signals and abstract sockets from 6.12 on. Knows no role. Never undone, inherited.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>

enum landlock_right {
	LANDLOCK_READ = 0, /* files, and their list */
	LANDLOCK_WRITE,    /* also: make, change, rename, take away files and links */
};

struct landlock_folder {
	int folder; /* an open one, with all below it; below 0: none */
	enum landlock_right right;
};

#define LANDLOCK_FOLDERS_MAX 3
#define LANDLOCK_PORTS       4 /* the version from which on ports are bound, too */

struct landlock_room {
	/* all else is refused with EACCES; what is open already stays open */
	struct landlock_folder folders[LANDLOCK_FOLDERS_MAX];
	size_t folder_count;
	/* TCP ports to connect to, 0 behind the last; NULL: any. None is listened at */
	const uint16_t *ports;
};

/* What the kernel has: the number of its interface; 0: none, or it is switched off. */
int landlock_version(void);

/*
 * From here on. Asks for PR_SET_NO_NEW_PRIVS before. Where the kernel has none, all is as
 * before; false with a reason where it has and refuses.
 */
bool landlock_enter(const struct landlock_room *room, struct reason *why);
