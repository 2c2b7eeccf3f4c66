/*
 * tests/control/refused_call - a system call that this process may not make any more.
 *
 * It fails with EPERM; so does it in what this process starts.
 */
#pragma once

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>

static inline void refuse_call(int call)
{
	const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) != 0 ||
		seccomp_load(filter) != 0) {
		abort();
	}
	seccomp_release(filter);
}
