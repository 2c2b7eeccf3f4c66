/*
 * engine/counters - what an engine counted so far, as a list of named numbers.
 *
 * Apart from engine.h for those who only need to know how long the list may get.
 */
#pragma once

#include "base/counter.h"

#include <stddef.h>

struct engine;

#define ENGINE_COUNTERS_MAX 88

/* Fill list with at most ENGINE_COUNTERS_MAX counters; returns how many. */
size_t engine_counters(const struct engine *engine, struct counter *list);
