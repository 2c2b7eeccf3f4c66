/*
 * control/privileges - who a process is and what it may: user and capabilities.
 *
 * The one file that knows libcap-ng (capabilities(7)). What was given up never
 * comes back.
 */
#pragma once

#include "base/reason.h"

#include <stdint.h>
#include <sys/types.h>

enum privilege {                    /* flags */
	PRIVILEGE_CAPTURE = 1 << 0, /* CAP_NET_RAW: packet and raw sockets */
	PRIVILEGE_NETWORK = 1 << 1, /* CAP_NET_ADMIN: NFQUEUE, promiscuous mode */
	PRIVILEGE_READ_FILES = 1
			       << 2, /* CAP_DAC_READ_SEARCH: the admin's files again */
	PRIVILEGE_SHUNT = 1 << 3,    /* CAP_BPF: a filter that has a table */
};

#define PRIVILEGES_DEFAULT_USER "mailwarden"

struct privileges_user {
	const char *name; /* borrowed */
	uid_t uid;
	gid_t gid;
};

/*
 * The user to become. name NULL: mailwarden, or nobody where it is missing (told by
 * user->name). Started as somebody else than root: that one stays.
 */
bool privileges_find_user(
	const char *name, struct privileges_user *user, struct reason *why);

/* Become that user, keep of what this process has only those flags. */
bool privileges_become(
	const struct privileges_user *user, unsigned kept, struct reason *why);

/* Keep of what this process has only those flags. */
bool privileges_keep(unsigned kept, struct reason *why);

/* The flags this process has in effect. */
unsigned privileges_held(void);
