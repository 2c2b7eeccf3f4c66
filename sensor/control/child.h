/*
 * control/child - the first and last steps of every process that the supervisor forks.
 *
 * Signals, name and parent, alike for workers, reporter, shippers and the processes that
 * tell metrics and write the page. Gives up no right and opens nothing.
 */
#pragma once

#include "control/sensor.h"

/*
 * The first step: close what is the supervisor's alone, take signals as children do
 * (TERM from the supervisor only, or when it is gone; INT and ABRT not at all), be called
 * STARTING.
 */
void child_start(const struct sensor *sensor, unsigned place);

/*
 * Once rights are given up: be sent this signal when the supervisor ends. False: it is
 * gone already.
 */
bool child_follow_supervisor(const struct sensor *sensor, int signal);

/* Whether the supervisor is gone. */
bool child_is_alone(const struct sensor *sensor);

/* Write to the page why this process cannot work, and end it. */
_Noreturn void child_fail(
	const struct sensor *sensor, unsigned place, const struct reason *why);

/* Whether TERM was taken since the start. */
bool child_is_ending(void);

/*
 * A worker listened to it and ends in order. One that has a queue and does not come so far
 * within half a second, once the supervisor is gone, is ended: nobody else could, and no
 * mail would pass its queue.
 */
void child_takes_its_time(void);

/* Whether HUP was taken since this was asked last. */
bool child_is_told_to_reopen(void);
