/*
 * control/lending - give a library in a cage the files that it opens by their paths.
 *
 * Some libraries read a certificate or a key whenever they connect, long after the
 * process gave up the right to open files. The filter of system calls hands such an
 * openat(2) over as SIGSYS instead of refusing it; here it gets a descriptor of the file
 * that was opened before the cage, if it is one of the list, else EACCES. One reader at
 * a time: the descriptors share their place in the file, which is set to its start.
 */
#pragma once

#include "base/lent_file.h"
#include "base/reason.h"

/* files is borrowed for good. False with a reason: not on this kind of processor. */
bool lending_start(const struct lent_file *files, struct reason *why);
