#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/privileges.h"
#include "refused_call.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTCOME_RIGHT = 0, OUTCOME_WRONG = 1 };

/* What was given up never comes back: each case has a process of its own. */
static void assert_right(bool (*act)(void))
{
	int status = 0;
	const pid_t pid = fork();
	if (pid == 0) {
		_exit(act() ? OUTCOME_RIGHT : OUTCOME_WRONG);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), OUTCOME_RIGHT);
}

static bool keeps_what_was_asked_of_what_it_had(void)
{
	struct reason why;
	const unsigned had = privileges_held();
	return privileges_keep(PRIVILEGE_NETWORK, &why) &&
	       privileges_held() == (had & PRIVILEGE_NETWORK) &&
	       privileges_keep(PRIVILEGE_CAPTURE, &why) && privileges_held() == 0;
}

static bool is_told_the_reason(void)
{
	struct reason why = {.text = ""};
	refuse_call(SCMP_SYS(capget));
	return !privileges_keep(0, &why) &&
	       strcmp(why.text, "cannot read the capabilities of this process") == 0;
}

static bool stays_who_it_is(void)
{
	struct reason why = {.text = ""};
	const struct privileges_user other = {
		.name = "other", .uid = geteuid() + 1, .gid = getegid() + 1};
	const uid_t self = geteuid();
	refuse_call(SCMP_SYS(capget));
	return !privileges_become(&other, 0, &why) && geteuid() == self &&
	       strcmp(why.text, "cannot read the capabilities of this process") == 0;
}

static void what_is_kept_was_held_before_and_never_comes_back(void **state)
{
	(void)state;
	assert_right(keeps_what_was_asked_of_what_it_had);
}

static void capabilities_that_cannot_be_read_are_not_given_up_in_silence(void **state)
{
	(void)state;
	assert_right(is_told_the_reason);
}

static void nobody_becomes_another_with_capabilities_that_cannot_be_read(void **state)
{
	(void)state;
	assert_right(stays_who_it_is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_was_held_before_and_never_comes_back),
		cmocka_unit_test(
			capabilities_that_cannot_be_read_are_not_given_up_in_silence),
		cmocka_unit_test(
			nobody_becomes_another_with_capabilities_that_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
