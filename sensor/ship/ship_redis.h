/*
 * ship/ship_redis - counters and a stream of alerts in Redis, exactly once.
 *
 * The events of a call become one delta that a script applies whole. On every new
 * connection the receiver is asked where it stands in our journal: what it has is
 * passed over, what it lost (a failover) is sent again from there.
 */
#pragma once

#include "ship/shipper.h"

extern const struct shipper SHIPPER_REDIS;
