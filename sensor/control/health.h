/*
 * control/health - what the supervisor tells of the sensor itself: sensor.* alerts.
 *
 * In: the page. Out: alerts and matrix events in the supervisor's own ring, and log
 * lines. What goes on is told once a minute, never per packet.
 */
#pragma once

#include "capture/forwarded.h"
#include "control/record_writer.h"
#include "engine/blindness.h"
#include "report/json_sensor.h"

struct health_loss {
	uint64_t told;    /* of what was lost in all */
	uint64_t told_us; /* when */
};

struct health_process { /* what was seen of a process when last looked at */
	uint64_t packets;
	uint64_t arrived_us;        /* when packets last grew */
	struct health_loss lost;    /* packets; of the reporter: bytes of records */
	struct health_loss refused; /* records */
	/* times its queue was full, or packets that were dropped then */
	struct health_loss full;
	struct health_loss crowded; /* flows that had no room to be looked at */
	bool is_silent;             /* told */
};

struct health_family {      /* inline: the packets of IPv4, or of IPv6 */
	uint64_t arrived;   /* in the queues, of all workers */
	uint64_t forwarded; /* by the kernel, when the time began */
	uint64_t since_us;  /* none arrived */
};

struct health {
	const struct sensor *sensor;
	uint64_t sequence;
	uint64_t down_us; /* since when the journal takes nothing; 0: it does */
	uint64_t look_us;
	uint64_t stats_us;       /* when the counters were written last */
	struct health_loss bans; /* that found no room */
	struct blindness_watch blind;
	struct forwarded forwarded;
	struct health_family families[FORWARDED_FAMILIES];
	uint32_t bans_seen; /* of those given; all before were looked at */
	uint32_t rows_seen; /* generation of the matrix whose rows were looked at ... */
	uint64_t rows_us;   /* ... last then */
	struct record_writer records;
	struct health_process seen[STATUS_PROCESSES_MAX];
};

bool health_start(struct health *health, const struct sensor *sensor, unsigned place,
	struct reason *why);

/* Give an alert about the process at this place. */
void health_alert(struct health *health, enum finding finding, unsigned place,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Give a matrix event: it was loaded, or refused. */
void health_matrix(struct health *health, const struct json_matrix *matrix);

/* Counters and totals of all workers as a stats event and in the log. */
void health_stats(struct health *health);

/*
 * To be called often: looks for loss, silence and a journal that is down, and gives the
 * counters of each worker once a minute.
 */
void health_look(struct health *health, uint64_t now_us);
