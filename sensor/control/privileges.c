#include "control/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static const struct {
	enum privilege privilege;
	unsigned capability;
} CAPABILITIES[] = {
	{PRIVILEGE_CAPTURE, CAP_NET_RAW},
	{PRIVILEGE_NETWORK, CAP_NET_ADMIN},
	{PRIVILEGE_READ_FILES, CAP_DAC_READ_SEARCH},
	{PRIVILEGE_SHUNT, CAP_BPF},
};
#define CAPABILITY_COUNT (sizeof(CAPABILITIES) / sizeof(CAPABILITIES[0]))

static bool take_entry(
	const char *name, struct privileges_user *user, struct reason *why)
{
	errno = 0;
	const struct passwd *entry = getpwnam(name);
	if (!entry) {
		return reason_set(why, "no user \"%s\"%s%s", name, errno ? ": " : "",
			errno ? strerror(errno) : "");
	}
	*user = (struct privileges_user){
		.name = name, .uid = entry->pw_uid, .gid = entry->pw_gid};
	return true;
}

bool privileges_find_user(
	const char *name, struct privileges_user *user, struct reason *why)
{
	if (geteuid() != 0) {
		*user = (struct privileges_user){
			.name = "", .uid = geteuid(), .gid = getegid()};
		return true;
	}
	if (name) {
		return take_entry(name, user, why);
	}
	return take_entry(PRIVILEGES_DEFAULT_USER, user, why) ||
	       take_entry("nobody", user, why);
}

unsigned privileges_held(void)
{
	unsigned held = 0;
	for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
		if (capng_have_capability(
			    CAPNG_EFFECTIVE, CAPABILITIES[i].capability)) {
			held |= CAPABILITIES[i].privilege;
		}
	}
	return held;
}

/* Fill the library's sets with what is kept of what is held. */
static bool select_kept(unsigned kept, struct reason *why)
{
	if (capng_get_caps_process() != 0) {
		return reason_set(why, "cannot read the capabilities of this process");
	}
	kept &= privileges_held();
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
		if ((kept & CAPABILITIES[i].privilege) &&
			capng_update(CAPNG_ADD,
				(capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
				CAPABILITIES[i].capability) != 0) {
			return reason_set(why, "cannot keep capability %u",
				CAPABILITIES[i].capability);
		}
	}
	return true;
}

bool privileges_become(
	const struct privileges_user *user, unsigned kept, struct reason *why)
{
	if (geteuid() == user->uid) {
		return privileges_keep(kept, why);
	}
	if (!select_kept(kept, why)) {
		return false;
	}
	const int result = capng_change_id((int)user->uid, (int)user->gid,
		(capng_flags_t)(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING |
				CAPNG_CLEAR_AMBIENT));
	if (result != 0) {
		return reason_set(why, "cannot become user %s (step %d): %s",
			user->name, -result, strerror(errno));
	}
	return true;
}

bool privileges_keep(unsigned kept, struct reason *why)
{
	if (!select_kept(kept, why)) {
		return false;
	}
	const int result =
		capng_apply((capng_select_t)(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT));
	if (result != 0) {
		return reason_set(why, "cannot give up capabilities (step %d): %s",
			-result, strerror(errno));
	}
	return true;
}
