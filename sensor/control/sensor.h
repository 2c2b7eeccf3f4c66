/*
 * control/sensor - what the processes of a running sensor have in common.
 *
 * Made by the supervisor before it forks, inherited by all, changed by none but
 * through the shared page, the rings and the matrix store.
 */
#pragma once

#include "base/feed.h"
#include "base/hash.h"
#include "base/ring.h"
#include "capture/nflog.h"
#include "capture/queue.h"
#include "control/matrix_store.h"
#include "control/privileges.h"
#include "control/settings.h"
#include "judge/ceiling.h"
#include "judge/record_rate.h"
#include "lists/store.h"
#include "status/status.h"

#define SENSOR_PREFIX_BYTES 128
#define WWW_FOLDER          "www" /* in the state directory */

struct sensor {
	const struct settings *settings;
	struct privileges_user user;
	struct status_page *page;
	struct matrix_store *store;
	struct lists_store *lists;
	struct ring rings[STATUS_PROCESSES_MAX]; /* by place on the page */
	struct feed feeds[STATUS_WORKERS_MAX];   /* of a worker's lessons */
	struct ring told[STATUS_WORKERS_MAX];    /* those that the reporter keeps */
	struct ring heard[STATUS_WORKERS_MAX];   /* and tells a worker that asks */
	struct ceiling *ceiling;                 /* of all workers together */
	struct record_rate *record_rate;         /* the same */
	struct hash_seed seed; /* the same for all, so that what they number is too */
	/* places in a row: supervisor, reporter and workers, all of whom write records; */
	unsigned workers_end;
	unsigned outputs_end;  /* behind them the shipper of each output, up to here; */
	unsigned metrics_end;  /* the process that tells metrics, if it is wanted, */
	unsigned place_count;  /* and the one that writes the page, the same */
	uint16_t fanout_group; /* of workers that share one interface; 0: they do not */
	struct queue *queues[STATUS_WORKERS_MAX]; /* by worker; NULL: it has none */
	struct nflog *logs[STATUS_WORKERS_MAX];   /* the same; of the queue's number */
	int state_directory;
	int control; /* the socket for who asks about lists; the supervisor's alone */
	int www;     /* the folder of the page; -1: there is none */
	int lock;    /* the page's; the supervisor's alone */
	int wake;    /* eventfd: something is in a ring that was empty */
	int signals; /* signalfd; the supervisor's alone */
	pid_t supervisor;
	char host[STATUS_HOST_BYTES];
	uint64_t boot_us; /* part of event ids: others may start in the same second */
};

static inline struct status_process *sensor_process(
	const struct sensor *sensor, unsigned place)
{
	return &sensor->page->processes[place];
}
