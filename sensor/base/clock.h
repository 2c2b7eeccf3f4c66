/*
 * base/clock - the clocks of the system, for the parts that touch the world.
 *
 * decode ... judge never ask: there time is a parameter.
 */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us(clockid_t id)
{
	struct timespec now = {0};
	(void)clock_gettime(id, &now); /* fails for an unknown clock only */
	return (uint64_t)now.tv_sec * UINT64_C(1000000) + (uint64_t)now.tv_nsec / 1000;
}

/* Real time in microseconds since 1970, UTC; it may be set. */
static inline uint64_t clock_realtime_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

/* Microseconds since some start, never set back. */
static inline uint64_t clock_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* Microseconds since the machine started, its sleep included; never set. */
static inline uint64_t clock_boottime_us(void)
{
	return clock_us(CLOCK_BOOTTIME);
}
