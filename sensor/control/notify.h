/*
 * control/notify - tell the service manager how the sensor is (sd_notify(3)).
 *
 * One datagram per word to the socket that $NOTIFY_SOCKET names; without one nothing
 * is done. Never blocks and never fails: a manager that is gone changes nothing.
 */
#pragma once

/* Once, at start: reads and removes the variable, so that no child speaks for us. */
void notify_start(void);

/* "READY=1", "WATCHDOG=1", "STATUS=..."; several lines are one message. */
void notify_say(const char *words);

/* RELOADING=1 with the time that Type=notify-reload asks for; READY=1 ends it. */
void notify_reloading(void);

void notify_stop(void);
