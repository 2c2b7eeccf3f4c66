/*
 * ship/ship_unix - records to a program on this machine by its UNIX socket.
 *
 * Stream: one line each. Datagram: one record each, without a line end. A record counts
 * as delivered once its reader took it out of the socket (SIOCOUTQ, unix(7)); what was in
 * there when the reader closed or died comes again: at least once, by event_id. Whether
 * the reader keeps what it took is its own affair.
 */
#pragma once

#include "ship/shipper.h"

extern const struct shipper SHIPPER_UNIX;
