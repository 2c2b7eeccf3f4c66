/*
 * base/log - one line for the operator on standard error.
 *
 * Area, fact, identity; never mail content, never a secret, nothing per packet.
 * Opens nothing and allocates nothing, so it works in a cage. Each line is one
 * write; under systemd it carries its priority (sd-daemon(3)).
 */
#pragma once

enum log_level { /* as syslog(3) */
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
};

/* area: "supervisor", "worker 0" ... */
void log_line(enum log_level level, const char *area, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
