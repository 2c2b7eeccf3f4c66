/*
 * ship/ship_kafka - records to a topic of Kafka, for sites whose bus is there already.
 *
 * A record counts as delivered when all replicas in sync have it and all before it; the
 * producer is idempotent, so that what the library sends again by itself is there once.
 * All records of a sensor have one key: they stay in order. A producer that fails, or
 * whose cluster is silent, is given up for a new one, and what was not acknowledged
 * comes again: at least once, told apart by the header event_id.
 */
#pragma once

#include "ship/shipper.h"

extern const struct shipper SHIPPER_KAFKA;
