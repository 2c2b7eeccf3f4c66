/*
 * commands/audit_apart - a process of its own for who asks the network, in a cage.
 *
 * In: what is asked there, and who takes what comes of it here. The process has no rights,
 * opens no file, and ends with this one; what it tells comes through a pipe, of one size,
 * and is checked by who takes it: those who are asked may have made it say anything.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>

struct audit_apart {
	size_t size; /* of what is told at once */
	/* In the process: its cage; then all that it asks. Returns its exit code. */
	bool (*enter)(void *context, struct reason *why);
	int (*ask)(void *context, int told);
	/* Here; told: size bytes. False: it is nonsense. */
	bool (*take)(void *context, const void *told);
	void *context;
};

/* Wait until it has asked all. COMMAND_OK, or what is wrong was told. */
int audit_apart_run(const struct audit_apart *apart);

/* In the process: ends it where nobody wants to know any more. */
void audit_apart_tell(int told, const void *bytes, size_t size);
