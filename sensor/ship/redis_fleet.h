/*
 * ship/redis_fleet - read what all sensors wrote into a Redis, or a cluster of them.
 *
 * Looks for sensors on every master, reads the counters of each and adds them up.
 * Writes nothing.
 */
#pragma once

#include "ship/redis_session.h"

#define FLEET_NAME_BYTES  80
#define FLEET_COUNTS_MAX  128 /* fields of one list; the last ones are left out */
#define FLEET_SENSORS_MAX 4096

struct fleet_count {
	char name[FLEET_NAME_BYTES];
	uint64_t count;
};

struct fleet_counts {
	size_t count;
	size_t room;
	struct fleet_count *list; /* grows with what is told */
};

struct fleet_sensor {
	char name[FLEET_NAME_BYTES];
	unsigned slot; /* of a cluster: of all its keys */
	bool is_alive;
	uint64_t time_s;  /* of its last sign of life; 0: none is left */
	uint64_t senders; /* distinct ones, about */
	struct fleet_counts totals;
	struct fleet_counts findings;
	struct fleet_counts top; /* illegitimate senders, the most frequent first */
};

struct fleet {
	size_t count;
	size_t room;
	struct fleet_sensor *sensors; /* in the order of their names */
	struct fleet_sensor sum;      /* senders: not added up, they may be the same */
};

/* top: how many senders of each. False with a reason. */
bool fleet_read(struct fleet *fleet, struct redis_session *session, const char *prefix,
	unsigned top, struct reason *why);
void fleet_free(struct fleet *fleet);

/* 0 where there is none of that name. */
uint64_t fleet_count_of(const struct fleet_counts *counts, const char *name);
