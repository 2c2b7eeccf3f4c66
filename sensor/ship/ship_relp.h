/*
 * ship/ship_relp - records to rsyslog and others that speak RELP.
 *
 * The only file that knows librelp. The library has no call that tells which frames
 * were acknowledged, nor one that collects answers without sending. So a session is
 * short: a bounded number of frames, or as many as half a second brings; then "close",
 * whose answer comes behind those to everything before it, and only then they are safe.
 * What was not answered when a session broke is sent again: at least once, told apart
 * by event_id.
 */
#pragma once

#include "ship/shipper.h"

extern const struct shipper SHIPPER_RELP;
