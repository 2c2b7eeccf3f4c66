/*
 * control/links - have a worker take an interface that was away and is back.
 *
 * A worker in its cage cannot open it; so once the interface is up the worker is told
 * to end, reports its flows, and is started again. Asks the kernel, once a second.
 */
#pragma once

#include "control/processes.h"

void links_look(const struct processes *processes);
