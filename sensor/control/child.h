/*
 * control/child - the first and last steps of every process of the sensor.
 */
#pragma once

#include "control/sensor.h"

/*
 * First: close what is the supervisor's alone, take signals as children do (TERM from
 * the supervisor only, or when it is gone; INT and ABRT not at all), be called STARTING.
 */
void child_start(const struct sensor *sensor, unsigned place);

/* Once rights are given up: end when the supervisor does. False: it is gone already. */
bool child_follow_supervisor(const struct sensor *sensor, int signal);

/* Is the supervisor gone? */
bool child_is_alone(const struct sensor *sensor);

/* Tell that it cannot work, and end. */
_Noreturn void child_fail(
	const struct sensor *sensor, unsigned place, const struct reason *why);

/* The signals taken since start. */
bool child_is_ending(void);         /* TERM */
bool child_is_told_to_reopen(void); /* HUP, once */
