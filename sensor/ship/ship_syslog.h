/*
 * ship/ship_syslog - records to the local log daemon, in its own form.
 *
 * By liblogging-stdlog where it was there to build with, else by syslog(3); the same
 * either way. RFC 5424 does not go this way: log daemons do not expect it at /dev/log.
 */
#pragma once

#include "ship/shipper.h"

extern const struct shipper SHIPPER_SYSLOG;
