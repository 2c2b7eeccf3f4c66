#include "base/landlock.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's words (linux/landlock.h), since the header of a system may be older than
 * its kernel. A structure may be longer than the kernel's own, where the rest is 0.
 */
struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scoped;
};

struct beneath {
	uint64_t rights;
	int32_t folder;
} __attribute__((packed));

struct port {
	uint64_t rights;
	uint64_t port;
};

#define VERSION_WANTED UINT32_C(1) /* a flag in the place of a ruleset */
#define RULE_BENEATH   1
#define RULE_PORT      2

#define FILE_WRITE   (UINT64_C(1) << 1)
#define FILE_READ    (UINT64_C(1) << 2)
#define FOLDER_LIST  (UINT64_C(1) << 3)
#define FILE_REMOVE  (UINT64_C(1) << 5)
#define FILE_MAKE    (UINT64_C(1) << 8)
#define LINK_MAKE    (UINT64_C(1) << 12)
#define FILE_SHORTEN (UINT64_C(1) << 14)

#define TCP_CONNECT (UINT64_C(1) << 1)

#define READING (FILE_READ | FOLDER_LIST)
#define WRITING \
	(READING | FILE_WRITE | FILE_REMOVE | FILE_MAKE | LINK_MAKE | FILE_SHORTEN)

/* Rights that the kernel knows from this version on, which are taken from everybody. */
static const struct {
	int version;
	struct ruleset added;
} VERSIONS[] = {
	{1, {.files = 0x1fff}},
	{2, {.files = UINT64_C(1) << 13}}, /* from one folder to another */
	{3, {.files = FILE_SHORTEN}},
	{LANDLOCK_PORTS, {.network = 3}},  /* TCP: listen, connect */
	{5, {.files = UINT64_C(1) << 15}}, /* ioctl(2) of devices */
	{6, {.scoped = 3}},                /* to others: abstract sockets, signals */
};

int landlock_version(void)
{
	const long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_WANTED);
	return version > 0 ? (int)version : 0;
}

static struct ruleset known_to(int version)
{
	struct ruleset known = {.files = 0};
	for (size_t i = 0; i < sizeof(VERSIONS) / sizeof(VERSIONS[0]); i++) {
		if (VERSIONS[i].version <= version) {
			known.files |= VERSIONS[i].added.files;
			known.network |= VERSIONS[i].added.network;
			known.scoped |= VERSIONS[i].added.scoped;
		}
	}
	return known;
}

static bool allow_folder(
	int rules, const struct ruleset *known, const struct landlock_folder *folder)
{
	const struct beneath rule = {
		.rights = known->files &
			  (folder->right == LANDLOCK_WRITE ? WRITING : READING),
		.folder = folder->folder};
	return folder->folder < 0 ||
	       syscall(SYS_landlock_add_rule, rules, RULE_BENEATH, &rule, 0) == 0;
}

static bool allow_port(int rules, uint16_t number)
{
	const struct port rule = {.rights = TCP_CONNECT, .port = number};
	return syscall(SYS_landlock_add_rule, rules, RULE_PORT, &rule, 0) == 0;
}

static bool allow(
	int rules, const struct ruleset *known, const struct landlock_room *room)
{
	bool is_right = true;
	for (size_t i = 0; i < room->folder_count && is_right; i++) {
		is_right = allow_folder(rules, known, &room->folders[i]);
	}
	const bool is_asking = known->network != 0 && room->ports;
	for (const uint16_t *port = room->ports; is_asking && *port != 0 && is_right;
		port++) {
		is_right = allow_port(rules, *port);
	}
	return is_right;
}

bool landlock_enter(const struct landlock_room *room, struct reason *why)
{
	struct ruleset known = known_to(landlock_version());
	if (known.files == 0) {
		return true;
	}
	if (!room->ports) {
		known.network &= ~TCP_CONNECT;
	}
	const int rules =
		(int)syscall(SYS_landlock_create_ruleset, &known, sizeof(known), 0);
	const bool is_entered = rules >= 0 && allow(rules, &known, room) &&
				syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	const int error = errno;
	if (rules >= 0) {
		(void)close(rules);
	}
	return is_entered ||
	       reason_set(why, "cannot bind files and ports: %s", strerror(error));
}
