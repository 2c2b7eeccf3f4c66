/*
 * www/metrics_server - answer HTTP requests for metrics and for the page, on loopback or a
 * socket file.
 *
 * The only file that knows libmicrohttpd. /metrics, /healthz (200 or 503), /status.json and
 * the page at /, by GET and HEAD; no other path is one, and none names a file. No threads:
 * the caller waits on the descriptor and lets it work. A connection is for one answer, and
 * ends within seconds whatever it does; of too many the oldest gives way, so slow clients
 * hold up nobody. On loopback, and for the page at any address, it answers to addresses,
 * "localhost", the sensor's own name and those that are set: no page of the web reads it.
 */
#pragma once

#include "status/status.h"

struct metrics_server;

struct metrics_place {
	const char *listen;       /* as www/listener has it */
	const char *const *names; /* borrowed: what Host may say beside */
	size_t name_count;
	int www; /* the folder of the page, open; -1: there is none */
};

/* Before the cage. NULL with a reason. */
struct metrics_server *metrics_server_open(const struct status_page *page,
	const struct metrics_place *place, struct reason *why);

/* To poll: readable when metrics_server_work has something to do. */
int metrics_server_descriptor(const struct metrics_server *server);

/* Take connections, read requests, send answers; never waits. */
void metrics_server_work(struct metrics_server *server);
void metrics_server_close(struct metrics_server *server);
